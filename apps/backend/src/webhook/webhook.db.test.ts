import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Delivery, DeliveryPage, Webhook, WebhookCreated } from '@instandt/api'
import { testCaller, testKeys } from '@instandt/testkit'
import { inspectionFiles, post, studyOf } from '../archive.fixture.ts'
import { addChanges, forgetChanges, placeChanges } from '../data/changes.ts'
import { leaseWebhook, releaseWebhook } from '../data/webhook-queue.ts'
import { addProject, tokenHeaders } from '../identity.fixture.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { rotateKeys } from '../secrets/rotate-keys.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { ok, type Receiver, signedBy, startReceiver } from './receiver.fixture.ts'
import { tellWebhooks } from './tell-webhooks.ts'

const networks = ['127.0.0.0/8']
const all = '/api/projects/default/webhooks'
const kinds = ['stored', 'deleted', 'restored', 'purged']
let backend: TestBackend
let receiver: Receiver

before(async () => {
  backend = await startTestBackend({ WEBHOOK_NETWORKS: networks })
})
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  await receiver.stop()
  await backend.db.pool.query('delete from webhook')
})
after(() => backend.stop())

const tell = async (options: Parameters<typeof tellWebhooks>[2] = {}): Promise<number> =>
  tellWebhooks(backend.deps, await readArchiveScope(backend.db), options)
/** As if the time until the next attempt had passed. */
const waitOut = (): Promise<unknown> => backend.db.pool.query('update webhook set next_attempt_at = now()')

async function create(url = receiver.url): Promise<WebhookCreated> {
  const { status, body } = await post(backend, all, { name: 'Order book', url, kinds })
  assert.equal(status, 201, JSON.stringify(body))
  return body as unknown as WebhookCreated
}

let seeds = 0
/** One inspection more; its UID. */
async function store(): Promise<string> {
  seeds += 1
  const answer = await backend.stow(inspectionFiles(`hook ${seeds}`, 1))
  assert.equal(answer.status, 200, await answer.text())
  return studyOf(`hook ${seeds}`)
}

