import { formatBytes, formatSeconds } from './report.ts'

/** How far it is, told again and again. */
export interface Progress {
  /** What is being done, and how much there is of it where that is known. */
  begin(what: string, files?: number, bytes?: number): void
  add: (files: number, bytes?: number) => void
  fault(): void
  stop(): void
}

const terminalMs = 500
const lineMs = 30_000
/** The rate is that of the last so many looks. */
const looks = 60

export interface ProgressOptions {
  say: (line: string) => void
  /** Why nothing goes forward at the moment. */
  wait: () => string | undefined
  /** Where one line is written over and over; undefined: a line now and then. */
  terminal?: { write(text: string): unknown; columns?: number } | undefined
}

export function startProgress({ say, wait, terminal }: ProgressOptions): Progress {
  let what = ''
  let total = { files: 0, bytes: 0 }
  let done = { files: 0, bytes: 0 }
  let faults = 0
  let past: { at: number; files: number; bytes: number }[] = []

  const words = (): string => {
    past = [...past.slice(1 - looks), { at: performance.now(), ...done }]
    const [first, last] = [past[0], past.at(-1)]
    const seconds = first && last ? (last.at - first.at) / 1000 : 0
    // By bytes where there are lengths, else by number.
    const unit = total.bytes > 0 ? 'bytes' : 'files'
    const rate = first && last && seconds > 0 ? (last[unit] - first[unit]) / seconds : 0
    const waits = wait()
    return [
      `${what}: ${done.files.toLocaleString('en')}${total.files > 0 ? ` of ${total.files.toLocaleString('en')}` : ''}`,
      ...(total.bytes > 0 ? [`${formatBytes(done.bytes)} of ${formatBytes(total.bytes)}`] : []),
      ...(rate > 0 ? [unit === 'bytes' ? `${formatBytes(rate)}/s` : `${rate.toFixed(0)}/s`] : []),
      ...(rate > 0 && total[unit] > 0 ? [`${formatSeconds((total[unit] - done[unit]) / rate)} left`] : []),
      ...(faults > 0 ? [`${faults} refused or failed`] : []),
      ...(waits === undefined ? [] : [`waiting: ${waits}`]),
    ].join(' · ')
  }
  const show = (): void => {
    if (what === '') return
    if (terminal) terminal.write(`\r\x1b[K${words().slice(0, (terminal.columns ?? 80) - 1)}`)
    else say(words())
  }
  const timer = setInterval(show, terminal ? terminalMs : lineMs)

  return {
    begin(next, files = 0, bytes = 0) {
      what = next
      total = { files, bytes }
      done = { files: 0, bytes: 0 }
      past = []
    },
    add(files, bytes = 0) {
      done = { files: done.files + files, bytes: done.bytes + bytes }
    },
    fault: () => void (faults += 1),
    stop() {
      clearInterval(timer)
      if (terminal && what !== '') terminal.write('\r\x1b[K')
    },
  }
}
