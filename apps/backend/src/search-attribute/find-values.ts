import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseDataset, publicDiconde } from '@instandt/dicom'
import type { InstanceValues } from '../data/attribute-values.ts'
import type { StoredAttributes } from '../data/attribute-index.ts'
import { type DeclaredPath, declaredValues } from './declared-values.ts'
import { unpackMetadata } from '../unpack-metadata.ts'

// So long at most nobody else gets a turn of this process.
const longestTurn = 10

/** Values of stored instances; undefined for one whose stored attributes cannot be read. */
export async function findValues(
  rows: readonly StoredAttributes[],
  attributes: readonly DeclaredPath[],
): Promise<(InstanceValues | undefined)[]> {
  const marks = attributes.map(({ steps: [first] }) =>
    first === undefined ? '' : 'tag' in first ? `"${first.tag}":` : JSON.stringify(first.creator),
  )
  const found: (InstanceValues | undefined)[] = []
  let turnBegan = performance.now()
  for (const row of rows) {
    found.push(valuesIn(row, attributes, marks))
    if (performance.now() - turnBegan < longestTurn) continue
    await nextTurn()
    turnBegan = performance.now()
  }
  return found
}

// Old private DICONDE blocks hold elements that are searched under their public tags.
const oldBlock = /"(?:0009|0011|0021)00[1-9A-F][0-9A-F]":/

function valuesIn(
  { blobKey, metadata }: StoredAttributes,
  attributes: readonly DeclaredPath[],
  marks: readonly string[],
): InstanceValues | undefined {
  try {
    const json = unpackMetadata(metadata).toString('utf8')
    // Most instances have none of them; reading the text is a hundredth of parsing it.
    if (!marks.some((mark) => json.includes(mark)) && !oldBlock.test(json)) return { blobKey, values: [] }
    const own = parseDataset(json)
    return { blobKey, values: declaredValues({ ...publicDiconde(own), ...own }, attributes) }
  } catch {
    // Counted and told to the administrator; one damaged row must not keep the others out of the index.
    return undefined
  }
}
