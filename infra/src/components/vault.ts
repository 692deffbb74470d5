import * as pulumi from '@pulumi/pulumi'
import * as keyvault from '@pulumi/azure-native/keyvault/index.js'
import type { Identities } from './identities.ts'
import type { Network } from './network.ts'
import type { Observability } from './observability.ts'
import { Part, type Place, roles } from './part.ts'
import { privateEndpoint } from './private-endpoint.ts'

/** Secrets the containers refer to by address; their values stand nowhere else. */
export const registrySecret = 'gitlab-registry-token'
export const adminDatabaseSecret = 'instandt-admin-database-url'

/** Key Vault without a public address. Encryption keys and database users are made inside, by the ops job. */
export class Vault extends Part {
  readonly name: pulumi.Output<string>
  readonly uri: pulumi.Output<string>
  readonly id: pulumi.Output<string>
  /** What must stand before a container can read a secret. */
  readonly ready: pulumi.Resource[]
  private readonly secrets: pulumi.Resource[] = []

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
    const expires = Date.parse(`${settings.registryTokenExpires}T23:59:59Z`) / 1000
    this.secret(registrySecret, pulumi.secret(settings.registryToken), expires)
    const named = privateEndpoint(place, this, 'vault', vault.id, net)
    const grants = [
      this.grant('vault-app', roles.secretsUser, identities.app.principalId, vault.id),
      this.grant('vault-migrate', roles.secretsUser, identities.migrate.principalId, vault.id),
      // Rotation writes new versions; nothing that answers requests may.
      this.grant('vault-ops', roles.secretsOfficer, identities.ops.principalId, vault.id),
    ]
    this.logTo(logs.workspaceId, 'vault', vault.id, { logs: true, metrics: true })
    this.lock('vault', vault.id)
    this.ready = [named, ...grants, ...this.secrets]
    this.registerOutputs({ name: this.name })
  }

  /**
   * Writes a secret through Resource Manager, which works from outside the private network. A later rotation is not
   * undone: only the first value comes from here.
   */
  secret(name: string, value: pulumi.Input<string>, expires?: number): keyvault.Secret {
    const made = new keyvault.Secret(
      `secret-${name}`,
      {
        secretName: name,
        vaultName: this.name,
        resourceGroupName: this.place.resourceGroupName,
        tags: this.place.tags,
        properties: { value, ...(expires === undefined ? {} : { attributes: { enabled: true, expires } }) },
      },
      this.dataChild({ ignoreChanges: ['properties.value', 'properties.attributes'] }),
    )
    this.secrets.push(made)
    return made
  }

  /** Address without a version: a newer value is fetched within half an hour. */
  address(name: string): pulumi.Output<string> {
    return pulumi.interpolate`${this.uri}secrets/${name}`
  }
}
