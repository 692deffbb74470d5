import type { BitReader, HuffmanTable } from './jpeg-huffman.ts'

export interface ScanComponent {
  id: number
  h: number
  v: number
  quantisationId: number
  blocksPerLine: number
  usedPerLine: number
  usedPerColumn: number
  /** 64 a block, in natural order. */
  coefficients: Int16Array
  prediction: number
  dc: HuffmanTable | undefined
  ac: HuffmanTable | undefined
}

export interface ScanRange {
  spectralStart: number
  spectralEnd: number
  /** Bit positions of the successive approximation before and in this scan. */
  high: number
  low: number
  zigzag: Uint8Array
}

interface ScanFrame {
  isProgressive: boolean
  rows: number
  columns: number
  maxH: number
  maxV: number
}

const tableOf = (table: HuffmanTable | undefined): HuffmanTable => {
  if (!table) throw new Error('a Huffman table is missing')
  return table
}

/** Reads one scan into the coefficients of its components. */
export function decodeScan(
  reader: BitReader,
  frame: ScanFrame,
  components: readonly ScanComponent[],
  restartInterval: number,
  range: ScanRange,
): void {
  const decodeBlock = blockDecoder(reader, frame, range)
  const single = components.length === 1 ? components[0] : undefined
  const mcusPerLine = single ? single.usedPerLine : Math.ceil(frame.columns / (8 * frame.maxH))
  const mcusPerColumn = single ? single.usedPerColumn : Math.ceil(frame.rows / (8 * frame.maxV))
  const total = mcusPerLine * mcusPerColumn
  for (const component of components) component.prediction = 0

  for (let mcu = 0; mcu < total; mcu += 1) {
    if (restartInterval > 0 && mcu > 0 && mcu % restartInterval === 0) {
      reader.align()
      reader.missing = 0
      if ((reader.bytes[reader.at + 1]! & 0xf8) !== 0xd0) throw new Error('a restart marker is missing')
      reader.at += 2
      decodeBlock.restart()
      for (const component of components) component.prediction = 0
    }
    const row = Math.floor(mcu / mcusPerLine)
    const column = mcu % mcusPerLine
    if (single) {
      decodeBlock.run(single, (row * single.blocksPerLine + column) * 64)
    } else {
      for (const component of components) {
        for (let y = 0; y < component.v; y += 1) {
          for (let x = 0; x < component.h; x += 1) {
            const block = (row * component.v + y) * component.blocksPerLine + column * component.h + x
            decodeBlock.run(component, block * 64)
          }
        }
      }
    }
    // A few bits are read ahead at every end; more is a picture that stops in the middle.
    if (reader.missing > 4096) throw new Error(`the data end after ${mcu} of ${total} blocks`)
  }
  reader.align()
}

interface BlockDecoder {
  run(component: ScanComponent, at: number): void
  restart(): void
}

function blockDecoder(reader: BitReader, frame: ScanFrame, range: ScanRange): BlockDecoder {
  const { spectralStart, spectralEnd, high, low, zigzag } = range
  let endOfBandRun = 0

  function sequential(component: ScanComponent, at: number): void {
    const { coefficients } = component
    component.prediction += reader.signed(reader.symbol(tableOf(component.dc)) & 15)
    coefficients[at] = component.prediction
    const ac = tableOf(component.ac)
    for (let index = 1; index < 64; index += 1) {
      const symbol = reader.symbol(ac)
      const size = symbol & 15
      const run = symbol >> 4
      if (size === 0) {
        if (run < 15) return
        index += 15
        continue
      }
      index += run
      if (index > 63) throw new Error('a run beyond the end of its block')
      coefficients[at + zigzag[index]!] = reader.signed(size)
    }
  }

  function dcFirst(component: ScanComponent, at: number): void {
    component.prediction += reader.signed(reader.symbol(tableOf(component.dc)) & 15)
    component.coefficients[at] = component.prediction << low
  }

  function dcRefine(component: ScanComponent, at: number): void {
    if (reader.bit() === 1) component.coefficients[at]! |= 1 << low
  }

  function acFirst(component: ScanComponent, at: number): void {
    if (endOfBandRun > 0) {
      endOfBandRun -= 1
      return
    }
    const ac = tableOf(component.ac)
    for (let index = spectralStart; index <= spectralEnd; index += 1) {
      const symbol = reader.symbol(ac)
      const size = symbol & 15
      const run = symbol >> 4
      if (size === 0) {
        if (run < 15) {
          endOfBandRun = (1 << run) - 1 + reader.bits(run)
          return
        }
        index += 15
        continue
      }
      index += run
      if (index > 63) throw new Error('a run beyond the end of its block')
      component.coefficients[at + zigzag[index]!] = reader.signed(size) * (1 << low)
    }
  }

  /** One more bit for every value that is not zero yet, new ones in between (G.1.2.3). */
  function acRefine(component: ScanComponent, at: number): void {
    const { coefficients } = component
    const step = 1 << low
    const refine = (place: number): void => {
      const value = coefficients[place]!
      if (reader.bit() === 1 && (Math.abs(value) & step) === 0) coefficients[place] = value + (value > 0 ? step : -step)
    }
    let index = spectralStart
    if (endOfBandRun === 0) {
      const ac = tableOf(component.ac)
      for (; index <= spectralEnd; index += 1) {
        const symbol = reader.symbol(ac)
        const size = symbol & 15
        let zeros = symbol >> 4
        let fresh = 0
        if (size === 0) {
          if (zeros < 15) {
            endOfBandRun = (1 << zeros) + reader.bits(zeros)
            break
          }
        } else fresh = reader.bit() === 1 ? step : -step
        for (; index <= spectralEnd; index += 1) {
          const place = at + zigzag[index]!
          if (coefficients[place] !== 0) refine(place)
          else if (zeros === 0) {
            if (fresh !== 0) coefficients[place] = fresh
            break
          } else zeros -= 1
        }
      }
    }
    if (endOfBandRun > 0) {
      for (; index <= spectralEnd; index += 1) {
        const place = at + zigzag[index]!
        if (coefficients[place] !== 0) refine(place)
      }
      endOfBandRun -= 1
    }
  }

  const run = !frame.isProgressive
    ? sequential
    : spectralStart === 0
      ? high === 0
        ? dcFirst
        : dcRefine
      : high === 0
        ? acFirst
        : acRefine
  return {
    run,
    restart() {
      endOfBandRun = 0
    },
  }
}
