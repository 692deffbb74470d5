import type { ContainerApp } from '@azure/arm-appcontainers'
import { type Azure, isMissing } from '../azure.ts'
import type { Command } from '../command.ts'
import { type Context, waitFor } from '../context.ts'
import type { Deployment } from '../deployment.ts'
import { OpsError } from '../ops-error.ts'
import { waitForSmoke } from '../smoke.ts'
import { imageOf, migrate } from './migrate.ts'

interface Version {
  backendImage: string
  frontendImage: string
  version: string
}

const readyMinutes = 15

async function findApp(azure: Azure, deployment: Deployment, name: string): Promise<ContainerApp | undefined> {
  try {
    return await azure.apps.containerApps.get(deployment.resourceGroup, name)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const imageOfApp = (app: ContainerApp | undefined): string | undefined => app?.template?.containers?.[0]?.image

/** What serves now; undefined before the first release. */
export async function readVersion(azure: Azure, deployment: Deployment): Promise<Version | undefined> {
  const backend = await findApp(azure, deployment, deployment.apps.backend)
  const frontend = await findApp(azure, deployment, deployment.apps.frontend)
  const backendImage = imageOfApp(backend)
  const frontendImage = imageOfApp(frontend)
  if (backendImage === undefined || frontendImage === undefined) return undefined
  const env = backend?.template?.containers?.[0]?.env ?? []
  return {
    backendImage,
    frontendImage,
    version: env.find((one) => one.name === 'INSTANDT_VERSION')?.value ?? 'before',
  }
}

/** A revision's name is taken for good: an image that served before comes back under another one. */
async function attemptFor(azure: Azure, deployment: Deployment, version: Version): Promise<string> {
  const latest = new Set<string | undefined>()
  const names: string[] = []
  for (const name of [deployment.apps.backend, deployment.apps.frontend]) {
    const app = await findApp(azure, deployment, name)
    if (!app) continue
    latest.add(app.latestRevisionName)
    for await (const revision of azure.apps.containerAppsRevisions.listRevisions(deployment.resourceGroup, name))
      names.push(revision.name ?? '')
  }
  const digests = [version.backendImage, version.frontendImage].map((image) => `--r${image.slice(-64).slice(0, 10)}`)
  const isTaken = names.some((name) => !latest.has(name) && digests.some((digest) => name.includes(digest)))
  return isTaken ? Date.now().toString(36) : ''
}

async function bringUp(context: Context, deployment: Deployment, version: Version): Promise<void> {
  const azure = context.azure(deployment.subscriptionId)
  const attempt = await attemptFor(azure, deployment, version)
  await context.infra({ stackKind: 'release', action: 'up', config: { ...version, attempt } })
  for (const name of [deployment.apps.backend, deployment.apps.frontend]) {
    let told: string | undefined
    await waitFor(
      context,
      readyMinutes * 60,
      `${name} was not ready within ${readyMinutes} minutes: see its system log in Log Analytics (ContainerAppSystemLogs)`,
      async () => {
        const app = await findApp(azure, deployment, name)
        const { latestRevisionName: latest, latestReadyRevisionName: ready } = app ?? {}
        if (latest !== told) context.say(`${name}: waiting for ${latest ?? 'its first revision'}`)
        told = latest
        if (latest === undefined) return undefined
        if (latest === ready) return true
        const revision = await azure.apps.containerAppsRevisions.getRevision(deployment.resourceGroup, name, latest)
        const isDead = revision.runningState === 'Failed' || revision.provisioningState === 'Failed'
        if (isDead)
          throw new OpsError(`${latest} failed: ${revision.provisioningError ?? 'its replicas do not become ready'}`)
        return undefined
      },
    )
  }
}

/**
 * Migration first; only then new revisions, which take over when they are ready; then a look from the outside. Whatever
 * fails after the migration brings the former images back. The schema stays: older code runs on it (decision 0021).
 * @returns the exit code
 */
export async function release(context: Context, deployment: Deployment, wanted: Version): Promise<number> {
  const azure = context.azure(deployment.subscriptionId)
  const former = await readVersion(azure, deployment)
  context.say(former ? `serving now: ${former.version}` : 'nothing serves yet: this is the first release')
  if (!(await migrate(context, deployment, wanted.backendImage))) {
    context.say(former ? `${former.version} goes on serving, nothing was changed` : 'no app was made')
    return 1
  }
  if (context.isDryRun) {
    await context.infra({ stackKind: 'release', action: 'preview', config: { ...wanted } })
    context.print(`would release ${wanted.version}\n`)
    return 0
  }
  try {
    await bringUp(context, deployment, wanted)
    await waitForSmoke(context, deployment, 900)
  } catch (error) {
    context.say(`the release failed: ${error instanceof Error ? error.message : String(error)}`)
    if (!former) return 1
    context.say(`bringing ${former.version} back`)
    await bringUp(context, deployment, former)
    context.print(`${wanted.version} failed, ${former.version} serves\n`)
    return 1
  }
  context.print(`${wanted.version} serves\n`)
  return 0
}

export const versionOptions = {
  'backend-image': { type: 'string' },
  'frontend-image': { type: 'string' },
  version: { type: 'string' },
} as const

export function wantedVersion(context: Context): Version {
  const { version } = context.values
  if (typeof version !== 'string') throw new OpsError('--version must say what people call it, such as 1.4.0', 2)
  return { backendImage: imageOf(context, 'backend-image'), frontendImage: imageOf(context, 'frontend-image'), version }
}

export const releaseCommand: Command = {
  help: `  release        migration, then new revisions, then a look through Front Door; a failure brings the former version back
    --backend-image, --frontend-image   REGISTRY/PATH@sha256:…
    --version NAME`,
  options: versionOptions,
  async run(context) {
    const wanted = wantedVersion(context)
    return release(context, await context.deployment(), wanted)
  },
}
