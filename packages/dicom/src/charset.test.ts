import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { createTextDecoder, foldText, formatPersonName, type TextWarning } from './charset.ts'
import type { Vr } from './types.ts'

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const decode = (terms: string[], latin1: string, vr: Vr = 'LO'): string =>
  createTextDecoder(terms).decode(bytesOf(latin1), vr)

test('reads every single-byte set by its own table', () => {
  const samples: [string, string, string][] = [
    ['ISO_IR 100', 'Schwei\xdfnaht \xb5m', 'Schweißnaht µm'],
    ['ISO_IR 101', '\xa6wider', 'Świder'],
    ['ISO_IR 109', '\xd8enerala', 'Ĝenerala'],
    ['ISO_IR 110', 'K\xe0p\xf1u', 'Kāpņu'],
    ['ISO_IR 126', '\xd3\xf9\xeb', 'Σωλ'],
    ['ISO_IR 127', '\xe4\xcd\xc7\xe5', 'لحام'],
    ['ISO_IR 138', '\xf6\xe9\xf0', 'צינ'],
    ['ISO_IR 144', '\xc2\xe0\xe3\xd1\xd0', 'Труба'],
    ['ISO_IR 148', 'Kayna\xf0\xfd', 'Kaynağı'],
    ['ISO_IR 166', '\xb7\xe8\xcd', 'ท่อ'],
    ['ISO_IR 203', '5 \xa4', '5 €'],
    ['ISO_IR 13', '\xca\xdf\xb2~\\', 'ﾊﾟｲ‾\\'],
  ]
  for (const [term, bytes, text] of samples) {
    assert.equal(decode([term], bytes), text, term)
    assert.equal(decode([term.replace('ISO_IR', 'ISO 2022 IR')], bytes), text, `${term}, declared with code extensions`)
  }
})

test('designates a single-byte set in the middle of a value and gives it up at the next one', () => {
  assert.equal(decode(['ISO 2022 IR 100', 'ISO 2022 IR 144'], '\xe4\x1b-L\xc2\\\xe4'), 'äТ\\ä')
  assert.equal(decode(['ISO 2022 IR 100', 'ISO 2022 IR 144'], '\x1b-L\xc2\r\n\xe4', 'LT'), 'Т\r\nä')
})

test('a byte 5CH inside a kanji separates no values', () => {
  assert.equal(decode(['', 'ISO 2022 IR 87'], '\x1b$BMO@\\It\x1b(B\\\x1b$B8!::\x1b(B'), '溶接部\\検査')
})

test('gives up designations at ^ and = in names only', () => {
  const korean = '\x1b$)C\xbf\xeb^\x1b$)C\xb9\xe8'
  assert.equal(decode(['', 'ISO 2022 IR 149'], korean, 'PN'), '용^배')
  assert.equal(decode(['ISO 2022 IR 100', 'ISO 2022 IR 149'], '\x1b$)C\xbf\xeb^\xe4', 'PN'), '용^ä')
  assert.equal(decode(['ISO 2022 IR 100', 'ISO 2022 IR 149'], '\x1b$)C\xbf\xeb^\xbf\xeb', 'LO'), '용^용')
})

test('keeps the one set for upper bytes where a program designated it only once, or never', () => {
  assert.equal(decode(['', 'ISO 2022 IR 149'], '\x1b$)C\xbf\xeb^\xb9\xe8', 'PN'), '용^배')
  assert.equal(decode(['', 'ISO 2022 IR 149'], '\xbf\xeb'), '용')
})

test('reads kanji, supplementary kanji and Chinese next to ASCII', () => {
  assert.equal(decode(['', 'ISO 2022 IR 87', 'ISO 2022 IR 159'], '\x1b$(DkU\x1b(B A'), '鱲 A')
  assert.equal(decode(['', 'ISO 2022 IR 58'], '\x1b$)A\xc9\xe4 RT \xbc\xec'), '射 RT 检')
  assert.equal(decode(['ISO 2022 IR 13', 'ISO 2022 IR 87'], '\xd4\xcf\xc0^=\x1b$B;3ED\x1b(J^', 'PN'), 'ﾔﾏﾀ^=山田^')
})

