// Written by `npm run db:dump` from the migrated database; never edited by hand.
import type { ColumnType, Generated, GeneratedAlways } from 'kysely'

/** The schema this program was written for; readiness compares it with the database. */
export const requiredSchemaVersion = 2

export interface ComponentTable {
  id: GeneratedAlways<number>
  project_id: number
  identity_key: string
  component_number: string | null
  issuer: string | null
  component_name: string | null
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface InstanceTable {
  id: GeneratedAlways<number>
  series_id: number
  study_id: number
  project_id: number
  sop_instance_uid: string
  sop_class_uid: string
  transfer_syntax_uid: string
  instance_number: number | null
  row_count: number | null
  column_count: number | null
  bits_allocated: number | null
  photometric: string | null
  frame_count: number | null
  content_date: string | null
  content_time: string | null
  byte_size: number
  sha256: Buffer
  blob_key: string
  frame_layout: ColumnType<unknown, string | null | undefined, string | null>
  frame_table: Buffer | null
  bulk: ColumnType<unknown, string | undefined, string>
  attributes: string
  metadata: Buffer
  warnings: ColumnType<unknown, string | undefined, string>
  stored_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface ProjectTable {
  id: GeneratedAlways<number>
  slug: string
  name: string
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface SchemaMigrationTable {
  number: number
  name: string
  kind: string
  checksum: string
  applied_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface SeriesTable {
  id: GeneratedAlways<number>
  study_id: number
  project_id: number
  series_instance_uid: string
  modality: string | null
  series_number: number | null
  series_description: string | null
  series_date: string | null
  series_time: string | null
  step_start_date: string | null
  step_start_time: string | null
  scheduled_step_ids: Generated<string[]>
  requested_procedure_ids: Generated<string[]>
  manufacturer: string | null
  station_name: string | null
  operator_name: string | null
  operator_name_folded: string | null
  attributes: string
  instance_count: Generated<number>
  byte_size: Generated<number>
  stored_at: ColumnType<Date, Date | string | undefined, Date | string>
  changed_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface StudyTable {
  id: GeneratedAlways<number>
  project_id: number
  component_id: number
  study_instance_uid: string
  study_date: string | null
  study_time: string | null
  accession_number: string | null
  study_id: string | null
  study_description: string | null
  component_number: string | null
  component_issuer: string | null
  component_name: string | null
  component_name_folded: string | null
  owner_name: string | null
  owner_name_folded: string | null
  manufacturing_date: string | null
  material_name: string | null
  search_text: Generated<string>
  attributes: string
  is_diconde: boolean
  modalities: Generated<string[]>
  sop_classes: Generated<string[]>
  series_count: Generated<number>
  instance_count: Generated<number>
  byte_size: Generated<number>
  stored_at: ColumnType<Date, Date | string | undefined, Date | string>
  changed_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface Schema {
  component: ComponentTable
  instance: InstanceTable
  project: ProjectTable
  schema_migration: SchemaMigrationTable
  series: SeriesTable
  study: StudyTable
}
