import type { EnvironmentVar, JobExecution, JobExecutionTemplate } from '@azure/arm-appcontainers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Azure } from './azure.ts'
import type { Context } from './context.ts'
import { waitFor } from './context.ts'
import type { Deployment } from './deployment.ts'
import { followLog } from './job-log.ts'
import { describeAzure, OpsError, statusOf } from './ops-error.ts'

/** Variable of a run that says what it is for: an interrupted command finds its own run again by it. */
const markName = 'INSTANDT_RUN'
const busy = new Set(['Running', 'Processing', 'Unknown', undefined])
/** Codes of "not now": the service asks to come back. */
const passing = new Set([409, 429, 500, 502, 503, 504])

export interface JobRun {
  job: string
  /** Image by digest; absent = as the job was made. */
  image?: string
  args?: string[]
  /** The same for the same purpose. */
  mark: string
  /** Seconds until it must have ended. */
  seconds: number
}

const markOf = (execution: JobExecution): string | undefined =>
  execution.template?.containers?.[0]?.env?.find((one) => one.name === markName)?.value

/** What runs now; an earlier run of the same purpose is taken up again. */
async function findRunning(azure: Azure, group: string, run: JobRun): Promise<string | undefined> {
  for await (const execution of azure.apps.jobsExecutions.list(group, run.job)) {
    if (!busy.has(execution.status)) continue
    if (markOf(execution) === run.mark) return execution.name
    throw new OpsError(
      `the job ${run.job} is already running as ${execution.name ?? '?'} for something else; wait for its end, or stop it with 'az containerapp job stop'`,
      3,
    )
  }
  return undefined
}

/**
 * Starts a job with the image of this run, follows its log and waits for its real end.
 * @returns true when it succeeded
 */
export async function runJob(context: Context, deployment: Deployment, run: JobRun): Promise<boolean> {
  const azure = context.azure(deployment.subscriptionId)
  const group = deployment.resourceGroup
  const running = await findRunning(azure, group, run)
  if (running !== undefined) context.say(`taking up ${running}, which is running already`)
  const name = running ?? (await start(azure, group, run))
  context.say(`${run.job}: ${name} is running (its log comes minutes late)`)
  const log = followLog(context, azure, deployment, name)
  let lastStatus: string | undefined
  const status = await waitFor(
    context,
    run.seconds,
    `${name} did not end within ${run.seconds} s; it goes on: repeat the command to follow it`,
    async () => {
      const execution = await azure.apps.jobExecution(group, run.job, name)
      if (execution.status !== lastStatus) context.say(`${name}: ${execution.status ?? 'unknown'}`)
      lastStatus = execution.status
      return busy.has(execution.status) ? undefined : execution.status
    },
  ).finally(() => log.stop())
  await log.flush(status === 'Succeeded' ? 0 : 180)
  return status === 'Succeeded'
}

/** The whole template: what is given at the start replaces the job's own, nothing is merged. */
async function templateOf(azure: Azure, group: string, run: JobRun): Promise<JobExecutionTemplate> {
  const job = await azure.apps.jobs.get(group, run.job)
  const [container] = job.template?.containers ?? []
  if (!container) throw new OpsError(`the job ${run.job} has no container; deploy the platform again`)
  const env: EnvironmentVar[] = [...(container.env ?? []), { name: markName, value: run.mark }]
  return {
    containers: [
      {
        name: container.name ?? 'main',
        image: run.image ?? container.image ?? '',
        command: container.command ?? [],
        args: run.args ?? container.args ?? [],
        env,
        resources: container.resources ?? {},
      },
    ],
  }
}

/** Asks once; when the answer is lost on the way, the run's mark tells whether it began. */
async function start(azure: Azure, group: string, run: JobRun): Promise<string> {
  const template = await templateOf(azure, group, run)
  for (let attempt = 0; ; attempt += 1) {
    try {
      const started = await azure.appsOnce.jobs.beginStartAndWait(group, run.job, {
        template,
        updateIntervalInMs: 1000,
      })
      if (started.name !== undefined) return started.name
    } catch (error) {
      const status = statusOf(error)
      const isPassing = status === undefined || passing.has(status)
      if (!isPassing || attempt >= 5)
        throw new OpsError(`${run.job} could not be started: ${describeAzure(error)}`, 1, { cause: error })
      const headers = (error as { response?: { headers?: { get(name: string): string | undefined } } }).response
        ?.headers
      await sleep(Number(headers?.get('retry-after') ?? 2 ** attempt) * 1000)
    }
    const begun = await findRunning(azure, group, run)
    if (begun !== undefined) return begun
  }
}
