import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from './index.ts'

function logLines(isPretty = false) {
  const lines: string[] = []
  const log = createLogger({
    name: 'test',
    level: 'debug',
    isPretty,
    destination: { write: (text) => void lines.push(text) },
  })
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('a line is JSON with time, level as a word, name and message', () => {
  const { log, parsed } = logLines()
  log.warn({ studyInstanceUid: '1.2.3' }, 'odd')
  const [line] = parsed()
  assert.deepEqual(
    { ...line, time: undefined },
    {
      time: undefined,
      level: 'warn',
      name: 'test',
      msg: 'odd',
      studyInstanceUid: '1.2.3',
    },
  )
  assert.ok(!Number.isNaN(Date.parse(String(line?.['time']))))
})

test('secrets are masked by name at any depth, in lists and in either case', () => {
  const { log, lines, parsed } = logLines()
  const secret = 'do-not-tell "even" \\ this'
  log.info({
    req: { headers: { authorization: secret, Cookie: secret, accept: 'kept' } },
    reply: { headers: { 'set-cookie': [secret, secret] } },
    password: secret,
    a: { b: { c: { connectionString: secret, clientSecret: secret } } },
  })
  assert.ok(!lines.join('').includes('do-not-tell'))
  assert.equal(JSON.stringify(parsed()[0]).split('[redacted]').length - 1, 6)
  assert.ok(lines.join('').includes('kept'))
})

test('secrets inside texts and error messages are masked, and the line stays JSON', () => {
  const { log, lines, parsed } = logLines()
  log.error(
    { err: new Error('connect postgres://app:do-not-tell@host:5432/db failed') },
    'AccountName=x;AccountKey=do-not-tell==;BlobEndpoint=y https://h/c?sv=1&sig=do-not-tell&se=2 Bearer do-not-tell.abc',
  )
  assert.ok(!lines.join('').includes('do-not-tell'), lines.join(''))
  const [line] = parsed()
  assert.match(String(line?.['msg']), /AccountKey=\[redacted\];BlobEndpoint=y .*&se=2/)
  assert.match(JSON.stringify(line), /postgres:\/\/app:\[redacted\]@host:5432\/db/)
})

test('no text from outside makes masking slow', () => {
  const { log } = logLines()
  const started = performance.now()
  for (const unit of ['a.', 'a:', 'x://a:', '\\', '"password":"', 'AccountKey', 'Bearer ', '?sig', '[']) {
    log.info({ url: unit.repeat(100_000), cookie: [unit.repeat(1000)] }, unit.repeat(100_000))
  }
  // Quadratic work would take minutes.
  assert.ok(performance.now() - started < 5000)
})

test('children mask too', () => {
  const { log, lines } = logLines()
  log.child({ authorization: 'Bearer do-not-tell' }).info('x')
  assert.ok(!lines.join('').includes('do-not-tell'))
})

test('for a terminal one readable line, in which text from outside cannot steer the terminal', () => {
  const { log, lines } = logLines(true)
  log.info({ path: '/a\u001B[2Jb', count: 3 }, 'stored\nERROR fake')
  assert.equal(lines.length, 1)
  const [line = ''] = lines
  assert.equal(line.split('\n').length, 2)
  assert.match(line, /info.*test: stored\\u000aERROR fake path=\/a\\u001b\[2Jb count=3\n$/)
})

test('for a terminal an error brings its stack', () => {
  const { log, lines } = logLines(true)
  log.error({ err: new Error('went wrong') }, 'oh')
  assert.match(lines.join(''), /oh[^]*Error: went wrong\n {4}at /)
})
