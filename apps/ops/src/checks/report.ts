import type { Context } from '../context.ts'
import { describeAzure } from '../ops-error.ts'

export interface Finding {
  state: 'ok' | 'warning' | 'fault'
  detail: string
}
export type Check = Finding & { name: string }

export const ok = (detail: string): Finding => ({ state: 'ok', detail })
export const warning = (detail: string): Finding => ({ state: 'warning', detail })
export const fault = (detail: string): Finding => ({ state: 'fault', detail })

/** A check that could not be made is told as one that could not be made. */
export async function check(name: string, look: () => Promise<Finding>): Promise<Check> {
  try {
    return { name, ...(await look()) }
  } catch (error) {
    return { name, ...fault(`could not be checked: ${describeAzure(error)}`) }
  }
}

/** The whole list, as a table or as JSON; 1 where something is a fault. */
export function report(context: Pick<Context, 'isJson' | 'print'>, checks: Check[]): number {
  if (context.isJson) context.print(`${JSON.stringify(checks, undefined, 2)}\n`)
  else {
    const marks = { ok: 'ok', warning: 'look', fault: 'FAULT' }
    context.print(`${table(checks.map(({ name, state, detail }) => [marks[state], name, detail]))}\n`)
  }
  return checks.some((one) => one.state === 'fault') ? 1 : 0
}

/** Columns as wide as their widest cell. */
function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
