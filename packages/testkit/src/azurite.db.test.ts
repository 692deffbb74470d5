import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import https from 'node:https'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeSelfSigned, startAzurite } from './index.ts'

async function isUp(url: string): Promise<boolean> {
  return await fetch(url).then(
    () => true,
    () => false,
  )
}

test('the certificate vouches for the loopback address alone and for a day', () => {
  const { certificate, key } = makeSelfSigned()
  const read = new X509Certificate(certificate)
  assert.ok(read.verify(read.publicKey))
  assert.equal(read.checkIP('127.0.0.1'), '127.0.0.1')
  assert.equal(read.checkHost('localhost'), 'localhost')
  assert.equal(read.checkIP('127.0.0.2'), undefined)
  const days = (Date.parse(read.validTo) - Date.now()) / 86_400_000
  assert.ok(days > 0.9 && days < 1.1)
  assert.match(key, /^-----BEGIN PRIVATE KEY-----/)
})

test('over TLS it answers those who trust its certificate, and stops', async () => {
  const azurite = await startAzurite({ hasTls: true })
  const ask = (ca?: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      https
        .get(`${azurite.url}?comp=list`, { ca, agent: false }, (reply) => resolve(reply.statusCode))
        .on('error', reject)
    })
  // Without credentials: reached, and refused.
  assert.equal(await ask(azurite.certificate), 403)
  await assert.rejects(ask(), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  await azurite.stop()
  await assert.rejects(ask(azurite.certificate), { code: 'ECONNREFUSED' })
})

test('ends with a killed program and leaves no files', async () => {
  const program = `
    import { startAzurite } from ${JSON.stringify(new URL('./azurite.ts', import.meta.url).href)}
    const azurite = await startAzurite({ hasTls: true })
    process.stdout.write(JSON.stringify(azurite))
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [answer] = (await once(child.stdout, 'data')) as [Buffer]
  const { url, certificateFile } = JSON.parse(answer.toString()) as { url: string; certificateFile: string }
  const folder = path.dirname(certificateFile)
  await stat(folder)
  child.kill('SIGKILL')
  let isGone = false
  for (let turn = 0; turn < 100 && !isGone; turn++) {
    await sleep(50)
    isGone = !(await isUp(url)) && (await stat(folder).catch(() => undefined)) === undefined
  }
  assert.ok(isGone)
})
