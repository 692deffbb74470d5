import type { Db } from '@instandt/db'
import type { Scope } from '../plugins/access.ts'

/** CRC-32 of the first bytes of a content. */
export interface CheckSum {
  bytes: number
  crc: number
}

/** Days that they are kept: an archive that is not gone on with until then is read from its beginning. */
const keptDays = 30

/** Of each content the check sum of all its bytes, where it is known. */
export async function readCheckSums(
  db: Db,
  _scope: Scope,
  contents: readonly { sha256: Buffer; byteSize: number }[],
): Promise<(number | null)[]> {
  const { rows } = await db.pool.query<{ crc: number | null }>({
    name: 'read-check-sums',
    text: `select c.crc from unnest($1::bytea[], $2::bigint[]) with ordinality as asked(sha256, byte_size, place)
      left join content_crc c on c.sha256 = asked.sha256 and c.byte_count = asked.byte_size order by place`,
    values: [contents.map(({ sha256 }) => sha256), contents.map(({ byteSize }) => byteSize)],
  })
  return rows.map(({ crc }) => crc)
}

/** The check sum of as many first bytes as are known, at most so many. */
export async function findCheckSum(db: Db, _scope: Scope, sha256: Buffer, most: number): Promise<CheckSum | undefined> {
  const { rows } = await db.pool.query<CheckSum>({
    name: 'find-check-sum',
    text: `select byte_count as bytes, crc from content_crc where sha256 = $1 and byte_count <= $2
      order by byte_count desc limit 1`,
    values: [sha256, most],
  })
  return rows[0]
}

export async function addCheckSums(
  db: Db,
  _scope: Scope,
  sums: readonly (CheckSum & { sha256: Buffer })[],
): Promise<void> {
  await db.pool.query({
    name: 'add-check-sums',
    text: `insert into content_crc (sha256, byte_count, crc) select * from unnest($1::bytea[], $2::bigint[], $3::bigint[])
      on conflict do nothing`,
    values: [sums.map(({ sha256 }) => sha256), sums.map(({ bytes }) => bytes), sums.map(({ crc }) => crc)],
  })
}

export const forgetCheckSums = `delete from content_crc where noted_at < now() - interval '${keptDays} days'`
