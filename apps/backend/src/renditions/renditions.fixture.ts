import assert from 'node:assert/strict'
import { type Rendition, renditionUrl, tileUrl } from '@instandt/api'
import { decodeHtj2k } from '@instandt/pixels'
import { createNodeCodecs } from '@instandt/pixels/node'
import { buildInstance, type ImageOptions, uidOf } from '@instandt/testkit/files'
import type { Config } from '../config.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { type Deriving, startDeriving } from './derive-loop.ts'

export const codecs = createNodeCodecs()

/** Tests do not hold back. */
export const unhurried = () => async () => undefined

export interface Job {
  state: string
  thumbnail: string
  frames_done: number
  frames_made: number
  reason: string | null
  attempts: number
}

/** A backend whose queue works when it is told to. */
export interface RenditionBackend extends TestBackend {
  jobOf(seed: string): Promise<Job>
  /** Works until nothing is left to do. */
  deriveAll(): Promise<void>
  startDeriving(): Deriving
  /** Stores an image into the study `study`; returns the address of the rendition of its first frame. */
  store(seed: string, image: Partial<ImageOptions>, syntax?: string): Promise<string>
  describe(address: string): Promise<Rendition>
  fetchBytes(address: string): Promise<Uint8Array>
  /** Every tile at full resolution, put together as the viewer does. */
  assemble(address: string): Promise<Uint16Array>
}

/** Waits until a condition holds, a minute at most. */
export async function until(isDone: () => Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await isDone())) {
    assert.ok(Date.now() < deadline, `it was not made in ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A slope with noise: like a picture, and no two places the same. */
export function samples(columns: number, rows: number, frame: number, seed = 7): Uint16Array<ArrayBuffer> {
  const values = new Uint16Array(columns * rows)
  let state = seed + frame
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      values[row * columns + column] = 2000 + column * 5 + row * 3 + (state >>> 25)
    }
  }
  return values
}

export const bytesOf = (values: Uint16Array<ArrayBuffer>): Uint8Array => new Uint8Array(values.buffer)

export async function startRenditionBackend(settings: Partial<Config> = {}): Promise<RenditionBackend> {
  const backend = await startTestBackend(settings)
  const { pool } = backend.db
  const running = new Set<Deriving>()
  const self: RenditionBackend = {
    ...backend,
    async jobOf(seed) {
      const { rows } = await pool.query<Job>(
        `select j.* from rendition_job j join instance i on i.id = j.instance_id where i.sop_instance_uid = $1`,
        [uidOf(seed, 'instance')],
      )
      assert.ok(rows[0], `no job of ${seed}`)
      return rows[0]
    },
    startDeriving() {
      const deriving = startDeriving(backend.deps, unhurried)
      const one: Deriving = {
        async stop() {
          running.delete(one)
          await deriving.stop()
        },
      }
      running.add(one)
      return one
    },
    async deriveAll() {
      const deriving = self.startDeriving()
      const left = `select count(*) from rendition_job where state = 'waiting' or thumbnail = 'waiting'`
      await until(async () => (await pool.query<{ count: number }>(left)).rows[0]?.count === 0)
      await deriving.stop()
    },
    async store(seed, image, syntax) {
      const file = buildInstance({
        seed,
        image,
        studyInstanceUid: uidOf('study'),
        seriesInstanceUid: uidOf('series'),
        ...(syntax ? { transferSyntaxUid: syntax } : {}),
      })
      const answer = await backend.stow([file])
      assert.equal(answer.status, 200, await answer.text())
      return renditionUrl(uidOf('study'), uidOf('series'), uidOf(seed, 'instance'), 1)
    },
    async describe(address) {
      const answer = await backend.get(address)
      assert.equal(answer.status, 200, address)
      return (await answer.json()) as Rendition
    },
    async fetchBytes(address) {
      const answer = await backend.get(address)
      assert.equal(answer.status, 200, await (answer.status === 200 ? '' : answer.text()))
      return new Uint8Array(await answer.arrayBuffer())
    },
    async assemble(address) {
      const { columns, rows, tileSize, tiles } = await self.describe(address)
      const whole = new Uint16Array(columns * rows)
      const across = Math.ceil(columns / tileSize)
      assert.equal(tiles.length, across * Math.ceil(rows / tileSize))
      for (const [number, { prefixes }] of tiles.entries()) {
        const bytes = await self.fetchBytes(tileUrl(address, number, 0))
        assert.equal(bytes.length, prefixes.at(-1))
        const tile = await decodeHtj2k(bytes, 0, codecs)
        const [left, top] = [(number % across) * tileSize, Math.floor(number / across) * tileSize]
        for (let row = 0; row < tile.rows; row += 1)
          whole.set(
            tile.samples.subarray(row * tile.columns, (row + 1) * tile.columns) as Uint16Array,
            (top + row) * columns + left,
          )
      }
      return whole
    },
    async stop() {
      for (const one of running) await one.stop()
      await backend.stop()
    },
  }
  return self
}
