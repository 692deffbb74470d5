import type { ContainerApp, Revision } from '@azure/arm-appcontainers'
import { type Azure, collect, unlessMissing } from './azure.ts'
import { type Context, waitFor, whenFree } from './context.ts'
import type { Deployment } from './deployment.ts'
import { describeAzure, OpsError } from './ops-error.ts'

export const parts = ['backend', 'frontend'] as const
export type Part = (typeof parts)[number]

export interface Serving {
  revision: string
  image: string
  version: string
}
/** One revision of each app. */
export type Pair = Record<Part, Serving>
export type Images = Record<Part, string>

const imageOf = (of: Pick<Revision, 'template'> | undefined): string | undefined => of?.template?.containers?.[0]?.image

function servingOf(revision: Pick<Revision, 'name' | 'template'>): Serving | undefined {
  const image = imageOf(revision)
  if (revision.name === undefined || image === undefined) return undefined
  const env = revision.template?.containers?.[0]?.env ?? []
  const version = env.find((one) => one.name === 'INSTANDT_VERSION')?.value ?? 'before'
  return { revision: revision.name, image, version }
}

async function findApp(azure: Azure, deployment: Deployment, part: Part): Promise<ContainerApp | undefined> {
  return unlessMissing((await azure.apps()).containerApps.get(deployment.resourceGroup, deployment.apps[part]))
}

async function listRevisions(azure: Azure, deployment: Deployment, part: Part): Promise<Revision[]> {
  const { containerAppsRevisions } = await azure.apps()
  return collect(containerAppsRevisions.listRevisions(deployment.resourceGroup, deployment.apps[part]))
}

/** What serves now: the newest revisions that became ready, not what was asked for last; undefined before the first release. */
export async function readServing(azure: Azure, deployment: Deployment): Promise<Pair | undefined> {
  const { containerAppsRevisions } = await azure.apps()
  const read = async (part: Part): Promise<Serving | undefined> => {
    const revision = (await findApp(azure, deployment, part))?.latestReadyRevisionName
    if (revision === undefined || revision === '') return undefined
    return servingOf(
      await containerAppsRevisions.getRevision(deployment.resourceGroup, deployment.apps[part], revision),
    )
  }
  const [backend, frontend] = [await read('backend'), await read('frontend')]
  return backend && frontend ? { backend, frontend } : undefined
}

/** What the platform keeps of an app, newest first, without what never became ready. */
export async function listKept(azure: Azure, deployment: Deployment, part: Part): Promise<Serving[]> {
  return (await listRevisions(azure, deployment, part))
    .filter((one) => one.runningState !== 'Failed' && one.provisioningState !== 'Failed')
    .sort((a, b) => (b.createdTime?.getTime() ?? 0) - (a.createdTime?.getTime() ?? 0))
    .flatMap((one) => servingOf(one) ?? [])
}

const attemptNow = (): string => Date.now().toString(36)

/** A revision's name is taken for good: what served before comes back under another one. */
export async function attemptFor(azure: Azure, deployment: Deployment, images: Images): Promise<string> {
  for (const part of parts) {
    const app = await findApp(azure, deployment, part)
    if (!app) continue
    const others = (await listRevisions(azure, deployment, part)).filter((one) => one.name !== app.latestRevisionName)
    if (others.some((one) => imageOf(one) === images[part])) return attemptNow()
  }
  return ''
}

/** Waits until each app's newest revision runs this image and is ready. */
export async function waitForReady(context: Context, deployment: Deployment, images: Images): Promise<void> {
  const azure = context.azure(deployment.subscriptionId)
  const { containerAppsRevisions } = await azure.apps()
  const seconds = context.config.INSTANDT_READY_SECONDS
  for (const part of parts) {
    const name = deployment.apps[part]
    let told: string | undefined
    await waitFor(
      context,
      seconds,
      `${name} was not ready within ${seconds} s: see its system log in Log Analytics (ContainerAppSystemLogs)`,
      async () => {
        const app = await findApp(azure, deployment, part)
        const { latestRevisionName: latest, latestReadyRevisionName: ready } = app ?? {}
        if (latest === undefined || imageOf(app) !== images[part]) return undefined
        if (latest !== told) context.say(`${name}: waiting for ${latest}`)
        told = latest
        if (latest === ready) return true
        const revision = await containerAppsRevisions.getRevision(deployment.resourceGroup, name, latest)
        const isDead = revision.runningState === 'Failed' || revision.provisioningState === 'Failed'
        if (!isDead) return undefined
        throw new OpsError(`${latest} failed: ${revision.provisioningError ?? 'its replicas do not become ready'}`)
      },
    )
  }
}

/**
 * Makes a new revision of each app as the former one was, from what the platform kept of it, and waits for it. The engine is
 * not asked: it may be what failed, and this program's settings may be newer than that version.
 * @throws OpsError that says what a person can do
 */
export async function rollBack(context: Context, deployment: Deployment, former: Pair): Promise<void> {
  const azure = context.azure(deployment.subscriptionId)
  const { containerApps, containerAppsRevisions } = await azure.apps()
  const group = deployment.resourceGroup
  try {
    for (const part of parts) {
      const name = deployment.apps[part]
      const { revision, image, version } = former[part]
      const app = await containerApps.get(group, name)
      const latest = servingOf({ ...app, name: app.latestRevisionName ?? '' })
      // Also where an interrupted roll back has made it already.
      if (latest?.revision === revision || (latest?.image === image && latest.version === version)) continue
      const { template } = await containerAppsRevisions.getRevision(group, name, revision)
      if (!template) throw new OpsError(`the platform does not know ${revision} any more`)
      const again = { ...template, revisionSuffix: `back-${attemptNow()}` }
      context.say(`${name}: ${revision} again, as ${again.revisionSuffix}`)
      await whenFree(context, () =>
        containerApps.beginUpdateAndWait(group, name, { location: app.location, template: again }),
      )
    }
    await waitForReady(context, deployment, { backend: former.backend.image, frontend: former.frontend.image })
  } catch (cause) {
    const { version } = former.backend
    throw new OpsError(
      `${version} could not be brought back: ${describeAzure(cause)}; repeat: release --back ${version}`,
      3,
      { cause },
    )
  }
}
