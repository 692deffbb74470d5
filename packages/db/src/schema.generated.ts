// Written by `npm run db:dump` from the migrated database; never edited by hand.
import type { ColumnType, Generated, GeneratedAlways } from 'kysely'

/** The schema this program was written for; readiness compares it with the database. */
export const requiredSchemaVersion = 17

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

export interface AttributeValueTable {
  id: GeneratedAlways<number>
  attribute_id: number
  text_value: string
  number_value: number | null
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

export interface BinInstanceTable {
  id: number
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
  bulk: ColumnType<unknown, string, string>
  attributes: string
  metadata: Buffer
  warnings: ColumnType<unknown, string, string>
  stored_at: ColumnType<Date, Date | string, Date | string>
  version: number
  proven_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  deletion_id: string
  mended: Generated<number>
}

export interface BinSeriesTable {
  id: number
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
  scheduled_step_ids: string[]
  requested_procedure_ids: string[]
  manufacturer: string | null
  station_name: string | null
  operator_name: string | null
  operator_name_folded: string | null
  attributes: string
  instance_count: number
  byte_size: number
  stored_at: ColumnType<Date, Date | string, Date | string>
  changed_at: ColumnType<Date, Date | string, Date | string>
  deletion_id: string
}

export interface BinStudyTable {
  id: number
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
  search_text: string
  attributes: string
  is_diconde: boolean
  modalities: string[]
  sop_classes: string[]
  series_count: number
  instance_count: number
  byte_size: number
  stored_at: ColumnType<Date, Date | string, Date | string>
  changed_at: ColumnType<Date, Date | string, Date | string>
  deletion_id: string
}

export interface BinWatchTable {
  is_only: Generated<boolean>
  looked_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface ChangeTable {
  id: GeneratedAlways<number>
  position: number | null
  at: ColumnType<Date, Date | string | undefined, Date | string>
  project_id: number
  kind: string
  study_instance_uid: string
  component_number: string | null
  component_name: string | null
  order_number: string | null
  detail: ColumnType<unknown, string | undefined, string>
}

export interface ChangePlaceTable {
  is_only: Generated<boolean>
  given: Generated<number>
  removed: Generated<number>
  aged_place: number | null
  aged_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
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

export interface CorrectionTable {
  id: Generated<string>
  project_id: number
  study_id: number
  study_instance_uid: string
  changes: ColumnType<unknown, string, string>
  before: ColumnType<unknown, string | undefined, string>
  reason: string
  asked_by: ColumnType<unknown, string, string>
  actor_name: string
  state: Generated<string>
  instance_count: Generated<number>
  done_count: Generated<number>
  fault: string | null
  leased_until: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
  finished_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  leased_by: string | null
}

export interface CorrectionInstanceTable {
  correction_id: string
  instance_id: number
  source_key: string
  blob_key: string
  before: ColumnType<unknown, string, string>
  byte_size: number
  sha256: Buffer
  frame_layout: ColumnType<unknown, string | null | undefined, string | null>
  frame_table: Buffer | null
  bulk: ColumnType<unknown, string, string>
  metadata: Buffer
  warnings: ColumnType<unknown, string, string>
}

export interface DeletionTable {
  id: Generated<string>
  project_id: number
  level: string
  study_instance_uid: string
  component: ColumnType<unknown, string, string>
  component_name: string | null
  component_number: string | null
  order_number: string | null
  reason: string
  actor_kind: string
  actor_id: string
  actor_name: string
  deleted_at: ColumnType<Date, Date | string | undefined, Date | string>
  purge_at: ColumnType<Date, Date | string, Date | string>
  state: Generated<string>
  purged_by: string | null
  fault: string | null
  next_try_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  instance_count: number
  byte_size: number
  held_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  is_doubtful: Generated<boolean>
}

export interface DiscardedBlobTable {
  blob_key: string
  discarded_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface FixityFaultTable {
  blob_key: string
  project_id: number
  study_instance_uid: string
  sop_instance_uid: string
  place: string
  fault: string
  expected: ColumnType<unknown, string, string>
  found: ColumnType<unknown, string, string>
  found_at: ColumnType<Date, Date | string | undefined, Date | string>
  seen_at: ColumnType<Date, Date | string | undefined, Date | string>
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
  version: Generated<number>
  proven_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  mended: Generated<number>
}

export interface InstanceCrcTable {
  instance_id: number
  byte_count: number
  sha256: Buffer
  mended: number
  crc: number
  noted_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface InstanceValueTable {
  instance_id: number
  value_id: number
  project_id: number
}

export interface InstanceVersionTable {
  instance_id: number
  version: number
  blob_key: string
  byte_size: number
  sha256: Buffer
  stored_at: ColumnType<Date, Date | string, Date | string>
  replaced_at: ColumnType<Date, Date | string | undefined, Date | string>
  correction_id: string | null
  proven_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
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
  proven_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
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

export interface ProofRequestTable {
  study_id: number
  requested_at: ColumnType<Date, Date | string | undefined, Date | string>
  leased_until: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface RecoveryCodeTable {
  account_id: string
  code_hash: Buffer
}

export interface RenditionTable {
  instance_id: number
  frame: number
  blob_key: string
  layout: ColumnType<unknown, string, string>
  index: Buffer
  byte_size: number
  made_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface RenditionJobTable {
  instance_id: number
  state: Generated<string>
  thumbnail: Generated<string>
  thumbnail_key: string | null
  frame_count: number | null
  frames_done: Generated<number>
  frames_made: Generated<number>
  byte_size: Generated<number>
  reason: string | null
  attempts: Generated<number>
  due_at: ColumnType<Date, Date | string | undefined, Date | string>
  leased_by: string | null
  leased_until: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  finished_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface SchemaMigrationTable {
  number: number
  name: string
  kind: string
  checksum: string
  applied_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface SearchAttributeTable {
  id: GeneratedAlways<number>
  path: string
  name: string
  vr: string
  level: string
  state: Generated<string>
  first_id: number
  indexed_id: number
  last_id: number
  skipped_count: Generated<number>
  fault: string | null
  created_by: string
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
  ready_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface SearchAttributeVersionTable {
  is_only: Generated<boolean>
  version: Generated<number>
}

export interface SelectionTable {
  id: Generated<string>
  actor_id: string
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
  items: ColumnType<unknown, string, string>
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

export interface SeriesValueTable {
  series_id: number
  value_id: number
  project_id: number
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

export interface StudyValueTable {
  study_id: number
  value_id: number
  project_id: number
  study_date: string
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

export interface WebhookTable {
  id: Generated<string>
  project_id: number
  name: string
  url: string
  kinds: string[]
  secret: string
  position: number
  state: Generated<string>
  failing_since: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  attempts: Generated<number>
  next_attempt_at: ColumnType<Date, Date | string | undefined, Date | string>
  leased_until: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  created_by: string
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
  former_secret: string | null
  former_until: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  leased_by: string | null
  ended_reason: string | null
}

export interface WebhookDeliveryTable {
  id: Generated<string>
  webhook_id: string
  position: number | null
  kind: string
  body: string
  state: Generated<string>
  attempts: Generated<number>
  status: number | null
  answer: string | null
  duration_ms: number | null
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
  attempted_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface Schema {
  account: AccountTable
  api_token: ApiTokenTable
  api_token_project: ApiTokenProjectTable
  attribute_value: AttributeValueTable
  audit_event: AuditEventTable
  audit_seal: AuditSealTable
  bin_instance: BinInstanceTable
  bin_series: BinSeriesTable
  bin_study: BinStudyTable
  bin_watch: BinWatchTable
  change: ChangeTable
  change_place: ChangePlaceTable
  component: ComponentTable
  conversion_template: ConversionTemplateTable
  correction: CorrectionTable
  correction_instance: CorrectionInstanceTable
  deletion: DeletionTable
  discarded_blob: DiscardedBlobTable
  fixity_fault: FixityFaultTable
  instance: InstanceTable
  instance_crc: InstanceCrcTable
  instance_value: InstanceValueTable
  instance_version: InstanceVersionTable
  membership: MembershipTable
  one_time_link: OneTimeLinkTable
  original: OriginalTable
  original_instance: OriginalInstanceTable
  project: ProjectTable
  proof_request: ProofRequestTable
  recovery_code: RecoveryCodeTable
  rendition: RenditionTable
  rendition_job: RenditionJobTable
  schema_migration: SchemaMigrationTable
  search_attribute: SearchAttributeTable
  search_attribute_version: SearchAttributeVersionTable
  selection: SelectionTable
  series: SeriesTable
  series_value: SeriesValueTable
  session: SessionTable
  sign_in_throttle: SignInThrottleTable
  study: StudyTable
  study_value: StudyValueTable
  upload: UploadTable
  upload_part: UploadPartTable
  webhook: WebhookTable
  webhook_delivery: WebhookDeliveryTable
}
