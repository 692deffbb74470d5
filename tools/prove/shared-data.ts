// Every file of a folder of DICOM files: stored over HTTP, found, returned byte for byte, its frames equal to the source.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseMediaType, splitMultipart, transferSyntax, type Dataset } from '@instandt/dicom'
import { startApp } from '../../e2e/src/app.ts'
import { allFragments, canonicalDigest, type PixelGeometry } from './stored-frames.ts'
import { signedFetch } from '@instandt/testkit'

export const sharedData =
  process.env['INSTANDT_SHARED_DATA'] ?? path.resolve(import.meta.dirname, '../../../shared/data')

/** Where the folder is missing, the words a test skips with. */
export const whyNoSharedData = existsSync(path.join(sharedData, 'manifest.csv'))
  ? undefined
  : 'no folder of DICOM files at INSTANDT_SHARED_DATA or ../shared/data'

interface Expected {
  file: string
  sha256: string
  transfer_syntax?: string
  dcmdump_rc?: number
  pydicom?: string
  header?: Record<string, { Value?: unknown[] }>
  pixels?: { frames?: number; frame_sha256?: string[]; lossy?: boolean; unconfirmed?: boolean; shape?: number[] }
  edge?: { category: string; expect: string }
}

export interface ArchiveReport {
  stored: number
  refused: Map<string, string>
  /** Files whose UID another file of the folder has: they are proven in an archive of their own. */
  sameUid: string[]
  framesCompared: { slices: number; fragments: number; decoded: number }
  faults: string[]
}

