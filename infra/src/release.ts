import { createHash } from 'node:crypto'
import type * as pulumi from '@pulumi/pulumi'
import * as app from '@pulumi/azure-native/app/index.js'
import { Alerts } from './components/alerts.ts'
import { commands, env, pullSettings, resources, userAssigned } from './components/containers.ts'
import type { Place } from './components/part.ts'
import type { ReleaseInputs, ReleaseSettings } from './deployment.ts'
import { createNames } from './names.ts'
import { tagsOf } from './platform.ts'

/** Seconds a replica may take to finish its uploads before it is ended: longer than any request at the edge (240). */
const drainSeconds = 300
const serverPort = 8080
const workerPort = 8081

/** Told before that is over; first it goes on answering, while the platform moves requests away from it. */
const ending = env({ SHUTDOWN_DELAY_SECONDS: '10', SHUTDOWN_SECONDS: String(drainSeconds - 20) })

/**
 * Same content, same name: a deployment that changes nothing makes no new revision, and one that changes a setting under the
 * same image does. The platform takes no name twice.
 */
function named<Template extends object>(image: string, attempt: string, template: Template) {
  const digest = image.slice(image.indexOf('@sha256:') + 8).slice(0, 6)
  const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 5)
  return { ...template, revisionSuffix: `r${digest}${hash}${attempt === '' ? '' : `-${attempt}`}` }
}

const probe = (
  type: 'Startup' | 'Readiness' | 'Liveness',
  path: string,
  port: number,
  every: number,
  failures: number,
) => ({
  type,
  httpGet: { path, port, scheme: 'HTTP' as const },
  periodSeconds: every,
  timeoutSeconds: 5,
  failureThreshold: failures,
})

/** The fast stack: the two apps in one version, and the alerts that watch them. */
export function release(inputs: ReleaseInputs, wanted: ReleaseSettings) {
  // Settings without secrets are all the names and alerts need.
  const settings = inputs.settings as Place['settings']
  const names = createNames(settings)
  const tags = tagsOf(settings, wanted.version)
  const place: Place = { settings, names, tags, resourceGroupName: inputs.resourceGroup, location: settings.location }

  const common = (part: 'backend' | 'frontend', replicas: [number, number], concurrentRequests: string) => ({
    containerAppName: names.app(part),
    resourceGroupName: inputs.resourceGroup,
    location: settings.location,
    tags,
    environmentId: inputs.environmentId,
    workloadProfileName: 'Consumption',
    identity: userAssigned(inputs.identities[part]),
    configuration: {
      ...pullSettings(inputs.registry, inputs.identities[part]),
      // Single: the platform keeps the old revision until the new one is ready, then moves the traffic.
      activeRevisionsMode: 'Single' as const,
      maxInactiveRevisions: 5,
      ingress: {
        // Inside an internal environment this means "reachable from its network", which Front Door's link comes through;
        // with false only the apps of the environment could reach it. The environment itself has no public address.
        external: true,
        targetPort: serverPort,
        transport: 'auto' as const,
        allowInsecure: false,
        traffic: [{ latestRevision: true, weight: 100 }],
      },
    },
    scale: {
      minReplicas: replicas[0],
      maxReplicas: replicas[1],
      rules: [{ name: 'requests', http: { metadata: { concurrentRequests } } }],
    },
  })

  const backend = common('backend', [settings.backendReplicas, settings.backendReplicasMost], '40')
  const { scale: backendScale, ...backendRest } = backend
  const server = [
    ...inputs.backendEnv,
    ...ending,
    ...env({ PORT: String(serverPort), INSTANDT_VERSION: wanted.version }),
  ]
  const backendApp = new app.ContainerApp(
    'backend',
    {
      ...backendRest,
      template: named(wanted.backendImage, wanted.attempt, {
        terminationGracePeriodSeconds: drainSeconds,
        containers: [
          {
            name: 'server',
            image: wanted.backendImage,
            command: [...commands.server],
            env: server,
            resources: resources(settings.backendCpu),
            probes: [
              probe('Startup', '/health/live', serverPort, 2, 60),
              probe('Readiness', '/health/ready', serverPort, 5, 3),
              probe('Liveness', '/health/live', serverPort, 15, 4),
            ],
          },
          {
            name: 'worker',
            image: wanted.backendImage,
            command: [...commands.worker],
            env: [
              ...inputs.backendEnv,
              ...env({
                SHUTDOWN_SECONDS: String(drainSeconds - 20),
                WORKER_PORT: String(workerPort),
                INSTANDT_VERSION: wanted.version,
              }),
            ],
            resources: resources(settings.workerCpu),
            probes: [
              probe('Startup', '/health/live', workerPort, 2, 60),
              probe('Liveness', '/health/live', workerPort, 15, 4),
            ],
          },
        ],
        scale: backendScale,
      }),
    },
    { customTimeouts: { create: '20m', update: '20m' } },
  )

  const { scale: frontendScale, ...frontendRest } = common(
    'frontend',
    [settings.frontendReplicas, settings.frontendReplicasMost],
    '100',
  )
  const frontendApp = new app.ContainerApp(
    'frontend',
    {
      ...frontendRest,
      template: named(wanted.frontendImage, wanted.attempt, {
        terminationGracePeriodSeconds: 30,
        containers: [
          {
            name: 'frontend',
            image: wanted.frontendImage,
            command: [...commands.frontend],
            env: env({
              HOST: '0.0.0.0',
              PORT: String(serverPort),
              SHUTDOWN_DELAY_SECONDS: '5',
              INSTANDT_VERSION: wanted.version,
            }),
            resources: resources(settings.frontendCpu),
            probes: [
              probe('Startup', '/health/live', serverPort, 2, 30),
              probe('Readiness', '/health/live', serverPort, 5, 3),
              probe('Liveness', '/health/live', serverPort, 15, 4),
            ],
          },
        ],
        scale: frontendScale,
      }),
    },
    // Pages never ask for routes the backend does not have yet.
    { dependsOn: [backendApp], customTimeouts: { create: '20m', update: '20m' } },
  )
  if (inputs.actionGroupId !== null) {
    const ids: { backend: pulumi.Output<string>; frontend: pulumi.Output<string> } = {
      backend: backendApp.id,
      frontend: frontendApp.id,
    }
    new Alerts(place, ids, inputs.actionGroupId)
  }
  return {
    backendRevision: backendApp.latestRevisionName,
    frontendRevision: frontendApp.latestRevisionName,
    backendFqdn: `${names.app('backend')}.${inputs.defaultDomain}`,
    frontendFqdn: `${names.app('frontend')}.${inputs.defaultDomain}`,
    version: wanted.version,
  }
}
