// What is done with stored inspections: corrected, moved, deleted and brought back; and who follows it.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { type Journey, json, type Walk } from './walk.ts'

const study = uidOf('door-archive')
const series = uidOf('door-archive', 1)
const instances = [1, 2].map((number) => uidOf('door-archive', 1, number))
const inspection = `/api/inspections/${study}`
// As people write: quotes, dashes, brackets, signs of other languages.
const reason = `O'Brien's drawing "rev. B"; see order #4711 -- select <north> side & 50 % more (or both)`

async function expect(walk: Walk, status: number, address: string, init?: RequestInit): Promise<Response> {
  const answer = await walk.ask(address, init)
  assert.equal(answer.status, status, `${address}: ${(await answer.clone().text()).slice(0, 300)}`)
  return answer
}

const idOf = async (answer: Response): Promise<string> => ((await answer.json()) as { id: string }).id

export const archiveJourneys: Record<string, Journey> = {
  async bin(walk) {
    for (const sopInstanceUid of instances) {
      const file = buildInstance({ studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid })
      const headers = { 'content-type': 'application/dicom', accept: 'application/dicom+json' }
      const answer = await walk.send('/dicom-web/studies', {
        method: 'POST',
        body: file as Uint8Array<ArrayBuffer>,
        headers,
      })
      assert.equal(answer.status, 200)
    }
    const deletion = await idOf(
      await expect(walk, 200, `${inspection}/delete`, json({ reason, instances: instances.slice(0, 1) })),
    )
    await expect(walk, 200, '/api/bin?project=default&limit=20')
    await expect(walk, 200, `/api/bin/${deletion}/restore`, { method: 'POST' })
    await expect(walk, 200, `${inspection}/delete`, json({ reason, series }))
    const page = await expect(walk, 200, '/api/archive/bin?limit=1')
    const { items, next } = (await page.json()) as { items: { id: string }[]; next: string | null }
    const cursor = next ?? `2026-11-26T20:15:30.123456+00:00 ${randomUUID()}`
    await expect(walk, 200, `/api/archive/bin?cursor=${encodeURIComponent(cursor)}`)
    await expect(walk, 200, `/api/bin/${items[0]?.id}/restore`, { method: 'POST' })
    const last = await idOf(
      await expect(walk, 200, `${inspection}/delete`, json({ reason, instances: instances.slice(1) })),
    )
    await expect(walk, 202, `/api/archive/bin/${last}/purge`, json({ reason }))
  },

  async correction(walk) {
    const changes = {
      componentName: `Gehäuse "Süd" [7]; drop-forged -- O'Neil & Söhne^Ltd.`,
      componentNumber: 'KN-8/0815 (=Δ)',
      componentIssuer: 'https://issuer.example/parts?id=1;2',
      material: "Ti6Al4V' or",
      description: 'Weld 1-7, 100 % RT; union nut & flange -- see drawing "B"',
      orderNumber: null,
      date: '20261124',
    }
    // No worker runs at the door: when the walk is made again the first one is still under way.
    const ordered = await walk.ask(`${inspection}/corrections`, json({ changes, reason }))
    assert.ok([202, 409].includes(ordered.status), await ordered.clone().text())
    await expect(walk, 200, `${inspection}/history`)
    await expect(walk, 200, `${inspection}/instances/${instances[0]}/versions`)
    await expect(walk, 200, `${inspection}/instances/${instances[0]}/versions/1`)
    const { user } = (await (await walk.ask('/api/session')).json()) as { user: { id: string } }
    const membership = `/api/projects/pipeline-7/members/${user.id}`
    await expect(walk, 204, membership, json({ role: 'level-iii' }, 'PUT'))
    await expect(walk, 409, `${inspection}/move`, json({ project: 'pipeline-7', reason }))
    // Of two projects uploads would have to name one.
    await expect(walk, 204, membership, { method: 'DELETE' })
  },

  async fixity(walk) {
    await expect(walk, 202, `${inspection}/proof`, { method: 'POST' })
    await expect(walk, 200, '/api/archive/fixity')
    await expect(walk, 202, `/api/archive/fixity/${study}`, { method: 'POST' })
  },

  async changes(walk) {
    const page = await expect(walk, 200, '/api/changes?after=0&limit=5&project=default&kinds=stored,deleted,moved-in')
    const { next } = (await page.json()) as { next: number }
    await expect(walk, 200, `/api/changes?after=${next}`)
    await expect(walk, 200, '/api/changes?after=latest')
  },
}
