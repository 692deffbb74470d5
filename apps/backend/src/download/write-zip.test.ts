import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { measureZip, writeZip, type ZipEntry } from './write-zip.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'instandt-zip-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const needsUnzip = existsSync('/usr/bin/unzip') ? false : 'needs unzip (Debian: apt-get install unzip)'

const modifiedAt = new Date('2026-11-26T20:15:30Z')
const entry = (name: string, body: Uint8Array[], byteLength = body.reduce((sum, one) => sum + one.length, 0)) => ({
  name,
  byteLength,
  modifiedAt,
  open: () => body,
})

async function* stream(entries: Iterable<ZipEntry>): AsyncGenerator<ZipEntry> {
  yield* entries
}

/** Writes an archive whose zeros take no space on the disk; returns its length. */
async function writeSparse(file: string, entries: Iterable<ZipEntry>, zeros?: Uint8Array): Promise<number> {
  const handle = await open(file, 'w')
  let at = 0
  let waiting: Uint8Array[] = []
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(waiting)
    await handle.write(bytes, 0, bytes.length, at - bytes.length)
    waiting = []
  }
  for await (const chunk of writeZip(stream(entries))) {
    if (chunk === zeros) await flush()
    else waiting.push(chunk)
    at += chunk.length
    if (waiting.length > 10_000) await flush()
  }
  await flush()
  await handle.truncate(at)
  await handle.close()
  return at
}

function unzip(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('unzip', args, { maxBuffer: 2 ** 28 })
  assert.equal(status, 0, stderr.toString() + stdout.toString().slice(-500))
  return stdout.toString()
}

const measured = (entries: Iterable<{ name: string; byteLength: number }>): number => {
  const zip = measureZip()
  for (const { name, byteLength } of entries) zip.add(name, byteLength)
  return zip.total()
}

test('what goes in comes out, in pieces of any size', { skip: needsUnzip }, async () => {
  const file = path.join(folder, 'small.zip')
  const entries = [
    entry('DICOMDIR', [Buffer.from('one '), Buffer.from('two')]),
    entry('DICOM/ST000001/EMPTY', []),
    entry('DICOM/ST000001/IM000001', [Buffer.alloc(100_000, 7)]),
  ]
  assert.equal(await writeSparse(file, entries), measured(entries))
  unzip('-tqq', file)
  assert.equal(unzip('-p', file, 'DICOMDIR'), 'one two')
  assert.match(unzip('-lv', file), /100000 +Stored +100000 +0% 2026-11-26 20:15 /)
  assert.equal(readFileSync(file).length, measured(entries))
})

test('more files than sixteen bits count', { skip: needsUnzip }, async () => {
  const file = path.join(folder, 'many.zip')
  for (const count of [65_535, 66_000]) {
    const entries = Array.from({ length: count }, (_, index) => entry(`I${index}`, [Buffer.from(String(index))]))
    assert.equal(await writeSparse(file, entries), measured(entries))
    assert.equal(unzip('-p', file, `I${count - 1}`), String(count - 1))
    assert.match(unzip('-l', file).slice(-100), new RegExp(`${count} files`))
  }
})

test('a file and places beyond four gibibytes', { skip: needsUnzip }, async () => {
  const file = path.join(folder, 'large.zip')
  const zeros = new Uint8Array(2 ** 24)
  const large = Array.from({ length: 257 }, () => zeros)
  // The last one begins beyond 32 bits and is small itself.
  const entries = [entry('SMALL', [Buffer.from('first')]), entry('LARGE', large), entry('LAST', [Buffer.from('last')])]
  assert.equal(await writeSparse(file, entries, zeros), measured(entries))
  assert.equal(unzip('-p', file, 'LAST'), 'last')
  assert.match(unzip('-lv', file), new RegExp(`${257 * 2 ** 24} +Stored`))
})

test('a body that is not as long as it was said to be ends the archive with a fault', async () => {
  for (const [byteLength, code] of [
    [4, 'blob-truncated'],
    [2, 'blob-longer'],
  ] as const)
    await assert.rejects(
      async () => {
        for await (const _ of writeZip(stream([entry('A', [Buffer.from('abc')], byteLength)])));
      },
      { code },
    )
})