async function send<T>(method: string, address: string, body?: object): Promise<{ status: number; body: T }> {
  const answer = await fetch(backend.url + address, {
    method,
    headers: { ...testCaller, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as T }
}

const read = async (id: string): Promise<Webhook> => {
  const { body } = await send<{ items: Webhook[] }>('GET', all)
  return body.items.find((one) => one.id === id) ?? assert.fail('no such webhook')
}
/** On the database's clock. */
async function moment(): Promise<string> {
  const { rows } = await backend.db.pool.query<{ now: Date }>('select clock_timestamp() as now')
  return rows[0]?.now.toISOString() ?? assert.fail()
}
const toldStudies = (): unknown[] => receiver.told.map((one) => one.body.data['studyInstanceUid'])

test('changes are told in the order of the feed, signed, once each, and none from before', async () => {
  await store()
  const { webhook, secret } = await create()
  const studies = [await store(), await store(), await store()]
  assert.equal(await tell(), 3)
  assert.equal(await tell(), 0)
  assert.deepEqual(toldStudies(), studies)
  for (const told of receiver.told) {
    assert.ok(signedBy(told, secret))
    assert.equal(told.body.type, 'inspection.stored')
    assert.equal(told.body.data['project'], 'default')
    assert.ok(Math.abs(Date.now() / 1000 - Number(told.headers['webhook-timestamp'])) < 60)
  }
  assert.equal(new Set(receiver.told.map(({ id }) => id)).size, 3)
  const { body } = await send<DeliveryPage>('GET', `${all}/${webhook.id}/deliveries?limit=2`)
  assert.deepEqual(
    body.items.map(({ state, status, answer }) => [state, status, answer]),
    [
      ['delivered', 200, 'thanks'],
      ['delivered', 200, 'thanks'],
    ],
  )
  const next = await send<DeliveryPage>(
    'GET',
    `${all}/${webhook.id}/deliveries?cursor=${encodeURIComponent(body.next ?? '')}`,
  )
  assert.equal(next.body.items.length, 1)
  assert.equal((await read(webhook.id)).waiting, 0)
})

test('a receiver that fails is told again by the same id, later each time, and what follows waits its turn', async () => {
  const { webhook } = await create()
  const studies = [await store(), await store()]
  receiver.answer = (response) => void response.writeHead(500).end('down for repair')
  const waits: number[] = []
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    assert.equal(await tell(), 0)
    assert.equal(await tell(), 0, 'not before its time')
    assert.equal(receiver.told.length, attempt)
    waits.push(Date.parse((await read(webhook.id)).nextAttemptAt ?? '') - Date.now())
    await waitOut()
  }
  assert.ok(
    waits.every((wait, index) => index === 0 || wait > 2 * (waits[index - 1] ?? 0)),
    waits.join(),
  )
  assert.equal(new Set(receiver.told.map(({ id }) => id)).size, 1)
  const failing = await read(webhook.id)
  assert.deepEqual([failing.state, failing.waiting, failing.lastDelivery?.status], ['active', 2, 500])
  receiver.answer = ok
  assert.equal(await tell(), 2)
  assert.deepEqual(toldStudies().slice(-2), studies)
  assert.equal((await read(webhook.id)).failingSince, null)
})

test('silence, a redirect and a closed connection are failures that say what they were', async () => {
  const { webhook } = await create()
  await store()
  const lastAnswer = async (): Promise<Delivery> => {
    const { body } = await send<DeliveryPage>('GET', `${all}/${webhook.id}/deliveries`)
    return body.items[0] ?? assert.fail('nothing was tried')
  }
  receiver.answer = () => undefined
  assert.equal(await tell({ timeoutMs: 300 }), 0)
  assert.match((await lastAnswer()).answer ?? '', /No answer within/)
  await waitOut()
  receiver.answer = (response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()
  assert.equal(await tell(), 0)
  assert.match((await lastAnswer()).answer ?? '', /redirect/)
  await waitOut()
  receiver.answer = (response) => void response.destroy()
  assert.equal(await tell(), 0)
  assert.match((await lastAnswer()).answer ?? '', /ECONNRESET/)
  await waitOut()
  // Slowly, and with more to say than anybody wants to keep.
  receiver.answer = (response) => {
    response.writeHead(200)
    setTimeout(() => response.end('x'.repeat(1_000_000)), 200)
  }
  assert.equal(await tell(), 1)
  assert.equal((await lastAnswer()).answer?.length, 2048)
  assert.equal((await lastAnswer()).attempts, 4)
})

test('who answers 410, or fails for days, is given up with a note in the audit, and goes on where it stopped', async () => {
  for (const [state, status] of [
    ['gone', 410],
    ['failed', 503],
  ] as const) {
    const { webhook } = await create()
    const study = await store()
    receiver.answer = (response) => void response.writeHead(status).end('no more')
    assert.equal(await tell(), 0)
    if (state === 'failed') {
      assert.equal((await read(webhook.id)).state, 'active')
      await backend.db.pool.query(
        `update webhook set failing_since = now() - interval '6 days', next_attempt_at = now()`,
      )
      assert.equal(await tell(), 0)
    }
    const over = await read(webhook.id)
    assert.deepEqual([over.state, over.endedReason], [state, 'no more'])
    const before = receiver.told.length
    await waitOut()
    await tell()
    assert.equal(receiver.told.length, before, 'left in peace')
    const { rows } = await backend.db.pool.query<{ detail: object; result: string }>(
      `select detail, result from audit_event where action = 'webhook.change' order by id desc limit 1`,
    )
    assert.deepEqual(rows[0], { result: 'failed', detail: { webhook: webhook.id, state, status } })
    receiver.answer = ok
    assert.equal((await send<Webhook>('PATCH', `${all}/${webhook.id}`, { isActive: true })).body.state, 'active')
    assert.equal(await tell(), 1)
    assert.equal(receiver.told.at(-1)?.body.data['studyInstanceUid'], study)
    assert.equal(receiver.told.at(-1)?.id, receiver.told.at(-2)?.id)
    await send('DELETE', `${all}/${webhook.id}`)
  }
})

test('a renewed secret signs beside the former one for a day', async () => {
  const { webhook, secret } = await create()
  const renewed = await send<{ secret: string }>('POST', `${all}/${webhook.id}/secret`)
  assert.notEqual(renewed.body.secret, secret)
  await store()
  await tell()
  assert.ok(signedBy(receiver.told[0] ?? assert.fail(), secret))
  assert.ok(signedBy(receiver.told[0] ?? assert.fail(), renewed.body.secret))
  await backend.db.pool.query(`update webhook set former_until = now() - interval '1 second'`)
  await store()
  await tell()
  assert.ok(!signedBy(receiver.told[1] ?? assert.fail(), secret))
  assert.ok(signedBy(receiver.told[1] ?? assert.fail(), renewed.body.secret))
  const { rows } = await backend.db.pool.query<{ secret: string }>('select secret from webhook')
  assert.ok(!rows[0]?.secret.includes(renewed.body.secret.slice(6, 20)), 'sealed in the database')
})

test('rotated keys leave secrets readable', async () => {
  const { secret } = await create()
  let kept = testKeys
  await rotateKeys(backend.db, {
    read: () => Promise.resolve(kept),
    write: (_name: string, value: string) => {
      kept = value
      return Promise.resolve()
    },
  } as unknown as Parameters<typeof rotateKeys>[1])
  const { rows } = await backend.db.pool.query<{ secret: string }>('select secret from webhook')
  assert.ok(rows[0]?.secret.startsWith(`${kept.split(':')[0]}.`))
  assert.ok(secret.startsWith('whsec_'))
})

test('a trial and a delivery sent again go out at once and move nothing', async () => {
  const { webhook, secret } = await create()
  const trial = await send<Delivery>('POST', `${all}/${webhook.id}/test`)
  assert.deepEqual([trial.body.state, trial.body.kind, trial.body.status], ['delivered', 'test', 200])
  assert.ok(signedBy(receiver.told[0] ?? assert.fail(), secret))
  receiver.answer = (response) => void response.writeHead(404).end()
  assert.equal((await send<Delivery>('POST', `${all}/${webhook.id}/test`)).body.state, 'failed')
  receiver.answer = ok
  await store()
  await tell()
  const told = receiver.told.at(-1) ?? assert.fail()
  const again = await send<Delivery>('POST', `${all}/${webhook.id}/deliveries/${told.id}/send-again`)
  assert.deepEqual([again.body.state, again.body.attempts], ['delivered', 2])
  assert.deepEqual(receiver.told.at(-1)?.raw, told.raw)
  assert.equal(receiver.told.at(-1)?.id, told.id)
})

test('it is told everything once more from a place of the feed, or nothing of what it missed', async () => {
  const { webhook } = await create()
  const studies = [await store(), await store()]
  await tell()
  const address = `${all}/${webhook.id}`
  await send('PATCH', address, { after: webhook.position })
  assert.equal(await tell(), 2)
  assert.deepEqual(toldStudies(), [...studies, ...studies])
  await send('PATCH', address, { isActive: false })
  await store()
  assert.equal(await tell(), 0)
  await send('PATCH', address, { isActive: true, after: 'latest' })
  assert.equal(await tell(), 0)
  assert.equal((await send('PATCH', address, { after: 10 ** 9 })).status, 400)
  await backend.db.pool.query('update change_place set removed = given - 1')
  assert.equal((await send('PATCH', address, { after: webhook.position })).status, 410)
  await backend.db.pool.query('update change_place set removed = 0')
})

test('it is told everything once more from a moment, and the audit says from which', async () => {
  const { webhook } = await create()
  const early = await store()
  await tell()
  await backend.db.pool.query(`update change set at = at - interval '10 minutes'`)
  const since = await moment()
  const late = [await store(), await store()]
  await tell()
  const address = `${all}/${webhook.id}`
  assert.equal((await send('PATCH', address, { since })).status, 200)
  assert.equal(await tell(), 2)
  assert.deepEqual(toldStudies(), [early, ...late, ...late])
  const { rows: events } = await backend.db.pool.query<{ detail: Record<string, unknown> }>(
    `select detail from audit_event where action = 'webhook.change' order by id desc limit 1`,
  )
  assert.equal(events[0]?.detail['since'], since)
  assert.equal(typeof events[0]?.detail['position'], 'number')

  // Nothing happened since, nor shortly before: nothing is told.
  assert.equal((await send('PATCH', address, { since: new Date(Date.now() + 3_600_000).toISOString() })).status, 200)
  assert.equal(await tell(), 0)
  for (const wrong of [{ since: 'yesterday' }, { since: '2026-11-27' }, { since, after: 1 }])
    assert.equal((await send('PATCH', address, wrong)).status, 400, JSON.stringify(wrong))
  // Before what is kept: something in between may be gone.
  await backend.db.pool.query('update change_place set removed = 1')
  const before = new Date(Date.now() - 86_400_000).toISOString()
  assert.equal((await send('PATCH', address, { since: before })).status, 410)
  assert.equal((await send('PATCH', address, { since })).status, 200)
  await backend.db.pool.query('update change_place set removed = 0')
})

test('what began before the moment and was told after it is told again', async () => {
  const { webhook } = await create()
  const study = await store()
  await tell()
  const client = await backend.db.pool.connect()
  await client.query('begin')
  await addChanges(client, [{ kind: 'deleted', studyInstanceUid: study, detail: {} }])
  await delay(50)
  const since = await moment()
  await client.query('commit')
  client.release()
  assert.equal(await tell(), 1)
  receiver.told.length = 0
  assert.equal((await send('PATCH', `${all}/${webhook.id}`, { since })).status, 200)
  await tell()
  assert.equal(receiver.told.at(-1)?.body.type, 'inspection.deleted')
})

test('what is told since a moment may lie behind what the feed had when it was asked for', async () => {
  const { webhook } = await create()
  const client = await backend.db.pool.connect()
  await client.query('begin')
  await client.query('select from webhook for update')
  const asked = send('PATCH', `${all}/${webhook.id}`, { since: new Date(Date.now() + 3_600_000).toISOString() })
  const isHeld = async (): Promise<boolean> =>
    (await client.query(`select from pg_locks where not granted`)).rowCount !== 0
  for (const deadline = Date.now() + 10_000; !(await isHeld());) assert.ok(Date.now() < deadline, 'it waits')
  await store()
  await placeChanges(backend.db)
  await client.query('commit')
  client.release()
  assert.equal((await asked).status, 200)
  assert.equal(await tell(), 0)
})

test('an archive that was quiet for long is told since a moment in that time, and not since one before it', async () => {
  const { webhook } = await create()
  const address = `${all}/${webhook.id}`
  await store()
  await tell()
  await backend.db.pool.query(`update change set at = now() - interval '91 days'`)
  assert.notEqual(await forgetChanges(backend.db, await readArchiveScope(backend.db), 90), 0)
  const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString()
  assert.equal((await send('PATCH', address, { since: daysAgo(1) })).status, 200)
  assert.equal(await tell(), 0)
  assert.equal((await send('PATCH', address, { since: daysAgo(100) })).status, 410)
  const study = await store()
  await tell()
  assert.equal((await send('PATCH', address, { since: daysAgo(1) })).status, 200)
  await tell()
  assert.deepEqual(toldStudies().slice(-2), [study, study])
  assert.equal((await send('PATCH', address, { since: daysAgo(100) })).status, 410)
  // Removed by a program that does not say until when: only what is left answers for the time before.
  await backend.db.pool.query('update change_place set removed = removed + 1')
  assert.equal((await send('PATCH', address, { since: daysAgo(1) })).status, 410)
  await backend.db.pool.query('update change_place set removed = 0')
})

test('what only this server reaches is not called: by number, by name, or by a name that changes its mind', async () => {
  for (const url of [
    'https://127.0.0.1/x',
    'https://10.1.2.3/',
    'https://169.254.169.254/metadata/identity',
    'https://168.63.129.16/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[fd00:ec2::254]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'http://example.com/',
    'http://127.0.0.1/x',
  ]) {
    const closed = { ...backend.deps.config, WEBHOOK_NETWORKS: [] }
    const { checkAddress } = await import('./check-address.ts')
    assert.throws(() => checkAddress(closed, url), { status: 400 }, url)
  }
  for (const url of [
    'http://user:pass@example.com/',
    'ftp://example.com/',
    'https://u:p@example.com',
    'file:///etc/passwd',
    '/hook',
  ])
    assert.equal((await post(backend, all, { name: 'x', url, kinds })).status, 400, url)

  const { webhook } = await create('https://hook.example.com:8443/in')
  const { port } = new URL(receiver.url)
  await backend.db.pool.query('update webhook set url = $1', [`https://hook.example.com:${port}/in`])
  await store()
  const deps = { ...backend.deps, config: { ...backend.deps.config, WEBHOOK_NETWORKS: [] } }
  for (const addresses of [['127.0.0.1'], ['10.0.0.7'], ['::1'], ['fe80::1'], ['168.63.129.16'], ['100.64.0.1'], []]) {
    await waitOut()
    const resolve = () =>
      Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
    assert.equal(await tellWebhooks(deps, await readArchiveScope(backend.db), { resolve }), 0)
    const { body } = await send<DeliveryPage>('GET', `${all}/${webhook.id}/deliveries`)
    assert.match(body.items[0]?.answer ?? '', /leads to no address that may be called/, addresses.join())
  }
  assert.equal(receiver.told.length, 0)
  // Where it may be called, TLS has to be right: our receiver speaks none.
  await waitOut()
  const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }])
  assert.equal(await tell({ resolve }), 0)
  assert.equal(receiver.told.length, 0)
})

