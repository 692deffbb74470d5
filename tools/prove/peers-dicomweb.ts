// Other people's DICOMweb programs send to instaNDT, search in it and fetch from it: dicomweb-client on a page of another origin,
// Orthanc as client and as server, and dcmtk for what the bytes mean.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Dataset } from '@instandt/dicom'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import { signedFetch } from '@instandt/testkit'
import { startApp, type TestApp } from '../../e2e/src/app.ts'
import { ensureChromium } from '../chromium.ts'
import { debianPrograms, whyMissing } from '../debian.ts'
import { freePort, temporaryFolder } from './child-backend.ts'
import { proveClient } from './peers-dicomweb/client.ts'
import { proveImport } from './peers-dicomweb/import.ts'
import { proveOrthanc } from './peers-dicomweb/orthanc.ts'
import type { Sample } from './peers-dicomweb/sample.ts'

/** Where peers are missing, the words a test skips with. */
export function whyNoPeers(): string | undefined {
  const browser = ensureChromium()
  return whyMissing(debianPrograms.dicomwebPeers) ?? ('missing' in browser ? browser.missing : undefined)
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const why = whyNoPeers()
  if (why !== undefined) throw new Error(why)
  const { folder, remove } = await temporaryFolder()
  const port = await freePort()
  const app = await startApp({ CORS_ORIGINS: `http://127.0.0.1:${port}` })
  try {
    const count = scale === 'full' ? 40 : 3
    await proveClient(app, port, makeSamples('client', count, folder))
    await proveOrthanc(app, makeSamples('orthanc', count, folder))
    await proveImport(app, makeSamples('import', count, folder), folder)
    await proveMetadata(app, folder)
  } finally {
    await app.stop()
    await remove()
  }
}

/** One study: native images of several frames, and one that dcmtk compressed. */
function makeSamples(seed: string, count: number, folder: string): Sample[] {
  const of = (number: number): Sample => {
    const uids = {
      studyInstanceUid: uidOf(seed),
      seriesInstanceUid: uidOf(seed, number % 2),
      sopInstanceUid: uidOf(seed, 'image', number),
    }
    const bytes = buildInstance({
      ...uids,
      seed: `${seed} ${number}`,
      image: { rows: 96, columns: 128, frames: 3 },
      attributes: attributesOf({
        PatientID: `${seed}-7`,
        PatientName: 'Kühlkörper^Süd',
        InstanceNumber: String(number),
        MaterialThickness: 12.5,
      }),
    })
    return { ...uids, bytes: Uint8Array.from(bytes) }
  }
  const native = Array.from({ length: count }, (_, at) => of(at + 1))
  const last = of(count + 1)
  const [from, to] = [path.join(folder, 'native.dcm'), path.join(folder, 'compressed.dcm')]
  writeFileSync(from, last.bytes)
  run('dcmcjpls', '+un', from, to)
  return [...native, { ...last, bytes: Uint8Array.from(readFileSync(to)) }]
}

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 })
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${error?.message ?? stderr}`)
  return stdout
}

/** dcmtk reads the same attributes out of a file that we say it has. */
async function proveMetadata(app: TestApp, folder: string): Promise<void> {
  // It writes no JSON of compressed pixel data.
  for (const sample of makeSamples('dcmtk', 2, folder).slice(0, -1)) {
    await app.store(sample.bytes)
    const { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance } = sample
    const address = `${app.url}/dicom-web/studies/${study}/series/${series}/instances/${instance}`
    const fetched = await signedFetch(address, { headers: { accept: 'application/dicom' } })
    const file = path.join(folder, `${randomBytes(4).toString('hex')}.dcm`)
    writeFileSync(file, Buffer.from(await fetched.arrayBuffer()))
    const theirs = JSON.parse(run('dcm2json', file)) as Dataset
    const [ours = {}] = (await (await signedFetch(`${address}/metadata`)).json()) as Dataset[]
    const pixels = '7FE00010'
    const comparable = (dataset: Dataset): [string, unknown][] =>
      Object.entries(dataset)
        .filter(([tag]) => tag !== pixels)
        .map(([tag, { vr, Value }]) => [tag, { vr, Value: (Value ?? []).map(plain) }])
    assert.deepEqual(Object.fromEntries(comparable(ours)), Object.fromEntries(comparable(theirs)))
    assert.ok(theirs[pixels] && ours[pixels]?.BulkDataURI)
  }
}

/** Numbers of text VRs come as numbers or as the words of the file. */
const plain = (value: unknown): unknown =>
  typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value
