// `npm run bench`: instaNDT and, when installed, Orthanc side by side: each scenario runs on one and at once on the other,
// so that a machine whose speed drifts drifts for both. Or any DICOMweb server: npm run bench -- --url http://…/dicom-web
import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { openTarget } from './http.ts'
import { cpuSeconds, peakMemory, resetPeak } from './measure.ts'
import { makeScenarios } from './scenarios.ts'
import { startInstandt, startOrthanc, type Server } from './targets.ts'

interface Result {
  scenario: string
  server: string
  unit: string
  rate: number
  p50: number
  p95: number
  p99: number
  runs: number
  cpuSeconds: number | null
  peakMiB: number | null
  error?: string
}

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    token: { type: 'string' },
    beside: { type: 'string' },
    pid: { type: 'string' },
    only: { type: 'string' },
    small: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})

async function openServers(): Promise<Server[]> {
  if (values.url !== undefined) {
    const pid = values.pid === undefined ? undefined : Number(values.pid)
    return [{ name: values.url, base: values.url, token: values.token, pid, stop: async () => undefined }]
  }
  const instandt = await startInstandt()
  // What a change costs: this checkout and another one of ours.
  if (values.beside !== undefined)
    return [instandt, { ...(await startInstandt(values.beside)), name: values.beside.split('/').at(-1) ?? '' }]
  const orthanc = values.alone ? undefined : await startOrthanc()
  if (!orthanc && !values.alone)
    process.stderr.write('Orthanc is not installed (apt-get install orthanc orthanc-dicomweb): running alone\n')
  return orthanc ? [instandt, orthanc] : [instandt]
}

const servers = await openServers()
const results: Result[] = []
const only = values.only === undefined ? undefined : new RegExp(values.only, 'i')

try {
  const targets = servers.map((server) => ({ server, target: openTarget(server.base, server.token) }))
  for (const scenario of makeScenarios(values.small ? 'small' : 'full')) {
    // Uploads always run: what comes later reads what they stored.
    if (only && !only.test(scenario.name) && !/^(STOW|upload)/.test(scenario.name)) continue
    for (const { server, target } of targets) {
      if (scenario.needsUploads === true && server.hasUploads !== true) continue
      const { pid } = server
      if (pid !== undefined) resetPeak(pid)
      const cpuBefore = pid === undefined ? 0 : cpuSeconds(pid)
      const result: Result = {
        scenario: scenario.name,
        server: server.name,
        unit: scenario.unit,
        rate: 0,
        p50: 0,
        p95: 0,
        p99: 0,
        runs: 0,
        cpuSeconds: null,
        peakMiB: null,
      }
      try {
        const { timing, rate } = await scenario.run(target)
        Object.assign(result, { rate, p50: timing.p50, p95: timing.p95, p99: timing.p99, runs: timing.runs })
      } catch (error) {
        result.error = error instanceof Error ? error.message : String(error)
      }
      if (pid !== undefined)
        Object.assign(result, { cpuSeconds: cpuSeconds(pid) - cpuBefore, peakMiB: peakMemory(pid) })
      results.push(result)
      process.stderr.write(
        `${scenario.name} · ${server.name}: ${result.error ?? `${format(result.rate)} ${result.unit}`}\n`,
      )
    }
  }
} finally {
  for (const server of servers) await server.stop()
}

process.stdout.write(`\n${table()}\n${uploadShares()}`)
if (values.json !== undefined) {
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  }
  writeFileSync(values.json, `${JSON.stringify({ date: new Date().toISOString(), machine, results }, null, 2)}\n`)
}
process.exit(results.some((result) => result.error !== undefined) ? 1 : 0)

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** The same file as STOW-RS and in parts, to the moment it is stored. */
function uploadShares(): string {
  const rateOf = (name: RegExp): number | undefined => results.find(({ scenario }) => name.test(scenario))?.rate
  const lines = ['', ' over 1 Gbit/s'].flatMap((line) => {
    const [parts, stow] = [
      rateOf(new RegExp(`^upload one .* in parts${line}$`)),
      rateOf(new RegExp(`^STOW one .*frame${line}$`)),
    ]
    return parts && stow ? [`In parts${line}: ${((parts / stow) * 100).toFixed(0)} % of the rate of STOW-RS`] : []
  })
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
}

function table(): string {
  const lines = [
    '| scenario | server | rate | p50 ms | p95 ms | p99 ms | CPU s | peak MiB | ratio |',
    '|---|---|---|---|---|---|---|---|---|',
  ]
  for (const result of results) {
    const peer = results.find((other) => other.scenario === result.scenario && other.server !== result.server)
    const isFirst = result.server === servers[0]?.name
    const ratio = isFirst && peer && peer.rate > 0 && result.rate > 0 ? `${format(result.rate / peer.rate)} ×` : ''
    const rate = result.error === undefined ? `${format(result.rate)} ${result.unit}` : `failed: ${result.error}`
    const cells = [
      result.scenario,
      result.server,
      rate,
      format(result.p50),
      format(result.p95),
      format(result.p99),
      result.cpuSeconds === null ? '' : format(result.cpuSeconds),
      result.peakMiB === null ? '' : format(result.peakMiB),
      ratio,
    ]
    lines.push(`| ${cells.join(' | ')} |`)
  }
  return lines.join('\n')
}
