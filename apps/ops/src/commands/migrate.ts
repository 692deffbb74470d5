import { type Command, imagePattern } from '../command.ts'
import type { Context } from '../context.ts'
import type { Deployment } from '../deployment.ts'
import { runJob } from '../jobs.ts'
import { OpsError } from '../ops-error.ts'

/** @throws OpsError when it is not named by its digest */
export function imageOf(context: Context, name: string): string {
  const image = context.values[name]
  if (typeof image === 'string' && imagePattern.test(image)) return image
  throw new OpsError(`--${name} must name the image by its digest: registry/path@sha256:…`, 2)
}

/** Runs the migration of an image; the old version serves meanwhile. @returns whether it succeeded */
export async function migrate(context: Context, deployment: Deployment, image: string): Promise<boolean> {
  if (context.isDryRun) {
    context.say(`would start ${deployment.jobs.migrate} with ${image}`)
    return true
  }
  const isDone = await runJob(context, deployment, {
    job: deployment.jobs.migrate,
    image,
    purpose: `migrate ${image}`,
    seconds: 7200,
  })
  context.say(isDone ? 'the schema is up to date' : 'the migration failed: nothing of the failing file was kept')
  return isDone
}

export const migrateCommand: Command = {
  help: `  migrate        runs the migration job with an image, follows its log, waits for its end
    --backend-image REGISTRY/PATH@sha256:…`,
  options: { 'backend-image': { type: 'string' } },
  async run(context) {
    const image = imageOf(context, 'backend-image')
    return (await migrate(context, await context.deployment(), image)) ? 0 : 1
  },
}
