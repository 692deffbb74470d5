import { createHash, hash } from 'node:crypto'
import {
  createClient,
  type DigestPart,
  partHeaders,
  type SendPart,
  startUpload,
  uploadPartUrl,
  type UploadSource,
} from '@instandt/api'
import { startBadLine } from '@instandt/testkit'
import { drain, get, openTarget, put, stow, type Target } from './http.ts'
import type { BenchFile } from './files.ts'
import { largeFile, runName, seriesFiles, smallStudies } from './files.ts'
import { measure, type Load, type Timing } from './measure.ts'

export interface Scenario {
  name: string
  /** What one run is worth: files, MB or 1 answer. */
  unit: string
  /** Of our own interface: other servers have nothing of the kind. */
  needsUploads?: boolean
  run(target: Target): Promise<{ timing: Timing; rate: number }>
}

const mebi = 1024 * 1024
const dicomJson = 'application/dicom+json'
const dicomParts = 'multipart/related; type="application/dicom"; transfer-syntax=*'
const octetParts = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'

function check(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(`wrong answer: ${what}`)
}

async function store(target: Target, file: BenchFile): Promise<void> {
  const answer = await stow(target, file.pieces)
  check(answer.status === 200, `STOW answered ${answer.status}: ${answer.body.toString('utf8', 0, 300)}`)
}

function uploads(name: string, files: readonly BenchFile[], concurrency: number, unit: 'files/s' | 'MB/s'): Scenario {
  return {
    name,
    unit,
    async run(target) {
      const timing = await measure({ count: files.length, concurrency, maxSeconds: 180 }, async (index) => {
        const file = files[index]
        if (file) await store(target, file)
      })
      const bytes = files.slice(0, timing.runs).reduce((sum, file) => sum + file.byteLength, 0)
      return { timing, rate: unit === 'files/s' ? timing.perSecond : bytes / 1e6 / timing.seconds }
    },
  }
}

