import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FixityReport } from '@instandt/api'
import { stateOfFixity } from './fixity-state.ts'

const report = (part: Partial<FixityReport>): FixityReport => ({
  periodDays: 90,
  objectCount: 5,
  byteSize: 500,
  provenCount: 5,
  overdueCount: 0,
  lastDay: { objectCount: 0, byteSize: 0 },
  oldestAt: null,
  dueAt: null,
  faults: [],
  faultCount: 0,
  ...part,
})

test('only an archive of which everything was read again counts as proven', () => {
  assert.equal(stateOfFixity(report({})), 'all')
  assert.equal(stateOfFixity(report({ provenCount: 4 })), 'partly')
  assert.equal(stateOfFixity(report({ provenCount: 0 })), 'nothing')
  assert.equal(stateOfFixity(report({ provenCount: 0, objectCount: 0 })), 'empty')
  assert.equal(stateOfFixity(report({ overdueCount: 1 })), 'late')
  assert.equal(stateOfFixity(report({ overdueCount: 1, faultCount: 1 })), 'fault')
})
