import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { testCaller } from '@instandt/testkit'
import { operations } from '../../openapi.ts'
import { startTestBackend, type TestBackend } from '../../test-backend.fixture.ts'
import type { Resource } from './describe-service.ts'
import { writeWadl } from './write-wadl.ts'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

const ask = (path: string, accept?: string): Promise<Response> =>
  fetch(backend.url + path, {
    method: 'OPTIONS',
    headers: { ...testCaller, ...(accept === undefined ? {} : { accept }) },
  })

test('the service says what it can do, as WADL unless JSON is asked for', async () => {
  for (const path of ['/dicom-web', '/dicom-web/', '/dicom-web/projects/default']) {
    const answer = await ask(path)
    assert.equal(answer.status, 200, path)
    assert.equal(answer.headers.get('content-type'), 'application/vnd.sun.wadl+xml')
    const xml = await answer.text()
    assert.match(xml, new RegExp(`<resources base="${backend.url}${path.replace(/\/$/, '')}">`))
    const open: string[] = []
    for (const [, end, name, , empty] of xml.matchAll(/<(\/?)(\w+)((?:\s[\w:]+="[^"<>]*")*)(\/?)>/g)) {
      if (end === '/') assert.equal(open.pop(), name)
      else if (empty === '') open.push(String(name))
    }
    assert.deepEqual(open, [])
    const ids = [...xml.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    assert.equal(new Set(ids).size, ids.length)
  }
  assert.equal((await ask('/dicom-web', 'text/html')).status, 406)
  assert.equal((await fetch(`${backend.url}/dicom-web`, { method: 'OPTIONS' })).status, 401)
})

test('every address with its media types is in it, every key with those of the levels above', async () => {
  const { base, resources } = (await (await ask('/dicom-web', 'application/json')).json()) as {
    base: string
    resources: Resource[]
  }
  assert.equal(base, `${backend.url}/dicom-web`)
  const said = resources.flatMap(({ path, methods }) => methods.map(({ name }) => `${name} /dicom-web${path}`))
  const known = Object.keys(operations).filter((key) => / \/dicom-web(?!\/projects\/)/.test(key))
  assert.deepEqual(said.toSorted(), known.toSorted())
  const queryOf = (path: string): string[] =>
    resources.find((one) => one.path === path)?.methods.find(({ name }) => name === 'GET')?.query ?? []
  assert.ok(queryOf('/studies').includes('PatientID') && !queryOf('/studies').includes('SOPClassUID'))
  assert.ok(queryOf('/studies/{study}/instances').includes('PatientID'))
  assert.deepEqual(queryOf('/studies/{study}/metadata'), ['accept'])
  const store = resources.find(({ path }) => path === '/studies')?.methods.find(({ name }) => name === 'POST')
  assert.deepEqual(store?.takes, ['multipart/related', 'application/dicom'])
})

test('a declared attribute is a key as soon as it is indexed', async () => {
  const keysOf = async (): Promise<number> =>
    (await (await ask('/dicom-web')).text()).match(/<param name="MaterialThickness" style="query"\/>/g)?.length ?? 0
  await backend.db.pool.query(
    `insert into search_attribute (name, path, vr, level, first_id, indexed_id, last_id, created_by)
     values ('MaterialThickness', '00140030', 'DS', 'series', 0, 0, 1, 'test')`,
  )
  assert.equal(await keysOf(), 0)
  await backend.db.pool.query(`update search_attribute set state = 'ready'`)
  // Series and instances, in the archive, in a study, in a series.
  assert.equal(await keysOf(), 5)
})

test('signs of XML in names are written as text', () => {
  const xml = writeWadl([{ path: '/a&b', methods: [] }], 'http://x/"><y')
  assert.ok(xml.includes('base="http://x/&quot;&gt;&lt;y"') && xml.includes('path="a&amp;b"'))
})
