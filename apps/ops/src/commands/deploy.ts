import type { Command } from '../command.ts'
import { type Context, waitFor } from '../context.ts'
import { type Deployment, parseDeployment } from '../deployment.ts'
import { runJob } from '../jobs.ts'
import { OpsError } from '../ops-error.ts'
import { readServing } from '../revisions.ts'
import { approveLink } from './approve-link.ts'
import { migrate } from './migrate.ts'
import { release, type Version, versionOptions, wantedVersion } from './release.ts'

const linkSeconds = 1800

const count = (changes: Record<string, number>): string =>
  Object.entries(changes)
    .filter(([op]) => op !== 'same')
    .map(([op, number]) => `${number} ${op}`)
    .join(', ') || 'no changes'

/** Shows what would happen to both stacks and asks. */
async function agree(context: Context, wanted: Version): Promise<boolean> {
  for (const stackKind of ['platform', 'release'] as const) {
    context.say(`${stackKind}: what would change`)
    const config = stackKind === 'release' ? { config: { ...wanted } } : {}
    const { changes, outputs } = await context.infra({ stackKind, action: 'preview', ...config })
    context.say(`${stackKind}: ${outputs['isNew'] === true ? 'is not there yet, both apps are made' : count(changes)}`)
    const removed = (changes['delete'] ?? 0) + (changes['replace'] ?? 0)
    if (removed > 0) context.say(`note: ${removed} resource(s) of the ${stackKind} would be removed or replaced`)
  }
  return context.isDryRun || context.isYes || (await context.ask('Go on?'))
}

/** What must be there before the backend can start: keys, and with passwords its database user. */
async function firstSecrets(context: Context, deployment: Deployment, image: string): Promise<boolean> {
  const steps = [
    ['rotate', 'keys'],
    ...(deployment.database.auth === 'password' ? [['rotate', 'database-password']] : []),
  ]
  for (const words of steps) {
    const args = [...words, '--if-missing']
    context.say(`ops job: ${args.join(' ')}`)
    const run = { job: deployment.jobs.ops, image, args, purpose: args.join(' '), seconds: 3600 }
    if (!(await runJob(context, deployment, run))) return false
  }
  return true
}

function tellDns(context: Context, { dns }: Deployment): void {
  for (const record of dns.zone === null ? dns.records : [])
    context.say(`enter at your DNS: ${record.name} ${record.type} ${record.value}`)
  if (dns.nameServers.length > 0) context.say(`name servers of ${dns.zone ?? ''}: ${dns.nameServers.join(' ')}`)
}

/** Any answer will do: that there is one says that the name leads to Front Door and its certificate is in place. */
async function waitForName(context: Context, { frontDoor, publicUrl }: Deployment): Promise<void> {
  if (frontDoor.customDomain === null) return
  const seconds = context.config.INSTANDT_SMOKE_SECONDS * 4
  let told: string | undefined
  await waitFor(context, seconds, 'the name', async () => {
    try {
      await fetch(new URL('/health/live', publicUrl), { redirect: 'manual', signal: AbortSignal.timeout(30_000) })
      return true
    } catch (error) {
      const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      if (reason !== told) context.say(`waiting for ${publicUrl}, which may take hours: ${reason}`)
      told = reason
      return undefined
    }
  }).catch(() => {
    throw new OpsError(`${publicUrl} does not answer yet (${told ?? ''}): see doctor, then repeat the command`, 3)
  })
}

export const deployCommand: Command = {
  help: `  deploy         platform, link, migration, release; shows what would change and asks before
    --backend-image, --frontend-image   REGISTRY/PATH@sha256:…
    --version NAME`,
  options: versionOptions,
  async run(context) {
    const wanted = wantedVersion(context)
    if (!(await agree(context, wanted))) {
      context.print('nothing was changed\n')
      return 3
    }
    if (context.isDryRun) {
      context.print('would deploy the platform, approve the link, migrate and release\n')
      return 0
    }
    const made = await context.infra({ stackKind: 'platform', action: 'up' })
    context.say(`platform: ${count(made.changes)}`)
    const deployment = parseDeployment(made.outputs['deployment'], 'the platform')
    tellDns(context, deployment)
    await approveLink(context, deployment, linkSeconds)
    const isFirst = (await readServing(context.azure(deployment.subscriptionId), deployment)) === undefined
    if (isFirst) {
      if (!(await migrate(context, deployment, wanted.backendImage))) return 1
      if (!(await firstSecrets(context, deployment, wanted.backendImage))) return 1
    }
    await waitForName(context, deployment)
    return release(context, deployment, wanted, isFirst)
  },
}
