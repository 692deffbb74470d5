import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import path from 'node:path'
import { type Context, numberOf } from '../context.ts'
import { OpsError } from '../ops-error.ts'

/** What the command line and the environment ask for. */
export interface ImportOptions {
  source: { folder: string } | { base: string; authorization: string | undefined }
  /** Scheme, host and port. */
  target: string
  /** Undefined in a dry run. */
  token: string | undefined
  project: string | undefined
  report: string
  journal: string
  spoolDir: string
  parallel: number
  patienceMs: number
  mode: 'bring' | 'verify' | 'dry-run'
  withRefused: boolean
}

/** @throws OpsError (wrong usage), in words for people */
export async function readOptions(context: Context): Promise<ImportOptions> {
  const { values, config } = context
  const text = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const [word = ''] = context.words
  const report = path.resolve(text('report') ?? 'instandt-import.csv')
  if (!/\.(csv|jsonl)$/.test(report)) throw new OpsError('--report is a file that ends with .csv or .jsonl', 2)
  const target = text('to')
  if (target === undefined)
    throw new OpsError('--to names the instaNDT that takes the archive: https://ndt.example.com', 2)
  if (context.isDryRun && values['verify'] === true) throw new OpsError('either --dry-run or --verify', 2)
  const mode = context.isDryRun ? 'dry-run' : values['verify'] === true ? 'verify' : 'bring'
  const authorization = await secret(text('source-authorization-file'), config.INSTANDT_SOURCE_AUTHORIZATION)
  const token = await secret(text('token-file'), config.INSTANDT_TOKEN)
  if (token === undefined && mode !== 'dry-run')
    throw new OpsError('set INSTANDT_TOKEN, or name a file with the token in --token-file', 2)
  return {
    source: /^https?:\/\//i.test(word)
      ? sourceOf(word, authorization, values['source-in-the-clear'] === true)
      : { folder: word },
    target: targetOf(target),
    token,
    project: text('project'),
    report,
    journal: `${report}.journal`,
    spoolDir: `${report}.spool`,
    parallel: numberOf(context, 'parallel', 1, 16),
    patienceMs: numberOf(context, 'wait', 0, 1440) * 60_000,
    mode,
    withRefused: values['retry-refused'] === true,
  }
}

/** Never an argument, which others on the machine could see. */
async function secret(file: string | undefined, fromEnvironment: string | undefined): Promise<string | undefined> {
  if (file === undefined) return fromEnvironment
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new OpsError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, 2, {
      cause,
    })
  })
  const value = text.trim()
  if (!/^[\x20-\x7e]+$/.test(value)) throw new OpsError(`${file} holds no single line of plain signs`, 2)
  return value
}

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))

function parseUrl(text: string, name: string): URL {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) throw new OpsError(`${name} is no address: https://…`, 2)
  if (url.username !== '' || url.password !== '')
    throw new OpsError(`${name} must not hold a name or password: others on the machine could see them`, 2)
  if (url.search !== '' || url.hash !== '') throw new OpsError(`${name} ends before any '?' or '#'`, 2)
  return url
}

function targetOf(text: string): string {
  const url = parseUrl(text, '--to')
  if (url.pathname !== '/') throw new OpsError(`--to is scheme, host and port alone: ${url.origin}`, 2)
  if (url.protocol === 'http:' && !isLoopback(url))
    throw new OpsError('--to is https, or on this machine: the token would go over the network in the clear', 2)
  return url.origin
}

function sourceOf(
  text: string,
  authorization: string | undefined,
  isClearAllowed: boolean,
): { base: string; authorization: string | undefined } {
  const url = parseUrl(text, 'the source')
  if (url.protocol === 'http:' && authorization !== undefined && !isLoopback(url) && !isClearAllowed)
    throw new OpsError(
      'the source is https, or on this machine: its authorization would go over the network in the clear (--source-in-the-clear allows it)',
      2,
    )
  return { base: `${url.origin}${url.pathname.replace(/\/+$/, '')}`, authorization }
}
