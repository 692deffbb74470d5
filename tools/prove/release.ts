// A release as the operations command makes it, with real processes: the old backend serves under load, the real migration
// job runs, a new backend takes over when it is ready, and not one request fails, not even an upload that is slower than the
// change. A failing migration, a version that never becomes ready and one that shows nothing to the outside leave the old one
// serving, and the command ends with 1.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, writeFile } from 'node:fs/promises'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageAt, type Stage, startStage } from '@instandt/ops/fixture'
import { defaultMigrationsDir, readMigrations } from '@instandt/migrate'
import { signedFetch, testCaller, testDatabase, testKeys } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import pg from 'pg'
import { temporaryFolder } from './child-backend.ts'
import { startLoad } from './load.ts'
import { createPlatform, startIngress } from './platform.ts'

const root = path.resolve(import.meta.dirname, '../..')

/** What each image's migrations add; a letter stands for an image. */
const extra: Record<string, string> = {
  b: 'create table rehearsal (id integer);\nselect pg_sleep(0.5);',
  c: 'create table half (id integer);\nselect 1 / 0;',
}
/** Versions after b know its migration. */
const afterB = new Set(['d', 'e'])

/** Milliseconds the ingress goes on sending to the old version; the old version goes on answering for longer. */
const lateMs = 800
const delaySeconds = 2
/** Seconds after which an upload is cut off: of versions that are to finish one, and of those that cannot. */
const [patient, strict] = [60, 5]

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const [lanes, between] = scale === 'full' ? [8, 400] : [3, 20]
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const ingress = await startIngress(lateMs)
  const stage = await startStage(ingress.url)
  const env = {
    SECRET_KEYS: testKeys,
    SHUTDOWN_DELAY_SECONDS: String(delaySeconds),
    SHUTDOWN_SECONDS: String(patient),
  }
  const platform = createPlatform(ingress, {
    databaseUrl: database.appUrl,
    folder,
    env,
    isDeaf: (image) => image.endsWith('d'),
    isBare: (image) => image.endsWith('e'),
  })
  stage.arm.platform.onRevision = (app, { template }) =>
    platform.onRevision(app.replace('ca-', ''), template.containers[0]?.image ?? '')
  stage.arm.platform.onJob = (_job, { template }) =>
    runMigration(stage, path.join(folder, 'sql'), database.adminUrl, template.containers[0]?.image.at(-1) ?? '')

  const release = (name: string, letter: string, smokeSeconds = 60) =>
    stage.runProcess(
      [
        'release',
        '--stack=test',
        `--version=${name}`,
        `--backend-image=${imageAt('backend', letter)}`,
        `--frontend-image=${imageAt('frontend', letter)}`,
      ],
      { INSTANDT_READY_SECONDS: '120', INSTANDT_SMOKE_SECONDS: String(smokeSeconds) },
    )
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  try {
    const first = await release('1.0.0', 'a')
    assert.equal(first.code, 0, first.err)
    const load = startLoad(ingress.url, lanes)
    await load.until(between)

    const failing = await release('1.1.0', 'c')
    assert.equal(failing.code, 1)
    assert.match(failing.err, /division by zero/)
    assert.match(failing.err, /1\.0\.0 goes on serving/)
    assert.equal(await exists(admin, 'half'), false, 'nothing of the failing file is kept')
    assert.equal(platform.ending.length, 0)
    await load.until(between)

    const slow = slowUpload(ingress.url, 'slow')
    const pages = startPageLoad(ingress.url)
    const second = await release('1.2.0', 'b')
    assert.equal(second.code, 0, second.err)
    assert.equal(await exists(admin, 'rehearsal'), true)
    await load.until(between)
    // It was begun at the old version, which was told to end, takes nothing new by now and waits for it.
    await sleep(delaySeconds * 1000 + 500)
    assert.equal(platform.ended.backend, 0, 'the old version is still there')
    slow.finish()
    assert.equal(await slow.answered, 200, 'an upload slower than the change')
    assert.deepEqual(await Promise.all(platform.ending), [0, 0], 'the old version has ended in order')
    const viewed = await pages.stop()
    env.SHUTDOWN_SECONDS = String(strict)

    const deaf = await release('1.3.0', 'd')
    assert.equal(deaf.code, 1)
    assert.equal(deaf.out, '1.3.0 failed, 1.2.0 serves\n', deaf.err)
    await load.until(between)

    const bare = await release('1.4.0', 'e', 2)
    assert.equal(bare.code, 1)
    assert.match(bare.err, /through Front Door: \/ answered 200: not so that the web app is there/)
    assert.equal(bare.out, '1.4.0 failed, 1.2.0 serves\n', bare.err)
    assert.equal((await fetch(ingress.url)).status, 200)
    await load.until(between)

    const { failed, ...done } = await load.stop()
    assert.deepEqual([...failed, ...viewed.failed], [])
    assert.ok(
      Object.values(done).every((count) => count > 4 * between),
      JSON.stringify(done),
    )
    assert.ok(viewed.seen > between)
    await proveBound(platform, ingress.url)
    process.stdout.write(
      `release: one release, one failing migration, two versions taken back, during ${done.stored} uploads, ${done.read} retrievals, ${done.frames} frames, ${done.searched} searches, ${viewed.seen} pages: none failed\n`,
    )
  } finally {
    await admin.end()
    await platform.stop()
    ingress.stop()
    await stage.stop()
    await database.stop()
    await remove()
  }
}

