import type { ResourceValidationPolicy } from '@pulumi/policy'
import { appRules } from './app-rules.ts'
import { dataRules } from './data-rules.ts'
import { edgeRules } from './edge-rules.ts'
import { rule } from './rule.ts'

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

/** Rules that hold for one resource whatever else there is. */
export const resourceRules: ResourceValidationPolicy[] = [
  ...dataRules,
  ...appRules,
  ...edgeRules,
  rule('tls', 'Nothing speaks TLS below 1.2', 'every', (props, type) => [
    type === 'azure-native:storage:StorageAccount' &&
      !['TLS1_2', 'TLS1_3'].includes(props['minimumTlsVersion']) &&
      'accepts old TLS; set minimumTlsVersion to TLS1_2',
    type === 'azure-native:storage:StorageAccount' &&
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
    type === 'azure-native:dbforpostgresql:Configuration' &&
      props['configurationName'] === 'ssl_min_protocol_version' &&
      !['TLSv1.2', 'TLSv1.3'].includes(props['value']) &&
      'accepts old TLS; set ssl_min_protocol_version to TLSv1.2',
  ]),
  rule('tags', 'Everything says whose it is', 'every', (props, type) => {
    if (!type.startsWith('azure-native:') || untagged.has(type)) return []
    const missing = neededTags.filter((tag) => !props['tags']?.[tag])
    return [missing.length > 0 && `lacks the tag(s) ${missing.join(', ')}; pass on the tags of the place`]
  }),
]
