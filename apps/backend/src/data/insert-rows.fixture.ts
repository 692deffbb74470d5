// For tests: rows without files, and a process of its own that inserts some (run with: database URL, writer's name, rows, studies).
import { createHash } from 'node:crypto'
import { closeDb, openDb } from '@instandt/db'
import { uidOf } from '@instandt/testkit/files'
import { readArchiveScope } from '../plugins/access.ts'
import { createInstanceWriter } from './group-commit.ts'
import type { NewInstance } from './new-instance.ts'

export interface RowOptions {
  study: string
  series?: string
  instance: string
  component?: string
  modality?: string
  bytes?: string
  blobKey?: string
  photometric?: string
}

export function makeRow(options: RowOptions): NewInstance {
  const { study, series = 'series', instance, component = study, modality = 'DX', bytes = instance } = options
  return {
    study: {
      studyInstanceUid: uidOf('row', study),
      componentIdentityKey: `number:${component}`,
      componentNumber: component,
      searchText: component,
      isDiconde: true,
      attributes: '{}',
    },
    series: {
      seriesInstanceUid: uidOf('row', study, series),
      modality,
      scheduledStepIds: [],
      requestedProcedureIds: [],
      attributes: '{}',
    },
    sopInstanceUid: uidOf('row', instance),
    sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    ...(options.photometric === undefined ? {} : { photometric: options.photometric }),
    byteSize: 1000,
    sha256: createHash('sha256').update(bytes).digest(),
    blobKey: options.blobKey ?? `objects/aa/${study}-${series}-${instance}-${bytes}`.toLowerCase(),
    bulk: [],
    attributes: '{}',
    dataset: {},
    metadata: new Uint8Array([1, 2, 3]),
    warnings: [],
  }
}

async function insertMany(url: string, name: string, count: number, studies: number): Promise<void> {
  const db = openDb({ connectionString: url })
  const scope = await readArchiveScope(db)
  const writer = createInstanceWriter(db)
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      const number = next
      next += 1
      // Each process goes round the studies its own way, and a third of the instances is everybody's.
      const study = `s${(number * (name.length + 1)) % studies}`
      const instance = number % 3 === 0 ? `shared-${study}-${number}` : `${name}-${number}`
      const row = makeRow({
        study,
        series: `v${number % 4}`,
        instance,
        component: `c${number % 2}`,
        modality: number % 4 === 0 ? 'CT' : 'DX',
        bytes: 'same',
        blobKey: `objects/aa/${name}-${number}`,
      })
      const result = await writer.insert(scope, row)
      if (result.outcome === 'failed') throw result.error
    }
  }
  await Promise.all(Array.from({ length: 16 }, lane))
  await closeDb(db)
}

const [url, name, count, studies] = process.argv.slice(2)
if (import.meta.main && url !== undefined && name !== undefined)
  await insertMany(url, name, Number(count), Number(studies))
