// Every file of a folder of DICOM files, transcoded and rendered, held against what dcmtk, GDCM and OpenJPEG make of it:
// samples that were compressed without loss are equal to the bit.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { getString, readHeader, tags, transferSyntax } from '@instandt/dicom'
import { type PixelFormat, readNativeFrame, readPixelFormat, sampleCount, type StoredArray } from '@instandt/pixels'
import { signedFetch } from '@instandt/testkit'
import { startApp } from '../../e2e/src/app.ts'
import { openBytes, type OpenFile } from '../../packages/pixels/src/open-file.fixture.ts'
import { temporaryFolder } from './child-backend.ts'
import { debianPrograms, whyMissing } from '../debian.ts'
import { compareRendered } from './peers/rendered.ts'
import { sharedData, sharedFiles, whyNoSharedData } from './shared-data.ts'

/** Where files or peers are missing, the words a test skips with. */
export const whyNoPeers = whyNoSharedData ?? whyMissing(debianPrograms.peers)

const explicit = '1.2.840.10008.1.2.1'
const targets = [
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.5',
  '1.2.840.10008.1.2.4.57',
  '1.2.840.10008.1.2.4.70',
  '1.2.840.10008.1.2.4.80',
  '1.2.840.10008.1.2.4.90',
  '1.2.840.10008.1.2.4.201',
  '1.2.840.10008.1.2.4.202',
]

/** What turns a file of a transfer syntax into a native one; the next where the first cannot. */
function decodersFor(syntaxUid: string): string[][] {
  const syntax = transferSyntax(syntaxUid)
  if (!syntax) return []
  if (!syntax.encapsulated) return [['dcmconv', '+te']]
  if (syntax.mediaType === 'image/dicom-rle') return [['dcmdrle']]
  // Without any change of colours: stored values are compared.
  if (syntax.mediaType === 'image/jpeg') return [['dcmdjpeg', '+cn']]
  if (syntax.mediaType === 'image/jls') return [['dcmdjpls'], ['gdcmconv', '--raw']]
  return syntax.mediaType === 'image/jp2' ? [['gdcmconv', '--raw']] : []
}

export interface PeerReport {
  files: number
  decoded: number
  lossless: number
  lossy: number
  transcoded: Record<string, number>
  rendered: number
  faults: string[]
}

interface Bench {
  url: string
  folder: string
  report: PeerReport
}

const run = (command: string[], ...files: string[]): string | undefined => {
  const [program = '', ...args] = command
  const { status, stderr } = spawnSync(program, [...args, ...files], { encoding: 'utf8', timeout: 120_000 })
  return status === 0 ? undefined : stderr.slice(-200)
}

/** Stored values of all frames of a native file, as its attributes say. */
async function samplesOf(file: OpenFile): Promise<{ format: PixelFormat; frames: StoredArray[] }> {
  const format = readPixelFormat(file.dataset)
  const frames: StoredArray[] = []
  for (let frame = 1; frame <= file.frameCount; frame += 1)
    frames.push(readNativeFrame(await file.frame(frame), format))
  return { format, frames }
}

async function fetchObject(bench: Bench, address: string, syntaxUid: string): Promise<Buffer | undefined> {
  const accept = `application/dicom; transfer-syntax=${syntaxUid}`
  const answer = await signedFetch(bench.url + address, { headers: { accept } })
  const bytes = Buffer.from(await answer.arrayBuffer())
  if (answer.status === 406) return undefined
  if (answer.status !== 200) throw new Error(`${syntaxUid}: ${answer.status} ${bytes.toString().slice(0, 300)}`)
  return bytes
}

/** Where two decodings differ: nowhere, or too far. */
function difference(
  ours: readonly StoredArray[],
  theirs: readonly StoredArray[],
  isLossy: boolean,
): string | undefined {
  if (ours.length !== theirs.length) return `${theirs.length} frames, ours has ${ours.length}`
  for (const [frame, samples] of ours.entries()) {
    const other = theirs[frame]!
    if (samples.length !== other.length)
      return `frame ${frame + 1}: ${other.length} samples, ours has ${samples.length}`
    let [most, sum, least, greatest] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (let at = 0; at < samples.length; at += 1) {
      const apart = Math.abs(samples[at]! - other[at]!)
      most = Math.max(most, Number.isNaN(apart) ? 0 : apart)
      sum += apart
      least = Math.min(least, samples[at]!)
      greatest = Math.max(greatest, samples[at]!)
    }
    // Inverse transforms are free to round and colours of half resolution to be interpolated: on average.
    const allowed = isLossy ? Math.max(2, (greatest - least) / 1000) : 0
    if (isLossy ? sum / samples.length > allowed : most > 0)
      return `frame ${frame + 1} differs by up to ${most}, ${(sum / samples.length).toFixed(3)} on average`
  }
  return undefined
}

/** What a peer makes of a file; undefined when it cannot read it. */
async function decodedByPeer(bench: Bench, file: string, syntaxUid: string): Promise<OpenFile | undefined> {
  const out = path.join(bench.folder, 'peer.dcm')
  const isDecoded = decodersFor(syntaxUid).some((command) => run(command, file, out) === undefined)
  return isDecoded ? openBytes(readFileSync(out)) : undefined
}

