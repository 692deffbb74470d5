// The viewer in Chromium at the end of a line of 50 Mbit/s and 50 ms: when a picture stands on the canvas, what came over the
// line until then, and how much memory the tab takes.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { renditionUrl } from '@instandt/api'
import { signedFetch, startShapedLine } from '@instandt/testkit'
import { attributesOf, streamInstance, uidOf } from '@instandt/testkit/files'
import { openBrowser, type TestBrowser } from '../../e2e/src/browser.ts'
import { startKillableApp } from '../../e2e/src/killable-app.ts'
import { stowStream } from './child-backend.ts'
import { type Opening, openTab, type TimedTab } from './viewer-speed/measure.ts'
import { drawRadiograph, type RadiographOptions } from './viewer-speed/radiograph.ts'
import { type TabMemory, watchMemory } from './viewer-speed/tab-memory.ts'

const bytesPerSecond = 50e6 / 8
/** Half of the round trip. */
const delayMs = 25
const maxTabMiB = 600 * (1e6 / 2 ** 20)

/** An overview and what says what is where. */
const maxBytesBefore = 1_000_000

interface Plan {
  radiograph: Pick<RadiographOptions, 'columns' | 'rows'>
  /** Images of the series. */
  count: number
  film: Pick<RadiographOptions, 'columns' | 'rows'>
  runs: number
  /** Of another image, before the first one that counts. */
  visits: number
  /** Where the film is looked at one to one, each by a pan and by a zoom from the whole. */
  places: number
  dragMs: number
  /** Milliseconds; undefined where the machine is too busy for any. */
  targets: { radiograph: number; film: number; next: number } | undefined
}

const plans: Record<'full' | 'small', Plan> = {
  full: {
    // 34 MB and 403 MB (384 MiB) of pixels.
    radiograph: { columns: 4096, rows: 4150 },
    count: 8,
    film: { columns: 14_190, rows: 14_190 },
    runs: 3,
    visits: 3,
    places: 4,
    dragMs: 4000,
    targets: { radiograph: 1000, film: 1500, next: 200 },
  },
  small: {
    radiograph: { columns: 2300, rows: 2100 },
    count: 3,
    film: { columns: 4400, rows: 4200 },
    runs: 1,
    visits: 1,
    places: 1,
    dragMs: 300,
    targets: undefined,
  },
}

const kinds = { radiograph: { bits: 16, noise: 220 }, film: { bits: 12, noise: 12 } }

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const plan = plans[scale]
  const app = await startKillableApp()
  const browser = await openBrowser()
  const line = await startShapedLine({ target: app.url, bytesPerSecond, delayMs })
  try {
    for (let instance = 0; instance < plan.count; instance += 1) await store(app.url, 'radiograph', plan, instance)
    // A series that no measured visit has seen before it.
    await store(app.url, 'radiograph', plan, 0, 'visited')
    await store(app.url, 'film', plan, 0)
    const runs: Run[] = []
    const count = Number(process.env['VIEWER_SPEED_RUNS'] ?? plan.runs)
    for (let run = 0; run < count; run += 1) runs.push(await measure(browser, () => openTab(browser, line), plan))
    report(runs, plan)
  } finally {
    await line.stop()
    await browser.stop()
    await app.stop()
  }
}

type Kind = keyof typeof kinds

/** Stores one image and waits until what screens need of it is there. */
async function store(url: string, kind: Kind, plan: Plan, instance: number, series: string = kind): Promise<void> {
  const size = plan[kind]
  const pixels = drawRadiograph({ ...size, ...kinds[kind], seed: instance })
  const file = streamInstance({
    seed: series,
    sopInstanceUid: instanceUid(series, instance),
    attributes: attributesOf({ InstanceNumber: String(instance + 1) }),
    image: { ...size, bitsAllocated: 16, bitsStored: kinds[kind].bits, frame: () => pixels },
  })
  const answer = await stowStream(url, file)
  assert.equal(answer.status, 200, answer.text)
  const address = url + renditionUrl(uidOf(series, 'study'), uidOf(series, 'series'), instanceUid(series, instance), 1)
  const deadline = Date.now() + 300_000
  while ((await signedFetch(address)).status !== 200) {
    assert.ok(Date.now() < deadline, `no rendition of ${series} ${instance}`)
    await delay(200)
  }
}

