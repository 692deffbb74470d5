import { totalCap } from '@instandt/api'
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { AuditSearch, InspectionsSearch } from '../search-params.ts'
import { client } from './client.ts'
import { instancePageSize } from './page-sizes.ts'

// Every question the pages ask of the server, each with its key.

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => client.getSession(signal),
  staleTime: 60_000,
})

/** Rows come page by page as the reader scrolls; keyset cursors, so page 900 costs as little as page 1. */
export const inspectionsQuery = (search: InspectionsSearch) =>
  infiniteQueryOptions({
    queryKey: ['inspections', search],
    queryFn: ({ pageParam, signal }) =>
      client.searchInspections({ ...search, cursor: pageParam, limit: pageParam === undefined ? 100 : 250 }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    // Ten thousand rows would be fetched again one page after another.
    refetchOnWindowFocus: false,
  })

/** Counting apart from the rows: it may be slow and must not hold them up. */
export const inspectionsTotalQuery = (search: InspectionsSearch) => {
  const filters = { ...search }
  // Other rows first are not other rows.
  delete filters.sort
  return queryOptions({
    queryKey: ['inspections-total', filters],
    queryFn: async ({ signal }) => {
      const page = await client.searchInspections({ ...filters, total: 'yes', limit: 1 }, signal)
      return page.total ?? 0
    },
    select: (total) => ({ total: Math.min(total, totalCap - 1), isCapped: total >= totalCap }),
    placeholderData: keepPreviousData,
  })
}

export const inspectionQuery = (study: string) =>
  queryOptions({
    queryKey: ['inspection', study],
    queryFn: ({ signal }) => client.getInspection(study, signal),
  })

export const instancesQuery = (study: string, series: string) =>
  infiniteQueryOptions({
    queryKey: ['instances', study, series],
    queryFn: ({ pageParam, signal }) =>
      client.listInstances(study, series, { cursor: pageParam, limit: instancePageSize }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchOnWindowFocus: false,
  })

export const metadataQuery = (study: string, series: string, instance: string) =>
  queryOptions({
    queryKey: ['metadata', study, series, instance],
    queryFn: ({ signal }) => client.getInstanceMetadata(study, series, instance, signal),
    // A stored file never changes.
    staleTime: Infinity,
    gcTime: 60_000,
  })

/** The caller's uploads in parts that have not ended. */
export const openUploadsQuery = queryOptions({
  queryKey: ['open-uploads'],
  queryFn: ({ signal }) => client.listUploads(signal),
  staleTime: 0,
})

export const signInOptionsQuery = queryOptions({
  queryKey: ['sign-in-options'],
  queryFn: ({ signal }) => client.getSignInOptions(signal),
})

export const profileQuery = queryOptions({
  queryKey: ['profile'],
  queryFn: ({ signal }) => client.getProfile(signal),
})

/** One's own tokens, or everybody's. */
export const tokensQuery = (whose: 'own' | 'all') =>
  queryOptions({
    queryKey: ['tokens', whose],
    queryFn: ({ signal }) => (whose === 'own' ? client.listOwnTokens(signal) : client.listTokens(signal)),
  })

export const usersQuery = queryOptions({ queryKey: ['users'], queryFn: ({ signal }) => client.listUsers(signal) })

export const invitationsQuery = queryOptions({
  queryKey: ['invitations'],
  queryFn: ({ signal }) => client.listInvitations(signal),
})

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: ({ signal }) => client.listProjects(signal),
})

export const searchAttributesQuery = queryOptions({
  queryKey: ['search-attributes'],
  queryFn: ({ signal }) => client.listSearchAttributes(signal),
})

export const membersQuery = (project: string) =>
  queryOptions({
    queryKey: ['members', project],
    queryFn: ({ signal }) => client.listMembers(project, signal),
  })

export const renditionQueueQuery = queryOptions({
  queryKey: ['rendition-queue'],
  queryFn: ({ signal }) => client.getRenditionQueue(signal),
  refetchInterval: 3000,
})

export const failedRenditionsQuery = infiniteQueryOptions({
  queryKey: ['failed-renditions'],
  queryFn: ({ pageParam, signal }) => client.listFailedRenditions(pageParam, signal),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next ?? undefined,
})

export const webhooksQuery = (project: string) =>
  queryOptions({
    queryKey: ['webhooks', project],
    queryFn: ({ signal }) => client.listWebhooks(project, signal),
  })

export const deliveriesQuery = (project: string, webhook: string) =>
  queryOptions({
    queryKey: ['deliveries', project, webhook],
    queryFn: ({ signal }) => client.listDeliveries(project, webhook, { limit: 50 }, signal),
  })

/** Filled-in forms for files of other formats. */
export const templatesQuery = (project: string) =>
  queryOptions({
    queryKey: ['conversion-templates', project],
    queryFn: ({ signal }) => client.listTemplates(project, signal),
  })

/** Days of this device's time zone become instants; the last one is meant whole. */
export const auditQuery = ({ from, to, ...words }: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ['audit', { from, to, ...words }],
    queryFn: ({ pageParam, signal }) =>
      client.searchAudit({ ...words, ...auditPeriod(from, to), cursor: pageParam, limit: 100 }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  })

export function auditPeriod(from: string | undefined, to: string | undefined): { from?: string; to?: string } {
  const start = from === undefined ? undefined : new Date(`${from}T00:00`)
  const end = to === undefined ? undefined : new Date(`${to}T00:00`)
  end?.setDate(end.getDate() + 1)
  return {
    ...(start ? { from: start.toISOString() } : {}),
    ...(end ? { to: end.toISOString() } : {}),
  }
}
