import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { z } from 'zod'
import { type ConfigError, parseConfig } from './index.ts'

const schema = z.object({
  PORT: z.coerce.number().int().max(65_535).default(8080),
  MODE: z.enum(['disk', 'azure']),
  PASSWORD: z.string().min(12),
})

test('all faults come together, each with its name and none with its value', () => {
  assert.throws(
    () => parseConfig(schema, { PORT: 'eighty', PASSWORD: 'hunter2' }),
    (error: ConfigError) => {
      assert.equal(error.faults.length, 3)
      assert.deepEqual(
        error.faults.map((fault) => fault.split(':')[0]),
        ['PORT', 'MODE', 'PASSWORD'],
      )
      assert.match(error.message, /MODE: is not set/)
      assert.ok(!error.message.includes('hunter2'))
      assert.ok(!error.message.includes('eighty'))
      return true
    },
  )
})

test('an empty value counts as not set: defaults apply, demanded ones are missed', () => {
  assert.throws(() => parseConfig(schema, { PORT: '', MODE: '', PASSWORD: 'long enough it is' }), {
    faults: ['MODE: is not set'],
  })
  assert.equal(parseConfig(schema, { PORT: '', MODE: 'disk', PASSWORD: 'long enough it is' }).PORT, 8080)
})

test('a process with a wrong environment prints every fault and exits 1', () => {
  const program = `
    import { z } from 'zod'
    import { readConfig } from ${JSON.stringify(new URL('./config.ts', import.meta.url).href)}
    readConfig(z.object({ FIRST: z.string(), SECOND: z.coerce.number() }))
    process.stdout.write('went on')`
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    env: { SECOND: 'two' },
  })
  assert.equal(result.status, 1)
  assert.equal(result.stdout.toString(), '')
  assert.match(result.stderr.toString(), /FIRST: is not set\n {2}SECOND: /)
})
