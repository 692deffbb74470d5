// For tests: scanned films as TIFF, and the form that makes objects of them.
import { buildTiff } from '@instandt/testkit/files'

/** What an upload says that is to be converted. */
export const filmContent = {
  content: {
    kind: 'convert',
    form: {
      component: { number: 'W-17' },
      inspection: {},
      view: {},
      source: 'film',
      equipment: {},
      pixelSize: { kind: 'none' },
    },
  },
}

/** Another file for each seed; an object for each page. */
export const filmOf = (seed: number, pages = 2): Uint8Array =>
  buildTiff(
    Array.from({ length: pages }, (_, page) => ({
      columns: 160,
      rows: 120,
      pixels: new Uint8Array(
        Uint16Array.from({ length: 160 * 120 }, (__, at) => (at * 11 + seed + page) & 0xffff).buffer,
      ),
      compression: 'deflate' as const,
    })),
  )
