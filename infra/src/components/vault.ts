import * as pulumi from '@pulumi/pulumi'
import * as keyvault from '@pulumi/azure-native/keyvault/index.js'
import type { Identities } from './identities.ts'
import type { Network } from './network.ts'
import type { Observability } from './observability.ts'
import { Part, type Place, roles } from './part.ts'
import { privateEndpoint } from './private-endpoint.ts'

/** Secrets the containers refer to by address; their values stand nowhere else. */
export const registrySecret = 'gitlab-registry-token'
/** Beside its token, for whoever changes both; Container Apps takes the name itself by value only. */
export const registryUserSecret = 'gitlab-registry-user'
export const adminDatabaseSecret = 'instandt-admin-database-url'

/** Key Vault without a public address. Encryption keys and database users are made inside, by the ops job. */
export class Vault extends Part {
  readonly name: pulumi.Output<string>
  readonly uri: pulumi.Output<string>
  readonly id: pulumi.Output<string>
  /** What must stand before a container can read a secret. */
  readonly ready: pulumi.Resource[]

  constructor(place: Place, net: Network, identities: Identities, logs: Observability) {
    super('Vault', place)
    const { names, settings, tags, resourceGroupName, location } = place
    const vault = new keyvault.Vault(
      'vault',
      {
        vaultName: names.vault,
        resourceGroupName,
        location,
        tags,
        properties: {
          tenantId: settings.tenantId,
          sku: { family: 'A', name: 'standard' },
          enableRbacAuthorization: true,
          enableSoftDelete: true,
          enablePurgeProtection: true,
          softDeleteRetentionInDays: 90,
          publicNetworkAccess: 'Disabled',
          networkAcls: { defaultAction: 'Deny', bypass: 'None' },
        },
      },
      this.dataChild(),
    )
    this.name = vault.name
    this.id = vault.id
    this.uri = pulumi.interpolate`https://${vault.name}.vault.azure.net/`
    const { registryTokenExpires: expires } = settings
    const token = this.secret(registrySecret, pulumi.secret(settings.registryToken), expires, 'rotated')
    const user = this.secret(registryUserSecret, settings.registryUser, expires)
    const named = privateEndpoint(place, this, 'vault', vault.id, net)
    const { app, frontend, migrate, ops } = identities
    const grants = [
      // At the vault: what it reads besides, keys and its database user, is made later by the ops job.
      this.grant('vault-app', roles.secretsUser, app.principalId, vault.id),
      this.grant('vault-frontend', roles.secretsUser, frontend.principalId, token.id),
      this.grant('vault-migrate', roles.secretsUser, migrate.principalId, token.id),
      // Rotation writes new versions; nothing that answers requests may.
      this.grant('vault-ops', roles.secretsOfficer, ops.principalId, vault.id),
    ]
    this.logTo(logs.workspaceId, 'vault', vault.id, { logs: true, metrics: true })
    this.lock('vault', vault.id)
    this.ready = [named, token, user, ...grants]
    this.registerOutputs({ name: this.name })
  }

  /**
   * Writes a secret through Resource Manager, which works from outside the private network.
   * @param changes `rotated`: later values come from the operations command and are left as they are
   */
  secret(
    name: string,
    value: pulumi.Input<string>,
    lastDay: string,
    changes: 'rotated' | 'configured' = 'configured',
  ): keyvault.Secret {
    return new keyvault.Secret(
      `secret-${name}`,
      {
        secretName: name,
        vaultName: this.name,
        resourceGroupName: this.place.resourceGroupName,
        tags: this.place.tags,
        properties: { value, attributes: { enabled: true, expires: Date.parse(`${lastDay}T23:59:59Z`) / 1000 } },
      },
      this.dataChild(changes === 'rotated' ? { ignoreChanges: ['properties.value', 'properties.attributes'] } : {}),
    )
  }

  /** Address without a version: a newer value is fetched within half an hour. */
  address(name: string): pulumi.Output<string> {
    return pulumi.interpolate`${this.uri}secrets/${name}`
  }
}
