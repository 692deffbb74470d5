// Uploads in parts: by the web app with files named as people name them, and by programs.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { partHeaders, toHex, type Upload, uploadPartUrl, uploadUrl } from '@instandt/api'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { type Journey, json, type Walk } from './walk.ts'

const sha256Of = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

/** Begins, sends every part, looks, and completes. */
async function upload(ask: Walk['ask'], name: string, file: Uint8Array): Promise<void> {
  const begun = await ask(
    '/api/uploads',
    json({ name, byteSize: file.length, sha256: toHex(sha256Of(file)), project: 'default' }),
  )
  assert.equal(begun.status, 201, `${name}: ${begun.status}`)
  const { id, partSize, partCount } = (await begun.json()) as Upload
  for (let number = 0; number < partCount; number += 1) {
    const bytes = file.slice(number * partSize, (number + 1) * partSize)
    const headers = partHeaders({ sha256: sha256Of(bytes) })
    const answer = await ask(uploadPartUrl(id, number), { method: 'PUT', body: bytes, headers })
    assert.equal(answer.status, 204, `${name}, part ${number}: ${answer.status}`)
  }
  assert.equal((await ask(uploadUrl(id))).status, 200)
  assert.equal((await ask(`${uploadUrl(id)}/complete`, { method: 'POST' })).status, 202)
}

const fileOf = (index: number, image: { rows: number; columns: number }): Uint8Array =>
  buildInstance({
    studyInstanceUid: uidOf('door-parts'),
    seriesInstanceUid: uidOf('door-parts', 1),
    sopInstanceUid: uidOf('door-parts', 1, index),
    image,
  })

export const uploadJourneys: Record<string, Journey> = {
  async uploadsInParts({ ask, send, scale }) {
    const file = fileOf(1, { rows: 256, columns: 256 })
    await upload(ask, `O'Brien & Söhne/Naht 7 (50 %)/select & drop #2; <neu>.dcm`, file)
    // Bytes are any bytes, also those that look like a request or an attack.
    const odd = fileOf(2, { rows: 64, columns: 64 })
    odd.set(Buffer.from('\nGET /as-pixels HTTP/1.1\r\n<script>alert(1)</script>'), odd.length - 300)
    await upload(send, 'CT/IM000002', odd)
    await upload(send, 'large.dcm', fileOf(3, { rows: 4096, columns: scale === 'full' ? 8192 : 2048 }))
  },

  async uploadsTidied({ ask }) {
    const { id } = (await (await ask('/api/uploads', json({ name: 'IM1', byteSize: 4096 }))).json()) as Upload
    assert.equal((await ask('/api/uploads')).status, 200)
    const hashes = Array.from({ length: 1000 }, (_, index) => toHex(sha256Of(Buffer.from(String(index)))))
    assert.equal((await ask('/api/uploads/known', json({ sha256: hashes }))).status, 200)
    assert.equal((await ask(uploadUrl(id), { method: 'DELETE' })).status, 204)
  },
}
