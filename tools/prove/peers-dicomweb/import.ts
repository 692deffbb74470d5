import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { startChildImport } from '../../../apps/ops/src/import/child-import.fixture.ts'
import { startOrthanc } from '../../../bench/targets.ts'
import type { TestApp } from '../../../e2e/src/app.ts'
import { digestOf, type Sample } from './sample.ts'

/** An archive that is in Orthanc is brought over by `instandt import`, byte for byte. */
export async function proveImport(app: TestApp, samples: readonly Sample[], folder: string): Promise<void> {
  const orthanc = await startOrthanc()
  const [base] = orthanc?.bases ?? []
  assert.ok(orthanc && base !== undefined, 'Orthanc does not start')
  try {
    for (const { bytes } of samples) {
      const answer = await fetch(`${base.replace(/\/dicom-web$/, '')}/instances`, {
        method: 'POST',
        body: bytes,
      })
      assert.ok(answer.ok, await answer.text())
    }
    const report = path.join(folder, 'import.jsonl')
    const child = startChildImport([base, '--to', app.url, '--report', report])
    assert.equal(await child.done, 0, child.err())
    const lines = readFileSync(report, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { result: string; sha256: string })
    assert.deepEqual(
      lines.map(({ result, sha256 }) => `${result} ${sha256}`).toSorted(),
      samples.map(({ bytes }) => `stored ${digestOf(bytes)}`).toSorted(),
    )
  } finally {
    await orthanc.stop()
  }
}
