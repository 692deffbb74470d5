import { dicomWebBase, projectDicomWebBase, type Session } from '@instandt/api'
import { useSyncExternalStore } from 'react'
import { queryClient } from '../../api/query-client.ts'
import { sessionQuery } from '../../api/queries.ts'

const listeners = new Set<() => void>()
/** What somebody chose; it is of no meaning to whoever signs in next. */
let choice: { by: string; slug: string } | undefined

export const storableProjects = (session: Session): Session['projects'] =>
  session.projects.filter((one) => one.permissions.includes('store'))

/** Slug of the project that files chosen next go to; undefined leaves it to the server. */
export function uploadProject(): string | undefined {
  const session = queryClient.getQueryData(sessionQuery.queryKey)
  const slugs = session ? storableProjects(session).map(({ slug }) => slug) : []
  if (!session || slugs.length < 2) return undefined
  const chosen = choice?.by === session.user.id && slugs.includes(choice.slug) ? choice.slug : undefined
  return chosen ?? session.defaultProject ?? slugs[0]
}

export function chooseUploadProject({ user }: Session, slug: string): void {
  choice = { by: user.id, slug }
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The same for pages that show it, which have the session. */
export const useUploadProject = (): string | undefined => useSyncExternalStore(subscribe, uploadProject)

export const storeUrl = (slug: string | undefined): string =>
  `${slug === undefined ? dicomWebBase : projectDicomWebBase(slug)}/studies`
