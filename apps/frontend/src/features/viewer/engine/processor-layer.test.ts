import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { DecodedImage } from '@instandt/pixels'
import type { ShownFrame } from './frame-values.ts'
import { createProcessorLayer } from './processor-layer.ts'
import { refine } from './refine.ts'
import { gridOf, tileBox, type TilePlace } from './tile-grid.ts'
import { createTileStore } from './tile-store.ts'
import type { TiledFrame } from './tiled-frame.ts'
import { initialView, type Size, type ViewState } from './view-transform.ts'

// The little of a browser that the layer asks for.
class Picture {
  readonly data: Uint8ClampedArray<ArrayBuffer>
  readonly width: number
  readonly height: number
  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.data = new Uint8ClampedArray(width * height * 4)
  }
}
let shown: Picture
before(() => {
  const context = { putImageData: (picture: Picture) => (shown = picture), clearRect: () => undefined }
  const canvas = { style: {}, width: 0, height: 0, getContext: () => context, remove: () => undefined }
  Object.assign(globalThis, { document: { createElement: () => canvas }, ImageData: Picture })
})
const element = { appendChild: (child: unknown) => child } as unknown as HTMLElement

const image = (columns: number, rows: number, value: (x: number, y: number) => number): DecodedImage => {
  const pixels = Uint16Array.from({ length: columns * rows }, (_, at) => value(at % columns, Math.floor(at / columns)))
  return { display: { pixels, columns, rows, components: 1, offset: 0, reduction: 1 } } as unknown as DecodedImage
}
const attributes = { aspect: 1, isInverse: false, rescale: undefined }
const presentation = (view: ViewState) => ({ view, window: { lower: 0, upper: 255 }, isInverted: false })
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A film of which no more than `maxTiles` tiles of full size are kept. */
function filmOf(size: { columns: number; rows: number }, maxTiles: number) {
  const grid = gridOf(size.columns, size.rows, 64, 3)
  let loads = 0
  const store = createTileStore<DecodedImage>({
    maxBytes: maxTiles * 64 * 64 * 2,
    sizeOf: ({ display }) => display.pixels.byteLength,
    onTile: () => undefined,
  })
  const key = ({ level, tile }: TilePlace): string => `${level}/${tile}`
  const frame = {
    kind: 'tiles',
    format: { ...size, samplesPerPixel: 1, bitsAllocated: 64 * 1024 ** 2 },
    attributes,
    components: 1,
    grid,
    overview: {
      image: image(size.columns >> 4, size.rows >> 4, () => 9),
      columns: size.columns >> 4,
      rows: size.rows >> 4,
      step: 16,
      first: 7.5,
    },
    source: {
      peek: (place: TilePlace) => store.peek(key(place)),
      request: (place: TilePlace) => ({
        key: key(place),
        load: async () => {
          loads += 1
          await settled()
          const { columns, rows } = tileBox(grid, place.tile)
          return image(columns >> place.level, rows >> place.level, () => 100 + place.level)
        },
      }),
    },
  } as unknown as TiledFrame
  return { frame, store, loads: () => loads }
}

test('more tiles in sight than are kept in memory come once, and the picture ends sharp', async () => {
  const canvas: Size = { width: 640, height: 400 }
  const { frame, store, loads } = filmOf({ columns: 2048, rows: 2048 }, 12)
  const layer = createProcessorLayer(element, () => canvas)
  const stage = { missing: layer.missing, size: () => canvas, maxTexture: 32_768 }
  const look = async (view: ViewState): Promise<number> => {
    const from = loads()
    for (let drawing = 0; drawing < 200; drawing += 1) {
      layer.draw(frame, presentation(view))
      const isBusy = refine(store, stage, frame, view, [])
      if (!isBusy && layer.missing().length === 0) return loads() - from
      await settled()
    }
    assert.fail(`${loads() - from} tiles were loaded, ${layer.missing().length} are missing still`)
  }
  const first: ViewState = { ...initialView({ ...frame.grid, aspect: 1 }, canvas), zoom: 1 }
  const inSight = 11 * 8
  // Some go again before they are drawn; without what is drawn being kept they would go for ever.
  assert.ok((await look(first)) <= 2 * inSight)
  assert.ok((await look({ ...first, centre: { x: 1100, y: 1060 } })) <= 2 * inSight)
  assert.ok((await look({ ...first, zoom: 0.45 })) <= 2 * inSight * 4)
  const { data } = shown
  const greys = new Set(Array.from({ length: data.length / 4 }, (_, at) => data[at * 4]))
  assert.deepEqual([...greys], [101], 'all of the level that is as fine as the screen')
  store.close()
})

test('another window of the same view is drawn from the values that are there', () => {
  const canvas: Size = { width: 60, height: 40 }
  const whole = {
    kind: 'whole',
    format: { columns: 120, rows: 80 },
    attributes,
    components: 1,
    image: image(120, 80, (x) => x),
  }
  const frame = whole as unknown as ShownFrame
  const layer = createProcessorLayer(element, () => canvas)
  const view = initialView({ columns: 120, rows: 80, aspect: 1 }, canvas)
  layer.draw(frame, presentation(view))
  // Halved: the mean of columns 40 and 41, rounded as a card does.
  assert.equal(shown.data[20 * 4], 41)
  // Samples that change after they were taken: whoever looks at them again is found out.
  ;(frame as typeof frame & { kind: 'whole' }).image.display.pixels.fill(0)
  layer.draw(frame, { ...presentation(view), isInverted: true })
  assert.equal(shown.data[20 * 4], 215)
  layer.draw(frame, presentation({ ...view, zoom: 1.01 }))
  assert.equal(shown.data[30 * 4], 0, 'another view looks again')
})

test('a photograph far larger than the screen is reduced once, not looked at pixel by pixel for every view', () => {
  const canvas: Size = { width: 40, height: 30 }
  let reads = 0
  const pixels = new Proxy(new Uint16Array(400 * 300).fill(77), {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) reads += 1
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const display = { pixels, columns: 400, rows: 300, components: 1, offset: 0, reduction: 1 }
  const whole = { kind: 'whole', format: { columns: 400, rows: 300 }, attributes, components: 1, image: { display } }
  const frame = whole as unknown as ShownFrame
  const layer = createProcessorLayer(element, () => canvas)
  const view = initialView({ columns: 400, rows: 300, aspect: 1 }, canvas)
  layer.draw(frame, presentation(view))
  const once = reads
  assert.ok(once >= 400 * 300 && once < 400 * 300 * 2, `${once} reads`)
  for (let step = 1; step <= 20; step += 1)
    layer.draw(frame, presentation({ ...view, centre: { x: 200 - step, y: 150 } }))
  assert.equal(reads, once)
  assert.equal(shown.data[(15 * 40 + 20) * 4], 77)
})
