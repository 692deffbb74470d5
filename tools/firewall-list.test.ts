import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { firewallList } from './prove/front-door/firewall.ts'

/** Rule groups of the managed set by the first digits of their rules (Azure documentation; the core rule set's files). */
const groupOf: Record<string, string> = {
  911: 'METHOD-ENFORCEMENT',
  920: 'PROTOCOL-ENFORCEMENT',
  921: 'PROTOCOL-ATTACK',
  930: 'LFI',
  931: 'RFI',
  932: 'RCE',
  933: 'PHP',
  934: 'NODEJS',
  941: 'XSS',
  942: 'SQLI',
  943: 'FIX',
  944: 'JAVA',
}

test('every excepted rule belongs to the group named', () => {
  for (const { name, group, rules } of firewallList.exceptions)
    for (const rule of rules) assert.equal(groupOf[rule.slice(0, 3)], group, `${name}: ${rule}`)
})

test('docs/security.md shows every exception, exclusion and limit', () => {
  const text = readFileSync(path.resolve(import.meta.dirname, '../docs/security.md'), 'utf8')
  const lines = text.split('\n')
  const isShown = (name: string, words: string[]): void => {
    const row = lines.find((line) => line.startsWith(`| \`${name}\``)) ?? ''
    for (const word of words) assert.ok(row.includes(word), `${name}: ${word}`)
  }
  for (const { name, paths, rules } of firewallList.exceptions) isShown(name, [...paths, ...rules])
  for (const { name, selector, rules } of firewallList.exclusions) isShown(name, [`\`${selector}\``, ...rules])
  for (const { name, paths, perMinute } of firewallList.rateLimits)
    isShown(name, [...paths, perMinute.toLocaleString('en')])
})

test('no exception reaches every address', () => {
  for (const { name, paths } of firewallList.exceptions)
    for (const where of paths) assert.ok(/^\/[a-z-]+\//.test(where), `${name}: ${where}`)
})

test('no rule looks at passwords, every rule looks at everything else', () => {
  const blind = firewallList.exclusions.filter((one) => one.rules.length === 0)
  for (const one of blind) assert.equal(`${one.variable} ${one.operator}`, 'RequestBodyJsonArgNames Equals', one.name)
  assert.deepEqual(
    blind.map(({ selector }) => selector),
    ['password', 'current', 'next'],
  )
})
