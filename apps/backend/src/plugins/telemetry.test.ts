import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '@instandt/runtime'
import Fastify from 'fastify'
import type { App } from '../deps.ts'
import { addTelemetry } from './telemetry.ts'

test('a request is told by its route, never by its address; failures are marked, probes left out', async () => {
  const told: Operation[] = []
  const app = Fastify() as unknown as App
  addTelemetry(app, { record: (operation) => void told.push(operation), stop: () => Promise.resolve() })
  app.get('/dicom-web/studies/:study', async () => ({}))
  app.get('/health/live', async () => ({}))
  app.get('/api/broken', async () => {
    throw new Error('component 4711')
  })
  await app.inject({ url: '/dicom-web/studies/1.2.3?PatientID=4711', headers: { traceparent: '00-a-b-01' } })
  await app.inject({ url: '/health/live' })
  await app.inject({ url: '/api/broken' })
  await app.inject({ url: '/nowhere/4711' })
  assert.deepEqual(
    told.map(({ name, hasFailed, traceparent }) => [name, hasFailed, traceparent]),
    [
      ['GET /dicom-web/studies/:study', false, '00-a-b-01'],
      ['GET /api/broken', true, undefined],
      ['GET no such address', false, undefined],
    ],
  )
  assert.doesNotMatch(JSON.stringify(told), /4711|1\.2\.3/)
})
