// Sign-in against a real OpenID provider shaped like Entra ID; the assertion of the managed identity is checked there.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { startEntra, type TestEntra } from '@instandt/testkit/entra'
import type { Session } from '@instandt/api'
import { forgetCallers } from '../identity/caller-memory.ts'
import { addProject } from '../identity.fixture.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let entra: TestEntra
let backend: TestBackend
const groupId = randomUUID()
const petra = { oid: randomUUID(), name: 'Petra Weber', email: 'petra@shop.example', roles: ['LevelII'] }

before(async () => {
  entra = await startEntra(() => ({
    signedIn: `${backend.url}/api/sign-in/entra/callback`,
    signedOut: `${backend.url}/sign-in`,
  }))
  Object.assign(process.env, entra.identityEnv)
  backend = await startTestBackend({
    ...entra.settings,
    AZURE_CLIENT_ID: entra.managedIdentityId,
    ENTRA_GROUP_ROLES: [{ group: groupId, project: 'castings', role: 'level-iii' }],
  })
  await addProject(backend.db, 'castings')
  entra.accounts.set('petra', petra)
})
after(async () => {
  await backend.stop()
  await entra.stop()
})

/** A browser's cookies, by host and port. */
class Jar {
  readonly cookies = new Map<string, string>()

  async ask(url: string, init: RequestInit = {}): Promise<Response> {
    const { host } = new URL(url)
    const own = [...this.cookies].filter(([key]) => key.startsWith(`${host} `))
    const cookie = own.map(([key, value]) => `${key.slice(host.length + 1)}=${value}`).join('; ')
    const answer = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), ...(cookie === '' ? {} : { cookie }) },
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /max-age=0/i.test(line)) this.cookies.delete(`${host} ${name}`)
      else this.cookies.set(`${host} ${name}`, value)
    }
    return answer
  }

  /** Follows redirects; at the directory's form, types a name. Stops at our own page. */
  async follow(url: string, account: string): Promise<{ url: string; callback: string | undefined }> {
    let next = url
    let callback: string | undefined
    for (let hop = 0; hop < 12; hop += 1) {
      if (next.includes('/callback')) callback = next
      let answer = await this.ask(next)
      if (answer.status === 200 && next.startsWith(entra.settings.ENTRA_AUTHORITY)) {
        const body = account === '' ? 'cancel=1' : `account=${account}`
        answer = await this.ask(next, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body,
        })
      }
      const location = answer.headers.get('location')
      if (location === null) throw new Error(`${next}: ${answer.status} ${await answer.text()}`)
      next = new URL(location, next).href
      if (next.startsWith(backend.url) && !next.includes('/api/'))
        return { url: next.slice(backend.url.length), callback }
    }
    throw new Error('too many redirects')
  }
}

const signIn = async (account: string, to = '/') => {
  const jar = new Jar()
  const end = await jar.follow(`${backend.url}/api/sign-in/entra?to=${encodeURIComponent(to)}`, account)
  return { jar, ...end }
}
const sessionOf = async (jar: Jar): Promise<{ status: number; session: Session }> => {
  const answer = await jar.ask(`${backend.url}/api/session`)
  return { status: answer.status, session: (await answer.json()) as Session }
}
const bearer = async (token: string): Promise<number> =>
  (await fetch(`${backend.url}/api/session`, { headers: { authorization: `Bearer ${token}` } })).status
const lastEvent = async (): Promise<{ action: string; result: string; actor_name: string }> =>
  (await backend.db.pool.query('select action, result, actor_name from audit_event order by id desc limit 1')).rows[0]

test('a person of the directory signs in, comes back to the page, and has the role of the token', async () => {
  const { jar, url } = await signIn('petra', '/inspections/1.2.3?view=4')
  assert.equal(url, '/inspections/1.2.3?view=4')
  const { session } = await sessionOf(jar)
  assert.deepEqual(
    [session.user.name, session.user.kind, session.projects.map(({ slug, role }) => `${slug} ${role}`)],
    ['Petra Weber', 'entra', ['default level-ii']],
  )
  assert.ok(entra.assertions.taken > 0)
  assert.deepEqual(entra.assertions.refused, [])
  const { rows } = await backend.db.pool.query(
    'select kind, entra_tenant_id, entra_object_id from account where name = $1',
    ['Petra Weber'],
  )
  assert.deepEqual(rows, [
    { kind: 'entra', entra_tenant_id: entra.settings.ENTRA_TENANT_ID, entra_object_id: petra.oid },
  ])
  assert.deepEqual(await lastEvent(), { action: 'sign-in.entra', result: 'done', actor_name: 'Petra Weber' })
})

