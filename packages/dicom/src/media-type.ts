/** A media type or media range with its parameters (RFC 9110 8.3.1, 12.5.1). */
export interface MediaType {
  /** Lower case: 'multipart/related', 'application/dicom', and with wildcards. */
  type: string
  /** Names in lower case, values as sent and without their quotes; the weight q is not among them. */
  parameters: Map<string, string>
}

/** One range of an Accept header. */
export interface AcceptRange extends MediaType {
  /** 0 to 1; 1 where none was written. */
  weight: number
}

/** A Content-Type that is not one. */
export class MediaTypeError extends Error {
  override readonly name = 'MediaTypeError'
}

// Longer ones are nothing that a client means; everything below is linear in this.
const maxLength = 64 * 1024

/** Splits at a sign, but not inside quotes. A quote left open reaches to the end. */
function splitOutsideQuotes(text: string, sign: ',' | ';'): string[] {
  const pieces: string[] = []
  let isQuoted = false
  let start = 0
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]
    if (isQuoted && letter === '\\') at += 1
    else if (letter === '"') isQuoted = !isQuoted
    else if (letter === sign && !isQuoted) {
      pieces.push(text.slice(start, at))
      start = at + 1
    }
  }
  pieces.push(text.slice(start))
  return pieces
}

function unquote(text: string): string {
  const value = text.trim()
  if (value.startsWith('"'))
    return value.slice(1, value.length > 1 && value.endsWith('"') ? -1 : undefined).replace(/\\(.)/gs, '$1')
  // Not allowed, yet sent by scripts that quote for a shell.
  return value.length > 1 && value.startsWith("'") && value.endsWith("'") ? value.slice(1, -1) : value
}

function parseParameters(pieces: readonly string[], parameters: Map<string, string>): void {
  for (const piece of pieces) {
    const equals = piece.indexOf('=')
    if (equals < 0) continue
    const name = piece.slice(0, equals).trim().toLowerCase()
    // The first one counts, as in PS3.18's own examples of repeated parameters.
    if (name !== '' && !parameters.has(name)) parameters.set(name, unquote(piece.slice(equals + 1)))
  }
}

function parseRange(text: string): MediaType | undefined {
  const [head = '', ...pieces] = splitOutsideQuotes(text, ';')
  const type = unquote(head).trim().toLowerCase()
  // '*' alone is what some HTTP libraries send for "anything".
  const isWellFormed = /^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/.test(type)
  if (!isWellFormed && type !== '*') return undefined
  const parameters = new Map<string, string>()
  parseParameters(pieces, parameters)
  // Seen: type="application/dicom; transfer-syntax=1.2.840…", the inner type's parameters within its quotes.
  const inner = parameters.get('type')
  if (inner?.includes(';')) {
    const [innerType = '', ...innerPieces] = splitOutsideQuotes(inner, ';')
    parameters.set('type', innerType.trim())
    parseParameters(innerPieces, parameters)
  }
  return { type: type === '*' ? '*/*' : type, parameters }
}

/**
 * Reads a Content-Type. Parameters may be quoted or not, also where a quote is required (type=application/dicom).
 * Throws MediaTypeError when there is no type/subtype.
 */
export function parseMediaType(value: string): MediaType {
  const parsed = value.length > maxLength ? undefined : parseRange(value)
  if (!parsed) throw new MediaTypeError(`Not a media type: ${JSON.stringify(value.slice(0, 100))}.`)
  return parsed
}

/** 1 when absent or unreadable: a client that cannot write its weight still wants the type. */
function weightOf(parameters: ReadonlyMap<string, string>): number {
  const weight = Number(parameters.get('q') ?? '1')
  return weight >= 0 && weight <= 1 ? weight : 1
}

const wildcards = (type: string): number => (type === '*/*' ? 2 : type.endsWith('/*') ? 1 : 0)

/**
 * Reads an Accept header (several of them may be joined by commas), most wanted first: by q, then named types before
 * wildcards, then as sent. Ranges with q=0 and those that cannot be read are left out.
 */
export function parseAccept(value: string): AcceptRange[] {
  const ranges: AcceptRange[] = []
  if (value.length > maxLength) return []
  for (const text of splitOutsideQuotes(value, ',')) {
    const range = parseRange(text)
    if (!range) continue
    const weight = weightOf(range.parameters)
    range.parameters.delete('q')
    if (weight > 0) ranges.push({ ...range, weight })
  }
  return ranges.sort((a, b) => b.weight - a.weight || wildcards(a.type) - wildcards(b.type))
}
