/** Addresses below /api that are asked for before the rest of a program is there: nothing but text. */
export const sessionUrl = '/api/session'

export const inspectionUrl = (study: string): string => `/api/inspections/${encodeURIComponent(study)}`

export const instancesUrl = (
  study: string,
  series: string,
  page: { cursor?: string | undefined; limit?: number | undefined },
): string =>
  `${inspectionUrl(study)}/views/${encodeURIComponent(series)}/instances${queryString({ cursor: page.cursor, limit: page.limit })}`

/** GET /api/renditions/{study}/{series}/{instance}/{frame}; frames count from 1. */
export const renditionUrl = (study: string, series: string, instance: string, frame: number): string =>
  `/api/renditions/${study}/${series}/${instance}/${frame}`

export const overviewUrl = (rendition: string, reduction: number): string =>
  `${rendition}/overview?reduction=${reduction}`

export const tileUrl = (rendition: string, tile: number, reduction: number): string =>
  `${rendition}/tiles/${tile}?reduction=${reduction}`

export function queryString(query: Record<string, string | number | undefined>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  return given.length === 0
    ? ''
    : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`
}
