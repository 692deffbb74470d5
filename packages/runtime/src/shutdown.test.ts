import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { closeServer } from './shutdown.ts'

/** Runs a program with these steps; `signal` is sent each time the program prints a line with `signal me`. */
async function runSteps(steps: string, signal: NodeJS.Signals, options = '{}') {
  const program = `
    import { createLogger } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)}
    import { onShutdown } from ${JSON.stringify(new URL('./shutdown.ts', import.meta.url).href)}
    import { setTimeout as sleep } from 'node:timers/promises'
    const say = (text) => process.stdout.write(text + '\\n')
    const log = createLogger({ name: 'x', destination: { write: () => undefined } })
    const shutDown = onShutdown(log, [${steps}], ${options})
    setInterval(() => undefined, 1000)
    say('signal me')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (chunk.toString().includes('signal me')) child.kill(signal)
  })
  const started = performance.now()
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output: output.replaceAll('signal me\n', ''), ms: performance.now() - started }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} runs the steps one after the other and exits 0`, async () => {
    const { code, output } = await runSteps(
      `{ name: 'a', run: async () => { say('a begins'); await sleep(50); say('a ends') } }, { name: 'b', run: () => say('b') }`,
      signal,
    )
    assert.equal(code, 0)
    assert.equal(output, 'a begins\na ends\nb\n')
  })
}

test('a failing step does not keep the others from running, and the exit code is 1', async () => {
  const { code, output } = await runSteps(
    `{ name: 'a', run: () => { throw new Error('no') } }, { name: 'b', run: () => say('b') }`,
    'SIGTERM',
  )
  assert.equal(code, 1)
  assert.equal(output, 'b\n')
})

test('a step that never ends is cut off by the time bound with exit code 1', async () => {
  const { code, ms } = await runSteps(
    `{ name: 'a', run: () => new Promise(() => undefined) }`,
    'SIGTERM',
    '{ timeoutMs: 200 }',
  )
  assert.equal(code, 1)
  assert.ok(ms < 5000)
})

test('before the first step it goes on for as long as it is told', async () => {
  const { code, output } = await runSteps(
    `{ name: 'a', run: () => say(performance.now() - told > 290 ? 'waited' : 'at once') }`,
    'SIGTERM',
    `{ delayMs: 300 }); let told = 0; process.prependListener('SIGTERM', () => { told = performance.now() }`,
  )
  assert.equal(code, 0)
  assert.equal(output, 'waited\n')
})

test('a second signal ends at once', async () => {
  const { code, output } = await runSteps(
    `{ name: 'a', run: async () => { say('signal me'); await sleep(20_000); say('too late') } }`,
    'SIGINT',
  )
  assert.equal(code, 130)
  assert.equal(output, '')
})

test('a connection that was busy when closing began does not hold the server up once it is answered', async () => {
  let answer: () => void = () => undefined
  const server = http.createServer(
    { keepAliveTimeout: 75_000 },
    (_request, response) => (answer = () => response.end('late')),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new http.Agent({ keepAlive: true })
  const { port } = server.address() as AddressInfo
  const request = http.get({ port, agent })
  await once(server, 'request')
  const closing = closeServer(server, async () => {
    server.close()
    await once(server, 'close')
  })
  answer()
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  response.resume()
  const started = performance.now()
  await closing
  agent.destroy()
  assert.equal(response.statusCode, 200)
  assert.ok(performance.now() - started < 5000)
})