test('reads GBK and GB18030 with 5CH as second byte', () => {
  assert.equal(decode(['GBK'], '\xc3\x5c\xba\xb8'), '肻焊')
  assert.equal(decode(['GB18030'], '\x81\x39\xee\x39'), '㐀')
})

test('text without a declared set is shown, as UTF-8 or else byte by byte', () => {
  assert.equal(decode([], 'Pr\xfcfst\xfcck'), 'Prüfstück')
  assert.equal(decode([], 'Pr\xc3\xbcf'), 'Prüf')
  assert.equal(decode(['ISO_IR 999'], 'Pr\xfcf'), 'Prüf')
  assert.equal(decode([], '\x1b$BMO@\\\x1b(B'), '溶接')
  assert.equal(decode([], 'a\x1bb'), 'a\x1bb')
})

test('a byte that is no UTF-8 is shown and does not spoil the rest', () => {
  for (const [bytes, text] of [
    ['\xc3\xa4\xe4\xc3\xa4', 'äää'],
    ['\xff\xc3\xa4', 'ÿä'],
    ['\xc3\xa4\xe2\x82', 'äâ‚'],
    ['\xed\xa0\x80', 'í\u00a0€'],
    ['\xc0\xaf', 'À¯'],
    ['\xf4\x90\x80\x80', 'ô\u0090€€'],
    ['\xef\xbf\xbd\xe4', '\ufffdä'],
    ['\xf0\x9f\x9b\xa0', '🛠'],
  ] as const) {
    assert.equal(decode(['ISO_IR 192'], bytes), text)
  }
})

test('understands misspelt terms and ignores case and blanks', () => {
  for (const term of ['ISO-IR 144', 'ISO_IR_144', 'iso_ir 144 ', 'ISO IR 144', 'ISO_IR144', 'ISO 2022-IR-144'])
    assert.equal(decode([term], '\xc2'), 'Т', term)
  for (const term of ['UTF-8', 'utf8', 'ISO 2022 IR 192']) assert.equal(decode([term], '\xc3\xa4'), 'ä', term)
})

test('warns of unknown sets and of bytes without a meaning, and of nothing else', () => {
  const warned = (terms: string[], bytes: string): TextWarning[] => {
    const codes: TextWarning[] = []
    createTextDecoder(terms, (code) => codes.push(code)).decode(bytesOf(bytes), 'LO')
    return codes
  }
  assert.deepEqual(warned(['ISO_IR 999'], 'plain'), ['unknown-character-set'])
  assert.deepEqual(warned(['ISO_IR 192'], '\xe4'), ['undecodable-text'])
  assert.deepEqual(warned(['ISO_IR 192'], '\xef\xbf\xbd'), [])
  assert.deepEqual(warned(['GBK'], '\xc3'), ['undecodable-text'])
  assert.deepEqual(warned(['ISO_IR 127'], '\xff'), ['undecodable-text'])
  for (const terms of [[], [''], ['ISO_IR 6'], ['ISO_IR 100'], ['', 'ISO 2022 IR 87']])
    assert.deepEqual(warned(terms, 'Pipe^\x1b(BWeld'), [])
})

