// `npm run db:dump`: writes packages/db/schema.sql and the Kysely types from a freshly migrated database.
// With --check nothing is written; a difference ends with code 1.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describeSchema, describeTypes } from '@instandt/db/describe'
import { defaultMigrationsDir, readMigrations } from '@instandt/migrate'
import { testDatabase } from '@instandt/testkit'
import pg from 'pg'
import { root } from './run.ts'

const isCheck = process.argv.includes('--check')
const database = await testDatabase()
const pool = new pg.Pool({ connectionString: database.adminUrl, max: 1 })
const newest = (await readMigrations(defaultMigrationsDir)).length
const files: [string, string][] = [
  ['packages/db/schema.sql', await describeSchema(pool)],
  ['packages/db/src/schema.generated.ts', await describeTypes(pool, newest)],
]
await pool.end()
await database.stop()

for (const [name, content] of files) {
  const file = path.join(root, name)
  if ((await readFile(file, 'utf8').catch(() => '')) === content) continue
  if (isCheck) {
    process.stderr.write(`${name} does not fit the migrations; run npm run db:dump and commit it\n`)
    process.exitCode = 1
  } else {
    await writeFile(file, content)
    process.stdout.write(`wrote ${name}\n`)
  }
}
