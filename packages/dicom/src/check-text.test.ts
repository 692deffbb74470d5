import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultOfText } from './check-text.ts'
import type { Vr } from './types.ts'

const rows: [Vr, string, RegExp | undefined][] = [
  ['LO', 'KN-7/0815', undefined],
  ['LO', 'x'.repeat(64), undefined],
  ['LO', '𝒳'.repeat(64), undefined],
  ['LO', 'x'.repeat(65), /64/],
  ['LO', 'a\\b', /backslash/],
  ['LO', 'a\nb', /control/],
  ['LO', '\ud800', /half/],
  ['SH', 'x'.repeat(17), /16/],
  ['ST', 'two\r\nlines\\', undefined],
  ['ST', 'a\x1bb', /control/],
  ['PN', 'Kesselnaht^7=B', undefined],
  ['PN', `${'x'.repeat(64)}=${'y'.repeat(64)}`, undefined],
  ['PN', 'a=b=c=d', /groups/],
  ['DA', '20240229', undefined],
  ['DA', '20230229', /date/],
  ['DA', '20231301', /date/],
  ['DA', '2023.01.01', /date/],
  ['TM', '235959.999999', undefined],
  ['TM', '12', undefined],
  ['TM', '24', /time/],
  ['TM', '12:30', /time/],
]

test('a value that its VR does not allow is named, and no other', () => {
  for (const [vr, text, fault] of rows) {
    const found = faultOfText(text, vr)
    if (fault === undefined) assert.equal(found, undefined, `${vr} ${text}`)
    else assert.match(found ?? '', fault, `${vr} ${text}`)
  }
})
