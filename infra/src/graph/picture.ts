// `npm run infra:picture`: draws docs/pictures/azure.svg from the recorded graph of `production`.
import { writeFileSync } from 'node:fs'
import { type Arrow, arrowsOf, type Box, boxesOf, type Frame, framesOf } from './picture-parts.ts'
import { recordPreset } from './presets.ts'
import type { Graph } from './record.ts'

/** Fill and line of each kind, by day and by night. */
const colours: Record<Box['kind'], [day: [string, string], night: [string, string]]> = {
  edge: [
    ['#fff3d6', '#b07a00'],
    ['#3a2d0c', '#e0ac3e'],
  ],
  app: [
    ['#dcefff', '#1f6fb2'],
    ['#10304c', '#5ea9e6'],
  ],
  job: [
    ['#e6e4fb', '#5b4fb0'],
    ['#2a2650', '#a097f0'],
  ],
  data: [
    ['#dff3e3', '#2f7d44'],
    ['#143620', '#5cb877'],
  ],
  side: [
    ['#f0f0f0', '#666666'],
    ['#25292f', '#9aa3ad'],
  ],
  outside: [
    ['#ffffff', '#444444'],
    ['#0d1117', '#c9d1d9'],
  ],
}

const sheet = (time: 'day' | 'night'): string => {
  const [back, ink, dim, frame] =
    time === 'day' ? ['#fcfcfc', '#1b1f23', '#4d565f', '#7c9aa0'] : ['#0d1117', '#e6edf3', '#a9b3bd', '#56727a']
  const kinds = Object.entries(colours).map(([kind, [day, night]]) => {
    const [fill, line] = time === 'day' ? day : night
    return `.${kind}{fill:${fill};stroke:${line}}`
  })
  return [
    `.back{fill:${back}}text{fill:${ink}}.dim{fill:${dim}}.tip{fill:${dim}}.way{stroke:${dim}}.frame{stroke:${frame}}`,
    ...kinds,
  ].join('')
}

const escape = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const words = (x: number, y: number, size: number, value: string, more = ''): string =>
  `<text x="${x}" y="${y}" font-size="${size}"${more}>${escape(value)}</text>`

function drawBox({ title, lines, identity, kind, x, y, w, h }: Box): string {
  const middle = x + w / 2
  const centred = ' text-anchor="middle"'
  return [
    `<rect class="${kind}" x="${x}" y="${y}" width="${w}" height="${h}" rx="6" stroke-width="1.5"/>`,
    words(middle, y + 24, 13, title, `${centred} font-weight="600"`),
    ...lines.map((line, index) => words(middle, y + 42 + index * 17, 11.5, line, `${centred} class="dim"`)),
    ...(identity === undefined ? [] : [words(middle, y + h - 11, 11.5, `◆ ${identity}`, centred)]),
  ].join('\n')
}

const drawFrame = ({ title, note, x, y, w, h, isNetwork }: Frame): string =>
  [
    `<rect class="frame" x="${x}" y="${y}" width="${w}" height="${h}" rx="8" fill="none" stroke-width="${isNetwork === true ? 1.6 : 1.2}"${isNetwork === true ? '' : ' stroke-dasharray="5 4"'}/>`,
    words(x + 12, y + 22, 12, title, ' class="dim"'),
    ...(note === undefined ? [] : [words(x + w / 2, y + 62, 11.5, note, ' class="dim" text-anchor="middle"')]),
  ].join('\n')

const drawArrow = ({ path, label }: Arrow): string =>
  [
    `<polyline class="way" points="${path.map((point) => point.join(',')).join(' ')}" fill="none" stroke-width="1.4" marker-end="url(#tip)"/>`,
    ...(label === undefined ? [] : [words(label[1], label[2], 11.5, label[0], ' class="dim" text-anchor="middle"')]),
  ].join('\n')

/** The architecture as SVG, by day or by night as the reader's screen is. */
export function drawGraph(graph: Graph): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1320 800" font-family="system-ui, sans-serif" role="img" aria-label="instaNDT in an Azure subscription">
<!-- Drawn by infra/src/graph/picture.ts from the recorded graph; do not edit. -->
<style>${sheet('day')}
@media (prefers-color-scheme:dark){${sheet('night')}}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>
<rect class="back" width="1320" height="800"/>
${framesOf(graph).map(drawFrame).join('\n')}
${arrowsOf(graph).map(drawArrow).join('\n')}
${boxesOf(graph).map(drawBox).join('\n')}
${words(20, 780, 11.5, '◆ runs as a user-assigned identity of its own · dashed: a subnet with its security group · arrows point at what is asked', ' class="dim"')}
</svg>
`
}

if (import.meta.main) {
  const target = new URL('../../../docs/pictures/azure.svg', import.meta.url)
  writeFileSync(target, drawGraph(await recordPreset('production')))
}
