import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { MigrateError } from './migrate-error.ts'

/** One SQL file. */
export interface Migration {
  number: number
  /** File name. */
  name: string
  /** `breaking`: programs that do not know this migration must not run on the schema. */
  kind: 'compatible' | 'breaking'
  sql: string
  /** SHA-256 of the text, hexadecimal; line ends do not count. */
  checksum: string
}

export const defaultMigrationsDir = path.join(
  path.dirname(fileURLToPath(import.meta.resolve('@instandt/db'))),
  '../migrations',
)

const fileName = /^(\d{4})_[a-z0-9_]+\.sql$/
const transactionControl = /^\s*(?:begin|commit|rollback|end|start\s+transaction)(?:\s+(?:work|transaction))?\s*;/im
const firstLine = /^-- (compatible|breaking)\s*$/

/**
 * Reads the migrations of a folder in order.
 * @throws {MigrateError} a wrong file name, number or first line, naming the file
 */
export async function readMigrations(dir: string): Promise<Migration[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort()
  const migrations: Migration[] = []
  for (const name of names) {
    const number = Number(fileName.exec(name)?.[1])
    if (!Number.isInteger(number)) throw new MigrateError(`${name}: must be named like 0012_what_it_does.sql`)
    if (number !== migrations.length + 1) {
      throw new MigrateError(`${name}: expected number ${String(migrations.length + 1).padStart(4, '0')} here`)
    }
    // A checkout with other line ends is the same migration.
    const sql = (await readFile(path.join(dir, name), 'utf8')).replaceAll('\r\n', '\n')
    const kind = firstLine.exec(sql.split('\n', 1)[0] ?? '')?.[1]
    if (kind !== 'compatible' && kind !== 'breaking') {
      throw new MigrateError(`${name}: the first line must be "-- compatible" or "-- breaking"`)
    }
    if (transactionControl.test(withoutBodies(sql))) {
      throw new MigrateError(`${name}: must not begin or end transactions; the whole file is one`)
    }
    migrations.push({ number, name, kind, sql, checksum: createHash('sha256').update(sql).digest('hex') })
  }
  if (migrations.length === 0) throw new MigrateError(`${dir}: no migrations here`)
  return migrations
}

/** Without function bodies, in which `end;` is a word of another language. */
function withoutBodies(sql: string): string {
  return sql.replace(/(\$\w*\$)[^]*?\1/g, '')
}