test('no token of the directory is in the database in clear, and none reaches the browser', async () => {
  const { jar } = await signIn('petra')
  const { rows } = await backend.db.pool.query<{ text: string }>('select session::text as text from session')
  for (const { text } of rows) assert.doesNotMatch(text, /eyJ[\w-]+\.[\w-]+\./)
  for (const value of jar.cookies.values()) assert.doesNotMatch(value, /eyJ[\w-]+\.[\w-]+\./)
})

test('an equal e-mail links nothing: another object id is another account', async () => {
  entra.accounts.set('impostor', { ...petra, oid: randomUUID(), name: 'Somebody Else', roles: ['Viewer'] })
  await backend.db.pool.query(
    `insert into account (kind, name, email, is_administrator) values ('local', 'Local', 'petra@shop.example', true)`,
  )
  const { jar } = await signIn('impostor')
  const { session } = await sessionOf(jar)
  assert.equal(session.user.isAdministrator, false)
  assert.deepEqual(session.projects[0]?.permissions, ['read', 'follow'])
})

test('roles come from groups too, each in its project', async () => {
  entra.accounts.set('gustav', {
    oid: randomUUID(),
    name: 'Gustav',
    email: 'g@shop.example',
    roles: [],
    groups: [groupId],
  })
  const { session } = await sessionOf((await signIn('gustav')).jar)
  assert.deepEqual(
    session.projects.map(({ slug, role }) => `${slug} ${role}`),
    ['castings level-iii'],
  )
})

test('without a role nobody comes in, and the page says why', async () => {
  entra.accounts.set('nobody', {
    oid: randomUUID(),
    name: 'No Role',
    email: 'n@shop.example',
    roles: ['OtherApp.Reader'],
  })
  const { jar, url } = await signIn('nobody', '/upload')
  assert.equal(url, '/sign-in?to=%2Fupload&fault=entra-no-role')
  assert.equal((await sessionOf(jar)).status, 401)
  assert.equal((await lastEvent()).result, 'refused')
})

test('whoever ends the sign-in at the directory is told so', async () => {
  assert.equal((await signIn('')).url, '/sign-in?to=%2F&fault=entra-cancelled')
})

test('a callback is good once, in the browser that began, and not with another state', async () => {
  const { jar, callback } = await signIn('petra')
  assert.ok(callback)
  const again = await jar.ask(callback)
  assert.equal(again.headers.get('location'), '/sign-in?to=%2F&fault=expired')
  const stranger = await new Jar().ask(callback)
  assert.equal(stranger.headers.get('location'), '/sign-in?to=%2F&fault=expired')
  // The right cookie, another answer: code and state of somebody else's sign-in.
  const victim = new Jar()
  await victim.ask(`${backend.url}/api/sign-in/entra`)
  const injected = await victim.ask(callback)
  assert.equal(injected.headers.get('location'), '/sign-in?to=%2F&fault=entra-failed')
})

test('only pages of ours are returned to', async () => {
  for (const to of ['https://evil.example/', '//evil.example', '/\\evil.example', '/%5Cevil.example/..//x'])
    assert.match((await signIn('petra', to)).url, /^\/(?!\/|\\)/, to)
})

/** Unknown keys are asked for again after five seconds, so that nobody makes us ask without end. */
async function rollKeys(): Promise<void> {
  await entra.rollKeys()
  await new Promise((resolve) => setTimeout(resolve, 5100))
}

test('keys may roll over between two sign-ins', async () => {
  await rollKeys()
  const { jar } = await signIn('petra')
  assert.equal((await sessionOf(jar)).status, 200)
})

test('an assertion of another subject is refused there, and the sign-in here', async () => {
  const right = entra.federated.subject
  entra.federated.subject = randomUUID()
  try {
    assert.match((await signIn('petra')).url, /fault=entra-failed/)
    assert.match(entra.assertions.refused.join(), /sub/)
  } finally {
    entra.federated.subject = right
  }
})

test('an access token for this application is taken as Bearer, of people and of programs', async () => {
  const oid = randomUUID()
  const person = await entra.sign('access', {
    oid,
    sub: 'pairwise',
    scp: 'access_as_user',
    name: 'Rosa',
    roles: ['Viewer'],
  })
  assert.equal(await bearer(person), 200)
  const program = await entra.sign('access', { roles: ['Reader'], idtyp: 'app' })
  const answer = await fetch(`${backend.url}/api/session`, { headers: { authorization: `Bearer ${program}` } })
  const session = (await answer.json()) as Session
  assert.deepEqual([session.user.kind, session.projects[0]?.permissions], ['entra-app', ['read', 'follow']])
})

test('after a roll-over of keys new tokens are taken at once', async () => {
  await rollKeys()
  assert.equal(await bearer(await entra.sign('access', { roles: ['Reader'], idtyp: 'app' })), 200)
})

