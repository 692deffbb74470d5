// The screen speaks NDT. Words of medicine must not come back through a text or a label, and no text may bypass the
// catalogue, where it would exist in one language only.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parseAst } from 'vite'

const root = path.resolve(import.meta.dirname, '..')
const source = 'apps/frontend/src'

const medical =
  /\b(patients?|physicians?|doctors?|radiolog\w*|hospitals?|clinic\w*|medic\w*|disease|body ?part|stud(?:y|ies)|patient\w*|ärzt\w*|arzt\w*|krank\w*|klini\w*|körperteil\w*|studien?)\b/i

interface AstNode {
  type: string
  [key: string]: unknown
}

interface Text {
  file: string
  text: string
}

/** Attributes whose value is read by people. */
const spoken = new Set([
  'title',
  'label',
  'placeholder',
  'alt',
  'aria-label',
  'aria-description',
  'description',
  'error',
])

function* walk(node: unknown): Generator<AstNode> {
  if (Array.isArray(node)) for (const child of node) yield* walk(child)
  else if (typeof node === 'object' && node !== null) {
    if (typeof (node as AstNode).type === 'string') yield node as AstNode
    for (const value of Object.values(node)) if (typeof value === 'object') yield* walk(value)
  }
}

/** Texts written between tags or into spoken attributes. */
function textsOf(file: string, code: string): Text[] {
  const texts: Text[] = []
  for (const node of walk(parseAst(code, { lang: 'tsx' }))) {
    if (node.type === 'JSXText') texts.push({ file, text: String(node['value']).trim() })
    if (node.type !== 'JSXAttribute') continue
    const value = node['value'] as AstNode | null
    const isString = value?.type === 'Literal' && typeof value['value'] === 'string'
    if (isString && spoken.has(String((node['name'] as AstNode)['name']))) {
      texts.push({ file, text: String(value['value']).trim() })
    }
  }
  return texts.filter(({ text }) => text !== '')
}

const screenTexts = globSync(`${source}/**/*.tsx`, { cwd: root }).flatMap((file) =>
  textsOf(file, readFileSync(path.join(root, file), 'utf8')),
)

function catalogueTexts(language: string): Text[] {
  const file = `${source}/i18n/${language}.json`
  const texts: Text[] = []
  JSON.parse(readFileSync(path.join(root, file), 'utf8'), (key, value: unknown) => {
    if (typeof value === 'string') texts.push({ file: `${file} ${key}`, text: value })
    return value
  })
  return texts
}

test('no text on screen uses a word of medicine', () => {
  const texts = [...catalogueTexts('en'), ...catalogueTexts('de'), ...screenTexts]
  assert.ok(texts.length > 200, 'the texts were found')
  assert.deepEqual(
    texts.filter(({ text }) => medical.test(text)),
    [],
  )
})

test('every text on screen comes from the catalogue', () => {
  // A command to type and signs without letters are the same in every language.
  const isAllowed = (text: string): boolean => !/\p{L}{2}/u.test(text) || text.startsWith('npm ')
  assert.deepEqual(
    screenTexts.filter(({ text }) => !isAllowed(text)),
    [],
  )
})

test('the check sees texts and labels, and takes code for code', () => {
  const code = '<p title="Patient name">{t("x")}<b>Study</b>{a < b ? "patient" : c}</p>'
  assert.deepEqual(
    textsOf('x.tsx', code).map(({ text }) => text),
    ['Patient name', 'Study'],
  )
  for (const word of ['Patient ID', 'Studies', 'the physician', 'Krankenhaus', 'Medical image'])
    assert.match(word, medical)
  for (const word of ['Component', 'Bauteil', 'instaNDT', 'Ansicht', 'durchstudiert'])
    assert.doesNotMatch(word, medical)
})
