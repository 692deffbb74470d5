// Every command in the documents exists, with exactly these options; every file of infra and every setting they name, too.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

const root = path.resolve(import.meta.dirname, '..')
const documents = globSync(['*.md', 'docs/*.md', 'docs/decisions/*.md'], { cwd: root })
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8')

/** Help of one command: its line and those of its options. */
const help = spawnSync(process.execPath, [path.join(root, 'apps/standalone/src/cli.ts'), 'help'], {
  encoding: 'utf8',
}).stdout
const sections = help.split(/\n(?= {2}[a-z])/)
const common = sections.find((section) => section.trimStart().startsWith('job --')) ?? ''
const sectionOf = (name: string): string | undefined =>
  sections.find((section) => section.trimStart().startsWith(`${name} `) || section.trimStart() === name)

interface Call {
  file: string
  words: string[]
}
const calls: Call[] = documents.flatMap((file) =>
  [
    ...textOf(file)
      .replaceAll('\\\n', ' ')
      .matchAll(/npm run -s instandt -- ([^`\n)]+)/g),
  ].map(([, text = '']) => ({
    file,
    words: text.trim().split(/\s+/),
  })),
)

test('the documents call the command at all', () => assert.ok(calls.length > 20, String(calls.length)))

for (const { file, words } of calls)
  test(`${file}: instandt ${words.join(' ')}`, () => {
    if (words[0] === 'help' || words[0]?.startsWith('<') === true) return
    const section = sectionOf(words.slice(0, 2).join(' ')) ?? sectionOf(words[0] ?? '')
    assert.ok(section, 'there is no such command')
    const end = words.indexOf('--')
    for (const option of words.slice(0, end === -1 ? undefined : end).filter((word) => word.startsWith('--')))
      assert.ok(section.includes(option) || common.includes(option), `it has no ${option}`)
    if (end === -1) return
    const inner = words.slice(end + 1)
    assert.ok(sectionOf(inner.slice(0, 2).join(' ')) ?? sectionOf(inner[0] ?? ''), `no ${inner.join(' ')} inside`)
  })

test('every setting that the guide sets is one', () => {
  const declared = textOf('infra/platform/Pulumi.yaml')
  const set = [...textOf('docs/deploy-azure.md').matchAll(/config set (?:--secret |--path )?([a-zA-Z.]+)/g)]
  assert.ok(set.length > 10)
  for (const [, key = ''] of set) assert.match(declared, new RegExp(`^ {2}'?${key.replace('.', '\\.')}'?:$`, 'm'), key)
})

test('what the guide says the program prints is what it prints', () => {
  const program = globSync('apps/ops/src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts', '**/*.fixture.ts'] })
    .map(textOf)
    .join('\n')
  for (const words of [
    'goes on serving, nothing was changed',
    'is not there yet, both apps are made',
    'the schema is up to date',
    'does not answer yet',
    'enter at your DNS: ',
    'can make resources and give roles',
    'no public way in',
    'is new, for the user',
    'ran with the image that serves',
  ]) {
    assert.ok(
      textOf('docs/deploy-azure.md').replaceAll('\n', ' ').includes(words),
      `the guide no longer says '${words}'`,
    )
    assert.ok(program.includes(words), `the program no longer says '${words}'`)
  }
})
