import type { ByteSource } from '../byte-source.ts'
import { ConvertFault } from '../fault.ts'
import { checkSize, nativeBytes, type Origin, type Picture } from '../picture.ts'
import { type Directory, fields, readDirectories } from './directory.ts'
import { type Page, readPage } from './page.ts'
import { lossyBytesOf, readPixels } from './read-pixels.ts'

// Bits of NewSubfileType: a smaller copy of another page, or a mask for one, is no picture of its own.
const reducedCopy = 1
const mask = 4

/**
 * The pages of a TIFF or BigTIFF file, all of them checked; their pixels are read when asked for.
 * @throws ConvertFault
 */
export async function readTiff(source: ByteSource): Promise<{ pictures: Picture[]; origin: Origin }> {
  const pictures: Picture[] = []
  let origin: Origin = {}
  let bytes = 0
  let pages = 0
  let described = 0
  for await (const directory of readDirectories(source)) {
    pages += 1
    if (pages === 1) described = await readImageCount(directory)
    const kind = (await directory.number1(fields.newSubfileType)) ?? 0
    if ((kind & (reducedCopy | mask)) !== 0) continue
    const page = await readPage(source, directory)
    if (pictures.length === 0) origin = await readOrigin(directory)
    bytes += nativeBytes(page.form)
    // Pages may share their strips: all of them together are held against the file.
    checkSize(page.form, source.byteLength, bytes / nativeBytes(page.form))
    pictures.push(pictureOf(source, page))
  }
  if (pictures.length === 0) throw new ConvertFault('damaged', 'The TIFF file holds no picture.')
  if (described > pages)
    throw new ConvertFault(
      'unsupported',
      `The file was written by ImageJ as ${described} images of which it lists ${pages}; save it as an image sequence.`,
    )
  return { pictures, origin }
}

function pictureOf(source: ByteSource, page: Page): Picture {
  const lossyBytes = lossyBytesOf(page)
  return {
    ...page.form,
    spacing: page.spacing,
    byteLength: nativeBytes(page.form),
    pieces: () => readPixels(source, page),
    ...(lossyBytes === undefined ? {} : { lossyBytes }),
  }
}

/** Of stacks beyond 4 GB ImageJ lists the first image alone, and says in words how many there are. */
async function readImageCount(directory: Directory): Promise<number> {
  const words = Buffer.from((await directory.bytes(fields.imageDescription)).subarray(0, 2000)).toString('latin1')
  return words.startsWith('ImageJ=') ? Number(/^images=(\d{1,9})$/m.exec(words)?.[1] ?? 0) : 0
}

async function readOrigin(directory: Directory): Promise<Origin> {
  const text = async (field: typeof fields.make | typeof fields.model | typeof fields.software): Promise<string> => {
    const bytes = await directory.bytes(field)
    // ASCII up to its NUL; what is no text says nothing.
    const [words = ''] = Buffer.from(bytes.subarray(0, 200)).toString('latin1').split('\0')
    return /^[\x20-\x7e]*$/.test(words) ? words.replaceAll('\\', '/').trim().slice(0, 64) : ''
  }
  const [manufacturer, model, software] = [
    await text(fields.make),
    await text(fields.model),
    await text(fields.software),
  ]
  return {
    ...(manufacturer === '' ? {} : { manufacturer }),
    ...(model === '' ? {} : { model }),
    ...(software === '' ? {} : { software }),
  }
}
