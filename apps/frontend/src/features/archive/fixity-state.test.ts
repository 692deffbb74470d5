import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FixityReport, fixityReportSchema } from '@instandt/api'
import { dueOf, stateOfFixity } from './fixity-state.ts'

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

test('the answer of the version before is read, and nothing is said that it does not say', () => {
  const { provenCount: _count, dueAt: _due, ...before } = report({ oldestAt: '2026-08-01T00:00:00.000Z' })
  const read = fixityReportSchema.parse(before)
  assert.equal(stateOfFixity(read), 'uncounted')
  assert.equal(stateOfFixity({ ...read, faultCount: 1 }), 'fault')
  assert.equal(dueOf(read), '2026-10-30T00:00:00.000Z')
  assert.equal(dueOf({ ...read, oldestAt: null }), null)
  assert.equal(dueOf({ ...read, dueAt: '2026-09-01T00:00:00.000Z' }), '2026-09-01T00:00:00.000Z')
})