const instanceUid = (series: string, instance: number): string => uidOf(series, 'instance', instance)
const placeOf = (series: string): string => `/inspections/${uidOf(series, 'study')}/view/${uidOf(series, 'series')}`

interface Run {
  cold: Opening
  radiograph: Opening
  film: Opening
  /** Of the film, from the key on. */
  oneToOne: number
  next: number[]
  /** Right after the first picture, before its neighbours are here. */
  nextAtOnce: number
  draws: { radiograph: number; film: number }
  idle: TabMemory
  memory: TabMemory
}

async function measure(browser: TestBrowser, open: () => Promise<TimedTab>, plan: Plan): Promise<Run> {
  const say = (words: string): void => void process.stderr.write(`viewer-speed: ${words}\n`)
  say('first visit')
  const first = await open()
  const cold = await first.open(placeOf('film'))
  await first.close()

  const tab = await open()
  // Programs are in the browser's cache, compiled, as after yesterday's work.
  for (let visit = 0; visit < plan.visits; visit += 1) await tab.open(placeOf('visited'))
  say('radiographs')
  const radiograph = await tab.open(placeOf('radiograph'))
  const { picture: nextAtOnce } = await tab.press('ArrowDown')
  await tab.page.waitForTimeout(plan.targets ? 6000 : 2000)
  const next: number[] = []
  for (let step = 2; step < plan.count; step += 1) {
    next.push((await tab.press('ArrowDown')).picture)
    await tab.page.waitForTimeout(1500)
  }
  say('drag')
  const draws = { radiograph: await tab.drag(plan.dragMs), film: 0 }

  await tab.page.goto('about:blank')
  const blank = watchMemory(browser)
  await tab.page.waitForTimeout(1000)
  const idle = await blank.stop()
  const watching = watchMemory(browser)
  say('film')
  const film = await tab.open(placeOf('film'))
  draws.film = await tab.drag(plan.dragMs)
  const { full: oneToOne } = await tab.press('1')
  say('walk through the film')
  await walk(tab, plan.places)
  const memory = await watching.stop()
  await tab.close()
  const { picture, full } = film
  say(
    `film ${ms(picture)} and ${ms(full)}, one to one ${ms(oneToOne)}, at the first visit ${ms(cold.picture)}; radiograph ${ms(radiograph.picture)} and ` +
      `${ms(radiograph.full)}, next ${next.map(ms).join(', ')}, at once ${ms(nextAtOnce)}; ${memory.togetherMiB.toFixed(0)} MiB`,
  )
  return { cold, radiograph, film, oneToOne, next, nextAtOnce, draws, idle, memory }
}

