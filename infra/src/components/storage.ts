import * as pulumi from '@pulumi/pulumi'
import * as storage from '@pulumi/azure-native/storage/index.js'
import type { Identities } from './identities.ts'
import type { Network } from './network.ts'
import type { Observability } from './observability.ts'
import { Part, type Place, roles } from './part.ts'
import { privateEndpoint } from './private-endpoint.ts'

/** Container of the original bytes, and the one that holds the heads of the audit's chain. */
export const imageContainer = 'instandt'
export const auditContainer = 'instandt-audit'

/** Blob storage that only our identities reach, and only from inside the network. */
export class Storage extends Part {
  readonly accountName: pulumi.Output<string>
  readonly accountId: pulumi.Output<string>
  readonly url: pulumi.Output<string>
  readonly ready: pulumi.Resource[]

  constructor(place: Place, net: Network, identities: Identities, logs: Observability) {
    super('Storage', place)
    const { names, settings, tags, resourceGroupName, location } = place
    const immutableDays = [settings.storageImmutableDays, settings.auditImmutableDays]
    const account = new storage.StorageAccount(
      'storage',
      {
        accountName: names.storage,
        resourceGroupName,
        location,
        tags,
        kind: 'StorageV2',
        sku: { name: settings.storageRedundancy },
        accessTier: 'Hot',
        publicNetworkAccess: 'Disabled',
        allowBlobPublicAccess: false,
        allowSharedKeyAccess: false,
        defaultToOAuthAuthentication: true,
        allowCrossTenantReplication: false,
        minimumTlsVersion: 'TLS1_2',
        enableHttpsTrafficOnly: true,
        networkRuleSet: { defaultAction: 'Deny', bypass: 'None' },
        encryption: {
          keySource: 'Microsoft.Storage',
          requireInfrastructureEncryption: true,
          services: { blob: { enabled: true, keyType: 'Account' } },
        },
      },
      this.dataChild(),
    )
    this.accountName = account.name
    this.accountId = account.id
    this.url = pulumi.interpolate`https://${account.name}.blob.core.windows.net`

    const service = new storage.BlobServiceProperties(
      'blob-service',
      {
        accountName: account.name,
        blobServicesName: 'default',
        resourceGroupName,
        isVersioningEnabled: true,
        changeFeed: { enabled: true, retentionInDays: settings.storageDeletedDays },
        deleteRetentionPolicy: { enabled: true, days: settings.storageDeletedDays },
        containerDeleteRetentionPolicy: { enabled: true, days: settings.storageDeletedDays },
      },
      this.child(),
    )
    const containers = [imageContainer, auditContainer].map((containerName, index) => {
      const days = immutableDays[index] ?? 0
      const container = new storage.BlobContainer(
        `container-${containerName}`,
        {
          containerName,
          accountName: account.name,
          resourceGroupName,
          publicAccess: 'None',
          ...(days > 0 ? { immutableStorageWithVersioning: { enabled: true } } : {}),
        },
        this.dataChild({ dependsOn: [service] }),
      )
      // Unlocked: the customer locks it once sure of the days, since a locked policy can never be taken back.
      if (days > 0) {
        new storage.BlobContainerImmutabilityPolicy(
          `immutable-${containerName}`,
          {
            containerName: container.name,
            accountName: account.name,
            immutabilityPolicyName: 'default',
            resourceGroupName,
            immutabilityPeriodSinceCreationInDays: days,
          },
          this.child(),
        )
      }
      return container
    })
    this.lifecycle(account, service)
    const named = privateEndpoint(place, this, 'blob', account.id, net)
    // At the containers, not the account: nothing else that may come to lie here is opened.
    const grants = containers.flatMap((container, index) => {
      const part = [imageContainer, auditContainer][index] ?? ''
      return (['app', 'ops'] as const).map((who) =>
        this.grant(`${part}-${who}`, roles.blobContributor, identities[who].principalId, container.id),
      )
    })
    this.logTo(logs.workspaceId, 'blob', pulumi.interpolate`${account.id}/blobServices/default`, {
      logs: true,
      metrics: true,
    })
    this.lock('storage', account.id)
    this.ready = [named, ...grants]
    this.registerOutputs({ accountName: this.accountName })
  }

  /** Old versions go, seldom opened images get cheaper; never the archive tier, which the viewer could not open. */
  private lifecycle(account: storage.StorageAccount, service: storage.BlobServiceProperties): void {
    const { settings, resourceGroupName } = this.place
    const { storageCoolDays: cool, storageColdDays: cold } = settings
    new storage.ManagementPolicy(
      'lifecycle',
      {
        accountName: account.name,
        managementPolicyName: 'default',
        resourceGroupName,
        policy: {
          rules: [
            {
              name: 'images',
              enabled: true,
              type: 'Lifecycle',
              definition: {
                filters: { blobTypes: ['blockBlob'], prefixMatch: [`${imageContainer}/`] },
                actions: {
                  version: { delete: { daysAfterCreationGreaterThan: settings.storageVersionDays } },
                  ...(cool + cold > 0
                    ? {
                        baseBlob: {
                          ...(cool > 0 ? { tierToCool: { daysAfterModificationGreaterThan: cool } } : {}),
                          ...(cold > 0 ? { tierToCold: { daysAfterModificationGreaterThan: cold } } : {}),
                        },
                      }
                    : {}),
                },
              },
            },
          ],
        },
      },
      this.child({ dependsOn: [service] }),
    )
  }
}
