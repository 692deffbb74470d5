export interface Row {
  words: string
  /** Address of the search like it with that number. */
  path: (n: number) => string
  isBroad: boolean
  isDeclared: boolean
  /** Rows read for the page. */
  touched: number
  /** Rows read to count its matches. */
  counted: number
  plan: string[]
  /** Milliseconds of whole answers; undefined when they were not timed. */
  p50?: number
  p95?: number
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
const time = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(1))

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ words, p50, p95, touched, plan }) =>
      `| \`${cell(words)}\` | ${time(p50)} | ${time(p95)} | ${touched} | ${plan.map((one) => cell(one)).join('<br>')} |`,
  )
  return ['| search | p50 ms | p95 ms | rows read | scans of the plan |', '|---|---|---|---|---|', ...lines].join('\n')
}

/** The tables of docs/performance-search.md. */
export function reportOf(rows: readonly Row[], instances: number): string {
  const part = (title: string, wanted: (row: Row) => boolean): string =>
    `## ${title}\n\n${table(rows.filter(wanted))}\n`
  return [
    `${instances.toLocaleString('en')} instances.\n`,
    part('The standard’s keys', (row) => !row.isDeclared && row.words.startsWith('/')),
    part('Declared attributes of group 0014', (row) => row.isDeclared),
    part('The list of the web app', (row) => row.words.startsWith('list')),
  ].join('\n')
}
