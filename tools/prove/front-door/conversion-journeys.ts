// Files of other formats: what people write into the form, templates of it, and the original.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type ConversionForm, type ConversionTemplate, originalUrl, templatesUrl, templateUrl } from '@instandt/api'
import { uidOf } from '@instandt/testkit/files'
import { type Journey, json } from './walk.ts'

const form: ConversionForm = {
  component: {
    name: "O'Brien & Söhne, Gehäuse #7 (links)",
    number: 'W-17/0815',
    notes: 'Naht 3;\n50 % geprüft, SNR > 100',
  },
  inspection: { date: '2026-05-18', orderNumber: 'WO-2026/0815', company: 'Prüf & Söhne GmbH' },
  view: { description: 'Ansicht A--B' },
  source: 'film',
  equipment: { manufacturer: 'Array Corp.', model: '2905 HD' },
  digitiser: { digitiserClass: 'DS', densityFrom: 0.5, densityTo: 4.7 },
  pixelSize: {
    kind: 'calibrated',
    rowMm: 0.05,
    columnMm: 0.05,
    by: 'known-length',
    description: 'IQI 10 FE EN, 10 mm',
  },
}

export const conversionJourneys: Record<string, Journey> = {
  async conversion({ ask }) {
    await ask('/convert', { headers: { accept: 'text/html' } })
    const templates = templatesUrl('default')
    const made = await ask(templates, json({ name: "O'Brien's films (50 µm)", form }))
    assert.equal(made.status, 201, await made.clone().text())
    const { id } = (await made.json()) as ConversionTemplate
    assert.equal((await ask(templates)).status, 200)
    assert.equal((await ask(templateUrl('default', id), json({ name: 'Films', form }, 'PUT'))).status, 200)
    assert.equal((await ask(templateUrl('default', id), { method: 'DELETE' })).status, 204)
    const begun = await ask(
      '/api/uploads',
      json({
        name: "Filme/O'Brien 7 <A>.tif",
        byteSize: 4096,
        project: 'default',
        content: { kind: 'convert', batch: randomUUID(), number: 1, form },
      }),
    )
    assert.equal(begun.status, 201, await begun.clone().text())
    const place = [uidOf('door'), uidOf('door', 1), uidOf('door', 1, 1)] as const
    await ask(originalUrl(...place))
  },
}
