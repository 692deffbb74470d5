import { createHash } from 'node:crypto'
import type { DownloadItem } from '@instandt/api'
import { type DirectoryPlan, directoryLength, planDirectory } from '@instandt/dicom'
import { AppError } from '../app-error.ts'
import { type Chosen, listChosen, readListing } from '../data/downloads.ts'
import type { Deps } from '../deps.ts'
import { notFound, readPages } from '../dicomweb/wado/retrieve-object.ts'
import type { Scope } from '../plugins/access.ts'
import { directoryRecords, fileLevel, type PlacedInstance } from './directory-records.ts'
import { measureZip } from './write-zip.ts'

/** Of each file some 200 bytes are kept until its archive is sent: 50 MB for so many. */
export const maxInstances = 250_000
export const hashBytes = 32
export const directoryName = 'DICOMDIR'
export const sumsName = 'SHA256SUMS'

/** What an archive will hold, known before its first byte. */
export interface DownloadPlan {
  ids: readonly string[]
  /** Of the whole archive. */
  byteLength: number
  /** Stands for the content: equal archives are equal byte for byte. */
  identity: string
  componentNumber: string | null
  orderNumber: string | null
  names: readonly string[]
  /** Bytes of the files. */
  sizes: readonly number[]
  /** How often each became right again: other bytes than before. */
  mended: readonly number[]
  /** SHA-256 of the files one after the other. */
  hashes: Buffer
  directory: DirectoryPlan
  directoryUid: string
  /** When the last of the files was stored. */
  modifiedAt: Date
}

/** @throws AppError 'instance-not-found' unless everything asked for is there, 'download-too-large' */
export async function chooseInstances(deps: Deps, scope: Scope, items: readonly DownloadItem[]): Promise<Chosen> {
  const chosen = await listChosen(deps.db, scope, items)
  // A part left out in silence would be taken for the whole.
  if (chosen.isPartMissing || chosen.ids.length === 0) throw notFound()
  if (chosen.ids.length > maxInstances)
    throw new AppError('download-too-large', 400, `A download holds ${maxInstances} instances at most; choose fewer.`)
  return chosen
}

/** Reads the rows once to know names, lengths and places. */
export async function planDownload(deps: Deps, scope: Scope, ids: readonly string[]): Promise<DownloadPlan> {
  const hashes = Buffer.alloc(ids.length * hashBytes)
  const names: string[] = []
  const sizes: number[] = []
  const mended: number[] = []
  const content = createHash('sha256')
  let lastStored = 0
  let first: PlacedInstance | undefined
  async function* noted(): AsyncGenerator<PlacedInstance> {
    for await (const instance of placeInstances(deps, scope, ids)) {
      first ??= instance
      hashes.set(instance.sha256, hashBytes * names.length)
      content.update(`${instance.sopInstanceUid} ${instance.sopClassUid} ${instance.transferSyntaxUid}`)
      content.update(`${instance.instanceNumber} ${instance.studyAttributes} ${instance.seriesAttributes}`)
      lastStored = Math.max(lastStored, instance.storedAt)
      names.push(instance.path.join('/'))
      sizes.push(instance.byteSize)
      mended.push(instance.mended)
      yield instance
    }
  }
  const directory = await planDirectory(directoryRecords(noted()), fileLevel)
  const identity = content.update(hashes).update(mended.join()).digest('hex')
  const directoryUid = `2.25.${BigInt(`0x${identity.slice(0, 32)}`)}`

  const zip = measureZip()
  zip.add(directoryName, directoryLength(directory, directoryUid))
  for (const [index, name] of names.entries()) zip.add(name, sizes[index] ?? 0)
  zip.add(sumsName, sumsLength(names))
  return {
    ids,
    byteLength: zip.total(),
    identity,
    componentNumber: first?.componentNumber ?? null,
    orderNumber: first?.orderNumber ?? null,
    names,
    sizes,
    mended,
    hashes,
    directory,
    directoryUid,
    modifiedAt: new Date(lastStored),
  }
}

/** Bytes of the list of check sums. */
export const sumsLength = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + 2 * hashBytes + 3 + name.length, 2 * hashBytes + 3 + directoryName.length)

/** Rows with the names that media allow: eight signs of A-Z, 0-9 and _ at each level (PS3.10 8.2, 8.5). */
export async function* placeInstances(
  deps: Deps,
  scope: Scope,
  ids: readonly string[],
): AsyncGenerator<PlacedInstance> {
  const numbered = (letters: string, count: number): string => letters + String(count).padStart(6, '0')
  let study = ''
  let series = ''
  const counts = { study: 0, series: 0, instance: 0 }
  for await (const page of readPages(ids, (part) => readListing(deps.db, scope, part))) {
    for (const instance of page) {
      const isOtherStudy = instance.studyInstanceUid !== study
      if (isOtherStudy) {
        counts.study += 1
        counts.series = 0
      }
      if (isOtherStudy || instance.seriesInstanceUid !== series) {
        counts.series += 1
        counts.instance = 0
      }
      study = instance.studyInstanceUid
      series = instance.seriesInstanceUid
      counts.instance += 1
      const path = [
        'DICOM',
        numbered('ST', counts.study),
        numbered('SE', counts.series),
        numbered('IM', counts.instance),
      ]
      yield { ...instance, path }
    }
  }
}
