export interface MultipartBody {
  body: Blob
  contentType: string
  /** Bytes of the body before each file's first byte. */
  offsets: number[]
}

/** multipart/related of whole files (PS3.18 8.7.3). The files are referred to; their bytes stay on the disk. */
export function makeMultipartBody(files: readonly Blob[], boundary: string): MultipartBody {
  const pieces: (string | Blob)[] = []
  const offsets: number[] = []
  let length = 0
  for (const [index, file] of files.entries()) {
    const head = `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`
    length += head.length
    offsets.push(length)
    length += file.size
    pieces.push(head, file)
  }
  pieces.push(`\r\n--${boundary}--\r\n`)
  return {
    body: new Blob(pieces),
    contentType: `multipart/related; type="application/dicom"; boundary=${boundary}`,
    offsets,
  }
}

/** Bytes of one file that are out, when `loaded` bytes of the body are. */
export const sentOf = (loaded: number, offset: number, size: number): number =>
  Math.max(0, Math.min(size, loaded - offset))
