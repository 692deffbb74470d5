import { hash } from 'node:crypto'
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
  /** How many times the faster peer's rate it should be. */
  goal?: Goal
  run(target: Target): Promise<{ timing: Timing; rate: number }>
}

/** A ratio, or one that follows from the peer's rate. */
export type Goal = number | ((peerRate: number) => number)

/** Where the peer is slow, more is asked for. */
const searchGoal: Goal = (peerRate) => (peerRate < 100 ? 10 : 4)

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

interface Uploads {
  files: readonly BenchFile[]
  concurrency: number
  unit: 'files/s' | 'MB/s'
  goal?: Goal
}

function uploads(name: string, { files, concurrency, unit, goal }: Uploads): Scenario {
  return {
    name,
    unit,
    ...(goal === undefined ? {} : { goal }),
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
      const { token, origin } = target
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
      const { origin, prefix, token } = target
      const line = await startBadLine({ target: origin, bytesPerSecond: 125e6 })
      const behind = openTarget(line.url + prefix, token)
      try {
        return await scenario.run(behind)
      } finally {
        behind.close()
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

/** An answer that equals one found right is right; so the client's parsing is not what is measured. */
function checkOnce(find: (body: Buffer) => string | undefined): (body: Buffer) => void {
  let right: Buffer | undefined
  return (body) => {
    if (right?.equals(body) === true) return
    const fault = find(body)
    if (fault !== undefined) throw new Error(`wrong answer: ${fault}`)
    right = Buffer.from(body)
  }
}

interface Answers {
  path: string
  accept?: string
  load: Load
  goal?: Goal
  check: () => (body: Buffer) => void
}

function answers(name: string, { path, accept = dicomJson, load, goal, check: makeCheck }: Answers): Scenario {
  return {
    name,
    unit: 'answers/s',
    ...(goal === undefined ? {} : { goal }),
    async run(target) {
      const checkBody = makeCheck()
      const timing = await measure(load, async () => {
        const answer = await get(target, path, accept)
        check(answer.status === 200, `${path} answered ${answer.status}`)
        checkBody(answer.body)
      })
      return { timing, rate: timing.perSecond }
    },
  }
}

const ofLength = (expected: number) => (): ((body: Buffer) => void) =>
  checkOnce((body) => {
    const found = (JSON.parse(body.toString()) as unknown[]).length
    return found === expected ? undefined : `${found} instead of ${expected}`
  })

/** The one part of a multipart answer, byte for byte. */
const ofPart =
  (expected: Uint8Array) =>
  () =>
  (body: Buffer): void => {
    const start = body.indexOf('\r\n\r\n') + 4
    check(body.compare(expected, 0, undefined, start, start + expected.length) === 0, 'the bytes are not those stored')
  }

const oneClient: Load = { count: 2000, concurrency: 1, maxSeconds: 4 }
const sixteenClients: Load = { count: 4000, concurrency: 16, maxSeconds: 4 }

/** What comes before all that is measured, and is not: a program that compiles while it runs has then done so. */
export async function warmUp(target: Target, size: 'full' | 'small'): Promise<void> {
  const full = size === 'full'
  const short = seriesFiles({ component: 'BENCH-WARM', instances: full ? 150 : 10, pixelBytes: mebi / 2 })
  const wide = seriesFiles({ component: 'BENCH-WARM-WIDE', instances: 4, pixelBytes: (full ? 32 : 4) * mebi })
  for (const [files, concurrency] of [
    [short.files, 8],
    [wide.files, 2],
  ] as const)
    await uploads('', { files, concurrency, unit: 'files/s' }).run(target)
  const series = `/studies/${short.study}/series/${short.series}`
  const instance = `${series}/instances/${short.files[0]?.sopInstanceUid}`
  for (const [path, accept] of [
    [`/studies?PatientID=BENCH-WARM-${runName}`, dicomJson],
    [`/studies?PatientName=*BENCH-WARM*&limit=50`, dicomJson],
    [`/studies?StudyDate=20240101-20240201&limit=50`, dicomJson],
    [`/studies/${short.study}/series`, dicomJson],
    [`${series}/instances`, dicomJson],
    [`${series}/metadata`, dicomJson],
    [instance, dicomParts],
    [`${instance}/frames/1`, octetParts],
    [`/studies/${short.study}`, dicomParts],
  ] as const) {
    await measure({ count: full ? 200 : 5, concurrency: 1, maxSeconds: 1 }, async () => {
      const answer = await drain(target, path, accept)
      check(answer.status === 200, `${path} answered ${answer.status}`)
    })
  }
}

/** In this order: the later ones read what the first ones stored. */
export function makeScenarios(size: 'full' | 'small'): Scenario[] {
  const full = size === 'full'
  const series = seriesFiles({ component: 'BENCH-SERIES', instances: full ? 500 : 20, pixelBytes: mebi / 2 })
  const study = seriesFiles({ component: 'BENCH-STUDY', instances: full ? 200 : 10, pixelBytes: mebi / 2 })
  const wide = seriesFiles({ component: 'BENCH-WIDE', instances: full ? 8 : 2, pixelBytes: (full ? 32 : 4) * mebi })
  const big = (component: string) => largeFile({ component, frames: full ? 1024 : 64, frameBytes: mebi / 2 })
  const large = big('BENCH-LARGE')
  const many = smallStudies(full ? 300 : 20)
  const [first] = series.files
  if (!first) throw new Error('the series is empty')
  const instancePath = `/studies/${series.study}/series/${series.series}/instances/${first.sopInstanceUid}`
  const largePath = `/studies/${large.study}/series/${large.series}/instances/${large.files[0]?.sopInstanceUid}`
  const studyBytes = study.files.reduce((sum, file) => sum + file.byteLength, 0)
  const single = { concurrency: 1, unit: 'MB/s' } as const

  const queries: [string, string, number][] = [
    ['QIDO exact component number', `/studies?PatientID=BENCH-STUDY-${runName}`, 1],
    ['QIDO wildcard component name', `/studies?PatientName=*CASTING-0${full ? 7 : 1}*run${runName}*&limit=50`, 10],
    ['QIDO date range', `/studies?StudyDate=20250101-20250103&PatientName=*run${runName}*&limit=100`, full ? 30 : 3],
    ['QIDO series of a study', `/studies/${series.study}/series`, 1],
    ['QIDO instances of a series', `/studies/${series.study}/series/${series.series}/instances`, series.files.length],
  ]

  return [
    uploads(`STOW ${series.files.length} × 0.5 MB at 8`, {
      files: series.files,
      concurrency: 8,
      unit: 'files/s',
      goal: 3,
    }),
    uploads(`STOW ${wide.files.length} × ${full ? 32 : 4} MB at 2`, {
      files: wide.files,
      concurrency: 2,
      unit: 'MB/s',
      goal: 2.5,
    }),
    uploads(`STOW one ${full ? 512 : 32} MB multi-frame`, { files: large.files, ...single, goal: 4 }),
    inParts(`upload one ${full ? 512 : 32} MB multi-frame in parts`, big('BENCH-PARTS')),
    overLine(uploads(`STOW one ${full ? 512 : 32} MB multi-frame`, { files: big('BENCH-LINE').files, ...single })),
    overLine(inParts(`upload one ${full ? 512 : 32} MB multi-frame in parts`, big('BENCH-PARTS-LINE'))),
    uploads(`STOW ${study.files.length} × 0.5 MB at 1`, {
      files: study.files,
      concurrency: 1,
      unit: 'files/s',
      goal: 3,
    }),
    uploads(`STOW ${many.length} studies of one small image at 8`, { files: many, concurrency: 8, unit: 'files/s' }),
    ...[oneClient, sixteenClients].flatMap((load) =>
      queries.map(([name, path, expected]) =>
        answers(load === oneClient ? name : `${name} at 16`, {
          path,
          load,
          goal: searchGoal,
          check: ofLength(expected),
        }),
      ),
    ),
    answers('WADO instance 0.5 MB', {
      path: instancePath,
      accept: dicomParts,
      load: oneClient,
      goal: 4,
      check: ofPart(Buffer.concat(first.pieces)),
    }),
    {
      name: `WADO study of ${study.files.length}`,
      unit: 'MB/s',
      goal: 1.5,
      async run(target) {
        const timing = await measure({ count: 16, concurrency: 1, maxSeconds: 15 }, async () => {
          const answer = await drain(target, `/studies/${study.study}`, dicomParts)
          check(answer.status === 200 && answer.byteLength > studyBytes, 'the study is not whole')
        })
        return { timing, rate: (studyBytes / 1e6) * timing.perSecond }
      },
    },
    answers(`WADO one frame of ${large.frames}`, {
      path: `${largePath}/frames/${large.frames}`,
      accept: octetParts,
      load: { ...oneClient, maxSeconds: 8 },
      goal: 300,
      check: ofPart(large.frame(large.frames)),
    }),
    answers(`WADO metadata of ${series.files.length} instances`, {
      path: `/studies/${series.study}/series/${series.series}/metadata`,
      load: oneClient,
      goal: 20,
      check: ofLength(series.files.length),
    }),
  ]
}
