// What the codecs need in Node beyond what is the same everywhere.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Codecs } from './codecs.ts'
import { createCodecs } from './create-codecs.ts'

const require = createRequire(import.meta.url)

/** The decoders of one thread of Node. */
export const createNodeCodecs = (): Codecs =>
  createCodecs({
    // Built for browsers only: it would fetch its program.
    get 'jpeg-xl'() {
      return readFileSync(require.resolve('@cornerstonejs/codec-libjxl/decodewasm'))
    },
  })
