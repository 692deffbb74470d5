import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { startShapedLine, type ShapedLine } from './shaped-line.ts'

const size = 1_000_000
const bytesPerSecond = 4_000_000
const delayMs = 40
let server: http.Server
let line: ShapedLine
const agent = new http.Agent({ keepAlive: true })

before(async () => {
  server = http.createServer((request, reply) => {
    request.resume()
    request.on('end', () => reply.end(Buffer.alloc(request.url === '/large' ? size : 10, 65)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  line = await startShapedLine({
    target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytesPerSecond,
    delayMs,
  })
})
after(async () => {
  agent.destroy()
  await line.stop()
  server.close()
})

/** Milliseconds until the first and until the last byte of the answer. */
async function get(place: string): Promise<{ first: number; last: number; bytes: number }> {
  const started = performance.now()
  const [answer] = (await once(http.get(line.url + place, { agent }), 'response')) as [http.IncomingMessage]
  const first = performance.now() - started
  let bytes = 0
  for await (const chunk of answer) bytes += (chunk as Buffer).length
  return { first, last: performance.now() - started, bytes }
}

test('a connection costs a round trip, and every request one more', async () => {
  const fresh = await get('/small')
  assert.ok(fresh.first >= 4 * delayMs, `${fresh.first} ms`)
  const kept = await get('/small')
  assert.ok(kept.first >= 2 * delayMs && kept.first < fresh.first, `${kept.first} ms after ${fresh.first} ms`)
})

test('large answers take the time of the line, and share it', async () => {
  const least = (size / bytesPerSecond) * 1000
  const before = line.bytesDown()
  const alone = await get('/large')
  assert.equal(alone.bytes, size)
  assert.ok(alone.last >= least + 2 * delayMs, `${alone.last} ms`)
  const two = await Promise.all([get('/large'), get('/large')])
  assert.deepEqual(
    two.map(({ bytes }) => bytes),
    [size, size],
  )
  assert.ok(Math.max(...two.map(({ last }) => last)) >= 2 * least, 'two at once are as fast as one')
  assert.ok(line.bytesDown() - before > 3 * size)
})
