/** An answer that was asked for before what needs it was there (early.ts), read to its end. */
type EarlyAnswer = Pick<Response, 'ok' | 'status' | 'headers'> & { bytes: ArrayBuffer }

const answers = new Map<string, Promise<EarlyAnswer>>()

/** What nobody comes for until then is forgotten: it would be too old. */
const keptMs = 15_000

/** Asks now for what `askServer` will be asked for soon; small things, for they are read at once. */
export function askEarly(url: string, accept: string): Promise<EarlyAnswer> {
  const asking = ask(url, accept)
  answers.set(url, asking)
  setTimeout(() => {
    if (answers.get(url) === asking) answers.delete(url)
  }, keptMs)
  // Told to whoever takes it.
  asking.catch(() => undefined)
  return asking
}

async function ask(url: string, accept: string): Promise<EarlyAnswer> {
  const answer = await fetch(url, { headers: { accept } })
  const { ok, status, headers } = answer
  return { ok, status, headers, bytes: await answer.arrayBuffer() }
}

/** As `fetch`; what was asked for early is taken, once. */
export async function askServer(url: string, init: RequestInit): Promise<Response> {
  const early = (init.method ?? 'GET') === 'GET' ? answers.get(url) : undefined
  if (!early) return fetch(url, init)
  answers.delete(url)
  const { bytes, status, headers } = await early
  init.signal?.throwIfAborted()
  return new Response(bytes, { status, headers })
}
