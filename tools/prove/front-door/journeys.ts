// What people do every day in the web app and machines through DICOMweb. A feature that adds an address adds it to a journey
// here: the rehearsal compares what was asked with every address that the API describes.
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { archiveJourneys } from './archive-journeys.ts'
import { conversionJourneys } from './conversion-journeys.ts'
import { dicomJourneys } from './dicom-journeys.ts'
import { uploadJourneys } from './upload-journeys.ts'
import { admin, type Journey, json, wildPassword } from './walk.ts'

const link = (): string => randomBytes(32).toString('base64url')
const nobody = (): string => randomUUID()

const web: Record<string, Journey> = {
  async pages({ ask }) {
    for (const page of [
      '/',
      '/sign-in',
      '/inspections?q=O%27Brien&sort=-date',
      '/administration/users',
      '/profile',
      '/viewer/1.2.3',
    ])
      await ask(page, { headers: { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' } })
    const html = await (await ask('/')).text()
    const assets = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, asset]) => asset ?? '')
    assert.ok(assets.length > 1, 'the page names its files')
    for (const asset of assets) assert.equal((await ask(asset)).status, 200, asset)
    await ask('/health/live')
  },

  async signIn({ ask }) {
    await ask('/api/sign-in/options')
    await ask('/api/sign-in/second-factor', json({ code: '123456' }))
    await ask('/api/sign-in/entra?returnTo=%2Finspections%3Fq%3Dweld%2B7')
    const code = `1.AXoA${randomBytes(600).toString('base64url')}`
    await ask(`/api/sign-in/entra/callback?code=${code}&state=${link()}&session_state=${nobody()}`)
    await ask(
      '/api/sign-in/entra/callback?error=access_denied&error_description=AADSTS65004%3a+User+declined+to+consent+to+access+the+app.',
    )
    await ask('/api/setup', json({ token: link(), name: 'Anna O’Neil', email: admin.email, password: admin.password }))
    await ask('/api/links/look', json({ token: link() }))
    const invited = { token: link(), name: "Zoë D'Angelo", password: wildPassword }
    await ask('/api/links/accept-invitation', json(invited))
    await ask('/api/links/request-reset', json({ email: "o'brien+ndt@shop.example" }))
    await ask('/api/links/reset-password', json({ token: link(), password: wildPassword }))
  },

  async profile({ ask }) {
    await ask('/api/session')
    await ask('/api/profile')
    await ask('/api/profile', json({ name: 'Jürgen O’Brien-Müller', defaultProject: null }, 'PATCH'))
    await ask('/api/profile/password', json({ current: wildPassword, next: wildPassword }))
    await ask('/api/profile/second-factor/confirm', json({ code: '000000' }))
    for (const step of ['second-factor', 'second-factor/remove'])
      await ask(`/api/profile/${step}`, json({ password: admin.password }))
    await ask(`/api/profile/sessions/${nobody()}`, { method: 'DELETE' })
    await ask('/api/profile/tokens')
    await ask('/api/profile/tokens', json({ name: 'my script (pydicom)', role: 'reader', projects: ['default'] }))
    await ask(`/api/profile/tokens/${nobody()}`, { method: 'DELETE' })
  },

  async administration({ ask }) {
    const { user } = (await (await ask('/api/session')).json()) as { user: { id: string } }
    await ask('/api/projects')
    await ask('/api/projects', json({ slug: 'pipeline-7', name: 'Pipeline 7 (weld & casting), 50 % "hot" <north>' }))
    await ask('/api/projects/pipeline-7', json({ name: "O'Brien's union: select pipes & valves" }, 'PATCH'))
    await ask('/api/projects/default/members')
    const joined = await ask(`/api/projects/default/members/${user.id}`, json({ role: 'level-iii' }, 'PUT'))
    assert.equal(joined.status, 204, await joined.text())
    await ask(`/api/projects/pipeline-7/members/${nobody()}`, { method: 'DELETE' })
    await ask('/api/users')
    await ask(`/api/users/${nobody()}`, json({ isBlocked: true }, 'PATCH'))
    await ask(`/api/users/${nobody()}/password-reset`, { method: 'POST' })
    await ask(`/api/users/${nobody()}/second-factor`, { method: 'DELETE' })
    await ask(`/api/users/${nobody()}/sessions`, { method: 'DELETE' })
    await ask('/api/invitations')
    const invitation = {
      email: 'petra.weber@shop.example',
      name: 'Petra Weber',
      memberships: [{ project: 'default', role: 'level-ii' }],
    }
    await ask('/api/invitations', json(invitation))
    await ask(`/api/invitations/${nobody()}`, { method: 'DELETE' })
    const webhooks = '/api/projects/default/webhooks'
    await ask(webhooks)
    const hook = {
      name: "O'Brien's ERP (orders & parts)",
      url: 'https://10.20.0.7/in?key=a%2Fb&x=1',
      kinds: ['stored'],
    }
    await ask(webhooks, json(hook))
    await ask(`${webhooks}/${nobody()}`, json({ after: 'latest', isActive: true }, 'PATCH'))
    await ask(`${webhooks}/${nobody()}`, json({ since: '2026-11-26T08:00:00.000Z', isActive: true }, 'PATCH'))
    await ask(`${webhooks}/${nobody()}`, { method: 'DELETE' })
    for (const step of ['secret', 'test', `deliveries/${nobody()}/send-again`])
      await ask(`${webhooks}/${nobody()}/${step}`, { method: 'POST' })
    await ask(`${webhooks}/${nobody()}/deliveries?limit=50`)
    await ask('/api/tokens')
    await ask(
      '/api/tokens',
      json({ name: 'X-ray cabinet #3', role: 'sender', projects: ['default'], expiresInDays: null }),
    )
    await ask(`/api/tokens/${nobody()}`, { method: 'DELETE' })
    await ask(
      '/api/audit?action=image.view&person=O%27Brien&from=2026-11-01T00:00:00%2B01:00&to=2026-11-30T23:59:59Z&limit=50',
    )
    await ask('/api/audit/export?format=csv&component=Blade%20%231')
  },

  async renditionQueue({ ask }) {
    assert.equal((await ask('/api/rendition-queue')).status, 200)
    assert.equal((await ask('/api/rendition-queue/failed?limit=10')).status, 200)
    assert.equal((await ask('/api/rendition-queue/remake', json({ of: 'failed' }))).status, 202)
  },

  async searchAttributes({ ask }) {
    const declared = [
      { attribute: 'EvaluatorSequence.EvaluatorName', level: 'study' },
      { attribute: '0009"ACME (X-ray) 1.0; rev. B"02', level: 'instance', name: 'FilterWheel', vr: 'LO' },
    ]
    for (const attribute of declared) {
      const answer = await ask('/api/search-attributes', json(attribute))
      // The walk is made several times, once with removals kept at the door.
      assert.ok([201, 409].includes(answer.status), await answer.clone().text())
    }
    const { items } = (await (await ask('/api/search-attributes')).json()) as { items: { id: number; state: string }[] }
    const live = items.filter(({ state }) => state !== 'removing')
    assert.equal(live.length, declared.length)
    const inner = new URLSearchParams({ 'EvaluatorSequence.EvaluatorName': "O'Brien & Söhne (north) <7" })
    const wanted = new URLSearchParams({ attributes: inner.toString() })
    assert.equal((await ask(`/api/inspections?${wanted.toString()}`)).status, 200)
    for (const { id } of live) {
      await ask(`/api/search-attributes/${id}/resume`, { method: 'POST' })
      assert.equal((await ask(`/api/search-attributes/${id}`, { method: 'DELETE' })).status, 204)
    }
  },

  async signOut({ ask }) {
    await ask('/api/sign-out', { method: 'POST' })
  },
}

const { signOut, ...signedIn } = web
/** In this order: people become members before they browse. */
export const journeys: Record<string, Journey> = {
  ...signedIn,
  ...dicomJourneys,
  ...uploadJourneys,
  ...archiveJourneys,
  ...conversionJourneys,
  ...(signOut ? { signOut } : {}),
}
