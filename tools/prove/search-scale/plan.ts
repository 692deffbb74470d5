/** A node of PostgreSQL's EXPLAIN (ANALYZE, FORMAT JSON). */
export interface Plan {
  'Node Type': string
  'Index Name'?: string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Plan[]
}

const thrownAway = (plan: Plan): number =>
  (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)

/** Rows read of tables, also those thrown away. */
export function rowsTouched(plan: Plan): number {
  const below = (plan.Plans ?? []).reduce((sum, part) => sum + rowsTouched(part), 0)
  if (plan['Relation Name'] === undefined) return below
  return below + Math.round((plan['Actual Rows'] + thrownAway(plan)) * plan['Actual Loops'])
}

/** The scans of a plan in their order: what is read by which index, how often, and how many rows come of it. */
export function planWords(plan: Plan): string[] {
  const below = (plan.Plans ?? []).flatMap(planWords)
  const place = plan['Index Name'] ?? plan['Relation Name']
  if (place === undefined) return below
  const rows = Math.round(plan['Actual Rows'] * plan['Actual Loops'])
  const thrown = Math.round(thrownAway(plan) * plan['Actual Loops'])
  const loops = plan['Actual Loops'] > 1 ? ` × ${plan['Actual Loops']}` : ''
  const words = `${plan['Node Type']} ${place}${loops}: ${rows}${thrown > 0 ? ` of ${rows + thrown}` : ''}`
  return plan['Actual Loops'] === 0 ? below : [words, ...below]
}
