import type { Db } from '@instandt/db'
import type { Logger, Telemetry } from '@instandt/runtime'
import type { FastifyInstance } from 'fastify'
import type { NoteRead } from './audit/note-read.ts'
import type { Config } from './config.ts'
import type { Identity } from './identity/index.ts'
import type { BlobStore } from './storage/blob-store.ts'

/** What the use cases need; made once in start-backend.ts, handed on as an argument. */
export interface Deps {
  config: Config
  db: Db
  blobs: BlobStore
  identity: Identity
  noteRead: NoteRead
  /** Undefined where traces go nowhere. */
  telemetry?: Telemetry | undefined
  log: Logger
}

export type App = FastifyInstance
