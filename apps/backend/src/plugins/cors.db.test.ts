import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { testCaller } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { configSchema } from '../config.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let open: TestBackend
let closed: TestBackend
const page = 'https://mes.example.com'
const series = `/dicom-web/studies/${uidOf('cors', 'study')}/series/${uidOf('cors', 'series')}`
const instance = `${series}/instances/${uidOf('cors', 'instance')}`
before(async () => {
  ;[open, closed] = await Promise.all([
    startTestBackend({ CORS_ORIGINS: [page, 'http://10.0.0.5:3000'] }),
    startTestBackend(),
  ])
  assert.equal((await open.stow([buildInstance({ seed: 'cors', image: { rows: 4, columns: 4 } })])).status, 200)
})
after(() => Promise.all([open.stop(), closed.stop()]))

const corsHeaders = ({ headers }: Response): string[] =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'))
const preflight = (backend: TestBackend, origin: string): Promise<Response> =>
  fetch(`${backend.url}/dicom-web/studies`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,range',
    },
  })

test('by default no page of another origin reads anything', async () => {
  assert.deepEqual(corsHeaders(await preflight(closed, page)), [])
  const answer = await fetch(`${closed.url}/dicom-web/studies`, { headers: { ...testCaller, origin: page } })
  assert.deepEqual(corsHeaders(answer), [])
  assert.equal(answer.headers.get('cross-origin-resource-policy'), 'same-origin')
})

test('a configured origin is answered by its name, without credentials, and every other one not at all', async () => {
  const asked = await preflight(open, page)
  assert.equal(asked.status, 204)
  assert.equal(asked.headers.get('access-control-allow-origin'), page)
  assert.match(asked.headers.get('access-control-allow-headers') ?? '', /authorization.*range/)
  for (const origin of [
    'https://mes.example.com:8443',
    'http://mes.example.com',
    'https://mes.example.com.evil.example',
    'https://x.mes.example.com',
    'https://MES.example.com',
    'null',
    '*',
  ])
    assert.deepEqual(corsHeaders(await preflight(open, origin)), [], origin)
  assert.equal(asked.headers.get('access-control-allow-credentials'), null)
})

test('answers say what they depend on, also streams, refusals and those to no page', async () => {
  for (const address of [instance, `${instance}/metadata`, '/dicom-web/studies', '/api/session'])
    for (const headers of [{ ...testCaller, origin: page }, { origin: page }, testCaller] as Record<string, string>[]) {
      const answer = await fetch(open.url + address, { headers })
      const words = `${address} ${Object.keys(headers).join()}`
      assert.equal(answer.status, headers['authorization'] === undefined ? 401 : 200, words)
      assert.match(answer.headers.get('vary') ?? '', /\bOrigin\b/, words)
      assert.equal(answer.headers.get('access-control-allow-origin'), headers['origin'] ?? null, words)
      assert.equal(answer.headers.get('access-control-allow-credentials'), null, words)
    }
  const streamed = await fetch(open.url + instance, { headers: { ...testCaller, origin: page } })
  assert.equal(streamed.headers.get('vary'), 'Origin, Accept')
  assert.match(streamed.headers.get('access-control-expose-headers') ?? '', /content-range/)
})

test('a change from a configured origin needs a token', async () => {
  const send = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${open.url}/dicom-web/studies`, {
      method: 'POST',
      headers: { origin: page, 'content-type': 'application/dicom', ...headers },
      body: buildInstance({ seed: 'cors 2', image: { rows: 4, columns: 4 } }) as Uint8Array<ArrayBuffer>,
    })
  assert.equal((await send({ cookie: 'instandt=x' })).status, 403)
  const stored = await send(testCaller)
  assert.equal(stored.status, 200)
  assert.equal(stored.headers.get('access-control-allow-origin'), page)
})

test('what is no origin ends the start', () => {
  const read = (text: string): boolean => configSchema.shape.CORS_ORIGINS.safeParse(text).success
  assert.deepEqual(['', page, `${page},http://10.0.0.5:3000`].map(read), [true, true, true])
  for (const text of [
    '*',
    'null',
    `${page}/`,
    `${page}/app`,
    'mes.example.com',
    'https://*.example.com/',
    'file:///x',
    `${page}:443`,
  ])
    assert.equal(read(text), false, text)
})
