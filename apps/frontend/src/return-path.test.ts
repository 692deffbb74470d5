import assert from 'node:assert/strict'
import { test } from 'node:test'
import { safeReturnPath } from './return-path.ts'

test('only pages of this app are returned to', () => {
  assert.equal(safeReturnPath('/inspections/1.2?view=3'), '/inspections/1.2?view=3')
  for (const path of ['//evil.example', '/\\evil.example', 'https://evil.example', '/a\\b', '/sign-in?to=/', undefined])
    assert.equal(safeReturnPath(path), '/', path)
})
