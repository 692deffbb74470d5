import { type Inspection, inspectEntry, inspectFile } from './inspect.ts'
import { type Archive, ArchiveError, openArchive } from './read-archive.ts'
import { openUnpacked } from './unpacked.ts'
import type { ArchiveFault } from './upload-file.ts'
import type { ZipEntry } from './zip-limits.ts'

/** What the intake worker is asked. `archive` numbers one that was opened before. */
export type IntakeTask =
  | { do: 'file'; blob: Blob; path: string }
  | { do: 'open'; archive: number; blob: Blob; most: number }
  | { do: 'entry'; archive: number; index: number; path: string; folder: string }
  | { do: 'close'; archive: number }

export interface IntakeResult extends Partial<Inspection> {
  entries?: readonly ZipEntry[]
  /** The bytes that came out of an archive, and the name of their file where they lie on the disk. */
  unpacked?: { blob: Blob; name: string | undefined }
}

/** Why a file, or its archive, cannot be looked into; `notLoaded`: what reads it is not there, or knows the archive no more. */
export type IntakeFault = ArchiveFault | 'unreadable' | 'notLoaded'

export type IntakeAnswer =
  | { result: IntakeResult }
  | { fault: IntakeFault }
  /** Bytes so far. */
  | { read: number }

/** The worker that had opened it is gone: nothing is wrong with the file. */
class ArchiveGone extends Error {}

const archives = new Map<number, Archive>()

export async function doIntake(task: IntakeTask, onRead: (bytes: number) => void): Promise<IntakeResult> {
  switch (task.do) {
    case 'file':
      return inspectFile(task.blob, task.path, onRead)
    case 'open': {
      const archive = await openArchive(task.blob, task.most)
      archives.set(task.archive, archive)
      return { entries: archive.entries }
    }
    case 'entry':
      return unpack(task, onRead)
    case 'close':
      archives.delete(task.archive)
      return {}
  }
}

async function unpack(task: IntakeTask & { do: 'entry' }, onRead: (bytes: number) => void): Promise<IntakeResult> {
  const archive = archives.get(task.archive)
  if (archive === undefined) throw new ArchiveGone(`Archive ${task.archive} is not open.`)
  const target = await openUnpacked(archive.entries[task.index]?.size ?? 0, task.folder)
  try {
    const inspection = await inspectEntry(archive, task.index, task.path, target, onRead)
    if (inspection.sha256 === undefined && inspection.kind !== 'zip') {
      await target.drop()
      return inspection
    }
    return { ...inspection, unpacked: { blob: await target.end(), name: target.name } }
  } catch (error) {
    await target.drop()
    throw error
  }
}

/** What went wrong, as a word that can be sent to the page. */
export const faultOf = (error: unknown): IntakeFault =>
  error instanceof ArchiveError ? error.fault : error instanceof ArchiveGone ? 'notLoaded' : 'unreadable'
