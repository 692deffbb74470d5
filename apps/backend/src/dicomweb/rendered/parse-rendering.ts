import type { AskedWindow, Part } from '@instandt/pixels'
import { AppError } from '../../app-error.ts'

/** What the address says about a rendered image (PS3.18 8.3.5). */
export interface Rendering {
  window: AskedWindow | undefined
  viewport: { width: number; height: number } | undefined
  region: Region | undefined
  /** Of JPEG, 1 to 100. */
  quality: number
  /** Valid parameters that change nothing here. */
  ignored: string[]
}

/** Part of the source image; what is left out reaches to its end. */
export interface Region {
  left: number
  top: number
  width: number | undefined
  height: number | undefined
}

type Query = Readonly<Record<string, string | string[] | undefined>>

// More than any screen has; a larger picture can be had without a viewport, pixel for pixel.
const longestEdge = 16_384
const mostPixels = 64 * 1024 * 1024
const defaultQuality = 90

const fault = (name: string, words: string): AppError => new AppError('malformed-query', 400, `${name}: ${words}`)

/** Words of one parameter; one that stands twice is a fault. */
function wordsOf(query: Query, name: string): string[] | undefined {
  const value = query[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw fault(name, 'stands more than once.')
  return value.split(',').map((word) => word.trim())
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** @throws AppError 'malformed-query' naming the parameter */
export function parseRendering(query: Query): Rendering {
  const quality = wordsOf(query, 'quality')
  if (quality && !(quality.length === 1 && /^\d{1,3}$/.test(quality[0]!) && within(Number(quality[0]), 1, 100)))
    throw fault('quality', 'is a whole number from 1 to 100.')
  return {
    window: parseWindow(wordsOf(query, 'window')),
    ...parseViewport(wordsOf(query, 'viewport')),
    quality: quality ? Number(quality[0]) : defaultQuality,
    ignored: [
      ...keywords('annotation', wordsOf(query, 'annotation'), ['patient', 'technique']),
      ...keywords('iccprofile', wordsOf(query, 'iccprofile'), [
        'no',
        'yes',
        'srgb',
        'adobergb',
        'rommrgb',
        'displayp3',
      ]),
    ],
  }
}

const within = (value: number, least: number, most: number): boolean => value >= least && value <= most

function keywords(name: string, words: string[] | undefined, known: readonly string[]): string[] {
  const unknown = words?.find((word) => !known.includes(word.toLowerCase()))
  if (unknown !== undefined) throw fault(name, `'${unknown.slice(0, 40)}' is none of ${known.join(', ')}.`)
  return words ? [name] : []
}

/** PS3.18 8.3.5.1.4: centre, width, shape. */
function parseWindow(words: string[] | undefined): AskedWindow | undefined {
  if (!words) return undefined
  const [centre = '', width = '', shape = 'linear'] = words
  if (words.length > 3 || !decimal.test(centre) || !decimal.test(width))
    throw fault('window', 'is centre,width,shape: two numbers and linear, linear-exact or sigmoid.')
  if (shape !== 'linear' && shape !== 'linear-exact' && shape !== 'sigmoid')
    throw fault('window', `'${shape.slice(0, 40)}' is none of linear, linear-exact, sigmoid.`)
  const least = shape === 'linear' ? 1 : Number.MIN_VALUE
  // PS3.3 C.11.2.1.2: at least 1, or more than 0.
  if (!(Number(width) >= least)) throw fault('window', `a width of ${width} is too narrow for ${shape}.`)
  return { centre: Number(centre), width: Number(width), shape }
}

/** PS3.18 8.3.5.1.3: vw,vh and perhaps sx,sy,sw,sh, of which any may be empty. */
function parseViewport(words: string[] | undefined): Pick<Rendering, 'viewport' | 'region'> {
  if (!words) return { viewport: undefined, region: undefined }
  const form = 'is vw,vh or vw,vh,sx,sy,sw,sh.'
  if (words.length !== 2 && words.length !== 6) throw fault('viewport', form)
  const [width, height] = words.slice(0, 2).map((word) => (/^\d{1,6}$/.test(word) ? Number(word) : 0)) as [
    number,
    number,
  ]
  if (!within(width, 1, longestEdge) || !within(height, 1, longestEdge) || width * height > mostPixels)
    throw fault(
      'viewport',
      `${form} Its edges are whole numbers up to ${longestEdge}, its pixels ${mostPixels} at most.`,
    )
  if (words.length === 2) return { viewport: { width, height }, region: undefined }
  const [left, top, partWidth, partHeight] = words.slice(2).map((word) => {
    if (word === '') return undefined
    if (!decimal.test(word)) throw fault('viewport', `'${word.slice(0, 40)}' is no number.`)
    return Math.round(Number(word))
  })
  if (partWidth === 0 || partHeight === 0 || (left ?? 0) < 0 || (top ?? 0) < 0)
    throw fault('viewport', 'the part of the image begins within it and is not empty.')
  return {
    viewport: { width, height },
    region: { left: left ?? 0, top: top ?? 0, width: partWidth, height: partHeight },
  }
}

/** The part in pixels of one image. @throws AppError 'malformed-query' when it reaches beyond it */
export function partOf(region: Region, image: { columns: number; rows: number }): Part {
  const width = region.width ?? image.columns - region.left
  const height = region.height ?? image.rows - region.top
  const isInside =
    region.left + Math.abs(width) <= image.columns &&
    region.top + Math.abs(height) <= image.rows &&
    width !== 0 &&
    height !== 0
  if (!isInside)
    throw fault('viewport', `the part of the image reaches beyond its ${image.columns} × ${image.rows} pixels.`)
  return { left: region.left, top: region.top, width, height }
}
