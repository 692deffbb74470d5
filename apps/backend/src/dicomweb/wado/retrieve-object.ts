import { Readable, pipeline } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { AppError } from '../../app-error.ts'
import type { InstanceAddress, InstanceSelection, ListedInstances, StoredObject } from '../../data/retrieve.ts'
import { findObject, listInstanceIds, readObjects } from '../../data/retrieve.ts'
import type { Deps } from '../../deps.ts'
import type { Scope } from '../../plugins/access.ts'
import type { ByteRange } from '../../storage/blob-store.ts'
import type { ReaderMemory } from './answer-memory.ts'

export interface ObjectBody extends StoredObject {
  body: AsyncIterable<Uint8Array>
}

// Rows of one database answer; a study of any length is walked in such steps.
const rowsPerPage = 200
// Files opened, with their first chunk read, before their turn comes: hides the store's latency between files.
const filesAhead = 2

export const notFound = (): AppError =>
  new AppError('instance-not-found', 404, 'There is nothing stored at this address.')

/** One instance's file. Throws 404 when it is unknown or outside the scope. */
export async function retrieveInstance(deps: Deps, scope: Scope, address: InstanceAddress): Promise<StoredObject> {
  const object = await findObject(deps.db, scope, address)
  if (!object) throw notFound()
  return object
}

/** Row ids of a study, series or instance. Throws 404 when there are none in the scope. */
export async function retrieveIds(deps: Deps, scope: Scope, selection: InstanceSelection): Promise<ListedInstances> {
  const listed = await listInstanceIds(deps.db, scope, selection)
  if (listed.ids.length === 0) throw notFound()
  return listed
}

/**
 * The answers to one query after the other, the next one asked for while the last is being used. Throws when a row has
 * gone since it was listed: an answer is never silently short.
 */
export async function* readPages<T, Id = string>(
  ids: readonly Id[],
  query: (page: Id[]) => Promise<T[]>,
  firstPage = rowsPerPage,
): AsyncGenerator<T[]> {
  const asked: Promise<T[]>[] = []
  let start = 0
  const askNext = (): void => {
    const page = ids.slice(start, start + (start === 0 ? firstPage : rowsPerPage))
    if (page.length === 0) return
    start += page.length
    const rows = query(page).then((found) => {
      if (found.length !== page.length)
        throw new AppError('instance-gone', 500, 'An instance was removed while it was being read.')
      return found
    })
    // A reader that has left does not wait for it.
    rows.catch(() => undefined)
    asked.push(rows)
  }
  askNext()
  // A short first page is used up before the next one could come.
  if (firstPage < rowsPerPage) askNext()
  for (let rows = asked.shift(); rows; rows = asked.shift()) {
    const page = await rows
    if (asked.length === 0) askNext()
    yield page
  }
}

type Bytes = Pick<StoredObject, 'blobKey' | 'byteSize'>

/** The bytes of a stored file, exactly as many as were stored; fewer are a fault, not an end. */
export function openObject(
  deps: Deps,
  object: Bytes,
  memory?: ReaderMemory,
  range: ByteRange = { offset: 0, length: object.byteSize },
): Promise<AsyncIterable<Uint8Array>> {
  return openExactly(deps, object, range, memory)
}

async function openExactly(
  deps: Deps,
  object: Bytes,
  range: ByteRange,
  memory?: ReaderMemory,
): Promise<AsyncIterable<Uint8Array>> {
  return exactly(await deps.blobs.read(object.blobKey, range, memory?.()), range.length)
}

/** Passes `byteLength` bytes on and throws when there are fewer. Not a generator: one that never starts must close, too. */
function exactly(source: AsyncIterable<Uint8Array>, byteLength: number): AsyncIterable<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  let left = byteLength
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const step = await iterator.next()
        if (step.done) {
          if (left > 0) throw new AppError('blob-truncated', 500, 'The stored bytes are fewer than they were.')
          return step
        }
        left -= step.value.length
        if (left < 0) throw new AppError('blob-longer', 500, 'The stored bytes are more than they were.')
        return step
      },
      async return() {
        await iterator.return?.()
        return { done: true, value: undefined }
      },
    }),
  }
}

interface Started {
  object: StoredObject
  body: AsyncIterable<Uint8Array>
  close(): Promise<void>
}

