import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import pg from 'pg'
import { startPostgres } from './embedded-postgres.ts'
import { testDatabase, testPostgresUrl } from './index.ts'

async function databases(url: string, like: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ datname: string }>('select datname from pg_database where datname like $1', [
    like,
  ])
  await client.end()
  return rows.map((row) => row.datname)
}

test('every caller gets a database of its own, and stopping drops it', async () => {
  const [one, other] = await Promise.all([testDatabase(), testDatabase()])
  await one.db.pool.query(`insert into project (slug, name) values ('only-here', 'x')`)
  assert.equal((await other.db.pool.query('select from project')).rowCount, 1)
  const name = new URL(one.appUrl).pathname.slice(1)
  assert.deepEqual(await databases(await testPostgresUrl(), name), [name])
  await one.stop()
  assert.deepEqual(await databases(await testPostgresUrl(), name), [])
  await other.stop()
})

test('processes that come at the same time on a new cluster make the template once', async () => {
  const server = await startPostgres()
  const program = `
    import { testDatabase } from ${JSON.stringify(new URL('./database.ts', import.meta.url).href)}
    const database = await testDatabase()
    process.stdout.write(String((await database.db.pool.query('select from project')).rowCount))
    await database.stop()`
  const answers = await Promise.all(
    [1, 2, 3].map(async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        env: { ...process.env, INSTANDT_TEST_POSTGRES: server.adminUrl },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      await once(child, 'close')
      return output
    }),
  )
  assert.deepEqual(answers, ['1', '1', '1'])
  const left = await databases(server.adminUrl, 't%\\_%')
  assert.equal(left.length, 1, left.join())
  assert.match(left[0] ?? '', /^template_[0-9a-f]{16}$/)
  await server.stop()
})
