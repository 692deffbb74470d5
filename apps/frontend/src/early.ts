// The first program of a page, a few kB: a viewer that is opened by its address asks for its picture here, while the rest of the
// program is still being read. Each answer leads to the next question, and every question costs a trip to the server.
import { type InstancePage, inspectionUrl, instancesUrl, instanceUrl, type Rendition, sessionUrl } from '@instandt/api'
import { askEarly } from './api/early-answers.ts'
import { instancePageSize } from './api/page-sizes.ts'
import { planOverview, renditionAddress } from './features/viewer/engine/plan-overview.ts'
import { isWorthTiles } from './features/viewer/worth-tiles.ts'
import { sayLoading } from './first-words.ts'

const json = 'application/json'

async function askForPicture(study: string, series: string): Promise<void> {
  const listing = askEarly(instancesUrl(study, series, { limit: instancePageSize }), json)
  void askEarly(sessionUrl, json)
  void askEarly(inspectionUrl(study), json)
  const { items } = await read<InstancePage>(listing)
  const search = new URLSearchParams(location.search)
  const named = search.get('instance')
  const item = named === null ? items[0] : items.find(({ sopInstanceUid }) => sopInstanceUid === named)
  if (!item) return
  const instance = item.sopInstanceUid
  void askEarly(`${instanceUrl(study, series, instance)}/metadata`, 'application/dicom+json')
  if (!isWorthTiles(item)) return
  const address = { study, series, instance, frame: Number(search.get('frame') ?? 1) }
  const rendition = await read<Rendition>(askEarly(renditionAddress(address), json))
  void askEarly(planOverview(address, rendition).url, 'application/octet-stream')
}

async function read<Answer>(asking: ReturnType<typeof askEarly>): Promise<Answer> {
  const { ok, status, bytes } = await asking
  if (!ok) throw new Error(`HTTP ${status}`)
  return JSON.parse(new TextDecoder().decode(bytes)) as Answer
}

const [, study, series] = /^\/inspections\/([^/]+)\/view\/([^/]+)\/?$/.exec(location.pathname) ?? []
sayLoading(series === undefined ? 'page' : 'viewer')
// Whatever goes wrong here is met again, and told, by the program itself.
if (study !== undefined && series !== undefined) askForPicture(study, series).catch(() => undefined)
