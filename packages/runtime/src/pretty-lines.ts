import type { DestinationStream } from 'pino'

interface Line {
  time: string
  level: string
  name?: string
  msg?: string
  err?: { message?: string; stack?: string }
  [key: string]: unknown
}

const colours: Record<string, number> = { fatal: 31, error: 31, warn: 33, info: 32, debug: 36, trace: 90 }

/** Turns JSON lines into single readable ones, for a person at a terminal. */
export function prettyLines(destination: DestinationStream): DestinationStream {
  return {
    write(text) {
      const { time, level, name, msg, err, ...rest } = JSON.parse(text) as Line
      const colour = colours[level] ?? 0
      const clock = new Date(time).toLocaleTimeString('en-GB', { hour12: false })
      const members = Object.entries(rest).map(
        ([key, value]) => `${key}=${typeof value === 'string' ? printable(value) : JSON.stringify(value)}`,
      )
      const head = `\u001B[90m${clock}\u001B[0m \u001B[${colour}m${level.padEnd(5)}\u001B[0m`
      const stack = err === undefined ? '' : `\n${err.stack ?? err.message ?? ''}`
      const body = [name === undefined ? '' : `${name}:`, printable(msg ?? ''), ...members].filter(Boolean).join(' ')
      destination.write(`${head} ${body}${stack}\n`)
    },
  }
}

/** Text from outside must not move the cursor, change colours or fake a second line. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return `\\u${code.toString(16).padStart(4, '0')}`
  })
}
