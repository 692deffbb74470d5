// What an attacker would try: none gets in, and none makes the server fail.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, test } from 'node:test'
import { createKeySource } from './secrets/keys.ts'
import { testCaller, testKeys } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { searchKeys } from './dicomweb/qido/search-keys.ts'
import { safeReturnPath } from './identity/addresses.ts'
import { createSecretBox } from './identity/secret-box.ts'
import { addPerson, addProject, goodPassword, sessionHeaders, tokenHeaders } from './identity.fixture.ts'
import { startTestBackend, type TestBackend } from './test-backend.fixture.ts'

let backend: TestBackend
let inner: TestBackend
let session: Record<string, string>
let other: Record<string, string>
const study = uidOf('hostile', 'study')
const frontDoorId = '0f0e0d0c-1111-4222-8333-444455556666'

before(async () => {
  backend = await startTestBackend()
  inner = await startTestBackend({
    PUBLIC_URL: 'https://ndt.example.com',
    FRONT_DOOR_ID: frontDoorId,
    CORS_ORIGINS: ['https://mes.example.com'],
  })
  await addProject(backend.db, 'secret-project')
  const { id } = await addPerson(backend.db, { memberships: { default: 'level-iii' } })
  session = await sessionHeaders(backend.db, id, backend.url)
  other = await tokenHeaders(backend.db, 'level-iii', ['secret-project'])
  assert.equal(
    (await backend.stow([buildInstance({ seed: 'h', studyInstanceUid: study, image: { rows: 4, columns: 4 } })]))
      .status,
    200,
  )
})
after(async () => {
  await backend.stop()
  await inner.stop()
})

interface Answer {
  status: number
  text: string
  headers: Headers
}

async function call(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string | Uint8Array,
): Promise<Answer> {
  const answer = await fetch(backend.url + path, {
    method,
    headers,
    redirect: 'manual',
    ...(body === undefined ? {} : { body: body as string }),
  })
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}
const json = { 'content-type': 'application/json' }
const post = (path: string, headers: Record<string, string>, body: unknown): Promise<Answer> =>
  call('POST', path, { ...json, ...headers }, JSON.stringify(body))

/** Bytes as no well-behaved client sends them; the status of each answer on the connection. */
async function raw(text: string, to: TestBackend = backend): Promise<{ statuses: number[]; text: string }> {
  const socket = net.connect(Number(new URL(to.url).port), '127.0.0.1')
  await once(socket, 'connect')
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
  socket.on('error', () => undefined)
  socket.write(text, 'latin1')
  const closed = once(socket, 'close')
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 400))])
  socket.destroy()
  return { statuses: [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1])), text: answer }
}
const auth = `Authorization: ${testCaller.authorization}\r\n`

/** Refused, and not by falling over. */
function refused({ status, text }: { status: number; text: string }, ...allowed: number[]): void {
  assert.ok(allowed.includes(status), `${status} ${text.slice(0, 300)}`)
}

const rename = (headers: Record<string, string>): Promise<Answer> =>
  call('PATCH', '/api/profile', { ...json, ...headers }, '{"name":"Hijacked"}')

