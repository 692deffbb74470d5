import { createHash } from 'node:crypto'
import type { UploadContent, UploadOutcome } from '@instandt/api'
import { type ByteSource, ConvertFault, convertFile, openSource } from '@instandt/convert'
import { DicomWriteError, failureReasons } from '@instandt/dicom'
import { AppError } from '../app-error.ts'
import { findReferenced } from '../data/blob-rows.ts'
import type { InstanceWriter } from '../data/group-commit.ts'
import { type Assembly, convertedAlongside } from '../data/upload-jobs.ts'
import type { Deps } from '../deps.ts'
import { buildRows } from '../dicomweb/stow/build-rows.ts'
import { isKept } from '../data/new-instance.ts'
import { insertRefusal, observe, type ReceivedFile, Refusal } from '../dicomweb/stow/store-instance.ts'
import { type ArchiveScope, scopeAsKept } from '../plugins/access.ts'
import { newObjectKey } from '../storage/blob-keys.ts'
import { digestMismatch, type End, type Named, type Reading, refused, uidsOf } from './upload-end.ts'
import { verifiedParts } from './verified-parts.ts'

type Convert = Extract<UploadContent, { kind: 'convert' }>

interface Written {
  blobKey: string
  file: ReceivedFile
}

/**
 * Makes DICONDE objects of a file whose parts are together: read once to know that it is what was sent, then by ranges. All
 * objects are written before the first row; the rows, the file's own and the end of the upload are one commit. UIDs and bytes
 * come from the upload alone, so that a repeated run makes the same objects.
 * @throws Refusal, PartDamaged; what may pass, and then nothing is left but what the sweep knows
 */
export async function convertUpload(
  deps: Deps,
  writer: InstanceWriter,
  scope: ArchiveScope,
  upload: Assembly,
  content: Convert,
  reading: Reading,
): Promise<End> {
  const sha256 = await hashParts(deps, upload, reading)
  if (upload.sha256 && !upload.sha256.equals(sha256)) return digestMismatch()
  const written: Written[] = []
  let isKept = false
  try {
    const format = await writeObjects(deps, upload, content, sha256, reading, written)
    const end = await register(deps, writer, upload, { format, sha256 }, written)
    isKept = true
    if (end.state === 'stored') return end
    // Those that reindex has given a row meanwhile stay; unless that is known, all do.
    const withRow = await findReferenced(
      deps.db,
      scope,
      written.map(({ blobKey }) => blobKey),
    )
    await discard(
      deps,
      written.filter(({ blobKey }) => !withRow.has(blobKey)),
    )
    return end
  } catch (error) {
    // Perhaps the rows are there: then the sweep finds out.
    isKept ||= error instanceof AppError && error.code === 'commit-unknown'
    throw error
  } finally {
    if (!isKept) await discard(deps, written)
  }
}

/** The first half of the reading. */
async function hashParts(deps: Deps, upload: Assembly, reading: Reading): Promise<Buffer> {
  const { blobKey, partSize, parts } = upload
  const hash = createHash('sha256')
  let seen = 0
  for await (const chunk of verifiedParts(deps.blobs.read.bind(deps.blobs), blobKey, partSize, parts)) {
    reading.signal.throwIfAborted()
    hash.update(chunk)
    seen += chunk.length
    reading.readBytes = Math.floor(seen / 2)
  }
  return hash.digest()
}

/** The file by ranges, which are the second half of the reading. */
function sourceOf(deps: Deps, { blobKey, byteSize }: Assembly, reading: Reading): ByteSource {
  let seen = byteSize
  return openSource(byteSize, async (range) => {
    const body = await deps.blobs.read(blobKey, range)
    return (async function* () {
      for await (const chunk of body) {
        reading.signal.throwIfAborted()
        seen += chunk.length
        reading.readBytes = Math.min(byteSize, Math.floor(seen / 2))
        yield chunk
      }
    })()
  })
}

async function writeObjects(
  deps: Deps,
  upload: Assembly,
  { form, raw, batch, number }: Convert,
  sha256: Buffer,
  reading: Reading,
  written: Written[],
): Promise<string> {
  try {
    const { format, objects } = await convertFile(sourceOf(deps, upload, reading), {
      id: upload.id,
      batch: batch ?? upload.id,
      number,
      name: upload.name,
      sha256: sha256.toString('hex'),
      receivedAt: upload.createdAt,
      form,
      raw,
    })
    for (const object of objects) {
      const blobKey = newObjectKey()
      const received: { file?: ReceivedFile } = {}
      const body = untilAborted(object.write(), reading.signal)
      await deps.blobs.write(blobKey, observe(deps.config.STORE_MAX_INSTANCE_BYTES, body, undefined, received))
      written.push({ blobKey, file: received.file as ReceivedFile })
    }
    return format
  } catch (error) {
    if (!(error instanceof ConvertFault) && !(error instanceof DicomWriteError)) throw error
    const isTooLarge = error instanceof ConvertFault && error.code === 'too-large'
    throw new Refusal(isTooLarge ? failureReasons.outOfResources : failureReasons.cannotUnderstand, error.message)
  }
}

async function* untilAborted(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    signal.throwIfAborted()
    yield chunk
  }
}

async function register(
  deps: Deps,
  writer: InstanceWriter,
  upload: Assembly,
  file: { format: string; sha256: Buffer },
  written: readonly Written[],
): Promise<End> {
  const [first] = written as [Written]
  const sha256 = file.sha256.toString('hex')
  const named = { ...uidsOf(first.file.uids), sha256 } as Named
  const told: UploadOutcome = { kind: 'stored', ...named, objectCount: written.length }
  const result = await writer.insertAll(scopeAsKept(upload.askedBy), {
    rows: written.map(({ blobKey, file: { read, uids, byteSize, sha256: hash } }) =>
      buildRows(read, uids, { blobKey, byteSize, sha256: hash }),
    ),
    alongside: convertedAlongside(
      upload,
      file,
      written.map(({ blobKey }) => blobKey),
      told,
    ),
    detail: { madeOf: upload.name, format: file.format, sha256 },
  })
  if (isKept(result)) return { state: 'stored', outcome: told, isTold: true }
  return refused(insertRefusal(deps, result, first.file.uids))
}

async function discard(deps: Deps, written: readonly Written[]): Promise<void> {
  for (const { blobKey } of written) {
    await deps.blobs
      .delete(blobKey)
      .catch((error: unknown) => deps.log.warn({ err: error, blobKey }, 'left for the sweep'))
  }
}
