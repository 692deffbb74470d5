// Files written by libtiff's own tools become objects whose pixels are equal to the bit and whose attributes dcmtk and
// dicom3tools find in order; a film goes the whole way through backend and worker in little memory.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { type ConversionForm, createClient, startUpload } from '@instandt/api'
import { convertFile, openSource } from '@instandt/convert'
import { readHeader } from '@instandt/dicom'
import { signedFetch, testDatabase } from '@instandt/testkit'
import { buildTiff, type TiffPage } from '@instandt/testkit/files'
import { debianPrograms, whyMissing } from '../debian.ts'
import { startChildBackend, startChildWorker, temporaryFolder } from './child-backend.ts'

export const whyNoImageTools = whyMissing(debianPrograms.imageTools)

const maxPeakMiB = 450
const form: ConversionForm = {
  component: { name: 'Gehäuse 7', number: 'W-17' },
  inspection: { date: '2026-05-18', time: '09:30', orderNumber: 'WO-1' },
  view: {},
  source: 'film',
  equipment: { manufacturer: 'Array Corp', model: '2905' },
  digitiser: { digitiserClass: 'DS', densityTo: 4.7 },
  pixelSize: { kind: 'file' },
}

/** A weld in a made-up film, row by row. */
function filmPixels(columns: number, rows: number): Uint8Array {
  const words = new Uint16Array(columns * rows)
  let noise = 1
  for (let at = 0; at < words.length; at += 1) {
    noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0
    words[at] = 9000 + ((at % columns) >> 1) + (noise >>> 22)
  }
  return new Uint8Array(words.buffer)
}

const page = (columns: number, rows: number): TiffPage => ({
  columns,
  rows,
  pixels: filmPixels(columns, rows),
  dpi: 508,
})

const layouts: string[][] = [
  ['-c', 'none'],
  ['-c', 'none', '-B'],
  ['-c', 'lzw'],
  ['-c', 'lzw:2', '-r', '1'],
  ['-c', 'zip:2', '-r', '100000'],
  ['-c', 'zip', '-B', '-t', '-w', '256', '-l', '128'],
  ['-c', 'packbits', '-r', '7'],
  ['-c', 'lzw:2', '-8', '-t', '-w', '512', '-l', '512'],
]

interface Made {
  pixels: string
  file: Buffer
}

