// `npm run bench`: instaNDT and, when installed, Orthanc on SQLite and on PostgreSQL side by side: each scenario runs on one
// and at once on the next, so that a machine whose speed drifts drifts for all. Or any DICOMweb server:
// npm run bench -- --url http://…/dicom-web
import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { openTarget } from './http.ts'
import { cpuSeconds, peakMemory, resetPeak, touchMemory } from './measure.ts'
import { everyRun, format, ratioTable, type Result, uploadShares } from './report.ts'
import { makeScenarios, type Scenario, warmUp } from './scenarios.ts'
import { startInstandt, startOrthanc, type Server } from './targets.ts'

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    token: { type: 'string' },
    beside: { type: 'string' },
    pid: { type: 'string' },
    only: { type: 'string' },
    small: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    processes: { type: 'string' },
    renditions: { type: 'boolean', default: false },
    runs: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
})

// Images for screens are made by a container of their own beside the backend; no peer makes any.
const settings: Record<string, string> = values.renditions ? {} : { DERIVE_THREADS: '0' }

async function openServers(): Promise<Server[]> {
  if (values.url !== undefined) {
    const pids = values.pid === undefined ? [] : [Number(values.pid)]
    return [{ name: values.url, bases: [values.url], token: values.token, pids, stop: async () => undefined }]
  }
  // More processes of one installation beside one.
  if (values.processes !== undefined)
    return [await startInstandt({ settings, processes: Number(values.processes) }), await startInstandt({ settings })]
  const instandt = await startInstandt({ settings })
  // What a change costs: this checkout and another one of ours.
  if (values.beside !== undefined)
    return [
      instandt,
      { ...(await startInstandt({ settings, root: values.beside })), name: values.beside.split('/').at(-1) ?? '' },
    ]
  if (values.alone) return [instandt]
  const peers = await Promise.all([startOrthanc('SQLite'), startOrthanc('PostgreSQL')])
  if (peers.some((peer) => peer === undefined))
    process.stderr.write(
      'not installed (apt-get install orthanc orthanc-dicomweb orthanc-postgresql): a peer is missing\n',
    )
  return [instandt, ...peers.filter((peer) => peer !== undefined)]
}

async function measureOn(server: Server, scenario: Scenario): Promise<Result> {
  const { name, unit } = scenario
  const result: Result = { scenario: name, server: server.name, unit, rate: 0, p50: 0, p95: 0, p99: 0, runs: 0 }
  const target = openTarget(server.bases, server.token)
  for (const pid of server.pids) resetPeak(pid)
  const sum = (of: (pid: number) => number): number => server.pids.reduce((total, pid) => total + of(pid), 0)
  const before = sum(cpuSeconds)
  const ownBefore = process.cpuUsage()
  try {
    const { timing, rate } = await scenario.run(target)
    Object.assign(result, { rate, p50: timing.p50, p95: timing.p95, p99: timing.p99, runs: timing.runs })
  } catch (error) {
    result.error = error instanceof Error ? error.message : String(error)
  } finally {
    target.close()
  }
  const own = process.cpuUsage(ownBefore)
  result.clientCpuSeconds = (own.user + own.system) / 1e6
  if (server.pids.length > 0) Object.assign(result, { cpuSeconds: sum(cpuSeconds) - before, peakMiB: sum(peakMemory) })
  return result
}

const results: Result[] = []
const only = values.only === undefined ? undefined : new RegExp(values.only, 'i')
const size = values.small ? 'small' : 'full'
const scenarios = makeScenarios(size)

for (let run = 1; run <= Number(values.runs); run += 1) {
  touchMemory()
  const servers = await openServers()
  try {
    for (const server of servers) {
      // A server that cannot do one of these things, or is not ours to leave files on, is measured as it is.
      if (values.url !== undefined) break
      const target = openTarget(server.bases, server.token)
      await warmUp(target, size)
        .catch((error: unknown) => process.stderr.write(`${server.name} is not warm: ${String(error)}\n`))
        .finally(() => target.close())
    }
    for (const scenario of scenarios) {
      // Uploads always run: what comes later reads what they stored.
      if (only && !only.test(scenario.name) && !scenario.name.startsWith('STOW')) continue
      for (const server of servers) {
        if (scenario.needsUploads === true && server.hasUploads !== true) continue
        const result = await measureOn(server, scenario)
        results.push(result)
        const words = result.error ?? `${format(result.rate)} ${result.unit}`
        process.stderr.write(`${scenario.name} · ${server.name}: ${words}\n`)
      }
    }
  } finally {
    for (const server of servers) await server.stop()
  }
}

process.stdout.write(`\n${everyRun(results)}\n\n${ratioTable(results, scenarios)}\n${uploadShares(results)}`)
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
