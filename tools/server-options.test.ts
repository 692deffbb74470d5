import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import packageJson from '../package.json' with { type: 'json' }

test('the image starts its servers with the options that npm start does', () => {
  const file = readFileSync(path.resolve(import.meta.dirname, '../images/backend.Dockerfile'), 'utf8')
  assert.equal(/^ENV NODE_OPTIONS=(\S+)$/m.exec(file)?.[1], packageJson.config.serverNodeOptions)
})
