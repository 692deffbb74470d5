import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConversionForm } from '@instandt/api'
import { batchFor } from './batch.ts'

const formOf = (component: string, inspection = '2026-01-02'): Pick<ConversionForm, 'component' | 'inspection'> => ({
  component: { number: component },
  inspection: { date: inspection },
})

test('a second try is of the same inspection, another component, inspection or project never', () => {
  const first = batchFor(undefined, 'alpha', formOf('W-17'))
  assert.equal(batchFor(first, 'alpha', formOf('W-17')), first)
  const others = [
    batchFor(first, 'alpha', formOf('W-18')),
    batchFor(first, 'alpha', formOf('W-17', '2026-01-03')),
    batchFor(first, 'beta', formOf('W-17')),
  ]
  assert.equal(new Set([first, ...others].map(({ id }) => id)).size, 4)
})
