import { setTimeout as sleep } from 'node:timers/promises'
import type { Azure } from './azure.ts'
import type { Context } from './context.ts'
import type { Deployment } from './deployment.ts'
import { describeAzure } from './ops-error.ts'

interface Following {
  stop(): void
  /** After the run's end: until its last lines have come. */
  readToEnd(): Promise<void>
}

/** Looks after a run's end: for three minutes at ten seconds each, or until lines have come and none has for a while. */
const [mostLooks, quietLooks] = [18, 4]

/** Prints a run's lines as Log Analytics gets to know them, which is one to three minutes after they were written. */
export function followLog(context: Context, azure: Azure, deployment: Deployment, execution: string): Following {
  const seen = new Set<string>()
  const pauseMs = context.config.INSTANDT_POLL_SECONDS * 1000
  const stopping = new AbortController()
  let isTold = false
  /** @returns whether something new came */
  const look = async (): Promise<boolean> => {
    const before = seen.size
    for (const { at, line } of await queryLog(azure, deployment, execution).catch((error: unknown) => {
      if (!isTold) context.say(`the log cannot be read: ${describeAzure(error)}`)
      isTold = true
      return []
    })) {
      // A late line may come between two that were printed.
      const key = `${at} ${line}`
      if (!seen.has(key)) context.say(`  ${line}`)
      seen.add(key)
    }
    return seen.size > before
  }
  const following = (async () => {
    for (;;) {
      await sleep(pauseMs, undefined, { signal: stopping.signal })
      await look()
    }
  })().catch(() => undefined)
  return {
    stop: () => stopping.abort(),
    async readToEnd() {
      stopping.abort()
      await following
      context.say('waiting for the last lines of its log')
      for (let looks = 0, quiet = 0; looks < mostLooks && !isTold; looks += 1) {
        quiet = (await look()) ? 0 : quiet + 1
        if (seen.size > 0 && quiet >= quietLooks) return
        await sleep(pauseMs)
      }
    },
  }
}

/** What a run has printed, as far as Log Analytics knows. */
export async function queryLog(
  azure: Azure,
  deployment: Deployment,
  execution: string,
): Promise<{ at: string; line: string }[]> {
  const name = execution.replaceAll(/[^a-z0-9-]/gi, '')
  const query = `ContainerAppConsoleLogs | where ContainerGroupName startswith "${name}" | order by TimeGenerated asc | project TimeGenerated, Log`
  const { workspace } = deployment
  const answer = await (await azure.logs()).queryWorkspace(workspace.customerId, query, { duration: 'P7D' })
  const tables = answer.status === 'Success' ? answer.tables : answer.partialTables
  return (tables[0]?.rows ?? []).map(([at, line]) => ({
    at: at instanceof Date ? at.toISOString() : '',
    line: typeof line === 'string' ? line : JSON.stringify(line),
  }))
}
