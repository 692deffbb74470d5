import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doIntake, faultOf } from './intake-task.ts'

test('an archive that another worker had opened says so, and blames no file', async () => {
  const task = { do: 'entry', archive: 7, index: 0, path: 'a.dcm', folder: 'tests' } as const
  const error: unknown = await doIntake(task, () => undefined).catch((reason: unknown) => reason)
  assert.equal(faultOf(error), 'notLoaded')
  assert.equal(faultOf(new RangeError('anything else')), 'unreadable')
})