test('never throws and never hangs, whatever the bytes', () => {
  const sets = [
    ['', 'ISO 2022 IR 87', 'ISO 2022 IR 159'],
    ['ISO 2022 IR 13'],
    ['', 'ISO 2022 IR 149'],
    ['GB18030'],
    ['ISO_IR 192'],
    ['ISO 2022 IR 166'],
  ]
  const pieces = [
    '\x1b',
    '$B',
    '(B',
    '$(D',
    '$)C',
    '\\',
    '^',
    '=',
    '\n',
    '\x00',
    '\xff',
    '\x80',
    '!',
    'a',
    '\xbf\xeb',
    '$',
    ')',
    '\x7f',
  ]
  let state = 1
  for (let round = 0; round < 3_000; round += 1) {
    let text = ''
    for (let at = 0; at < 12; at += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      text += pieces[(state >>> 8) % pieces.length]
    }
    assert.equal(typeof decode(sets[round % sets.length] as string[], text, round % 2 === 0 ? 'PN' : 'LT'), 'string')
  }
})

test('shows a name whole', () => {
  assert.equal(formatPersonName({ Alphabetic: 'Valve^Body', Ideographic: '弁' }), 'Valve^Body=弁')
  assert.equal(formatPersonName({ Ideographic: 'B' }), '=B')
  assert.equal(formatPersonName({ Alphabetic: '' }), '')
  assert.equal(formatPersonName('a^b=c\\d'), 'a^b=c\\d')
})

test('folds case, accents, width and letters of their own', () => {
  for (const [text, folded] of [
    ['Schweißnaht PRÜFUNG', 'schweissnaht prufung'],
    ['GROẞE', 'grosse'],
    ['Ærø Łódź Đ', 'aero lodz d'],
    ['İstanbul ISPARTA ı', 'istanbul isparta i'],
    ['ΣΩΛΉΝΑΣ σωλήνας', 'σωληνασ σωληνασ'],
    ['ＰＩＰＥ－１２ ﾊﾟｲﾌﾟ パイプ', 'pipe-12 ハイフ ハイフ'],
    ['용접', '용접'],
    ['ﬁ Ⅻ №5 ½', 'fi xii no5 1⁄2'],
  ] as const) {
    assert.equal(foldText(text), folded)
    assert.equal(foldText(folded), folded)
  }
})

test('folding twice changes nothing more, for any character of the first plane', () => {
  for (let code = 0x20; code < 0xffff; code += 1) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const once = foldText(String.fromCharCode(code))
    if (foldText(once) !== once) assert.fail(`U+${code.toString(16)}: ${once} → ${foldText(once)}`)
  }
})

const shared = process.env['INSTANDT_SHARED_DATA'] ?? path.join(import.meta.dirname, '../../../../shared/data')

/** Values of the three elements the edge cases fill, found by their explicit headers. */
function valueOf(file: Uint8Array, header: string): Uint8Array | undefined {
  const at = Buffer.from(file.buffer, file.byteOffset, file.byteLength).indexOf(bytesOf(header), 132)
  return at < 0 ? undefined : file.subarray(at + 8, at + 8 + (file[at + 6] ?? 0) + (file[at + 7] ?? 0) * 256)
}

test('reads the true text of every character-set sample', (t) => {
  const list = path.join(shared, 'edge_s1/edge.json')
  if (!existsSync(list)) return t.skip('the shared data are not here')
  const samples = (
    JSON.parse(readFileSync(list, 'utf8')) as { file: string; patient_name?: string; study_description?: string }[]
  ).filter(({ file }) => file.startsWith('cs_'))
  assert.ok(samples.length >= 20)
  for (const { file, patient_name: name, study_description: description } of samples) {
    const bytes = readFileSync(path.join(shared, 'edge_s1', file))
    const terms = valueOf(bytes, '\x08\x00\x05\x00CS')
    const decoder = createTextDecoder(terms === undefined ? [] : String.fromCharCode(...terms).split('\\'))
    const text = (header: string, vr: Vr): string =>
      decoder.decode(valueOf(bytes, header) as Uint8Array, vr).replace(/ $/, '')
    assert.equal(text('\x10\x00\x10\x00PN', 'PN'), name, file)
    assert.equal(text('\x08\x00\x30\x10LO', 'LO'), description, file)
  }
})
