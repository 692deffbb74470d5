import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cellsFor, gridOf, levelFor, tileAt, tileBox, tilesInSight, tilesOf } from './tile-grid.ts'
import { canvasToImage, fitView, initialView, type ViewState } from './view-transform.ts'

// A film: 14 by 14 tiles, five levels, an overview halved four times.
const grid = gridOf(14_190, 14_190, 1024, 4)
const image = { columns: 14_190, rows: 14_190, aspect: 1 }
const canvas = { width: 1200, height: 800 }
const at = (zoom: number, change: Partial<ViewState> = {}): ViewState => ({
  ...initialView(image, canvas),
  zoom,
  ...change,
})
const level = (zoom: number, maxTexture = 8192): number | undefined =>
  levelFor(grid, at(zoom), 1, canvas, 4, maxTexture)

test('tiles stand row by row; those at the far edges are cut', () => {
  assert.deepEqual(tileBox(grid, 0), { left: 0, top: 0, columns: 1024, rows: 1024 })
  assert.deepEqual(tileBox(grid, 195), { left: 13_312, top: 13_312, columns: 878, rows: 878 })
  assert.equal(tileAt(grid, 1023, 1024), 14)
})

test('the level is the coarsest that is still as fine as the screen', () => {
  assert.deepEqual(
    [4, 1, 0.51, 0.5, 0.26, 0.25, 0.126, 0.1].map((zoom) => level(zoom)),
    [0, 0, 0, 1, 1, 2, 2, 3],
  )
  // The overview is as fine.
  assert.equal(level(1 / 16), undefined)
})

test('a card with small textures gets a coarser level, or the overview alone', () => {
  assert.equal(level(0.51, 3000), 1)
  assert.equal(level(0.51, 256), undefined)
})

test('a single tile is wanted in full at any zoom', () => {
  assert.equal(levelFor(gridOf(2000, 1500, 2048, 5), at(0.05), 1, canvas, 2, 8192), 0)
})

test('all tiles in sight have room in the texture, wherever the view stands and however it is turned', () => {
  for (const rotation of [0, 90, 180, 270] as const) {
    for (const zoom of [0.07, 0.126, 0.2501, 0.34, 0.5001, 0.9, 3]) {
      for (const x of [0, 1023.5, 5000, 14_189]) {
        const view = at(zoom, { rotation, centre: { x, y: 7000 } })
        const wanted = levelFor(grid, view, 1, canvas, 4, 8192)!
        const range = tilesInSight(grid, wanted, view, image, canvas)!
        const cells = cellsFor(grid, wanted, view, 1, canvas)
        assert.ok(range.right - range.left < cells.across, `${zoom} ${rotation} ${x}`)
        assert.ok(range.bottom - range.top < cells.down, `${zoom} ${rotation} ${x}`)
        for (const corner of [
          { x: 0, y: 0 },
          { x: canvas.width, y: canvas.height },
        ]) {
          const point = canvasToImage(corner, view, image, canvas)
          const tile = Math.floor(point.x / 1024)
          if (tile >= 0 && tile < 14) assert.ok(tile >= range.left && tile <= range.right)
        }
      }
    }
  }
})

test('the middle of the view comes first', () => {
  const view = at(0.5, { centre: { x: 5 * 1024 + 512, y: 3 * 1024 + 512 } })
  const range = tilesInSight(grid, 1, view, image, canvas)!
  assert.equal(tilesOf(grid, range, view)[0]!.tile, 3 * 14 + 5)
  assert.equal(tilesInSight(grid, 1, at(1, { centre: { x: -9000, y: 0 } }), image, canvas), undefined)
})

test('the whole film in sight needs no tile', () => {
  assert.equal(levelFor(grid, fitView(at(1), image, canvas), 1, canvas, 4, 8192), undefined)
})
