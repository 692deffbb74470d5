// Written by `npm run db:dump` from the migrated database; never edited by hand.
import type { ColumnType, Generated, GeneratedAlways } from 'kysely'

/** The schema this program was written for; readiness compares it with the database. */
export const requiredSchemaVersion = 6

export interface AccountTable {
  id: Generated<string>
  kind: string
  name: string
  email: string | null
  password_hash: string | null
  entra_tenant_id: string | null
  entra_object_id: string | null
  directory_role: string | null
  is_administrator: Generated<boolean>
  is_blocked: Generated<boolean>
  totp_secret: string | null
  is_totp_confirmed: Generated<boolean>
  totp_last_step: Generated<number>
  default_project_id: number | null
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
  last_seen_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface ApiTokenTable {
  id: Generated<string>
  token_hash: Buffer
  prefix: string
  name: string
  role: string
  owner_id: string | null
  created_by: string
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
  expires_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  revoked_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  last_used_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface ApiTokenProjectTable {
  token_id: string
  project_id: number
}

export interface AuditEventTable {
  id: GeneratedAlways<number>
  at: ColumnType<Date, Date | string | undefined, Date | string>
  actor_kind: string
  actor_id: string
  actor_name: string
  address: string
  request_id: string
  action: string
  result: string
  project: string | null
  study_instance_uid: string | null
  component: string | null
  target: Generated<string>
  count: Generated<number>
  detail: ColumnType<unknown, string | undefined, string>
}

export interface AuditSealTable {
  seq: number
  event_id: number
  hash: Buffer
  sealed_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface ComponentTable {
  id: GeneratedAlways<number>
  project_id: number
  identity_key: string
  component_number: string | null
  issuer: string | null
  component_name: string | null
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface ConversionTemplateTable {
  id: Generated<string>
  project_id: number
  name: string
  form: ColumnType<unknown, string, string>
  changed_by: string
  changed_at: ColumnType<Date, Date | string | undefined, Date | string>
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

export interface MembershipTable {
  project_id: number
  account_id: string
  role: string
  is_from_directory: Generated<boolean>
}

export interface OneTimeLinkTable {
  id: Generated<string>
  token_hash: Buffer
  kind: string
  account_id: string | null
  email: string | null
  name: string | null
  is_administrator: Generated<boolean>
  memberships: ColumnType<unknown, string | undefined, string>
  created_by: string
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
  expires_at: ColumnType<Date, Date | string, Date | string>
}

export interface OriginalTable {
  id: GeneratedAlways<number>
  blob_key: string
  name: string
  format: string
  byte_size: number
  sha256: Buffer
  content: ColumnType<unknown, string, string>
  stored_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface OriginalInstanceTable {
  instance_id: number
  original_id: number
}

export interface ProjectTable {
  id: GeneratedAlways<number>
  slug: string
  name: string
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface RecoveryCodeTable {
  account_id: string
  code_hash: Buffer
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

export interface SessionTable {
  id: Generated<string>
  token_hash: Buffer
  account_id: string
  is_complete: boolean
  failed_codes: Generated<number>
  address: string
  agent: string
  started_at: ColumnType<Date, Date | string | undefined, Date | string>
  seen_at: ColumnType<Date, Date | string | undefined, Date | string>
  expires_at: ColumnType<Date, Date | string, Date | string>
  confirmed_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  refresh_token: string | null
}

export interface SignInThrottleTable {
  key: string
  failures: number
  blocked_until: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  updated_at: ColumnType<Date, Date | string | undefined, Date | string>
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

export interface UploadTable {
  id: Generated<string>
  actor_id: string
  key: string | null
  project_id: number
  is_project_named: boolean
  name: string
  byte_size: number
  part_size: number
  sha256: Buffer | null
  content: ColumnType<unknown, string, string>
  blob_key: string
  state: Generated<string>
  asked_by: ColumnType<unknown, string | null | undefined, string | null>
  attempts: Generated<number>
  read_bytes: Generated<number>
  outcome: ColumnType<unknown, string | null | undefined, string | null>
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
  touched_at: ColumnType<Date, Date | string | undefined, Date | string>
  finished_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface UploadPartTable {
  upload_id: string
  number: number
  byte_length: number
  sha256: Buffer
}

export interface Schema {
  account: AccountTable
  api_token: ApiTokenTable
  api_token_project: ApiTokenProjectTable
  audit_event: AuditEventTable
  audit_seal: AuditSealTable
  component: ComponentTable
  conversion_template: ConversionTemplateTable
  instance: InstanceTable
  membership: MembershipTable
  one_time_link: OneTimeLinkTable
  original: OriginalTable
  original_instance: OriginalInstanceTable
  project: ProjectTable
  recovery_code: RecoveryCodeTable
  schema_migration: SchemaMigrationTable
  series: SeriesTable
  session: SessionTable
  sign_in_throttle: SignInThrottleTable
  study: StudyTable
  upload: UploadTable
  upload_part: UploadPartTable
}
