import type { Azure } from './azure.ts'
import type { Context } from './context.ts'
import type { Deployment } from './deployment.ts'

interface Following {
  stop(): void
  /** Prints what has come by then; waits for lines up to so many seconds. */
  flush(seconds: number): Promise<void>
}

const everyMs = 15_000

/** Prints a run's lines as Log Analytics gets to know them, which is one to three minutes after they were written. */
export function followLog(context: Context, azure: Azure, deployment: Deployment, execution: string): Following {
  let printed = 0
  let timer: NodeJS.Timeout | undefined
  const look = async (): Promise<void> => {
    const lines = await queryLines(context, azure, deployment, execution).catch(() => [])
    for (const line of lines.slice(printed)) context.say(`  ${line}`)
    printed = Math.max(printed, lines.length)
  }
  const schedule = (): void => {
    timer = setTimeout(() => void look().then(() => timer && schedule()), everyMs)
  }
  schedule()
  return {
    stop() {
      clearTimeout(timer)
      timer = undefined
    },
    async flush(seconds) {
      const deadline = performance.now() + seconds * 1000
      await look()
      while (printed === 0 && performance.now() < deadline) {
        await new Promise((resolve) =>
          setTimeout(resolve, Math.min(everyMs, context.config.INSTANDT_POLL_SECONDS * 1000)),
        )
        await look()
      }
    },
  }
}

async function queryLines(
  { config }: Context,
  azure: Azure,
  deployment: Deployment,
  execution: string,
): Promise<string[]> {
  const token = await azure.credential.getToken(`${config.LOG_ANALYTICS_ENDPOINT}/.default`)
  if (!token) return []
  const name = execution.replaceAll(/[^a-z0-9-]/gi, '')
  const query = `ContainerAppConsoleLogs | where ContainerGroupName startswith "${name}" | order by TimeGenerated asc | project Log`
  const response = await fetch(
    `${config.LOG_ANALYTICS_ENDPOINT}/v1/workspaces/${deployment.workspace.customerId}/query`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${token.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, timespan: 'P1D' }),
      signal: AbortSignal.timeout(30_000),
    },
  )
  if (!response.ok) return []
  const { tables = [] } = (await response.json()) as { tables?: { rows: unknown[][] }[] }
  return (tables[0]?.rows ?? []).map((row) => String(row[0]))
}
