import { createHash } from 'node:crypto'
import type { Db } from '@instandt/db'
import type { Statement } from './search-sql.ts'

const statementNames = new Map<string, string>()

/** Same text, same name: planned once a connection. Searches have few shapes, and the list of them is bounded. */
function named(text: string): string | undefined {
  let name = statementNames.get(text)
  if (name === undefined && statementNames.size < 200) {
    name = `search-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
    statementNames.set(text, name)
  }
  return name
}

export async function runStatement<Row extends object>(db: Db, { text, values }: Statement): Promise<Row[]> {
  const name = named(text)
  const { rows } = await db.pool.query<Row>({ text, values, ...(name === undefined ? {} : { name }) })
  return rows
}
