// Accounts with passwords, as a browser uses them: first administrator, invitation, second factor, reset, throttling.
import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { Secret, TOTP } from 'otpauth'
import { addPerson, goodPassword, sessionHeaders } from '../identity.fixture.ts'
import { createMailer } from '../identity/mail.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { firstAdministrator } from './first-administrator.ts'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

interface Answer {
  status: number
  body: Record<string, unknown>
  /** Cookie header of the session that the answer set. */
  cookie: string | undefined
  headers: Headers
}

async function call(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(backend.url + path, {
    method,
    headers: { origin: backend.url, ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  const set = answer.headers.getSetCookie().find((line) => line.startsWith('instandt='))
  return {
    status: answer.status,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    cookie: set?.split(';', 1)[0],
    headers: answer.headers,
  }
}
const post = (path: string, body: object, headers?: Record<string, string>): Promise<Answer> =>
  call('POST', path, body, headers)
const isSignedIn = async (cookie: string | undefined): Promise<boolean> =>
  (await call('GET', '/api/session', undefined, { cookie: cookie ?? '' })).status === 200
const secretOf = (link: unknown): string => new URL(String(link)).hash.slice(1)
const codeOf = (secret: string, timestamp = Date.now()): string =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp })
const lastActions = async (count: number): Promise<string[]> =>
  (
    await backend.db.pool.query<{ line: string }>(
      `select action || ' ' || result as line from audit_event order by id desc limit ${count}`,
    )
  ).rows.map((row) => row.line)

test('the first administrator is made by a link that is good once, and weak passwords are refused', async () => {
  assert.equal((await call('GET', '/api/sign-in/options')).body['isSetUp'], false)
  const link = await firstAdministrator(backend.deps, backend.url)
  const second = await firstAdministrator(backend.deps, backend.url)
  const token = secretOf(link)
  assert.equal((await post('/api/links/look', { token })).body['kind'], 'setup')
  const setup = { token, name: 'Petra Weber', email: 'Petra@Shop.example', password: 'short' }
  assert.equal((await post('/api/setup', setup)).status, 422)
  const made = await post('/api/setup', { ...setup, password: goodPassword })
  assert.equal(made.status, 200)
  assert.ok(await isSignedIn(made.cookie))
  assert.equal((await call('GET', '/api/sign-in/options')).body['isSetUp'], true)
  for (const used of [token, secretOf(second)]) {
    assert.equal(
      (await post('/api/setup', { ...setup, token: used, email: 'x@y.example', password: goodPassword })).status,
      410,
    )
  }
  assert.equal(await firstAdministrator(backend.deps, backend.url), undefined)
  assert.deepEqual(await lastActions(2), ['account.set-up done', 'account.create done'])
})

test('of two set-ups at once one is the administrator', async () => {
  const other = await startTestBackend()
  try {
    const links = await Promise.all([1, 2].map(() => firstAdministrator(other.deps, other.url)))
    const answers = await Promise.all(
      links.map((link, index) =>
        fetch(`${other.url}/api/setup`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: other.url },
          body: JSON.stringify({
            token: secretOf(link),
            name: 'First',
            email: `first${index}@shop.example`,
            password: goodPassword,
          }),
        }).then((answer) => answer.status),
      ),
    )
    assert.deepEqual(
      answers.toSorted((a, b) => a - b),
      [200, 410],
    )
  } finally {
    await other.stop()
  }
})

test('an unattended set-up makes the administrator of the variables once', async () => {
  const settings = { FIRST_ADMIN_EMAIL: 'ops@shop.example', FIRST_ADMIN_PASSWORD: goodPassword }
  const other = await startTestBackend(settings)
  try {
    assert.equal(await firstAdministrator(other.deps, other.url), undefined)
    await firstAdministrator(other.deps, other.url)
    const { rows } = await other.db.pool.query('select email, is_administrator from account')
    assert.deepEqual(rows, [{ email: 'ops@shop.example', is_administrator: true }])
  } finally {
    await other.stop()
  }
})

