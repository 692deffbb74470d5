// Every edge case of the shared collection through STOW-RS, against the behaviour proposed beside it.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { failureReasons } from '@instandt/dicom'
import { startTestBackend, type TestBackend } from '../../test-backend.fixture.ts'

interface EdgeCase {
  file: string
  special: string
  expect: string
}

const shared = process.env['INSTANDT_SHARED_DATA'] ?? path.resolve(import.meta.dirname, '../../../../../../shared/data')
const folder = path.join(shared, 'edge_s1')
const list = path.join(folder, 'edge.json')
const skip = existsSync(list) ? false : 'no folder of DICOM files at INSTANDT_SHARED_DATA or ../shared/data'

let backend: TestBackend
before(async () => {
  if (!skip) backend = await startTestBackend()
})
after(async () => {
  if (!skip) await backend.stop()
})

/** Undefined where both are right. */
function isStoredExpected({ file, expect }: EdgeCase): boolean | undefined {
  if (/DICOMDIR|dicomdir/.test(file)) return false
  if (expect.startsWith('conflict')) return false
  if (/\bor (reject|read|store|the data set)|, or store/.test(expect)) return undefined
  if (expect.startsWith('reject')) return false
  return true
}

test('edge cases are stored or refused as proposed, each refusal with words', { skip }, async () => {
  const wrong: string[] = []
  const storedUids = new Set<string>()
  let decided = 0
  for (const edge of JSON.parse(readFileSync(list, 'utf8')) as EdgeCase[]) {
    const answer = await backend.stow([readFileSync(path.join(folder, edge.file))])
    const text = await answer.text()
    const isStored = answer.status === 200
    if (!isStored && (answer.status !== 409 || !text.includes('00000902')))
      wrong.push(`${edge.file}: ${answer.status} ${text}`)
    // Some cases are the same object in other syntaxes: only the first of them can be stored.
    const uid = /"00081155":\{"vr":"UI","Value":\["([\d.]+)"\]/.exec(text)?.[1] ?? ''
    const isTaken = !isStored && text.includes(`[${failureReasons.duplicateSopInstance}]`) && storedUids.has(uid)
    if (isStored) storedUids.add(uid)
    const expected = isTaken ? false : isStoredExpected(edge)
    if (expected === undefined) continue
    decided += 1
    if (expected !== isStored) wrong.push(`${edge.file} (${edge.special}; ${edge.expect}): ${answer.status} ${text}`)
  }
  assert.deepEqual(wrong, [])
  assert.ok(decided > 90, `only ${decided} cases say what they expect`)
})
