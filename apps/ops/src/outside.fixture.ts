// For tests: what the world sees, over TLS, and what its name servers say.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { certificate, key } from './arm-server.fixture.ts'
import { startStage } from './ops.fixture.ts'

/** Front Door with both apps behind it, as far as a look from the outside goes. */
export async function startOutside(shown = { certificate, key }) {
  const outside = {
    url: '',
    /** Asked for each request; what is undefined is answered as it should be. */
    answer: (_path: string): number | undefined => undefined,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  const server = createServer({ cert: shown.certificate, key: shown.key }, (request, response) => {
    const path = request.url ?? '/'
    const wanted = path === '/' || path === '/health/live' ? 200 : 401
    response.writeHead(outside.answer(path) ?? wanted, { 'content-type': 'text/html' }).end('<html></html>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  outside.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  return outside
}

/** An installation that the world can see. */
export async function startOpenStage() {
  const outside = await startOutside()
  const stage = await startStage(outside.url)
  const stop = async (): Promise<void> => {
    await outside.stop()
    await stage.stop()
  }
  return { stage, outside, stop }
}

type Records = Record<string, { cname?: string; a?: string[] }>

/** A name server that knows these names and no others (RFC 1035 4). */
export async function startNames(records: Records) {
  const socket = createSocket('udp4')
  socket.on('message', (question, from) => {
    let at = 12
    const labels: string[] = []
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.subarray(at + 1, at + 1 + length).toString())
      at += length + 1
    }
    const type = question.readUInt16BE(at + 1)
    const known = records[labels.join('.')]
    const [cname, a] = [5, 1]
    const answers =
      type === cname && known?.cname !== undefined
        ? [encodeName(known.cname)]
        : type === a
          ? (known?.a ?? []).map((address) => Buffer.from(address.split('.').map(Number)))
          : []
    const header = Buffer.from(question.subarray(0, 12))
    header.writeUInt16BE(answers.length > 0 ? 0x8180 : 0x8183, 2)
    header.writeUInt16BE(answers.length, 6)
    header.writeUInt32BE(0, 8)
    const rows = answers.map((data) => {
      const row = Buffer.alloc(12)
      row.writeUInt16BE(0xc00c, 0)
      row.writeUInt16BE(type, 2)
      row.writeUInt16BE(1, 4)
      row.writeUInt32BE(60, 6)
      row.writeUInt16BE(data.length, 10)
      return Buffer.concat([row, data])
    })
    socket.send(Buffer.concat([header, question.subarray(12, at + 5), ...rows]), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    records,
    address: `127.0.0.1:${socket.address().port}`,
    stop: () => void socket.close(),
  }
}

const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ])
