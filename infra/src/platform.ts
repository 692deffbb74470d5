import * as pulumi from '@pulumi/pulumi'
import * as azureResources from '@pulumi/azure-native/resources/index.js'
import { Alerts } from './components/alerts.ts'
import { Database, databaseName } from './components/database.ts'
import { Dns } from './components/dns.ts'
import { Edge } from './components/edge.ts'
import { EntraApplication } from './components/entra.ts'
import { Environment } from './components/environment.ts'
import { Identities } from './components/identities.ts'
import { Network } from './components/network.ts'
import { Observability } from './components/observability.ts'
import type { Place } from './components/part.ts'
import { auditContainer, imageContainer, Storage } from './components/storage.ts'
import { registrySecret, registryUserSecret, Vault } from './components/vault.ts'
import { Workloads } from './components/workloads.ts'
import { withoutSecrets } from './deployment.ts'
import { createNames } from './names.ts'
import type { Settings } from './settings.ts'

/** Tags of everything that can carry them. */
export const tagsOf = (
  settings: Pick<Settings, 'preset' | 'workload' | 'environment' | 'owner' | 'costCenter' | 'dataClassification'>,
  version: string,
) => ({
  preset: settings.preset,
  workload: settings.workload,
  environment: settings.environment,
  owner: settings.owner,
  costCenter: settings.costCenter,
  dataClassification: settings.dataClassification,
  managedBy: 'pulumi',
  stack: settings.environment,
  version,
})

/** The slow stack: everything but the two apps. Its output tells the release stack and the operations command the rest. */
export function platform(settings: Settings, version: string) {
  const names = createNames(settings)
  const tags = tagsOf(settings, version)
  const { location } = settings
  const group = new azureResources.ResourceGroup(
    'group',
    { resourceGroupName: names.resourceGroup, location, tags },
    { protect: settings.locks, retainOnDelete: settings.locks },
  )
  const place: Place = { settings, names, tags, resourceGroupName: group.name, location }

  const logs = new Observability(place)
  const network = new Network(place, logs)
  const identities = new Identities(place)
  const vault = new Vault(place, network, identities, logs)
  const storage = new Storage(place, network, identities, logs)
  const database = new Database(place, network, identities, vault, logs)
  const entra = new EntraApplication(place, identities)
  const edge = new Edge(place, logs)
  const environment = new Environment(place, network, logs)
  const workloads = new Workloads(place, {
    environment,
    identities,
    database,
    storage,
    vault,
    entra,
    frontDoorId: edge.frontDoorId,
  })
  const dns = new Dns(place, edge)
  edge.connect(environment, dns.domain)
  const alerts = new Alerts(place, {
    workspace: logs.workspaceId,
    group: group.id,
    frontDoor: edge.profileId,
    migrateJob: workloads.migrateJob.id,
    database: database.serverId,
    storage: storage.accountId,
    vault: vault.id,
    site: { host: edge.host, insightsId: logs.insightsId },
  })

  return {
    deployment: pulumi.output({
      workload: settings.workload,
      environment: settings.environment,
      location,
      subscriptionId: settings.subscriptionId,
      tenantId: settings.tenantId,
      resourceGroup: group.name,
      managedEnvironment: {
        name: environment.name,
        id: environment.id,
        defaultDomain: environment.defaultDomain,
        staticIp: environment.staticIp,
      },
      apps: { frontend: names.app('frontend'), backend: names.app('backend') },
      jobs: { migrate: names.job('migrate'), ops: names.job('ops') },
      registry: {
        server: settings.registryServer,
        user: settings.registryUser,
        tokenSecret: registrySecret,
        userSecret: registryUserSecret,
      },
      frontDoor: {
        profile: edge.profileName,
        endpoint: edge.endpointName,
        endpointHost: edge.endpointHost,
        wafPolicy: edge.policyName,
        customDomain: dns.domain ? settings.publicHost : null,
        customDomainName: dns.domain ? dns.domain.name : null,
        id: edge.frontDoorId,
      },
      link: {
        mode: settings['edge.link'],
        message: names.linkMessage,
        privateLinkService: environment.linkServiceName ?? null,
      },
      dns: {
        zone: settings.dnsZone === 'elsewhere' ? null : (settings.dnsZoneName ?? null),
        nameServers: dns.nameServers,
        records: dns.records,
      },
      publicUrl: `https://${settings.publicHost}`,
      vault: { name: vault.name, uri: vault.uri },
      storage: { account: storage.accountName, container: imageContainer, auditContainer },
      database: {
        server: database.serverName,
        fqdn: database.fqdn,
        name: databaseName,
        tier: settings.databaseTier,
        sku: settings.databaseSku,
        highAvailability: settings.databaseHighAvailability,
        auth: settings.databaseAuth,
      },
      workspace: { id: logs.workspaceId, customerId: logs.customerId },
      identities: {
        app: identities.app,
        migrate: identities.migrate,
        ops: identities.ops,
      },
      release: {
        settings: withoutSecrets(settings),
        resourceGroup: group.name,
        environmentId: environment.id,
        identities: { backend: identities.app.id, frontend: identities.frontend.id },
        registry: workloads.registry,
        backendEnv: workloads.backendEnv,
        defaultDomain: environment.defaultDomain,
        actionGroupId: alerts.actionGroupId ?? null,
      },
    }),
  }
}
