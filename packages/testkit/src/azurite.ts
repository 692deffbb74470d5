import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { makeSelfSigned } from './self-signed.ts'

export interface AzuriteOptions {
  /** HTTPS with a certificate of its own, and bearer tokens (`--oauth basic`) beside the account key. */
  hasTls?: boolean
  /** Keeps blobs in files instead of in memory, for tests with large ones. */
  isOnDisk?: boolean
}

export interface RunningAzurite {
  connectionString: string
  /** Of the account, e.g. `https://127.0.0.1:40000/instandt`. */
  url: string
  account: string
  accountKey: string
  /** PEM of the certificate to trust, and a file with it for NODE_EXTRA_CA_CERTS; with `hasTls` alone. */
  certificate?: string
  certificateFile?: string
  stop: () => Promise<void>
}

/** Ends Azurite and removes its folder when our end of its standard input closes: however this process ends. */
const endWithParent = `data:text/javascript,${encodeURIComponent(`
  import { rmSync } from 'node:fs'
  process.stdin.resume().on('end', () => {
    rmSync(process.cwd(), { recursive: true, force: true })
    process.exit(0)
  })`)}`

/** Starts Azurite's blob service on 127.0.0.1 and any free port. */
export async function startAzurite(options: AzuriteOptions = {}): Promise<RunningAzurite> {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-azurite-'))
  const account = 'instandt'
  const accountKey = randomBytes(64).toString('base64')
  const args = ['--blobHost', '127.0.0.1', '--blobPort', '0', '--disableTelemetry', '--skipApiVersionCheck']
  args.push(...(options.isOnDisk === true ? ['--location', folder] : ['--inMemoryPersistence']))
  const certificateFile = path.join(folder, 'certificate.pem')
  let certificate: string | undefined
  if (options.hasTls === true) {
    const made = makeSelfSigned()
    certificate = made.certificate
    const keyFile = path.join(folder, 'key.pem')
    await writeFile(certificateFile, made.certificate)
    await writeFile(keyFile, made.key, { mode: 0o600 })
    args.push('--cert', certificateFile, '--key', keyFile, '--oauth', 'basic')
  }

  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js')
  const child = spawn(process.execPath, ['--import', endWithParent, main, ...args], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', AZURITE_ACCOUNTS: `${account}:${accountKey}` },
  })
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.ref()
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const origin = await new Promise<string>((resolve, reject) => {
      const words: string[] = []
      const listen = (line: string): void => {
        words.push(line)
        const found = /successfully listens on (https?:\/\/\S+)/.exec(line)?.[1]
        if (found !== undefined) resolve(found)
      }
      createInterface({ input: child.stdout }).on('line', listen)
      createInterface({ input: child.stderr }).on('line', listen)
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`Azurite ended with ${code}:\n${words.slice(-20).join('\n')}`)))
    })
    child.unref()
    for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref(): void }).unref()
    const url = `${origin}/${account}`
    const protocol = new URL(origin).protocol.slice(0, -1)
    return {
      connectionString: `DefaultEndpointsProtocol=${protocol};AccountName=${account};AccountKey=${accountKey};BlobEndpoint=${url};`,
      url,
      account,
      accountKey,
      ...(certificate === undefined ? {} : { certificate, certificateFile }),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

let ownServer: Promise<string> | undefined

/** The run's Azurite, or one of this process, started at first need; it ends with the process. */
export function testAzurite(): Promise<string> {
  const given = process.env['INSTANDT_TEST_AZURITE']
  ownServer ??= given ? Promise.resolve(given) : startAzurite().then((server) => server.connectionString)
  return ownServer
}
