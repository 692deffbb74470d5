import * as pulumi from '@pulumi/pulumi'
import * as app from '@pulumi/azure-native/app/index.js'
import { commands, env, type EnvVar, pullSettings, type Registry, resources, userAssigned } from './containers.ts'
import { type Database, databaseName } from './database.ts'
import type { EntraApplication } from './entra.ts'
import type { Environment } from './environment.ts'
import type { Identities, Identity } from './identities.ts'
import { Part, type Place } from './part.ts'
import { auditContainer, imageContainer, type Storage } from './storage.ts'
import { adminDatabaseSecret, registrySecret, type Vault } from './vault.ts'

/** Seconds a job may run; a migration over ten million rows takes minutes, a reindex of an archive hours. */
const jobSeconds = { migrate: 3600, ops: 86_400 }

/** RFC 1918 and RFC 6598, which the environment uses inside, and IPv6's own. */
const privateNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7']

interface Parts {
  environment: Environment
  identities: Identities
  database: Database
  storage: Storage
  vault: Vault
  entra: EntraApplication
  frontDoorId: pulumi.Input<string>
}

/** The two jobs, and what the apps of the release stack are to be told. */
export class Workloads extends Part {
  readonly migrateJob: app.Job
  readonly opsJob: app.Job
  readonly registry: Registry
  /** Settings of the backend, its worker and the ops job; no secret among them. */
  readonly backendEnv: EnvVar[]

  constructor(place: Place, parts: Parts) {
    super('Workloads', place)
    const { settings, names } = place
    const { identities, database, vault } = parts
    const isEntra = settings.databaseAuth === 'entra'
    this.registry = {
      server: settings.registryServer,
      user: settings.registryUser,
      tokenUrl: vault.address(registrySecret),
    }
    this.backendEnv = this.settingsOfBackend(parts)
    const ready = [...vault.ready, ...database.ready, ...parts.storage.ready]
    const adminUrl: EnvVar = { name: 'MIGRATE_DATABASE_URL', secretRef: 'admin-database-url' }
    this.migrateJob = this.job('migrate', identities.migrate, parts, ready, [
      ...(isEntra
        ? env({ MIGRATE_DATABASE_URL: databaseUrl(database, identities.migrate), MIGRATE_DATABASE_AUTH: 'entra' })
        : [adminUrl]),
      ...env({
        AZURE_CLIENT_ID: identities.migrate.clientId,
        APP_ROLE: 'instandt_app',
        APP_IDENTITIES: isEntra ? [identities.app.name, identities.ops.name].join(',') : undefined,
      }),
    ])
    const opsEnv = this.backendEnv.filter(
      ({ name }) => !['DATABASE_URL', 'DATABASE_AUTH', 'AZURE_CLIENT_ID'].includes(name),
    )
    this.opsJob = this.job('ops', identities.ops, parts, ready, [
      ...opsEnv,
      ...env({ DATABASE_AUTH: isEntra ? 'entra' : 'password', AZURE_CLIENT_ID: identities.ops.clientId }),
      // The first password is made by this job, so it cannot need one itself.
      ...(isEntra
        ? env({ DATABASE_URL: databaseUrl(database, identities.ops) })
        : ['DATABASE_URL', 'ADMIN_DATABASE_URL'].map((name) => ({ ...adminUrl, name }))),
    ])
    this.registerOutputs({ migrate: names.job('migrate'), ops: names.job('ops') })
  }

  private settingsOfBackend(parts: Parts): EnvVar[] {
    const { settings } = this.place
    const isEntra = settings.databaseAuth === 'entra'
    return env({
      DATABASE_URL: databaseUrl(parts.database, parts.identities.app),
      DATABASE_AUTH: isEntra ? 'entra' : 'key-vault',
      HOST: '0.0.0.0',
      PUBLIC_URL: `https://${settings.publicHost}`,
      FRONT_DOOR_ID: parts.frontDoorId,
      // Between Front Door and us there are private addresses only; the first other one is the visitor's.
      TRUSTED_PROXIES: [...new Set([...privateNetworks, settings.addressSpace])].join(','),
      KEY_VAULT_URL: parts.vault.uri,
      STORAGE: 'azure',
      AZURE_STORAGE_ACCOUNT_URL: parts.storage.url,
      AZURE_STORAGE_CONTAINER: imageContainer,
      AUDIT_CONTAINER: auditContainer,
      AZURE_CLIENT_ID: parts.identities.app.clientId,
      ENTRA_TENANT_ID: parts.entra.tenantId,
      ENTRA_CLIENT_ID: parts.entra.clientId,
      ENTRA_GROUP_ROLES: settings.entraGroupRoles?.join(','),
      LOCAL_ACCOUNTS: settings.localAccounts ? 'on' : 'off',
    })
  }

  private job(
    part: 'migrate' | 'ops',
    identity: Identity,
    parts: Parts,
    ready: pulumi.Resource[],
    variables: EnvVar[],
  ): app.Job {
    const { settings, names, tags, resourceGroupName, location } = this.place
    const pull = pullSettings(this.registry, identity.id)
    const hasAdminUrl = variables.some((one) => one.secretRef !== undefined)
    const adminSecret = {
      name: 'admin-database-url',
      keyVaultUrl: parts.vault.address(adminDatabaseSecret),
      identity: identity.id,
    }
    return new app.Job(
      `job-${part}`,
      {
        jobName: names.job(part),
        resourceGroupName,
        location,
        tags,
        environmentId: parts.environment.id,
        identity: userAssigned(identity.id),
        configuration: {
          triggerType: 'Manual',
          replicaTimeout: jobSeconds[part],
          // A migration that failed is looked at, not tried again.
          replicaRetryLimit: 0,
          manualTriggerConfig: { parallelism: 1, replicaCompletionCount: 1 },
          registries: pull.registries,
          secrets: hasAdminUrl ? [...pull.secrets, adminSecret] : pull.secrets,
        },
        template: {
          containers: [
            {
              name: part,
              image: settings.backendImage,
              command: [...commands[part]],
              ...(part === 'ops' ? { args: ['help'] } : {}),
              env: variables,
              resources: resources(part === 'ops' ? 1 : 0.5),
            },
          ],
        },
      },
      // Each run is started with the image it is meant for; what stands here is that of the first deployment.
      this.child({ dependsOn: ready, ignoreChanges: ['template.containers[0].image'] }),
    )
  }
}

const databaseUrl = (database: Database, identity: Identity): pulumi.Output<string> =>
  pulumi.interpolate`postgres://${identity.name}@${database.fqdn}:5432/${databaseName}?sslmode=verify-full`
