// For tests of what is done with stored inspections: files of one inspection, and what the archive shows of it.
import assert from 'node:assert/strict'
import { mkdir, rename, rmdir } from 'node:fs/promises'
import path from 'node:path'
import type { Deletion, Restored } from '@instandt/api'
import { testCaller } from '@instandt/testkit'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import { objectPrefix, quarantinePrefix } from './storage/blob-keys.ts'
import type { TestBackend } from './test-backend.fixture.ts'

/** Files of one inspection: `count` instances in each of `series` views. */
export function inspectionFiles(seed: string, count: number, series = 1, more: Record<string, string> = {}): Buffer[] {
  return Array.from({ length: series * count }, (_, index) => {
    const view = Math.floor(index / count)
    return Buffer.from(
      buildInstance({
        studyInstanceUid: uidOf(seed, 'study'),
        seriesInstanceUid: uidOf(seed, `series ${view}`),
        sopInstanceUid: uidOf(seed, `instance ${index}`),
        image: {
          rows: 8,
          columns: 8,
          bitsAllocated: 8,
          bitsStored: 8,
          frame: () => new Uint8Array(64).fill(index & 0xff),
        },
        attributes: attributesOf({
          PatientName: `Blade ${seed}`,
          PatientID: `B-${seed}`,
          AccessionNumber: `JOB-${seed}`.slice(0, 16),
          Modality: view === 0 ? 'DX' : 'CT',
          SeriesNumber: view + 1,
          InstanceNumber: index + 1,
          ...more,
        }),
      }),
    )
  })
}

export const studyOf = (seed: string): string => uidOf(seed, 'study')
export const seriesOf = (seed: string, view = 0): string => uidOf(seed, `series ${view}`)
export const instanceOf = (seed: string, index: number): string => uidOf(seed, `instance ${index}`)

export type Headers = Record<string, string>

/** POST with a JSON body; the answer's status, code and body. */
export async function post(
  backend: TestBackend,
  address: string,
  body: object = {},
  headers: Headers = testCaller,
): Promise<{ status: number; code: string; body: Record<string, unknown> }> {
  const answer = await fetch(backend.url + address, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  const value = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> & { code?: string }
  return { status: answer.status, code: value.code ?? '', body: value }
}

export async function remove(backend: TestBackend, study: string, what: object = {}): Promise<Deletion> {
  const { status, body } = await post(backend, `/api/inspections/${study}/delete`, { reason: 'a test shot', ...what })
  assert.equal(status, 200, JSON.stringify(body))
  return body as unknown as Deletion
}

export async function restore(backend: TestBackend, deletion: string): Promise<Restored> {
  const { status, body } = await post(backend, `/api/bin/${deletion}/restore`)
  assert.equal(status, 200, JSON.stringify(body))
  return body as unknown as Restored
}

/** Counts a study's rows show, held against the rows below it. */
export async function checkTotals(backend: TestBackend): Promise<void> {
  const { rows } = await backend.db.pool.query(
    `select s.study_instance_uid from study s cross join lateral (
        select count(distinct i.series_id) as series, count(*) as instances, coalesce(sum(i.byte_size), 0) as size,
          array_agg(distinct r.modality order by r.modality) as modalities,
          array_agg(distinct i.sop_class_uid order by i.sop_class_uid) as classes
        from instance i join series r on r.id = i.series_id where i.study_id = s.id) t
      where (s.series_count, s.instance_count, s.byte_size, s.modalities, s.sop_classes)
        is distinct from (t.series, t.instances, t.size, t.modalities, t.classes)
     union all select r.series_instance_uid from series r cross join lateral (
        select count(*) as instances, coalesce(sum(byte_size), 0) as size from instance i where i.series_id = r.id) t
      where (r.instance_count, r.byte_size) is distinct from (t.instances, t.size)
     union all select c.identity_key from component c where not exists (select from study where component_id = c.id)`,
  )
  assert.deepEqual(rows, [], 'totals that differ, or parents of nothing')
}

export async function blobKeys(backend: TestBackend, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of backend.deps.blobs.list(prefix)) keys.push(key)
  return keys
}

/** No object, in its place or in the quarantine, and no row of one. */
export async function emptyArchive(backend: TestBackend): Promise<void> {
  for (const prefix of [objectPrefix, quarantinePrefix])
    for (const key of await blobKeys(backend, prefix)) await backend.deps.blobs.delete(key)
  for (const table of ['instance', 'series', 'study']) await backend.db.pool.query(`delete from ${table}`)
}

/** Every file of a study through WADO-RS, by its SOP Instance UID. */
export async function retrieveInstance(backend: TestBackend, seed: string, index: number, view = 0): Promise<Buffer> {
  const place = `/dicom-web/studies/${studyOf(seed)}/series/${seriesOf(seed, view)}/instances/${instanceOf(seed, index)}`
  const answer = await backend.get(place, { accept: 'application/dicom; transfer-syntax=*' })
  assert.equal(answer.status, 200)
  return Buffer.from(await answer.arrayBuffer())
}

/** Does something while the folder of a disk store is away, as a disk that is not mounted. */
export async function whileStoreIsAway(backend: TestBackend, work: () => Promise<void>): Promise<void> {
  const folder = backend.deps.config.STORAGE_DIR ?? ''
  await rename(folder, `${folder}-away`)
  try {
    await work()
  } finally {
    await rename(`${folder}-away`, folder)
  }
}

/** Nothing can be read under the key any more, as of a bad sector, while the store answers. */
export async function makeUnreadable(backend: TestBackend, key: string): Promise<void> {
  await backend.deps.blobs.delete(key)
  await mkdir(path.join(backend.deps.config.STORAGE_DIR ?? '', key), { recursive: true })
}

/** The folder that stood in its place goes; then bytes may be brought back. */
export async function makeReadable(backend: TestBackend, key: string, bytes: Uint8Array): Promise<void> {
  await rmdir(path.join(backend.deps.config.STORAGE_DIR ?? '', key))
  await replaceBytes(backend, key, bytes)
}

/** Other bytes under the same key, as they rot or are brought back; none, as they are lost. */
export async function replaceBytes(backend: TestBackend, key: string, bytes?: Uint8Array): Promise<void> {
  await backend.deps.blobs.delete(key)
  async function* body(one: Uint8Array): AsyncGenerator<Uint8Array> {
    yield one
  }
  if (bytes) await backend.deps.blobs.write(key, body(bytes))
}
