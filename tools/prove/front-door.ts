// Rehearsal of the front door: everything people and machines do passes the firewall in blocking mode with no other
// exceptions than those of infra/waf.json, each of which is needed; attacks are blocked, at the excepted addresses too.
// What is done every day stands in front-door/journeys.ts: a new address of the API has to be added there.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { signedFetch, testCaller, testDatabase } from '@instandt/testkit'
import { type ChildBackend, startChildBackend, temporaryFolder } from './child-backend.ts'
import { attacks, malformed, sendRaw } from './front-door/attacks.ts'
import { type Firewall, firewallList, startFirewall, whyNoFirewall } from './front-door/firewall.ts'
import { journeys } from './front-door/journeys.ts'
import { admin, blockedOf, json, passThrough, type Visit, walkAll } from './front-door/walk.ts'
import { startPages } from './platform.ts'
import { whyNoSharedData } from './shared-data.ts'

export { whyNoFirewall } from './front-door/firewall.ts'

type Scale = 'full' | 'small'
type List = typeof firewallList

/** The list with one address or one rule less, in every way there is. */
function* shortened(list: List): Generator<{ name: string; list: List }> {
  for (const entry of list.exceptions) {
    const others = list.exceptions.filter((one) => one !== entry)
    const parts = [
      ...entry.paths.map((one) => ({
        without: one,
        left: { ...entry, paths: entry.paths.filter((other) => other !== one) },
      })),
      ...(entry.rules.length > 1 ? entry.rules : []).map((one) => ({
        without: one,
        left: { ...entry, rules: entry.rules.filter((other) => other !== one) },
      })),
    ]
    for (const { without, left } of parts)
      yield {
        name: `${entry.name} without ${without}`,
        list: { ...list, exceptions: left.paths.length > 0 ? [...others, left] : others },
      }
  }
  for (const entry of list.exclusions)
    yield { name: entry.name, list: { ...list, exclusions: list.exclusions.filter((one) => one !== entry) } }
}

/** The first administrator is made right after the server began to listen. */
async function untilSetUp(url: string, frontDoorId: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    const answer = await fetch(`${url}/api/sign-in/options`, { headers: { 'x-azure-fdid': frontDoorId } })
    if (((await answer.json()) as { isSetUp: boolean }).isSetUp) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('nobody was made administrator')
}

/** Addresses that the API describes and no journey asked for. */
async function notVisited(url: string, visits: Visit[], frontDoorId: string): Promise<string[]> {
  const answer = await signedFetch(`${url}/api/openapi.json`, { headers: { 'x-azure-fdid': frontDoorId } })
  const { paths } = (await answer.json()) as { paths: Record<string, Record<string, object>> }
  const missing: string[] = []
  for (const [address, operations] of Object.entries(paths)) {
    const pattern = new RegExp(`^${address.replaceAll(/\{\w+\}/g, '[^/?]+')}(\\?|$)`)
    for (const method of Object.keys(operations))
      if (!visits.some((one) => one.method.toLowerCase() === method && pattern.test(one.address)))
        missing.push(`${method.toUpperCase()} ${address}`)
  }
  return missing
}

async function sendAttacks(door: Firewall): Promise<void> {
  const through: string[] = []
  for (const { name, rules, address, init } of attacks) {
    const seen = await passThrough(door, encodeURI(address).replaceAll(/%25(?=[0-9A-F]{2})/gi, '%'), init)
    const spoke = seen.isPassed ? [] : await door.rulesOf(seen.id)
    if (seen.status !== 403 || !spoke.some((rule) => rule.startsWith(rules)))
      through.push(`${name}: ${seen.status}${seen.isPassed ? ' from us' : ''}, ${spoke.join(' | ') || 'no rule'}`)
  }
  for (const [name, words] of Object.entries(malformed)) {
    const head = await sendRaw(door.port, words)
    if (!/^$|^HTTP\/1\.1 40[03] /.test(head) || /x-passed/i.test(head)) through.push(`${name}: ${head}`)
  }
  assert.deepEqual(through, [], 'attacks are blocked')
}

