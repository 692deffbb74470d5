import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinMultipart, multipartOverhead } from './join-multipart.ts'
import { MultipartError, type MultipartErrorCode } from './multipart-form.ts'
import { type MultipartLimits, splitMultipart } from './split-multipart.ts'

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

async function* chunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = bytesOf(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const piece of body) text += textOf(piece)
  return text
}

type Plain = [headers: Record<string, string>, body: string]

async function split(text: string, boundary: string, size = 7, limits?: Partial<MultipartLimits>): Promise<Plain[]> {
  const parts: Plain[] = []
  for await (const { headers, body } of splitMultipart(chunks(text, size), boundary, limits)) {
    parts.push([Object.fromEntries(headers), await readText(body)])
  }
  return parts
}

const fails = (code: MultipartErrorCode) => (error: unknown) => error instanceof MultipartError && error.code === code

// Everything that makes a search stumble: line ends, dashes, beginnings of boundaries, also longer lines like one.
const trickyBodies = [
  '',
  '\r',
  '\n',
  '\r\n',
  '\r\n--',
  '\r\n--boundar',
  'x--boundary',
  '\r\n--boundaryX\r\n',
  '\r\n--boundary-X',
  '\n\r\n\r\r\n-\n--\r',
  'plain',
]

function wire(bodies: readonly string[], end = '\r\n', boundary = 'boundary'): string {
  return `${bodies.map((body) => `--${boundary}${end}A: 1${end}${end}${body}${end}`).join('')}--${boundary}--${end}`
}

test('finds the parts wherever the chunks are cut', async () => {
  const text = wire(trickyBodies)
  for (let size = 1; size < 60; size += 1) {
    assert.deepEqual(
      (await split(text, 'boundary', size)).map(([, body]) => body),
      trickyBodies,
      `chunks of ${size}`,
    )
  }
})

test('gives back what was joined', async () => {
  const random = Uint8Array.from({ length: 70_000 }, (_, at) => (at * at * 31 + (at >> 3)) & 0xff)
  const parts = [random, random.subarray(1), bytesOf('')].map((body, at) => ({
    headers: { 'Content-Type': 'a/b', 'X-At': String(at) },
    body: [body],
  }))
  const found: [string | undefined, string][] = []
  for await (const { headers, body } of splitMultipart(joinMultipart(parts, 'b 1'), 'b 1'))
    found.push([headers.get('x-at'), await readText(body)])
  assert.deepEqual(
    found,
    parts.map(({ headers, body }) => [headers['X-At'], textOf(body[0] as Uint8Array)]),
  )
})

test('passes the bytes on without copying them', async () => {
  const whole = bytesOf(wire(['x'.repeat(100)]))
  async function* one(): AsyncGenerator<Uint8Array> {
    yield whole.subarray(0, 40)
    yield whole.subarray(40)
  }
  const buffers: ArrayBufferLike[] = []
  for await (const { body } of splitMultipart(one(), 'boundary'))
    for await (const piece of body) buffers.push(piece.buffer)
  assert.equal(buffers.at(-1), whole.buffer)
})

test('reads lines that end without CR and keeps a CR that belongs to the body', async () => {
  const bodies = ['binary\r', 'a\nb', '']
  for (let size = 1; size < 30; size += 1)
    assert.deepEqual(
      (await split(wire(bodies, '\n'), 'boundary', size)).map(([, body]) => body),
      bodies,
    )
})

test('overlooks text before the first and after the final boundary, and space behind one', async () => {
  const text = `preamble\r\n\r\n--b \t\r\nA: 1\r\n\r\nbody\r\n--b--  \r\nepilogue --b\r\n`
  for (let size = 1; size < 40; size += 1) assert.deepEqual(await split(text, 'b', size), [[{ a: '1' }, 'body']])
})

test('reads parts without headers, without body, and without either', async () => {
  const text = '--b\r\n\r\nbody\r\n--b\r\nA: 1\r\n\r\n--b\r\n\r\n\r\n--b--'
  for (let size = 1; size < 20; size += 1)
    assert.deepEqual(await split(text, 'b', size), [
      [{}, 'body'],
      [{ a: '1' }, ''],
      [{}, ''],
    ])
})

test('joins continued header lines and takes the first of two headers', async () => {
  const text =
    '--b\r\nContent-Type: application/dicom;\r\n  transfer-syntax=1.2\r\nContent-TYPE: x/y\r\n\r\n\r\n--b--\r\n'
  assert.deepEqual(await split(text, 'b'), [[{ 'content-type': 'application/dicom; transfer-syntax=1.2' }, '']])
})

test('skips what was not read of a part, and says so to a late reader', async () => {
  const text = wire(['first '.repeat(20), 'second', 'third'])
  const late: AsyncIterable<Uint8Array>[] = []
  const bodies: string[] = []
  let count = 0
  for await (const { body } of splitMultipart(chunks(text, 10), 'boundary')) {
    count += 1
    if (count === 1) late.push(body)
    if (count === 2) for await (const piece of body) if (piece.length > 0) break
    if (count === 3) bodies.push(await readText(body))
  }
  assert.deepEqual(bodies, ['third'])
  await assert.rejects(readText(late[0] as AsyncIterable<Uint8Array>), fails('part-abandoned'))
})

