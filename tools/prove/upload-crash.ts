// Backend and worker are killed and PostgreSQL is restarted, gently and not, while thousands of parts are under way: what
// was acknowledged is there, nothing is registered twice, what was left unfinished goes on or is swept.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync } from 'node:fs'
import { chmod, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient, type RunningUpload, startUpload, type Upload, type UploadClient } from '@instandt/api'
import { configSchema, openDeps, runCommand } from '@instandt/backend'
import { runMigrations } from '@instandt/migrate'
import { createLogger } from '@instandt/runtime'
import { addTestToken, signedFetch, testKeys } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { type RunningPostgres, startPostgres } from '@instandt/testkit/postgres'
import pg from 'pg'
import { type ChildBackend, startChildBackend, startChildWorker, temporaryFolder } from './child-backend.ts'

const partBytes = 256 * 1024
const partsOfFile = 25

interface Plan {
  files: number
  /** Of these uploads only a half is sent. */
  unfinished: number
  /** What is broken, one after the other, each at a random moment. */
  breaks: ('backend' | 'worker' | 'database' | 'database hard')[]
  /** Milliseconds between two of them, at most. */
  pause: number
}

const plans: Record<'full' | 'small', Plan> = {
  full: {
    files: 200,
    unfinished: 6,
    breaks: Array.from(
      { length: 6 },
      () => ['backend', 'database', 'worker', 'backend', 'database hard', 'backend'] as const,
    ).flat(),
    pause: 4_000,
  },
  small: { files: 16, unfinished: 2, breaks: ['backend', 'database', 'worker', 'database hard'], pause: 800 },
}

const fileOf = (index: number): Uint8Array<ArrayBuffer> =>
  buildInstance({
    studyInstanceUid: uidOf('upload-crash', 'study'),
    seriesInstanceUid: uidOf('upload-crash', 'series'),
    sopInstanceUid: uidOf('upload-crash', index),
    image: { rows: 256, columns: 512, frames: partsOfFile, bitsAllocated: 16 },
  }) as Uint8Array<ArrayBuffer>

const log = createLogger({ name: 'prove', level: 'fatal' })

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const plan = plans[scale]
  const { folder, remove } = await temporaryFolder()
  await chmod(folder, 0o755)
  const stage = await openStage(folder)
  const acknowledged = new Map<string, Set<number>>()
  const client = ledger(stage.client, acknowledged)
  try {
    const sending = sendAll(client, plan)
    const counts = await breakAll(stage, plan, () => sending.isOver())
    const { ended, left } = await sending.done
    assert.equal(ended.length, plan.files)
    for (const what of ['backend', 'worker', 'database', 'database hard'])
      assert.ok((counts[what] ?? 0) > 0, `the sending was over before a ${what} was broken`)
    for (const { state, outcome } of ended) assert.equal(state, 'stored', JSON.stringify(outcome))
    // The worker never died by itself, whatever the database did.
    assert.ok(stage.worker().isRunning(), stage.worker().words())
    for (const id of left) {
      const found = await stage.client.getUpload(id)
      const here = new Set(found.received.flatMap(([first, last]) => range(first, last)))
      for (const number of acknowledged.get(id) ?? []) assert.ok(here.has(number), `part ${number} of ${id} is lost`)
      assert.ok(here.size > 0 && here.size < found.partCount)
    }
    await resumeFirst(client, left, plan)
    await sweepOthers(stage, left.slice(1), folder)
    await checkAll(stage, plan.files + 1)
    const parts = [...acknowledged.values()].reduce((sum, numbers) => sum + numbers.size, 0)
    process.stdout.write(
      `upload-crash: ${parts} parts acknowledged over ${JSON.stringify(counts)}; ${plan.files + 1} files whole and once, ${left.length - 1} unfinished ones swept\n`,
    )
  } finally {
    await stage.stop()
    await remove()
  }
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at)

interface Stage {
  client: UploadClient
  worker: () => ChildBackend
  backend: () => ChildBackend
  break(what: Plan['breaks'][number]): Promise<void>
  query<Row extends object>(sql: string): Promise<Row[]>
  command(...args: string[]): Promise<string>
  stop(): Promise<void>
}

/** A database that keeps what it commits, a backend and a worker, each of which can be taken away and comes back. */
async function openStage(folder: string): Promise<Stage> {
  const dataDir = path.join(folder, 'postgres')
  let isEnding = false
  const startDatabase = (): Promise<RunningPostgres> => startPostgres({ dataDir, onCrash: () => undefined })
  let database = await startDatabase()
  const { adminUrl, appUrl, appRole, appPassword } = database
  await runMigrations({ databaseUrl: adminUrl, appRole, appRolePassword: appPassword }, log)
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await addTestToken(admin)
  await admin.end()
  const options = {
    databaseUrl: appUrl,
    storageDir: path.join(folder, 'blobs'),
    env: { UPLOAD_PART_BYTES: String(partBytes), UPLOAD_MAX_OPEN: '1000' },
  }
  let backend = await startChildBackend(options)
  let worker = await startChildWorker(options)
  const config = configSchema.parse({
    DATABASE_URL: appUrl,
    STORAGE_DIR: options.storageDir,
    SECRET_KEYS: testKeys,
  })
  return {
    client: createClient((url, init) => signedFetch(backend.url + url, init)),
    worker: () => worker,
    backend: () => backend,
    async break(what) {
      if (what === 'backend') {
        await backend.kill()
        backend = await startChildBackend(options)
      } else if (what === 'worker') {
        await worker.kill()
        worker = await startChildWorker(options)
      } else {
        if (what === 'database hard') {
          const file = await readFile(path.join(dataDir, 'cluster/postmaster.pid'), 'utf8')
          process.kill(Number(file.split('\n')[0]), 'SIGKILL')
          await delay(500)
        } else await database.stop()
        database = await startDatabase()
        assert.equal(database.appUrl, appUrl, 'the database comes back at its address')
      }
    },
    async query(sql) {
      const client = new pg.Client({ connectionString: adminUrl })
      await client.connect()
      try {
        return (await client.query(sql)).rows as never
      } finally {
        await client.end()
      }
    },
    async command(...args) {
      const words: string[] = []
      const code = await runCommand(
        args,
        () => openDeps(config, log),
        (text) => words.push(text),
      )
      assert.equal(code, 0, words.join(''))
      return words.join('')
    },
    async stop() {
      if (isEnding) return
      isEnding = true
      await backend.stop()
      await worker.stop()
      await database.stop()
    },
  }
}

