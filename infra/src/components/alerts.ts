import * as pulumi from '@pulumi/pulumi'
import * as applicationinsights from '@pulumi/azure-native/applicationinsights/index.js'
import * as monitor from '@pulumi/azure-native/monitor/index.js'
import { alertTable, watchingOf } from '../alert-table.ts'
import type { ActivityRule, AlertRule, AvailabilityRule, LogRule, MetricRule, Watched } from '../alerts/rules.ts'
import { makeBudget } from './budget.ts'
import { Part, type Place } from './part.ts'

/** Rules whose resource is not named are left out: the other stack makes them. */
export type WatchedIds = Partial<Record<Watched | 'workspace' | 'group', pulumi.Input<string>>> & {
  /** The address people type, and what looks at it. */
  site?: { host: pulumi.Input<string>; insightsId: pulumi.Input<string> }
}

/** Places the public address is asked from: Amsterdam, Dublin, Paris, Virginia, Singapore. */
const places = ['emea-nl-ams-azr', 'emea-gb-db3-azr', 'emea-fr-pra-edge', 'us-va-ash-azr', 'apac-sg-sin-azr']

/** Alert rules, who is told, and the budget. */
export class Alerts extends Part {
  readonly actionGroupId: pulumi.Input<string> | undefined
  private readonly ids: WatchedIds

  /** @param actionGroupId who is told; made here when it is not given */
  constructor(place: Place, ids: WatchedIds, actionGroupId?: pulumi.Input<string>) {
    super('Alerts', place)
    this.ids = ids
    const { settings } = place
    this.actionGroupId = settings.alerts ? (actionGroupId ?? this.actionGroup().id) : undefined
    if (settings.alerts) for (const rule of alertTable(watchingOf(settings))) this.make(rule)
    if (settings.monthlyBudget > 0 && ids.group !== undefined) makeBudget(place, this, ids.group, this.actionGroupId)
    this.registerOutputs({})
  }

  private make(rule: AlertRule): void {
    if (rule.kind === 'metric') this.metric(rule)
    else if (rule.kind === 'log') this.log(rule)
    else if (rule.kind === 'activity') this.activity(rule)
    else this.availability(rule)
  }

  private actionGroup(): monitor.ActionGroup {
    const { names, settings, tags, resourceGroupName } = this.place
    return new monitor.ActionGroup(
      'alert-group',
      {
        actionGroupName: names.actionGroup,
        resourceGroupName,
        location: 'global',
        tags,
        enabled: true,
        groupShortName: `${settings.workload}${settings.environment}`.slice(0, 12),
        emailReceivers:
          settings.alertEmail === undefined
            ? []
            : [{ name: 'mail', emailAddress: settings.alertEmail, useCommonAlertSchema: true }],
        webhookReceivers:
          settings.alertWebhook === undefined
            ? []
            : [{ name: 'hook', serviceUri: pulumi.secret(settings.alertWebhook), useCommonAlertSchema: true }],
      },
      this.child(),
    )
  }

  private metric(rule: MetricRule): void {
    const { limit } = rule
    const scope = this.ids[rule.on]
    if (scope === undefined) return
    const common = {
      name: rule.name,
      metricName: rule.metric,
      timeAggregation: rule.aggregation,
      // The apps belong to the faster stack: a rule may be older than its first measurement.
      skipMetricValidation: true,
      dimensions: (rule.dimensions ?? []).map((one) => ({ ...one, operator: 'Include' })),
    }
    const criteria: monitor.MetricAlertArgs['criteria'] =
      limit === 'unusual'
        ? {
            odataType: 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria',
            allOf: [
              {
                ...common,
                criterionType: 'DynamicThresholdCriterion',
                operator: 'GreaterThan',
                alertSensitivity: 'Medium',
                failingPeriods: { numberOfEvaluationPeriods: 4, minFailingPeriodsToAlert: 3 },
              },
            ],
          }
        : {
            odataType: 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria',
            allOf: [
              {
                ...common,
                criterionType: 'StaticThresholdCriterion',
                operator: limit.operator,
                threshold: limit.value,
              },
            ],
          }
    this.onMetrics(rule, [scope], rule.minutes, criteria)
  }