test('a wrong password, an unknown name and a blocked account are answered alike', async () => {
  const { id, email } = await addPerson(backend.db)
  const blocked = await addPerson(backend.db)
  await backend.db.pool.query('update account set is_blocked = true where id = $1', [blocked.id])
  const answers = await Promise.all([
    post('/api/sign-in', { email, password: 'not the password' }),
    post('/api/sign-in', { email: 'nobody@shop.example', password: goodPassword }),
    post('/api/sign-in', { email: blocked.email, password: goodPassword }),
    post('/api/sign-in', { email: 'no address', password: goodPassword }),
  ])
  for (const { status, body, cookie } of answers) {
    assert.deepEqual(
      [status, body['code'], body['detail'], cookie],
      [401, 'sign-in-failed', 'E-mail or password is wrong.', undefined],
    )
  }
  const right = await post('/api/sign-in', { email: email.toUpperCase(), password: goodPassword })
  assert.deepEqual([right.status, right.body], [200, { next: 'done' }])
  assert.ok(await isSignedIn(right.cookie))
  assert.equal((await lastActions(1))[0], 'sign-in.password done')
  assert.ok(id)
})

test('signing in replaces a session that was planted, and the planted one is nobody’s', async () => {
  const { email } = await addPerson(backend.db)
  const attacker = await addPerson(backend.db)
  const planted = (await sessionHeaders(backend.db, attacker.id, backend.url))['cookie']
  const { cookie } = await post('/api/sign-in', { email, password: goodPassword }, { cookie: planted ?? '' })
  assert.notEqual(cookie, planted)
  assert.ok(await isSignedIn(cookie))
  assert.equal(await isSignedIn(planted), false)
})

test('failures slow an account down over all addresses, whether it exists or not, and a success forgets them', async () => {
  const { email } = await addPerson(backend.db)
  for (const name of [email, 'ghost@shop.example']) {
    for (let attempt = 0; attempt < 5; attempt += 1)
      await post('/api/sign-in', { email: name, password: 'wrong wrong wrong' })
    const answer = await post('/api/sign-in', { email: name, password: goodPassword })
    assert.deepEqual([answer.status, answer.body['code']], [429, 'too-many-attempts'], name)
    assert.ok(Number(answer.headers.get('retry-after')) >= 1)
  }
  await backend.db.pool.query(`update sign_in_throttle set blocked_until = now() where key like 'account:%'`)
  assert.equal((await post('/api/sign-in', { email, password: goodPassword })).status, 200)
  const { rows } = await backend.db.pool.query('select key from sign_in_throttle where key = $1', [`account:${email}`])
  assert.deepEqual(rows, [])
  await backend.db.pool.query('delete from sign_in_throttle')
})

test('an address that tries many names is slowed down', async () => {
  for (let attempt = 0; attempt < 30; attempt += 1) await post('/api/links/look', { token: 'x'.repeat(20 + attempt) })
  assert.equal((await post('/api/sign-in', { email: 'any@shop.example', password: goodPassword })).status, 429)
  await backend.db.pool.query('delete from sign_in_throttle')
})

test('a second factor is asked for at sign-in; half a session is good for nothing; a code is good once', async () => {
  const { id, email } = await addPerson(backend.db, { memberships: { default: 'level-ii' } })
  const headers = await sessionHeaders(backend.db, id, backend.url)
  assert.equal((await post('/api/profile/second-factor', { password: 'wrong' }, headers)).status, 422)
  const start = await post('/api/profile/second-factor', { password: goodPassword }, headers)
  const secret = String(start.body['secret'])
  assert.equal(
    (await post('/api/sign-in', { email, password: goodPassword })).body['next'],
    'done',
    'not confirmed yet',
  )
  assert.equal((await post('/api/profile/second-factor/confirm', { code: '000000' }, headers)).status, 422)
  const { body } = await post('/api/profile/second-factor/confirm', { code: codeOf(secret) }, headers)
  const codes = body['recoveryCodes'] as string[]
  assert.equal(codes.length, 10)
  const { rows } = await backend.db.pool.query<{ totp_secret: string }>(
    'select totp_secret from account where id = $1',
    [id],
  )
  assert.ok(!rows[0]?.totp_secret.includes(secret))

  const first = await post('/api/sign-in', { email, password: goodPassword })
  assert.equal(first.body['next'], 'second-factor')
  const half = { cookie: first.cookie ?? '' }
  for (const path of ['/api/session', '/api/inspections', '/dicom-web/studies', '/api/profile'])
    assert.equal((await call('GET', path, undefined, half)).status, 401, path)
  // The code that confirmed it is used up.
  assert.equal((await post('/api/sign-in/second-factor', { code: codeOf(secret) }, half)).body['code'], 'code-wrong')
  const later = codeOf(secret, Date.now() + 30_000)
  const done = await post('/api/sign-in/second-factor', { code: later }, half)
  assert.equal(done.status, 200)
  assert.notEqual(done.cookie, first.cookie)
  assert.ok(await isSignedIn(done.cookie))
  assert.equal((await post('/api/sign-in/second-factor', { code: later }, half)).body['code'], 'second-factor-expired')

  const again = await post('/api/sign-in', { email, password: goodPassword })
  const typed = codes[0]?.toUpperCase().replace('-', ' ') ?? ''
  assert.equal((await post('/api/sign-in/second-factor', { code: typed }, { cookie: again.cookie ?? '' })).status, 200)
  const third = await post('/api/sign-in', { email, password: goodPassword })
  assert.equal((await post('/api/sign-in/second-factor', { code: typed }, { cookie: third.cookie ?? '' })).status, 401)
  await backend.db.pool.query('delete from sign_in_throttle')
})

