// `node system.mjs <folder>`, in a build: gathers there what a container needs of the base and nothing else. Node, the
// libraries it loads, one user, and what scanners read: no shell, no package manager, nothing to become another user with.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const target = process.argv[2]
if (!target) throw new Error('usage: system.mjs <folder>')

const placeOf = (file) => {
  const place = path.join(target, file)
  mkdirSync(path.dirname(place), { recursive: true })
  return place
}
const take = (file) => copyFileSync(file, placeOf(file))
const write = (file, text) => writeFileSync(placeOf(file), text)

const libraries = process.report.getReport().sharedObjects.filter((file) => path.isAbsolute(file))
for (const file of [process.execPath, ...libraries, '/etc/os-release', '/etc/debian_version']) take(file)

/** Debian lists a library below /lib or /usr/lib, which are one folder. */
const ownerOf = (file) => {
  for (const name of [file, `/usr${file}`, file.replace(/^\/usr/, '')]) {
    try {
      return execFileSync('dpkg-query', ['--search', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
        .split(': ')[0]
        .trim()
    } catch {
      // Another spelling, then.
    }
  }
  throw new Error(`no package has ${file}`)
}
const owners = [...new Set(libraries.map(ownerOf))].toSorted((a, b) => (a < b ? -1 : 1))
write('/var/lib/dpkg/status', execFileSync('dpkg-query', ['--status', ...owners], { encoding: 'utf8' }))
for (const owner of owners) {
  const licence = `/usr/share/doc/${owner.replace(/:.*/, '')}/copyright`
  if (existsSync(licence)) take(licence)
}
if (existsSync('/usr/local/LICENSE')) take('/usr/local/LICENSE')

write('/etc/passwd', 'root:x:0:0::/:/nonexistent\ninstandt:x:10001:10001::/app:/nonexistent\n')
write('/etc/group', 'root:x:0:\ninstandt:x:10001:\n')
write('/etc/nsswitch.conf', 'hosts: files dns\n')
// Mounted over by whatever runs the container.
for (const name of ['dev', 'proc', 'sys', 'tmp']) mkdirSync(path.join(target, name))
chmodSync(path.join(target, 'tmp'), 0o1777)
