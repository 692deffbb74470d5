import * as pulumi from '@pulumi/pulumi'
import * as applicationinsights from '@pulumi/azure-native/applicationinsights/index.js'
import * as operationalinsights from '@pulumi/azure-native/operationalinsights/index.js'
import { Part, type Place } from './part.ts'

/** Where logs, traces and metrics go. */
export class Observability extends Part {
  readonly workspaceId: pulumi.Output<string>
  readonly customerId: pulumi.Output<string>
  readonly insightsId: pulumi.Output<string>
  readonly insightsConnectionString: pulumi.Output<string>

  constructor(place: Place) {
    super('Observability', place)
    const { names, settings, tags, resourceGroupName, location } = place
    const workspace = new operationalinsights.Workspace(
      'logs',
      {
        workspaceName: names.logs,
        resourceGroupName,
        location,
        tags,
        sku: { name: 'PerGB2018' },
        retentionInDays: settings.logDays,
        features: { disableLocalAuth: true },
        ...(settings.logDailyGb > 0 ? { workspaceCapping: { dailyQuotaGb: settings.logDailyGb } } : {}),
      },
      this.child(),
    )
    const insights = new applicationinsights.Component(
      'insights',
      {
        resourceName: names.insights,
        resourceGroupName,
        location,
        tags,
        kind: 'web',
        applicationType: 'web',
        ingestionMode: 'LogAnalytics',
        workspaceResourceId: workspace.id,
        // The environment's telemetry agent signs in with the connection string only.
        disableLocalAuth: false,
      },
      this.child(),
    )
    this.workspaceId = workspace.id
    this.customerId = workspace.customerId
    this.insightsId = insights.id
    this.insightsConnectionString = pulumi.secret(insights.connectionString)
    this.registerOutputs({ workspaceId: this.workspaceId })
  }
}
