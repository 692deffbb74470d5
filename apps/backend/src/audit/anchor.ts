import { appendFile, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ContainerClient } from '@azure/storage-blob'
import type { Config } from '../config.ts'

/** The chain's head at some time, kept where the database's rights do not reach. */
export interface Anchor {
  seq: number
  /** hex */
  hash: string
  at: string
}

export interface AnchorStore {
  add(anchor: Anchor): Promise<void>
  /** In no order. */
  list(): AsyncIterable<Anchor>
}

/** A file, or blobs in a container of their own that the operator makes immutable. */
export async function openAnchorStore(config: Config): Promise<AnchorStore> {
  if (config.STORAGE === 'disk')
    return fileAnchors(config.AUDIT_ANCHOR_FILE ?? path.join(config.STORAGE_DIR ?? '', 'audit-anchors.jsonl'))
  const { azureAccount, connectContainer } = await import('../storage/azure-container.ts')
  const account = azureAccount(config, config.AUDIT_CONTAINER)
  const container = connectContainer(account)
  // With an identity it has to exist: making it, immutable, is the deployment's right.
  if ('connectionString' in account) await container.createIfNotExists()
  return containerAnchors(container)
}

export function fileAnchors(file: string): AnchorStore {
  return {
    async add(anchor) {
      await mkdir(path.dirname(file), { recursive: true })
      await appendFile(file, `${JSON.stringify(anchor)}\n`, { flush: true })
    },
    async *list() {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return ''
        throw error
      })
      for (const line of text.split('\n')) {
        // A line cut off by a crash is no anchor.
        if (line.endsWith('}')) yield JSON.parse(line) as Anchor
      }
    },
  }
}

function containerAnchors(container: ContainerClient): AnchorStore {
  return {
    async add(anchor) {
      const text = JSON.stringify(anchor)
      const name = `${anchor.at.slice(0, 10)}/${String(anchor.seq).padStart(15, '0')}.json`
      await container
        .getBlockBlobClient(name)
        .upload(text, Buffer.byteLength(text), { conditions: { ifNoneMatch: '*' } })
        .catch((error: { statusCode?: number }) => {
          // Another server anchored the same head.
          if (error.statusCode !== 409 && error.statusCode !== 412) throw error
        })
    },
    async *list() {
      for await (const { name } of container.listBlobsFlat()) {
        const bytes = await container.getBlockBlobClient(name).downloadToBuffer()
        yield JSON.parse(bytes.toString()) as Anchor
      }
    },
  }
}