async function convertOnDisk(file: string, isKept: boolean): Promise<Made[]> {
  const { size } = await stat(file)
  const source = openSource(size, ({ offset, length }) =>
    Promise.resolve(createReadStream(file, { start: offset, end: offset + length - 1 })),
  )
  const request = {
    id: file,
    batch: 'prove',
    number: 1,
    name: path.basename(file),
    sha256: 'a'.repeat(64),
    raw: undefined,
  }
  const made: Made[] = []
  const { objects } = await convertFile(source, { ...request, receivedAt: new Date(0), form })
  for (const object of objects) {
    const kept: Uint8Array[] = []
    for await (const piece of object.write()) kept.push(Uint8Array.from(piece))
    const written = Buffer.concat(kept)
    const { frames } = await readHeader([written])
    const pixels = written.subarray(frames?.offset ?? 0, (frames?.offset ?? 0) + (frames?.length ?? 0))
    made.push({ pixels: sha256(pixels), file: isKept ? written : Buffer.alloc(0) })
  }
  return made
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What dicom3tools calls an error; what it does not know, private elements and further attributes, it only warns of. */
function checkObject(file: string): void {
  const { stderr, stdout } = spawnSync('dciodvfy', ['-new', file], { encoding: 'utf8' })
  const errors = `${stderr}${stdout}`.split('\n').filter((line) => line.startsWith('Error'))
  assert.deepEqual(errors, [], `dciodvfy of ${path.basename(file)}`)
  const dump = execFileSync('dcmdump', ['-q', '+P', '0028,0010', '+P', '0018,2010', file], { encoding: 'utf8' })
  assert.match(dump, /Rows/)
}

async function compareLayouts(folder: string, columns: number, rows: number): Promise<number> {
  const base = path.join(folder, 'base.tif')
  const one = page(columns, rows)
  writeFileSync(base, buildTiff([one]))
  const wanted = sha256(one.pixels)
  for (const [index, layout] of layouts.entries()) {
    const file = path.join(folder, `layout-${index}.tif`)
    execFileSync('tiffcp', [...layout, base, file])
    const [made, ...more] = await convertOnDisk(file, index === 0)
    assert.equal(more.length, 0)
    assert.equal(made?.pixels, wanted, `tiffcp ${layout.join(' ')}`)
    if (index === 0) {
      const object = path.join(folder, 'object.dcm')
      writeFileSync(object, made?.file ?? '')
      checkObject(object)
    }
  }
  return layouts.length
}

/** Lossy ones are compared with what libtiff itself decodes. */
async function compareJpeg(folder: string): Promise<void> {
  const base = path.join(folder, 'colour.tif')
  const pixels = Uint8Array.from({ length: 320 * 256 * 3 }, (_, at) => (at % 3) * 40 + ((at / 3) % 320) / 3)
  writeFileSync(base, buildTiff([{ columns: 320, rows: 256, bits: 8, samples: 3, photometric: 2, pixels }]))
  const [jpeg, plain] = ['jpeg.tif', 'plain.tif'].map((name) => path.join(folder, name)) as [string, string]
  execFileSync('tiffcp', ['-c', 'jpeg:95:r', '-r', '64', base, jpeg])
  execFileSync('tiffcp', ['-c', 'none', jpeg, plain])
  const [made] = await convertOnDisk(jpeg, false)
  const [wanted] = await convertOnDisk(plain, false)
  assert.equal(made?.pixels, wanted?.pixels, 'JPEG in TIFF, as libtiff decodes it')
}

async function wholeWay(folder: string, columns: number, rows: number): Promise<string> {
  const database = await testDatabase()
  const options = { databaseUrl: database.appUrl, storageDir: path.join(folder, 'blobs') }
  const [backend, worker] = [await startChildBackend(options), await startChildWorker(options)]
  try {
    const one = page(columns, rows)
    const wanted = sha256(one.pixels)
    const file = Buffer.from(buildTiff([{ ...one, compression: 'deflate', rowsPerStrip: rows }]))
    const client = createClient((url, init) => signedFetch(backend.url + url, init))
    const source = {
      size: file.length,
      slice: (start: number, end: number) => ({
        arrayBuffer: () => Promise.resolve(Uint8Array.from(file.subarray(start, end)).buffer),
      }),
    }
    const started = performance.now()
    const content = { kind: 'convert' as const, form }
    const { outcome } = await startUpload({ client, source, file: { name: 'film.tif', content } }).done
    const seconds = (performance.now() - started) / 1000
    assert.ok(outcome?.kind === 'stored', JSON.stringify(outcome))
    const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = outcome
    const frame = `/dicom-web/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}/frames/1`
    const answer = await signedFetch(backend.url + frame, { headers: { accept: 'application/octet-stream' } })
    const hash = createHash('sha256')
    for await (const chunk of answer.body ?? []) hash.update(chunk as Uint8Array)
    assert.equal(hash.digest('hex'), wanted, 'the pixels that come back')
    const peak = worker.peakMemory()
    assert.ok(peak < maxPeakMiB, `the worker's peak memory was ${peak.toFixed(0)} MiB`)
    return `${(one.pixels.length / 2 ** 20).toFixed(0)} MiB of pixels in one strip of Deflate stored in ${seconds.toFixed(1)} s, the worker's peak memory ${peak.toFixed(0)} MiB`
  } finally {
    await backend.stop()
    await worker.stop()
    await database.stop()
  }
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  if (whyNoImageTools !== undefined) throw new Error(whyNoImageTools)
  const { folder, remove } = await temporaryFolder()
  const [columns, rows] = scale === 'full' ? [16_000, 12_000] : [1500, 900]
  try {
    const count = await compareLayouts(folder, scale === 'full' ? 6000 : 700, scale === 'full' ? 4000 : 500)
    await compareJpeg(folder)
    const told = await wholeWay(folder, columns, rows)
    process.stdout.write(`conversion: ${count} layouts of libtiff equal to the bit; ${told}\n`)
  } finally {
    await remove()
  }
}
