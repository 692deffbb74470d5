import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { type Deployment, parseDeployment } from '../deployment.ts'
import { runJob } from '../jobs.ts'
import { approveLink } from './approve-link.ts'
import { migrate } from './migrate.ts'
import { readVersion, release, versionOptions, wantedVersion } from './release.ts'

const count = (changes: Record<string, number>): string =>
  Object.entries(changes)
    .filter(([op]) => op !== 'same')
    .map(([op, number]) => `${number} ${op}`)
    .join(', ') || 'no changes'

/** Shows what would happen to a stack and asks. */
async function agree(context: Context): Promise<boolean> {
  context.say('platform: what would change')
  const preview = await context.infra({ stackKind: 'platform', action: 'preview' })
  context.say(`platform: ${count(preview.changes)}`)
  const removed = (preview.changes['delete'] ?? 0) + (preview.changes['replace'] ?? 0)
  if (removed > 0) context.say(`note: ${removed} resource(s) would be removed or replaced`)
  return context.isDryRun ? true : context.isYes || (await context.ask('Go on?'))
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
    const run = { job: deployment.jobs.ops, image, args, mark: args.join(' '), seconds: 3600 }
    if (!(await runJob(context, deployment, run))) return false
  }
  return true
}

export const deployCommand: Command = {
  help: `  deploy         platform, link, migration, release; asks before it changes anything
    --backend-image, --frontend-image   REGISTRY/PATH@sha256:…
    --version NAME`,
  options: versionOptions,
  async run(context) {
    const wanted = wantedVersion(context)
    if (!(await agree(context))) {
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
    for (const record of deployment.dns.zone === null ? deployment.dns.records : [])
      context.say(`enter at your DNS: ${record.name} ${record.type} ${record.value}`)
    if (deployment.dns.nameServers.length > 0)
      context.say(`name servers of ${deployment.dns.zone ?? ''}: ${deployment.dns.nameServers.join(' ')}`)
    await approveLink(context, deployment, 1800)
    const former = await readVersion(context.azure(deployment.subscriptionId), deployment)
    if (!former) {
      if (!(await migrate(context, deployment, wanted.backendImage))) return 1
      if (!(await firstSecrets(context, deployment, wanted.backendImage))) return 1
    }
    return release(context, deployment, wanted)
  },
}
