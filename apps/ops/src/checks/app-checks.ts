import { type Azure, collect } from '../azure.ts'
import type { Deployment } from '../deployment.ts'
import { queryLog } from '../job-log.ts'
import { type Part, readServing } from '../revisions.ts'
import { type Check, check, fault, type Finding, ok, warning } from './report.ts'

/** The path that says whether an app may have requests; the backend's looks at its schema, database and image store. */
const readyPaths: Record<Part, string> = { backend: '/health/ready', frontend: '/health/live' }

export async function appChecks(azure: Azure, deployment: Deployment): Promise<Check[]> {
  return [
    await check('backend', () => appCheck(azure, deployment, 'backend')),
    await check('frontend', () => appCheck(azure, deployment, 'frontend')),
    await check('migration', () => migrationCheck(azure, deployment)),
  ]
}

async function appCheck(azure: Azure, deployment: Deployment, part: Part): Promise<Finding> {
  const { containerApps, containerAppsRevisions } = await azure.apps()
  const [group, name] = [deployment.resourceGroup, deployment.apps[part]]
  const { latestRevisionName: latest, latestReadyRevisionName: ready, template } = await containerApps.get(group, name)
  if (latest === undefined || latest !== ready)
    return fault(`${latest ?? 'no revision'} is not ready; ${ready ?? 'nothing'} serves`)
  const containers = template?.containers ?? []
  const bare = containers.filter((one) => !one.probes?.some((probe) => probe.type === 'Liveness'))
  if (bare.length > 0) return fault(`no liveness probe: ${bare.map((one) => one.name).join(', ')}; release again`)
  const readiness = containers[0]?.probes?.find((probe) => probe.type === 'Readiness')?.httpGet?.path
  if (readiness !== readyPaths[part])
    return fault(`its readiness probe asks ${readiness ?? 'nothing'}, not ${readyPaths[part]}; release again`)
  const revision = await containerAppsRevisions.getRevision(group, name, latest)
  if (revision.healthState !== 'Healthy') return fault(`${latest} is ${revision.healthState ?? 'of unknown health'}`)
  return ok(`${latest}, ${revision.replicas ?? 0} replica(s)`)
}

/**
 * The newest run of the migration job, whether it was with the image that serves, and what it said about the schema. That
 * the schema fits the program is told by the backend's readiness.
 */
async function migrationCheck(azure: Azure, deployment: Deployment): Promise<Finding> {
  const { jobsExecutions } = await azure.apps()
  const runs = await collect(jobsExecutions.list(deployment.resourceGroup, deployment.jobs.migrate))
  const [newest] = runs.sort((a, b) => (b.startTime?.getTime() ?? 0) - (a.startTime?.getTime() ?? 0))
  if (!newest) return fault('has never run; use migrate')
  if (newest.status !== 'Succeeded') return fault(`last run: ${newest.status ?? 'unknown'}; see migrate`)
  const lines = await queryLog(azure, deployment, newest.name ?? '').catch(() => [])
  const version = lines.map(({ line }) => schemaOf(line)).findLast((one) => one !== undefined)
  const schema = version === undefined ? 'schema not in the log any more' : `schema ${version}`
  const serving = await readServing(azure, deployment)
  return newest.template?.containers?.[0]?.image === serving?.backend.image
    ? ok(`${schema}, ran with the image that serves`)
    : warning(`${schema}, last ran with another image than the one that serves`)
}

/** Of the job's last line. */
function schemaOf(line: string): number | undefined {
  try {
    const { msg, version } = JSON.parse(line) as { msg?: unknown; version?: unknown }
    return msg === 'schema is up to date' && typeof version === 'number' ? version : undefined
  } catch {
    return undefined
  }
}
