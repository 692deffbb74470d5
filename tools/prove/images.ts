// Builds both images with buildah and runs them as the platform does: migration, server, worker, web app and operations
// command as containers against a real PostgreSQL and Azurite; one upload, one search, one frame.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { addTestToken, emptyDatabase, signedFetch, testAzurite, testKeys, testPostgresUrl } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import pg from 'pg'
import { commands } from '../../infra/src/components/containers.ts'
import { freePort, stowFile } from './child-backend.ts'
import {
  build,
  clean,
  ensureBase,
  type Image,
  openImage,
  type Part,
  parts,
  weigh,
  weighPacked,
} from './images/buildah.ts'
import { runContainer, type RunningContainer, whyNoContainers } from './images/container.ts'
import { checkInside } from './images/inside.ts'
import { startIngress } from './platform.ts'

export { whyNoContainers } from './images/container.ts'

/** What an image may weigh in MiB; docs/decisions/0091-images.md tells what it does weigh. */
const most: Record<Part, number> = { backend: 185, frontend: 165 }
const password = 'only-for-tests-instandt'

async function waitUntilUp(url: string, container: RunningContainer): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (
      await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${url} does not answer: ${container.output()}`)
}

async function withAdmin(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await work(client).finally(() => client.end())
}

/** One upload, one search, one frame, as a machine asks for them. */
async function storeFindAndRead(url: string): Promise<void> {
  const uids = {
    studyInstanceUid: uidOf('images'),
    seriesInstanceUid: uidOf('images', 1),
    sopInstanceUid: uidOf('images', 1, 1),
  }
  const file = Buffer.from(buildInstance({ ...uids, image: { rows: 64, columns: 48 } }))
  const stored = await stowFile(url, file)
  assert.equal(stored?.status, 200, stored?.text)
  const found = await signedFetch(`${url}/dicom-web/studies?StudyInstanceUID=${uids.studyInstanceUid}`)
  assert.equal(((await found.json()) as unknown[]).length, 1)
  const frame = await signedFetch(
    `${url}/dicom-web/studies/${uids.studyInstanceUid}/series/${uids.seriesInstanceUid}/instances/${uids.sopInstanceUid}/frames/1`,
    { headers: { accept: 'application/octet-stream; transfer-syntax=*' } },
  )
  assert.equal(frame.status, 200)
  const pixels = Buffer.from(await frame.arrayBuffer())
  assert.ok(pixels.length >= 64 * 48 && file.includes(pixels), 'the frame has the bytes of the file')
  assert.equal((await fetch(`${url}/dicom-web/studies`)).status, 401, 'nobody reads without a name')
}

/** The page, and every file it names. */
async function openPage(url: string): Promise<void> {
  const page = await fetch(`${url}/inspections`, { headers: { accept: 'text/html' } })
  assert.match(page.headers.get('content-security-policy') ?? '', /script-src/)
  const names = [...(await page.text()).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, name]) => name ?? '')
  assert.ok(names.some((name) => name.endsWith('.js')) && names.some((name) => name.endsWith('.css')), names.join(' '))
  for (const name of names) {
    const answer = await fetch(url + name)
    assert.equal(answer.status, 200, name)
    assert.doesNotMatch(answer.headers.get('content-type') ?? '', /html/, name)
    await answer.arrayBuffer()
  }
}

interface Room {
  images: Record<Part, Image>
  start: (part: Part, command: readonly string[], env: Record<string, string>) => RunningContainer
  database: { adminUrl: string }
  role: string
  storage: string
}

async function runAll({ images, start, database, role, storage }: Room): Promise<void> {
  const [serverPort, workerPort, pagesPort] = [await freePort(), await freePort(), await freePort()]
  const appUrl = new URL(database.adminUrl)
  appUrl.username = role
  appUrl.password = password
  const common = { LOG_LEVEL: 'warn', HOST: '127.0.0.1' }
  const settings = {
    ...common,
    DATABASE_URL: appUrl.href,
    STORAGE: 'azure',
    AZURE_STORAGE_CONNECTION_STRING: storage,
    AZURE_STORAGE_CONTAINER: `proof-${randomBytes(4).toString('hex')}`,
    AUDIT_CONTAINER: `proof-audit-${randomBytes(4).toString('hex')}`,
    SECRET_KEYS: testKeys,
  }
  const finish = async (command: readonly string[], env: Record<string, string>): Promise<string> => {
    const job = start('backend', command, env)
    assert.equal(await job.ended, 0, `${command.join(' ')}: ${job.output()}`)
    return job.output()
  }
  const toMigrate = { MIGRATE_DATABASE_URL: database.adminUrl, APP_ROLE: role, APP_ROLE_PASSWORD: password }
  await finish(commands.migrate, toMigrate)
  await finish(commands.migrate, toMigrate)
  await withAdmin(database.adminUrl, addTestToken)

  // What the image does by itself is what the cloud tells it to do.
  assert.deepEqual(images.backend.command, commands.server)
  assert.deepEqual(images.frontend.command, commands.frontend)
  const server = start('backend', commands.server, { ...settings, PORT: String(serverPort) })
  const worker = start('backend', commands.worker, { ...settings, WORKER_PORT: String(workerPort) })
  const pages = start('frontend', commands.frontend, { ...common, PORT: String(pagesPort) })
  assert.equal(
    await start('backend', images.backend.health, { PORT: String(await freePort()) }).ended,
    1,
    'nobody there',
  )
  await waitUntilUp(`http://127.0.0.1:${serverPort}/health/ready`, server)
  await waitUntilUp(`http://127.0.0.1:${workerPort}/health/live`, worker)
  await waitUntilUp(`http://127.0.0.1:${pagesPort}/health/live`, pages)
  for (const [name, container, part] of [
    ['server', server, 'backend'],
    ['worker', worker, 'backend'],
    ['pages', pages, 'frontend'],
  ] as const)
    assert.equal(await container.exec(images[part].health), 0, `${name} is healthy`)

  const ingress = await startIngress()
  ingress.switchTo('frontend', `http://127.0.0.1:${pagesPort}`)
  ingress.switchTo('backend', `http://127.0.0.1:${serverPort}`)
  await storeFindAndRead(ingress.url).finally(() => ingress.stop())
  await openPage(`http://127.0.0.1:${pagesPort}`)
  assert.match(await finish([...commands.ops, 'help'], {}), /instandt <command>/)
  await finish([...commands.ops, 'reindex', '--dry-run'], settings)
  await finish([...commands.ops, 'audit', 'verify'], settings)
  for (const [name, container] of Object.entries({ server, worker, pages }))
    assert.equal(await container.stop(), 0, `${name} ends in order: ${container.output()}`)
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const why = whyNoContainers()
  if (why !== undefined) throw new Error(why)
  const times: string[] = []
  let since = performance.now()
  const lap = (name: string): void => {
    times.push(`${name} ${((performance.now() - since) / 1000).toFixed(0)} s`)
    since = performance.now()
  }
  clean()
  ensureBase()
  lap('base')
  for (const part of parts) {
    const layers = build(part)
    if (scale === 'full') assert.equal(build(part), layers, `${part}: the same sources make the same files`)
  }
  lap('built')
  const images = { backend: openImage('backend'), frontend: openImage('frontend') }
  const database = await emptyDatabase()
  const role = `image_${randomBytes(4).toString('hex')}`
  const running: RunningContainer[] = []
  try {
    for (const part of parts) await checkInside(part, images[part])
    await runAll({
      images,
      database,
      role,
      storage: await testAzurite(),
      start(part, command, env) {
        const container = runContainer(images[part], [...command], env)
        running.push(container)
        return container
      },
    })
    lap('run')
    const sizes = parts.map((part) => {
      const weight = weigh(images[part].root)
      assert.ok(weight <= most[part], `${part} weighs ${weight} MiB, and may weigh ${most[part]}`)
      return `${part} ${weight} MiB${scale === 'full' ? `, packed ${weighPacked(images[part].root)}` : ''}`
    })
    process.stdout.write(
      `images: ${sizes.join('; ')}; migrated, stored, found, one frame, pages, operations; all ended in order (${times.join(', ')})\n`,
    )
  } finally {
    for (const container of running) await container.stop(5000).catch(() => undefined)
    clean()
    await database.stop()
    await withAdmin(await testPostgresUrl(), (client) => client.query(`drop role if exists ${role}`))
  }
}
