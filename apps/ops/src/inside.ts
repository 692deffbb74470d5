import type { Context } from './context.ts'
import { runJob } from './jobs.ts'
import { readServing } from './revisions.ts'

/**
 * Runs a command of the backend inside the environment, where vault and database can be reached, by the program that
 * serves: the job itself was made with the image of the first deployment.
 * @returns the exit code
 */
export async function runInside(
  context: Context,
  args: string[],
  options: { seconds: number; databaseHost?: string | undefined; isLogWanted?: boolean },
): Promise<number> {
  const { databaseHost } = options
  const deployment = await context.deployment()
  const job = deployment.jobs.ops
  const serving = await readServing(context.azure(deployment.subscriptionId), deployment)
  if (context.isDryRun) {
    const place = databaseHost === undefined ? '' : ` at ${databaseHost}`
    context.print(`would start ${job}${place} with: ${args.join(' ')}\n`)
    return 0
  }
  const image = serving?.backend.image
  const purpose = [...args, ...(databaseHost === undefined ? [] : [`@${databaseHost}`])].join(' ')
  const isDone = await runJob(context, deployment, { job, image, args, purpose, ...options })
  context.print(`${args.join(' ')}: ${isDone ? 'done' : 'failed'}\n`)
  return isDone ? 0 : 1
}
