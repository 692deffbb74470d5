import type { ResourceValidationPolicy } from '@pulumi/policy'
import type { Props } from './props.ts'
import { rule } from './rule.ts'

const reachesEverything = (address: string): boolean => /^(https?:\/\/[^/]*)?\/?\*?$/.test(address)
const anywhere = ['*', 'Internet', '0.0.0.0/0', '::/0']

/** Front Door, its firewall and the network behind it. */
export const edgeRules: ResourceValidationPolicy[] = [
  rule(
    'front-door-premium',
    'Private link and managed rules need Premium',
    ['cdn:Profile', 'frontdoor:Policy'],
    (props) => [
      props['sku']?.name !== 'Premium_AzureFrontDoor' && 'is not Premium; set sku.name to Premium_AzureFrontDoor',
    ],
  ),
  rule('firewall-on', 'The firewall blocks by the managed rules, everywhere', ['frontdoor:Policy'], (props) => {
    const sets: Props[] = props['managedRules']?.managedRuleSets ?? []
    const main = sets.find((set) => set['ruleSetType'] === 'Microsoft_DefaultRuleSet')
    const own: Props[] = props['customRules']?.rules ?? []
    return [
      props['policySettings']?.enabledState !== 'Enabled' && 'is off; set policySettings.enabledState to Enabled',
      props['policySettings']?.requestBodyCheck !== 'Enabled' &&
        'does not look at bodies; set requestBodyCheck to Enabled',
      !main && 'has no managed rules; add Microsoft_DefaultRuleSet',
      main && main['ruleSetAction'] !== 'Block' && 'has managed rules that do not block; set ruleSetAction to Block',
      ...sets.flatMap((set) =>
        (set['ruleGroupOverrides'] ?? []).flatMap((group: Props) =>
          (group['rules'] ?? []).map(
            (one: Props) =>
              one['enabledState'] === 'Disabled' &&
              `turns rule ${one['ruleId']} off at every address; use an exception for named addresses`,
          ),
        ),
      ),
      ...own.map(
        ({ name, action }) =>
          action === 'Allow' && `allows '${name}' past every managed rule; use an exception for named rules`,
      ),
      !own.some((one) => one['ruleType'] === 'RateLimitRule') &&
        'counts nobody’s requests; add a rate limit for signing in and one for all else',
    ]
  }),
  rule('firewall-exceptions', 'Exceptions name addresses and rules', ['frontdoor:Policy'], (props) =>
    (props['managedRules']?.exceptionsList?.exceptions ?? []).flatMap((one: Props) => [
      (one['matchValues'] ?? []).some(reachesEverything) && 'has an exception for every address; name the addresses',
      ((one['scopes'] ?? []) as Props[]).some((scope) =>
        (scope['ruleGroupScopes'] ?? [{}]).some((group: Props) => !(group['ruleScopes']?.length > 0)),
      ) && 'has an exception from a whole group of rules; name the rules',
    ]),
  ),
  rule('private-origin', 'Front Door reaches origins over private link', ['cdn:AFDOrigin'], (props) => [
    !props['sharedPrivateLinkResource']?.privateLink &&
      'is reached over the internet; give it a sharedPrivateLinkResource',
    props['enforceCertificateNameCheck'] !== true &&
      'is not checked by its certificate; set enforceCertificateNameCheck to true',
  ]),
  rule('subnets-guarded', 'Every subnet has a security group', ['network:Subnet'], (props) => [
    !props['networkSecurityGroup']?.id && 'has no security group; name one',
  ]),
  rule('groups-closed', 'Nobody from outside reaches a subnet', ['network:NetworkSecurityGroup'], (props) => {
    const rules: Props[] = props['securityRules'] ?? []
    const last = (direction: string): Props | undefined =>
      rules
        .filter((one) => one['direction'] === direction)
        .toSorted((a, b) => a['priority'] - b['priority'])
        .at(-1)
    return [
      ...rules.map(
        (one) =>
          one['direction'] === 'Inbound' &&
          one['access'] === 'Allow' &&
          anywhere.includes(one['sourceAddressPrefix']) &&
          `lets the internet in by '${one['name']}'; name the network it is meant for`,
      ),
      ...['Inbound', 'Outbound'].map(
        (direction) =>
          (last(direction)?.['access'] !== 'Deny' || last(direction)?.['destinationAddressPrefix'] !== '*') &&
          `does not refuse what no rule names (${direction}); end with a rule that denies everything`,
      ),
    ]
  }),
]
