import type { ResourceValidationPolicy } from '@pulumi/policy'
import type { Props } from './props.ts'

/** A rule about one resource: what is wrong with it, in a sentence that says what to do, or nothing. */
function rule(
  name: string,
  description: string,
  types: string[] | 'every',
  faultsOf: (props: Props, type: string) => (string | false | undefined)[],
): ResourceValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: 'mandatory',
    validateResource(args, report) {
      if (types !== 'every' && !types.includes(args.type)) return
      for (const fault of faultsOf(args.props, args.type)) if (fault) report(`${args.name}: ${fault}`)
    },
  }
}

const storageAccount = 'azure-native:storage:StorageAccount'
const apps = ['azure-native:app:ContainerApp', 'azure-native:app:Job']
const neededTags = [
  'workload',
  'environment',
  'owner',
  'costCenter',
  'dataClassification',
  'managedBy',
  'stack',
  'version',
]

/** Types of ours that Azure lets carry no tags. */
const untagged = new Set([
  'azure-native:network:Subnet',
  'azure-native:network:PrivateDnsZoneGroup',
  'azure-native:privatedns:PrivateRecordSet',
  'azure-native:dns:RecordSet',
  'azure-native:authorization:RoleAssignment',
  'azure-native:authorization:ManagementLockByScope',
  'azure-native:monitor:DiagnosticSetting',
  'azure-native:consumption:Budget',
  'azure-native:cdn:AFDOriginGroup',
  'azure-native:cdn:AFDOrigin',
  'azure-native:cdn:Route',
  'azure-native:cdn:AFDCustomDomain',
  'azure-native:cdn:SecurityPolicy',
  'azure-native:storage:BlobServiceProperties',
  'azure-native:storage:BlobContainer',
  'azure-native:storage:BlobContainerImmutabilityPolicy',
  'azure-native:storage:ManagementPolicy',
  'azure-native:dbforpostgresql:Database',
  'azure-native:dbforpostgresql:Configuration',
  'azure-native:dbforpostgresql:AdministratorsMicrosoftEntra',
])

const isSecretName = (name: string): boolean => /password|token|secret(?!s_refresh)|_key$|connection_string/i.test(name)
const imagesOf = (props: Props): Props[] => props['template']?.containers ?? []

