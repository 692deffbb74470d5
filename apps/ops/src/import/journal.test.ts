import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'

const script = `
  import { openJournal } from ${JSON.stringify(path.join(import.meta.dirname, 'journal.ts'))}
  const journal = openJournal(process.argv[1], { source: 's', target: 't', project: 'p' })
  try {
    for (let step = 0; ; step += 1)
      journal.noteListing(undefined, Array.from({ length: 5000 }, (_, at) => ({ path: Buffer.from(step + ' ' + at) })))
  } catch (error) {
    process.stdout.write(error.message)
  }`

test('a full disk below the journal is told as that', { skip: process.platform === 'win32' }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-journal-'))
  try {
    const command = 'ulimit -f 4096; exec "$0" --input-type=module -e "$1" "$2"'
    const file = path.join(folder, 'journal')
    const { stdout } = spawnSync('sh', ['-c', command, process.execPath, script, file], { encoding: 'utf8' })
    assert.match(stdout, /disk is full|disk I\/O error/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
