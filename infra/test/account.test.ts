import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as pulumi from '@pulumi/pulumi'
import { checkAccount } from '../src/account.ts'
import { sampleSettings } from '../src/graph/presets.ts'

const { subscriptionId = '', tenantId = '' } = sampleSettings
const other = '99999999-9999-4999-8999-999999999999'

const signIn = (account: Record<string, string>) =>
  pulumi.runtime.setMocks({ newResource: () => ({ id: '', state: {} }), call: () => account })

test('the account of the settings is the one signed in', async () => {
  await signIn({ subscriptionId: subscriptionId.toUpperCase(), tenantId })
  await checkAccount({ subscriptionId, tenantId })
})

for (const key of ['subscriptionId', 'tenantId'])
  test(`another ${key} is refused before anything is made`, async () => {
    await signIn({ subscriptionId, tenantId, [key]: other })
    await assert.rejects(
      checkAccount({ subscriptionId, tenantId }),
      new RegExp(
        `^Error: ${key}: the settings say .* signed in to ${other}; az account set --subscription ${subscriptionId}$`,
      ),
    )
  })
