import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createLogger } from './logger.ts'
import { type Operation, startTelemetry } from './telemetry.ts'

const log = createLogger({ name: 'test', level: 'silent' })

/** Takes what an OTLP agent takes over gRPC and keeps the messages as they come. */
async function startAgent() {
  const received: { path: string; text: string }[] = []
  const server = http2.createServer()
  server.on('stream', (stream, headers) => {
    const pieces: Buffer[] = []
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    stream.on('end', () => {
      received.push({ path: String(headers[':path']), text: Buffer.concat(pieces).toString('latin1') })
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      // An empty answer: no compression, length 0.
      stream.end(Buffer.alloc(5))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    received,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => server.close(),
  }
}

const operation = (change: Partial<Operation>): Operation => ({
  kind: 'request',
  name: 'GET /dicom-web/studies',
  startedAt: Date.now() - 20,
  duration: 20,
  attributes: { 'http.response.status_code': 200 },
  hasFailed: false,
  ...change,
})

test('operations reach the agent under the name of their route and the trace of their caller', async () => {
  const agent = await startAgent()
  const telemetry = await startTelemetry({ name: 'backend', version: '1.4.0', endpoint: agent.endpoint, share: 1 }, log)
  telemetry.record(operation({ traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` }))
  await telemetry.stop()
  agent.stop()
  const [message] = agent.received
  assert.equal(message?.path, '/opentelemetry.proto.collector.trace.v1.TraceService/Export')
  for (const word of ['GET /dicom-web/studies', 'service.name', 'backend', '1.4.0', '\xab'.repeat(16)])
    assert.ok(message.text.includes(word), word)
})

test('of a share of nothing the failures are still sent', async () => {
  const agent = await startAgent()
  const telemetry = await startTelemetry(
    { name: 'worker', version: undefined, endpoint: agent.endpoint, share: 0 },
    log,
  )
  telemetry.record(operation({ name: 'went well' }))
  telemetry.record(operation({ name: 'sweep-orphans', kind: 'job', hasFailed: true }))
  await telemetry.stop()
  agent.stop()
  const text = agent.received.map((one) => one.text).join('')
  assert.ok(text.includes('sweep-orphans') && !text.includes('went well'), text)
})

test('an agent that is away holds nothing up', { timeout: 20_000 }, async () => {
  const telemetry = await startTelemetry(
    { name: 'backend', version: undefined, endpoint: 'http://127.0.0.1:9', share: 1 },
    log,
  )
  const started = performance.now()
  telemetry.record(operation({}))
  await telemetry.stop()
  assert.ok(performance.now() - started < 6000)
})
