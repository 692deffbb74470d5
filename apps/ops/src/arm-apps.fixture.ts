// For tests: container apps and jobs as the platform keeps them. In single-revision mode a revision's name is taken once, and
// the one before serves until the new one is ready.
import { isDeepStrictEqual } from 'node:util'
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type createOperations, refuse, send } from './arm-operations.fixture.ts'

export interface ArmContainer {
  name: string
  image: string
  command?: string[]
  args?: string[]
  env?: { name: string; value?: string; secretRef?: string }[]
  resources?: object
  probes?: { type: string; httpGet?: { path: string; port: number } }[]
}
export interface ArmTemplate {
  revisionSuffix: string
  containers: ArmContainer[]
}
export interface ArmExecution {
  name: string
  status: string
  startTime: string
  template: { containers: ArmContainer[] }
}
export interface ArmRevision {
  name: string
  createdTime: string
  runningState: string
  healthState: string
  template: ArmTemplate
}
interface ArmApp {
  template: ArmTemplate
  revisions: ArmRevision[]
  ready: string | undefined
}

export function createApps(group: string, operations: ReturnType<typeof createOperations>) {
  const apps = new Map<string, ArmApp>()
  const jobs = new Map<string, { containers: ArmContainer[]; executions: ArmExecution[] }>()
  const state = {
    apps,
    jobs,
    /** What a job does; resolves with whether it succeeded. */
    onJob: (_job: string, _execution: ArmExecution): Promise<boolean> => Promise.resolve(true),
    /** A revision's start; resolves with whether it became ready. */
    onRevision: (_app: string, _revision: ArmRevision): Promise<boolean> => Promise.resolve(true),

    /** Creates or changes an app. @throws Error as the platform refuses */
    apply(name: string, template: ArmTemplate): void {
      const app = apps.get(name) ?? { template, revisions: [], ready: undefined }
      const revisionName = `${name}--${template.revisionSuffix}`
      const known = app.revisions.find((one) => one.name === revisionName)
      const isSame = known === app.revisions.at(-1) && isDeepStrictEqual(known?.template, template)
      if (known && !isSame)
        throw Object.assign(new Error(`Revision with suffix ${template.revisionSuffix} already exists.`), {
          code: 'ContainerAppInvalidRevisionSuffix',
        })
      apps.set(name, { ...app, template })
      if (known) return
      const revision: ArmRevision = {
        name: revisionName,
        createdTime: new Date().toISOString(),
        runningState: 'Processing',
        healthState: 'None',
        template,
      }
      app.revisions.push(revision)
      void state
        .onRevision(name, revision)
        .catch(() => false)
        .then((isReady) => {
          Object.assign(
            revision,
            isReady ? { runningState: 'Running', healthState: 'Healthy' } : { runningState: 'Failed' },
          )
          const now = apps.get(name)
          if (now && isReady) now.ready = revision.name
        })
    },

    /** @returns whether the path was an app's or a job's */
    answer(line: string, pathname: string, body: Record<string, unknown>, response: ServerResponse): boolean {
      const [, kind, name = '', rest = ''] =
        /\/providers\/Microsoft\.App\/(jobs|containerApps)\/([\w-]+)(\/.*)?$/.exec(pathname) ?? []
      if (kind === undefined) return false
      if (kind === 'jobs') answerJob(line, name, rest, body, response)
      else answerApp(line, name, rest, body, response)
      return true
    },
  }

  const missing = (response: ServerResponse, what: string): void =>
    refuse(response, 404, { code: 'ResourceNotFound', message: `The Resource '${what}' was not found.` })

  function answerJob(
    line: string,
    name: string,
    rest: string,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): void {
    const job = jobs.get(name)
    if (!job) return missing(response, `Microsoft.App/jobs/${name}`)
    const show = ({ name: execution, ...properties }: ArmExecution): object => ({ name: execution, properties })
    if (rest === '') {
      const properties = { provisioningState: 'Succeeded', template: { containers: job.containers } }
      return send(response, 200, { id: `${group}/jobs/${name}`, name, location: 'westeurope', properties })
    }
    if (line.startsWith('POST ') && rest === '/start') {
      const template = (body['containers'] ? body : { containers: job.containers }) as { containers: ArmContainer[] }
      const execution: ArmExecution = {
        name: `${name}-${randomBytes(3).toString('hex')}`,
        status: 'Running',
        startTime: new Date().toISOString(),
        template,
      }
      job.executions.unshift(execution)
      void state.onJob(name, execution).then(
        (isDone) => (execution.status = isDone ? 'Succeeded' : 'Failed'),
        () => (execution.status = 'Failed'),
      )
      const result = { name: execution.name, id: `${group}/jobs/${name}/executions/${execution.name}` }
      return send(
        response,
        202,
        {},
        operations.begin('location', () => result),
      )
    }
    if (rest === '/executions') return send(response, 200, { value: job.executions.map(show) })
    const execution = job.executions.find((one) => rest === `/executions/${one.name}`)
    return execution ? send(response, 200, show(execution)) : missing(response, `${name}${rest}`)
  }

  function answerApp(
    line: string,
    name: string,
    rest: string,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): void {
    const app = apps.get(name)
    if (!app) return missing(response, `Microsoft.App/containerApps/${name}`)
    const show = ({ name: revision, ...properties }: ArmRevision): object => ({
      name: revision,
      properties: { ...properties, replicas: 2, provisioningState: 'Provisioned' },
    })
    const properties = (): object => ({
      provisioningState: 'Succeeded',
      latestRevisionName: apps.get(name)?.revisions.at(-1)?.name,
      latestReadyRevisionName: apps.get(name)?.ready,
      template: apps.get(name)?.template,
    })
    const whole = (): object => ({ name, location: 'westeurope', properties: properties() })
    if (line.startsWith('PATCH ') && rest === '') {
      const { template } = body['properties'] as { template: ArmTemplate }
      try {
        state.apply(name, template)
      } catch (error) {
        return refuse(response, 400, { code: (error as { code: string }).code, message: (error as Error).message })
      }
      return send(response, 202, {}, operations.begin('location', whole))
    }
    if (rest === '') return send(response, 200, whole())
    if (rest === '/revisions') return send(response, 200, { value: app.revisions.map(show) })
    const revision = app.revisions.find((one) => rest === `/revisions/${one.name}`)
    return revision ? send(response, 200, show(revision)) : missing(response, `${name}${rest}`)
  }
  return state
}
