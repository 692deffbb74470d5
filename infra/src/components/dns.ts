import * as pulumi from '@pulumi/pulumi'
import * as cdn from '@pulumi/azure-native/cdn/index.js'
import * as dns from '@pulumi/azure-native/dns/index.js'
import type { Edge } from './edge.ts'
import { Part, type Place } from './part.ts'

export interface DnsRecord {
  name: string
  type: 'CNAME' | 'TXT' | 'ALIAS'
  value: pulumi.Input<string>
}

/** Public name: the zone, its records, the domain at Front Door and its certificate. */
export class Dns extends Part {
  readonly domain: cdn.AFDCustomDomain | undefined
  readonly nameServers: pulumi.Output<string[]>
  /** Every record the name needs, also where somebody else enters them. */
  readonly records: DnsRecord[]

  constructor(place: Place, edge: Edge) {
    super('Dns', place)
    const { settings, tags, resourceGroupName } = place
    const zoneName = settings.dnsZoneName
    const ownZone =
      settings.dnsZone === 'create' && zoneName !== undefined
        ? new dns.Zone(
            'zone-public',
            { zoneName, resourceGroupName, location: 'global', zoneType: 'Public', tags },
            this.child({ protect: settings.locks }),
          )
        : undefined
    this.nameServers = ownZone ? ownZone.nameServers : pulumi.output([])
    const zoneGroup = settings.dnsZone === 'existing' ? (settings.dnsZoneGroup ?? '') : resourceGroupName
    const zone =
      zoneName === undefined || settings.dnsZone === 'elsewhere'
        ? undefined
        : {
            name: zoneName,
            group: zoneGroup,
            id: ownZone
              ? ownZone.id
              : `/subscriptions/${settings.subscriptionId}/resourceGroups/${settings.dnsZoneGroup ?? ''}/providers/Microsoft.Network/dnsZones/${zoneName}`,
          }
    const isApex = zoneName === settings.publicHost
    const label = isApex || zoneName === undefined ? '' : settings.publicHost.slice(0, -zoneName.length - 1)
    this.domain = settings.customDomain
      ? new cdn.AFDCustomDomain(
          'custom-domain',
          {
            customDomainName: settings.publicHost.replaceAll('.', '-'),
            hostName: settings.publicHost,
            profileName: edge.profileName,
            resourceGroupName,
            ...(zone ? { azureDnsZone: { id: zone.id } } : {}),
            tlsSettings: { certificateType: 'ManagedCertificate', minimumTlsVersion: 'TLS12' },
          },
          this.child({ dependsOn: ownZone ? [ownZone] : [] }),
        )
      : undefined
    const host = zone ? (isApex ? '@' : label) : settings.publicHost
    const check = zone ? (isApex ? '_dnsauth' : `_dnsauth.${label}`) : `_dnsauth.${settings.publicHost}`
    const token = this.domain?.validationProperties.apply((found) => found.validationToken)
    this.records = [
      { name: host, type: isApex ? 'ALIAS' : 'CNAME', value: edge.endpointHost },
      ...(token ? [{ name: check, type: 'TXT' as const, value: token }] : []),
    ]
    if (zone && this.domain) {
      for (const record of this.records) this.enter(record, zone, edge)
    }
    this.registerOutputs({ nameServers: this.nameServers })
  }

  private enter(record: DnsRecord, zone: { name: string; group: pulumi.Input<string> }, edge: Edge): void {
    const { tags } = this.place
    // The zone's own name cannot be a CNAME beside its other records: an alias follows the endpoint instead.
    const content = {
      CNAME: { recordType: 'CNAME', cnameRecord: { cname: record.value } },
      TXT: { recordType: 'TXT', txtRecords: [{ value: [record.value] }] },
      ALIAS: { recordType: 'A', targetResource: { id: edge.endpointId } },
    }[record.type]
    new dns.RecordSet(
      `record-${record.type.toLowerCase()}`,
      {
        zoneName: zone.name,
        resourceGroupName: zone.group,
        relativeRecordSetName: record.name,
        ttl: 3600,
        metadata: tags,
        ...content,
      },
      this.child(this.domain ? { dependsOn: [this.domain] } : {}),
    )
  }
}
