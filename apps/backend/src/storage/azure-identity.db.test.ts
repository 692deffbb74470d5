// The way of the cloud: TLS, and a token of the managed identity in place of a key. Node reads the trusted certificates
// and the SDK the identity endpoint from the environment at their start, so the suite runs in a process of its own.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { startIdentityEndpoint, startAzurite } from '@instandt/testkit'
import { openAzureStore } from './azure-store.ts'
import { newObjectKey } from './blob-keys.ts'
import type { BlobStore } from './blob-store.ts'
import { testStore } from './conformance.fixture.ts'

const clientId = '6f1c1b0e-0000-4000-8000-00000000cafe'
const container = 'test-identity'
const accountUrl = process.env['TEST_ACCOUNT_URL']

if (accountUrl === undefined) {
  test('the whole suite passes over TLS with a managed identity', { timeout: 240_000 }, async () => {
    const azurite = await startAzurite({ hasTls: true })
    const identity = await startIdentityEndpoint(clientId)
    try {
      const env = {
        ...process.env,
        ...identity.env,
        TEST_ACCOUNT_URL: azurite.url,
        TEST_ACCOUNT_KEY: azurite.accountKey,
        TEST_ACCOUNT: azurite.account,
        NODE_EXTRA_CA_CERTS: azurite.certificateFile,
        // The outer runner must not take the inner one's lines for its own.
        NODE_TEST_CONTEXT: undefined,
      }
      const child = spawn(process.execPath, ['--test-reporter=spec', import.meta.filename], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      const [code] = (await once(child, 'exit')) as [number | null]
      assert.equal(code, 0, output)
      assert.match(output, /managed identity: gives back what was written, whole/)
      assert.ok(identity.issued.length > 0)
    } finally {
      await identity.stop()
      await azurite.stop()
    }
  })
} else {
  let store: BlobStore
  before(async () => {
    const key = new StorageSharedKeyCredential(process.env['TEST_ACCOUNT'] ?? '', process.env['TEST_ACCOUNT_KEY'] ?? '')
    await new BlobServiceClient(accountUrl, key).getContainerClient(container).create()
    store = await openAzureStore({ accountUrl, clientId, container })
  })
  after(() => store.close())
  testStore('managed identity', () => store)

  test('another identity gets nothing', async () => {
    const stranger = await openAzureStore({ accountUrl, clientId: 'somebody-else', container })
    await assert.rejects(stranger.read(newObjectKey()), { code: 'storage-unavailable' })
  })
}
