import { treatmentOf } from './file-kind.ts'
import { metaOf } from '@instandt/dicom'
import { type Intake, IntakeError } from './intake-pool.ts'
import type { IntakeResult } from './intake-task.ts'
import type { ArchiveFault, ArchiveMember, FileOutcome, OpenedArchive, UploadFile } from './upload-file.ts'
import { checkZip, isDocument, newZipBudget, zipLimits } from './zip-limits.ts'

/** A file of an archive that was just opened. */
export interface FoundMember {
  path: string
  size: number
  member: ArchiveMember
  fault: ArchiveFault | undefined
}

/** What a look at a file came to. */
export type TakenIn =
  /** Its bytes are at hand. */
  | { do: 'send'; file: Blob; unpackedName: string | undefined; sha256: string; sopInstanceUid: string | undefined }
  | { do: 'expand'; archive: OpenedArchive; unpackedName: string | undefined; members: FoundMember[] }
  | { do: 'settle'; outcome: FileOutcome }

const refusal = (key: NonNullable<FileOutcome['reason']>['key']): TakenIn => ({
  do: 'settle',
  outcome: { state: 'refused', reason: { key } },
})

/** Reads one file, unpacking it first where it lies in an archive, and says what is to be done with it. */
export async function takeIn(one: UploadFile, intake: Intake, onChange: () => void): Promise<TakenIn> {
  const onRead = (bytes: number): void => {
    one.read = bytes
    onChange()
  }
  try {
    const looked = await look(one, intake, onRead)
    const treatment = treatmentOf(looked.kind ?? 'other')
    const file = looked.unpacked?.blob ?? one.file
    switch (treatment.do) {
      case 'send':
        if (file === undefined || looked.sha256 === undefined) throw new IntakeError('unreadable')
        return {
          do: 'send',
          file,
          unpackedName: looked.unpacked?.name,
          sha256: looked.sha256,
          sopInstanceUid: looked.head && metaOf(looked.head).sopInstanceUid,
        }
      case 'unpack':
        if (file === undefined) throw new IntakeError('unreadable')
        return await expand(one, file, looked.unpacked?.name, intake)
      case 'skip':
        return { do: 'settle', outcome: { state: 'skipped', reason: { key: treatment.key } } }
      case 'refuse':
        return refusal(treatment.key)
    }
  } catch (error) {
    if (!(error instanceof IntakeError)) throw error
    // A disk that is gone for the moment may come back; a broken archive stays broken.
    const mayHelp = error.fault === 'unreadable' || error.fault === 'notLoaded' || error.fault === 'zipNoRoom'
    return { do: 'settle', outcome: { state: mayHelp ? 'failed' : 'refused', reason: { key: error.fault } } }
  }
}

function look(one: UploadFile, intake: Intake, onRead: (bytes: number) => void): Promise<IntakeResult> {
  const { member, file, path } = one
  if (member) return intake.unpack(member.archive.number, member.index, path, onRead)
  if (file === undefined) throw new IntakeError('unreadable')
  return intake.inspect(file, path, onRead)
}

async function expand(one: UploadFile, blob: Blob, unpackedName: string | undefined, intake: Intake): Promise<TakenIn> {
  const forget = (): void => {
    if (unpackedName !== undefined) intake.release(unpackedName)
  }
  const outer = one.member?.archive
  const depth = (outer?.depth ?? 0) + 1
  const budget = outer?.budget ?? newZipBudget()
  if (depth > zipLimits.depth) {
    forget()
    return refusal('zipDepth')
  }
  try {
    const { archive: number, result } = await intake.open(blob, budget.entries)
    const entries = result.entries ?? []
    const isRefused = (fault: NonNullable<FileOutcome['reason']>['key']): TakenIn => {
      intake.close(number)
      forget()
      return refusal(fault)
    }
    if (isDocument(entries)) return isRefused('document')
    const checked = checkZip(entries, blob.size, budget)
    if ('fault' in checked) return isRefused(checked.fault)
    const archive: OpenedArchive = { number, depth, budget }
    const members = checked.entries.map(({ index, name, size, fault }): FoundMember => {
      const path = `${one.path}/${name.replaceAll('\\', '/')}`
      return { path, size, member: { archive, index }, fault }
    })
    return { do: 'expand', archive, unpackedName, members }
  } catch (error) {
    forget()
    throw error
  }
}
