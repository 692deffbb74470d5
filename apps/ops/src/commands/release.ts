import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import type { Deployment } from '../deployment.ts'
import { describeAzure, OpsError } from '../ops-error.ts'
import { attemptFor, listKept, type Pair, parts, readServing, rollBack, waitForReady } from '../revisions.ts'
import { waitForSmoke } from '../smoke.ts'
import { imageOf, migrate } from './migrate.ts'

export interface Version {
  backendImage: string
  frontendImage: string
  version: string
}

const imagesOf = ({ backendImage, frontendImage }: Version) => ({ backend: backendImage, frontend: frontendImage })

async function bringUp(context: Context, deployment: Deployment, wanted: Version): Promise<void> {
  const azure = context.azure(deployment.subscriptionId)
  const attempt = await attemptFor(azure, deployment, imagesOf(wanted))
  await context.infra({ stackKind: 'release', action: 'up', config: { ...wanted, attempt } })
  await waitForReady(context, deployment, imagesOf(wanted))
}

/**
 * Migration first; only then new revisions, which take over when they are ready; then a look from the outside. Whatever
 * fails after the migration brings the former revisions back. The schema stays: older code runs on it (decision 0021).
 * @returns the exit code
 */
export async function release(
  context: Context,
  deployment: Deployment,
  wanted: Version,
  isMigrated = false,
): Promise<number> {
  const azure = context.azure(deployment.subscriptionId)
  const former = await readServing(azure, deployment)
  context.say(former ? `serving now: ${former.backend.version}` : 'nothing serves yet: this is the first release')
  if (!isMigrated && !(await migrate(context, deployment, wanted.backendImage))) {
    context.say(former ? `${former.backend.version} goes on serving, nothing was changed` : 'no app was made')
    return 1
  }
  if (context.isDryRun) {
    await context.infra({ stackKind: 'release', action: 'preview', config: { ...wanted } })
    context.print(`would release ${wanted.version}\n`)
    return 0
  }
  try {
    await bringUp(context, deployment, wanted)
    await waitForSmoke(context, deployment)
  } catch (error) {
    // Whoever works on the stack now may have new revisions coming up.
    if (error instanceof OpsError && error.exitCode === 3) throw error
    context.say(`the release failed: ${error instanceof OpsError ? error.message : describeAzure(error)}`)
    return takeBack(context, deployment, wanted, former)
  }
  context.print(`${wanted.version} serves\n`)
  return 0
}

async function takeBack(
  context: Context,
  deployment: Deployment,
  wanted: Version,
  serving: Pair | undefined,
): Promise<number> {
  if (!serving) return 1
  const azure = context.azure(deployment.subscriptionId)
  const images = imagesOf(wanted)
  const former = { ...serving }
  let replaced = 0
  for (const part of parts) {
    if (serving[part].image !== images[part]) continue
    // An interrupted release of the same version came that far.
    const before = (await listKept(azure, deployment, part)).find((one) => one.image !== images[part])
    if (before) former[part] = before
    replaced += 1
  }
  if (replaced === parts.length) {
    // Whether it ever was well cannot be seen from here, and an older version may be the worse one.
    context.say(
      `${wanted.version} served before this command began, so it was left; to take it back: release --back ${former.backend.version}`,
    )
    return 3
  }
  context.say(`bringing ${former.backend.version} back`)
  await rollBack(context, deployment, former)
  context.print(`${wanted.version} failed, ${former.backend.version} serves\n`)
  return 1
}

/** A former version, by hand. */
async function goBack(context: Context, deployment: Deployment, version: string): Promise<number> {
  const azure = context.azure(deployment.subscriptionId)
  const kept = {
    backend: await listKept(azure, deployment, 'backend'),
    frontend: await listKept(azure, deployment, 'frontend'),
  }
  const backend = kept.backend.find((one) => one.version === version)
  const frontend = kept.frontend.find((one) => one.version === version)
  if (!backend || !frontend) {
    const versions = [...new Set(kept.backend.map((one) => one.version))].join(', ')
    throw new OpsError(
      `the platform keeps no revision of ${version}, only of ${versions}: release its images instead`,
      3,
    )
  }
  if (context.isDryRun) {
    context.print(`would bring ${version} back (${backend.revision}, ${frontend.revision})\n`)
    return 0
  }
  await rollBack(context, deployment, { backend, frontend })
  await waitForSmoke(context, deployment)
  context.print(`${version} serves\n`)
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
  help: `  release        migration, then new revisions, then a look through Front Door; a failure brings the former ones back
    --backend-image, --frontend-image   REGISTRY/PATH@sha256:…
    --version NAME
    --back NAME        instead: brings a version back that served before, by its revisions`,
  options: { ...versionOptions, back: { type: 'string' } },
  async run(context) {
    const { back } = context.values
    if (typeof back === 'string') return goBack(context, await context.deployment(), back)
    const wanted = wantedVersion(context)
    return release(context, await context.deployment(), wanted)
  },
}
