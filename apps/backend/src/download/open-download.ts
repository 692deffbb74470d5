import { createHash } from 'node:crypto'
import { directoryLength, writeDirectory } from '@instandt/dicom'
import { AppError } from '../app-error.ts'
import { addCheckSums, type CheckSum, findCheckSum, readCheckSums, type SummedFile } from '../data/check-sums.ts'
import { readObjects } from '../data/retrieve.ts'
import type { Deps } from '../deps.ts'
import type { ReaderMemory } from '../dicomweb/wado/answer-memory.ts'
import { openObject, readPages, retrieveObjects } from '../dicomweb/wado/retrieve-object.ts'
import type { Scope } from '../plugins/access.ts'
import { directoryRecords } from './directory-records.ts'
import { directoryName, type DownloadPlan, hashBytes, placeInstances, sumsLength, sumsName } from './plan-download.ts'
import { localSize, writeZip, type ZipEntry } from './write-zip.ts'

/** A smaller one is sent again as a whole within the time that a look into the database takes. */
const noted = 64 * 1024 * 1024
const notesAtOnce = 500
/** A process that is killed loses what it has noted since. */
const notedMs = 10_000

interface Opening {
  deps: Deps
  scope: Scope
  plan: DownloadPlan
  memory: ReaderMemory
}

/**
 * The archive from a place on: DICOMDIR, the files as they are stored, and what their SHA-256 must be (for `sha256sum --check`).
 * Check sums of what was sent are kept, so that one that broke off goes on without reading what was sent before.
 */
export async function* openDownload(opening: Opening, start = 0): AsyncGenerator<Uint8Array> {
  const notes = takeNotes(opening)
  try {
    yield* writeZip(downloadEntries(opening, start, notes.note), start)
  } finally {
    await notes.flush()
  }
}

type Note = (index: number, sum: CheckSum) => void

function takeNotes({ deps, scope, plan }: Opening): { note: Note; flush: () => Promise<void> } {
  let waiting: (CheckSum & SummedFile)[] = []
  let flushedAt = Date.now()
  let writing = Promise.resolve()
  const flush = (): Promise<void> => {
    const sums = waiting
    waiting = []
    flushedAt = Date.now()
    if (sums.length === 0) return writing
    writing = writing
      .then(() => addCheckSums(deps.db, scope, sums))
      // Without them it is read again: nothing that should end an archive on its way.
      .catch((error: unknown) => deps.log.warn({ err: error }, 'check sums of a download were not kept'))
    return writing
  }
  return {
    note(index, sum) {
      if (plan.byteLength < noted) return
      waiting.push({ ...sum, ...fileOf(plan, index) })
      if (waiting.length >= notesAtOnce || Date.now() - flushedAt > notedMs) void flush()
    },
    flush,
  }
}

const fileOf = (plan: DownloadPlan, index: number): SummedFile => ({
  id: plan.ids[index]!,
  sha256: hashOf(plan, index),
  mended: plan.mended[index]!,
})

const hashOf = ({ hashes }: DownloadPlan, index: number): Buffer =>
  hashes.subarray(hashBytes * index, hashBytes * (index + 1))

