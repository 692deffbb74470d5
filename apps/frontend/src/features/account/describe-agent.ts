const browsers = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const
const systems = [
  ['Android', 'Android'],
  ['iPhone', 'iOS'],
  ['iPad', 'iPadOS'],
  ['Windows', 'Windows'],
  ['Mac OS', 'macOS'],
  ['Linux', 'Linux'],
] as const

/** `Mozilla/5.0 (X11; Linux …) Chrome/141 …` → `Chrome, Linux`: enough to know one's own machines by. */
export function describeAgent(agent: string): string {
  const found = [browsers, systems].map((list) => list.find(([mark]) => agent.includes(mark))?.[1])
  return found.filter((name) => name !== undefined).join(', ') || agent.slice(0, 60) || '–'
}
