import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { renameSync, symlinkSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, open, realpath, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import type { Taken } from './archive-source.ts'
import { openFolder } from './folder-source.ts'
import { type Entry, openJournal } from './journal.ts'
import { listInside, openFileInside } from './open-inside.ts'

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

test('a folder that is replaced by a link after it was listed leads nowhere: neither its files nor folders are read', async () => {
  const top = await realpath(await mkdtemp(path.join(tmpdir(), 'instandt-folder-')))
  const at = (...names: string[]): string => path.join(top, ...names)
  const object = buildInstance({ sopInstanceUid: uidOf('replaced', 1) })
  try {
    for (const folder of ['archive', 'outside'])
      for (const name of ['files', 'folders/deep']) {
        await mkdir(at(folder, name), { recursive: true })
        await writeFile(at(folder, name, 'object'), object)
      }
    const replace = (name: string, target: string): void => {
      renameSync(at('archive', name), at(`${name}-before`))
      symlinkSync(target, at('archive', name))
    }
    const source = await openFolder(at('archive'), [])
    const journal = openJournal(at('journal'), { source: source.name, target: 't', project: '' })
    let listings = 0
    await source.list(
      journal,
      () => {
        listings += 1
        // The top is listed; of `folders` nothing but its name is known.
        if (listings === 1) replace('folders', at('outside/folders'))
      },
      () => false,
    )
    replace('files', at('outside/files'))
    const words = 'a link leads elsewhere now, not followed'
    const [file, folder, ...more] = [...journal.all()]
    assert.deepEqual(more, [], 'nothing below the link is listed')
    assert.deepEqual([Buffer.from(file?.path ?? []).toString(), file?.state], ['files/object', 'pending'])
    assert.deepEqual([Buffer.from(folder?.path ?? []).toString(), folder?.state], ['folders/', 'failed'])
    assert.equal(journal.unlisted(), 1)
    assert.ok(file)
    const { signal } = new AbortController()
    assert.deepEqual(await source.take(file, signal), {
      kind: 'left',
      state: 'failed',
      reason: `cannot be read: ${words}`,
    })
    assert.deepEqual(await source.look(file), { state: 'failed', reason: `cannot be read: ${words}` })
    await assert.rejects(async () => source.rehash?.(file), new RegExp(words))

    // A link within the archive would bring the same twice; both ways of telling find it, and bear a plain file.
    renameSync(at('archive/files'), at('elsewhere'))
    renameSync(at('files-before'), at('archive/other'))
    symlinkSync('other', at('archive/files'))
    for (const isDescriptorTold of [true, false]) {
      const open = (name: string): ReturnType<typeof openFileInside> =>
        openFileInside(Buffer.from(at('archive', name)), isDescriptorTold)
      await assert.rejects(open('files/object'), new RegExp(words))
      const namesIn = async (name: string): Promise<string[]> => {
        const names: string[] = []
        for await (const entry of listInside(Buffer.from(at('archive', name)), isDescriptorTold))
          names.push(entry.name.toString())
        return names
      }
      await assert.rejects(namesIn('folders/deep'), new RegExp(words))
      await (await open('other/object')).close()
      assert.deepEqual(await namesIn('other'), ['object'])
    }
    // The folder is there again: it is read.
    await rm(at('archive/files'))
    renameSync(at('archive/other'), at('archive/files'))
    assert.equal((await source.take(file, signal)).kind, 'object')
    journal.close()
  } finally {
    await rm(top, { recursive: true, force: true })
  }
})

/** One file that was written long ago, in a folder of its own. */
async function withFile(
  bytes: Uint8Array,
  work: (file: string, take: () => Promise<Taken>) => Promise<void>,
): Promise<void> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'instandt-folder-')))
  try {
    const file = path.join(folder, '1')
    await writeFile(file, bytes)
    await utimes(file, longAgo, longAgo)
    const source = await openFolder(folder, [])
    await work(file, () => source.take({ path: Buffer.from('1') } as unknown as Entry, new AbortController().signal))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
const longAgo = new Date('2020-01-01T00:00:00Z')
const changed = { kind: 'left', state: 'failed', reason: 'it changed while it was read' }
/** Its length from the start, its second half not yet: as copies over SMB are, and files that are allocated first. */
const halfOf = (bytes: Uint8Array): Uint8Array => Buffer.from(bytes).fill(0, bytes.length / 2)

for (const { what, rows, begun } of [
  { what: 'grows', rows: 100, begun: (all: Uint8Array) => all.subarray(0, -2) },
  { what: 'has its length and not yet its bytes', rows: 100, begun: halfOf },
  { what: 'is large and has not yet its bytes', rows: 2100, begun: halfOf },
])
  test(`a file that ${what} while it is read is left for the next run, and taken whole then`, async (t) => {
    const image = { rows, columns: rows, bitsAllocated: 16 } as const
    const all = buildInstance({ sopInstanceUid: uidOf('written', rows), image })
    await withFile(begun(all), async (file, take) => {
      await using handle = await open(file, 'r+')
      const handles = Object.getPrototypeOf(handle) as typeof handle
      // Whoever writes it goes on behind the first bytes that are read.
      const reading = t.mock.method(handles, 'read', async function (this: typeof handle, ...args: [Buffer, number]) {
        reading.mock.restore()
        const piece = await this.read(...args)
        await writeFile(file, all, { flag: 'r+' })
        return piece
      })
      assert.deepEqual(await take(), changed)
      const taken = await take()
      assert.deepEqual(
        [taken.kind, 'sha256' in taken && taken.sha256],
        ['object', createHash('sha256').update(all).digest('hex')],
      )
      if (taken.kind === 'object') await taken.release()
    })
  })

test('a file that somebody writes to with pauses is not taken in one of them', async () => {
  const all = buildInstance({ sopInstanceUid: uidOf('paused', 1), image: { rows: 100, columns: 100 } })
  await withFile(halfOf(all), async (file, take) => {
    await utimes(file, new Date(), new Date())
    const writing = delay(300).then(() => writeFile(file, all, { flag: 'r+' }))
    assert.deepEqual(await take(), changed)
    await writing
  })
})
