import type * as pulumi from '@pulumi/pulumi'
import * as consumption from '@pulumi/azure-native/consumption/index.js'
import * as monitor from '@pulumi/azure-native/monitor/index.js'
import { type ActivityRule, alertTable, type LogRule, type MetricRule, type Watched } from '../alert-table.ts'
import { fingerprint, Part, type Place } from './part.ts'

/** Rules whose resource is not named are left out: the other stack makes them. */
export type WatchedIds = Partial<Record<Watched | 'workspace' | 'group', pulumi.Input<string>>>

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
    if (settings.alerts) {
      const most = { backend: settings.backendReplicasMost, frontend: settings.frontendReplicasMost }
      for (const rule of alertTable(most, databaseConnections(settings.databaseCores, settings.databaseTier))) {
        if (rule.kind === 'log') this.log(rule)
        else if (rule.kind === 'activity') this.activity(rule)
        else this.metric(rule)
      }
    }
    if (settings.monthlyBudget > 0 && ids.group !== undefined) this.budget(ids.group)
    this.registerOutputs({})
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
            : [{ name: 'hook', serviceUri: settings.alertWebhook, useCommonAlertSchema: true }],
      },
      this.child(),
    )
  }

  private metric(rule: MetricRule): void {
    const { settings, tags, resourceGroupName } = this.place
    const scope = this.ids[rule.on]
    if (scope === undefined) return
    if (rule.only === 'burstable' && settings.databaseTier !== 'Burstable') return
    const isUnusual = rule.limit === 'unusual'
    const common = {
      name: rule.name,
      metricName: rule.metric,
      timeAggregation: rule.aggregation,
      // The apps belong to the faster stack: a rule may be older than its first measurement.
      skipMetricValidation: true,
      dimensions: (rule.dimensions ?? []).map((one) => ({ ...one, operator: 'Include' })),
    }
    const minutes = `PT${rule.minutes >= 60 ? '1H' : `${rule.minutes}M`}`
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
        scopes: [scope],
        evaluationFrequency: rule.minutes === 5 ? 'PT1M' : 'PT5M',
        windowSize: minutes,
        criteria: isUnusual
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
                  operator: rule.limit === 'unusual' ? 'GreaterThan' : rule.limit.operator,
                  threshold: rule.limit === 'unusual' ? 0 : rule.limit.value,
                },
              ],
            },
        actions: this.actionGroupId === undefined ? [] : [{ actionGroupId: this.actionGroupId }],
      },
      this.child(),
    )
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
    const isService = rule.conditions.some((one) => one.equals === 'ServiceHealth')
    new monitor.ActivityLogAlert(
      `alert-${rule.name}`,
      {
        activityLogAlertName: rule.name,
        description: rule.what,
        resourceGroupName,
        location: 'global',
        tags,
        enabled: true,
        // Trouble of a service is told to the subscription, all else happens in our group.
        scopes: [isService ? `/subscriptions/${settings.subscriptionId}` : group],
        condition: { allOf: rule.conditions },
        actions: { actionGroups: this.actionGroupId === undefined ? [] : [{ actionGroupId: this.actionGroupId }] },
      },
      this.child(),
    )
  }

  private budget(scope: pulumi.Input<string>): void {
    const { settings } = this.place
    const mails = settings.alertEmail === undefined ? [] : [settings.alertEmail]
    const at = (threshold: number, thresholdType: 'Actual' | 'Forecasted') => ({
      enabled: true,
      operator: 'GreaterThanOrEqualTo' as const,
      threshold,
      thresholdType,
      contactEmails: mails,
      // Without a mail address the owners of the subscription are told.
      ...(mails.length === 0 ? { contactRoles: ['Owner'] } : {}),
    })
    new consumption.Budget(
      'budget',
      {
        budgetName: `budget-${fingerprint(settings.workload, settings.environment)}`,
        scope,
        category: 'Cost',
        amount: settings.monthlyBudget,
        timeGrain: 'Monthly',
        timePeriod: { startDate: `${settings.budgetStart}T00:00:00Z` },
        notifications: {
          actual50: at(50, 'Actual'),
          actual80: at(80, 'Actual'),
          actual100: at(100, 'Actual'),
          forecast100: at(100, 'Forecasted'),
        },
      },
      this.child(),
    )
  }
}

/** Connections a server allows by default: they follow its memory (Azure documentation). */
function databaseConnections(cores: number, tier: string): number {
  if (tier === 'Burstable' && cores === 1) return 50
  const gib = tier === 'MemoryOptimized' ? cores * 8 : tier === 'GeneralPurpose' ? cores * 4 : cores * 2
  return Math.min(5000, Math.max(50, Math.floor((gib * 1024) / 9.5)))
}
