import { randomBytes } from 'node:crypto'

/** One of the installation's encryption keys. */
export interface Key {
  id: string
  /** 32 */
  bytes: Buffer
}

/** The keys in force: the newest seals, all open. */
export interface KeySource {
  newest(): Promise<Key>
  /** The newest that is known, without waiting for a source that is being asked again: for what only names things. */
  lastKnown(): Promise<Key>
  /** Asks the source again before it says no: another server may have begun to use a newer key. */
  find(id: string): Promise<Key | undefined>
}

/** `id:base64url`, as it stands in SECRET_KEYS. */
export function newKey(): string {
  return `${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64url')}`
}

/**
 * Reads `id:base64url(32 bytes)` separated by spaces, newest first.
 * @throws Error that names the entry by its number and never shows it
 */
export function parseKeys(text: string): Key[] {
  const entries = text.trim().split(/\s+/)
  return entries.map((entry, index) => {
    const [, id, value] = /^([a-zA-Z0-9]{1,32}):([\w-]+)$/.exec(entry) ?? []
    const bytes = Buffer.from(value ?? '', 'base64url')
    if (id === undefined || bytes.length !== 32)
      throw new Error(`key ${index + 1} of ${entries.length} is not id:base64url of 32 bytes`)
    return { id, bytes }
  })
}

/** @param readText the keys' text now; asked again after `maxAgeMs`, and when a key is not among them */
export function createKeySource(readText: () => Promise<string>, maxAgeMs: number): KeySource {
  let known: { keys: Key[]; at: number } | undefined
  let asking: Promise<Key[]> | undefined
  const ask = async (): Promise<Key[]> => {
    try {
      known = { keys: parseKeys(await readText()), at: Date.now() }
    } catch (error) {
      if (!known) throw error
      // Older keys still open and seal; the source is asked again in a while.
      known.at = Date.now()
    }
    return known.keys
  }
  const read = async (isFresh: boolean): Promise<Key[]> => {
    if (known && Date.now() - known.at < (isFresh ? 1000 : maxAgeMs)) return known.keys
    return (asking ??= ask().finally(() => (asking = undefined)))
  }
  const first = ([key]: readonly Key[]): Key => {
    if (!key) throw new Error('there is no key')
    return key
  }
  return {
    newest: async () => first(await read(false)),
    async lastKnown() {
      const asked = read(false)
      if (!known) return first(await asked)
      asked.catch(() => undefined)
      return first(known.keys)
    },
    async find(id) {
      const here = (await read(false)).find((key) => key.id === id)
      return here ?? (await read(true)).find((key) => key.id === id)
    },
  }
}
