import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedValues } from './changed-values.ts'

test('only what is another than before is sent, in whatever order the kinds stand', () => {
  const before = {
    name: 'Order book',
    url: 'https://orders.example/in',
    kinds: ['deleted' as const, 'stored' as const],
  }
  assert.equal(changedValues(before, { ...before, name: ' Order book ', kinds: ['stored', 'deleted'] }), undefined)
  assert.deepEqual(changedValues(before, { ...before, kinds: ['stored'] }), { kinds: ['stored'] })
  assert.deepEqual(changedValues(before, { ...before, name: 'Orders', url: 'https://orders.example/new' }), {
    name: 'Orders',
    url: 'https://orders.example/new',
  })
})
