import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session } from '@instandt/api'
import { sessionQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { chooseUploadProject, uploadProject } from './upload-target.ts'

function signIn(id: string, slugs: readonly string[], more: Partial<Session> = {}): Session {
  const projects = slugs.map((slug) => ({
    slug,
    name: slug,
    permissions: slug.startsWith('seen') ? ['read'] : ['read', 'store'],
  }))
  const session = { user: { id }, projects, ...more } as unknown as Session
  queryClient.setQueryData(sessionQuery.queryKey, session)
  return session
}

test('what is chosen holds for whoever chose it, and for no one after', () => {
  queryClient.removeQueries({ queryKey: sessionQuery.queryKey })
  assert.equal(uploadProject(), undefined)
  const ada = signIn('ada', ['alpha', 'beta', 'seen'])
  // Also before any page has shown the choice, as when files are dropped on the list.
  assert.equal(uploadProject(), 'alpha')
  chooseUploadProject(ada, 'beta')
  assert.equal(uploadProject(), 'beta')
  signIn('ben', ['alpha', 'beta'])
  assert.equal(uploadProject(), 'alpha')
  signIn('ben', ['alpha', 'beta'], { defaultProject: 'beta' })
  assert.equal(uploadProject(), 'beta')
  signIn('ada', ['alpha', 'beta'])
  assert.equal(uploadProject(), 'beta')
  // No longer allowed there.
  signIn('ada', ['alpha', 'gamma', 'seen'])
  assert.equal(uploadProject(), 'alpha')
  // Where there is no choice the server knows.
  signIn('ada', ['alpha', 'seen'])
  assert.equal(uploadProject(), undefined)
})
