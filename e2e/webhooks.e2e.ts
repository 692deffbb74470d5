import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { buildInstance } from '@instandt/testkit/files'
import { startApp } from './src/app.ts'
import { missingBrowser, openBrowser } from './src/browser.ts'

test(
  'a webhook is made, tried, looked at, paused and removed on the project’s page',
  { skip: missingBrowser ?? false },
  async () => {
    const told: string[] = []
    const server = createServer((request, response) => {
      told.push(String(request.headers['webhook-signature']))
      request.resume().on('end', () => response.writeHead(told.length === 1 ? 503 : 200).end('well'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const account = { email: 'petra@shop.example', password: 'the crane lifts at seven' }
    const app = await startApp({
      FIRST_ADMIN_EMAIL: account.email,
      FIRST_ADMIN_PASSWORD: account.password,
      WEBHOOK_NETWORKS: '127.0.0.0/8',
    })
    const browser = await openBrowser()
    try {
      const { page, complaints } = await browser.newPage({ isSignedIn: false })
      const signedIn = await page.request.post(`${app.url}/api/sign-in`, {
        data: account,
        headers: { origin: app.url },
      })
      assert.equal(signedIn.status(), 200)
      await page.goto(`${app.url}/administration/projects/default`)
      const section = page.getByRole('region', { name: 'Webhooks' })
      await section.getByText('Nobody is told.').waitFor()
      await section.getByRole('button', { name: 'New webhook' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Name').fill('Order book')
      await dialog.getByLabel('Address').fill('https://10.0.0.7/in')
      await dialog.getByRole('button', { name: 'Create' }).click()
      await dialog.getByText('This address is not public').waitFor()
      await dialog.getByLabel('Address').fill(`http://127.0.0.1:${(server.address() as AddressInfo).port}/in`)
      await dialog.getByRole('button', { name: 'Create' }).click()
      assert.match(await dialog.getByLabel('The secret').innerText(), /^whsec_/)
      await dialog.getByRole('button', { name: 'Done' }).click()

      await section.getByRole('button', { name: 'Test', exact: true }).click()
      await section.getByText('The trial was not taken: 503 well').waitFor()
      await section.getByRole('button', { name: 'Deliveries' }).click()
      await dialog.getByRole('button', { name: 'Send again' }).click()
      await dialog.getByText('taken', { exact: true }).waitFor()
      assert.equal(told.length, 2)
      await page.keyboard.press('Escape')
      const menu = async (name: string, of = 'Order book'): Promise<void> => {
        await section.getByRole('button', { name: `More for ${of}` }).click()
        await page.getByRole('menuitem', { name }).click()
      }
      await menu('Change…')
      await dialog.getByLabel('Name').fill('Orders')
      await dialog.getByLabel('Deleted').uncheck()
      await dialog.getByRole('button', { name: 'Save' }).click()
      await section.getByText('Orders', { exact: true }).waitFor()
      assert.equal(await section.getByText(/, Deleted/).count(), 0)

      const toldBefore = told.length
      await app.store(buildInstance({ seed: 'told' }) as Uint8Array<ArrayBuffer>)
      const toldOf = async (count: number): Promise<void> => {
        for (let turn = 0; turn < 100 && told.length < count; turn += 1) await page.waitForTimeout(100)
        assert.equal(told.length, count)
      }
      await toldOf(toldBefore + 1)
      await menu('Pause', 'Orders')
      await section.getByText('paused').waitFor()
      await menu('Send again from…', 'Orders')
      await dialog.getByRole('button', { name: 'Go on' }).click()
      await dialog.getByText(/also what it has taken already.*It is told again from then on/).waitFor()
      assert.equal(told.length, toldBefore + 1, 'asked first')
      await dialog.getByRole('button', { name: 'Send again' }).click()
      await section.getByText('in step').waitFor()
      await toldOf(toldBefore + 2)

      await menu('Pause', 'Orders')
      await section.getByText('paused').waitFor()
      await menu('Remove', 'Orders')
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
      await section.getByText('Nobody is told.').waitFor()
      assert.deepEqual(
        complaints.filter((words) => !/status of 400/.test(words)),
        [],
      )
    } finally {
      await browser.stop()
      await app.stop()
      server.close()
      server.closeAllConnections()
    }
  },
)
