import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAllowed, permissionsOf, projectRoles, roles } from './permissions.ts'

test('a sender cannot read and a reader cannot store', () => {
  assert.deepEqual(permissionsOf('sender'), ['store'])
  assert.deepEqual(permissionsOf('reader'), ['read'])
})

test('only the administrator looks after the installation, and sees no image by that role', () => {
  assert.equal(isAllowed('administrator', 'read'), false)
  for (const role of projectRoles) {
    for (const permission of ['manage-users', 'manage-projects', 'manage-tokens', 'read-audit'] as const)
      assert.equal(isAllowed(role, permission), false, `${role} ${permission}`)
  }
})

test('every role may do something', () => {
  for (const role of roles) assert.ok(permissionsOf(role).length > 0, role)
})
