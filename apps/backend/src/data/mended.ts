import type { PoolClient } from 'pg'

/**
 * The bytes of these objects were damaged, and are right from now on: other answers than those before, and pictures that were
 * made of damaged ones are made again.
 */
export async function noteMended(client: PoolClient, blobKeys: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ id: number }>(
    `with mended as (
      update instance set mended = mended + 1 where blob_key = any($1::text[]) returning id
    ), binned as (
      update bin_instance set mended = mended + 1 where blob_key = any($1::text[])
    ) select id from mended`,
    [blobKeys],
  )
  await makeAnew(
    client,
    rows.map(({ id }) => id),
  )
}

/**
 * Forgets what was made of these instances; returns how many are to be made again. The claims end first: what a worker adds
 * before that is seen by the second statement, and after it it adds nothing.
 */
export async function makeAnew(client: PoolClient, instanceIds: readonly number[]): Promise<number> {
  const { rowCount } = await client.query(
    `update rendition_job set state = 'waiting', thumbnail = 'waiting', thumbnail_key = null, frames_done = 0,
      frames_made = 0, byte_size = 0, reason = null, attempts = 0, due_at = now(), leased_by = null, leased_until = null,
      finished_at = null where instance_id = any($1::bigint[])`,
    [instanceIds],
  )
  await client.query('delete from rendition where instance_id = any($1::bigint[])', [instanceIds])
  return rowCount ?? 0
}
