// For tests of corrections: ordered, made and looked at as a person does.
import assert from 'node:assert/strict'
import { type Correction, type History, historySchema, type Version, versionListSchema } from '@instandt/api'
import { instanceOf, post, studyOf } from '../archive.fixture.ts'
import { correctInspections } from '../jobs/correct-inspections.ts'
import { readArchiveScope } from '../plugins/access.ts'
import type { TestBackend } from '../test-backend.fixture.ts'

interface Corrections {
  /** What the worker does; how many. */
  work: () => Promise<number>
  order: (seed: string, changes: object, reason?: string) => ReturnType<typeof post>
  /** Ordered and done. */
  correct: (seed: string, changes: object) => Promise<Correction>
  history: (seed: string) => Promise<History>
  versions: (seed: string, index: number) => Promise<Version[]>
  version: (seed: string, index: number, version: number) => Promise<Buffer>
}

export function correctionsOf(backend: () => TestBackend): Corrections {
  const get = async (address: string): Promise<Response> => {
    const answer = await backend().get(address)
    assert.equal(answer.status, 200, address)
    return answer
  }
  const instance = (seed: string, index: number): string =>
    `/api/inspections/${studyOf(seed)}/instances/${instanceOf(seed, index)}`
  const self: Corrections = {
    work: async () => correctInspections(backend().deps, await readArchiveScope(backend().db)),
    order: (seed, changes, reason = 'typing error') =>
      post(backend(), `/api/inspections/${studyOf(seed)}/corrections`, { changes, reason }),
    correct: async (seed, changes) => {
      const { status, body } = await self.order(seed, changes)
      assert.equal(status, 202, JSON.stringify(body))
      assert.equal(await self.work(), 1)
      const [newest] = (await self.history(seed)).corrections
      return newest as Correction
    },
    history: async (seed) => historySchema.parse(await (await get(`/api/inspections/${studyOf(seed)}/history`)).json()),
    versions: async (seed, index) =>
      versionListSchema.parse(await (await get(`${instance(seed, index)}/versions`)).json()).items,
    version: async (seed, index, version) =>
      Buffer.from(await (await get(`${instance(seed, index)}/versions/${version}`)).arrayBuffer()),
  }
  return self
}
