import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'

const script = `
  import { writeReport } from ${JSON.stringify(path.join(import.meta.dirname, 'report.ts'))}
  const [file, count] = process.argv.slice(1)
  const journal = {
    *all() {
      for (let number = 0; number < Number(count); number += 1)
        yield { path: Buffer.from(String(number)), byteSize: number, state: 'stored' }
    },
  }
  await writeReport(file, journal, (path) => Buffer.from(path).toString()).catch((error) => {
    process.stdout.write(error.message)
  })`

test(
  'a report that does not fit is an error, and the former one stands',
  { skip: process.platform === 'win32' },
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'instandt-report-'))
    try {
      const file = path.join(folder, 'report.csv')
      await writeFile(file, 'the former one')
      // The last write is cut short at this bound of the system without an error, as by a full disk.
      const write = (count: number): string =>
        spawnSync(
          'sh',
          [
            '-c',
            'ulimit -f 16; exec "$0" --input-type=module -e "$1" "$2" "$3"',
            process.execPath,
            script,
            file,
            String(count),
          ],
          {
            encoding: 'utf8',
          },
        ).stdout
      assert.match(write(2000), /^the report .*report\.csv cannot be written: EFBIG; .*run it again/)
      assert.equal(await readFile(file, 'utf8'), 'the former one')
      assert.deepEqual(await readdir(folder), ['report.csv'])
      assert.equal(write(100), '')
      const lines = (await readFile(file, 'utf8')).split('\r\n')
      assert.deepEqual([lines.length, lines.at(-2)], [102, '99,99,,,stored,,,'])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)
