// Writes packages/dicom/src/dictionary/elements.generated.ts from maintained packages and the tables beside this file:
// node tools/generate-dictionary.ts
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import older from '@iwharris/dicom-data-dictionary'
import { dictionary as current } from 'dcmjs/dictionary'
import { nameFromKeyword } from '../packages/dicom/src/dictionary/keyword-names.ts'

interface Row {
  tag: string
  vr: string
  vm: string
  keyword: string
  name: string
  isRetired: boolean
}

/** '(0014,0023)' → '00140023'; repeating groups keep x: '(6000-60FF,0010)' → '60xx0010'. */
function plainTag(tag: string): string | undefined {
  const range = /^\(([0-9A-F]{2})00-\1FF,([0-9A-F]{4})\)$/i.exec(tag)
  if (range) return `${range[1]}xx${range[2]}`.toUpperCase().replace('XX', 'xx')
  const plain = /^\(([0-9A-FX]{4}),([0-9A-FX]{4})\)$/i.exec(tag)
  return plain ? `${plain[1]}${plain[2]}`.toUpperCase().replaceAll('X', 'x') : undefined
}

function readCsv(file: string): string[][] {
  const text = readFileSync(path.join(import.meta.dirname, 'dictionary', file), 'utf8')
  const rows = text.trim().split('\n').slice(1)
  return rows.map((row) => [...row.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map((cell) => cell[1] ?? cell[2] ?? ''))
}

const rows = new Map<string, Row>()
const add = (row: Row): void => {
  // A few retired elements lost their keywords with their meaning.
  if (row.keyword && row.keyword !== 'undefined' && /^[A-Z]{2}/.test(row.vr)) rows.set(row.tag, row)
}
for (const entry of Object.values(older.elements)) {
  const tag = plainTag(entry.tag)
  if (!tag) continue
  add({
    tag,
    vr: entry.vr.replaceAll(' or ', '/'),
    vm: entry.vm,
    keyword: entry.keyword,
    name: entry.name,
    isRetired: entry.isRetired,
  })
}
for (const entry of Object.values(current)) {
  const tag = plainTag(entry.tag)
  if (!tag || !entry.version.startsWith('DICOM') || Number.parseInt(tag.slice(0, 4), 16) % 2 === 1) continue
  const known = rows.get(tag)
  const vr =
    ({ xs: 'US/SS', ox: 'OB/OW', px: 'OB/OW', lt: 'US/SS/OW', up: 'UL', na: '' } as Record<string, string>)[entry.vr] ??
    entry.vr
  const keyword = entry.name.replace(/^RETIRED_/, '')
  add({
    tag,
    vr: known && known.vr.includes('/') ? known.vr : vr,
    vm: entry.vm ?? known?.vm ?? '1',
    keyword: known?.keyword ?? keyword,
    name: known?.name ?? nameFromKeyword(keyword),
    isRetired: known?.isRetired ?? /retired/i.test(entry.version + entry.name),
  })
}
// What the packages lack or have from older editions, and the whole of group 0014, after PS3.6.
for (const file of ['corrections.csv', 'group0014.csv']) {
  for (const [tag = '', vr = '', vm = '', keyword = '', name = '', retired = ''] of readCsv(file)) {
    add({ tag: plainTag(tag) ?? '', vr: vr.replaceAll(' or ', '/'), vm, keyword, name, isRetired: retired === 'Y' })
  }
}
// One of the packages lists a single member of some repeating groups, which the whole group covers.
const repeating = new Set([...rows.values()].filter(({ tag }) => tag.includes('x')).map(({ keyword }) => keyword))
for (const { tag, keyword } of rows.values()) if (!tag.includes('x') && repeating.has(keyword)) rows.delete(tag)

const lines = [...rows.values()]
  .sort((a, b) => (a.tag < b.tag ? -1 : 1))
  .map((row) => {
    const name = row.name
      .replaceAll('​', '')
      .replace(/&#x27;|’/g, "'")
      .replaceAll('&amp;', '&')
    const keyword = row.keyword.replaceAll('​', '')
    return [
      row.tag,
      row.vr,
      row.vm,
      keyword + (row.isRetired ? '*' : ''),
      name === nameFromKeyword(keyword) ? '' : name,
    ]
      .join('|')
      .replace(/\|$/, '')
  })
const diconde = readCsv('diconde-names.csv').map(([tag = '', , name = '']) => `${plainTag(tag)}|${name}`)

writeFileSync(
  path.join(import.meta.dirname, '../packages/dicom/src/dictionary/elements.generated.ts'),
  [
    '// Written by tools/generate-dictionary.ts. tag|VR|VM|keyword, * when retired|name where it does not follow from the keyword',
    `export const packedElements = \`${lines.join('\n').replaceAll('`', '')}\``,
    '// tag|name in DICONDE',
    `export const packedDicondeNames = \`${diconde.join('\n')}\``,
    '',
  ].join('\n'),
)
process.stdout.write(`${lines.length} elements\n`)