test('five wrong codes end the half session', async () => {
  const { id, email } = await addPerson(backend.db)
  const sealed = await backend.deps.identity.box.seal('totp', new Secret({ size: 20 }).base32)
  await backend.db.pool.query('update account set totp_secret = $2, is_totp_confirmed = true where id = $1', [
    id,
    sealed,
  ])
  const { cookie } = await post('/api/sign-in', { email, password: goodPassword })
  const codes: unknown[] = []
  for (let attempt = 0; attempt < 6; attempt += 1) {
    // The throttle is another test's.
    await backend.db.pool.query('delete from sign_in_throttle')
    codes.push((await post('/api/sign-in/second-factor', { code: '123456' }, { cookie: cookie ?? '' })).body['code'])
  }
  assert.deepEqual(codes, [...Array.from({ length: 5 }, () => 'code-wrong'), 'second-factor-expired'])
})

test('an invited person makes an account with the rights of the invitation; the link is good once and can be withdrawn', async () => {
  const admin = await addPerson(backend.db, { isAdministrator: true })
  const headers = await sessionHeaders(backend.db, admin.id, backend.url)
  const invite = (email: string): Promise<Answer> =>
    post('/api/invitations', { email, memberships: [{ project: 'default', role: 'level-i' }] }, headers)
  const made = await invite('karl@shop.example')
  assert.deepEqual([made.status, made.body['isMailed']], [201, false])
  const token = secretOf(made.body['link'])
  const { rows } = await backend.db.pool.query<{ text: string }>('select l::text as text from one_time_link l')
  assert.ok(
    rows.every(({ text }) => !text.includes(token)),
    'the secret itself is not kept',
  )
  const accepted = await post('/api/links/accept-invitation', { token, name: 'Karl', password: goodPassword })
  assert.equal(accepted.status, 200)
  const session = (await call('GET', '/api/session', undefined, { cookie: accepted.cookie ?? '' })).body
  assert.equal((session['projects'] as { role: string }[])[0]?.role, 'level-i')
  assert.equal(
    (await post('/api/links/accept-invitation', { token, name: 'Karl', password: goodPassword })).status,
    410,
  )
  assert.equal((await invite('karl@shop.example')).body['code'], 'email-taken')

  const withdrawn = await invite('rosa@shop.example')
  const list = (await call('GET', '/api/invitations', undefined, headers)).body['items'] as { id: string }[]
  assert.equal((await call('DELETE', `/api/invitations/${list[0]?.id}`, undefined, headers)).status, 204)
  const late = { token: secretOf(withdrawn.body['link']), name: 'Rosa', password: goodPassword }
  assert.equal((await post('/api/links/accept-invitation', late)).status, 410)
})

test('a link for a new password is handed over by the administrator; it ends all sessions', async () => {
  const admin = await addPerson(backend.db, { isAdministrator: true })
  const { id, email } = await addPerson(backend.db)
  const before = await sessionHeaders(backend.db, id, backend.url)
  const headers = await sessionHeaders(backend.db, admin.id, backend.url)
  const { body } = await post(`/api/users/${id}/password-reset`, {}, headers)
  const token = secretOf(body['link'])
  assert.equal((await post('/api/links/reset-password', { token, password: 'another crane at eight' })).status, 204)
  assert.equal(await isSignedIn(before['cookie']), false)
  assert.equal((await post('/api/sign-in', { email, password: goodPassword })).status, 401)
  assert.equal((await post('/api/sign-in', { email, password: 'another crane at eight' })).status, 200)
  assert.equal((await post('/api/links/reset-password', { token, password: goodPassword })).status, 410)
})

