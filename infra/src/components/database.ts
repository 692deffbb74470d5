import * as pulumi from '@pulumi/pulumi'
import * as dbforpostgresql from '@pulumi/azure-native/dbforpostgresql/index.js'
import type { Identities } from './identities.ts'
import type { Network } from './network.ts'
import type { Observability } from './observability.ts'
import { Part, type Place, roles } from './part.ts'
import { adminDatabaseSecret, type Vault } from './vault.ts'

export const databaseName = 'instandt'
const administrator = 'instandtadmin'

/** PostgreSQL in its own subnet, reached by identities; passwords only where the customer asks for them. */
export class Database extends Part {
  /** The server that is used: ours, or a restored one in its place. */
  readonly serverName: pulumi.Output<string>
  readonly serverId: pulumi.Output<string>
  readonly fqdn: pulumi.Output<string>
  readonly ready: pulumi.Resource[]

  constructor(place: Place, net: Network, identities: Identities, vault: Vault, logs: Observability) {
    super('Database', place)
    const { names, settings, tags, resourceGroupName, location } = place
    const isEntra = settings.databaseAuth === 'entra'
    const server = new dbforpostgresql.Server(
      'database',
      {
        serverName: names.database,
        resourceGroupName,
        location,
        tags,
        version: settings.databaseVersion,
        sku: { name: settings.databaseSku, tier: settings.databaseTier },
        storage: { storageSizeGB: settings.databaseStorageGb, autoGrow: 'Enabled' },
        highAvailability: { mode: settings.databaseHighAvailability },
        backup: {
          backupRetentionDays: settings.databaseBackupDays,
          geoRedundantBackup: settings.databaseGeoBackup ? 'Enabled' : 'Disabled',
        },
        network: {
          delegatedSubnetResourceId: net.databaseSubnetId,
          privateDnsZoneArmResourceId: net.zoneIds.database,
          publicNetworkAccess: 'Disabled',
        },
        authConfig: {
          activeDirectoryAuth: 'Enabled',
          passwordAuth: isEntra ? 'Disabled' : 'Enabled',
          tenantId: settings.tenantId,
        },
        ...(isEntra
          ? {}
          : {
              administratorLogin: administrator,
              administratorLoginPassword: pulumi.secret(settings.databasePassword ?? ''),
            }),
        // Sunday, 02:00: never while a shift changes.
        maintenanceWindow: { customWindow: 'Enabled', dayOfWeek: 0, startHour: 2, startMinute: 0 },
        createMode: 'Default',
      },
      this.dataChild({
        dependsOn: net.zoneLinks,
        // A failover swaps the zones and a full disk grows; the next deployment must not try to undo either.
        ignoreChanges: ['availabilityZone', 'highAvailability.standbyAvailabilityZone', 'storage.storageSizeGB'],
        customTimeouts: { create: '60m', update: '60m', delete: '30m' },
      }),
    )
    this.serverName = settings.databaseRestored === undefined ? server.name : pulumi.output(settings.databaseRestored)
    this.serverId = server.id
    this.fqdn = pulumi.interpolate`${this.serverName}.postgres.database.azure.com`

    const database = new dbforpostgresql.Database(
      'database-instandt',
      { databaseName, serverName: server.name, resourceGroupName, charset: 'UTF8', collation: 'en_US.utf8' },
      this.dataChild(),
    )
    // The server takes one change at a time: each waits for the one before.
    let before: pulumi.Resource = new dbforpostgresql.AdministratorsMicrosoftEntra(
      'database-admin-migrate',
      {
        objectId: identities.migrate.principalId,
        principalName: identities.migrate.name,
        principalType: 'ServicePrincipal',
        serverName: server.name,
        resourceGroupName,
        tenantId: settings.tenantId,
      },
      this.child({ dependsOn: [database] }),
    )
    for (const [configurationName, value] of Object.entries(configurations)) {
      before = new dbforpostgresql.Configuration(
        `database-${configurationName}`,
        { configurationName, value, source: 'user-override', serverName: server.name, resourceGroupName },
        this.child({ dependsOn: [before] }),
      )
    }
    this.ready = [database, before]
    const { databasePassword: password, databasePasswordExpires: lastDay } = settings
    if (!isEntra && password !== undefined && lastDay !== undefined) {
      const url = pulumi.interpolate`postgres://${administrator}:${encodeURIComponent(password)}@${this.fqdn}:5432/${databaseName}?sslmode=verify-full`
      const secret = vault.secret(adminDatabaseSecret, pulumi.secret(url), lastDay)
      const { principalId } = identities.migrate
      this.ready.push(secret, this.grant('vault-migrate-admin', roles.secretsUser, principalId, secret.id))
    }
    this.logTo(logs.workspaceId, 'database', server.id, { logs: true, metrics: true })
    this.lock('database', server.id)
    this.registerOutputs({ serverName: this.serverName })
  }
}

const configurations: Record<string, string> = {
  // The schema's search by any part of a name; the server refuses extensions that are not listed.
  'azure.extensions': 'PG_TRGM',
  require_secure_transport: 'on',
  ssl_min_protocol_version: 'TLSv1.2',
  log_min_duration_statement: '1000',
  log_lock_waits: 'on',
  'metrics.collector_database_activity': 'on',
  idle_in_transaction_session_timeout: '600000',
}
