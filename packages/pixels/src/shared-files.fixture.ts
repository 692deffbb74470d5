// For tests: the shared files with what other programs decode of them, and the comparison.
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { openFile, type OpenFile } from './open-file.fixture.ts'
import { PixelFault } from './pixel-fault.ts'
import { type PixelFormat, readPixelFormat, type StoredArray } from './pixel-format.ts'

export const dataDir =
  process.env['INSTANDT_SHARED_DATA'] ?? path.resolve(import.meta.dirname, '../../../../shared/data')
/** Why there is nothing to compare with, or false. */
export const missingFiles: string | false = existsSync(dataDir)
  ? false
  : `the folder of shared files is not here: ${path.basename(dataDir)}`

/** Frames of one file that are decoded: the first ones and the last. */
const framesPerFile = 6

interface Expected {
  file: string
  pixels?: {
    lossy: boolean
    unconfirmed?: string
    frame_sha256?: string[]
    statistics?: { min: number; max: number; mean: number }[]
  }
}

export interface Decoded {
  sha256?: string
  mean?: number
  /** Code of the fault, or text of a failure. */
  fault?: string
}

export type Decode = (file: OpenFile, format: PixelFormat, frame: number) => Promise<Decoded>

export const sha256Of = (stored: StoredArray): string => createHash('sha256').update(stored).digest('hex')

/** Files whose expectation nobody can meet, and why. */
const known: Record<string, string> = {
  'edge_s1/bad_j2k_stub.dcm': 'its codestream is a stub without a picture',
  'edge_s1/bad_rows_0.dcm': 'an image of no rows',
}

/** Decodes the frames of every shared file and tells what differs from the other programs' decoding. */
export async function compareSharedFiles(decode: Decode): Promise<{ files: number; wrong: string[] }> {
  const wrong: string[] = []
  let files = 0
  for (const name of globSync('**/*.json', { cwd: path.join(dataDir, 'expected') }).sort()) {
    const expected = JSON.parse(readFileSync(path.join(dataDir, 'expected', name), 'utf8')) as Expected
    const file = existsSync(path.join(dataDir, expected.file)) ? openFile(path.join(dataDir, expected.file)) : undefined
    if (!file) continue
    files += 1
    const fault = await compareFile(expected, file, decode)
    if (fault !== undefined && known[expected.file] === undefined) wrong.push(`${expected.file}: ${fault}`)
  }
  return { files, wrong }
}

async function compareFile({ pixels }: Expected, file: OpenFile, decode: Decode): Promise<string | undefined> {
  const hashes = pixels?.unconfirmed === undefined ? pixels?.frame_sha256 : undefined
  let format: PixelFormat
  try {
    format = readPixelFormat(file.dataset)
  } catch (error) {
    if (!(error instanceof PixelFault)) throw error
    return hashes ? `${error.message} where there are pixels` : undefined
  }
  for (const frame of frameNumbers(Math.min(file.frameCount, hashes?.length ?? 1))) {
    const decoded = await decode(file, format, frame)
    if (!hashes) {
      if (decoded.fault === undefined) continue
      return undefined
    }
    if (decoded.fault !== undefined) return `frame ${frame}: ${decoded.fault}`
    if (decoded.sha256 === hashes[frame - 1]) continue
    const statistics = pixels?.statistics?.[frame - 1]
    const tolerance = statistics ? Math.max(0.5, (statistics.max - statistics.min) / 500) : 0
    const isNear = statistics !== undefined && Math.abs(statistics.mean - (decoded.mean ?? Number.NaN)) <= tolerance
    if (!pixels?.lossy || !isNear) return `frame ${frame}: mean ${decoded.mean}, expected ${statistics?.mean}`
  }
  return undefined
}

export function frameNumbers(count: number): number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1)
  return count <= framesPerFile ? all : [...all.slice(0, framesPerFile - 1), count]
}
