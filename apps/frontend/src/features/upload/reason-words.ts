import type { TFunction } from 'i18next'
import {
  type ArchiveFault,
  archiveFaults,
  type RefusalKey,
  refusalKeys,
  type SkipKey,
  skipKeys,
  type UploadFile,
} from './upload-file.ts'

const isOneOf =
  <Key extends string>(keys: readonly Key[]) =>
  (key: string): key is Key =>
    keys.some((one) => one === key)
const isSkip = isOneOf<SkipKey>(skipKeys)
const isRefusal = isOneOf<RefusalKey>(refusalKeys)
const isArchiveFault = isOneOf<ArchiveFault>(archiveFaults)

/** Why a file ended as it did, in the page's language, then in the server's own words. */
export function reasonWords(t: TFunction, { reason }: Pick<UploadFile, 'reason'>): string {
  if (reason === undefined) return ''
  const { key, code = '', text } = reason
  const words = isSkip(key)
    ? t(`upload.skip.${key}`)
    : isRefusal(key)
      ? t(`upload.refusal.${key}`)
      : isArchiveFault(key)
        ? t(`upload.archive.${key}`)
        : t(`upload.reason.${key}`, { code, status: code })
  return text ? `${words}: ${text}` : words
}