test('a body without its final boundary fails in its last part, after the whole ones', async () => {
  const whole = wire(['one', 'two'])
  for (let length = whole.indexOf('two'); length < whole.length - 2; length += 1) {
    const bodies: string[] = []
    await assert.rejects(async () => {
      for await (const { body } of splitMultipart(chunks(whole.slice(0, length), 9), 'boundary'))
        bodies.push(await readText(body))
    }, fails('missing-final-delimiter'))
    assert.deepEqual(bodies, ['one'], `cut at ${length}`)
  }
})

test('a cut-off part that nobody reads fails all the same', async () => {
  const read = async (): Promise<void> => {
    for await (const part of splitMultipart(chunks('--b\r\n\r\nhalf', 5), 'b')) void part
  }
  await assert.rejects(read, fails('missing-final-delimiter'))
})

test('names the fault of a body it cannot split', async () => {
  const faults: [MultipartErrorCode, string, Partial<MultipartLimits>?][] = [
    ['empty-body', ''],
    ['no-boundary', 'hello'],
    ['no-boundary', 'x'.repeat(500), { maxPreambleLength: 100 }],
    ['bad-header', '--b\r\nno colon\r\n\r\n\r\n--b--'],
    ['bad-delimiter', '--b \r\r\n\r\n\r\n--b--'],
    ['header-too-long', `--b\r\nA: ${'x'.repeat(200)}\r\n\r\n\r\n--b--`, { maxHeaderLength: 100 }],
    ['header-too-long', `--b\r\n${'A: x\r\n'.repeat(50)}\r\n\r\n--b--`, { maxHeaderLength: 100 }],
    ['too-many-parts', wire(['', '', ''], '\r\n', 'b'), { maxParts: 2 }],
    ['bad-delimiter', `--b--\r\n${'x'.repeat(200)}`, { maxPreambleLength: 100 }],
    ['missing-final-delimiter', '--b\r\nA: 1\r\n'],
    ['no-boundary', '--b'],
  ]
  for (const [code, text, limits] of faults)
    await assert.rejects(split(text, 'b', 16, limits), fails(code), `${code}: ${text.slice(0, 30)}`)
  for (const boundary of ['', 'a\r\nb', 'ends in space ', 'ü', 'x'.repeat(201)])
    await assert.rejects(split('--x', boundary), fails('bad-boundary'))
})

test('what joining adds to the bodies is known before they are there', async () => {
  for (const bodies of [[], ['one'], ['one', '', 'three'.repeat(100)]]) {
    const headers = bodies.map((_, at) => ({ 'Content-Type': 'a/b', 'X-Name': '\u00fc'.repeat(at) }))
    const parts = bodies.map((body, at) => ({ headers: headers[at] ?? {}, body: [bytesOf(body)] }))
    const joined = await readText(joinMultipart(parts, 'b'))
    assert.equal(multipartOverhead(headers, 'b') + bodies.join('').length, joined.length)
  }
  assert.throws(() => multipartOverhead([{ A: 'x\r\nB: y' }], 'b'), fails('bad-header'))
  assert.throws(() => multipartOverhead([], ''), fails('bad-boundary'))
})

test('a body of no parts is read and written', async () => {
  assert.deepEqual(await split('--b--', 'b'), [])
  assert.equal(await readText(joinMultipart([], 'b')), '--b--\r\n')
})

test('a piece that is all of a chunk may be emptied by its reader, also one that then stops', async () => {
  const text = wire(['a'.repeat(400), 'b'.repeat(400)])
  async function* own(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks(text, 50)) yield new Uint8Array(chunk)
  }
  let emptied = 0
  for await (const { body } of splitMultipart(own(), 'boundary')) {
    let left = 3
    for await (const piece of body) {
      if (piece.length === piece.buffer.byteLength) {
        ;(piece.buffer as ArrayBuffer).transfer(0)
        emptied += 1
      }
      left -= 1
      if (left === 0) break
    }
  }
  assert.ok(emptied >= 4, `${emptied}`)
})

test('leaves the source open, so that a server can still answer', async () => {
  let isClosed = false
  const source = chunks('--b\r\nbad\r\n\r\n', 100)
  const watched: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => source.next(),
      return: () => {
        isClosed = true
        return source.return(undefined)
      },
    }),
  }
  await assert.rejects(async () => {
    for await (const part of splitMultipart(watched, 'b')) void part
  }, fails('bad-header'))
  assert.equal(isClosed, false)
})

test('does not let a header value write headers of its own', async () => {
  for (const [name, value] of [
    ['A', 'x\r\nB: y'],
    ['A\r\nB', 'x'],
    ['A', 'x\ny'],
    ['A: ', 'x'],
    ['A', '€'],
  ] as const) {
    await assert.rejects(readText(joinMultipart([{ headers: { [name]: value }, body: [] }], 'b')), fails('bad-header'))
  }
})
