import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { packedElements } from './elements.generated.ts'
import {
  labelOf,
  lookup,
  searchDictionary,
  sopClassName,
  tags,
  transferSyntax,
  transferSyntaxes,
  vrOf,
} from './index.ts'

const tables = path.join(import.meta.dirname, '../../../../tools/dictionary')

test('holds every element of group 0014 as the table says', () => {
  const rows = readFileSync(path.join(tables, 'group0014.csv'), 'utf8').trim().split('\n').slice(1)
  assert.equal(rows.length, 306)
  for (const row of rows) {
    const [, group, element, vrs = '', vm, keyword = '', retired] =
      /^"\((\w{4}),(\w{4})\)",([^,]*),([^,]*),([^,]*),[^,]*,([^,]*)$/.exec(row) ?? assert.fail(row)
    const entry = lookup(`${group}${element}`) ?? assert.fail(row)
    assert.deepEqual(
      [entry.keyword, entry.vrs.join(' or '), entry.vm, entry.retired],
      [keyword, vrs, vm, retired === 'Y'],
    )
    assert.equal(lookup(keyword)?.tag, entry.tag)
  }
})

test('its rows are whole, their tags in order and unique, their keywords unique', () => {
  const rows = packedElements.split('\n')
  assert.ok(rows.length > 5_200)
  const keywords = new Set<string>()
  for (const [at, row] of rows.entries()) {
    assert.match(row, /^[0-9A-Fx]{8}\|[A-Z]{2}(\/[A-Z]{2})*\|[0-9n-]+\|[A-Za-z][A-Za-z0-9]*\*?(\|[^|]+)?$/)
    if (at > 0) assert.ok((rows[at - 1] ?? '') < row, row)
    const keyword = row.split('|')[3]?.replace('*', '') ?? ''
    assert.ok(
      !keywords.has(keyword) || row.includes('x') || row.startsWith('0014') || row.split('|')[3]?.endsWith('*'),
      `twice: ${row}`,
    )
    keywords.add(keyword)
  }
})

test('knows names, VRs and multiplicities that were corrected or are not made of their keywords', () => {
  for (const [keyword, tag, vrs, vm, name] of [
    ['SOPInstanceUID', '00080018', 'UI', '1', 'SOP Instance UID'],
    ['PixelData', '7FE00010', 'OB/OW', '1', 'Pixel Data'],
    ['SmallestImagePixelValue', '00280106', 'US/SS', '1', 'Smallest Image Pixel Value'],
    ['LongTrianglePointIndexList', '00660041', 'OL', '1', 'Long Triangle Point Index List'],
    ['FrameType', '00089007', 'CS', '4-5', 'Frame Type'],
    ['NumberOfFrames', '00280008', 'IS', '1', 'Number of Frames'],
    ['OtherClinicalTrialProtocolIDsSequence', '00120023', 'SQ', '1', 'Other Clinical Trial Protocol IDs Sequence'],
    ['RTVMetaInformationVersion', '00020031', 'OB', '1', 'RTV Meta Information Version'],
  ] as const) {
    const entry = lookup(keyword) ?? assert.fail(keyword)
    assert.deepEqual([entry.tag, entry.vrs.join('/'), entry.vm, entry.name], [tag, vrs, vm, name])
    assert.deepEqual(lookup(tag), entry)
  }
})

test('finds elements by tag in two spellings and by keyword of either standard, in any case', () => {
  for (const words of ['00100010', '0010,0010', 'PatientName', 'patientname', 'ComponentName', 'componentname'])
    assert.equal(lookup(words)?.tag, '00100010', words)
  assert.equal(lookup('CompanyName')?.tag, '00080080')
  for (const words of ['', 'x', '00100010x', 'constructor', '__proto__', '99990000', 'NoSuchThing'])
    assert.equal(lookup(words), undefined, words)
})

test('knows repeating groups by any of their members, but not private groups among them', () => {
  assert.deepEqual(
    [lookup('60000010')?.keyword, lookup('601E0010')?.keyword, lookup('601E0010')?.tag],
    ['OverlayRows', 'OverlayRows', '601E0010'],
  )
  assert.equal(vrOf('50023000'), 'OB')
  assert.equal(lookup('002804A0')?.keyword, 'RowsForNthOrderCoefficients')
  assert.equal(vrOf('60013000'), undefined)
  assert.equal(lookup('OverlayRows'), undefined, 'a keyword alone says no tag')
})

test('knows what is left of an unknown tag: group lengths, private creators, old DICONDE blocks', () => {
  const creator = 'ASTM.org/diconde/iod/Component '
  assert.equal(vrOf('00090000'), 'UL')
  assert.equal(vrOf('00090010'), 'LO')
  assert.equal(vrOf('00091028'), undefined)
  assert.equal(vrOf('00091028', 'ACME'), undefined)
  assert.equal(vrOf('00091028', creator), 'ST')
  assert.equal(labelOf('00091028', 'diconde', creator), 'Component Manufacturer')
  assert.equal(labelOf('00211020', 'dicom', 'astm.org/diconde/iod/NdeIndication'), 'Graphic Type')
  assert.equal(labelOf('00211026', 'diconde', 'astm.org/diconde/iod/NdeIndication'), 'NdeIndication 26')
  assert.equal(labelOf('00091028', 'diconde', 'ACME'), 'ACME 28')
  assert.equal(labelOf('00091028', 'diconde'), 'Private element')
  assert.equal(labelOf('00090010', 'diconde'), 'Private Creator')
})

