// Rows of a made-up archive, generated in SQL: searches read no file.
import type { Pool } from 'pg'

export const perStudy = 2
export const perSeries = 25

/**
 * One study in 1,000 is ultrasound; a component has five studies. Dates grow with the rows over twenty years, as in an
 * archive that fills day by day: what is old is old in every index.
 */
export const rowsOf = (studies: number): string[] => [
  `insert into component (project_id, identity_key, component_number, component_name)
   select p.id, 'number:C-' || n, 'C-' || n, 'Weld ' || n from project p, generate_series(1, ${studies / 5}) n where p.slug = 'default'`,
  `insert into study (project_id, component_id, study_instance_uid, study_date, study_time, accession_number, study_id,
     study_description, component_number, component_name, component_name_folded, owner_name, owner_name_folded, search_text,
     attributes, is_diconde, modalities, sop_classes, series_count, instance_count, byte_size)
   select c.project_id, c.id, '2.25.1' || n, to_char(date '2006-01-01' + (n * 7300.0 / ${studies})::integer, 'YYYYMMDD'),
     lpad((n % 24)::text, 2, '0') || '1500', 'A-' || n, 'S' || n, 'Girth weld ' || md5(n::text), c.component_number,
     c.component_name, lower(c.component_name), 'Owner ' || n % 300, 'owner ' || n % 300,
     lower(c.component_name) || E'\\n' || lower(c.component_number) || E'\\na-' || n || E'\\ns' || n || E'\\ngirth weld ' || md5(n::text)
       || E'\\nowner ' || n % 300,
     '{"00100020":{"vr":"LO","Value":["C"]}}', true, case when n % 1000 = 0 then '{US}'::text[] else '{DX}' end,
     '{1.2.840.10008.5.1.4.1.1.1.1}', ${perStudy}, ${perStudy * perSeries}, ${perStudy * perSeries}000000
   from component c, generate_series(0, 4) v, lateral (select (c.id - 1) * 5 + v as n) numbered order by n`,
  `insert into series (study_id, project_id, series_instance_uid, modality, series_number, step_start_date, step_start_time,
     scheduled_step_ids, requested_procedure_ids, attributes, instance_count)
   select s.id, s.project_id, s.study_instance_uid || '.' || v, s.modalities[1], v, s.study_date, s.study_time,
     array['SPS-' || s.id], array['RP-' || s.id], '{}', ${perSeries}
   from study s, generate_series(1, ${perStudy}) v order by s.id, v`,
  `insert into instance (series_id, study_id, project_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number,
     row_count, column_count, bits_allocated, frame_count, byte_size, sha256, blob_key, attributes, metadata)
   select r.id, r.study_id, r.project_id, r.series_instance_uid || '.' || i, '1.2.840.10008.5.1.4.1.1.1.1', '1.2.840.10008.1.2.1',
     i, 2048, 2048, 16, 1, 8000000, sha256(int8send(r.id * 1000 + i)), 'objects/' || r.id || '/' || i,
     '{"00200013":{"vr":"IS","Value":[' || i || ']}}', decode('{metadata}', 'hex')
   from series r, generate_series(1, ${perSeries}) i order by r.id, i`,
]

/** Declared attributes, one of each kind: few values and many, rare ones, all different ones. */
export const declarations = [
  { name: 'ComponentManufacturer', path: '00140028', vr: 'ST', level: 'study' },
  { name: 'OuterDiameter', path: '00140054', vr: 'DS', level: 'series' },
  { name: 'MaterialThickness', path: '00140030', vr: 'DS', level: 'instance' },
  { name: 'ComponentShape', path: '00140050', vr: 'CS', level: 'instance' },
  { name: 'RepairID', path: '00140105', vr: 'ST', level: 'instance' },
] as const

const idOf = (name: (typeof declarations)[number]['name']): string =>
  `(select id from search_attribute where name = '${name}')`

/**
 * Values as the index keeps them: half of the studies of one maker, diameters of 500 sizes, thicknesses of a million, two
 * shapes nearly all images have, one that only the oldest have and one of an image in 100,000, and an id of each image's own.
 */