const cases: Record<string, () => Promise<void>> = {
  'CSRF: a form of another site': async () =>
    refused(await rename({ ...session, origin: 'https://evil.example' }), 403),
  'CSRF: a sandboxed frame (origin null)': async () => refused(await rename({ ...session, origin: 'null' }), 403),
  'CSRF: no origin at all': async () => refused(await rename({ cookie: session['cookie'] ?? '' }), 403),
  'CSRF: another port of this machine': async () =>
    refused(await rename({ ...session, origin: 'http://127.0.0.1:1' }), 403),
  'CSRF: the same host over another scheme': async () =>
    refused(await rename({ ...session, origin: backend.url.replace('http', 'https') }), 403),
  'CSRF: cross-site by its own words': async () =>
    refused(await rename({ cookie: session['cookie'] ?? '', 'sec-fetch-site': 'cross-site' }), 403),
  'CSRF: same-site is not same-origin': async () =>
    refused(await rename({ cookie: session['cookie'] ?? '', 'sec-fetch-site': 'same-site' }), 403),
  'CSRF: JSON dressed as a plain form': async () =>
    refused(await call('PATCH', '/api/profile', { ...session, 'content-type': 'text/plain' }, '{"name":"x"}'), 415),
  'CSRF: an upload by cookie from another site': async () =>
    refused(
      await call(
        'POST',
        '/dicom-web/studies',
        { ...session, origin: 'https://evil.example', 'content-type': 'application/dicom' },
        'x',
      ),
      403,
    ),
  'CSRF: signing the victim in as somebody else': async () =>
    refused(
      await post('/api/sign-in', { origin: 'https://evil.example' }, { email: 'a@b.example', password: 'x' }),
      403,
    ),
  'session: a made-up cookie': async () =>
    refused(await call('GET', '/api/session', { cookie: `instandt=${'A'.repeat(43)}` }), 401),
  'session: a second cookie planted beside ours': async () =>
    refused(await call('GET', '/api/session', { cookie: `instandt=planted; ${session['cookie']}` }), 401),
  'session: SQL in the cookie': async () =>
    refused(await call('GET', '/api/session', { cookie: `instandt=' or '1'='1` }), 401),
  'session: the hash of a session instead of its secret': async () => {
    const { rows } = await backend.db.pool.query<{ hash: string }>(
      `select encode(token_hash, 'hex') as hash from session`,
    )
    for (const { hash } of rows) refused(await call('GET', '/api/session', { cookie: `instandt=${hash}` }), 401)
  },
  'session: fixation by a cookie set before signing in': async () => {
    const { email } = await addPerson(backend.db)
    const answer = await post(
      '/api/sign-in',
      { origin: backend.url, cookie: 'instandt=chosen-by-attacker' },
      { email, password: goodPassword },
    )
    assert.equal(answer.status, 200)
    assert.doesNotMatch(answer.headers.get('set-cookie') ?? '', /chosen/)
    refused(await call('GET', '/api/session', { cookie: 'instandt=chosen-by-attacker' }), 401)
  },
  'session: another person’s session ended by its id': async () => {
    const victim = await addPerson(backend.db)
    await sessionHeaders(backend.db, victim.id, backend.url)
    const { rows } = await backend.db.pool.query<{ id: string }>('select id from session where account_id = $1', [
      victim.id,
    ])
    refused(await call('DELETE', `/api/profile/sessions/${rows[0]?.id}`, session), 404)
  },
  'redirect: addresses of others as places to return to': async () => {
    for (const to of [
      'https://evil.example',
      '//evil.example',
      '/\\evil',
      '/%5c%5cevil/..//x',
      '/\t/evil.example',
      'javascript:alert(1)',
      '/./..//evil.example',
      ['/a'],
      '/a\u0000',
      '',
    ])
      assert.match(safeReturnPath(to), /^\/(?![/\\])/, String(to))
  },
  'redirect: a state sealed by somebody else': async () => {
    const stranger = createSecretBox(createKeySource(() => Promise.resolve(testKeys.replace('B', 'C')), Infinity))
    const sealed = await stranger.seal('entra-state', '{}')
    refused(
      await call('GET', '/api/sign-in/entra/callback?code=x&state=y', { cookie: `instandt-entra=${sealed}` }),
      404,
    )
  },
  'smuggling: both Content-Length and Transfer-Encoding': async () => {
    const { statuses } = await raw(
      `POST /api/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n${auth}\r\n`,
    )
    assert.ok(!statuses.includes(200), statuses.join())
  },
  'smuggling: two lengths': async () => {
    const { statuses } = await raw(
      `POST /api/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nContent-Length: 80\r\n\r\nGET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n${auth}\r\n`,
    )
    assert.deepEqual(statuses, [400])
  },
  'smuggling: a disguised Transfer-Encoding': async () => {
    const { statuses } = await raw(
      `POST /api/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\nGET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n${auth}\r\n`,
    )
    assert.ok(!statuses.includes(200), statuses.join())
  },
  'smuggling: a line feed alone ends no header': async () => {
    const { statuses } = await raw(`GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\nX: y\r\n\r\n`)
    assert.ok(
      statuses.every((status) => status === 400 || status === 401),
      statuses.join(),
    )
  },
  'smuggling: a header name with a blank before the colon': async () => {
    const { statuses } = await raw(
      `GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization : ${testCaller.authorization}\r\n\r\n`,
    )
    assert.ok(!statuses.includes(200), statuses.join())
  },
  'headers: X-Forwarded-Host and -Proto make no address of ours': async () => {
    const { text } = await call('GET', `/dicom-web/studies?StudyInstanceUID=${study}`, {
      ...testCaller,
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    })
    assert.doesNotMatch(text, /evil/)
    assert.match(text, /http:\/\/127\.0\.0\.1/)
  },
  'headers: X-Forwarded-For from no proxy of ours is not who asks': async () => {
    await post(
      '/api/sign-in',
      { origin: backend.url, 'x-forwarded-for': '6.6.6.6' },
      { email: 'x@y.example', password: 'x' },
    )
    const { rows } = await backend.db.pool.query(`select 1 from audit_event where address = '6.6.6.6'`)
    assert.equal(rows.length, 0)
  },
  'headers: X-Forwarded-For of a proxy of ours is who asks': async () => {
    const behind = await startTestBackend({ TRUSTED_PROXIES: ['127.0.0.1'] })
    try {
      const body = JSON.stringify({ email: 'x@y.example', password: 'x' })
      const headers = { ...json, origin: behind.url, 'x-forwarded-for': '6.6.6.6, 10.1.2.3' }
      await fetch(`${behind.url}/api/sign-in`, { method: 'POST', headers, body })
      const { rows } = await behind.db.pool.query('select address from audit_event')
      // What the proxy itself saw, not what the client put in front of it.
      assert.deepEqual(rows, [{ address: '10.1.2.3' }])
    } finally {
      await behind.stop()
    }
  },
  'headers: another address or method in a header changes nothing': async () => {
    refused(
      await call('GET', '/api/nowhere', {
        ...testCaller,
        'x-original-url': '/api/session',
        'x-rewrite-url': '/api/session',
      }),
      404,
    )
    const { status } = await call('GET', '/api/session', { ...testCaller, 'x-http-method-override': 'DELETE' })
    assert.equal(status, 200)
  },
  'host: a foreign name': async () => {
    assert.deepEqual((await raw(`GET /api/session HTTP/1.1\r\nHost: evil.example\r\n${auth}\r\n`)).statuses, [421])
  },
  'host: no name': async () => {
    const { statuses } = await raw(`GET /api/session HTTP/1.1\r\n${auth}\r\n`)
    assert.deepEqual(statuses, [400])
  },
  'host: a name that only begins like ours': async () => {
    assert.deepEqual(
      (await raw(`GET /api/session HTTP/1.1\r\nHost: localhost.evil.example\r\n${auth}\r\n`)).statuses,
      [421],
    )
  },
  'host: a name inside the link of a password reset': async () => {
    const answer = await raw(
      `POST /api/links/request-reset HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
    )
    assert.deepEqual(answer.statuses, [421])
  },
  'paths: out of the store by a UID': async () => {
    for (const uid of [
      '..%2f..%2f..%2fetc%2fpasswd',
      '....%2f%2f',
      '.%2e%2f.%2e%2f',
      '%00',
      '..%5c..%5c',
      '%c0%ae%c0%ae',
      '1.2%0d%0aX:y',
      '9'.repeat(256),
    ])
      for (const path of [
        `/dicom-web/studies/${uid}`,
        `/dicom-web/studies/${study}/series/${uid}/metadata`,
        `/api/inspections/${uid}`,
      ])
        refused(await call('GET', path, testCaller), 400, 404)
  },
  'paths: out of the store by bulk data and frames': async () => {
    const base = `/dicom-web/studies/${study}/series/1/instances/2`
    for (const path of [
      '/bulkdata/../../../etc/passwd',
      '/bulkdata/%2e%2e/x',
      '/frames/../1',
      '/frames/-1',
      '/frames/1;drop',
      '/frames/99999999999',
    ])
      refused(await call('GET', base + path, testCaller), 400, 404)
  },
  'paths: out of a project by its short name': async () => {
    for (const slug of ['default%2f..%2fsecret-project', '%00', "x'%20or%201=1", 'SECRET-PROJECT', '*', '%'])
      refused(await call('GET', `/dicom-web/projects/${slug}/studies`, testCaller), 400, 404)
  },
  'size: a header of 20 KB': async () => {
    refused(
      {
        ...(await raw(`GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)),
        status: 431,
      },
      431,
    )
    assert.deepEqual(
      (await raw(`GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)).statuses,
      [431],
    )
  },
  'size: an address of 20 KB': async () => {
    const { statuses } = await raw(
      `GET /api/inspections?q=${'a'.repeat(20_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n${auth}\r\n`,
    )
    assert.ok(
      statuses.every((status) => status === 431 || status === 414),
      statuses.join(),
    )
    assert.ok(statuses.length > 0)
  },
  'size: two thousand headers': async () => {
    const { statuses } = await raw(`GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n${'a: b\r\n'.repeat(4000)}\r\n`)
    assert.deepEqual(statuses, [431])
  },
  'size: a form of 2 MB': async () =>
    refused(
      await post('/api/sign-in', { origin: backend.url }, { email: 'a@b.example', password: 'x'.repeat(2_000_000) }),
      413,
    ),
  'size: a password of a megabyte is not hashed': async () =>
    refused(
      await post('/api/sign-in', { origin: backend.url }, { email: 'a@b.example', password: 'x'.repeat(900_000) }),
      400,
    ),
  'size: JSON ten thousand levels deep': async () =>
    refused(
      await call('POST', '/api/sign-in', { ...json, origin: backend.url }, '['.repeat(10_000) + ']'.repeat(10_000)),
      400,
    ),
  'JSON: __proto__ and constructor': async () => {
    refused(
      await call('POST', '/api/sign-in', { ...json, origin: backend.url }, '{"__proto__":{"isAdministrator":true}}'),
      400,
    )
    refused(
      await call('POST', '/api/sign-in', { ...json, origin: backend.url }, '{"constructor":{"prototype":{}}}'),
      400,
    )
  },
  'JSON: rights slipped into one’s own profile': async () =>
    refused(await call('PATCH', '/api/profile', { ...json, ...session }, '{"name":"x","isAdministrator":true}'), 400),
  'JSON: NUL in names and words': async () => {
    refused(
      await post('/api/sign-in', { origin: backend.url }, { email: 'a\u0000@b.example', password: 'x' }),
      401,
      400,
    )
    const { status } = await call('GET', '/api/inspections?q=%00', testCaller)
    assert.ok(status < 500, String(status))
  },
  'token: of another project': async () => {
    refused(await call('GET', `/dicom-web/studies/${study}`, other), 404)
    refused(await call('GET', `/api/inspections/${study}`, other), 404)
    refused(await call('GET', '/dicom-web/projects/default/studies', other), 404)
    const { status, text } = await call('GET', `/dicom-web/instances?StudyInstanceUID=${study}`, other)
    assert.deepEqual([status, text], [204, ''])
  },
  'token: garbage in every shape': async () => {
    for (const authorization of [
      'Bearer',
      'Bearer ',
      'Bearer x',
      'Basic YTpi',
      `Bearer ndt_${'A'.repeat(43)}`,
      `Bearer ${'a'.repeat(9000)}`,
      "Bearer ndt_' or '1'='1",
      'bearer a.b.c',
      'Bearer eyJhbGciOiJub25lIn0.e30.',
    ])
      refused(await call('GET', '/api/session', { authorization }), 401)
  },
  'token: a bad one is not covered by a good cookie': async () =>
    refused(await call('GET', '/api/session', { cookie: session['cookie'] ?? '', authorization: 'Bearer ndt_x' }), 401),
  'token: in the address': async () =>
    refused(await call('GET', `/api/session?access_token=${testCaller.authorization.slice(7)}`, {}), 401),
  'token: another person’s revoked by its id': async () => {
    const { rows } = await backend.db.pool.query<{ id: string }>(
      'select id from api_token where owner_id is null limit 1',
    )
    refused(await call('DELETE', `/api/profile/tokens/${rows[0]?.id}`, session), 404)
  },
  'rights: a Level III makes no administrator and enters no other project': async () => {
    const { id } = await addPerson(backend.db)
    refused(await call('PATCH', `/api/users/${id}`, { ...json, ...session }, '{"isAdministrator":true}'), 403)
    refused(
      await call('PUT', `/api/projects/secret-project/members/${id}`, { ...json, ...session }, '{"role":"viewer"}'),
      404,
    )
    refused(await post('/api/invitations', session, { email: 'friend@evil.example', isAdministrator: true }), 403)
    refused(await post('/api/tokens', session, { name: 'x', role: 'reader', projects: ['secret-project'] }), 403)
  },
  'rights: a role that does not exist': async () =>
    refused(
      await call(
        'PUT',
        `/api/projects/default/members/${(await addPerson(backend.db)).id}`,
        { ...json, ...session },
        '{"role":"administrator"}',
      ),
      400,
    ),
  'enumeration: a reset tells nothing': async () => {
    const { email } = await addPerson(backend.db)
    const answers = await Promise.all(
      [email, 'nobody@shop.example'].map((one) =>
        post('/api/links/request-reset', { origin: backend.url }, { email: one }),
      ),
    )
    assert.deepEqual(
      answers.map(({ status, text }) => [status, text])[0],
      answers.map(({ status, text }) => [status, text])[1],
    )
  },
  'enumeration: a half session says nothing of its account': async () => {
    const answer = await post(
      '/api/sign-in/second-factor',
      { origin: backend.url, cookie: 'instandt=x' },
      { code: '123456' },
    )
    refused(answer, 401)
    assert.doesNotMatch(answer.text, /@/)
  },
  'brute force: passwords of one account': async () => {
    const { email } = await addPerson(backend.db)
    const statuses: number[] = []
    for (let attempt = 0; attempt < 8; attempt += 1)
      statuses.push(
        (await post('/api/sign-in', { origin: backend.url }, { email, password: `guess number ${attempt}` })).status,
      )
    assert.deepEqual(statuses.slice(5), [429, 429, 429])
    await backend.db.pool.query('delete from sign_in_throttle')
  },
  'methods: TRACE, CONNECT and made-up ones': async () => {
    for (const method of ['TRACE', 'CONNECT', 'BREW', 'PROPFIND']) {
      const { statuses } = await raw(`${method} /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n${auth}\r\n`)
      assert.ok(
        statuses.every((status) => status >= 400 && status < 500),
        `${method} ${statuses.join()}`,
      )
    }
  },
  'answers: no frame, no sniffing, no script': async () => {
    const { headers } = await call('GET', '/api/session', testCaller)
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.equal(headers.get('access-control-allow-origin'), null)
  },
  'CORS: an origin that is not configured': async () => {
    const answer = await fetch(`${inner.url}/api/session`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET', 'x-azure-fdid': frontDoorId },
    })
    assert.equal(answer.headers.get('access-control-allow-origin'), null)
  },
  'CORS: a configured origin gets no cookie’s power': async () => {
    const headers = { origin: 'https://mes.example.com', 'x-azure-fdid': frontDoorId }
    const preflight = await fetch(`${inner.url}/api/profile`, {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'PATCH' },
    })
    assert.deepEqual(
      [
        preflight.status,
        preflight.headers.get('access-control-allow-origin'),
        preflight.headers.get('access-control-allow-credentials'),
      ],
      [204, 'https://mes.example.com', null],
    )
    const { id } = await addPerson(inner.db)
    const { cookie } = await sessionHeaders(inner.db, id, '')
    const answer = await fetch(`${inner.url}/api/profile`, {
      method: 'PATCH',
      headers: { ...headers, ...json, cookie: `__Host-${cookie}` },
      body: '{"name":"x"}',
    })
    assert.equal(answer.status, 403)
  },
  'Front Door: going around it, or through another one': async () => {
    for (const id of [undefined, '00000000-0000-4000-8000-000000000000', 'é', `${frontDoorId}x`]) {
      const { statuses } = await raw(
        `GET /api/sign-in/options HTTP/1.1\r\nHost: ndt.example.com\r\n${id === undefined ? '' : `X-Azure-FDID: ${id}\r\n`}\r\n`,
        inner,
      )
      assert.deepEqual(statuses, [403], String(id))
    }
    assert.deepEqual(
      (
        await raw(
          `GET /api/sign-in/options HTTP/1.1\r\nHost: inner.azure\r\nX-Azure-FDID: ${frontDoorId}\r\n\r\n`,
          inner,
        )
      ).statuses,
      [200],
    )
    assert.deepEqual((await raw('GET /health/live HTTP/1.1\r\nHost: 10.0.0.4\r\n\r\n', inner)).statuses, [200])
    assert.deepEqual((await raw('GET /health/ready HTTP/1.1\r\nHost: 10.0.0.4\r\n\r\n', inner)).statuses, [200])
    assert.deepEqual(
      (await raw(`GET /health/ready HTTP/1.1\r\nHost: x\r\nX-Azure-FDID: ${frontDoorId}\r\n\r\n`, inner)).statuses,
      [404],
    )
  },
  'Front Door: it says who asks; without one nobody’s word counts': async () => {
    const body = JSON.stringify({ email: 'seen@y.example', password: 'x' })
    const headers = { ...json, 'x-azure-socketip': '6.6.6.7', 'x-forwarded-for': '7.7.7.7' }
    const ours = { ...headers, origin: 'https://ndt.example.com', 'x-azure-fdid': frontDoorId }
    await fetch(`${inner.url}/api/sign-in`, { method: 'POST', headers: ours, body })
    await fetch(`${backend.url}/api/sign-in`, { method: 'POST', headers: { ...headers, origin: backend.url }, body })
    const seen = `select distinct address from audit_event where actor_name = 'seen@y.example'`
    assert.deepEqual((await inner.db.pool.query(seen)).rows, [{ address: '6.6.6.7' }])
    assert.deepEqual((await backend.db.pool.query(seen)).rows, [{ address: '127.0.0.1' }])
  },
  'TLS: cookies bear __Host- and Secure, and browsers stay with https': async () => {
    const { email } = await addPerson(inner.db)
    const answer = await fetch(`${inner.url}/api/sign-in`, {
      method: 'POST',
      headers: { ...json, origin: 'https://ndt.example.com', 'x-azure-fdid': frontDoorId },
      body: JSON.stringify({ email, password: goodPassword }),
    })
    assert.match(
      answer.headers.get('set-cookie') ?? '',
      /^__Host-instandt=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure/,
    )
    assert.match(answer.headers.get('strict-transport-security') ?? '', /max-age=\d{8}/)
  },
  'limits: one caller’s flood is answered with Retry-After': async () => {
    const narrow = await startTestBackend({ RATE_LIMIT_PER_MINUTE: 10 })
    try {
      const answers = []
      for (let count = 0; count < 12; count += 1) answers.push(await narrow.get('/api/session'))
      assert.deepEqual(answers.map((answer) => answer.status).slice(9), [200, 429, 429])
      assert.ok(Number(answers[11]?.headers.get('retry-after')) > 0)
      assert.match(answers[11]?.headers.get('content-type') ?? '', /problem\+json/)
    } finally {
      await narrow.stop()
    }
  },
}

for (const [name, attempt] of Object.entries(cases)) test(name, attempt)

for (const { keyword } of searchKeys) {
  test(`SQL in ${keyword} finds nothing and breaks nothing`, async () => {
    for (const value of [
      `' or '1'='1`,
      `x'; drop table study; --`,
      `%' union select secret --`,
      `\\`,
      `%%%`,
      `_`,
      `$1`,
      `\u0000`,
      `*' or true --*`,
    ]) {
      for (const level of ['studies', 'series', 'instances']) {
        const { status, text } = await call(
          'GET',
          `/dicom-web/${level}?${keyword}=${encodeURIComponent(value)}`,
          testCaller,
        )
        assert.ok([200, 204, 400].includes(status), `${level} ${value}: ${status} ${text.slice(0, 200)}`)
        // A key that the level does not have is passed over with a warning, which finds everything.
        if (status === 200) assert.ok(text.length < 20_000)
      }
    }
    const { rows } = await backend.db.pool.query<{ count: number }>('select count(*)::integer as count from study')
    assert.equal(rows[0]?.count, 1)
  })
}
