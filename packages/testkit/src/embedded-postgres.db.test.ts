import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startPostgres } from './embedded-postgres.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { serverUser } from './server-user.ts'

const isRoot = process.getuid?.() === 0
const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`
const moduleUrl = new URL('./embedded-postgres.ts', import.meta.url).href
let folder: string

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'instandt-pgtest-'))
  await chmod(folder, 0o755)
})
after(() => rm(folder, { recursive: true, force: true }))

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function vanishes(isThere: () => Promise<boolean> | boolean, within = 15_000): Promise<boolean> {
  for (const end = performance.now() + within; performance.now() < end; await sleep(50))
    if (!(await isThere())) return true
  return false
}

const isThere = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  )
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const postmasterPid = async (dataDir: string) =>
  Number((await readFile(path.join(dataDir, 'cluster/postmaster.pid'), 'utf8')).split('\n')[0])

/** A program that starts a server, says where, and lives until it is killed. */
async function startInChild(options: object, command?: [string, ...string[]]) {
  const program = `import { startPostgres } from ${JSON.stringify(moduleUrl)}
    const server = await startPostgres(${JSON.stringify(options)})
    process.stdout.write(JSON.stringify(server) + '\\n')
    setInterval(() => undefined, 1000)`
  const args = ['--input-type=module', '-e', program]
  const [file, all] =
    command === undefined ? [process.execPath, args] : [command[0], [...command.slice(1), process.execPath, ...args]]
  const child = spawn(file, all, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [Buffer | number]
  if (!Buffer.isBuffer(first)) throw new Error(`ended with ${first}: ${errors}`)
  return { child, server: JSON.parse(first.toString()) as { adminUrl: string; port: number } }
}

test('a cluster keeps its data, port and passwords from start to start', async () => {
  const dataDir = path.join(folder, 'kept')
  const first = await startPostgres({ dataDir, isDurable: false })
  await query(first.adminUrl, 'create table kept as select 42 as answer')
  await first.stop()
  const second = await startPostgres({ dataDir, isDurable: false })
  try {
    assert.equal(second.adminUrl, first.adminUrl)
    assert.deepEqual(await query(second.adminUrl, 'select answer from kept'), [{ answer: 42 }])
  } finally {
    await second.stop()
  }
})

test('listens on the loopback alone, asks for the password, and keeps it in a file of mode 600', async () => {
  const dataDir = path.join(folder, 'private')
  const server = await startPostgres({ dataDir, isDurable: false })
  try {
    assert.deepEqual(
      await query(
        server.adminUrl,
        `select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets,
                current_setting('password_encryption') as encryption`,
      ),
      [{ addresses: '127.0.0.1', sockets: '', encryption: 'scram-sha-256' }],
    )
    const wrong = new URL(server.adminUrl)
    wrong.password = 'wrong'
    await assert.rejects(query(wrong.href, 'select 1'), { code: '28P01' })
    assert.equal((await stat(path.join(dataDir, 'secrets.json'))).mode & 0o777, 0o600)
    assert.equal((await stat(path.join(dataDir, 'cluster'))).mode & 0o777, 0o700)
  } finally {
    await server.stop()
  }
})

test('a durable cluster waits for the disk and checks its pages; a throwaway one does not wait', async () => {
  const durable = await startPostgres({ dataDir: path.join(folder, 'durable') })
  const throwaway = await startPostgres()
  const settings = `select current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
                           current_setting('synchronous_commit') as commit, current_setting('data_checksums') as checksums`
  try {
    assert.deepEqual(await query(durable.adminUrl, settings), [
      { fsync: 'on', pages: 'on', commit: 'on', checksums: 'on' },
    ])
    assert.deepEqual(await query(throwaway.adminUrl, settings), [
      { fsync: 'off', pages: 'off', commit: 'off', checksums: 'off' },
    ])
  } finally {
    await Promise.all([durable.stop(), throwaway.stop()])
  }
})

test('refuses a second server on the same home and names it', async () => {
  const dataDir = path.join(folder, 'twice')
  const server = await startPostgres({ dataDir, isDurable: false })
  try {
    await assert.rejects(startPostgres({ dataDir, isDurable: false }), (error: Error) => {
      assert.match(error.message, /another instaNDT is running on this data/)
      assert.ok(error.message.includes(String(server.port)))
      return true
    })
    assert.equal((await query(server.adminUrl, 'select 1')).length, 1)
  } finally {
    await server.stop()
  }
})

test('two first starts at once make one cluster', async () => {
  const dataDir = path.join(folder, 'race')
  const results = await Promise.allSettled([startInChild({ dataDir }), startInChild({ dataDir })])
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  assert.equal(started.length, 1)
  const refused = results.find((result) => result.status === 'rejected')
  assert.match(String(refused?.reason), /another instaNDT is running on this data|lock file/)
  assert.deepEqual(
    (await readdir(dataDir)).filter((name) => name.includes('.new-')),
    [],
  )
  assert.equal((await query(started[0]?.server.adminUrl ?? '', 'select 1')).length, 1)
  started[0]?.child.kill('SIGKILL')
  assert.ok(await vanishes(() => isThere(path.join(dataDir, 'cluster/postmaster.pid'))))
})

test('starts again after its server was killed, with everything that was committed', async () => {
  const dataDir = path.join(folder, 'crash')
  let crash = ''
  const first = await startPostgres({ dataDir, onCrash: (reason) => (crash = reason) })
  await query(first.adminUrl, 'create table kept as select 42 as answer')
  process.kill(await postmasterPid(dataDir), 'SIGKILL')
  const second = await startPostgres({ dataDir })
  try {
    assert.match(crash, /SIGKILL/)
    assert.deepEqual(await query(second.adminUrl, 'select answer from kept'), [{ answer: 42 }])
  } finally {
    await second.stop()
  }
})

test('a server ends with its program, even a killed one, and the next start waits for it', async () => {
  const dataDir = path.join(folder, 'orphan')
  const { child, server } = await startInChild({ dataDir })
  await query(server.adminUrl, 'create table kept as select 42 as answer')
  child.kill('SIGKILL')
  const next = await startPostgres({ dataDir })
  try {
    assert.deepEqual(await query(next.adminUrl, 'select answer from kept'), [{ answer: 42 }])
  } finally {
    await next.stop()
  }
})

test('a throwaway cluster vanishes with its killed program', async () => {
  const { child, server } = await startInChild({})
  const [row] = await query(server.adminUrl, `select current_setting('data_directory') as dir`)
  const place = path.dirname((row as { dir: string }).dir)
  assert.ok(await isThere(place))
  child.kill('SIGKILL')
  assert.ok(await vanishes(() => isThere(place)))
})

test('a process number in postmaster.pid that somebody else got since is no hindrance', async () => {
  const dataDir = path.join(folder, 'reused')
  const first = await startPostgres({ dataDir, isDurable: false })
  const pidFile = path.join(dataDir, 'cluster/postmaster.pid')
  const text = await readFile(pidFile, 'utf8')
  await first.stop()
  const stranger = spawn('sleep', ['60'], isRoot ? await ownerOfCluster(dataDir) : {})
  try {
    await writeFile(pidFile, text.replace(/^\d+/, String(stranger.pid)))
    await (await startPostgres({ dataDir, isDurable: false })).stop()
  } finally {
    stranger.kill()
  }
})

async function ownerOfCluster(dataDir: string) {
  const { uid, gid } = await stat(path.join(dataDir, 'cluster'))
  return { uid, gid }
}

test('a first start that was killed half-way leaves nothing that hinders the next', async () => {
  const dataDir = path.join(folder, 'half')
  const starting = startInChild({ dataDir })
  starting.catch(() => undefined)
  const halfMade = async () => (await readdir(dataDir).catch(() => [])).find((name) => name.startsWith('cluster.new-'))
  let found: string | undefined
  while ((found = await halfMade()) === undefined) await sleep(5)
  process.kill(Number(found.split('-')[1]), 'SIGKILL')
  await assert.rejects(starting)
  await (await startPostgres({ dataDir, isDurable: false })).stop()
  assert.deepEqual((await readdir(dataDir)).sort(), ['cluster', 'port', 'secrets.json'])
})

test('programs that lack their links in a folder the server may not use are copied to one it may', async () => {
  const installed = path.resolve(fileURLToPath(import.meta.resolve(platformPackage)), '../..')
  const closed = path.join(folder, 'closed')
  await cp(installed, path.join(closed, 'package'), { recursive: true, verbatimSymlinks: true })
  const native = path.join(closed, 'package/native')
  for (const { target } of JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    target: string
  }[]) {
    await rm(path.join(closed, 'package', target), { force: true })
  }
  for (const one of [path.join(native, 'lib'), closed]) await chmod(one, 0o500)
  try {
    const found = await findPostgresBinaries(serverUser(), path.join(folder, 'copies'), path.join(closed, 'package'))
    assert.ok(found.postgres.startsWith(path.join(folder, 'copies')), found.postgres)
    const again = await findPostgresBinaries(serverUser(), path.join(folder, 'copies'), path.join(closed, 'package'))
    assert.deepEqual(again, found)
  } finally {
    for (const one of [closed, path.join(native, 'lib')]) await chmod(one, 0o700)
  }
})

test('a remembered port that is taken is replaced, a demanded one is an error with the reason', async () => {
  const dataDir = path.join(folder, 'port')
  const first = await startPostgres({ dataDir, isDurable: false })
  await first.stop()
  const squatter = createServer().listen(first.port, '127.0.0.1')
  await once(squatter, 'listening')
  try {
    const second = await startPostgres({ dataDir, isDurable: false })
    assert.notEqual(second.port, first.port)
    await second.stop()
    await assert.rejects(
      startPostgres({ dataDir, port: first.port, isDurable: false }),
      /did not start[^]*could not bind/,
    )
  } finally {
    squatter.close()
  }
})

test('a damaged cluster does not start and the error carries the words of the server', async () => {
  const dataDir = path.join(folder, 'damaged')
  await (await startPostgres({ dataDir, isDurable: false })).stop()
  await writeFile(path.join(dataDir, 'cluster/PG_VERSION'), '11\n')
  await assert.rejects(startPostgres({ dataDir, isDurable: false }), /did not start[^]*incompatible/)
})

test('as root in a home nobody else may enter: runs elsewhere, and a copied home is refused', async (t) => {
  if (!isRoot) return t.skip('needs root')
  const home = await mkdtemp(path.join(tmpdir(), 'instandt-private-'))
  const dataDir = path.join(home, 'postgres')
  let location = ''
  try {
    const first = await startPostgres({ dataDir, isDurable: false })
    await query(first.adminUrl, 'create table kept as select 42 as answer')
    await first.stop()
    location = (await readFile(path.join(dataDir, 'location'), 'utf8')).trim()
    const copy = path.join(home, 'copy')
    await cp(dataDir, copy, { recursive: true })
    await assert.rejects(startPostgres({ dataDir: copy, isDurable: false }), /is a copy of/)

    await rm(dataDir, { recursive: true })
    const moved = await startPostgres({ dataDir: copy, isDurable: false })
    assert.deepEqual(await query(moved.adminUrl, 'select answer from kept'), [{ answer: 42 }])
    await moved.stop()
  } finally {
    await rm(home, { recursive: true, force: true })
    if (location.startsWith('/var/lib/instandt/')) await rm(location, { recursive: true, force: true })
  }
})

test('as root the server runs as a user of its own, and a plain user starts it as himself', async (t) => {
  if (!isRoot) return t.skip('needs root')
  const rootServer = await startPostgres()
  const [row] = await query(rootServer.adminUrl, `select current_setting('data_directory') as dir`)
  assert.notEqual((await stat((row as { dir: string }).dir)).uid, 0)
  await rootServer.stop()

  const nobody = 65_534
  const canRead = spawnSync(process.execPath, ['--version'], { uid: nobody, gid: nobody, cwd: '/' }).status === 0
  if (!canRead) return t.skip('this checkout can be read by root only')
  const dataDir = path.join(folder, 'plain')
  await mkdir(dataDir)
  await chown(dataDir, nobody, nobody)
  const { child, server } = await startInChild({ dataDir }, [
    'setpriv',
    `--reuid=${nobody}`,
    `--regid=${nobody}`,
    '--clear-groups',
  ])
  try {
    assert.equal((await query(server.adminUrl, 'select 1')).length, 1)
    assert.equal((await stat(path.join(dataDir, 'cluster'))).uid, nobody)
  } finally {
    const pid = await postmasterPid(dataDir)
    child.kill('SIGKILL')
    assert.ok(await vanishes(() => isAlive(pid)))
  }
})
