import assert from 'node:assert/strict'
import fs from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { writeBody } from './disk-write.ts'

test('the first bytes are taken while the file is being opened', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-write-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'file')
  const opening = Promise.withResolvers<number>()
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('first ')
    // Waiting for the file before taking anything would never end.
    opening.resolve(fs.openSync(file, 'wx'))
    yield Buffer.from('second')
  }
  assert.equal(await writeBody(opening.promise, body(), undefined), 12)
  fs.closeSync(await opening.promise)
  assert.equal(await readFile(file, 'utf8'), 'first second')
})