/** @param base of any DICOMweb service: http://127.0.0.1:8080/dicom-web */
export async function proveArchive(base: string, files: readonly string[], report: ArchiveReport): Promise<void> {
  for (const file of files) {
    try {
      await proveFile(base, file, report)
    } catch (error) {
      report.faults.push(`${file}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/** Every file in the manifest, or every n-th. */
export function sharedFiles(every: number): string[] {
  const rows = readFileSync(path.join(sharedData, 'manifest.csv'), 'utf8').trim().split('\n').slice(1)
  return rows.map((row) => row.slice(0, row.indexOf(','))).filter((_, index) => index % every === 0)
}

const string = (dataset: Dataset, tag: string): string | undefined => dataset[tag]?.Value?.[0] as string | undefined
const number = (dataset: Dataset, tag: string, otherwise: number): number =>
  Number(dataset[tag]?.Value?.[0] ?? otherwise)

async function proveFile(base: string, file: string, report: ArchiveReport): Promise<void> {
  const source = readFileSync(path.join(sharedData, file))
  const expectedFile = path.join(sharedData, 'expected', `${file}.json`)
  const expected = existsSync(expectedFile) ? (JSON.parse(readFileSync(expectedFile, 'utf8')) as Expected) : undefined
  const answer = await signedFetch(`${base}/studies`, {
    method: 'POST',
    headers: { 'content-type': 'application/dicom', accept: 'application/dicom+json' },
    body: source,
  })
  const text = await answer.text()
  if (answer.status >= 500) throw new Error(`STOW answered ${answer.status}: ${text}`)
  if (answer.status !== 200) {
    const [failure] =
      (JSON.parse(text) as Dataset)['00081198']?.Value ?? (JSON.parse(text) as Dataset)['0008119A']?.Value ?? []
    const reason = string((failure ?? {}) as Dataset, '00000902') ?? text
    if (reason.startsWith('Another file with this SOP Instance UID')) report.sameUid.push(file)
    else if (isTrueReason(reason, file, expected)) report.refused.set(file, `${answer.status} ${reason}`)
    else throw new Error(`refused without a true reason: ${answer.status} ${text}`)
    return
  }
  report.stored += 1
  const stored = JSON.parse(text) as Dataset
  const item = stored['00081199']?.Value?.[0] as Dataset
  const retrieveUrl = new URL(string(item, '00081190') ?? '')
  const instance = `${new URL(base).origin}${retrieveUrl.pathname}`
  const uid = string(item, '00081155')

  const found = (await (
    await signedFetch(`${base}/instances?SOPInstanceUID=${uid}`, { headers: { accept: 'application/dicom+json' } })
  ).json()) as Dataset[]
  if (found.length !== 1) throw new Error(`QIDO found ${found.length} instances`)
  const [study, series] = /studies\/([^/]+)\/series\/([^/]+)/.exec(instance)?.slice(1) ?? []
  const studies = (await (await signedFetch(`${base}/studies?StudyInstanceUID=${study}`)).json()) as Dataset[]
  if (studies.length !== 1) throw new Error(`QIDO found ${studies.length} studies`)
  const inSeries = (await (
    await signedFetch(`${base}/studies/${study}/series/${series}/instances?SOPInstanceUID=${uid}`)
  ).json()) as Dataset[]
  if (inSeries.length !== 1) throw new Error('QIDO does not find the instance in its series')

  const [returned] = await readParts(instance, 'multipart/related; type="application/dicom"; transfer-syntax=*')
  if (!returned || !returned.equals(source)) throw new Error('WADO returned other bytes')
  await proveFrames(instance, source, expected, report)
}

const uidTags: Record<string, string> = {
  StudyInstanceUID: '0020000D',
  SeriesInstanceUID: '0020000E',
  SOPInstanceUID: '00080018',
  SOPClassUID: '00080016',
}

/** Held against what two other readers say of the file. */
function isTrueReason(reason: string, file: string, expected: Expected | undefined): boolean {
  const [, attribute, fault] = /^(\w+UID) is (missing|empty|no valid UID)/.exec(reason) ?? []
  if (attribute !== undefined) {
    const uid = expected?.header?.[uidTags[attribute] ?? '']?.Value?.[0]
    return fault === 'no valid UID'
      ? typeof uid === 'string' && !(uid.length <= 64 && /^\d+(\.\d+)*$/.test(uid))
      : uid === undefined
  }
  if (path.basename(file).toUpperCase().includes('DICOMDIR')) return true
  return expected?.dcmdump_rc !== 0 || expected.pydicom !== 'ok' || expected.edge?.category === 'malformed'
}

async function readParts(url: string, accept: string): Promise<Buffer[]> {
  const answer = await signedFetch(url, { headers: { accept } })
  if (!answer.ok || !answer.body) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
  const boundary = parseMediaType(answer.headers.get('content-type') ?? '').parameters.get('boundary')
  if (boundary === undefined) return [Buffer.from(await answer.arrayBuffer())]
  const parts: Buffer[] = []
  for await (const part of splitMultipart(answer.body, boundary)) {
    const pieces: Uint8Array[] = []
    for await (const piece of part.body) pieces.push(Buffer.from(piece))
    parts.push(Buffer.concat(pieces))
  }
  return parts
}

async function proveFrames(
  instance: string,
  source: Buffer,
  expected: Expected | undefined,
  report: ArchiveReport,
): Promise<void> {
  const [metadata] = (await (await signedFetch(`${instance}/metadata`)).json()) as Dataset[]
  if (!metadata) throw new Error('no metadata')
  const pixels = expected?.pixels
  const hashes = pixels?.frame_sha256
  // Without rows nobody can tell frames apart; other readers take all bytes for one.
  if (!hashes || !pixels?.shape || number(metadata, '00280010', 0) === 0) return
  const frames: Buffer[] = []
  for (let frame = 1; frame <= hashes.length; frame += 1) {
    const [bytes] = await readParts(
      `${instance}/frames/${frame}`,
      'multipart/related; type="application/octet-stream"; transfer-syntax=*',
    )
    if (!bytes) throw new Error(`frame ${frame} is missing`)
    frames.push(bytes)
  }
  const syntax = expected?.transfer_syntax ?? ''
  if (transferSyntax(syntax)?.encapsulated) {
    const declared = number(metadata, '00280008', 1)
    const fragments = allFragments(source)
    // Only whole files: the last frame asked for is the last one there.
    if (fragments && frames.length === declared && !Buffer.concat(frames).equals(fragments)) {
      throw new Error('frames differ from the fragments of the source')
    }
    report.framesCompared.fragments += frames.length
    if (!syntax.endsWith('1.2.840.10008.1.2.1.98')) return
  }
  const geometry = readGeometry(metadata)
  for (const [index, frame] of frames.entries()) {
    const isSlice = source.includes(frame)
    if (isSlice) report.framesCompared.slices += 1
    if (number(metadata, '00280100', 8) > 8 || pixels.lossy !== true) {
      if (string(metadata, '00280004') === 'YBR_FULL_422' || pixels.unconfirmed) continue
      if (canonicalDigest(frame, geometry) !== hashes[index])
        throw new Error(`frame ${index + 1} differs from its expected values`)
      report.framesCompared.decoded += 1
    }
  }
}

function readGeometry(metadata: Dataset): PixelGeometry {
  const hasFloat = metadata['7FE00008'] !== undefined || metadata['7FE00009'] !== undefined
  const bitsAllocated = number(metadata, '00280100', hasFloat ? 32 : 8)
  const bitsStored = hasFloat ? bitsAllocated : number(metadata, '00280101', bitsAllocated)
  return {
    bitsAllocated,
    bitsStored,
    highBit: hasFloat ? bitsAllocated - 1 : number(metadata, '00280102', bitsStored - 1),
    isSigned: !hasFloat && number(metadata, '00280103', 0) === 1,
    samples: number(metadata, '00280002', 1),
    isPlanar: number(metadata, '00280006', 0) === 1,
    pixels: number(metadata, '00280010', 0) * number(metadata, '00280011', 0),
  }
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  if (whyNoSharedData !== undefined) {
    process.stdout.write(`not run: ${whyNoSharedData}\n`)
    return
  }
  const report: ArchiveReport = {
    stored: 0,
    refused: new Map(),
    sameUid: [],
    framesCompared: { slices: 0, fragments: 0, decoded: 0 },
    faults: [],
  }
  const all = sharedFiles(scale === 'full' ? 1 : 4)
  for (let files = all; files.length > 0; files = report.sameUid.splice(0)) {
    const app = await startApp()
    try {
      await proveArchive(`${app.url}/dicom-web`, files, report)
    } finally {
      await app.stop()
    }
  }
  process.stdout.write(`${all.length} files: stored ${report.stored}, refused ${report.refused.size}\n`)
  for (const [file, reason] of report.refused) process.stdout.write(`  refused ${file}: ${reason}\n`)
  process.stdout.write(`frames compared: ${JSON.stringify(report.framesCompared)}\n`)
  if (report.faults.length > 0) throw new Error(`${report.faults.length} faults:\n${report.faults.join('\n')}`)
  if (report.stored + report.refused.size !== all.length) throw new Error('some files are unaccounted for')
}
