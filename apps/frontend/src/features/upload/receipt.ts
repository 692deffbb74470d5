import { csvField } from '@instandt/api'
import { isWaiting, type UploadFile } from './upload-file.ts'

/** What a receipt says of one file. */
export interface ReceiptLine {
  file: string
  byteSize: number
  sha256: string | null
  sopInstanceUid: string | null
  studyInstanceUid: string | null
  project: string | null
  result: UploadFile['state']
  reason: string | null
  /** ISO 8601, UTC: when the outcome was known here. */
  time: string | null
}

export interface Receipt {
  server: string
  uploadedBy: string | null
  madeAt: string
  files: ReceiptLine[]
}

/** Of every file that has an outcome. `words` gives the reason of one, '' for none. */
export function receiptLines(
  files: readonly UploadFile[],
  fallbackProject: string | null,
  words: (file: UploadFile) => string,
): ReceiptLine[] {
  return files
    .filter(({ state }) => !isWaiting(state))
    .map((file) => ({
      file: file.path,
      byteSize: file.size,
      sha256: file.sha256 ?? null,
      sopInstanceUid: file.sopInstanceUid ?? null,
      studyInstanceUid: file.studyInstanceUid ?? null,
      project: file.project ?? fallbackProject,
      result: file.state,
      reason: words(file) || null,
      time: file.settledAt === undefined ? null : new Date(file.settledAt).toISOString(),
    }))
}

const columns = [
  'file',
  'byteSize',
  'sha256',
  'sopInstanceUid',
  'studyInstanceUid',
  'project',
  'result',
  'reason',
  'time',
] as const satisfies readonly (keyof ReceiptLine)[]

/** RFC 4180 with a head line. The mark in front tells spreadsheets that it is UTF-8. */
export function receiptCsv({ files }: Pick<Receipt, 'files'>): string {
  const lines = files.map((line) => columns.map((name) => csvField(line[name])).join(','))
  return `\uFEFF${[columns.join(','), ...lines].join('\r\n')}\r\n`
}
