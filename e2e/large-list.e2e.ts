import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'

const skip = missingBrowser ?? false
const total = 100_000
let app: TestApp
let browser: TestBrowser

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  await app.sql(`with made as (
      insert into component (project_id, identity_key) select id, 'number:all' from project returning id, project_id)
    insert into study (project_id, component_id, study_instance_uid, study_date, component_name, component_name_folded, component_number,
      search_text, attributes, is_diconde, modalities, series_count, instance_count, byte_size)
    select project_id, id, '2.25.' || n, to_char(date '1990-01-01' + (n % 12000), 'YYYYMMDD'), 'Weld ' || n, 'weld ' || n, 'W-' || n,
      'weld ' || n || ' w-' || n, '{}', true, '{DX}', 1, 1, 1000000 from made, generate_series(1, ${total}) n`)
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

test(
  'a list of 100,000 inspections draws the rows in sight only, by wheel and by keys, and finds one of them',
  { skip },
  async () => {
    const { page, complaints } = await browser.newPage()
    await page.goto(`${app.url}/?sort=component`)
    const grid = page.getByRole('grid', { name: 'Inspections found' })
    await page.getByText('more than 10,000 inspections').waitFor()
    await grid.getByText('Weld 1', { exact: true }).waitFor()

    await grid.getByRole('row').nth(1).focus()
    const rowOf = (): Promise<number> =>
      page.evaluate(() => Number(document.activeElement?.closest('[data-index]')?.getAttribute('data-index') ?? -1))
    // The last row loaded each time; the ones after it come by themselves.
    const deadline = Date.now() + 60_000
    while ((await rowOf()) < 4000 && Date.now() < deadline) {
      await page.keyboard.press('End')
      await page.waitForTimeout(30)
    }
    assert.ok((await rowOf()) >= 4000, `row ${await rowOf()}`)
    assert.ok((await grid.getByRole('row').count()) < 80)

    const box = (await grid.boundingBox())!
    await page.mouse.move(box.x + 300, box.y + 300)
    for (let turn = 0; turn < 20; turn += 1) await page.mouse.wheel(0, -15_000)
    await grid.getByText('Weld 1', { exact: true }).waitFor()
    assert.ok((await grid.getByRole('row').count()) < 80)

    await page.keyboard.press('/')
    await page.keyboard.type('w-77777')
    await page.getByText('1 inspection', { exact: true }).waitFor()
    await grid.getByText('Weld 77777').waitFor()
    assert.deepEqual(complaints, [])
    await page.context().close()
  },
)
