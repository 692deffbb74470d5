// Every route × every role × own project, other project, nobody: held against the table of permissions.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  isAllowed,
  isInstallationPermission,
  isProjectPermission,
  type Permission,
  type Role,
  roles,
} from '@instandt/api'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { buildApp } from '../app.ts'
import { addPerson, addProject, isMachineRole, sessionHeaders, tokenHeaders } from '../identity.fixture.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import type { DeclaredRoute } from './access.ts'

let backend: TestBackend
const routes: DeclaredRoute[] = []
const callers: Record<string, () => Promise<Record<string, string>>> = {}
const study = { own: '', other: '' }
const nobody = '6f1d7a52-6a3c-4c1e-9d5b-0f7a3c2b1e4d'

before(async () => {
  backend = await startTestBackend()
  const { db } = backend
  const app = await buildApp(backend.deps, { onRoute: (route) => routes.push(route) })
  await app.ready()
  await app.close()
  await addProject(db, 'own')
  await addProject(db, 'other')
  for (const project of ['own', 'other'] as const) {
    study[project] = uidOf('study of', project)
    const file = buildInstance({ seed: project, studyInstanceUid: study[project], image: { rows: 4, columns: 4 } })
    const answer = await fetch(`${backend.url}/dicom-web/projects/${project}/studies`, {
      method: 'POST',
      headers: { ...(await tokenHeaders(db, 'sender', [project])), 'content-type': 'application/dicom' },
      body: file as Uint8Array<ArrayBuffer>,
    })
    assert.equal(answer.status, 200)
  }
  for (const role of roles) {
    if (isMachineRole(role)) {
      const headers = await tokenHeaders(db, role, ['own'])
      callers[role] = () => Promise.resolve(headers)
      continue
    }
    const { id } = await addPerson(
      db,
      role === 'administrator' ? { isAdministrator: true } : { memberships: { own: role } },
    )
    // A fresh one each time: some requests end their session.
    callers[role] = () => sessionHeaders(db, id, backend.url)
  }
})
after(() => backend.stop())

/** An address of the route that exists in shape, within one project where it names one. */
const addressOf = ({ url }: DeclaredRoute, project: 'own' | 'other'): string =>
  url
    .replace(':project', project)
    .replace(':study', study[project])
    .replace(':series', '1.2.3')
    .replace(':instance', '1.2.4')
    .replace('frames/*', 'frames/1')
    .replace('bulkdata/*', 'bulkdata/7FE00010')
    .replace(':number', '0')
    .replace(/:(user|id)/, nobody)

async function send(
  route: DeclaredRoute,
  project: 'own' | 'other',
  headers: Record<string, string>,
): Promise<{ status: number; code: string }> {
  const hasBody = !['GET', 'HEAD', 'DELETE'].includes(route.method)
  const answer = await fetch(backend.url + addressOf(route, project), {
    method: route.method,
    headers: { ...headers, ...(hasBody ? { 'content-type': 'application/json' } : {}) },
    ...(hasBody ? { body: '{}' } : {}),
    redirect: 'manual',
  })
  const text = await answer.text()
  const code = text.startsWith('{') ? ((JSON.parse(text) as { code?: string }).code ?? '') : ''
  return { status: answer.status, code }
}

/** What the table says: whether this role gets past the door. */
function isExpected(role: Role, permission: Permission, hasProject: boolean): boolean {
  if (['public', 'anonymous', 'signed-in'].includes(permission)) return true
  if (permission === 'own') return !isMachineRole(role)
  if (isInstallationPermission(permission)) return isAllowed(role, permission)
  if (!isProjectPermission(permission)) return false
  // Who looks after projects looks after their members.
  if (permission === 'manage-members' && role === 'administrator' && hasProject) return true
  return isAllowed(role, permission)
}

test('there are routes to walk, of every kind of permission', () => {
  assert.ok(routes.length > 60, String(routes.length))
  assert.deepEqual(
    new Set(routes.map((route) => route.permission)),
    new Set([
      'public',
      'anonymous',
      'signed-in',
      'own',
      'read',
      'store',
      'manage-members',
      'manage-users',
      'manage-projects',
      'manage-tokens',
      'read-audit',
    ]),
  )
})

