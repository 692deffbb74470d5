// Takes out of the base what a running container has no use for, and an intruder would: package managers and shells'
// tools for fetching. The list of Debian's packages stays, scanners read it.
import { appendFileSync, existsSync, globSync, rmSync } from 'node:fs'

const gone = [
  '/strip.mjs',
  '/usr/local/lib/node_modules',
  '/usr/local/include',
  '/usr/local/share',
  '/opt/yarn*',
  '/usr/local/bin/{npm,npx,yarn,yarnpkg,corepack,docker-entrypoint.sh}',
  '/usr/bin/{apt,apt-*,dpkg,dpkg-*,debconf*,perl*,wget,curl}',
  '/usr/sbin/{dpkg-*,add-shell,remove-shell}',
  '/usr/lib/apt',
  '/usr/lib/dpkg',
  '/usr/share/{doc,man,info,locale,perl*,debconf,bash-completion,zsh}',
  '/usr/lib/x86_64-linux-gnu/{libapt*,perl*}',
  '/etc/apt',
  '/var/lib/apt',
  '/var/lib/dpkg/info',
  '/var/lib/dpkg/triggers',
  '/var/cache/*',
  '/var/log/*',
  '/root/{.npm,.npmrc,.cache}',
]
for (const pattern of gone) for (const path of globSync(pattern)) rmSync(path, { recursive: true, force: true })
// Nobody can become another user here.
for (const name of ['su', 'passwd', 'chsh', 'chfn', 'newgrp', 'gpasswd', 'mount', 'umount'])
  for (const folder of ['/bin', '/usr/bin']) rmSync(`${folder}/${name}`, { force: true })
if (existsSync('/etc/passwd')) {
  appendFileSync('/etc/passwd', 'instandt:x:10001:10001::/app:/usr/sbin/nologin\n')
  appendFileSync('/etc/group', 'instandt:x:10001:\n')
}
