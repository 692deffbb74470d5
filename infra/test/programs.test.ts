// The two entries as the engine starts them: settings from its configuration, the release's inputs from the other stack.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as pulumi from '@pulumi/pulumi'
import { sampleImages, sampleSettings } from '../src/graph/presets.ts'
import { platformProject, releaseProject } from '../src/read-config.ts'
import { graphOf } from './graph-of.ts'

async function start(project: string, config: Record<string, string>, outputs: object): Promise<string[]> {
  const made: string[] = []
  const { subscriptionId, tenantId } = sampleSettings
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        made.push(type)
        const isReference = type === 'pulumi:pulumi:StackReference'
        return { id: name, state: isReference ? { ...inputs, outputs, secretOutputNames: [] } : inputs }
      },
      call: () => ({ subscriptionId, tenantId }),
    },
    project,
    'prod',
    false,
    'organization',
  )
  const prefixed = Object.entries(config).map(([key, value]) => [`${project}:${key}`, value])
  pulumi.runtime.setAllConfig(Object.fromEntries(prefixed) as Record<string, string>, [`${project}:registryToken`])
  return made
}

test('the slow stack starts from its configuration', async () => {
  const made = await start(platformProject, { ...sampleSettings, preset: 'minimal', customDomain: 'false' }, {})
  const { deployment } = await import('../platform/program.ts')
  await pulumi.runtime.disconnect()
  assert.ok(pulumi.Output.isInstance(deployment))
  assert.ok(made.includes('azure-native:app:ManagedEnvironment'))
  assert.ok(!made.includes('azure-native:app:ContainerApp'))
})

test('the fast stack starts from what the slow one says', async () => {
  const { outputs } = await graphOf('production')
  const made = await start(releaseProject, { ...sampleImages, version: '1.4.0' }, { deployment: outputs['deployment'] })
  const { version } = await import('../release/program.ts')
  await pulumi.runtime.disconnect()
  assert.equal(version, '1.4.0')
  assert.equal(made.filter((type) => type === 'azure-native:app:ContainerApp').length, 2)
})
