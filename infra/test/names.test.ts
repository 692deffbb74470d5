import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleSettings } from '../src/graph/presets.ts'
import { createNames } from '../src/names.ts'
import { readSettings } from '../src/settings.ts'
import { graphOf, ofType } from './graph-of.ts'

const longest = { workload: 'abcdefghij', location: 'southafricawest', 'edge.region': 'southafricanorth' }

const hyphenated = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
/** Abbreviations of the Cloud Adoption Framework, and what Azure takes as a name. */
const kinds: Record<string, [input: string, abbreviation: string, most: number, form?: RegExp]> = {
  'resources:ResourceGroup': ['resourceGroupName', 'rg-', 90],
  'network:VirtualNetwork': ['virtualNetworkName', 'vnet-', 64],
  'network:Subnet': ['subnetName', 'snet-', 80],
  'network:NetworkSecurityGroup': ['networkSecurityGroupName', 'nsg-', 80],
  'network:NatGateway': ['natGatewayName', 'ng-', 80],
  'network:PublicIPAddress': ['publicIpAddressName', 'pip-', 80],
  'network:PrivateEndpoint': ['privateEndpointName', 'pep-', 64],
  'app:ManagedEnvironment': ['environmentName', 'cae-', 60],
  'app:ContainerApp': ['containerAppName', 'ca-', 32],
  'app:Job': ['jobName', 'caj-', 32],
  'cdn:Profile': ['profileName', 'afd-', 90],
  'cdn:AFDEndpoint': ['endpointName', 'fde-', 46],
  'frontdoor:Policy': ['policyName', 'fdfp', 128, /^[a-z][a-z0-9]*$/],
  'dbforpostgresql:Server': ['serverName', 'psql-', 63],
  'storage:StorageAccount': ['accountName', 'st', 24, /^[a-z0-9]{3,}$/],
  'keyvault:Vault': ['vaultName', 'kv-', 24],
  'managedidentity:UserAssignedIdentity': ['resourceName', 'id-', 128],
  'operationalinsights:Workspace': ['workspaceName', 'log-', 63],
  'applicationinsights:Component': ['resourceName', 'appi-', 260],
  'monitor:ActionGroup': ['actionGroupName', 'ag-', 260],
}

for (const [what, given, environment] of [
  ['the longest names fit', longest, 'abcdefgh'],
  ['the usual names fit', {}, 'prod'],
] as const)
  test(`${what} Azure’s limits and carry the framework’s abbreviations`, async () => {
    const graph = await graphOf('production', given, environment)
    for (const [type, [input, abbreviation, most, form = hyphenated]] of Object.entries(kinds)) {
      const found = ofType(graph, type)
      assert.ok(found.length > 0, type)
      for (const node of found) {
        const name = String(node.inputs[input])
        assert.ok(name.startsWith(abbreviation), `${name} begins with ${abbreviation}`)
        assert.ok(name.length <= most, `${name} has ${name.length} of ${most}`)
        assert.match(name, form)
      }
    }
    for (const { inputs } of ofType(graph, 'app:ContainerApp')) {
      // Azure counts the revision's name with the app's; the last part is there when an image comes back.
      const { revisionSuffix } = inputs['template'] as { revisionSuffix: string }
      const revision = `${String(inputs['containerAppName'])}--${revisionSuffix}-zzzzzzzz`
      assert.ok(revision.length <= 54, `${revision} has ${revision.length} of 54`)
    }
  })

test('names that are cut off stay different', () => {
  const names = (environment: string) =>
    createNames(readSettings(environment, { ...sampleSettings, ...longest, preset: 'non-production' }))
  const [one, other] = [names('stage001'), names('stage002')]
  assert.notEqual(one.vault, other.vault)
  assert.notEqual(one.storage, other.storage)
  assert.equal(names('stage001').vault, one.vault)
})

test('a salt gives new world-wide names where a deleted vault still holds the old one', () => {
  const names = (nameSalt: string) =>
    createNames(readSettings('prod', { ...sampleSettings, preset: 'production', nameSalt }))
  for (const part of ['vault', 'storage', 'database', 'frontDoorEndpoint'] as const)
    assert.notEqual(names('')[part], names('2')[part], part)
  assert.equal(names('').network, names('2').network)
})
