import { instanceUrl } from '@instandt/api'
import type { StoredMetadata } from '../../data/retrieve.ts'
import { readMetadata } from '../../data/retrieve.ts'
import type { Deps } from '../../deps.ts'
import type { Scope } from '../../plugins/access.ts'
import { readPages } from './retrieve-object.ts'
import { unpackMetadata } from '../../unpack-metadata.ts'

// Small, so that the answer begins at once; later pages are larger.
const firstPage = 20
// Output is handed on in pieces of about this size.
const pieceSize = 64 * 1024

/**
 * The DICOM JSON array (PS3.18 F) of the listed rows, `baseUrl` (without a slash at the end) put before every relative
 * bulk data address.
 */
export async function* retrieveMetadata(
  deps: Deps,
  scope: Scope,
  ids: readonly string[],
  baseUrl: string,
): AsyncGenerator<Uint8Array> {
  let piece: Uint8Array[] = []
  let size = 0
  let separator = Buffer.from('[')
  for await (const rows of readPages(ids, (page) => readMetadata(deps.db, scope, page), firstPage)) {
    for (const row of rows) {
      piece.push(separator)
      separator = Buffer.from(',\n')
      for (const bytes of resolveBulkUris(row, baseUrl)) {
        piece.push(bytes)
        size += bytes.length
      }
      if (size < pieceSize) continue
      yield Buffer.concat(piece)
      piece = []
      size = 0
    }
    // What is here goes out before the next page is waited for.
    if (size > 0) yield Buffer.concat(piece)
    piece = []
    size = 0
  }
  piece.push(Buffer.from(']'))
  yield Buffer.concat(piece)
}

// Inside a JSON text value the quotes would be escaped, so this cannot be found in anything but a real BulkDataURI.
const relativeUri = Buffer.from('"BulkDataURI":"bulkdata/')
const uriStart = Buffer.byteLength('"BulkDataURI":"')

/** Works on bytes: turning 20 KB into text and back costs more than everything else here. */
function resolveBulkUris(row: StoredMetadata, baseUrl: string): Uint8Array[] {
  const json = unpackMetadata(row.metadata)
  let found = json.indexOf(relativeUri)
  if (found < 0) return [json]
  const url = instanceUrl(row.studyInstanceUid, row.seriesInstanceUid, row.sopInstanceUid, baseUrl)
  // The host may be the client's word: quotes in it must not end the value.
  const prefix = Buffer.from(`${JSON.stringify(url).slice(1, -1)}/`)
  const pieces: Uint8Array[] = []
  let done = 0
  while (found >= 0) {
    pieces.push(json.subarray(done, found + uriStart), prefix)
    done = found + uriStart
    found = json.indexOf(relativeUri, done)
  }
  pieces.push(json.subarray(done))
  return pieces
}
