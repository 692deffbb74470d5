import { randomBytes, randomUUID } from 'node:crypto'
import { AppError } from '../app-error.ts'

/** Everything stored lies below this prefix. */
export const objectPrefix = 'objects/'
/** What the orphan sweep put aside; the day of the move is part of the key. */
export const quarantinePrefix = 'quarantine/'
/** What was made for screens: can be thrown away and made again at any time. */
export const renditionPrefix = 'renditions/'
/** Unfinished writes of a store that needs temporary names; the sweep removes old ones. */
export const temporaryPrefix = 'incoming/'
/** Objects whose parts are still coming, in a store that keeps them in files. */
export const stagedPrefix = 'staged/'

const keysPerFolder = 256

/** Keys of the same moment share a folder, so that one flush of the folder makes many of them durable. */
function freshKeys(prefix: string): () => string {
  let folder = ''
  let left = 0
  return () => {
    if (left === 0) {
      folder = randomBytes(1).toString('hex')
      left = keysPerFolder
    }
    left -= 1
    return `${prefix}${folder}/${randomUUID()}`
  }
}

/** A fresh key for one upload. It says nothing about the object: keys end up in logs and in the cloud's own records. */
export const newObjectKey: () => string = freshKeys(objectPrefix)

export const newRenditionKey: () => string = freshKeys(renditionPrefix)

export const newTemporaryKey = (): string => `${temporaryPrefix}${randomUUID()}`

/** Where a store that needs a name of its own for it keeps the parts of this object. */
export function stagedKey(objectKey: string): string {
  return stagedPrefix + objectKey.slice(objectPrefix.length)
}

/** The key that an object with staged parts will have. */
export function objectKeyOfStaged(key: string): string {
  return objectPrefix + key.slice(stagedPrefix.length)
}

/** Where the sweep puts an orphan on the given day (UTC). */
export function quarantineKey(objectKey: string, day: Date): string {
  return `${quarantinePrefix}${day.toISOString().slice(0, 10)}/${objectKey}`
}

/** The key an object had before its quarantine, and the day it was put there; undefined for any other key. */
export function parseQuarantineKey(key: string): { objectKey: string; day: Date } | undefined {
  const match = /^quarantine\/(\d{4}-\d\d-\d\d)\/(objects\/.+)$/.exec(key)
  if (match?.[1] === undefined || match[2] === undefined) return undefined
  return { objectKey: match[2], day: new Date(`${match[1]}T00:00:00Z`) }
}

const keyForm = /^[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*)+$/

/** Throws unless the key is one this file could have made: no dots, no empty segments, nothing that climbs out of a root. */
export function checkKey(key: string): void {
  if (key.length > 256 || !keyForm.test(key))
    throw new AppError('blob-key-invalid', 500, 'A stored object has an impossible key.')
}
