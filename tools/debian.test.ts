import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { type DebianProgram, debianPrograms, whyMissing } from './debian.ts'

const programs = Object.values<DebianProgram>(debianPrograms)

test('each program is brought for a test that there is', () => {
  const files = globSync('prove/*.test.ts', { cwd: import.meta.dirname }).map((file) => path.posix.join('tools', file))
  for (const { what, usedBy } of programs.filter((one) => one.usedBy !== undefined))
    assert.ok(
      files.some((file) => file.includes(usedBy ?? '')),
      `${what}: ${usedBy}`,
    )
})

test('whoever skips says what is missing and how it comes', () => {
  const words = whyMissing({ what: 'A press', packages: ['press', 'libpress'], files: ['/nowhere/press'] }) ?? ''
  assert.match(words, /^A press is not installed, and .+ \(Debian: apt-get install press libpress\)$/)
  assert.equal(whyMissing({ what: 'This', packages: [], files: [import.meta.filename] }), undefined)
})
