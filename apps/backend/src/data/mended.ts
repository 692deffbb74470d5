import type { PoolClient } from 'pg'

/** A rendition job as it is before anything was made; `j` is its row. */
export const madeAnew = `state = 'waiting', thumbnail = 'waiting', thumbnail_key = null, frames_done = 0, frames_made = 0,
  byte_size = 0, reason = null, attempts = 0, due_at = now(), leased_by = null, leased_until = null, finished_at = null`

/**
 * The bytes of these objects were damaged, and are right from now on: other answers than those before, and pictures that were
 * made of damaged ones are made again.
 */
export async function noteMended(client: PoolClient, blobKeys: readonly string[]): Promise<void> {
  await client.query(
    `with mended as (
      update instance set mended = mended + 1 where blob_key = any($1::text[]) returning id
    ), binned as (
      update bin_instance set mended = mended + 1 where blob_key = any($1::text[])
    ), gone as (
      delete from rendition r using mended m where r.instance_id = m.id
    )
    update rendition_job j set ${madeAnew} from mended m where j.instance_id = m.id`,
    [blobKeys],
  )
}
