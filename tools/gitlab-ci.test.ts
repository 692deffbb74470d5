import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { parts, pinnedBase } from './prove/images/buildah.ts'

interface Job {
  stage?: string
  extends?: string | string[]
  image?: string | { name: string }
  needs?: string[]
  script?: string[]
  rules?: { if: string }[]
  variables?: Record<string, string>
  artifacts?: { paths: string[] }
  id_tokens?: Record<string, { aud: string }>
}

const text = readFileSync(path.resolve(import.meta.dirname, '../.gitlab-ci.yml'), 'utf8')
const file = parse(text) as Record<string, unknown> & { stages: string[]; variables: Record<string, string> }
const reserved = new Set(['stages', 'default', 'variables', 'workflow'])
const templates = Object.fromEntries(Object.entries(file).filter(([name]) => !reserved.has(name))) as Record<
  string,
  Job
>

/** A job with what it extends, as GitLab puts them together. */
function resolve(job: Job): Job {
  const bases = [job.extends ?? []].flat().map((name) => resolve(templates[name] as Job))
  const variables = Object.assign({}, ...bases.map((base) => base.variables), job.variables) as Record<string, string>
  return Object.assign({}, ...bases, job, { variables }) as Job
}
const jobs = new Map(
  Object.entries(templates)
    .filter(([name]) => !name.startsWith('.'))
    .map(([name, job]) => [name, resolve(job)]),
)
const scriptOf = (name: string): string => jobs.get(name)?.script?.join('\n') ?? ''

test('every job runs on an image of a named version, the scanner on one by digest', () => {
  for (const [name, { image }] of jobs) {
    const named = typeof image === 'string' ? image : (image?.name ?? '')
    const resolved = named.startsWith('$') ? (file.variables[named.slice(1)] ?? '') : named
    assert.match(resolved, /:v?\d+\.\d+\.\d+/, `${name}: ${resolved}`)
    if (name.startsWith('scan')) assert.match(resolved, /@sha256:[0-9a-f]{64}$/, name)
  }
})

test('images leave the build with their health command, in a form the scanner reads', () => {
  for (const part of parts) {
    assert.match(scriptOf(`build-${part}`), /--format docker[^]+docker-archive:\$PART\.tar/)
    assert.match(scriptOf(`scan-${part}`), /--input "\$PART\.tar"/)
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
  for (const name of ['scan-backend', 'scan-frontend'])
    for (const line of jobs.get(name)?.script ?? []) assert.match(line, /^trivy .*--exit-code 1$/)
  const handsOut = [...jobs].filter(([, { artifacts }]) => artifacts?.paths.includes('images.json'))
  assert.deepEqual(
    handsOut.map(([name]) => name),
    ['sign'],
  )
  assert.match(scriptOf('sign'), /cosign sign[^]+cosign verify[^]+> images\.json/)
})

test('credentials and identity are of the jobs of a protected release tag alone', () => {
  for (const [name, job] of jobs) {
    const rule = job.rules?.map((one) => one.if).join()
    const isRelease = rule === '$CI_COMMIT_TAG =~ /^v\\d+\\.\\d+\\.\\d+$/ && $CI_COMMIT_REF_PROTECTED == "true"'
    assert.equal(isRelease, ['push', 'sign'].includes(name), name)
    if (!isRelease) assert.doesNotMatch(JSON.stringify(job), /CI_REGISTRY_PASSWORD|CI_JOB_TOKEN|id_tokens/, name)
    // Nothing of the sources runs where the credentials are.
    else assert.doesNotMatch(scriptOf(name), /\b(npm|node|bash|sh|source|make) /, name)
    assert.doesNotMatch(scriptOf(name), /(-p|--password) ["$]/, `${name}: no password among the arguments`)
  }
  assert.equal(jobs.get('sign')?.id_tokens?.['SIGSTORE_ID_TOKEN']?.aud, 'sigstore')
  assert.doesNotMatch(text, /glpat-|BEGIN [A-Z ]*PRIVATE KEY|password: ?\S/i)
})

test('every variable of a script is GitLab’s, the file’s or made there', () => {
  for (const [name, { variables }] of jobs) {
    const script = scriptOf(name)
    for (const [, used = ''] of script.matchAll(/\$\{?(\w+)/g)) {
      const isMade = new RegExp(`(^|\\n)\\s*(for )?${used}(=| in )`).test(script)
      assert.ok(used.startsWith('CI_') || used in (variables ?? {}) || isMade, `${name}: $${used}`)
    }
  }
})

test('the scripts are written as a shell reads them', () => {
  for (const [name] of jobs)
    execFileSync('bash', ['-n', '-c', scriptOf(name)], { stdio: ['ignore', 'ignore', 'inherit'] })
})

test('the release hands out version and digests as the operations command takes them', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'instandt-ci-'))
  const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
  try {
    // Stand-ins that do what the next line needs.
    const tool = (name: string, does: string): void =>
      writeFileSync(path.join(folder, name), `#!/bin/sh\n${does}\n`, { mode: 0o755 })
    tool(
      'buildah',
      `case "$1 $3" in "push backend.digest") printf ${digest('a')} > "$3" ;; "push frontend.digest") printf ${digest('b')} > "$3" ;; esac`,
    )
    tool('cosign', 'exit 0')
    const env = {
      PATH: `${folder}:/usr/bin:/bin`,
      CI_REGISTRY_PASSWORD: 'x',
      CI_REGISTRY_IMAGE: 'registry.example/ndt',
      CI_COMMIT_TAG: 'v1.4.0',
    }
    for (const name of ['push', 'sign'])
      execFileSync('bash', ['-e', '-c', scriptOf(name)], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] })
    assert.deepEqual(JSON.parse(readFileSync(path.join(folder, 'images.json'), 'utf8')), {
      version: '1.4.0',
      backend: `registry.example/ndt/backend@${digest('a')}`,
      frontend: `registry.example/ndt/frontend@${digest('b')}`,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('both images start from one base, pinned by digest, and run as nobody', () => {
  const [base, ...others] = parts.map(pinnedBase)
  assert.match(base ?? '', /^docker\.io\/library\/node:\d+\.\d+\.\d+-\w+-slim@sha256:[0-9a-f]{64}$/)
  for (const other of others) assert.equal(other, base)
  assert.equal(
    /node:(\d+\.\d+\.\d+)/.exec(base ?? '')?.[1],
    /node:(\d+\.\d+\.\d+)/.exec(file.variables['NODE_IMAGE'] ?? '')?.[1],
  )
  for (const part of parts)
    assert.match(
      readFileSync(path.resolve(import.meta.dirname, `../images/${part}.Dockerfile`), 'utf8'),
      /^USER 10001:10001$/m,
    )
})