async function* downloadEntries(opening: Opening, start: number, note: Note): AsyncGenerator<ZipEntry> {
  const { deps, scope, plan, memory } = opening
  const { ids, names, sizes, modifiedAt } = plan
  const directory = directoryEntry(opening)
  yield directory.entry

  let offset = localSize(directoryName, directory.entry.byteLength)
  let edge = 0
  for (; edge < ids.length && offset + localSize(names[edge]!, sizes[edge]!) <= start; edge += 1)
    offset += localSize(names[edge]!, sizes[edge]!)
  const entryOf = (index: number, more: Pick<ZipEntry, 'open' | 'known'>): ZipEntry => {
    const [name, byteLength] = [names[index]!, sizes[index]!]
    return { name, byteLength, modifiedAt, note: (sum) => note(index, sum), ...more }
  }

  let skipped = 0
  const before = Array.from({ length: edge }, (_, index) => index)
  for await (const page of readPages(before, (part) => knownSums(opening, part))) {
    for (const crc of page) {
      const index = skipped
      skipped += 1
      const bytes = sizes[index]!
      yield entryOf(index, {
        open: (from) => openAgain(opening, index, from),
        known: (most) => (crc === null || most < bytes ? undefined : { bytes, crc }),
      })
    }
  }

  const within = Math.max(0, start - offset)
  const begun =
    edge < ids.length && within > 0 ? await findCheckSum(deps.db, scope, fileOf(plan, edge), within) : undefined
  let index = edge
  for await (const { sha256, body } of retrieveObjects(deps, scope, ids.slice(edge), memory)) {
    checkHash(plan, index, sha256)
    const place = index
    yield entryOf(place, {
      open: (from) => (from === 0 ? body : openAgain(opening, place, from)),
      known: (most) => (place === edge && begun && begun.bytes <= most ? begun : undefined),
    })
    index += 1
  }
  yield { name: sumsName, byteLength: sumsLength(names), modifiedAt, open: () => sums(plan, directory.hash) }
}

const knownSums = ({ deps, scope, plan }: Opening, indexes: readonly number[]): Promise<(number | null)[]> =>
  readCheckSums(
    deps.db,
    scope,
    indexes.map((index) => ({ ...fileOf(plan, index), byteSize: plan.sizes[index]! })),
  )

/** The list of check sums and the directory would no longer be those of the files. */
function checkHash(plan: DownloadPlan, index: number, sha256: string): void {
  if (sha256 !== hashOf(plan, index).toString('hex'))
    throw new AppError('instance-gone', 500, 'An instance was changed while it was being read.')
}

async function* openAgain(
  { deps, scope, plan, memory }: Opening,
  index: number,
  from: number,
): AsyncGenerator<Uint8Array> {
  const [object] = await readObjects(deps.db, scope, [plan.ids[index]!])
  if (!object) throw new AppError('instance-gone', 500, 'An instance was removed while it was being read.')
  checkHash(plan, index, object.sha256)
  yield* await openObject(deps, object, memory, { offset: from, length: object.byteSize - from })
}

/** Made anew whenever it is needed; so is its hash. */
function directoryEntry({ deps, scope, plan }: Opening): { entry: ZipEntry; hash: () => Promise<string> } {
  const { ids, directory, directoryUid, modifiedAt } = plan
  const byteLength = directoryLength(directory, directoryUid)
  let sha256: string | undefined
  let whole: CheckSum | undefined
  async function* bytes(): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256')
    const records = directoryRecords(placeInstances(deps, scope, ids))
    for await (const piece of writeDirectory(records, directory, directoryUid)) {
      hash.update(piece)
      yield piece
    }
    sha256 = hash.digest('hex')
  }
  return {
    entry: {
      name: directoryName,
      byteLength,
      modifiedAt,
      open: bytes,
      known: (most) => (most < byteLength ? undefined : whole),
      note(sum) {
        if (sum.bytes === byteLength) whole = sum
      },
    },
    async hash() {
      if (sha256 === undefined) for await (const _ of bytes());
      return sha256 ?? ''
    },
  }
}

const sumsLine = (sha256: string, name: string): string => `${sha256}  ${name}\n`

async function* sums(plan: DownloadPlan, directoryHash: () => Promise<string>): AsyncGenerator<Uint8Array> {
  let lines = sumsLine(await directoryHash(), directoryName)
  for (const [index, name] of plan.names.entries()) {
    lines += sumsLine(hashOf(plan, index).toString('hex'), name)
    if (lines.length < 64 * 1024) continue
    yield Buffer.from(lines)
    lines = ''
  }
  yield Buffer.from(lines)
}
