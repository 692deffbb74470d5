import * as pulumi from '@pulumi/pulumi'
import * as frontdoor from '@pulumi/azure-native/frontdoor/index.js'
import { firewallList } from '../firewall-list.ts'
import type { Place } from './part.ts'

const everywhere = ['0.0.0.0/0', '::/0']

/** What a blocked request carried stays out of the log: passwords, tokens, names of components. The rule's id is enough. */
const scrubbingRules = [
  ...['QueryStringArgNames', 'RequestBodyPostArgNames', 'RequestBodyJsonArgNames', 'RequestCookieNames'].map(
    (matchVariable) => ({ matchVariable, selectorMatchOperator: 'EqualsAny', state: 'Enabled' }),
  ),
  { matchVariable: 'RequestHeaderNames', selectorMatchOperator: 'Equals', selector: 'Authorization', state: 'Enabled' },
]

/** The firewall's rules: those of the platform, the exceptions of our list, rate limits, and who may connect at all. */
export function firewallPolicy(place: Place, hosts: pulumi.Input<string>[], parent: pulumi.Resource): frontdoor.Policy {
  const { names, settings, tags, resourceGroupName } = place
  return new frontdoor.Policy(
    'firewall',
    {
      policyName: names.wafPolicy,
      resourceGroupName,
      location: 'global',
      tags,
      sku: { name: 'Premium_AzureFrontDoor' },
      policySettings: {
        enabledState: 'Enabled',
        mode: settings.wafMode,
        requestBodyCheck: 'Enabled',
        customBlockResponseStatusCode: 403,
        state: 'Enabled',
        scrubbingRules,
      },
      managedRules: {
        managedRuleSets: firewallList.managedRules.map((set) => ({
          ruleSetType: set.type,
          ruleSetVersion: set.version,
          ...(set.action === undefined ? {} : { ruleSetAction: set.action }),
          exclusions: set.type === 'Microsoft_DefaultRuleSet' ? exclusionsOfAll() : [],
          ruleGroupOverrides: set.type === 'Microsoft_DefaultRuleSet' ? exclusionsOfRules() : [],
        })),
        exceptionsList: { exceptions: exceptions(hosts) },
      },
      customRules: { rules: customRules(place, hosts) },
    },
    { parent },
  )
}

/** The firewall compares whole addresses, with scheme and host; whether with the port differs. */
function urisOf(
  { match, paths }: { match: string; paths: string[] },
  hosts: pulumi.Input<string>[],
): pulumi.Input<string>[] {
  if (match === 'Contains') return paths
  return hosts.flatMap((host) =>
    paths.flatMap((where) => ['', ':443'].map((port) => pulumi.interpolate`https://${host}${port}${where}`)),
  )
}

const defaultSet = firewallList.managedRules.find((set) => set.type === 'Microsoft_DefaultRuleSet')

/** Scoped to addresses and rules; an "allow" rule would pass over everything else too. */
function exceptions(hosts: pulumi.Input<string>[]) {
  const managed = firewallList.exceptions.filter((one) => one.only === undefined)
  return managed.map((one) => ({
    matchVariable: 'RequestUri' as const,
    valueMatchOperator: one.match,
    matchValues: urisOf(one, hosts),
    scopes: [
      {
        ruleSetType: defaultSet?.type ?? '',
        ruleSetVersion: defaultSet?.version ?? '',
        ruleGroupScopes: [{ ruleGroupName: one.group, ruleScopes: one.rules.map((ruleId) => ({ ruleId })) }],
      },
    ],
  }))
}

const exclusion = (one: (typeof firewallList.exclusions)[number]) => ({
  matchVariable: one.variable,
  selectorMatchOperator: one.operator,
  selector: one.selector,
})

const exclusionsOfAll = () => firewallList.exclusions.filter((one) => one.group === null).map(exclusion)

function exclusionsOfRules() {
  const scoped = firewallList.exclusions.filter((one) => one.group !== null)
  const groups = [...new Set(scoped.map((one) => one.group ?? ''))]
  return groups.map((ruleGroupName) => {
    const ofGroup = scoped.filter((one) => one.group === ruleGroupName)
    const ids = [...new Set(ofGroup.flatMap((one) => one.rules))]
    return {
      ruleGroupName,
      exclusions: ofGroup.filter((one) => one.rules.length === 0).map(exclusion),
      rules: ids.map((ruleId) => ({
        ruleId,
        enabledState: 'Enabled' as const,
        action: 'AnomalyScoring' as const,
        exclusions: ofGroup.filter((one) => one.rules.includes(ruleId)).map(exclusion),
      })),
    }
  })
}

const matchOperator = { StartsWith: 'BeginsWith', Contains: 'Contains', Equals: 'Equal' } as const

function customRules({ settings }: Place, hosts: pulumi.Input<string>[]) {
  const limits = firewallList.rateLimits.map((limit, index) => ({
    name: limit.name.replaceAll('-', ''),
    priority: 100 + index,
    ruleType: 'RateLimitRule' as const,
    rateLimitDurationInMinutes: 1,
    rateLimitThreshold: limit.perMinute,
    action: 'Block' as const,
    enabledState: 'Enabled' as const,
    groupBy: [{ variableName: 'SocketAddr' as const }],
    matchConditions: [
      {
        matchVariable: 'RequestUri' as const,
        operator: matchOperator[limit.match],
        matchValue: urisOf(limit, hosts),
        // The backend decodes before it looks for its route: an escaped letter must not lead around the limit.
        transforms: ['UrlDecode' as const],
      },
    ],
  }))
  const block = (name: string, priority: number, operator: 'IPMatch' | 'GeoMatch', matchValue: string[]) => ({
    name,
    priority,
    ruleType: 'MatchRule' as const,
    action: 'Block' as const,
    enabledState: 'Enabled' as const,
    matchConditions: [{ matchVariable: 'SocketAddr' as const, operator, negateCondition: true, matchValue }],
  })
  const addresses = settings.allowedAddresses ?? []
  const countries = settings.allowedCountries ?? []
  return [
    ...(addresses.length > 0 && !addresses.some((one) => everywhere.includes(one))
      ? [block('OtherAddresses', 10, 'IPMatch', addresses)]
      : []),
    ...(countries.length > 0 ? [block('OtherCountries', 20, 'GeoMatch', countries)] : []),
    ...limits,
  ]
}