test('a blocked account loses its sessions and tokens at once; the last administrator stays', async () => {
  const { id } = await addPerson(backend.db, { memberships: { default: 'level-ii' } })
  const admin = await addPerson(backend.db, { isAdministrator: true })
  const [own, headers] = await Promise.all([
    sessionHeaders(backend.db, id, backend.url),
    sessionHeaders(backend.db, admin.id, backend.url),
  ])
  const token = (await post('/api/profile/tokens', { name: 'script', role: 'reader', projects: ['default'] }, own)).body
  const bearer = { authorization: `Bearer ${String(token['secret'])}` }
  assert.equal((await call('GET', '/api/inspections', undefined, bearer)).status, 200)
  assert.equal((await call('PATCH', `/api/users/${id}`, { isBlocked: true }, headers)).status, 200)
  assert.equal(await isSignedIn(own['cookie']), false)
  assert.equal((await call('GET', '/api/inspections', undefined, bearer)).status, 401)
  await backend.db.pool.query('update account set is_administrator = (id = $1)', [admin.id])
  const last = await call('PATCH', `/api/users/${admin.id}`, { isBlocked: true }, headers)
  assert.deepEqual([last.status, last.body['code']], [409, 'last-administrator'])
})

test('a token is shown once, does no more than its owner, and is over when revoked', async () => {
  const { id } = await addPerson(backend.db, { memberships: { default: 'viewer' } })
  const headers = await sessionHeaders(backend.db, id, backend.url)
  const refused = await post('/api/profile/tokens', { name: 'x', role: 'sender', projects: ['default'] }, headers)
  assert.equal(refused.status, 403)
  const elsewhere = await post('/api/profile/tokens', { name: 'x', role: 'reader', projects: ['unknown'] }, headers)
  assert.equal(elsewhere.status, 404)
  const made = await post('/api/profile/tokens', { name: 'script', role: 'reader', projects: ['default'] }, headers)
  const secret = String(made.body['secret'])
  assert.match(secret, /^ndt_[\w-]{43}$/)
  const bearer = { authorization: `Bearer ${secret}` }
  assert.equal((await call('GET', '/api/inspections', undefined, bearer)).status, 200)
  // A token makes no tokens.
  assert.equal(
    (await post('/api/profile/tokens', { name: 'y', role: 'reader', projects: ['default'] }, bearer)).status,
    403,
  )
  const list = await call('GET', '/api/profile/tokens', undefined, headers)
  assert.ok(!JSON.stringify(list.body).includes(secret))
  await backend.db.pool.query(`delete from membership where account_id = $1`, [id])
  await new Promise((resolve) => setTimeout(resolve, 2100))
  assert.equal((await call('GET', '/api/inspections', undefined, bearer)).status, 403)
  const tokenId = (made.body['token'] as { id: string }).id
  assert.equal((await call('DELETE', `/api/profile/tokens/${tokenId}`, undefined, headers)).status, 204)
  assert.equal((await call('GET', '/api/inspections', undefined, bearer)).status, 401)
})

test('a password link goes out by mail to those who have an account, and the answer is the same for all', async () => {
  const mail = await startMailServer()
  const config = { ...backend.deps.config, SMTP_URL: mail.url, MAIL_FROM: 'ndt@shop.example' }
  const mailer = createMailer(config)
  backend.deps.identity.mailer = mailer
  try {
    const { email } = await addPerson(backend.db)
    const answers = await Promise.all(
      [email, 'nobody@shop.example'].map((one) => post('/api/links/request-reset', { email: one })),
    )
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body]),
      [
        [202, { status: 'accepted' }],
        [202, { status: 'accepted' }],
      ],
    )
    const text = await mail.received
    assert.match(text, new RegExp(`^To: ${email}`, 'm'))
    const body = text.replace(/=\r\n/g, '').replaceAll('=3D', '=')
    assert.match(body, /\/password-reset#[\w-]{43}/)
    assert.equal(mail.count(), 1)
  } finally {
    backend.deps.identity.mailer = undefined
    await mail.stop()
  }
})

/** A mail server that takes one letter (RFC 5321). */
async function startMailServer() {
  let count = 0
  let deliver: (text: string) => void = () => undefined
  const received = new Promise<string>((resolve) => {
    deliver = resolve
  })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let isData = false
    let text = ''
    socket.write('220 mail.test ESMTP\r\n')
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      if (isData) {
        text += chunk.toString()
        if (!text.endsWith('\r\n.\r\n')) return
        isData = false
        count += 1
        deliver(text)
        socket.write('250 taken\r\n')
        return
      }
      for (const line of chunk.toString().split('\r\n').filter(Boolean)) {
        if (/^DATA/i.test(line)) {
          isData = true
          socket.write('354 go on\r\n')
        } else socket.write(/^QUIT/i.test(line) ? '221 bye\r\n' : '250 fine\r\n')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    count: () => count,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
