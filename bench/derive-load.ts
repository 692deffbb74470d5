// Do uploads, searches and images keep their pace while images for screens are being made? `node bench/derive-load.ts`: two servers
// with the same films, one that makes nothing and one that has plenty to make, each load on one and at once on the other.
import { largeFile, seriesFiles } from './files.ts'
import { get, openTarget, stow, type Target } from './http.ts'
import { measure, median, type Timing } from './measure.ts'
import { startInstandt, type Server } from './targets.ts'

const rounds = 3
const perRound = 40
const films = Array.from({ length: 4 }, (_, number) =>
  largeFile({ component: `film-${number}`, frames: 8, frameBytes: 16 * 1024 * 1024 }),
)
const series = seriesFiles({ component: 'beside', instances: perRound * rounds + 1, pixelBytes: 512 * 1024 })
const [first] = series.files
const view = `/studies/${series.study}/series/${series.series}/instances`

interface Side {
  name: string
  server: Server
  target: Target
  timings: Map<string, Timing[]>
}

async function store(target: Target, pieces: readonly Uint8Array[]): Promise<void> {
  const { status, body } = await stow(target, pieces)
  if (status !== 200) throw new Error(`STOW answered ${status}: ${body.toString('utf8', 0, 300)}`)
}

async function ask(target: Target, path: string, accept: string): Promise<void> {
  const { status } = await get(target, path, accept)
  if (status !== 200) throw new Error(`${path} answered ${status}`)
}

const loads: Record<string, (target: Target, round: number) => Promise<Timing>> = {
  'STOW 0.5 MB at 4': (target, round) =>
    measure({ count: perRound, concurrency: 4 }, async (index) => {
      const file = series.files[1 + round * perRound + index]
      if (file) await store(target, file.pieces)
    }),
  'QIDO instances of a series': (target) =>
    measure({ count: 100, concurrency: 1 }, () => ask(target, `${view}?limit=20`, 'application/dicom+json')),
  'WADO frame 0.5 MB': (target) =>
    measure({ count: 200, concurrency: 1 }, () =>
      ask(target, `${view}/${first?.sopInstanceUid}/frames/1`, 'multipart/related; type="application/octet-stream"'),
    ),
  'rendered 0.5 MB': (target) =>
    measure({ count: 20, concurrency: 1 }, () =>
      ask(target, `${view}/${first?.sopInstanceUid}/rendered`, 'image/jpeg'),
    ),
}

/** Frames of the films that have a rendition. */
async function framesMade({ target }: Side): Promise<number> {
  let frames = 0
  for (const film of films) {
    const address = `/api/inspections/${film.study}/views/${film.series}/instances`
    const { body } = await get({ ...target, prefix: '' }, address, 'application/json')
    const { items } = JSON.parse(body.toString()) as { items: { rendition: { frames: number } | null }[] }
    frames += items[0]?.rendition?.frames ?? 0
  }
  return frames
}

const sides: Side[] = []
try {
  for (const [name, threads] of [
    ['idle', '0'],
    ['busy', '1'],
  ] as const) {
    const server = await startInstandt({ settings: { DERIVE_THREADS: threads } })
    sides.push({ name, server, target: openTarget(server.bases, server.token), timings: new Map() })
  }
  for (const { target } of sides) {
    if (first) await store(target, first.pieces)
    for (const { files } of films) for (const { pieces } of files) await store(target, pieces)
  }
  for (let round = 0; round < rounds; round += 1)
    for (const [name, load] of Object.entries(loads))
      for (const { target, timings } of sides)
        timings.set(name, [...(timings.get(name) ?? []), await load(target, round)])
  const all = films.length * (films[0]?.frames ?? 0)
  for (const side of sides) {
    const made = await framesMade(side)
    process.stdout.write(`${side.name}: ${made} of ${all} frames made in the meantime\n`)
    if (made === all) throw new Error('the queue ran dry before the measuring ended: its figures say nothing')
  }
  for (const name of Object.keys(loads)) {
    const [idle, busy] = sides.map(({ timings }) => {
      const of = timings.get(name) ?? []
      return { rate: median(of.map((one) => one.perSecond)), p95: median(of.map((one) => one.p95)) }
    })
    if (!idle || !busy) continue
    process.stdout.write(
      `${name.padEnd(28)} ${idle.rate.toFixed(0).padStart(6)}/s → ${busy.rate.toFixed(0).padStart(6)}/s (${(busy.rate / idle.rate).toFixed(2)} ×)  p95 ${idle.p95.toFixed(1)} → ${busy.p95.toFixed(1)} ms\n`,
    )
  }
} finally {
  for (const { server, target } of sides) {
    target.close()
    await server.stop()
  }
}
