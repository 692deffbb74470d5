// A hundred thousand events: one byte changed with the superuser's rights is named, and a chain that is made anew after it is
// caught by the anchors outside the database.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { configSchema, openDeps, runCommand, startBackend } from '@instandt/backend'
import { createLogger } from '@instandt/runtime'
import { testDatabase, testKeys } from '@instandt/testkit'
import pg from 'pg'
import { temporaryFolder } from './child-backend.ts'

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const count = scale === 'full' ? 100_000 : 6000
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  const log = createLogger({ name: 'prove', level: 'error' })
  const config = configSchema.parse({
    DATABASE_URL: database.appUrl,
    PORT: 0,
    STORAGE_DIR: path.join(folder, 'blobs'),
    SECRET_KEYS: testKeys,
  })
  const verify = async (): Promise<{ code: number; words: string }> => {
    const words: string[] = []
    const code = await runCommand(
      ['audit', 'verify'],
      () => openDeps(config, log),
      (text) => words.push(text),
    )
    return { code, words: words.join('') }
  }
  try {
    await database.db.pool.query(
      `insert into audit_event (actor_kind, actor_id, actor_name, address, request_id, action, result, target, detail)
       select 'local', 'person', 'Person ' || n % 50, '10.0.0.' || n % 250, 'r' || n, 'image.view', 'done', 'image ' || n,
         jsonb_build_object('n', n) from generate_series(1, $1) n`,
      [count],
    )
    // A real server seals them, and anchors the head when it ends.
    const started = performance.now()
    const backend = await startBackend(config, log)
    await backend.stop()
    const sealMs = performance.now() - started
    const verifyStarted = performance.now()
    const intact = await verify()
    const verifyMs = performance.now() - verifyStarted
    assert.equal(intact.code, 0, intact.words)
    assert.match(intact.words, new RegExp(`${count} events, chain up to link ${count}, 1 anchors`))

    const victim = Math.floor(count / 3)
    await admin.query(`update audit_event set target = overlay(target placing 'X' from 2 for 1) where id = $1`, [
      victim,
    ])
    const changed = await verify()
    assert.equal(changed.code, 1)
    assert.match(changed.words, new RegExp(`event ${victim} \\(link ${victim}, .*altered`))
    assert.match(changed.words, /1 faults/)

    await remakeChain(admin)
    const remade = await verify()
    assert.equal(remade.code, 1)
    assert.match(remade.words, new RegExp(`link ${count} is not the one that was anchored`))
    process.stdout.write(
      `audit: ${count} events sealed in ${(sealMs / 1000).toFixed(1)} s, verified in ${(verifyMs / 1000).toFixed(1)} s; change and new chain were caught\n`,
    )
  } finally {
    await admin.end()
    await database.stop()
    await remove()
  }
}

/** What an attacker with every right on the database would do; written from the description of the chain, not from its code. */
async function remakeChain(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ seq: string; fields: unknown[] }>({
    text: `select s.seq, array[e.id::text, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.actor_kind, e.actor_id,
        e.actor_name, e.address, e.request_id, e.action, e.result, e.project, e.study_instance_uid, e.component, e.target,
        e.count::text, e.detail::text] as fields
      from audit_seal s join audit_event e on e.id = s.event_id order by s.seq`,
  })
  let hash: Buffer = Buffer.alloc(32)
  const hashes: Buffer[] = []
  for (const { seq, fields } of rows) {
    const [id, ...rest] = fields
    rest[12] = Number(rest[12])
    hash = createHash('sha256')
      .update(hash)
      .update(JSON.stringify([Number(seq), Number(id), ...rest]))
      .digest()
    hashes.push(hash)
  }
  await admin.query(
    'update audit_seal s set hash = r.hash from unnest($1::bytea[]) with ordinality as r(hash, seq) where s.seq = r.seq',
    [hashes],
  )
}
