// Runs in the page before any script of its own: when a picture stands on the canvas, read back from its pixels, not from what
// the page says of itself. All times in milliseconds since the navigation began.
const clock = { picture: undefined, full: undefined, key: undefined, changed: undefined, draws: 0, frames: 0 }
globalThis.pictureClock = clock
performance.setResourceTimingBufferSize(2000)

// Called with its context below.
// oxlint-disable-next-line typescript/unbound-method
const { drawImage } = CanvasRenderingContext2D.prototype

const edge = 96
// Read from a copy: a canvas that is read itself more than once is moved out of the graphics card, and every drawing slower.
const copy = Object.assign(document.createElement('canvas'), { width: edge, height: edge })
const copied = copy.getContext('2d', { willReadFrequently: true })

/** The pixels in the middle of the picture as a number; undefined while they are all alike. */
function look() {
  const canvases = [...document.querySelectorAll('[data-testid="viewer-surface"] canvas')]
  const canvas = canvases.find((one) => getComputedStyle(one).visibility === 'visible')
  if (!canvas || canvas.width < 128 || canvas.height < 128) return undefined
  const from = [(canvas.width - edge) >> 1, (canvas.height - edge) >> 1]
  drawImage.call(copied, canvas, ...from, edge, edge, 0, 0, edge, edge)
  const { data } = copied.getImageData(0, 0, edge, edge)
  let [low, high, hash] = [255, 0, 0]
  for (let place = 0; place < data.length; place += 4) {
    low = Math.min(low, data[place])
    high = Math.max(high, data[place])
    hash = (Math.imul(hash, 31) + data[place]) | 0
  }
  return high > low ? hash : undefined
}

const resolution = () => document.querySelector('[data-testid="viewer-overlay"]')?.getAttribute('data-resolution')

function onFrame() {
  clock.frames += 1
  const seen = resolution()
  if (seen && clock.picture === undefined && look() !== undefined) clock.picture = performance.now()
  if (clock.isWatching && clock.key !== undefined && clock.changed === undefined) {
    const now = look()
    if (now !== undefined && now !== clock.before) clock.changed = performance.now()
  }
  const isThere = clock.isWatching ? clock.changed !== undefined : clock.picture !== undefined
  if (seen === 'full' && isThere) clock.full ??= performance.now()
  requestAnimationFrame(onFrame)
}
requestAnimationFrame(onFrame)

/** From the next key on: when the picture is another one. */
clock.await = () => {
  Object.assign(clock, { isWatching: true, before: look(), key: undefined, changed: undefined, full: undefined })
  const start = (event) => (clock.key = event.timeStamp)
  addEventListener('keydown', start, { once: true, capture: true })
}

// With the graphics card and without it a picture ends in one of these.
for (const name of ['drawImage', 'putImageData']) {
  const draw = CanvasRenderingContext2D.prototype[name]
  CanvasRenderingContext2D.prototype[name] = function (...args) {
    clock.draws += 1
    return draw.apply(this, args)
  }
}