  private onMetrics(
    rule: MetricRule | AvailabilityRule,
    scopes: pulumi.Input<string>[],
    minutes: MetricRule['minutes'],
    criteria: monitor.MetricAlertArgs['criteria'],
  ): void {
    const { tags, resourceGroupName } = this.place
    new monitor.MetricAlert(
      `alert-${rule.name}`,
      {
        ruleName: rule.name,
        description: rule.what,
        resourceGroupName,
        location: 'global',
        tags,
        severity: rule.severity,
        enabled: true,
        autoMitigate: true,
        scopes,
        evaluationFrequency: minutes === 5 ? 'PT1M' : 'PT5M',
        windowSize: minutes === 60 ? 'PT1H' : `PT${minutes}M`,
        criteria,
        actions: this.told(),
      },
      this.child(),
    )
  }

  private told() {
    return this.actionGroupId === undefined ? [] : [{ actionGroupId: this.actionGroupId }]
  }

  private log(rule: LogRule): void {
    const { workspace } = this.ids
    if (workspace === undefined) return
    const { tags, resourceGroupName, location } = this.place
    const isDaily = rule.minutes === 1440
    new monitor.ScheduledQueryRule(
      `alert-${rule.name}`,
      {
        ruleName: rule.name,
        displayName: rule.name,
        description: rule.what,
        resourceGroupName,
        location,
        tags,
        kind: 'LogAlert',
        severity: rule.severity,
        enabled: true,
        scopes: [workspace],
        evaluationFrequency: isDaily ? 'P1D' : `PT${rule.minutes}M`,
        windowSize: isDaily ? 'P1D' : `PT${rule.minutes}M`,
        // A table does not exist before its first row.
        skipQueryValidation: true,
        criteria: {
          allOf: [{ query: rule.query, timeAggregation: 'Count', operator: 'GreaterThan', threshold: 0 }],
        },
        actions: { actionGroups: this.actionGroupId === undefined ? [] : [this.actionGroupId] },
      },
      this.child(),
    )
  }

  private activity(rule: ActivityRule): void {
    const { group } = this.ids
    if (group === undefined) return
    const { settings, tags, resourceGroupName } = this.place
    new monitor.ActivityLogAlert(
      `alert-${rule.name}`,
      {
        activityLogAlertName: rule.name,
        description: rule.what,
        resourceGroupName,
        location: 'global',
        tags,
        enabled: true,
        scopes: [rule.scope === 'subscription' ? `/subscriptions/${settings.subscriptionId}` : group],
        condition: { allOf: rule.conditions },
        actions: { actionGroups: this.told() },
      },
      this.child(),
    )
  }

  private availability(rule: AvailabilityRule): void {
    const { settings, tags, resourceGroupName, location } = this.place
    const { site } = this.ids
    // Where only some may connect, the places that ask are not among them.
    if (site === undefined || settings.allowedAddresses || settings.allowedCountries) return
    const webTestName = `${this.place.names.insights}-${rule.name}`
    const { insightsId } = site
    const test = new applicationinsights.WebTest(
      rule.name,
      {
        webTestName,
        syntheticMonitorId: webTestName,
        resourceGroupName,
        location,
        // Azure finds the component a test belongs to by this tag.
        tags: pulumi.output(insightsId).apply((id) => ({ ...tags, [`hidden-link:${id}`]: 'Resource' })),
        kind: 'standard',
        webTestKind: 'standard',
        enabled: true,
        frequency: 300,
        timeout: 30,
        retryEnabled: true,
        locations: places.map((place) => ({ location: place })),
        request: { requestUrl: pulumi.interpolate`https://${site.host}${rule.path}`, httpVerb: 'GET' },
        validationRules: { expectedHttpStatusCode: 200, sSLCheck: true, sSLCertRemainingLifetimeCheck: 7 },
      },
      this.child(),
    )
    this.onMetrics(rule, [test.id, insightsId], 5, {
      odataType: 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria',
      webTestId: test.id,
      componentId: insightsId,
      failedLocationCount: rule.failedLocations,
    })
  }
}