const hostile: [name: string, token: () => Promise<string>][] = [
  ['forged', () => entra.sign('access', { roles: ['Administrator'], idtyp: 'app' }, { isForged: true })],
  ['expired', () => entra.sign('access', { roles: ['Reader'], idtyp: 'app' }, { expiresIn: '-5m' })],
  ['for another audience', () => entra.sign('access', { aud: randomUUID(), roles: ['Reader'], idtyp: 'app' })],
  ['of Graph', () => entra.sign('access', { aud: '00000003-0000-0000-c000-000000000000', roles: ['Reader'] })],
  ['of another tenant', () => entra.sign('access', { tid: randomUUID(), roles: ['Reader'], idtyp: 'app' })],
  [
    'of another issuer',
    () => entra.sign('access', { iss: 'https://login.microsoftonline.com/x/v2.0', roles: ['Reader'], idtyp: 'app' }),
  ],
  ['without an object id', () => entra.sign('access', { oid: '', roles: ['Reader'], idtyp: 'app' })],
  [
    'not yet good',
    () => entra.sign('access', { nbf: Math.floor(Date.now() / 1000) + 600, roles: ['Reader'], idtyp: 'app' }),
  ],
  ['an ID token', () => entra.sign('id', { roles: ['Administrator'] })],
  ['without any role', () => entra.sign('access', { idtyp: 'app' })],
  [
    'without a signature',
    async () => {
      const [, claims] = (await entra.sign('access', { roles: ['Reader'], idtyp: 'app' })).split('.')
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`
    },
  ],
  [
    'signed by our own public key as if it were a secret',
    async () => {
      const [, claims] = (await entra.sign('access', { roles: ['Reader'], idtyp: 'app' })).split('.')
      return `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${claims}.${Buffer.alloc(32).toString('base64url')}`
    },
  ],
]
for (const [name, token] of hostile) {
  test(`a token ${name} is refused`, async () => {
    assert.equal(await bearer(await token()), 401)
  })
}

test('whoever loses a role in the directory loses access within the recheck time; changed roles count from then', async () => {
  const oid = randomUUID()
  const account = { oid, name: 'Karl', email: 'k@shop.example', roles: ['LevelIII'] }
  entra.accounts.set('karl', account)
  const { jar } = await signIn('karl')
  const isOld = async (): Promise<void> => {
    await backend.db.pool.query(
      `update session set confirmed_at = now() - interval '16 minutes' from account a where a.id = account_id and a.entra_object_id = $1`,
      [oid],
    )
    forgetCallers(backend.db)
  }
  account.roles = ['Viewer']
  assert.equal((await sessionOf(jar)).session.projects[0]?.role, 'level-iii', 'asked only after the recheck time')
  await isOld()
  assert.equal((await sessionOf(jar)).session.projects[0]?.role, 'viewer')

  entra.setDown(true)
  await isOld()
  assert.equal((await sessionOf(jar)).status, 200, 'a directory that does not answer ends nobody’s work at once')
  entra.setDown(false)

  account.roles = []
  await new Promise((resolve) => setTimeout(resolve, 10))
  const { rows } = await backend.db.pool.query<{ id: string }>('select id from session')
  assert.ok(rows.length > 0)
  await backend.db.pool.query(`update session set confirmed_at = now() - interval '61 minutes'`)
  forgetCallers(backend.db)
  assert.equal((await sessionOf(jar)).status, 401)
})

test('whoever is blocked in the directory is out within the recheck time', async () => {
  entra.accounts.set('max', { oid: randomUUID(), name: 'Max', email: 'm@shop.example', roles: ['LevelI'] })
  const { jar } = await signIn('max')
  entra.accounts.delete('max')
  await backend.db.pool.query(`update session set confirmed_at = now() - interval '16 minutes'`)
  forgetCallers(backend.db)
  assert.equal((await sessionOf(jar)).status, 401)
})

test('signing out leads to the end of the directory’s session too', async () => {
  const { jar } = await signIn('petra')
  const answer = await jar.ask(`${backend.url}/api/sign-out`, { method: 'POST', headers: { origin: backend.url } })
  const { redirect } = (await answer.json()) as { redirect: string }
  assert.ok(redirect.startsWith(`${entra.issuer}/oauth2/v2.0/logout`))
  assert.equal(new URL(redirect).searchParams.get('post_logout_redirect_uri'), `${backend.url}/sign-in`)
  assert.equal((await sessionOf(jar)).status, 401)
})

test('while the directory is down the page says so, and nothing is half signed in', async () => {
  const fresh = await startTestBackend({ ...entra.settings, AZURE_CLIENT_ID: entra.managedIdentityId })
  entra.setDown(true)
  try {
    const answer = await fetch(`${fresh.url}/api/sign-in/entra`, { redirect: 'manual' })
    assert.equal(answer.status, 503)
    assert.equal(((await answer.json()) as { code: string }).code, 'entra-unavailable')
  } finally {
    entra.setDown(false)
    await fresh.stop()
  }
})
