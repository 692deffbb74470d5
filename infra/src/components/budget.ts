import type * as pulumi from '@pulumi/pulumi'
import * as consumption from '@pulumi/azure-native/consumption/index.js'
import type { Place } from './part.ts'

/** e.g. 2026-12-01 */
export const firstOfMonth = (day: Date): string => `${day.toISOString().slice(0, 7)}-01`

/** Tells when half, most or all of a month's money is spent, and when all of it will be. */
export function makeBudget(
  { settings, names }: Place,
  parent: pulumi.Resource,
  scope: pulumi.Input<string>,
  actionGroupId: pulumi.Input<string> | undefined,
): consumption.Budget {
  const mails = settings.alertEmail === undefined ? [] : [settings.alertEmail]
  const at = (threshold: number, thresholdType: 'Actual' | 'Forecasted') => ({
    enabled: true,
    operator: 'GreaterThanOrEqualTo' as const,
    threshold,
    thresholdType,
    contactEmails: mails,
    contactGroups: actionGroupId === undefined ? [] : [actionGroupId],
    // Without a mail address the owners of the subscription are told.
    ...(mails.length === 0 ? { contactRoles: ['Owner'] } : {}),
  })
  return new consumption.Budget(
    'budget',
    {
      budgetName: names.budget,
      scope,
      category: 'Cost',
      amount: settings.monthlyBudget,
      timeGrain: 'Monthly',
      timePeriod: { startDate: `${settings.budgetStart ?? firstOfMonth(new Date())}T00:00:00Z` },
      notifications: {
        actual50: at(50, 'Actual'),
        actual80: at(80, 'Actual'),
        actual100: at(100, 'Actual'),
        forecast100: at(100, 'Forecasted'),
      },
    },
    // Only the current month or a later one may begin a budget; once it is there the month stays.
    { parent, ignoreChanges: ['timePeriod'] },
  )
}
