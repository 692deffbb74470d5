import assert from 'node:assert/strict'
import { test } from 'node:test'
import { installationPermissions, isAllowed, permissionsOf, projectRoles, roles } from './permissions.ts'

test('a sender cannot read and a reader cannot store', () => {
  assert.deepEqual(permissionsOf('sender'), ['store'])
  assert.deepEqual(permissionsOf('reader'), ['read', 'follow'])
  assert.deepEqual(permissionsOf('follower'), ['follow'])
})

test('only the administrator looks after the installation, and sees no image by that role', () => {
  assert.equal(isAllowed('administrator', 'read'), false)
  for (const role of projectRoles) {
    for (const permission of installationPermissions)
      assert.equal(isAllowed(role, permission), false, `${role} ${permission}`)
  }
})

test('what cannot be taken back without trace takes Level III, a correction Level II', () => {
  const whoMay = (permission: 'delete' | 'move' | 'correct') => projectRoles.filter((one) => isAllowed(one, permission))
  assert.deepEqual(whoMay('delete'), ['level-iii'])
  assert.deepEqual(whoMay('move'), ['level-iii'])
  assert.deepEqual(whoMay('correct'), ['level-iii', 'level-ii'])
})

test('every role may do something', () => {
  for (const role of roles) assert.ok(permissionsOf(role).length > 0, role)
})
