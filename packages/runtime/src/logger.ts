import { type DestinationStream, type Level, type Logger, pino } from 'pino'
import { prettyLines } from './pretty-lines.ts'

export type { Logger }

export interface LoggerOptions {
  /** The process, e.g. `backend`; on every line. */
  name: string
  level?: Level | 'silent'
  /** One readable line instead of JSON. Default: only when standard output is a terminal. */
  isPretty?: boolean
  /** Standard output unless given. */
  destination?: DestinationStream
}

const secretKeys = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'password',
  'connectionString',
  'secret',
  'clientSecret',
  'accountKey',
  'token',
  'accessToken',
  'refreshToken',
]
const string = '"(?:[^"\\\\]|\\\\.)*"'
const secretMember = new RegExp(`"(${secretKeys.join('|')})":\\s*(?:${string}|\\[[^\\]]*\\])`, 'gi')
// Bounded where a long text could make a pattern start at every letter: lines hold text from outside.
const secretInText: [RegExp, string][] = [
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@"\\]*):[^\s/"\\]*@/gi, '$1:[redacted]@'],
  [/\b(AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)=[^;\s"\\]+/gi, '$1=[redacted]'],
  [/([?&]sig)=[^&\s"\\]+/gi, '$1=[redacted]'],
  [/\b(Bearer|Basic) [A-Za-z0-9._~+/=-]{8,}/g, '$1 [redacted]'],
]

/** Masks secrets in one finished line of log: by member name at any depth, and connection strings inside texts. */
export function redactLine(line: string): string {
  let clean = line.replace(secretMember, '"$1":"[redacted]"')
  for (const [pattern, replacement] of secretInText) clean = clean.replace(pattern, replacement)
  return clean
}

/**
 * The process's logger: JSON lines with time, level, name; secrets masked on the finished line, so that none slips
 * through in an error's text or a deep object.
 */
export function createLogger(options: LoggerOptions): Logger {
  const isPretty = options.isPretty ?? (options.destination === undefined && process.stdout.isTTY === true)
  const destination = options.destination ?? pino.destination({ fd: 1, sync: true })
  return pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      base: {},
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: redactLine },
    },
    isPretty ? prettyLines(destination) : destination,
  )
}
