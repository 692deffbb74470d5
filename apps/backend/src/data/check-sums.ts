import type { Db } from '@instandt/db'
import type { Scope } from '../plugins/access.ts'

/** CRC-32 of the first bytes of a file. */
export interface CheckSum {
  bytes: number
  crc: number
}

/** The stored bytes of an instance: corrected or mended it has others. */
export interface SummedFile {
  id: string
  sha256: Buffer
  mended: number
}

/** Days that they are kept: an archive that is not gone on with until then is read from its beginning. */
const keptDays = 30

const filesOf = (files: readonly SummedFile[]): unknown[] => [
  files.map(({ id }) => id),
  files.map(({ sha256 }) => sha256),
  files.map(({ mended }) => mended),
]

/** Of each file the check sum of all its bytes, where it is known. */
export async function readCheckSums(
  db: Db,
  _scope: Scope,
  files: readonly (SummedFile & { byteSize: number })[],
): Promise<(number | null)[]> {
  const { rows } = await db.pool.query<{ crc: number | null }>({
    name: 'read-check-sums',
    text: `select c.crc from unnest($1::bigint[], $2::bytea[], $3::integer[], $4::bigint[]) with ordinality
        as asked(id, sha256, mended, byte_size, place)
      left join instance_crc c on c.instance_id = asked.id and c.byte_count = asked.byte_size
        and c.sha256 = asked.sha256 and c.mended = asked.mended
      order by place`,
    values: [...filesOf(files), files.map(({ byteSize }) => byteSize)],
  })
  return rows.map(({ crc }) => crc)
}

/** The check sum of as many first bytes as are known, at most so many. */
export async function findCheckSum(
  db: Db,
  _scope: Scope,
  { id, sha256, mended }: SummedFile,
  most: number,
): Promise<CheckSum | undefined> {
  const { rows } = await db.pool.query<CheckSum>({
    name: 'find-check-sum',
    text: `select byte_count as bytes, crc from instance_crc
      where instance_id = $1 and sha256 = $2 and mended = $3 and byte_count <= $4 order by byte_count desc limit 1`,
    values: [id, sha256, mended, most],
  })
  return rows[0]
}

export async function addCheckSums(db: Db, _scope: Scope, sums: readonly (CheckSum & SummedFile)[]): Promise<void> {
  await db.pool.query({
    name: 'add-check-sums',
    text: `insert into instance_crc (instance_id, sha256, mended, byte_count, crc)
      select distinct on (id, bytes) * from unnest($1::bigint[], $2::bytea[], $3::integer[], $4::bigint[], $5::bigint[])
        as noted(id, sha256, mended, bytes, crc)
      on conflict (instance_id, byte_count) do update
        set sha256 = excluded.sha256, mended = excluded.mended, crc = excluded.crc, noted_at = now()`,
    values: [...filesOf(sums), sums.map(({ bytes }) => bytes), sums.map(({ crc }) => crc)],
  })
}

export const forgetCheckSums = `delete from instance_crc where noted_at < now() - interval '${keptDays} days'`