/** The migration job as a process of its own, with the files of that image. */
async function runMigration(stage: Stage, folder: string, adminUrl: string, letter: string): Promise<boolean> {
  const migrations = `${folder}-${letter}`
  await cp(defaultMigrationsDir, migrations, { recursive: true })
  const sql = extra[afterB.has(letter) ? 'b' : letter]
  const number = String((await readMigrations(defaultMigrationsDir)).length + 1).padStart(4, '0')
  if (sql !== undefined) await writeFile(path.join(migrations, `${number}_rehearsal.sql`), `-- compatible\n${sql}\n`)
  const job = spawn(process.execPath, [path.join(root, 'apps/migrate/src/main.ts')], {
    env: { PATH: process.env['PATH'] ?? '', MIGRATE_DATABASE_URL: adminUrl, MIGRATE_FOLDER: migrations },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  job.stdout.on('data', (chunk: Buffer) => stage.arm.logLines.push(...chunk.toString().trim().split('\n')))
  const [code] = (await once(job, 'close')) as [number]
  return code === 0
}

const exists = async (client: pg.Client, table: string): Promise<boolean> =>
  (await client.query<{ is: boolean }>('select to_regclass($1) is not null as is', [table])).rows[0]?.is === true

/** An upload over a slow line: all but its end is sent at once. */
function slowUpload(url: string, name: string) {
  const uid = uidOf(name)
  const file = buildInstance({ sopInstanceUid: uid, image: { rows: 64, columns: 64 } })
  const headers = { ...testCaller, 'content-type': 'application/dicom', accept: 'application/dicom+json' }
  const request = http.request(`${url}/dicom-web/studies`, { method: 'POST', headers })
  const answered = new Promise<number | string>((resolve) => {
    request.on('response', (answer) => void answer.resume().on('end', () => resolve(answer.statusCode ?? 0)))
    request.on('error', (error) => resolve(error.message))
  })
  request.write(file.subarray(0, file.length / 2))
  return { uid, answered, finish: () => void request.end(file.subarray(file.length / 2)) }
}

function startPageLoad(url: string) {
  const failed: string[] = []
  let [seen, isOver] = [0, false]
  const running = (async () => {
    while (!isOver) {
      const answer = await fetch(url).catch((error: Error) => error)
      if (answer instanceof Error) failed.push(`page: ${answer.message}`)
      else if (answer.status !== 200 || !(await answer.text()).includes('<html')) failed.push(`page: ${answer.status}`)
      else seen += 1
      await sleep(5)
    }
  })()
  return {
    async stop() {
      isOver = true
      await running
      return { seen, failed }
    },
  }
}

/** An upload that never ends holds a version up no longer than it may, and leaves nothing behind. */
async function proveBound(platform: ReturnType<typeof createPlatform>, url: string): Promise<void> {
  // Whoever sends requests knows of the last change by then.
  await sleep(lateMs)
  const endless = slowUpload(url, 'endless')
  await sleep(300)
  const backend = platform.serving.get('backend')
  const told = performance.now()
  const code = await backend?.end()
  const seconds = (performance.now() - told) / 1000
  assert.equal(code, 1, `cut off, and says so (${seconds.toFixed(1)} s, ${await endless.answered})`)
  assert.ok(seconds < strict + 3, `${seconds.toFixed(1)} s`)
  assert.notEqual(await endless.answered, 200)
  platform.serving.delete('backend')
  assert.ok(await platform.onRevision('backend', imageAt('backend', 'b')))
  const found = await signedFetch(`${url}/dicom-web/instances?SOPInstanceUID=${endless.uid}`)
  assert.ok(found.status === 204 || (await found.text()) === '[]', 'nothing half stored')
}
