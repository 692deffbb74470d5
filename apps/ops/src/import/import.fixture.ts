// For tests: archives on the disk, and the command as a person gives it.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, afterEach, before, beforeEach } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { testToken } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { addProject } from '../../../backend/src/identity.fixture.ts'
import { startJobs } from '../../../backend/src/jobs/index.ts'
import { startTestBackend, type TestBackend } from '../../../backend/src/test-backend.fixture.ts'
import { configSchema } from '../config.ts'
import { runOps } from '../run-ops.ts'
import { type Journal, openJournal } from './journal.ts'
import type { Summary } from './report.ts'

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export interface ReportLine {
  file: string
  byteSize: number | null
  sha256: string | null
  sopInstanceUid: string | null
  result: string
  reason: string | null
  time: string | null
  verified: string | null
}

export interface Outcome {
  code: number
  err: string
  summary: Summary
  lines: ReportLine[]
  /** Of the line whose file ends so. */
  line(end: string): ReportLine
}

export interface Workshop {
  folder: string
  /** The archive. */
  source: string
  report: string
  put(name: string | Buffer, bytes: Uint8Array): Promise<void>
  /** The command, with the tests' token unless told otherwise. */
  run(args: readonly string[], env?: Record<string, string>): Promise<Outcome>
  /** What an import of the archive has noted. */
  openJournal(target: string): Journal
  remove(): Promise<void>
}

/** What the tests of one file work with. */
export interface Given {
  /** With its worker; parts are of one MiB. */
  readonly backend: TestBackend
  /** Fresh for each test. */
  readonly workshop: Workshop
}

/** Once in a file of tests. @param projects beside the default one */
export function importGiven(projects: readonly string[] = []): Given {
  let backend: TestBackend
  let workshop: Workshop
  let jobs: Awaited<ReturnType<typeof startJobs>>
  before(async () => {
    backend = await startTestBackend({ DERIVE_THREADS: 0, UPLOAD_PART_BYTES: 1024 * 1024 })
    jobs = await startJobs(backend.deps)
    for (const slug of projects) await addProject(backend.db, slug)
  })
  after(async () => {
    await jobs.stop()
    await backend.stop()
  })
  beforeEach(async () => {
    workshop = await openWorkshop()
  })
  afterEach(() => workshop.remove())
  return {
    get backend() {
      return backend
    },
    get workshop() {
      return workshop
    },
  }
}

/** Objects of 600 bytes and more, in inspections of ten. */
export const objectOf = (seed: string, number: number, more: object = {}): Uint8Array =>
  buildInstance({
    studyInstanceUid: uidOf(seed, 'study', Math.floor(number / 10)),
    seriesInstanceUid: uidOf(seed, 'series', Math.floor(number / 5)),
    sopInstanceUid: uidOf(seed, number),
    ...more,
  })

export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'it did not come so far')
    await delay(10)
  }
}

const longAgo = new Date('2019-01-01T00:00:00Z')

async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-import-'))
  const source = path.join(folder, 'archive')
  await mkdir(source)
  const report = path.join(folder, 'report.jsonl')
  return {
    folder,
    source,
    report,
    async put(name, bytes) {
      const file = Buffer.concat([Buffer.from(`${source}/`), Buffer.from(name as string)])
      const slash = file.lastIndexOf('/')
      await mkdir(file.subarray(0, slash), { recursive: true })
      await writeFile(file, bytes)
      // Nobody is writing it any more.
      await utimes(file, longAgo, longAgo)
    },
    async run(args, env = { INSTANDT_TOKEN: testToken }) {
      const printed: string[] = []
      const said: string[] = []
      const words = ['import', '--json', '--report', report, ...args]
      const code = await runOps(words, configSchema.parse(env), {
        print: (text) => printed.push(text),
        say: (line) => said.push(line),
      })
      const text = await readFile(report, 'utf8').catch(() => '')
      const lines = text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as ReportLine)
      return {
        code,
        err: said.join('\n'),
        summary: JSON.parse(printed.join('') || '{}') as Summary,
        lines,
        line(end) {
          const found = lines.filter(({ file }) => file.endsWith(end))
          if (found.length !== 1 || !found[0]) throw new Error(`${found.length} lines for ${end}`)
          return found[0]
        },
      }
    },
    openJournal: (target) => openJournal(`${report}.journal`, { source, target, project: '' }),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
