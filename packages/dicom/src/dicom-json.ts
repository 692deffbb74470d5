import { DicomReadError } from './limits.ts'
import type { Dataset, Element } from './types.ts'
import { isVr } from './vr-forms.ts'

/** DICOM JSON text of a data set, attributes in ascending order of their tags at every level (PS3.18 F.2.2). */
export function stringifyDataset(dataset: Dataset): string {
  // Keys of digits only would be put first by an object's own order, so the text is built by hand.
  const members = Object.keys(dataset)
    .sort()
    .map((tag) => `"${tag}":${stringifyElement(dataset[tag] as Element)}`)
  return `{${members.join(',')}}`
}

export function stringifyElement(element: Element): string {
  if (element.vr !== 'SQ' || element.Value === undefined) return JSON.stringify(element)
  return `{"vr":"SQ","Value":[${(element.Value as Dataset[]).map(stringifyDataset).join(',')}]}`
}

/** Reads one data set of DICOM JSON; a wrong shape is named with its tag. */
export function parseDataset(json: string): Dataset {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    fault(error instanceof Error ? error.message : 'The text is no JSON.')
  }
  return checkDataset(value, 0)
}

function fault(message: string, tag?: string): never {
  throw new DicomReadError('bad-json', message, tag)
}

function checkDataset(value: unknown, depth: number): Dataset {
  if (depth > 64) fault('The data set is nested too deeply.')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fault('A data set is a JSON object.')
  for (const [tag, element] of Object.entries(value as Record<string, unknown>)) {
    if (!/^[0-9A-F]{8}$/.test(tag)) fault(`'${tag.slice(0, 40)}' is no tag of eight upper-case hexadecimal digits.`)
    checkElement(tag, element, depth)
  }
  return value as Dataset
}

function checkElement(tag: string, value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) fault('An attribute is a JSON object.', tag)
  const element = value as Record<string, unknown>
  const { vr, Value, InlineBinary, BulkDataURI } = element
  if (typeof vr !== 'string' || !isVr(vr)) fault('The attribute has no known vr.', tag)
  const forms = [Value, InlineBinary, BulkDataURI].filter((form) => form !== undefined)
  if (forms.length > 1) fault('An attribute has one of Value, InlineBinary and BulkDataURI.', tag)
  if (InlineBinary !== undefined && typeof InlineBinary !== 'string') fault('InlineBinary is text in base64.', tag)
  if (BulkDataURI !== undefined && typeof BulkDataURI !== 'string') fault('BulkDataURI is an address.', tag)
  if (Value === undefined) return
  if (!Array.isArray(Value)) fault('Value is an array.', tag)
  for (const item of Value as unknown[]) {
    if (vr === 'SQ') checkDataset(item, depth + 1)
    else if (item !== null && typeof item === 'object' && vr !== 'PN') fault('A value is text or a number.', tag)
  }
}
