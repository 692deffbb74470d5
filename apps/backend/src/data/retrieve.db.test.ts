import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Db } from '@instandt/db'
import { type TestDatabase, testDatabase } from '@instandt/testkit'
import { uidOf } from '@instandt/testkit/files'
import { readArchiveScope } from '../plugins/access.ts'
import { createInstanceWriter } from './group-commit.ts'
import { makeRow } from './insert-rows.fixture.ts'
import { findRendition } from './renditions.ts'
import { findAttributes, findBulk, findFrames, findObject } from './retrieve.ts'

let database: TestDatabase
before(async () => {
  database = await testDatabase()
})
after(() => database.stop())

interface Plan {
  'Rows Removed by Filter'?: number
  'Rows Removed by Join Filter'?: number
  Plans?: Plan[]
}

const removedBy = (plan: Plan): number =>
  (plan['Rows Removed by Filter'] ?? 0) +
  (plan['Rows Removed by Join Filter'] ?? 0) +
  (plan.Plans ?? []).reduce((sum, part) => sum + removedBy(part), 0)

test('an instance is found without looking at the others of its study', async () => {
  const { pool } = database.db
  const writer = createInstanceWriter(database.db)
  const scope = await readArchiveScope(database.db)
  const rows = Array.from({ length: 600 }, (_, at) => {
    const study = at < 400 ? 'large' : `small ${at}`
    return makeRow({ study, instance: `${study} ${at}` })
  })
  await Promise.all(rows.map((row) => writer.insert(scope, row)))
  await pool.query('analyze')
  const address = {
    studyInstanceUid: uidOf('row', 'large'),
    seriesInstanceUid: uidOf('row', 'large', 'series'),
    sopInstanceUid: uidOf('row', 'large 17'),
  }
  const asked: { text: string; values: unknown[] }[] = []
  const client = await pool.connect()
  const watched = {
    pool: {
      query(question: { text: string; values: unknown[] }) {
        asked.push(question)
        return pool.query(question)
      },
    },
  } as unknown as Db
  try {
    assert.ok(await findObject(watched, scope, address))
    await findFrames(watched, scope, address, [1])
    await findBulk(watched, scope, address, '42000011')
    await findAttributes(watched, scope, address)
    await findRendition(watched, scope, address, 1)
    // What a prepared statement comes to after a few times: a plan that knows none of its values.
    await client.query('set plan_cache_mode = force_generic_plan')
    for (const [at, { text, values }] of asked.entries()) {
      await client.query(`prepare asked_${at} as ${text}`)
      const literals = values.map((value) =>
        client.escapeLiteral(Array.isArray(value) ? `{${value.join()}}` : String(value)),
      )
      const { rows: answer } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `explain (analyze, format json) execute asked_${at} (${literals.join()})`,
      )
      const plan = answer[0]?.['QUERY PLAN'][0].Plan
      assert.ok(plan && removedBy(plan) < 10, `${text}\n${JSON.stringify(plan)}`)
    }
    assert.equal(asked.length, 5)
  } finally {
    client.release(true)
  }
})
