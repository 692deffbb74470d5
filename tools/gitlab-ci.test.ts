import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'

interface Job {
  stage?: string
  extends?: string
  image?: string | { name: string }
  needs?: string[]
  script?: string[]
  rules?: { if: string }[]
  id_tokens?: Record<string, { aud: string }>
}

const text = readFileSync(path.resolve(import.meta.dirname, '../.gitlab-ci.yml'), 'utf8')
const file = parse(text) as Record<string, unknown> & { stages: string[]; variables: Record<string, string> }
const reserved = new Set(['stages', 'default', 'variables', 'workflow'])
const all = Object.entries(file).filter(([name]) => !reserved.has(name)) as [string, Job][]
const jobs = new Map(
  all
    .filter(([name]) => !name.startsWith('.'))
    .map(([name, job]) => [name, { ...(job.extends === undefined ? {} : (file[job.extends] as Job)), ...job }]),
)

test('every job runs on an image of a named version', () => {
  for (const [name, job] of jobs) {
    const image = typeof job.image === 'string' ? job.image : (job.image?.name ?? '')
    const resolved = image.startsWith('$') ? (file.variables[image.slice(1)] ?? '') : image
    assert.match(resolved, /:v?\d+\.\d+\.\d+/, `${name}: ${resolved}`)
  }
})

test('what a job needs is there, and of no later stage', () => {
  for (const [name, job] of jobs) {
    for (const needed of job.needs ?? []) {
      const other = jobs.get(needed)
      assert.ok(other, `${name} needs ${needed}`)
      assert.ok(file.stages.indexOf(other.stage ?? '') <= file.stages.indexOf(job.stage ?? ''))
    }
  }
})

test('nothing is pushed that was not checked and scanned, nothing handed out unsigned', () => {
  const before = (name: string): string[] => (jobs.get(name)?.needs ?? []).flatMap((one) => [one, ...before(one)])
  for (const needed of ['check', 'scan-backend', 'scan-frontend']) assert.ok(before('push').includes(needed), needed)
  assert.ok(before('sign').includes('push'))
  assert.match(JSON.stringify(jobs.get('scan-backend')?.script), /--exit-code 1/)
})

test('only a release’s tag pushes, and by digest', () => {
  for (const name of ['push', 'sign']) assert.match(jobs.get(name)?.rules?.[0]?.if ?? '', /CI_COMMIT_TAG/)
  assert.match(JSON.stringify(jobs.get('push')?.script), /--digestfile/)
  assert.match(JSON.stringify(jobs.get('push')?.script), /@\$\(cat backend\.digest\)/)
})

test('signing needs no key, and the file holds no secret', () => {
  assert.equal(jobs.get('sign')?.id_tokens?.['SIGSTORE_ID_TOKEN']?.aud, 'sigstore')
  assert.doesNotMatch(text, /glpat-|BEGIN [A-Z ]*PRIVATE KEY|password: ?\S/i)
})

test('both images start from the base the build names', () => {
  for (const part of ['backend', 'frontend']) {
    const dockerfile = readFileSync(path.resolve(import.meta.dirname, `../images/${part}.Dockerfile`), 'utf8')
    const base = /^ARG BASE=(.+)$/m.exec(dockerfile)?.[1] ?? ''
    assert.ok(text.includes(base), `${part}: ${base}`)
    assert.match(dockerfile, /^USER 10001:10001$/m)
  }
})