/** Rules that hold for one resource whatever else there is. */
export const resourceRules: ResourceValidationPolicy[] = [
  rule('storage-closed', 'Blob storage has no public way in', [storageAccount], (props) => [
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
  rule('container-closed', 'Blob containers are private', ['azure-native:storage:BlobContainer'], (props) => [
    props['publicAccess'] !== 'None' && 'is public; set publicAccess to None',
  ]),
  rule(
    'storage-recoverable',
    'Deleted and changed objects can be brought back',
    ['azure-native:storage:BlobServiceProperties'],
    (props) => [
      props['isVersioningEnabled'] !== true && 'keeps no versions; set isVersioningEnabled to true',
      props['deleteRetentionPolicy']?.enabled !== true && 'forgets what is deleted; enable deleteRetentionPolicy',
    ],
  ),
  rule('tls', 'Nothing speaks TLS below 1.2', 'every', (props, type) => [
    type === storageAccount &&
      !['TLS1_2', 'TLS1_3'].includes(props['minimumTlsVersion']) &&
      'accepts old TLS; set minimumTlsVersion to TLS1_2',
    type === storageAccount &&
      props['enableHttpsTrafficOnly'] !== true &&
      'answers plain HTTP; set enableHttpsTrafficOnly to true',
    type === 'azure-native:cdn:AFDCustomDomain' &&
      !['TLS12', 'TLS13'].includes(props['tlsSettings']?.minimumTlsVersion) &&
      'accepts old TLS; set tlsSettings.minimumTlsVersion to TLS12',
    type === 'azure-native:cdn:Route' &&
      (props['httpsRedirect'] !== 'Enabled' || props['forwardingProtocol'] !== 'HttpsOnly') &&
      'lets plain HTTP through; set httpsRedirect to Enabled and forwardingProtocol to HttpsOnly',
    type === 'azure-native:dbforpostgresql:Configuration' &&
      props['configurationName'] === 'require_secure_transport' &&
      props['value'] !== 'on' &&
      'lets clients connect in the clear; set require_secure_transport to on',
  ]),
  rule(
    'vault-closed',
    'The key vault has no public way in and cannot be purged',
    ['azure-native:keyvault:Vault'],
    ({ properties = {} }) => [
      properties.publicNetworkAccess !== 'Disabled' &&
        'is reachable from the internet; set publicNetworkAccess to Disabled',
      properties.networkAcls?.defaultAction !== 'Deny' &&
        'answers unknown networks; set networkAcls.defaultAction to Deny',
      properties.enablePurgeProtection !== true && 'can be purged; set enablePurgeProtection to true',
      properties.enableRbacAuthorization !== true && 'uses access policies; set enableRbacAuthorization to true',
    ],
  ),
  rule('database-closed', 'PostgreSQL has no public address', ['azure-native:dbforpostgresql:Server'], (props) => [
    props['network']?.publicNetworkAccess === 'Enabled' &&
      'is reachable from the internet; set network.publicNetworkAccess to Disabled',
    !props['network']?.delegatedSubnetResourceId && 'stands outside our network; give it a delegated subnet',
    props['authConfig']?.activeDirectoryAuth !== 'Enabled' &&
      'does not know Entra ID; enable authConfig.activeDirectoryAuth',
  ]),
  rule(
    'database-availability',
    'High availability only where it is sold',
    ['azure-native:dbforpostgresql:Server'],
    (props) => [
      props['sku']?.tier === 'Burstable' &&
        !['Disabled', undefined].includes(props['highAvailability']?.mode) &&
        'asks for high availability, which Burstable servers do not have; set its mode to Disabled or take General Purpose',
    ],
  ),
  rule('environment-closed', 'The apps have no public address', ['azure-native:app:ManagedEnvironment'], (props) => [
    props['vnetConfiguration']?.internal !== true && 'has a public address; set vnetConfiguration.internal to true',
    props['publicNetworkAccess'] !== 'Disabled' && 'lets the internet in; set publicNetworkAccess to Disabled',
    !(props['workloadProfiles']?.length > 0) &&
      'names no workload profile, which has meant the older kind; list Consumption',
  ]),
  rule('no-secret-values', 'Secrets are referred to, never written down', apps, (props) => [
    ...(props['configuration']?.secrets ?? []).map(
      (secret: Props) =>
        (secret['value'] !== undefined || !secret['keyVaultUrl']) &&
        `carries the secret '${secret['name']}' as a value; name its address in the key vault (keyVaultUrl) and an identity`,
    ),
    ...(props['configuration']?.registries ?? []).map(
      (registry: Props) =>
        !registry['passwordSecretRef'] && `signs in to ${registry['server']} without a secret of the key vault`,
    ),
    ...imagesOf(props).flatMap((container) =>
      (container['env'] ?? []).map(
        (one: Props) =>
          one['value'] !== undefined &&
          isSecretName(one['name']) &&
          `hands ${one['name']} over as a value; use secretRef`,
      ),
    ),
  ]),
  rule('images-by-digest', 'Containers run exactly the image that was tested', apps, (props) =>
    imagesOf(props).map(
      ({ name, image }) =>
        !/@sha256:[0-9a-f]{64}$/.test(image) && `runs '${image}' in ${name}; name the image by its digest`,
    ),
  ),
  rule('ingress-tls', 'Apps answer TLS only', ['azure-native:app:ContainerApp'], (props) => [
    props['configuration']?.ingress?.allowInsecure === true && 'answers plain HTTP; set allowInsecure to false',
  ]),
  rule(
    'front-door-premium',
    'Private link and managed rules need Premium',
    ['azure-native:cdn:Profile', 'azure-native:frontdoor:Policy'],
    (props) => [
      props['sku']?.name !== 'Premium_AzureFrontDoor' && 'is not Premium; set sku.name to Premium_AzureFrontDoor',
    ],
  ),
  rule(
    'firewall-on',
    'The firewall has the managed rules and never an allow rule',
    ['azure-native:frontdoor:Policy'],
    (props) => [
      props['policySettings']?.enabledState !== 'Enabled' && 'is off; set policySettings.enabledState to Enabled',
      props['policySettings']?.requestBodyCheck !== 'Enabled' &&
        'does not look at bodies; set requestBodyCheck to Enabled',
      !(props['managedRules']?.managedRuleSets ?? []).some(
        (set: Props) => set['ruleSetType'] === 'Microsoft_DefaultRuleSet',
      ) && 'has no managed rules; add Microsoft_DefaultRuleSet',
      ...(props['customRules']?.rules ?? []).map(
        (one: Props) =>
          one['action'] === 'Allow' &&
          `allows '${one['name']}' past every managed rule; use an exception for named rules`,
      ),
      ...(props['managedRules']?.exceptionsList?.exceptions ?? []).map(
        (one: Props) =>
          (one['matchValues'] ?? []).some((value: string) => value === '/' || value === '*') &&
          'has an exception for every address; name the addresses',
      ),
    ],
  ),
  rule('private-origin', 'Front Door reaches origins over private link', ['azure-native:cdn:AFDOrigin'], (props) => [
    !props['sharedPrivateLinkResource']?.privateLink &&
      'is reached over the internet; give it a sharedPrivateLinkResource',
    props['enforceCertificateNameCheck'] !== true &&
      'is not checked by its certificate; set enforceCertificateNameCheck to true',
  ]),
  rule('jobs-by-hand', 'Jobs start when somebody starts them, once', ['azure-native:app:Job'], (props) => [
    props['configuration']?.triggerType !== 'Manual' && 'starts by itself; set triggerType to Manual',
    props['configuration']?.replicaRetryLimit !== 0 && 'is repeated after a failure; set replicaRetryLimit to 0',
  ]),
  rule('subnets-guarded', 'Every subnet has a security group', ['azure-native:network:Subnet'], (props) => [
    !props['networkSecurityGroup']?.id && 'has no security group; name one',
  ]),
  rule('tags', 'Everything says whose it is', 'every', (props, type) => {
    if (!type.startsWith('azure-native:') || untagged.has(type)) return []
    const missing = neededTags.filter((tag) => !props['tags']?.[tag])
    return [missing.length > 0 && `lacks the tag(s) ${missing.join(', ')}; pass on the tags of the place`]
  }),
]