async function proveFile(bench: Bench, name: string): Promise<void> {
  const { report, folder } = bench
  const source = readFileSync(path.join(sharedData, name))
  const stored = await signedFetch(`${bench.url}/dicom-web/studies`, {
    method: 'POST',
    headers: { 'content-type': 'application/dicom' },
    body: source,
  })
  await stored.arrayBuffer()
  if (stored.status !== 200) return
  const { dataset, frames, transferSyntaxUid } = await readHeader([source])
  if (!frames) return
  report.files += 1
  const uid = (tag: string): string => getString(dataset, tag) ?? ''
  const series = `/dicom-web/studies/${uid(tags.studyInstanceUid)}/series/${uid(tags.seriesInstanceUid)}`
  const address = `${series}/instances/${uid(tags.sopInstanceUid)}`
  const native = transferSyntaxUid === explicit ? source : await fetchObject(bench, address, explicit)
  const opened = native && openBytes(native)
  if (!opened) return
  const ours = await samplesOf(opened)
  // Headers that promise more than there is: every other test's business.
  if (ours.frames.length === 0 || ours.frames.some(({ length }) => length !== sampleCount(ours.format))) return
  report.decoded += 1
  const isLossy = transferSyntax(transferSyntaxUid)?.isLossy ?? false
  const fault = (words: string): void => void report.faults.push(`${name}: ${words}`)

  const theirs = await decodedByPeer(bench, path.join(sharedData, name), transferSyntaxUid)
  if (theirs && !peersDoNotRead.has(name)) {
    const words = difference(ours.frames, (await samplesOf(theirs)).frames, isLossy)
    if (words !== undefined) fault(`decoded by a peer: ${words}`)
    else if (isLossy) report.lossy += 1
    else report.lossless += 1
  }

  for (const target of targets) {
    if (target === transferSyntaxUid || peersDoNotRead.has(name)) continue
    const object = await fetchObject(bench, address, target)
    if (!object) continue
    const file = path.join(folder, 'ours.dcm')
    writeFileSync(file, object)
    const decoded = await decodedByPeer(bench, file, target)
    const words = decoded
      ? difference(ours.frames, (await samplesOf(decoded)).frames, false)
      : await compareCodestream(bench, object, ours)
    if (words !== undefined) fault(`${target}: ${words}`)
    else report.transcoded[target] = (report.transcoded[target] ?? 0) + 1
  }
  const words = await compareRendered(bench, address, native, ours)
  if (words === 'compared') report.rendered += 1
  else if (words !== undefined) fault(`rendered: ${words}`)
}

/** Sources that peers read as something else, or not at all. */
const peersDoNotRead = new Set([
  // More bits stored than allocated.
  'edge_s1/bad_bits_stored_17.dcm',
  // 32 bits of big endian words: dcmtk turns every 16 of them. Stored little endian as rtdose.dcm too, which ours equals.
  'pydicom/rtdose_expb.dcm',
])

/** Neither dcmtk nor GDCM know HTJ2K, nor GDCM small JPEG 2000: OpenJPEG decodes the first frame. */
async function compareCodestream(
  bench: Bench,
  object: Buffer,
  ours: { format: PixelFormat; frames: StoredArray[] },
): Promise<string | undefined> {
  const { format } = ours
  const stream = path.join(bench.folder, 'frame.j2c')
  const raw = path.join(bench.folder, 'frame.rawl')
  const opened = openBytes(object)
  if (!opened) return 'its frames are not found'
  const codestream = await opened.frame(1)
  writeFileSync(stream, codestream)
  // Its raw files have the planes one behind the other.
  const failure = run(['opj_decompress', '-quiet'], '-i', stream, '-o', raw)
  if (failure !== undefined) return `no peer could decode it. OpenJPEG: ${failure}`
  // Ssiz of the first component, less one (ISO/IEC 15444-1 A.5.1).
  const bits = (codestream[42]! & 0x7f) < 8 ? 8 : 16
  const wide: PixelFormat = {
    ...format,
    bitsAllocated: bits,
    highBit: format.bitsStored - 1,
    photometric: format.samplesPerPixel > 1 ? 'RGB' : 'MONOCHROME2',
    isPlanar: format.samplesPerPixel > 1,
  }
  return difference([ours.frames[0]!], [readNativeFrame(new Uint8Array(readFileSync(raw)), wide)], false)
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  if (whyNoPeers !== undefined) {
    process.stdout.write(`not run: ${whyNoPeers}\n`)
    return
  }
  const app = await startApp()
  const { folder, remove } = await temporaryFolder()
  const report: PeerReport = { files: 0, decoded: 0, lossless: 0, lossy: 0, transcoded: {}, rendered: 0, faults: [] }
  try {
    for (const name of sharedFiles(scale === 'full' ? 1 : 12)) {
      if (!existsSync(path.join(sharedData, name))) continue
      try {
        await proveFile({ url: app.url, folder, report }, name)
      } catch (error) {
        report.faults.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      }
      // Some files of the folder share their UID.
      await app.sql('delete from instance')
    }
  } finally {
    await app.stop()
    await remove()
  }
  const { faults, ...counts } = report
  process.stdout.write(`peers: ${JSON.stringify(counts)}\n`)
  assert.deepEqual(faults, [])
  const least = scale === 'full' ? 10 : 1
  assert.ok(report.lossless >= 20 * least && report.rendered >= 10 * least, JSON.stringify(counts))
  for (const target of targets)
    assert.ok((report.transcoded[target] ?? 0) >= 5 * least, `${target}: ${JSON.stringify(counts)}`)
}
