import { foldText } from '@instandt/dicom'

// No entry of a B-tree may be longer than 2,704 bytes: 512 UTF-16 units are 1,536 bytes of UTF-8 at most.
export const maxIndexed = 512

/** PostgreSQL's text holds no NUL, and half a surrogate pair is no character. */
export function clean(text: string | undefined, maxLength = maxIndexed): string | undefined {
  const kept = text?.replaceAll('\0', '').slice(0, maxLength).toWellFormed()
  return kept === undefined || kept === '' ? undefined : kept
}

/** Folding may lengthen: a ligature becomes the letters it is made of. */
export const folded = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : clean(foldText(text))

/** A date (DA) as YYYYMMDD, also from the older form with dots; undefined when it is none. */
export function date(text: string | undefined): string | undefined {
  const plain = text?.replace(/^(\d{4})\.(\d\d)\.(\d\d)$/, '$1$2$3')
  return plain !== undefined && /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/.test(plain) ? plain : undefined
}

/** A time (TM) without colons; undefined when it is none. */
export function time(text: string | undefined): string | undefined {
  const plain = text?.replace(/^(\d\d):(\d\d):(\d\d)/, '$1$2$3')
  return plain !== undefined && /^([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?(\.\d{1,6})?)?$/.test(plain) ? plain : undefined
}