/** The way of people and slow lines, by the client that programs use, to the moment the file is stored. */
function inParts(name: string, { files: [file] }: { files: BenchFile[] }): Scenario {
  if (!file) throw new Error('there is no file')
  return {
    name,
    unit: 'MB/s',
    needsUploads: true,
    async run(target) {
      const source = asSource(file)
      const { token } = target
      const { origin } = new URL(target.base)
      const sendPart: SendPart = async ({ id, number, bytes, sha256 }) => {
        const answer = await put(target, uploadPartUrl(id, number), partHeaders({ sha256 }), bytes)
        check(answer.status === 204, `a part was answered ${answer.status}: ${answer.body.toString('utf8', 0, 300)}`)
      }
      const client = createClient((url, init) =>
        fetch(origin + url, {
          ...init,
          headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` },
        }),
      )
      const timing = await measure({ count: 1, concurrency: 1 }, async () => {
        const { outcome } = await startUpload({ client, source, sendPart, digestPart, file: { name: 'bench.dcm' } })
          .done
        check(outcome?.kind === 'stored', `the upload ended as ${JSON.stringify(outcome)}`)
      })
      return { timing, rate: file.byteLength / 1e6 / timing.seconds }
    },
  }
}

/** The same through a line as a shop has it, where neither side's processor is what counts. */
function overLine(scenario: Scenario): Scenario {
  return {
    ...scenario,
    name: `${scenario.name} over 1 Gbit/s`,
    async run(target) {
      const { origin } = new URL(target.base)
      const line = await startBadLine({ target: origin, bytesPerSecond: 125e6 })
      try {
        return await scenario.run(openTarget(target.base.replace(origin, line.url), target.token))
      } finally {
        await line.stop()
      }
    },
  }
}

const digestPart: DigestPart = (bytes) => hash('sha256', bytes, 'buffer')

/** The file as a reader of it would have it: ranges come from one place. */
function asSource({ pieces, byteLength }: BenchFile): UploadSource {
  const whole = new Uint8Array(byteLength)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return {
    size: byteLength,
    slice: (start, end) => ({ arrayBuffer: () => Promise.resolve(whole.buffer.slice(start, end)) }),
  }
}

function searches(name: string, path: string, expected: number, load: Load): Scenario {
  return {
    name,
    unit: 'answers/s',
    async run(target) {
      const timing = await measure(load, async () => {
        const answer = await get(target, path, dicomJson)
        check(answer.status === 200, `${path} answered ${answer.status}`)
        check((JSON.parse(answer.body.toString()) as unknown[]).length === expected, `${path} did not find ${expected}`)
      })
      return { timing, rate: timing.perSecond }
    },
  }
}

const oneClient: Load = { count: 400, concurrency: 1, maxSeconds: 5 }

/** In this order: the later ones read what the first ones stored. */
export function makeScenarios(size: 'full' | 'small'): Scenario[] {
  const full = size === 'full'
  const series = seriesFiles({ component: 'BENCH-SERIES', instances: full ? 500 : 20, pixelBytes: mebi / 2 })
  const study = seriesFiles({ component: 'BENCH-STUDY', instances: full ? 200 : 10, pixelBytes: mebi / 2 })
  const wide = seriesFiles({ component: 'BENCH-WIDE', instances: full ? 8 : 2, pixelBytes: (full ? 32 : 4) * mebi })
  const big = (component: string) => largeFile({ component, frames: full ? 1024 : 64, frameBytes: mebi / 2 })
  const large = big('BENCH-LARGE')
  const many = smallStudies(full ? 300 : 20)
  const first = series.files[0]
  if (!first) throw new Error('the series is empty')
  const instancePath = `/studies/${series.study}/series/${series.series}/instances/${first.sopInstanceUid}`
  const largePath = `/studies/${large.study}/series/${large.series}/instances/${large.files[0]?.sopInstanceUid}`
  const studyBytes = study.files.reduce((sum, file) => sum + file.byteLength, 0)
  const frameDigest = createHash('sha256').update(large.frame(large.frames)).digest('hex')

  return [
    uploads(`STOW ${series.files.length} × 0.5 MB at 8`, series.files, 8, 'files/s'),
    uploads(`STOW ${wide.files.length} × ${full ? 32 : 4} MB at 2`, wide.files, 2, 'MB/s'),
    uploads(`STOW one ${full ? 512 : 32} MB multi-frame`, large.files, 1, 'MB/s'),
    inParts(`upload one ${full ? 512 : 32} MB multi-frame in parts`, big('BENCH-PARTS')),
    overLine(uploads(`STOW one ${full ? 512 : 32} MB multi-frame`, big('BENCH-LINE').files, 1, 'MB/s')),
    overLine(inParts(`upload one ${full ? 512 : 32} MB multi-frame in parts`, big('BENCH-PARTS-LINE'))),
    uploads(`STOW ${study.files.length} × 0.5 MB at 1`, study.files, 1, 'files/s'),
    uploads(`STOW ${many.length} studies of one small image at 8`, many, 8, 'files/s'),
    searches('QIDO exact component number', `/studies?PatientID=BENCH-STUDY-${runName}`, 1, oneClient),
    searches(
      'QIDO wildcard component name',
      `/studies?PatientName=*CASTING-0${full ? 7 : 1}*run${runName}*&limit=50`,
      10,
      oneClient,
    ),
    searches(
      'QIDO date range',
      `/studies?StudyDate=20250101-20250103&PatientName=*run${runName}*&limit=100`,
      full ? 30 : 3,
      oneClient,
    ),
    searches('QIDO series of a study', `/studies/${series.study}/series`, 1, oneClient),
    searches(
      'QIDO instances of a series',
      `/studies/${series.study}/series/${series.series}/instances`,
      series.files.length,
      oneClient,
    ),
    {
      name: 'WADO instance 0.5 MB',
      unit: 'answers/s',
      async run(target) {
        const timing = await measure({ ...oneClient, count: 1000 }, async () => {
          const answer = await get(target, instancePath, dicomParts)
          check(
            answer.status === 200 && answer.body.includes(Buffer.concat(first.pieces)),
            'the instance is not the one stored',
          )
        })
        return { timing, rate: timing.perSecond }
      },
    },
    {
      name: `WADO study of ${study.files.length}`,
      unit: 'MB/s',
      async run(target) {
        const timing = await measure({ count: 8, concurrency: 1, maxSeconds: 20 }, async () => {
          const answer = await drain(target, `/studies/${study.study}`, dicomParts)
          check(answer.status === 200 && answer.byteLength > studyBytes, 'the study is not whole')
        })
        return { timing, rate: (studyBytes / 1e6) * timing.perSecond }
      },
    },
    {
      name: `WADO one frame of ${large.frames}`,
      unit: 'answers/s',
      async run(target) {
        const timing = await measure({ ...oneClient, maxSeconds: 8 }, async () => {
          const answer = await get(target, `${largePath}/frames/${large.frames}`, octetParts)
          const start = answer.body.indexOf('\r\n\r\n') + 4
          const frame = answer.body.subarray(start, start + large.frameBytes)
          check(createHash('sha256').update(frame).digest('hex') === frameDigest, 'the frame is not the one stored')
        })
        return { timing, rate: timing.perSecond }
      },
    },
    {
      name: `WADO metadata of ${series.files.length} instances`,
      unit: 'answers/s',
      async run(target) {
        const timing = await measure({ ...oneClient, count: 40 }, async () => {
          const answer = await get(target, `/studies/${series.study}/series/${series.series}/metadata`, dicomJson)
          check(
            (JSON.parse(answer.body.toString()) as unknown[]).length === series.files.length,
            'metadata is not whole',
          )
        })
        return { timing, rate: timing.perSecond }
      },
    },
  ]
}
