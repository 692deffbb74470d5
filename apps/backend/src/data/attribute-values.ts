import type { PoolClient } from 'pg'
import type { AttributeValue } from '../search-attribute/declared-values.ts'

/** Values found in one stored instance. */
export interface InstanceValues {
  blobKey: string
  values: readonly AttributeValue[]
}

/**
 * Adds values to the index, each to the study, the series or the instance as its attribute was declared. Within a
 * transaction that shares the list's lock (see search-attributes); instances that have no row, and attributes that are
 * being removed, are left out. Adding what is there already changes nothing.
 */
export async function insertValues(client: PoolClient, found: readonly InstanceValues[]): Promise<void> {
  const values = found.flatMap(({ values: own }) => own)
  if (values.length === 0) return
  // Sent together; a transaction that fails fails in both.
  const [distinct, owners] = await Promise.allSettled([
    insertDistinct(client, values),
    insertOwners(
      client,
      found.flatMap(({ blobKey, values: own }) => own.map((value) => ({ blobKey, value }))),
    ),
  ])
  if (distinct.status === 'rejected') throw distinct.reason
  if (owners.status === 'rejected') throw owners.reason
}

/** Writers that meet insert in the same order, so that none waits for another in a circle. */
async function insertDistinct(client: PoolClient, values: readonly AttributeValue[]): Promise<void> {
  const byKey = new Map(values.map((value) => [`${value.attributeId} ${value.text}`, value]))
  const distinct = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
  await client.query({
    name: 'insert-attribute-values',
    text: `insert into attribute_value (attribute_id, text_value, number_value)
      select r.attribute_id, r.text_value, r.number_value
      from unnest($1::integer[], $2::text[], $3::float8[]) with ordinality as r(attribute_id, text_value, number_value, place)
      where not exists (select from attribute_value a where a.attribute_id = r.attribute_id and a.text_value = r.text_value)
        and exists (select from search_attribute t where t.id = r.attribute_id and t.state <> 'removing')
      order by place
      on conflict (attribute_id, text_value) do nothing`,
    values: [
      distinct.map((value) => value.attributeId),
      distinct.map((value) => value.text),
      distinct.map((value) => value.number ?? null),
    ],
  })
}

async function insertOwners(
  client: PoolClient,
  rows: readonly { blobKey: string; value: AttributeValue }[],
): Promise<void> {
  await client.query({
    name: 'insert-value-owners',
    text: `with had as materialized (
        select t.level, a.id as value_id, i.id as instance_id, i.series_id, i.study_id, i.project_id
        from unnest($1::text[], $2::integer[], $3::text[]) as r(blob_key, attribute_id, text_value)
        join search_attribute t on t.id = r.attribute_id and t.state <> 'removing'
        cross join lateral (select id, series_id, study_id, project_id from instance where blob_key = r.blob_key offset 0) i
        cross join lateral (
          select id from attribute_value where attribute_id = r.attribute_id and text_value = r.text_value offset 0
        ) a
      ), of_studies as (
        insert into study_value (study_id, value_id, project_id, study_date)
        select distinct h.study_id, h.value_id, h.project_id, coalesce(s.study_date, '')
        from had h cross join lateral (select study_date from study where id = h.study_id offset 0) s where h.level = 'study'
        order by 1, 2
        on conflict do nothing
      ), of_series as (
        insert into series_value (series_id, value_id, project_id)
        select distinct series_id, value_id, project_id from had where level = 'series' order by 1, 2
        on conflict do nothing
      )
      insert into instance_value (instance_id, value_id, project_id)
      select instance_id, value_id, project_id from had where level = 'instance' order by 1, 2
      on conflict do nothing`,
    values: [
      rows.map((row) => row.blobKey),
      rows.map((row) => row.value.attributeId),
      rows.map((row) => row.value.text),
    ],
  })
}
