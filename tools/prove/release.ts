// A release as the operations command makes it, with real processes: the old backend serves under load, the real migration
// job runs, a new backend takes over when it is ready, and not one request fails. A failing migration and a version that
// never becomes ready leave the old one serving and end with 1.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { imageAt, type InfraCalled, type Stage, startStage } from '@instandt/ops/fixture'
import { defaultMigrationsDir, readMigrations } from '@instandt/migrate'
import { testDatabase, testKeys } from '@instandt/testkit'
import pg from 'pg'
import { type ChildBackend, freePort, startChildBackend, temporaryFolder } from './child-backend.ts'
import { startLoad } from './load.ts'

const root = path.resolve(import.meta.dirname, '../..')

/** What each image's migrations add; a letter stands for an image. */
const extra: Record<string, string> = {
  a: '',
  b: 'create table rehearsal (id integer);\nselect pg_sleep(0.5);',
  c: 'create table half (id integer);\nselect 1 / 0;',
  // As b, whose schema is in the database by then; its server never starts.
  d: 'create table rehearsal (id integer);\nselect pg_sleep(0.5);',
}

/** Stands for the platform's ingress: sends each request to the version that is in charge when it comes. */
export async function startIngress(pages: string) {
  let backend = ''
  const agent = new http.Agent({ keepAlive: true })
  const server = http.createServer((request, response) => {
    const isBackend = /^\/(api|dicom-web|health\/live)/.test(request.url ?? '')
    const target = new URL(request.url ?? '/', isBackend ? backend : pages)
    const onward = http.request(target, { method: request.method, headers: request.headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
    request.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    switchTo: (url: string) => (backend = url),
    stop() {
      server.closeAllConnections()
      server.close()
      agent.destroy()
    },
  }
}

export async function startPages(): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePort()
  const child = spawn(process.execPath, [path.join(root, 'apps/frontend/src/server-main.ts')], {
    env: { PATH: process.env['PATH'] ?? '', PORT: String(port), LOG_LEVEL: 'error' },
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 200; tries += 1) {
    if (
      await fetch(`${url}/health/live`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return { url, child }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the web app did not start')
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const [lanes, between] = scale === 'full' ? [8, 400] : [3, 20]
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const pages = await startPages()
  const ingress = await startIngress(pages.url)
  const stage = await startStage(ingress.url)
  const running = new Map<string, ChildBackend>()
  const versionOf = (image: string): string => image.at(-1) ?? ''
  const start = (): Promise<ChildBackend> =>
    startChildBackend({
      databaseUrl: database.appUrl,
      storageDir: path.join(folder, 'blobs'),
      env: { SECRET_KEYS: testKeys, PUBLIC_URL: ingress.url },
    })

  stage.arm.onJob = async (_job, { template }) => {
    const version = versionOf(template.containers[0]?.image ?? '')
    const migrations = path.join(folder, `migrations-${version}`)
    await cp(defaultMigrationsDir, migrations, { recursive: true })
    const sql = extra[version] ?? ''
    if (sql !== '')
      await writeFile(path.join(migrations, `${await nextNumber()}_rehearsal.sql`), `-- compatible\n${sql}\n`)
    const job = spawn(process.execPath, [path.join(root, 'apps/migrate/src/main.ts')], {
      env: { PATH: process.env['PATH'] ?? '', MIGRATE_DATABASE_URL: database.adminUrl, MIGRATE_FOLDER: migrations },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    job.stdout.on('data', (chunk: Buffer) => stage.arm.logLines.push(...chunk.toString().trim().split('\n')))
    const [code] = (await once(job, 'close')) as [number]
    return code === 0
  }
  stage.onInfra = (call) => apply(call, stage, running, { start, switchTo: ingress.switchTo })

  const release = (name: string, letter: string) =>
    stage.run([
      'release',
      '--stack=test',
      `--version=${name}`,
      `--backend-image=${imageAt('backend', letter)}`,
      `--frontend-image=${imageAt('frontend', letter)}`,
    ])
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
    await load.until(between)

    const second = await release('1.2.0', 'b')
    assert.equal(second.code, 0, second.err)
    assert.equal(await exists(admin, 'rehearsal'), true)
    await load.until(between)
    assert.deepEqual([...running.keys()], ['b'], 'the old version is gone')

    const broken = await release('1.3.0', 'd')
    assert.equal(broken.code, 1)
    assert.match(broken.out, /1\.3\.0 failed, 1\.2\.0 serves/)
    await load.until(between)

    const { stored, read, failed } = await load.stop()
    assert.deepEqual(failed, [])
    assert.ok(stored > 3 * between && read > 3 * between)
    process.stdout.write(
      `release: one release, one failing migration, one version taken back, during ${stored} uploads and ${read} retrievals: none failed\n`,
    )
  } finally {
    await admin.end()
    for (const backend of running.values()) await backend.stop()
    pages.child.kill()
    ingress.stop()
    await stage.stop()
    await database.stop()
    await remove()
  }
}

const exists = async (client: pg.Client, table: string): Promise<boolean> =>
  (await client.query<{ is: boolean }>('select to_regclass($1) is not null as is', [table])).rows[0]?.is === true

async function nextNumber(): Promise<string> {
  return String((await readMigrations(defaultMigrationsDir)).length + 1).padStart(4, '0')
}

/** As the platform does in single-revision mode: a new process, traffic when it is ready, then SIGTERM to the old one. */
async function apply(
  call: InfraCalled,
  stage: Stage,
  running: Map<string, ChildBackend>,
  { start, switchTo }: { start: () => Promise<ChildBackend>; switchTo: (url: string) => void },
): Promise<Record<string, unknown>> {
  if (call.stackKind === 'platform' || call.action !== 'up') return { deployment: stage.deployment }
  const letter = call.config['backendImage']?.at(-1) ?? ''
  const suffix = `r${letter.repeat(10)}${call.config['attempt'] ?? ''}`
  const isBroken = letter === 'd'
  for (const part of ['backend', 'frontend'] as const) {
    const name = `ca-${part}`
    const app = stage.arm.apps.get(name) ?? {
      template: { revisionSuffix: '', containers: [] },
      revisions: [],
      ready: undefined,
    }
    const env = [{ name: 'INSTANDT_VERSION', value: call.config['version'] ?? '' }]
    app.template = {
      revisionSuffix: suffix,
      containers: [{ name: 'server', image: call.config[`${part}Image`] ?? '', env }],
    }
    const revision = {
      name: `${name}--${suffix}`,
      runningState: isBroken ? 'Failed' : 'Activating',
      healthState: 'None',
    }
    app.revisions.push(revision)
    stage.arm.apps.set(name, app)
    if (isBroken) continue
    if (part === 'backend' && !running.has(letter)) {
      const fresh = await start()
      switchTo(fresh.url)
      for (const [old, process_] of running) {
        running.delete(old)
        await process_.stop()
      }
      running.set(letter, fresh)
    }
    Object.assign(revision, { runningState: 'Running', healthState: 'Healthy' })
    app.ready = revision.name
  }
  return { deployment: stage.deployment }
}
