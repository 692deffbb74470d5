import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { brotliCompressSync } from 'node:zlib'
import Fastify, { type FastifyInstance } from 'fastify'
import { frontendRoutes, pageAddress } from './server.ts'

let root: string
let app: FastifyInstance

before(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'instandt-pages-'))
  await mkdir(path.join(root, 'assets'))
  const page = await readFile(path.join(import.meta.dirname, '../index.html'), 'utf8')
  await writeFile(path.join(root, 'index.html'), page)
  await writeFile(path.join(root, 'favicon.svg'), '<svg/>')
  await writeFile(path.join(root, 'assets/index-abc.js'), 'let plain')
  await writeFile(path.join(root, 'assets/index-abc.js.br'), brotliCompressSync('let packed'))
  await writeFile(path.join(root, '.stamp'), 'secret')
  app = Fastify()
  app.get('/api/known', async () => ({ ok: true }))
  await frontendRoutes(app, { root })
  await app.ready()
})

after(async () => {
  await app.close()
  await rm(root, { recursive: true, force: true })
})

const get = (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers })

test('every address of the router is a page', async () => {
  const router = await readFile(path.join(import.meta.dirname, 'router.tsx'), 'utf8')
  const addresses = [...router.matchAll(/path: '([^']+)'/g)].map((match) => (match[1] ?? '').replace(/\$\w+/g, '1.2.3'))
  assert.ok(addresses.length >= 4)
  for (const address of addresses) {
    assert.match(address, pageAddress)
    const answer = await get(address)
    assert.equal(answer.statusCode, 200, address)
    assert.match(answer.headers['content-type'] as string, /^text\/html/)
  }
})

test('an unknown address shows the app to a browser and is still a 404', async () => {
  const answer = await get('/nowhere', { accept: 'text/html,*/*;q=0.8' })
  assert.equal(answer.statusCode, 404)
  assert.match(answer.body, /<div id="root">/)
})

test('interfaces and assets never fall back to a page', async () => {
  for (const address of ['/api/unknown', '/dicom-web/studies', '/assets/gone-123.js', '/health/x', '/api']) {
    const answer = await get(address, { accept: 'text/html' })
    assert.equal(answer.statusCode, 404, address)
    assert.doesNotMatch(answer.body, /<html/, address)
  }
  assert.equal((await get('/api/known')).json<{ ok: boolean }>().ok, true)
})

test('the page names the nonce of its own policy, a new one at every answer, and is stored nowhere', async () => {
  const nonces = []
  for (let time = 0; time < 2; time += 1) {
    const answer = await get('/')
    const nonce = /'nonce-([^']+)'/.exec(answer.headers['content-security-policy'] as string)?.[1] ?? ''
    assert.ok(nonce.length >= 22)
    assert.ok(answer.body.includes(`content="${nonce}"`))
    assert.equal(answer.headers['cache-control'], 'no-store')
    nonces.push(nonce)
  }
  assert.notEqual(nonces[0], nonces[1])
})

test('the policy allows no foreign source, no inline script, no eval and no frame around us', async () => {
  const policy = (await get('/')).headers['content-security-policy'] as string
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval';/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|\*/)
})

test('the page holds no inline script and no inline style', async () => {
  const { body } = await get('/')
  assert.doesNotMatch(body, /<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=/)
})

test('files with a hash in their name are kept for ever, the others are asked for again', async () => {
  assert.match((await get('/assets/index-abc.js')).headers['cache-control'] as string, /immutable/)
  assert.equal((await get('/favicon.svg')).headers['cache-control'], 'no-cache')
})

test('a compressed file is sent to those who take it and the plain one to the others', async () => {
  const packed = await get('/assets/index-abc.js', { 'accept-encoding': 'gzip, br' })
  assert.equal(packed.headers['content-encoding'], 'br')
  assert.match(packed.headers['content-type'] as string, /javascript/)
  assert.match(packed.headers['vary'] as string, /accept-encoding/i)
  assert.equal((await get('/assets/index-abc.js')).body, 'let plain')
})

test('neither the raw page nor hidden files nor anything above the folder can be had', async () => {
  for (const address of [
    '/index.html',
    '/.stamp',
    '/assets/../.stamp',
    '/assets/%2e%2e/.stamp',
    '/..%2f..%2fetc/passwd',
  ]) {
    const answer = await get(address)
    assert.equal(answer.statusCode >= 400, true, address)
    assert.doesNotMatch(answer.body, /secret|__CSP_NONCE__|root:/, address)
  }
})

test('every answer forbids guessing its type', async () => {
  for (const address of ['/', '/favicon.svg', '/assets/index-abc.js']) {
    assert.equal((await get(address)).headers['x-content-type-options'], 'nosniff', address)
  }
})