/** Pans through the film at full size, and to other places by way of the whole. */
async function walk(tab: TimedTab, places: number): Promise<void> {
  const { page } = tab
  const box = (await page.getByTestId('viewer-surface').boundingBox())!
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  for (const [dx, dy] of (
    [
      [-1, 0],
      [0, -1],
      [1, -1],
      [1, 1],
    ] as const
  ).slice(0, places)) {
    await page.mouse.move(x - 300 * dx, y - 250 * dy)
    await page.mouse.down({ button: 'middle' })
    await page.mouse.move(x + 300 * dx, y + 250 * dy, { steps: 8 })
    await page.mouse.up({ button: 'middle' })
    await tab.settle()
  }
  for (const [dx, dy] of (
    [
      [-1, -1],
      [1, 1],
      [-1, 1],
      [1, -1],
    ] as const
  ).slice(0, places)) {
    await page.keyboard.press('f')
    await tab.settle()
    await page.mouse.move(x + 280 * dx, y + 230 * dy)
    for (let notch = 0; notch < 12; notch += 1) await page.mouse.wheel(0, -100)
    await tab.settle()
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
/** What had come over the line when the overview was there, all of it; what follows depends on how long drawing takes. */
function bytesBefore({ requests }: Opening): number {
  const overview = requests.find(({ place }) => place.includes('/overview'))
  assert.ok(overview, 'no overview was asked for')
  return requests.filter(({ end }) => end <= overview.end).reduce((sum, { bytes }) => sum + bytes, 0)
}
const ms = (value: number): string => `${value.toFixed(0)} ms`
const kB = (value: number): string => `${(value / 1000).toFixed(0)} kB`

function report(runs: readonly Run[], plan: Plan): void {
  const of = (take: (run: Run) => number): number => median(runs.map(take))
  const all = (take: (run: Run) => number): string => runs.map((run) => take(run).toFixed(0)).join(', ')
  const rows: [string, (run: Run) => number, number | undefined][] = [
    ['first picture, radiograph', ({ radiograph }) => radiograph.picture, plan.targets?.radiograph],
    ['… as fine as the screen', ({ radiograph }) => radiograph.full, undefined],
    ['first picture, film', ({ film }) => film.picture, plan.targets?.film],
    ['… as fine as the screen', ({ film }) => film.full, undefined],
    ['film one to one, full resolution, from the key on', ({ oneToOne }) => oneToOne, undefined],
    ['first picture of the film at the first visit ever', ({ cold }) => cold.picture, undefined],
    ['next image of the series, after a look at one', ({ next }) => median(next), plan.targets?.next],
    ['next image, at once after the first picture', ({ nextAtOnce }) => nextAtOnce, undefined],
  ]
  const lines = rows.map(([name, take, target]) => `| ${name} | ${ms(of(take))} | ${all(take)} | ${target ?? ''} |`)
  const [run] = runs
  process.stdout.write(
    [
      `viewer-speed: radiograph ${plan.radiograph.columns} × ${plan.radiograph.rows}, film ${plan.film.columns} × ${plan.film.rows}, 16 bits allocated`,
      '| | median | runs | target |',
      '|---|---|---|---|',
      ...lines,
      `| window drag, pictures a second, radiograph · film | ${of(({ draws }) => draws.radiograph).toFixed(0)} · ${of(({ draws }) => draws.film).toFixed(0)} | | |`,
      `| bytes over the line until the overview is there, radiograph · film · film at the first visit | ${kB(of((one) => bytesBefore(one.radiograph)))} · ${kB(of((one) => bytesBefore(one.film)))} · ${kB(of((one) => bytesBefore(one.cold)))} | | |`,
      `| tab with the film, MiB: page · graphics · both at one moment | ${of(({ memory }) => memory.rendererMiB).toFixed(0)} · ${of(({ memory }) => memory.gpuMiB).toFixed(0)} · ${of(({ memory }) => memory.togetherMiB).toFixed(0)} | | ${maxTabMiB.toFixed(0)} |`,
      `| the same before it, an empty page | ${of(({ idle }) => idle.rendererMiB).toFixed(0)} · ${of(({ idle }) => idle.gpuMiB).toFixed(0)} · ${of(({ idle }) => idle.togetherMiB).toFixed(0)} | | |`,
      '',
    ].join('\n'),
  )
  if (process.env['VIEWER_SPEED_TRACE'] && run)
    for (const [name, opening] of Object.entries({ radiograph: run.radiograph, film: run.film, cold: run.cold }))
      process.stdout.write(waterfall(name, opening))
  for (const { memory, film, radiograph } of runs) {
    assert.ok(memory.togetherMiB < maxTabMiB, `the tab took ${memory.togetherMiB.toFixed(0)} MiB`)
    for (const [kind, opening] of Object.entries({ film, radiograph })) {
      const whole = opening.requests.filter(({ place }) => /\/frames\/|\/rendered|\/bulkdata/.test(place))
      assert.deepEqual(whole, [], `${kind}: its frames were asked for`)
      assert.ok(bytesBefore(opening) < maxBytesBefore, `${kind}: ${kB(bytesBefore(opening))} before the picture`)
    }
  }
  for (const [name, take, target] of rows)
    if (target !== undefined) assert.ok(of(take) < target, `${name}: ${ms(of(take))}, at most ${target} ms`)
}

function waterfall(name: string, { requests, picture, full }: Opening): string {
  const lines = requests.map(
    ({ place, start, first, end, bytes }) =>
      `${start.toFixed(0).padStart(6)} ${first.toFixed(0).padStart(6)} ${end.toFixed(0).padStart(6)} ${String(bytes).padStart(9)} ${place.replace(/2\.25\.\d+/g, '…')}`,
  )
  return `${name}: picture ${ms(picture)}, full ${ms(full)}\n start  first    end     bytes\n${lines.join('\n')}\n`
}