test('DICONDE words never speak of patients, physicians or body parts', () => {
  assert.equal(labelOf('00100010', 'diconde'), 'Component Name')
  assert.equal(labelOf('00100010', 'dicom'), "Patient's Name")
  assert.equal(labelOf('00102160', 'diconde'), 'Material Name')
  assert.equal(labelOf('00180015', 'diconde'), 'Region Examined')
  for (const row of packedElements.split('\n')) {
    const label = labelOf(row.slice(0, 8).replaceAll('x', '0'), 'diconde')
    assert.doesNotMatch(label, /patient|physician|body part/i)
  }
})

test('has every DICONDE name of the table', () => {
  const rows = readFileSync(path.join(tables, 'diconde-names.csv'), 'utf8').trim().split('\n').slice(1)
  for (const row of rows) {
    const [, group, element, keyword, name] = /^"\((\w{4}),(\w{4})\)",([^,]*),(.*)$/.exec(row) ?? assert.fail(row)
    assert.equal(lookup(`${group}${element}`)?.keyword, keyword)
    assert.equal(labelOf(`${group}${element}`, 'diconde'), name)
  }
})

test('the tags that the code names are the tags of those keywords', () => {
  for (const [name, tag] of Object.entries(tags)) {
    assert.match(tag, /^[0-9A-F]{8}$/)
    // Delimiters are no attributes.
    if (tag.startsWith('FFFE')) continue
    const keyword = lookup(tag)?.keyword ?? assert.fail(`${name} ${tag}`)
    // The nine palette tables have shorter names here.
    if (/Palette/.test(name)) assert.match(keyword, /PaletteColorLookupTable/)
    else assert.equal(name.toLowerCase(), keyword.toLowerCase())
  }
})

test('transfer syntaxes are unique and say how their bytes lie', () => {
  assert.equal(new Set(transferSyntaxes.map(({ uid }) => uid)).size, transferSyntaxes.length)
  const flags = (uid: string): string => {
    const syntax = transferSyntax(uid) ?? assert.fail(uid)
    return (['implicit', 'bigEndian', 'bigEndianPixels', 'deflated', 'encapsulated', 'isLossy'] as const)
      .filter((flag) => syntax[flag])
      .join(' ')
  }
  assert.equal(flags('1.2.840.10008.1.2'), 'implicit')
  assert.equal(flags('1.2.840.10008.1.2.1'), '')
  assert.equal(flags('1.2.840.10008.1.2.1.99'), 'deflated')
  assert.equal(flags('1.2.840.10008.1.2.2'), 'bigEndian bigEndianPixels')
  assert.equal(flags('1.2.840.113619.5.2'), 'implicit bigEndianPixels')
  assert.equal(flags('1.2.840.10008.1.2.4.95'), 'deflated')
  assert.equal(flags('1.2.840.10008.1.2.8.1'), 'encapsulated')
  for (const [uid, mediaType] of [
    ['4.50', 'image/jpeg'],
    ['4.80', 'image/jls'],
    ['4.91', 'image/jp2'],
    ['4.93', 'image/jpx'],
    ['4.203', 'image/jphc'],
    ['4.110', 'image/jxl'],
    ['5', 'image/dicom-rle'],
    ['4.102', 'video/mp4'],
  ] as const) {
    assert.equal(transferSyntax(`1.2.840.10008.1.2.${uid}`)?.mediaType, mediaType)
    assert.ok(transferSyntax(`1.2.840.10008.1.2.${uid}`)?.encapsulated)
  }
  assert.equal(transferSyntax('1.2.3'), undefined)
})

test('names SOP classes, those of DICONDE too', () => {
  assert.equal(sopClassName('1.2.840.10008.5.1.4.1.1.601.5'), 'Ultrasound Waveform (DICONDE)')
  assert.equal(sopClassName('1.2.840.10008.5.1.4.1.1.2'), 'CT Image')
  assert.equal(sopClassName('1.2.840.10008.5.1.4.1.1.4.2'), 'MR Spectroscopy')
  assert.equal(sopClassName('1.2.3'), undefined)
})

test('elements are found by parts of their names, keywords and tags', () => {
  const names = (text: string, limit = 3): string[] => searchDictionary(text, limit).map((entry) => entry.keyword)
  assert.deepEqual(names('MaterialThick'), ['MaterialThickness'])
  assert.deepEqual(names('component id number'), ['PatientID'])
  assert.deepEqual(names('(0014,0030)'), ['MaterialThickness'])
  assert.equal(names('evaluatorname')[0], 'EvaluatorName')
  assert.equal(searchDictionary('a', 7).length, 7)
  assert.deepEqual(searchDictionary(' ', 7), [])
})
