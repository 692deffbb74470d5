import type { TFunction } from 'i18next'
import type { SkipKey, UploadFile } from './upload-file.ts'

const skipKeys: readonly string[] = ['system', 'dicomdir', 'empty'] satisfies SkipKey[]
const isSkip = (key: string): key is SkipKey => skipKeys.includes(key)

/** Why a file ended as it did, in the page's language, then in the server's own words. */
export function reasonWords(t: TFunction, { reason }: Pick<UploadFile, 'reason'>): string {
  if (reason === undefined) return ''
  const { key, code = '', text } = reason
  const words = isSkip(key) ? t(`upload.skip.${key}`) : t(`upload.reason.${key}`, { code, status: code })
  return text ? `${words}: ${text}` : words
}