async function startObject(deps: Deps, object: StoredObject, memory: ReaderMemory): Promise<Started> {
  const iterator = (await openObject(deps, object, memory))[Symbol.asyncIterator]()
  let first: Promise<IteratorResult<Uint8Array>> | undefined = iterator.next()
  first.catch(() => undefined)
  return {
    object,
    close: async () => void (await iterator.return?.()),
    body: {
      [Symbol.asyncIterator]: () => ({
        next() {
          const step = first ?? iterator.next()
          first = undefined
          return step
        },
        async return() {
          await iterator.return?.()
          return { done: true, value: undefined }
        },
      }),
    },
  }
}

/** Files of the listed rows one after the other. Each body must be read to its end before the next is asked for. */
export async function* retrieveObjects(
  deps: Deps,
  scope: Scope,
  ids: readonly string[],
  memory: ReaderMemory,
): AsyncGenerator<ObjectBody> {
  const ahead: Promise<Started>[] = []
  try {
    for await (const page of readPages(ids, (part) => readObjects(deps.db, scope, part))) {
      for (const object of page) {
        const started = startObject(deps, object, memory)
        started.catch(() => undefined)
        ahead.push(started)
        if (ahead.length > filesAhead) yield* takeFirst(ahead)
      }
    }
    while (ahead.length > 0) yield* takeFirst(ahead)
  } finally {
    for (const waiting of ahead) {
      const started = await waiting.catch(() => undefined)
      await started?.close()
    }
  }
}

async function* takeFirst(ahead: Promise<Started>[]): AsyncGenerator<ObjectBody> {
  const started = await ahead[0]
  if (!started) return
  try {
    yield { ...started.object, body: started.body }
  } finally {
    void ahead.shift()
    await started.close()
  }
}

/** Bytes of a file, counted as the frame index and the bulk elements count them. */
export async function openRange(
  deps: Deps,
  object: StoredObject,
  isDeflated: boolean,
  range: ByteRange,
  memory: ReaderMemory,
): Promise<AsyncIterable<Uint8Array>> {
  if (!isDeflated) return openExactly(deps, object, range, memory)
  // The inflater holds on to chunks: they get memory of their own.
  return inflatedRange(await openObject(deps, object), range)
}

// Preamble, file meta and room for unusual ones; the deflated data set begins after them.
const longestMeta = 64 * 1024

/** Inflates from the start, because there is no other way in, and lets go what lies before the range. */
async function* inflatedRange(source: AsyncIterable<Uint8Array>, range: ByteRange): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw()
  pipeline(Readable.from(withoutMeta(source), { objectMode: false }), inflate, () => undefined)
  const end = range.offset + range.length
  let position = 0
  try {
    for await (const chunk of inflate as AsyncIterable<Uint8Array>) {
      const from = Math.max(range.offset - position, 0)
      const to = Math.min(end - position, chunk.length)
      position += chunk.length
      if (to > from) yield chunk.subarray(from, to)
      if (position >= end) return
    }
  } finally {
    inflate.destroy()
  }
  throw new AppError('blob-truncated', 500, 'The stored bytes are fewer than they were.')
}

async function* withoutMeta(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of source) {
    if (!head) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    const start = dataSetStart(head)
    if (start === undefined && head.length <= longestMeta) continue
    if (start === undefined)
      throw new AppError('blob-unreadable', 500, 'The file meta information of the stored file has no end.')
    const rest = head.subarray(start)
    head = undefined
    yield rest
  }
}

/** Where group 0002, always explicit little endian (PS3.10 7.1), ends; undefined when that is not in `bytes` yet. */
function dataSetStart(bytes: Buffer): number | undefined {
  if (bytes.length < 140) return undefined
  let at = bytes.toString('latin1', 128, 132) === 'DICM' ? 132 : 0
  while (at + 12 <= bytes.length) {
    if (bytes.readUInt16LE(at) !== 2) return at
    const hasLongLength = ['OB', 'OW', 'UN', 'UT', 'SQ'].includes(bytes.toString('latin1', at + 4, at + 6))
    at += hasLongLength ? 12 + bytes.readUInt32LE(at + 8) : 8 + bytes.readUInt16LE(at + 6)
  }
  return undefined
}
