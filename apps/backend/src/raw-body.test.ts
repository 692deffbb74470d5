import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { openRawBody, type RawBody } from './raw-body.ts'

const mebi = 1024 * 1024

/** A server whose requests are read by `read`, which gives the answer's text; and a connection to it. */
async function startServer(
  t: TestContext,
  read: (body: RawBody, raw: http.IncomingMessage) => Promise<string>,
  { lateMs = 0 } = {},
): Promise<net.Socket> {
  const server = http.createServer(async (raw, reply) => {
    if (lateMs > 0) await delay(lateMs)
    read(openRawBody({ raw } as FastifyRequest, 60_000), raw).then(
      (text) => reply.end(text),
      (error: unknown) => reply.end(`fault: ${String(error)}`),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.setNoDelay(true)
  t.after(async () => {
    socket.destroy()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return socket
}

const head = (byteLength: number): string => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${byteLength}\r\n\r\n`

/** What one answer says, in its last line (its head says how long that is). */
async function answerOn(socket: net.Socket): Promise<string> {
  let text = ''
  while (!/\r\n\r\n[^]+$/.test(text)) {
    const [chunk] = (await new Promise<[Buffer]>((resolve, reject) => {
      socket.once('data', (data: Buffer) => resolve([data]))
      socket.once('close', () => reject(new Error(`closed after ${JSON.stringify(text)}`)))
    })) as [Buffer]
    text += chunk.toString('latin1')
  }
  return text.slice(text.indexOf('\r\n\r\n') + 4)
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('a body comes whole and in order, in few large pieces where its reader is slow', async (t) => {
  const bytes = randomBytes(9 * mebi + 7)
  const sizes: number[] = []
  const socket = await startServer(t, async (body) => {
    const hash = createHash('sha256')
    for await (const piece of body) {
      hash.update(piece)
      sizes.push(piece.length)
      await delay(3)
    }
    return hash.digest('hex')
  })
  socket.write(head(bytes.length))
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 90_001) {
    if (!socket.write(bytes.subarray(at, at + size))) await new Promise((resolve) => socket.once('drain', resolve))
  }
  assert.equal(await answerOn(socket), digestOf(bytes))
  assert.ok(Math.max(...sizes) <= 512 * 1024, `${Math.max(...sizes)}`)
  assert.ok(sizes.length < bytes.length / 65_536, `${sizes.length} pieces`)
})

test('a reader that takes nothing makes the sender wait', async (t) => {
  let go: () => void = () => undefined
  const socket = await startServer(t, async (body) => {
    await new Promise<void>((resolve) => {
      go = resolve
    })
    return String(await body.drain())
  })
  const byteLength = 64 * mebi
  socket.write(head(byteLength))
  socket.write(Buffer.alloc(byteLength))
  let before = -1
  // What the two ends of the connection hold for it, by the system's rules, and no more.
  while (before < socket.bytesWritten - socket.writableLength) {
    before = socket.bytesWritten - socket.writableLength
    await delay(200)
  }
  assert.ok(socket.writableLength > 0, 'all of it was taken')
  go()
  assert.equal(await answerOn(socket), 'true')
})

test('a sender of single bytes waits, too, long before they are many', async (t) => {
  let raw: http.IncomingMessage | undefined
  let go: () => void = () => undefined
  const socket = await startServer(t, async (body, own) => {
    raw = own
    await new Promise<void>((resolve) => {
      go = resolve
    })
    return String(await body.drain())
  })
  const byteLength = 20_000
  socket.write(head(byteLength))
  let sent = 0
  for (; sent < byteLength && raw?.isPaused() !== true; sent += 1) {
    socket.write('x')
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(sent < byteLength, 'it was never made to wait')
  socket.write(Buffer.alloc(byteLength - sent))
  go()
  assert.equal(await answerOn(socket), 'true')
})

test('what a reader leaves is drained, and the connection takes the next request', async (t) => {
  const socket = await startServer(t, async (body) => {
    for await (const piece of body) {
      assert.ok(piece.length > 0)
      break
    }
    return String(await body.drain())
  })
  for (let round = 0; round < 2; round += 1) {
    socket.write(head(3 * mebi))
    socket.write(Buffer.alloc(3 * mebi))
    assert.equal(await answerOn(socket), 'true')
  }
})

test('a body of nothing ends at once', async (t) => {
  const socket = await startServer(t, async (body) => {
    for await (const piece of body) return `${piece.length} bytes`
    return 'nothing'
  })
  socket.write(head(0))
  assert.equal(await answerOn(socket), 'nothing')
})

test('a client that leaves is a fault for the reader, behind what had come', { timeout: 10_000 }, async (t) => {
  let told: (what: string) => void = () => undefined
  const what = new Promise<string>((resolve) => {
    told = resolve
  })
  const socket = await startServer(t, async (body) => {
    let byteLength = 0
    try {
      for await (const piece of body) byteLength += piece.length
      told('an end')
    } catch {
      told(`${byteLength} bytes and a fault, drained: ${await body.drain()}`)
    }
    return ''
  })
  socket.write(head(1000))
  socket.write(Buffer.alloc(600))
  await delay(50)
  socket.destroy()
  assert.equal(await what, '600 bytes and a fault, drained: false')
})

test('a client that left before its body was looked at is a fault, too', { timeout: 10_000 }, async (t) => {
  const told = Promise.withResolvers<string>()
  const socket = await startServer(
    t,
    async (body) => {
      const read = await body[Symbol.asyncIterator]()
        .next()
        .then(
          () => 'a step',
          () => 'a fault',
        )
      told.resolve(`${read}, drained: ${await body.drain()}`)
      return ''
    },
    { lateMs: 200 },
  )
  socket.write(head(100_000))
  socket.write('abc')
  await delay(50)
  socket.destroy()
  assert.equal(await told.promise, 'a fault, drained: false')
})

test('a reader that was given up comes to its end when the rest is drained', { timeout: 10_000 }, async (t) => {
  const socket = await startServer(t, async (body) => {
    const left = body[Symbol.asyncIterator]().next()
    const ended = left.then(
      () => 'bytes',
      () => 'a fault',
    )
    const drained = body.drain()
    return `${await ended}, drained: ${await drained}`
  })
  socket.write(head(10))
  await delay(50)
  socket.write(Buffer.alloc(10))
  assert.equal(await answerOn(socket), 'a fault, drained: true')
})
