import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { emptyDatabase, signedFetch, testCaller } from '@instandt/testkit'
import { openDb, closeDb } from '@instandt/db'
import { runMigrations } from '@instandt/migrate'
import { createLogger } from '@instandt/runtime'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import { buildApp } from './app.ts'
import { operations } from './openapi.ts'
import { addAccess } from './plugins/access.ts'
import { startTestBackend, type TestBackend } from './test-backend.fixture.ts'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

/** A request fetch would not send: foreign Host and Origin headers. */
function rawRequest(
  method: string,
  path: string,
  headers: http.OutgoingHttpHeaders,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = http.request(
      backend.url + path,
      { method, headers: { ...testCaller, ...headers }, agent: false },
      (answer) => {
        const pieces: Buffer[] = []
        answer.on('data', (piece: Buffer) => pieces.push(piece))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(pieces).toString() }))
      },
    )
    call.on('error', reject)
    call.end()
  })
}

test('every route declares a permission, or the start fails', async () => {
  const app = Fastify() as unknown as FastifyInstance
  addAccess(app, backend.deps)
  assert.throws(() => app.get('/open', async () => 'open'), /GET \/open declares no permission/)
})

test('a request whose permission was never checked has no scope', async () => {
  const app = Fastify()
  addAccess(app as unknown as FastifyInstance, backend.deps)
  app.get('/public', { config: { permission: 'public' } }, async (request) => request.scope.actor)
  const answer = await app.inject('/public')
  assert.equal(answer.statusCode, 403)
  await app.close()
})

test('OpenAPI names every route of the interfaces, and no other', async () => {
  const served = new Set<string>()
  const app = await buildApp(backend.deps, {
    onRoute: ({ method, url }) => {
      // HEAD is GET without a body; the routes of health are for the platform, not for callers.
      if (method !== 'HEAD' && !url.startsWith('/health/')) served.add(`${method} ${url}`)
    },
  })
  await app.ready()
  const described = Object.keys(operations).map((key) =>
    key
      .replace(/\/frames\/\{frames\}$/, '/frames/*')
      .replace('/bulkdata/{path}', '/bulkdata/*')
      .replace(/\{(\w+)\}/g, ':$1'),
  )
  assert.deepEqual(described.toSorted(), [...served].toSorted())
  await app.close()
})

test('foreign host names and state-changing requests from other origins are refused', async () => {
  assert.equal((await rawRequest('GET', '/api/session', { host: 'evil.example' })).status, 421)
  assert.equal((await rawRequest('GET', '/api/session', { host: 'localhost:1234' })).status, 200)
  assert.equal(
    (
      await rawRequest('POST', '/dicom-web/studies', {
        origin: 'https://evil.example',
        'content-type': 'application/dicom',
      })
    ).status,
    403,
  )
  assert.equal(
    (
      await rawRequest('POST', '/dicom-web/studies', {
        'sec-fetch-site': 'cross-site',
        'content-type': 'application/dicom',
      })
    ).status,
    403,
  )
})

test('every error is problem+json with the request id of its header', async () => {
  for (const path of [
    '/nowhere',
    '/api/inspections/1.2.3',
    '/api/inspections?limit=x',
    '/dicom-web/studies?StudyDate=x',
    '/%zz',
  ]) {
    const answer = await backend.get(path, { 'x-request-id': 'trace-1' })
    assert.ok(answer.status >= 400 && answer.status < 500, path)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, path)
    const problem = (await answer.json()) as { requestId: string; status: number; code: string }
    assert.deepEqual([problem.requestId, problem.status], ['trace-1', answer.status], path)
    assert.equal(answer.headers.get('x-request-id'), 'trace-1', path)
  }
  const odd = await backend.get('/nowhere', { 'x-request-id': '<script>' })
  assert.notEqual(odd.headers.get('x-request-id'), '<script>')
})

test('a method that an address does not have is 405 and names those it has', async () => {
  const study = '/dicom-web/studies/1.2.3'
  for (const [method, path, allowed] of [
    ['PUT', '/dicom-web/studies', ['GET', 'HEAD', 'POST']],
    ['DELETE', `${study}?x=y`, ['GET', 'HEAD', 'POST']],
    ['POST', `${study}/series/1/instances/2/frames/1,2`, ['GET', 'HEAD']],
    ['POST', '/api/session', ['GET', 'HEAD']],
  ] as const) {
    const answer = await signedFetch(backend.url + path, { method })
    assert.equal(answer.status, 405, path)
    assert.deepEqual(answer.headers.get('allow')?.split(', ').toSorted(), allowed, path)
    assert.equal(((await answer.json()) as { code: string }).code, 'method-not-allowed')
  }
  assert.equal((await fetch(`${backend.url}/dicom-web/nothing`, { method: 'PUT' })).status, 404)
})

test('on an older schema everything is 503 with the reason, until the migration job has run', async () => {
  const empty = await emptyDatabase()
  const db = openDb({ connectionString: empty.adminUrl })
  const app = await buildApp({ ...backend.deps, db })
  try {
    const ready = await app.inject('/health/ready')
    assert.equal(ready.statusCode, 503)
    assert.match(ready.body, /run the migration job/)
    assert.equal((await app.inject('/api/session')).statusCode, 503)
    assert.equal((await app.inject('/health/live')).statusCode, 200)
    await runMigrations(
      { databaseUrl: empty.adminUrl, appRole: 'instandt_app', appRolePassword: 'only-for-tests-instandt' },
      createLogger({ name: 'test', level: 'fatal' }),
    )
    await new Promise((resolve) => setTimeout(resolve, 1100))
    assert.equal((await app.inject('/health/ready')).statusCode, 200)
    assert.equal((await app.inject('/api/session')).statusCode, 401)
  } finally {
    await app.close()
    await closeDb(db)
    await empty.stop()
  }
})

test('without the database answers are 503 with Retry-After', async () => {
  const db = openDb({ connectionString: 'postgres://nobody:x@127.0.0.1:1/none', connectTimeoutMs: 500 })
  const app = await buildApp({ ...backend.deps, db })
  const answer = await app.inject('/api/inspections')
  assert.equal(answer.statusCode, 503)
  assert.ok(answer.headers['retry-after'])
  assert.equal((await app.inject('/health/ready')).statusCode, 503)
  await app.close()
  await closeDb(db)
})

test('connections cut by the database are replaced', async () => {
  assert.equal((await backend.get('/api/session')).status, 200)
  const admin = openDb({ connectionString: backend.database.adminUrl })
  await admin.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  )
  await closeDb(admin)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal((await backend.get('/api/inspections')).status, 200)
})
