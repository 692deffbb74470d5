import type { ResourceValidationPolicy } from '@pulumi/policy'
import { rule } from './rule.ts'

/** What holds data, and the secrets to it. */
export const dataRules: ResourceValidationPolicy[] = [
  rule('storage-closed', 'Blob storage has no public way in', ['storage:StorageAccount'], (props) => [
    props['publicNetworkAccess'] !== 'Disabled' &&
      'is reachable from the internet; set publicNetworkAccess to Disabled and use its private endpoint',
    props['allowBlobPublicAccess'] !== false && 'lets containers be public; set allowBlobPublicAccess to false',
    props['allowSharedKeyAccess'] !== false &&
      'accepts shared keys, which nobody can trace to a person; set allowSharedKeyAccess to false',
    props['networkRuleSet']?.defaultAction !== 'Deny' &&
      'answers unknown networks; set networkRuleSet.defaultAction to Deny',
    props['allowCrossTenantReplication'] !== false &&
      'may be copied to other directories; set allowCrossTenantReplication to false',
  ]),
  rule('container-closed', 'Blob containers are private', ['storage:BlobContainer'], (props) => [
    props['publicAccess'] !== 'None' && 'is public; set publicAccess to None',
  ]),
  rule(
    'storage-recoverable',
    'Deleted and changed objects can be brought back',
    ['storage:BlobServiceProperties'],
    (props) => [
      props['isVersioningEnabled'] !== true && 'keeps no versions; set isVersioningEnabled to true',
      props['deleteRetentionPolicy']?.enabled !== true && 'forgets what is deleted; enable deleteRetentionPolicy',
    ],
  ),
  rule(
    'vault-closed',
    'The key vault has no public way in and cannot be purged',
    ['keyvault:Vault'],
    ({ properties = {} }) => [
      properties.publicNetworkAccess !== 'Disabled' &&
        'is reachable from the internet; set publicNetworkAccess to Disabled',
      properties.networkAcls?.defaultAction !== 'Deny' &&
        'answers unknown networks; set networkAcls.defaultAction to Deny',
      properties.enablePurgeProtection !== true && 'can be purged; set enablePurgeProtection to true',
      properties.enableRbacAuthorization !== true && 'uses access policies; set enableRbacAuthorization to true',
    ],
  ),
  rule('database-closed', 'PostgreSQL has no public address', ['dbforpostgresql:Server'], (props) => [
    props['network']?.publicNetworkAccess === 'Enabled' &&
      'is reachable from the internet; set network.publicNetworkAccess to Disabled',
    !props['network']?.delegatedSubnetResourceId && 'stands outside our network; give it a delegated subnet',
    props['authConfig']?.activeDirectoryAuth !== 'Enabled' &&
      'does not know Entra ID; enable authConfig.activeDirectoryAuth',
  ]),
  rule('database-availability', 'High availability only where it is sold', ['dbforpostgresql:Server'], (props) => [
    props['sku']?.tier === 'Burstable' &&
      !['Disabled', undefined].includes(props['highAvailability']?.mode) &&
      'asks for high availability, which Burstable servers do not have; set its mode to Disabled or take General Purpose',
  ]),
  rule('secrets-expire', 'Every secret has a last day', ['keyvault:Secret'], ({ properties = {} }) => [
    !(properties.attributes?.expires > 0) &&
      'never runs out, so nobody is reminded to change it; set properties.attributes.expires',
  ]),
]