test('two workers tell one webhook one after the other', async () => {
  await create()
  const studies: string[] = []
  for (let index = 0; index < 6; index += 1) studies.push(await store())
  let open = 0
  let most = 0
  receiver.answer = (response) => {
    most = Math.max(most, (open += 1))
    setTimeout(() => {
      open -= 1
      ok(response)
    }, 30)
  }
  await Promise.all([tell(), tell(), tell()])
  assert.deepEqual(toldStudies(), studies)
  assert.equal(most, 1)
})

test('webhooks that are behind have their turns one after the other', async () => {
  const ids = [(await create()).webhook.id, (await create()).webhook.id, (await create()).webhook.id]
  await store()
  await placeChanges(backend.db)
  const scope = await readArchiveScope(backend.db)
  const turns: string[] = []
  for (let turn = 0; turn < 6; turn += 1) {
    const lease = (await leaseWebhook(backend.db, scope)) ?? assert.fail('nobody waits')
    turns.push(lease.id)
    // Its turn is over, and it is still behind.
    await releaseWebhook(backend.db, scope, lease)
  }
  assert.deepEqual(turns, [...ids, ...ids])
})

test('a worker killed while it tells something is followed by one that tells it again, by the same id', async () => {
  const { webhook } = await create()
  const studies = [await store(), await store()]
  const worker = (): ReturnType<typeof spawn> =>
    spawn(process.execPath, [path.resolve(import.meta.dirname, '../worker.ts')], {
      env: {
        PATH: process.env['PATH'] ?? '',
        DATABASE_URL: backend.database.appUrl,
        STORAGE_DIR: backend.deps.config.STORAGE_DIR ?? '',
        SECRET_KEYS: testKeys,
        WEBHOOK_NETWORKS: networks.join(),
        LOG_LEVEL: 'fatal',
      },
      stdio: 'inherit',
    })
  const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
    for (let wait = 0; wait < 600 && !(await isSo()); wait += 1) await delay(50)
    assert.ok(await isSo())
  }
  receiver.answer = () => undefined
  const first = worker()
  await until(() => receiver.told.length === 1)
  first.kill('SIGKILL')
  await once(first, 'exit')
  receiver.answer = ok
  assert.equal(await tell(), 0, 'the lease of the dead one holds for two minutes')
  await backend.db.pool.query('update webhook set leased_until = now()')
  const second = worker()
  try {
    await until(async () => (await read(webhook.id)).waiting === 0)
  } finally {
    second.kill('SIGTERM')
    await once(second, 'exit')
  }
  assert.deepEqual(toldStudies(), [studies[0], ...studies])
  assert.equal(receiver.told[0]?.id, receiver.told[1]?.id)
})

test('a webhook of another project is neither seen nor told', async () => {
  const { webhook } = await create()
  await addProject(backend.db, 'elsewhere')
  const stranger = await tokenHeaders(backend.db, 'level-iii', ['elsewhere'])
  const place = `/api/projects/elsewhere/webhooks/${webhook.id}`
  for (const [method, address] of [
    ['PATCH', place],
    ['DELETE', place],
    ['POST', `${place}/secret`],
    ['POST', `${place}/test`],
    ['GET', `${place}/deliveries`],
  ] as const) {
    const answer = await fetch(backend.url + address, {
      method,
      headers: { ...stranger, ...(method === 'PATCH' ? { 'content-type': 'application/json' } : {}) },
      ...(method === 'PATCH' ? { body: '{"isActive":false}' } : {}),
    })
    assert.equal(answer.status, 404, `${method} ${address}: ${await answer.text()}`)
  }
  assert.equal(receiver.told.length, 0)
  const { body } = await post(
    backend,
    '/api/projects/elsewhere/webhooks',
    { name: 'x', url: receiver.url, kinds },
    stranger,
  )
  const before = receiver.told.length
  await store()
  assert.equal(await tell(), 1)
  assert.equal(receiver.told.length, before + 1, JSON.stringify(body))
})
