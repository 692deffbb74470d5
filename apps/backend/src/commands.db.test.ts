import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { runCommand } from './commands.ts'
import { addPerson, goodPassword } from './identity.fixture.ts'
import { startTestBackend, type TestBackend } from './test-backend.fixture.ts'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

async function run(...args: string[]): Promise<{ code: number; text: string }> {
  const words: string[] = []
  const code = await runCommand(
    args,
    () => Promise.resolve({ deps: backend.deps, close: () => Promise.resolve() }),
    (text) => words.push(text),
  )
  return { code, text: words.join('') }
}

test('a token made on the machine is printed alone, good at once, and told', async () => {
  const { code, text } = await run('token', 'create', '--name', 'scanner', '--role', 'reader')
  assert.equal(code, 0)
  assert.match(text, /^ndt_[\w-]{43}\n$/)
  const headers = { authorization: `Bearer ${text.trim()}` }
  assert.equal((await fetch(`${backend.url}/api/inspections`, { headers })).status, 200)
  const { rows } = await backend.db.pool.query(
    `select actor_kind, target from audit_event where action = 'token.create'`,
  )
  assert.deepEqual(rows, [{ actor_kind: 'system', target: 'scanner' }])
})

test('a link for a new password helps its owner back in', async () => {
  const { email } = await addPerson(backend.db)
  const { code, text } = await run('account', 'reset-password', '--email', email, '--url', 'https://ndt.example.com')
  assert.equal(code, 0)
  const token = /^https:\/\/ndt\.example\.com\/password-reset#([\w-]{43})\n$/.exec(text)?.[1]
  const answer = await fetch(`${backend.url}/api/links/reset-password`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: backend.url },
    body: JSON.stringify({ token, password: `${goodPassword} again` }),
  })
  assert.equal(answer.status, 204)
  assert.equal((await run('account', 'reset-password', '--email', 'nobody@shop.example')).code, 1)
})

test('the audit is exported and verified on the machine', async () => {
  const { code, text } = await run('audit', 'export', '--format', 'jsonl')
  assert.equal(code, 0)
  for (const line of text.trim().split('\n')) assert.ok((JSON.parse(line) as { action: string }).action)
  const verified = await run('audit', 'verify')
  assert.deepEqual([verified.code, /intact/.test(verified.text)], [0, true])
})

for (const [args, words] of [
  [['token'], /no command/],
  [['token', 'destroy'], /no command/],
  [['token', 'create'], /name/],
  [['token', 'create', '--name', 'x', '--role', 'boss'], /role/],
  [['token', 'create', '--name', 'x', '--days', 'many'], /expiresInDays/],
  [['token', 'create', '--nmae', 'x'], /nmae/],
  [['audit', 'export', '--from', 'yesterday'], /--from/],
  [['sweep', '--grace-hours', '-1'], /grace-hours|argument/],
  [['rotate', 'keys'], /KEY_VAULT_URL/],
  [['rotate', 'database-password'], /ADMIN_DATABASE_URL/],
] as const) {
  test(`wrong usage is named: ${args.join(' ')}`, async () => {
    const { code, text } = await run(...args)
    assert.equal(code, 2)
    assert.match(text, words)
  })
}
