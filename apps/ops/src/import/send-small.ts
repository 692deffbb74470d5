import {
  batchLimits,
  type BatchFile,
  type Pace,
  planBatch,
  sendBatch,
  type StoreReason,
  type StoreVerdict,
} from '@instandt/api'
import { askKnown, type KnownFile, tokenOver } from './ask-known.ts'
import type { Effort } from './effort.ts'
import type { Settlement } from './journal.ts'
import type { Target } from './target.ts'

/** A small object on its way. */
export interface SmallObject extends BatchFile {
  path: Uint8Array
  /** Hexadecimal. */
  sha256: string
}

/** Sends what the server has not, several in a request, and asks for the SHA-256 of what it stored. */
export async function sendSmall(
  objects: readonly SmallObject[],
  { target, effort, pace }: { target: Target; effort: Effort; pace: Pace },
): Promise<Settlement[]> {
  const before = await askKnown(
    objects.map(({ sha256 }) => sha256),
    { target, effort },
  )
  const verdicts = new Map<string, StoreVerdict>()
  // The same bytes twice are sent once.
  const firsts = new Map(objects.filter(({ sha256 }) => !before.has(sha256)).map((one) => [one.sha256, one] as const))
  let waiting = [...firsts.values()]
  const key = {}
  try {
    while (waiting.length > 0) {
      const { bytes, files } = pace.limits()
      const batch = waiting.splice(0, planBatch(waiting, { bytes, files: Math.min(files, batchLimits.files) }))
      const again = await sendBatch(batch, {
        send: target.send,
        gate: effort.gate,
        pace,
        isReachable: target.isReachable,
        onSignedOut: () => effort.fail(tokenOver(target)),
        onWait: (until) => (until === undefined ? undefined : effort.waiting(key, `${target.address} does not answer`)),
        onChange: () => undefined,
        settle(object, verdict) {
          verdicts.set(object.sha256, verdict)
          if (verdict.state !== 'failed') effort.progressed()
        },
      })
      waiting = [...again, ...waiting]
    }
  } finally {
    effort.waiting(key, undefined)
  }
  const stored = [...verdicts].filter(([, { state }]) => state !== 'refused' && state !== 'failed')
  const after = await askKnown(
    stored.map(([sha256]) => sha256),
    { target, effort },
  )
  return objects.map((object) => {
    const { path, size, sha256, sopInstanceUid } = object
    const known = before.get(sha256)
    const verdict = verdicts.get(sha256)
    const became = known ? knownAs(known, target) : settled(verdict, after.has(sha256))
    if (became.state === 'stored' && firsts.get(sha256) !== object) became.state = 'known'
    return { path, byteSize: size, sha256, sopInstanceUid: sopInstanceUid ?? known?.sopInstanceUid, ...became }
  })
}

/** Bytes the server had before. In another project they are not where they should be, and cannot be stored twice. */
export function knownAs(known: KnownFile, { project }: Target): Pick<Settlement, 'state' | 'reason'> {
  if (known.project === project) return { state: 'known' }
  return { state: 'refused', reason: `stored already, in the project '${known.project}'` }
}

function settled(verdict: StoreVerdict | undefined, isConfirmed: boolean): Pick<Settlement, 'state' | 'reason'> {
  if (verdict === undefined) return { state: 'failed', reason: 'it was not sent' }
  const words = verdict.reason && reasonWords(verdict.reason)
  const reason = words === undefined ? {} : { reason: words }
  switch (verdict.state) {
    case 'refused':
    case 'failed':
      return { state: verdict.state, ...reason }
    case 'present':
      // It compared them with the file as it came, which a correction has replaced since.
      return { state: 'known', ...(isConfirmed ? {} : { reason: 'known as an earlier version, corrected since' }) }
    case 'stored':
    case 'warned':
      return isConfirmed
        ? { state: 'stored', ...reason }
        : { state: 'failed', reason: 'the server does not confirm the SHA-256 of what it stored' }
  }
}

const words: Partial<Record<StoreReason['key'], string>> = {
  network: 'no answer',
  noAnswer: 'the server does not say what became of it',
  tooLarge: 'larger than the server allows',
}

function reasonWords({ key, code, text }: StoreReason): string {
  const named = [words[key], code].filter((part) => part !== undefined).join(' ')
  return [named, text].filter((part) => part !== undefined && part !== '').join(': ')
}
