// For tests: uploads in parts, request by request.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { formatDigest, partLength, type Problem, type Upload, uploadPartUrl, uploadUrl } from '@instandt/api'
import { testCaller } from '@instandt/testkit'
import type { TestBackend } from '../test-backend.fixture.ts'

export const sha256Of = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/** Small enough that files of tests have several. */
export const partBytes = 64 * 1024

export interface Sender {
  headers: Record<string, string>
  url: string
}

export const senderOf = (backend: TestBackend, headers: Record<string, string> = testCaller): Sender => ({
  headers,
  url: backend.url,
})

export async function ask(sender: Sender, method: string, address: string, body?: object): Promise<Response> {
  return fetch(sender.url + address, {
    method,
    headers: { ...sender.headers, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
}

export async function begin(sender: Sender, bytes: Uint8Array, more: object = {}): Promise<Upload> {
  const answer = await ask(sender, 'POST', '/api/uploads', { name: 'weld.dcm', byteSize: bytes.length, ...more })
  const text = await answer.text()
  assert.equal(answer.status, 201, text)
  const upload = JSON.parse(text) as Upload
  assert.equal(answer.headers.get('location'), uploadUrl(upload.id))
  return upload
}

export const partOf = (upload: Upload, bytes: Uint8Array, number: number): Uint8Array<ArrayBuffer> => {
  const start = number * upload.partSize
  return new Uint8Array(bytes.subarray(start, start + partLength(upload, number)))
}

export async function putPart(
  sender: Sender,
  upload: Upload,
  number: number,
  bytes: Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(sender.url + uploadPartUrl(upload.id, number), {
    method: 'PUT',
    headers: {
      ...sender.headers,
      'content-type': 'application/octet-stream',
      'content-digest': formatDigest(sha256Of(bytes)),
      ...headers,
    },
    body: new Uint8Array(bytes),
  })
}

export async function putAll(sender: Sender, upload: Upload, bytes: Uint8Array): Promise<void> {
  for (let number = 0; number < upload.partCount; number += 1) {
    const answer = await putPart(sender, upload, number, partOf(upload, bytes, number))
    assert.equal(answer.status, 204, await answer.text())
  }
}

export const complete = (sender: Sender, upload: Upload): Promise<Response> =>
  ask(sender, 'POST', `${uploadUrl(upload.id)}/complete`)

export async function look(sender: Sender, upload: Upload): Promise<Upload> {
  const answer = await ask(sender, 'GET', uploadUrl(upload.id))
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  return JSON.parse(text) as Upload
}

/** Until the job has ended it. */
export async function settled(sender: Sender, upload: Upload): Promise<Upload> {
  for (let tries = 0; tries < 600; tries += 1) {
    const now = await look(sender, upload)
    if (now.state !== 'open' && now.state !== 'assembling') return now
    await delay(25)
  }
  throw new Error('the upload did not end')
}

/** The whole way of one file. */
export async function upload(sender: Sender, bytes: Uint8Array, more: object = {}): Promise<Upload> {
  const begun = await begin(sender, bytes, more)
  await putAll(sender, begun, bytes)
  assert.equal((await complete(sender, begun)).status, 202)
  return settled(sender, begun)
}

export async function problemOf(answer: Response): Promise<Problem> {
  return (await answer.json()) as Problem
}

export async function blobKeys(backend: TestBackend): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of backend.deps.blobs.list('')) keys.push(key)
  return keys
}

/** Jobs of uploads in the queue, whatever their state. */
export async function jobCount(backend: TestBackend, task: string): Promise<number> {
  const { rows } = await backend.db.pool.query<{ count: number }>(
    'select count(*)::int as count from graphile_worker.jobs where task_identifier = $1',
    [task],
  )
  return rows[0]?.count ?? -1
}