test('nobody gets past a door that asks for somebody', async () => {
  for (const route of routes) {
    const { status } = await send(route, 'own', { origin: backend.url })
    const isOpen = route.permission === 'public' || route.permission === 'anonymous'
    assert.equal(status === 401, !isOpen, `${route.method} ${route.url}: ${status}`)
  }
})

for (const role of roles) {
  test(`${role} gets past the doors of the table in the own project, and no other`, async () => {
    for (const route of routes) {
      const { status, code } = await send(route, 'own', (await callers[role]?.()) ?? {})
      const isIn = isExpected(role, route.permission, route.url.includes(':project'))
      const words = `${role}: ${route.method} ${route.url}: ${status} ${code}`
      assert.notEqual(status, 500, words)
      // A wrong code of a form is 401 too; only the door says these.
      if (isIn) assert.ok(status !== 403 && code !== 'not-signed-in' && code !== 'project-not-found', words)
      // To whoever is no member, the project is not there.
      else if (role === 'administrator' && isProjectPermission(route.permission) && route.url.includes(':project'))
        assert.equal(status, 404, words)
      else assert.equal(status, 403, words)
    }
  })

  test(`${role} finds nothing of a project that is another's`, async () => {
    for (const route of routes.filter(({ url }) => url.includes(':project') || url.includes(':study'))) {
      const isIn = isExpected(role, route.permission, route.url.includes(':project'))
      if (role === 'administrator' && isIn) continue
      const { status } = await send(route, 'other', (await callers[role]?.()) ?? {})
      const words = `${role}: ${route.method} ${route.url}: ${status}`
      if (route.method === 'POST' && !route.url.includes(':project')) continue
      // Lists of an unknown study are empty, and so is this one.
      if (isIn && /\/(series|instances)$/.test(route.url) && !route.url.includes(':project')) {
        assert.ok(status === 204 || status === 404, words)
        continue
      }
      assert.ok(status === 404 || status === 403, words)
      if (route.url.includes(':project') && isProjectPermission(route.permission)) assert.equal(status, 404, words)
    }
  })
}

test('a study of another project is answered word for word like an unknown one', async () => {
  const headers = (await callers['reader']?.()) ?? {}
  for (const place of [
    (uid: string) => `/dicom-web/studies/${uid}`,
    (uid: string) => `/dicom-web/studies/${uid}/metadata`,
    (uid: string) => `/api/inspections/${uid}`,
    (uid: string) => `/dicom-web/studies?StudyInstanceUID=${uid}`,
    (uid: string) => `/dicom-web/projects/own/studies/${uid}`,
  ]) {
    const same = { ...headers, 'x-request-id': 'same' }
    const [hidden, unknown] = await Promise.all(
      [study.other, '1.2.3.4.5.6.7.8.9'].map(async (uid) => {
        const answer = await fetch(backend.url + place(uid), { headers: same })
        return [answer.status, (await answer.text()).replaceAll(uid, 'UID')]
      }),
    )
    assert.deepEqual(hidden, unknown, place('UID'))
  }
})

test('storing into a study of another project fails without telling whose it is', async () => {
  const file = buildInstance({ seed: 'added', studyInstanceUid: study.other, image: { rows: 4, columns: 4 } })
  const answer = await fetch(`${backend.url}/dicom-web/studies`, {
    method: 'POST',
    headers: { ...(await callers['sender']?.()), 'content-type': 'application/dicom' },
    body: file as Uint8Array<ArrayBuffer>,
  })
  assert.equal(answer.status, 409)
  const text = await answer.text()
  assert.doesNotMatch(text, /other|project/i)
})

test('a planted route without a permission ends the start', async () => {
  const app = await buildApp(backend.deps, {
    addPages: (pages) => {
      pages.get('/api/planted', async () => 'open')
    },
  })
  await assert.rejects(async () => app.ready(), /GET \/api\/planted.* declares no permission/)
  await app.close()
})
