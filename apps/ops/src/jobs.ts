import type { EnvironmentVar, JobExecution, JobExecutionTemplate } from '@azure/arm-appcontainers'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Azure } from './azure.ts'
import { type Context, waitFor } from './context.ts'
import type { Deployment } from './deployment.ts'
import { followLog } from './job-log.ts'
import { describeAzure, OpsError, retryAfterOf, statusOf } from './ops-error.ts'

/** Variable of a run that says what it is for and which start it came from. */
const markName = 'INSTANDT_RUN'
const busy = new Set(['Running', 'Processing', 'Unknown', undefined])
/** Codes of "not now": the service asks to come back. */
const passing = new Set([409, 429, 500, 502, 503, 504])
/** Of these nobody knows whether the run began. */
const isLost = (status: number | undefined): boolean => status === undefined || status >= 500

export interface JobRun {
  job: string
  /** Image by digest; absent = as the job was made. */
  image?: string | undefined
  args?: string[]
  /** Another database server than the job's own. */
  databaseHost?: string | undefined
  /** The same for the same purpose: an interrupted command takes its own run up again by it. */
  purpose: string
  /** Seconds until it must have ended. */
  seconds: number
  /** What it prints is the result, so it is waited for. */
  isLogWanted?: boolean
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
  const name = running ?? (await start(context, azure, group, run))
  context.say(`${run.job}: ${name} is running (its log comes minutes late)`)
  const apps = await azure.apps()
  const log = followLog(context, azure, deployment, name)
  let lastStatus: string | undefined
  const status = await waitFor(
    context,
    run.seconds,
    `${name} did not end within ${run.seconds} s; it goes on: repeat the command to follow it`,
    async () => {
      const execution = await apps.jobExecution(group, run.job, name)
      if (execution.status !== lastStatus) context.say(`${name}: ${execution.status ?? 'unknown'}`)
      lastStatus = execution.status
      return busy.has(execution.status) ? undefined : execution.status
    },
  ).finally(() => log.stop())
  const isDone = status === 'Succeeded'
  if (!isDone || run.isLogWanted === true) await log.readToEnd()
  return isDone
}

const markOf = (execution: JobExecution): string =>
  execution.template?.containers?.[0]?.env?.find((one) => one.name === markName)?.value ?? ''

/** What runs now; an earlier run of the same purpose is taken up again. */
async function findRunning(azure: Azure, group: string, run: JobRun): Promise<string | undefined> {
  for await (const execution of (await azure.apps()).jobsExecutions.list(group, run.job)) {
    if (!busy.has(execution.status)) continue
    if (markOf(execution).startsWith(`${run.purpose} #`)) return execution.name
    throw new OpsError(
      `the job ${run.job} is already running as ${execution.name ?? '?'} for something else; wait for its end, or stop it with 'az containerapp job stop'`,
      3,
    )
  }
  return undefined
}

/** The run that came of this start, whatever became of it since. */
async function findStarted(azure: Azure, group: string, job: string, mark: string): Promise<string | undefined> {
  for await (const execution of (await azure.apps()).jobsExecutions.list(group, job))
    if (markOf(execution) === mark) return execution.name
  return undefined
}

/** The whole template: what is given at the start replaces the job's own, nothing is merged. */
async function templateOf(azure: Azure, group: string, run: JobRun, mark: string): Promise<JobExecutionTemplate> {
  const job = await (await azure.apps()).jobs.get(group, run.job)
  const [container] = job.template?.containers ?? []
  if (!container) throw new OpsError(`the job ${run.job} has no container; deploy the platform again`)
  const { databaseHost } = run
  const own = container.env ?? []
  const env: EnvironmentVar[] = [
    ...(databaseHost === undefined ? own : own.map((one) => atHost(one, databaseHost))),
    { name: markName, value: mark },
  ]
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

function atHost(variable: EnvironmentVar, host: string): EnvironmentVar {
  if (variable.name !== 'DATABASE_URL') return variable
  if (variable.value === undefined)
    throw new OpsError('--database-host: this installation’s database address is a secret of the vault', 2)
  const url = new URL(variable.value)
  url.hostname = host
  return { ...variable, value: url.href }
}

/** Asks once; when the answer is lost on the way, the run's mark tells whether it began. */
async function start(context: Context, azure: Azure, group: string, run: JobRun): Promise<string> {
  const mark = `${run.purpose} #${randomBytes(6).toString('hex')}`
  const template = await templateOf(azure, group, run, mark)
  const { jobs } = await azure.appsOnce()
  const pauseMs = context.config.INSTANDT_POLL_SECONDS * 1000
  for (let attempt = 0; ; attempt += 1) {
    let status: number | undefined
    try {
      const started = await jobs.beginStartAndWait(group, run.job, { template, updateIntervalInMs: 1000 })
      if (started.name !== undefined) return started.name
    } catch (error) {
      status = statusOf(error)
      const isPassing = isLost(status) || passing.has(status ?? 0)
      if (error instanceof OpsError || !isPassing || attempt >= 5)
        throw new OpsError(`${run.job} could not be started: ${describeAzure(error)}`, 1, { cause: error })
      context.say(`${run.job}: ${describeAzure(error)}; looking again`)
      await sleep((retryAfterOf(error) ?? 2 ** attempt) * 1000)
    }
    // The list learns of a run a little later than the run begins.
    for (let looks = isLost(status) ? 4 : 1; looks > 0; looks -= 1) {
      const begun = await findStarted(azure, group, run.job, mark)
      if (begun !== undefined) return begun
      if (looks > 1) await sleep(pauseMs)
    }
  }
}