export const valuesOf = (instances: number): string[] => [
  ...declarations.map(
    ({ name, path, vr, level }) =>
      `insert into search_attribute (name, path, vr, level, state, first_id, indexed_id, last_id, created_by)
       values ('${name}', '${path}', '${vr}', '${level}', 'ready', 0, 0, 0, 'proof')`,
  ),
  'update search_attribute_version set version = version + 1',
  `insert into attribute_value (attribute_id, text_value) select ${idOf('ComponentManufacturer')}, 'Maker ' || n from generate_series(1, 40) n`,
  `insert into attribute_value (attribute_id, text_value, number_value)
   select ${idOf('OuterDiameter')}, n / 8.0::float8, n / 8.0 from generate_series(1, 500) n`,
  `insert into attribute_value (attribute_id, text_value, number_value)
   select ${idOf('MaterialThickness')}, n / 1000.0::float8, n / 1000.0 from generate_series(0, 999999) n`,
  `insert into attribute_value (attribute_id, text_value)
   select ${idOf('ComponentShape')}, unnest(array['FLAT', 'CURVED', 'CYLINDER', 'RARE'])`,
  `insert into attribute_value (attribute_id, text_value) select ${idOf('RepairID')}, 'R-' || md5(id::text) from instance`,
  `insert into study_value (study_id, value_id, project_id, study_date) select s.id, a.id, s.project_id, s.study_date from study s
   join attribute_value a on a.attribute_id = ${idOf('ComponentManufacturer')}
     and a.text_value = 'Maker ' || (case when s.id % 10 < 5 then 1 else 1 + s.id % 40 end)`,
  `insert into series_value (series_id, value_id, project_id) select r.id, a.id, r.project_id from series r
   join attribute_value a on a.attribute_id = ${idOf('OuterDiameter')} and a.number_value = (1 + r.id % 500) / 8.0`,
  `insert into instance_value (instance_id, value_id, project_id) select i.id, a.id, i.project_id from instance i
   join attribute_value a on a.attribute_id = ${idOf('MaterialThickness')} and a.number_value = (i.id * 7919 % 1000000) / 1000.0`,
  `insert into instance_value (instance_id, value_id, project_id) select i.id, a.id, i.project_id from instance i
   join attribute_value a on a.attribute_id = ${idOf('ComponentShape')} and a.text_value = case when i.id % 100000 = 0 then 'RARE'
     when i.id < ${instances / 50} then 'CYLINDER' when i.id % 3 = 0 then 'CURVED' else 'FLAT' end`,
  `insert into instance_value (instance_id, value_id, project_id) select i.id, a.id, i.project_id from instance i
   join attribute_value a on a.attribute_id = ${idOf('RepairID')} and a.text_value = 'R-' || md5(i.id::text)`,
]

const tables = ['study', 'series', 'instance', 'attribute_value', 'study_value', 'series_value', 'instance_value']

/** Rows first, indexes and references after: as a restore does it, and many times faster. */
export async function fillArchive(pool: Pool, studies: number, metadata: Uint8Array): Promise<void> {
  const named = `where conrelid = any('{${tables.join()}}'::regclass[]) and contype = 'f'`
  const { rows: references } = await pool.query<{ table: string; name: string; definition: string }>(
    `select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition from pg_constraint ${named}`,
  )
  const { rows: indexes } = await pool.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
     where indrelid = any('{${tables.join()}}'::regclass[]) and not indisunique`,
  )
  for (const { table, name } of references) await pool.query(`alter table ${table} drop constraint ${name}`)
  for (const { name } of indexes) await pool.query(`drop index ${name}`)
  const hex = Buffer.from(metadata).toString('hex')
  for (const statement of [...rowsOf(studies), ...valuesOf(studies * perStudy * perSeries)])
    await pool.query(statement.replace('{metadata}', hex))
  for (const { definition } of indexes) await pool.query(definition)
  for (const { table, name, definition } of references)
    await pool.query(`alter table ${table} add constraint ${name} ${definition} not valid`)
  await pool.query('vacuum analyze')
}