/** Notes every part whose request was answered with success. */
function ledger(client: UploadClient, acknowledged: Map<string, Set<number>>): UploadClient {
  return {
    ...client,
    async putPart(part, signal) {
      await client.putPart(part, signal)
      const numbers = acknowledged.get(part.id) ?? new Set()
      acknowledged.set(part.id, numbers.add(part.number))
    },
  }
}

/** Four files at once; of some only a half. */
function sendAll(client: UploadClient, plan: Plan) {
  const ended: Upload[] = []
  const left: string[] = []
  let next = 0
  let isOver = false
  const lane = async (): Promise<void> => {
    for (let index = next++; index < plan.files + plan.unfinished; index = next++) {
      // Spread over the whole time.
      const step = Math.floor(plan.files / plan.unfinished)
      const isHalf = index % step === 1 && index < step * plan.unfinished
      const running = startUpload({ client, source: new Blob([fileOf(index)]), file: { name: `${index}.dcm` } })
      if (isHalf) left.push(await stopHalfway(running))
      else ended.push(await running.done)
    }
  }
  const done = Promise.all(Array.from({ length: 4 }, lane)).then(() => {
    isOver = true
    return { ended, left }
  })
  return { done, isOver: () => isOver }
}

async function stopHalfway(running: RunningUpload): Promise<string> {
  running.done.catch(() => undefined)
  while (running.progress().receivedBytes < (partsOfFile / 2) * partBytes) await delay(5)
  running.cancel()
  return running.progress().id ?? ''
}

async function breakAll(stage: Stage, plan: Plan, isOver: () => boolean): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const what of plan.breaks) {
    await delay(plan.pause * (0.2 + Math.random() * 0.8))
    if (isOver()) break
    await stage.break(what)
    counts[what] = (counts[what] ?? 0) + 1
  }
  return counts
}

/** One of the unfinished uploads goes on where it was. */
async function resumeFirst(client: UploadClient, left: readonly string[], plan: Plan): Promise<void> {
  const [id] = left
  assert.ok(id !== undefined && left.length === plan.unfinished)
  const { name } = await client.getUpload(id)
  let sent = 0
  const counting: UploadClient = { ...client, putPart: (part, signal) => ((sent += 1), client.putPart(part, signal)) }
  const source = new Blob([fileOf(Number.parseInt(name, 10))])
  const ended = await startUpload({ client: counting, source, file: { name }, id }).done
  assert.equal(ended.state, 'stored')
  assert.ok(sent < partsOfFile, `${sent} parts were sent`)
}

/** The others are dropped after their time, with their bytes. */
async function sweepOthers(stage: Stage, left: readonly string[], folder: string): Promise<void> {
  assert.match(await stage.command('uploads', 'sweep'), /^0 open uploads dropped/)
  await stage.query(`update upload set touched_at = now() - interval '6 days 1 minute' where state = 'open'`)
  assert.match(await stage.command('uploads', 'sweep'), new RegExp(`^${left.length} open uploads dropped`))
  const staged = path.join(folder, 'blobs/staged')
  for (let tries = 0; tries < 300 && globSync('*/*', { cwd: staged }).length > 0; tries += 1) await delay(100)
  assert.deepEqual(globSync('*/*', { cwd: staged }), [])
}

/** Every file once, whole, told once in the audit; and nothing else in the store. */
async function checkAll(stage: Stage, count: number): Promise<void> {
  const instances = await stage.query<{ uid: string; sha256: Buffer }>(
    'select sop_instance_uid as uid, sha256 from instance',
  )
  assert.equal(instances.length, count)
  const base = `/dicom-web/studies/${uidOf('upload-crash', 'study')}/series/${uidOf('upload-crash', 'series')}/instances`
  for (const { uid, sha256 } of instances) {
    const answer = await signedFetch(`${stage.backend().url}${base}/${uid}`, {
      headers: { accept: 'application/dicom; transfer-syntax=*' },
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    assert.ok(createHash('sha256').update(bytes).digest().equals(sha256), `${uid} came back with other bytes`)
  }
  const [totals] = await stage.query<Record<string, number>>(
    `select (select sum(count) from audit_event where action = 'image.store')::int as told,
      (select instance_count from study)::int as counted, (select count(*) from upload where state = 'stored')::int as uploads,
      (select count(*) from upload where state <> 'stored')::int as others, (select count(*) from upload_part)::int as parts`,
  )
  assert.deepEqual(totals, { told: count, counted: count, uploads: count, others: 0, parts: 0 })
  assert.match(await stage.command('sweep', '--grace-hours', '0'), new RegExp(`^${count} blobs, 0 put in quarantine`))
}
