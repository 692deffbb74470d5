import assert from 'node:assert/strict'
import { firewallList } from '../../src/firewall-list.ts'
import { at, one, waitsFor } from '../graph-of.ts'
import { equal, idOf, type SeedRow } from './row.ts'

const part = 'Front Door and firewall'
const dns = 'DNS'
const apps = ['backend', 'frontend']

interface Exception {
  matchValues: string[]
  valueMatchOperator: string
  scopes: { ruleGroupScopes: { ruleGroupName: string; ruleScopes: { ruleId: string }[] }[] }[]
}

export const edgeRows: SeedRow[] = [
  {
    part,
    item: 'Front Door Premium, routes to both apps, 240 s for large transfers',
    resources: ['front-door', 'front-door-endpoint', ...apps.flatMap((app) => [`origins-${app}`, `route-${app}`])],
    check(graph) {
      equal(graph, 'front-door', 'sku.name', 'Premium_AzureFrontDoor')
      equal(graph, 'front-door', 'originResponseTimeoutSeconds', 240)
      equal(graph, 'route-backend', 'patternsToMatch', ['/api', '/api/*', '/dicom-web', '/dicom-web/*', '/health/live'])
      equal(graph, 'route-frontend', 'patternsToMatch', ['/*'])
      for (const app of apps) {
        equal(graph, `route-${app}`, 'originGroup.id', idOf(graph, `origins-${app}`))
        assert.ok(waitsFor(graph, one(graph, `route-${app}`), one(graph, `origin-${app}`)))
        assert.ok(waitsFor(graph, one(graph, `route-${app}`), one(graph, 'firewall-everywhere')), 'never open before')
        equal(graph, `route-${app}`, 'cacheConfiguration', undefined)
        equal(graph, `route-${app}`, 'linkToDefaultDomain', 'Disabled')
        equal(graph, `route-${app}`, 'httpsRedirect', 'Enabled')
        equal(graph, `route-${app}`, 'forwardingProtocol', 'HttpsOnly')
      }
    },
  },
  {
    part,
    item: 'Firewall in Prevention with managed rules, exceptions by address and rule, rate limits',
    resources: ['firewall'],
    check(graph) {
      equal(graph, 'firewall', 'policySettings.mode', 'Prevention')
      const sets = at(one(graph, 'firewall'), 'managedRules.managedRuleSets') as Record<string, string>[]
      assert.deepEqual(
        sets.map((set) => [set['ruleSetType'], set['ruleSetVersion'], set['ruleSetAction']]),
        [
          ['Microsoft_DefaultRuleSet', '2.1', 'Block'],
          ['Microsoft_BotManagerRuleSet', '1.1', undefined],
        ],
      )
      const exceptions = at(one(graph, 'firewall'), 'managedRules.exceptionsList.exceptions') as Exception[]
      const address = /^https:\/\/ndt\.example\.com(:443)?\/(api|dicom-web)\//
      for (const { matchValues, scopes } of exceptions) {
        assert.ok(matchValues.every((value) => address.test(value)))
        assert.ok((scopes[0]?.ruleGroupScopes[0]?.ruleScopes.length ?? 0) > 0, 'named rules only')
      }
      // Exactly those of the list that the rehearsal proves needed, without its own.
      const managed = firewallList.exceptions.filter((each) => each.only === undefined)
      assert.deepEqual(
        exceptions.map(({ scopes }) => scopes[0]?.ruleGroupScopes[0]?.ruleScopes.map(({ ruleId }) => ruleId)),
        managed.map(({ rules }) => rules),
      )
      const limits = at(one(graph, 'firewall'), 'customRules.rules') as {
        ruleType: string
        rateLimitThreshold: number
        action: string
        groupBy: object[]
        matchConditions: { matchValue: string[]; transforms: string[] }[]
      }[]
      assert.deepEqual(
        limits.map((each) => [
          each.ruleType,
          each.action,
          each.rateLimitThreshold,
          each.matchConditions[0]?.matchValue[0],
          each.matchConditions[0]?.transforms,
        ]),
        [
          ['RateLimitRule', 'Block', 60, 'https://ndt.example.com/api/sign-in', ['UrlDecode']],
          ['RateLimitRule', 'Block', 3000, 'https://ndt.example.com/api/', ['UrlDecode']],
          ['RateLimitRule', 'Block', 30_000, 'https://ndt.example.com/dicom-web/', ['UrlDecode']],
        ],
      )
      for (const { groupBy } of limits) assert.deepEqual(groupBy, [{ variableName: 'SocketAddr' }])
    },
  },
  {
    part,
    item: 'Logs without what people type: queries, passwords, cookies, tokens',
    resources: ['front-door', 'firewall'],
    check(graph) {
      equal(graph, 'front-door', 'logScrubbing.state', 'Enabled')
      equal(graph, 'front-door', 'logScrubbing.scrubbingRules.0.matchVariable', 'QueryStringArgNames')
      equal(graph, 'firewall', 'policySettings.state', 'Enabled')
      const rules = at(one(graph, 'firewall'), 'policySettings.scrubbingRules') as Record<string, string>[]
      assert.deepEqual(
        rules.map((rule) => rule['matchVariable']),
        [
          'QueryStringArgNames',
          'RequestBodyPostArgNames',
          'RequestBodyJsonArgNames',
          'RequestCookieNames',
          'RequestHeaderNames',
        ],
      )
      // The address stays: the alert on blocked uploads looks for it.
      assert.ok(!rules.some((rule) => rule['matchVariable'] === 'RequestUri'))
    },
  },
  {
    part,
    item: 'Security policy over every domain',
    resources: ['firewall-everywhere'],
    check(graph) {
      equal(graph, 'firewall-everywhere', 'parameters.wafPolicy.id', idOf(graph, 'firewall'))
      equal(graph, 'firewall-everywhere', 'parameters.associations', [
        {
          domains: [{ id: idOf(graph, 'front-door-endpoint') }, { id: idOf(graph, 'custom-domain') }],
          patternsToMatch: ['/*'],
        },
      ])
    },
  },
  {
    part,
    item: 'edge.link managedEnvironment: Front Door’s private endpoint straight into the environment',
    resources: ['origin-backend', 'origin-frontend'],
    check(graph) {
      for (const app of apps) {
        const name = `origin-${app}`
        const message = String(at(one(graph, name), 'sharedPrivateLinkResource.requestMessage'))
        equal(graph, name, 'sharedPrivateLinkResource', {
          privateLink: { id: idOf(graph, 'environment') },
          groupId: 'managedEnvironments',
          privateLinkLocation: 'westeurope',
          requestMessage: message,
        })
        assert.match(message, /^instandt prod [0-9a-f]{5}$/)
        equal(graph, name, 'originHostHeader', at(one(graph, name), 'hostName'))
        equal(graph, name, 'enforceCertificateNameCheck', true)
        assert.match(String(at(one(graph, name), 'hostName')), new RegExp(`^ca-instandt-prod-${app}\\.`))
      }
      assert.ok(!graph.nodes.some((node) => node.name === 'link'), 'no link service beside it')
    },
  },
  {
    part: dns,
    item: 'Public zone, records to the Front Door endpoint, _dnsauth, managed certificate',
    resources: ['zone-public', 'record-cname', 'record-txt', 'custom-domain'],
    check(graph) {
      equal(graph, 'zone-public', 'zoneName', 'example.com')
      equal(graph, 'record-cname', 'relativeRecordSetName', 'ndt')
      assert.match(String(at(one(graph, 'record-cname'), 'cnameRecord.cname')), /^fde-instandt-prod-.*\.azurefd\.net$/)
      equal(graph, 'record-txt', 'relativeRecordSetName', '_dnsauth.ndt')
      assert.match(String(at(one(graph, 'record-txt'), 'txtRecords.0.value.0')), /^_[0-9a-f]{32}$/)
      equal(graph, 'custom-domain', 'azureDnsZone.id', idOf(graph, 'zone-public'))
      equal(graph, 'custom-domain', 'tlsSettings', {
        certificateType: 'ManagedCertificate',
        minimumTlsVersion: 'TLS12',
      })
    },
  },
]
