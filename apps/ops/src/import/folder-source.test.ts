import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { openFolder } from './folder-source.ts'
import { type Entry, openJournal } from './journal.ts'

/** Root may read everything: nobody may not. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    await work()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

test('folders and files that may not be read are lines of the report, until they may', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-folder-'))
  const journalFolder = await mkdtemp(path.join(tmpdir(), 'instandt-folder-'))
  try {
    await chmod(folder, 0o755)
    await chmod(journalFolder, 0o777)
    for (const name of ['open', 'closed']) await mkdir(path.join(folder, name))
    await writeFile(path.join(folder, 'open/readable'), 'x')
    await writeFile(path.join(folder, 'open/secret'), 'x', { mode: 0 })
    await writeFile(path.join(folder, 'closed/inside'), 'x')
    await chmod(path.join(folder, 'closed'), 0)
    const source = await openFolder(folder, [])
    const journal = openJournal(path.join(journalFolder, 'j'), { source: source.name, target: 't', project: '' })
    const states = (): Record<string, string> =>
      Object.fromEntries(
        [...journal.all()].map(({ path: at, state, reason }) => [
          Buffer.from(at).toString(),
          `${state} ${reason ?? ''}`,
        ]),
      )
    const settle = async (entry: Entry): Promise<void> => {
      const taken = await source.take(entry, new AbortController().signal)
      assert.equal(taken.kind, 'left')
      if (taken.kind === 'left') journal.settle([{ path: entry.path, ...taken }])
    }
    await asNobody(async () => {
      await source.list(
        journal,
        () => undefined,
        () => false,
      )
      for (const entry of journal.take(['pending'], undefined, 10)) await settle(entry)
    })
    assert.deepEqual(states(), {
      'closed/': 'failed the folder cannot be listed: EACCES',
      'open/readable': 'skipped not DICOM',
      'open/secret': 'failed cannot be read: EACCES',
    })
    await chmod(path.join(folder, 'closed'), 0o755)
    await chmod(path.join(folder, 'open/secret'), 0o644)
    journal.reopen(false)
    await source.list(
      journal,
      () => undefined,
      () => false,
    )
    assert.deepEqual(Object.keys(states()), ['closed/inside', 'open/readable', 'open/secret'])
    for (const entry of journal.take(['pending'], undefined, 10)) await settle(entry)
    assert.equal(journal.totals().skipped.files, 3)
    journal.close()
  } finally {
    await chmod(path.join(folder, 'closed'), 0o755)
    for (const one of [folder, journalFolder]) await rm(one, { recursive: true, force: true })
  }
})
