// A client as cheap as it can be, since it shares the cores with the server it measures: one request after the other over a
// raw connection, read into memory made once. It knows HTTP/1.1 as far as DICOMweb servers speak it.
import net from 'node:net'

export interface Answer {
  status: number
  /** Names in lower case. */
  headers: Map<string, string>
  byteLength: number
  /** Empty when it was only counted. Its memory is the connection's: good until something is awaited. */
  body: Buffer
}

export interface Request {
  method: string
  path: string
  headers: Record<string, string | number>
  body?: readonly Uint8Array[]
  /** Counts the body's bytes and drops them. */
  isDrained?: boolean
}

const readBytes = 256 * 1024
const blank = Buffer.from('\r\n\r\n')

export interface Connection {
  send(request: Request): Promise<Answer>
  isOpen(): boolean
  close(): void
}

/** @throws when the server cannot be reached, or ends the connection within an answer */
export async function openConnection({ hostname, port, host }: URL): Promise<Connection> {
  const reader = new AnswerReader()
  let settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined
  let isOpen = true

  const fail = (error: Error): void => {
    isOpen = false
    settle?.reject(error)
    settle = undefined
  }
  const settleWith = (answer: Answer | undefined): void => {
    if (!answer) return
    if (answer.headers.get('connection')?.toLowerCase() === 'close') isOpen = false
    settle?.resolve(answer)
    settle = undefined
  }
  const buffer = Buffer.allocUnsafeSlow(readBytes)
  const socket = net.connect({
    host: hostname,
    port: Number(port),
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        try {
          settleWith(reader.take(buffer.subarray(0, length)))
        } catch (error) {
          fail(error as Error)
          socket.destroy()
        }
        return true
      },
    },
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.on('error', fail)
  socket.on('close', () => {
    settleWith(reader.takeEnd())
    fail(new Error('the server closed the connection'))
  })

  return {
    isOpen: () => isOpen,
    close: () => socket.destroy(),
    send({ method, path, headers, body = [], isDrained = false }) {
      reader.begin(isDrained)
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      return new Promise<Answer>((resolve, reject) => {
        settle = { resolve, reject }
        socket.cork()
        socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}\r\n`)
        for (const piece of body) socket.write(piece)
        socket.uncork()
      })
    },
  }
}

/** Puts the answers of one connection together. */
class AnswerReader {
  #memory = Buffer.alloc(0)
  #isDrained = false
  #head: Buffer = Buffer.alloc(0)
  #status = 0
  #headers: Map<string, string> | undefined
  #byteLength = 0
  /** Of the body or of the current chunk. */
  #left = 0
  #isChunked = false
  /** A chunk's size line that ended within a read. */
  #line = ''
  #isLast = false

  begin(isDrained: boolean): void {
    this.#isDrained = isDrained
    this.#head = Buffer.alloc(0)
    this.#headers = undefined
    this.#byteLength = 0
    this.#line = ''
    this.#isLast = false
  }

  /** @returns the answer once it is whole */
  take(bytes: Buffer): Answer | undefined {
    const rest = this.#headers ? bytes : this.#takeHead(bytes)
    if (rest === undefined) return undefined
    if (this.#isChunked) return this.#takeChunks(rest) ? this.#answer() : undefined
    this.#takeBytes(rest)
    return this.#left === 0 ? this.#answer() : undefined
  }

  /** The connection's end, which is the end of an answer without a length. */
  takeEnd(): Answer | undefined {
    return this.#left === Number.POSITIVE_INFINITY ? this.#answer() : undefined
  }

  #answer(): Answer {
    const body = this.#memory.subarray(0, this.#isDrained ? 0 : this.#byteLength)
    const headers = this.#headers ?? new Map<string, string>()
    this.#left = 0
    return { status: this.#status, headers, byteLength: this.#byteLength, body }
  }

  #takeHead(bytes: Buffer): Buffer | undefined {
    const seen = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes])
    const end = seen.indexOf(blank)
    if (end < 0) {
      this.#head = Buffer.from(seen)
      return undefined
    }
    const [first = '', ...lines] = seen.toString('latin1', 0, end).split('\r\n')
    this.#status = Number(first.split(' ')[1])
    this.#headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    this.#isChunked = this.#headers.get('transfer-encoding')?.toLowerCase() === 'chunked'
    const toTheEnd = this.#status === 204 ? 0 : Number.POSITIVE_INFINITY
    this.#left = this.#isChunked ? 0 : Number(this.#headers.get('content-length') ?? toTheEnd)
    return seen.subarray(end + blank.length)
  }

  #takeBytes(bytes: Buffer): void {
    if (bytes.length > this.#left) throw new Error('the answer is longer than its length')
    if (!this.#isDrained) {
      const needed = this.#byteLength + (Number.isFinite(this.#left) ? this.#left : bytes.length)
      if (needed > this.#memory.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#memory.length))
        this.#memory.copy(larger, 0, 0, this.#byteLength)
        this.#memory = larger
      }
      bytes.copy(this.#memory, this.#byteLength)
    }
    this.#left -= bytes.length
    this.#byteLength += bytes.length
  }

  #takeChunks(bytes: Buffer): boolean {
    let at = 0
    while (at < bytes.length) {
      if (this.#left > 0) {
        const piece = bytes.subarray(at, at + this.#left)
        this.#takeBytes(piece)
        at += piece.length
        continue
      }
      const end = bytes.indexOf(10, at)
      this.#line += bytes.toString('latin1', at, end < 0 ? bytes.length : end + 1)
      if (end < 0) return false
      at = end + 1
      const line = this.#line.trim()
      this.#line = ''
      // The end of a chunk, or of the trailer.
      if (line === '') {
        if (this.#isLast) return true
        continue
      }
      if (this.#isLast) continue
      const size = Number.parseInt(line, 16)
      if (Number.isNaN(size)) throw new Error(`a chunk of size "${line.slice(0, 40)}"`)
      this.#left = size
      this.#isLast = size === 0
    }
    return false
  }
}
