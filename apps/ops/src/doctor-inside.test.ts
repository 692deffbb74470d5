import { after, beforeEach } from 'node:test'
import { ids, startDoctor } from './doctor.fixture.ts'

const doctors = await startDoctor()
const { stage, opened } = doctors
after(() => doctors.stop())
beforeEach(() => doctors.makeWell())

const backend = () => stage.arm.platform.apps.get('ca-backend')

doctors.testEach([
  [
    'an opened environment',
    'environment closed',
    opened(ids.environment, 'publicNetworkAccess', 'Enabled'),
    /is Enabled/,
  ],
  [
    'an environment with a public address',
    'environment closed',
    opened(ids.environment, 'vnetConfiguration', { internal: false }),
    /internal is false: somebody opened it/,
  ],
  ['an opened storage account', 'storage closed', opened(ids.storage, 'publicNetworkAccess', 'Enabled'), /is Enabled/],
  [
    'public blobs',
    'storage closed',
    opened(ids.storage, 'allowBlobPublicAccess', true),
    /allowBlobPublicAccess is true/,
  ],
  ['account keys', 'storage closed', opened(ids.storage, 'allowSharedKeyAccess', undefined), /is undefined/],
  ['networks let in', 'storage closed', opened(ids.storage, 'networkAcls', { defaultAction: 'Allow' }), /is Allow/],
  ['an opened vault', 'vault closed', opened(ids.vault, 'publicNetworkAccess', 'Enabled'), /is Enabled/],
  ['a vault with policies of its own', 'vault closed', opened(ids.vault, 'enableRbacAuthorization', false), /is false/],
  [
    'an opened database',
    'database closed',
    opened(ids.database, 'network', { publicNetworkAccess: 'Enabled' }),
    /Enabled/,
  ],
  [
    'a database that takes passwords',
    'database closed',
    opened(ids.database, 'authConfig', { passwordAuth: 'Enabled' }),
    /passwordAuth is Enabled/,
  ],
  [
    'a secret that ran out',
    'secrets',
    () => stage.arm.secrets.set('gitlab-registry-token', { exp: 1 }),
    /run out: gitlab-registry-token; rotate now/,
  ],
  ['no token', 'secrets', () => stage.arm.secrets.clear(), /gitlab-registry-token is missing or disabled/],
  [
    'a token that is disabled',
    'secrets',
    () => stage.arm.secrets.set('gitlab-registry-token', { exp: undefined, enabled: false }),
    /missing or disabled/,
  ],
  ['a stopped database', 'database', opened(ids.database, 'state', 'Stopped'), /state Stopped/],
  [
    'a sick standby',
    'database',
    opened(ids.database, 'highAvailability', { state: 'ReplicatingData' }),
    /the standby is ReplicatingData/,
  ],
  ['no backup', 'backups', () => stage.arm.resources.set(`${ids.database}/backups`, { value: [] }), /there is none/],
  [
    'an old backup',
    'backups',
    () =>
      stage.arm.resources.set(`${ids.database}/backups`, {
        value: [{ name: 'b', properties: { completedTime: '2026-01-01T00:00:00Z' } }],
      }),
    /hours old; ask Azure/,
  ],
  [
    'images that can be lost',
    'image store',
    opened(`${ids.storage}/blobServices/default`, 'isVersioningEnabled', false),
    /versioning or soft delete is off/,
  ],
  [
    'a revision that is not ready',
    'backend',
    () => {
      stage.arm.platform.onRevision = (name) =>
        name === 'ca-backend' ? new Promise(() => undefined) : Promise.resolve(true)
      stage.serve('1.1.0', 'b')
    },
    /ca-backend--rbbbbbb\w{5} is not ready; ca-backend--raaaaaa\w{5} serves/,
  ],
  [
    'a backend that says it is ready whatever its schema',
    'backend',
    () => backend()?.template.containers[0]?.probes?.shift(),
    /its readiness probe asks nothing, not \/health\/ready/,
  ],
  [
    'a container that is never looked at',
    'backend',
    () => backend()?.template.containers.push({ name: 'worker', image: 'x' }),
    /no liveness probe: worker/,
  ],
  [
    'a sick revision',
    'backend',
    () => Object.assign(backend()?.revisions[0] ?? {}, { healthState: 'Unhealthy' }),
    /is Unhealthy/,
  ],
  [
    'a failed migration',
    'migration',
    () =>
      stage.arm.platform.jobs.get('caj-migrate')?.executions.push({
        name: 'caj-migrate-2',
        status: 'Failed',
        startTime: '2026-11-26T00:00:00Z',
        template: { containers: [] },
      }),
    /last run: Failed/,
  ],
  [
    'no migration',
    'migration',
    () => stage.arm.platform.jobs.get('caj-migrate')?.executions.splice(0),
    /has never run/,
  ],
])
