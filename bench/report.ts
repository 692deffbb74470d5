import { median } from './measure.ts'
import type { Goal, Scenario } from './scenarios.ts'

export interface Result {
  scenario: string
  server: string
  unit: string
  rate: number
  /** Milliseconds. */
  p50: number
  p95: number
  p99: number
  runs: number
  /** Of the server with all its processes; a peer's PostgreSQL is not among them. */
  cpuSeconds?: number
  clientCpuSeconds?: number
  peakMiB?: number
  error?: string
}

export function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function markdown(head: readonly string[], rows: readonly string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

export function everyRun(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.scenario,
    result.server,
    result.error === undefined ? `${format(result.rate)} ${result.unit}` : `failed: ${result.error}`,
    ...[result.p50, result.p95, result.p99].map(format),
    ...[result.cpuSeconds, result.clientCpuSeconds, result.peakMiB].map((value) =>
      value === undefined ? '' : format(value),
    ),
  ])
  const head = ['scenario', 'server', 'rate', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU s', 'client CPU s', 'peak MiB']
  return markdown(head, rows)
}

/**
 * The first server's rate over that of the fastest other one, run by run, and the median of these ratios beside what
 * it should be.
 */
export function ratioTable(results: readonly Result[], scenarios: readonly Scenario[]): string {
  const servers = [...new Set(results.map(({ server }) => server))]
  const [own, ...peers] = servers
  if (own === undefined || peers.length === 0) return ''
  const rows = scenarios.flatMap(({ name, goal }) => {
    const of = (server: string): Result[] =>
      results.filter((result) => result.scenario === name && result.server === server)
    const best = of(own).map((_, run) => Math.max(...peers.map((peer) => of(peer)[run]?.rate ?? 0)))
    const ratios = of(own).flatMap(({ rate }, run) => {
      const peer = best[run] ?? 0
      return peer > 0 && rate > 0 ? [rate / peer] : []
    })
    if (ratios.length === 0) return []
    const peak = (server: string): string => format(median(of(server).map(({ peakMiB = 0 }) => peakMiB)))
    return [
      [
        name,
        of(own)[0]?.unit ?? '',
        ...servers.map((server) => format(median(of(server).map(({ rate }) => rate)))),
        `${format(median(ratios))} ×`,
        goal === undefined ? '' : `≥ ${goalFor(goal, median(best))}`,
        ...servers.map(peak),
      ],
    ]
  })
  const head = ['scenario', 'unit', ...servers, 'ratio', 'goal', ...servers.map((server) => `MiB ${server}`)]
  return markdown(head, rows)
}

const goalFor = (goal: Goal, peerRate: number): number => (typeof goal === 'number' ? goal : goal(peerRate))

/** The same file as STOW-RS and in parts, to the moment it is stored. */
export function uploadShares(results: readonly Result[]): string {
  const own = results.filter(({ server }) => server === results[0]?.server)
  const rateOf = (name: RegExp): number =>
    median(own.filter(({ scenario }) => name.test(scenario)).map(({ rate }) => rate))
  const lines = ['', ' over 1 Gbit/s'].flatMap((line) => {
    const [parts, stow] = [
      rateOf(new RegExp(`^upload one .* in parts${line}$`)),
      rateOf(new RegExp(`^STOW one .*frame${line}$`)),
    ]
    return parts > 0 && stow > 0
      ? [`In parts${line}: ${((parts / stow) * 100).toFixed(0)} % of the rate of STOW-RS`]
      : []
  })
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
}