/** The first 128 KiB of a body are looked at, as in the cloud; what is longer is not refused for that. */
async function checkDepth(door: Firewall): Promise<void> {
  const attack = '<script>alert(document.cookie)</script>'
  const long = ' '.repeat(200 * 1024)
  const early = await passThrough(door, '/api/projects', json({ slug: 'x', name: attack, more: long }))
  const spoke = early.isPassed ? [] : await door.rulesOf(early.id)
  assert.ok(
    spoke.some((rule) => rule.startsWith('941')),
    `an attack at the beginning of a long body is seen: ${spoke.join()}`,
  )
  const late = await passThrough(door, '/api/projects', json({ slug: 'x', more: long, name: attack }))
  assert.ok(late.isPassed, 'a long body passes')
}

/** Each limit counts at its addresses, however they are written, and nowhere else. Small numbers: the rule is proved, not its height. */
async function checkLimits(open: (list: List) => Promise<Firewall>): Promise<void> {
  const elsewhere = '/health/live'
  for (const limit of firewallList.rateLimits) {
    const door = await open({ ...firewallList, rateLimits: [{ ...limit, perMinute: 20 }] })
    const statuses = async (address: string, count: number): Promise<number[]> =>
      Promise.all(
        Array.from({ length: count }, async () => (await passThrough(door, address, { headers: testCaller })).status),
      )
    for (const address of limit.paths) {
      const last = address.replace(/\w(?=\W*$)/, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
      await statuses(address, 30)
      const asked = [...(await statuses(address, 10)), ...(await statuses(last, 10))]
      assert.ok(asked.filter((status) => status === 429).length > 15, `${limit.name} at ${address}: ${asked.join(' ')}`)
    }
    if (!limit.paths.some((one) => elsewhere.startsWith(one)))
      assert.ok(!(await statuses(elsewhere, 30)).includes(429), `${limit.name} is not for other addresses`)
  }
}

export async function prove({ scale }: { scale: Scale }): Promise<void> {
  if (whyNoFirewall !== undefined) throw new Error(whyNoFirewall)
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const pages = await startPages()
  const frontDoorId = randomUUID()
  let backend: ChildBackend | undefined
  let door: Firewall | undefined
  let opened = 0
  /** One at a time. */
  const open = async (list: List): Promise<Firewall> => {
    await door?.stop()
    const own = path.join(folder, `nginx-${(opened += 1)}`)
    door = await startFirewall({ folder: own, backend: backend?.url ?? '', frontend: pages.url, frontDoorId, list })
    return door
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
    const { url } = backend
    assert.equal((await signedFetch(`${url}/dicom-web/studies`)).status, 403, 'past the front door there is no way')
    await untilSetUp(url, frontDoorId)
    const first = await open(firewallList)
    const visits = await walkAll(first, { scale, backend: url, frontDoorId }, journeys)
    assert.deepEqual(await blockedOf(first, visits), [], 'everyday work passes')
    assert.deepEqual(await notVisited(url, visits, frontDoorId), [], 'add these to front-door/journeys.ts')
    await sendAttacks(first)
    await checkDepth(first)
    await checkLimits(open)

    const unneeded: string[] = []
    let needed = 0
    const { samples: _samples, ...everyday } = journeys
    for (const { name, list } of shortened({ ...firewallList, rateLimits: [] })) {
      const settings = { scale: 'small', backend: url, frontDoorId, isUntilBlocked: true } as const
      const again = await walkAll(await open(list), settings, everyday)
      if (again.every((one) => one.isPassed)) unneeded.push(name)
      else needed += 1
    }
    assert.deepEqual(unneeded, [], 'every exception is needed')
    process.stdout.write(
      `front-door: ${visits.length} requests of ${Object.keys(journeys).length} journeys passed, ${attacks.length + Object.keys(malformed).length} attacks blocked, ` +
        `${firewallList.rateLimits.length} limits count, ${needed} exceptions needed${whyNoSharedData === undefined ? '' : `; ${whyNoSharedData}`}\n`,
    )
  } finally {
    await door?.stop()
    await backend?.stop()
    pages.child.kill()
    await database.stop()
    await remove()
  }
}
