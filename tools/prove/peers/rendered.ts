// For the proof of peers: /rendered held against dcmtk's dcm2pnm.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { measureFrame, type PixelFormat, readFrameAttributes, rescaled, type StoredArray } from '@instandt/pixels'
import { openBytes } from '../../../packages/pixels/src/open-file.fixture.ts'
import { readPng } from '../../../apps/backend/src/pixels/read-png.fixture.ts'
import { signedFetch } from '@instandt/testkit'

/** Greys may be rounded either way; colours pass through another matrix besides. */
const tolerance = { grey: 1, colour: 3 }

/** 'compared', words about the difference, or undefined when dcmtk draws no such image. */
export async function compareRendered(
  { url, folder }: { url: string; folder: string },
  address: string,
  native: Buffer,
  { format, frames }: { format: PixelFormat; frames: StoredArray[] },
): Promise<string | undefined> {
  const opened = openBytes(native)
  // dcmtk knows neither floats nor tables of values, and draws 1-bit images with another idea of white.
  if (!opened || format.kind === 'float' || opened.dataset['00283000'] || format.bitsAllocated === 1) return undefined
  const attributes = readFrameAttributes(opened.dataset, format, 1)
  const statistics = measureFrame(frames[0]!, format)
  const [a, b] = [rescaled(statistics.min, attributes.rescale), rescaled(statistics.max, attributes.rescale)]
  // dcmtk rounds values once they are rescaled: of a narrow range little is left.
  if (format.samplesPerPixel === 1 && !Number.isInteger(attributes.rescale?.slope ?? 1) && Math.abs(b - a) < 256)
    return undefined
  const width = Math.max(2, Math.abs(b - a) * 0.8)
  const centre = (a + b) / 2
  const isGrey = format.samplesPerPixel === 1 && format.photometric.startsWith('MONOCHROME')
  const answer = await signedFetch(`${url}${address}/frames/1/rendered?window=${centre},${width},linear`, {
    headers: { accept: 'image/png' },
  })
  const bytes = new Uint8Array(await answer.arrayBuffer())
  if (answer.status !== 200) return `${answer.status} ${Buffer.from(bytes).toString().slice(0, 200)}`
  const ours = readPng(bytes)
  const file = path.join(folder, 'native.dcm')
  const out = path.join(folder, 'peer.pnm')
  writeFileSync(file, native)
  const window = isGrey ? ['+Ww', String(centre), String(width)] : []
  const { status } = spawnSync('dcm2pnm', ['-O', '+op', '--frame', '1', ...window, file, out], { timeout: 120_000 })
  if (status !== 0) return undefined
  const theirs = readPnm(readFileSync(out))
  if (theirs.columns !== ours.columns || theirs.rows !== ours.rows || theirs.components !== ours.components)
    return `${ours.columns} × ${ours.rows} × ${ours.components}, dcmtk has ${theirs.columns} × ${theirs.rows} × ${theirs.components}`
  let most = 0
  for (let at = 0; at < ours.pixels.length; at += 1)
    most = Math.max(most, Math.abs(ours.pixels[at]! - theirs.pixels[at]!))
  return most <= (isGrey ? tolerance.grey : tolerance.colour) ? 'compared' : `differs from dcmtk by up to ${most}`
}

interface Pnm {
  columns: number
  rows: number
  components: number
  pixels: Uint8Array
}

/** P5 and P6: header words, then the samples. */
function readPnm(file: Buffer): Pnm {
  const [head = '', kind = '', columns = '', rows = ''] =
    /^(P[56])\s+(?:#[^\n]*\s+)*(\d+)\s+(\d+)\s+\d+\s/.exec(file.toString('latin1', 0, 200)) ?? []
  const components = kind === 'P6' ? 3 : 1
  return { columns: Number(columns), rows: Number(rows), components, pixels: file.subarray(head.length) }
}
