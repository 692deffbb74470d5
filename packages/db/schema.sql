-- Written by `npm run db:dump`; never edited by hand, never executed.

-- extensions
create extension pg_trgm;

-- schemas
create schema graphile_worker;
create schema public;

-- types
create type graphile_worker.job_spec as (identifier text, payload json, queue_name text, run_at timestamp with time zone, max_attempts smallint, job_key text, priority smallint, flags text[]);

-- tables
create table graphile_worker._private_job_queues (
  id integer generated always as identity not null,
  is_available boolean generated always as ((locked_at IS NULL)) stored not null,
  locked_at timestamp with time zone,
  locked_by text,
  queue_name text not null
);
alter table graphile_worker._private_job_queues enable row level security;
create table graphile_worker._private_jobs (
  attempts smallint default 0 not null,
  created_at timestamp with time zone default now() not null,
  flags jsonb,
  id bigint generated always as identity not null,
  is_available boolean generated always as (((locked_at IS NULL) AND (attempts < max_attempts))) stored not null,
  job_queue_id integer,
  key text,
  last_error text,
  locked_at timestamp with time zone,
  locked_by text,
  max_attempts smallint default 25 not null,
  payload json default '{}'::json not null,
  priority smallint default 0 not null,
  revision integer default 0 not null,
  run_at timestamp with time zone default now() not null,
  task_id integer not null,
  updated_at timestamp with time zone default now() not null
);
alter table graphile_worker._private_jobs enable row level security;
create table graphile_worker._private_known_crontabs (
  identifier text not null,
  known_since timestamp with time zone not null,
  last_execution timestamp with time zone
);
alter table graphile_worker._private_known_crontabs enable row level security;
create table graphile_worker._private_tasks (
  id integer generated always as identity not null,
  identifier text not null
);
alter table graphile_worker._private_tasks enable row level security;
create table graphile_worker.migrations (
  breaking boolean default false not null,
  id integer not null,
  ts timestamp with time zone default now() not null
);
create table public.account (
  created_at timestamp with time zone default now() not null,
  default_project_id bigint,
  directory_role text,
  email text collate "C",
  entra_object_id text collate "C",
  entra_tenant_id text collate "C",
  id uuid default gen_random_uuid() not null,
  is_administrator boolean default false not null,
  is_blocked boolean default false not null,
  is_totp_confirmed boolean default false not null,
  kind text not null,
  last_seen_at timestamp with time zone,
  name text not null,
  password_hash text,
  totp_last_step bigint default 0 not null,
  totp_secret text
);
create table public.api_token (
  created_at timestamp with time zone default now() not null,
  created_by text not null,
  expires_at timestamp with time zone,
  id uuid default gen_random_uuid() not null,
  last_used_at timestamp with time zone,
  name text not null,
  owner_id uuid,
  prefix text not null,
  revoked_at timestamp with time zone,
  role text not null,
  token_hash bytea not null
);
create table public.api_token_project (
  project_id bigint not null,
  token_id uuid not null
);
create table public.attribute_value (
  attribute_id integer not null,
  id bigint generated always as identity not null,
  number_value double precision,
  text_value text collate "C" not null
);
create table public.audit_event (
  action text not null,
  actor_id text not null,
  actor_kind text not null,
  actor_name text not null,
  address text not null,
  at timestamp with time zone default clock_timestamp() not null,
  component text,
  count integer default 1 not null,
  detail jsonb default '{}'::jsonb not null,
  id bigint generated always as identity not null,
  project text,
  request_id text not null,
  result text not null,
  study_instance_uid text collate "C",
  target text default ''::text not null
);
create table public.audit_seal (
  event_id bigint not null,
  hash bytea not null,
  sealed_at timestamp with time zone default now() not null,
  seq bigint not null
);
create table public.bin_instance (
  attributes text not null,
  bits_allocated integer,
  blob_key text collate "C" not null,
  bulk jsonb not null,
  byte_size bigint not null,
  column_count integer,
  content_date text collate "C",
  content_time text collate "C",
  deletion_id uuid not null,
  frame_count integer,
  frame_layout jsonb,
  frame_table bytea storage external,
  id bigint not null,
  instance_number integer,
  mended integer default 0 not null,
  metadata bytea storage external not null,
  photometric text,
  project_id bigint not null,
  proven_at timestamp with time zone,
  row_count integer,
  series_id bigint not null,
  sha256 bytea not null,
  sop_class_uid text collate "C" not null,
  sop_instance_uid text collate "C" not null,
  stored_at timestamp with time zone not null,
  study_id bigint not null,
  transfer_syntax_uid text collate "C" not null,
  version integer not null,
  warnings jsonb not null
);
create table public.bin_series (
  attributes text not null,
  byte_size bigint not null,
  changed_at timestamp with time zone not null,
  deletion_id uuid not null,
  id bigint not null,
  instance_count integer not null,
  manufacturer text,
  modality text,
  operator_name text,
  operator_name_folded text collate "C",
  project_id bigint not null,
  requested_procedure_ids text[] not null,
  scheduled_step_ids text[] not null,
  series_date text collate "C",
  series_description text,
  series_instance_uid text collate "C" not null,
  series_number integer,
  series_time text collate "C",
  station_name text,
  step_start_date text collate "C",
  step_start_time text collate "C",
  stored_at timestamp with time zone not null,
  study_id bigint not null
);
create table public.bin_study (
  accession_number text,
  attributes text not null,
  byte_size bigint not null,
  changed_at timestamp with time zone not null,
  component_id bigint not null,
  component_issuer text,
  component_name text,
  component_name_folded text collate "C",
  component_number text,
  deletion_id uuid not null,
  id bigint not null,
  instance_count integer not null,
  is_diconde boolean not null,
  manufacturing_date text collate "C",
  material_name text,
  modalities text[] not null,
  owner_name text,
  owner_name_folded text collate "C",
  project_id bigint not null,
  search_text text collate "C" not null,
  series_count integer not null,
  sop_classes text[] not null,
  stored_at timestamp with time zone not null,
  study_date text collate "C",
  study_description text,
  study_id text,
  study_instance_uid text collate "C" not null,
  study_time text collate "C"
);
create table public.bin_watch (
  is_only boolean default true not null,
  looked_at timestamp with time zone
);
create table public.change (
  at timestamp with time zone default now() not null,
  component_name text,
  component_number text,
  detail jsonb default '{}'::jsonb not null,
  id bigint generated always as identity not null,
  kind text not null,
  order_number text,
  "position" bigint,
  project_id bigint not null,
  study_instance_uid text collate "C" not null
);
create table public.change_place (
  aged_at timestamp with time zone,
  aged_place bigint,
  given bigint default 0 not null,
  is_only boolean default true not null,
  removed bigint default 0 not null
);
create table public.component (
  component_name text,
  component_number text,
  created_at timestamp with time zone default now() not null,
  id bigint generated always as identity not null,
  identity_key text collate "C" not null,
  issuer text,
  project_id bigint not null
);
create table public.conversion_template (
  changed_at timestamp with time zone default now() not null,
  changed_by text not null,
  form jsonb not null,
  id uuid default gen_random_uuid() not null,
  name text not null,
  project_id bigint not null
);
create table public.correction (
  actor_name text not null,
  asked_by jsonb not null,
  before jsonb default '{}'::jsonb not null,
  changes jsonb not null,
  created_at timestamp with time zone default now() not null,
  done_count integer default 0 not null,
  fault text,
  finished_at timestamp with time zone,
  id uuid default gen_random_uuid() not null,
  instance_count integer default 0 not null,
  leased_by uuid,
  leased_until timestamp with time zone,
  project_id bigint not null,
  reason text not null,
  state text default 'waiting'::text not null,
  study_id bigint not null,
  study_instance_uid text collate "C" not null
);
create table public.correction_instance (
  before jsonb not null,
  blob_key text collate "C" not null,
  bulk jsonb not null,
  byte_size bigint not null,
  correction_id uuid not null,
  frame_layout jsonb,
  frame_table bytea,
  instance_id bigint not null,
  metadata bytea not null,
  sha256 bytea not null,
  source_key text collate "C" not null,
  warnings jsonb not null
);
create table public.deletion (
  actor_id text not null,
  actor_kind text not null,
  actor_name text not null,
  byte_size bigint not null,
  component jsonb not null,
  component_name text,
  component_number text,
  deleted_at timestamp with time zone default now() not null,
  fault text,
  held_at timestamp with time zone,
  id uuid default gen_random_uuid() not null,
  instance_count integer not null,
  is_doubtful boolean default false not null,
  level text not null,
  next_try_at timestamp with time zone,
  order_number text,
  project_id bigint not null,
  purge_at timestamp with time zone not null,
  purged_by text,
  reason text not null,
  state text default 'binned'::text not null,
  study_instance_uid text collate "C" not null
);
create table public.discarded_blob (
  blob_key text collate "C" not null,
  discarded_at timestamp with time zone default now() not null
);
create table public.fixity_fault (
  blob_key text collate "C" not null,
  expected jsonb not null,
  fault text not null,
  found jsonb not null,
  found_at timestamp with time zone default now() not null,
  place text not null,
  project_id bigint not null,
  seen_at timestamp with time zone default now() not null,
  sop_instance_uid text collate "C" not null,
  study_instance_uid text collate "C" not null
);
create table public.instance (
  attributes text not null,
  bits_allocated integer,
  blob_key text collate "C" not null,
  bulk jsonb default '[]'::jsonb not null,
  byte_size bigint not null,
  column_count integer,
  content_date text collate "C",
  content_time text collate "C",
  frame_count integer,
  frame_layout jsonb,
  frame_table bytea storage external,
  id bigint generated always as identity not null,
  instance_number integer,
  mended integer default 0 not null,
  metadata bytea storage external not null,
  photometric text,
  project_id bigint not null,
  proven_at timestamp with time zone,
  row_count integer,
  series_id bigint not null,
  sha256 bytea not null,
  sop_class_uid text collate "C" not null,
  sop_instance_uid text collate "C" not null,
  stored_at timestamp with time zone default now() not null,
  study_id bigint not null,
  transfer_syntax_uid text collate "C" not null,
  version integer default 1 not null,
  warnings jsonb default '[]'::jsonb not null
);
create table public.instance_crc (
  byte_count bigint not null,
  crc bigint not null,
  instance_id bigint not null,
  mended integer not null,
  noted_at timestamp with time zone default now() not null,
  sha256 bytea not null
);
create table public.instance_value (
  instance_id bigint not null,
  project_id bigint not null,
  value_id bigint not null
);
create table public.instance_version (
  blob_key text collate "C" not null,
  byte_size bigint not null,
  correction_id uuid,
  instance_id bigint not null,
  proven_at timestamp with time zone,
  replaced_at timestamp with time zone default now() not null,
  sha256 bytea not null,
  stored_at timestamp with time zone not null,
  version integer not null
);
create table public.membership (
  account_id uuid not null,
  is_from_directory boolean default false not null,
  project_id bigint not null,
  role text not null
);
create table public.one_time_link (
  account_id uuid,
  created_at timestamp with time zone default now() not null,
  created_by text not null,
  email text collate "C",
  expires_at timestamp with time zone not null,
  id uuid default gen_random_uuid() not null,
  is_administrator boolean default false not null,
  kind text not null,
  memberships jsonb default '[]'::jsonb not null,
  name text,
  token_hash bytea not null
);
create table public.original (
  blob_key text collate "C" not null,
  byte_size bigint not null,
  content jsonb not null,
  format text not null,
  id bigint generated always as identity not null,
  name text not null,
  proven_at timestamp with time zone,
  sha256 bytea not null,
  stored_at timestamp with time zone default now() not null
);
create table public.original_instance (
  instance_id bigint not null,
  original_id bigint not null
);
create table public.project (
  created_at timestamp with time zone default now() not null,
  id bigint generated always as identity not null,
  name text not null,
  slug text not null
);
create table public.proof_request (
  leased_until timestamp with time zone,
  requested_at timestamp with time zone default now() not null,
  study_id bigint not null
);
create table public.recovery_code (
  account_id uuid not null,
  code_hash bytea not null
);
create table public.rendition (
  blob_key text collate "C" not null,
  byte_size bigint not null,
  frame integer not null,
  index bytea storage external not null,
  instance_id bigint not null,
  layout jsonb not null,
  made_at timestamp with time zone default now() not null
);
create table public.rendition_job (
  attempts integer default 0 not null,
  byte_size bigint default 0 not null,
  due_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  frame_count integer,
  frames_done integer default 0 not null,
  frames_made integer default 0 not null,
  instance_id bigint not null,
  leased_by uuid,
  leased_until timestamp with time zone,
  reason text,
  state text default 'waiting'::text not null,
  thumbnail text default 'waiting'::text not null,
  thumbnail_key text collate "C"
);
create table public.schema_migration (
  applied_at timestamp with time zone default now() not null,
  checksum text not null,
  kind text not null,
  name text not null,
  number integer not null
);
create table public.search_attribute (
  created_at timestamp with time zone default now() not null,
  created_by text not null,
  fault text,
  first_id bigint not null,
  id integer generated always as identity not null,
  indexed_id bigint not null,
  last_id bigint not null,
  level text not null,
  name text not null,
  path text collate "C" not null,
  ready_at timestamp with time zone,
  skipped_count bigint default 0 not null,
  state text default 'indexing'::text not null,
  vr text not null
);
create table public.search_attribute_version (
  is_only boolean default true not null,
  version bigint default 1 not null
);
create table public.selection (
  actor_id text not null,
  created_at timestamp with time zone default now() not null,
  id uuid default gen_random_uuid() not null,
  items jsonb not null
);
create table public.series (
  attributes text not null,
  byte_size bigint default 0 not null,
  changed_at timestamp with time zone default now() not null,
  id bigint generated always as identity not null,
  instance_count integer default 0 not null,
  manufacturer text,
  modality text,
  operator_name text,
  operator_name_folded text collate "C",
  project_id bigint not null,
  requested_procedure_ids text[] default '{}'::text[] not null,
  scheduled_step_ids text[] default '{}'::text[] not null,
  series_date text collate "C",
  series_description text,
  series_instance_uid text collate "C" not null,
  series_number integer,
  series_time text collate "C",
  station_name text,
  step_start_date text collate "C",
  step_start_time text collate "C",
  stored_at timestamp with time zone default now() not null,
  study_id bigint not null
);
create table public.series_value (
  project_id bigint not null,
  series_id bigint not null,
  value_id bigint not null
);
create table public.session (
  account_id uuid not null,
  address text not null,
  agent text not null,
  confirmed_at timestamp with time zone,
  expires_at timestamp with time zone not null,
  failed_codes integer default 0 not null,
  id uuid default gen_random_uuid() not null,
  is_complete boolean not null,
  refresh_token text,
  seen_at timestamp with time zone default now() not null,
  started_at timestamp with time zone default now() not null,
  token_hash bytea not null
);
create table public.sign_in_throttle (
  blocked_until timestamp with time zone,
  failures integer not null,
  key text collate "C" not null,
  updated_at timestamp with time zone default now() not null
);
create table public.study (
  accession_number text,
  attributes text not null,
  byte_size bigint default 0 not null,
  changed_at timestamp with time zone default now() not null,
  component_id bigint not null,
  component_issuer text,
  component_name text,
  component_name_folded text collate "C",
  component_number text,
  id bigint generated always as identity not null,
  instance_count integer default 0 not null,
  is_diconde boolean not null,
  manufacturing_date text collate "C",
  material_name text,
  modalities text[] default '{}'::text[] not null,
  owner_name text,
  owner_name_folded text collate "C",
  project_id bigint not null,
  search_text text collate "C" default ''::text not null,
  series_count integer default 0 not null,
  sop_classes text[] default '{}'::text[] not null,
  stored_at timestamp with time zone default now() not null,
  study_date text collate "C",
  study_description text,
  study_id text,
  study_instance_uid text collate "C" not null,
  study_time text collate "C"
);
create table public.study_value (
  project_id bigint not null,
  study_date text collate "C" not null,
  study_id bigint not null,
  value_id bigint not null
);
create table public.upload (
  actor_id text collate "C" not null,
  asked_by jsonb,
  attempts integer default 0 not null,
  blob_key text collate "C" not null,
  byte_size bigint not null,
  content jsonb not null,
  created_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  id uuid default gen_random_uuid() not null,
  is_project_named boolean not null,
  key uuid,
  name text not null,
  outcome jsonb,
  part_size bigint not null,
  project_id bigint not null,
  read_bytes bigint default 0 not null,
  sha256 bytea,
  state text default 'open'::text not null,
  touched_at timestamp with time zone default now() not null
);
create table public.upload_part (
  byte_length bigint not null,
  number integer not null,
  sha256 bytea not null,
  upload_id uuid not null
);
create table public.webhook (
  attempts integer default 0 not null,
  created_at timestamp with time zone default now() not null,
  created_by text not null,
  ended_reason text,
  failing_since timestamp with time zone,
  former_secret text,
  former_until timestamp with time zone,
  id uuid default gen_random_uuid() not null,
  kinds text[] not null,
  leased_by uuid,
  leased_until timestamp with time zone,
  name text not null,
  next_attempt_at timestamp with time zone default now() not null,
  "position" bigint not null,
  project_id bigint not null,
  secret text not null,
  state text default 'active'::text not null,
  url text not null
);
create table public.webhook_delivery (
  answer text,
  attempted_at timestamp with time zone,
  attempts integer default 0 not null,
  body text not null,
  created_at timestamp with time zone default now() not null,
  duration_ms integer,
  id uuid default gen_random_uuid() not null,
  kind text not null,
  "position" bigint,
  state text default 'waiting'::text not null,
  status integer,
  webhook_id uuid not null
);

-- views
create view graphile_worker.jobs as
 SELECT jobs.id,
    job_queues.queue_name,
    tasks.identifier AS task_identifier,
    jobs.priority,
    jobs.run_at,
    jobs.attempts,
    jobs.max_attempts,
    jobs.last_error,
    jobs.created_at,
    jobs.updated_at,
    jobs.key,
    jobs.locked_at,
    jobs.locked_by,
    jobs.revision,
    jobs.flags
   FROM graphile_worker._private_jobs jobs
     JOIN graphile_worker._private_tasks tasks ON tasks.id = jobs.task_id
     LEFT JOIN graphile_worker._private_job_queues job_queues ON job_queues.id = jobs.job_queue_id;

-- constraints
alter table graphile_worker._private_job_queues add constraint job_queues_pkey1 PRIMARY KEY (id);
alter table graphile_worker._private_job_queues add constraint job_queues_queue_name_key UNIQUE (queue_name);
alter table graphile_worker._private_job_queues add constraint job_queues_queue_name_check CHECK ((length(queue_name) <= 128));
alter table graphile_worker._private_jobs add constraint jobs_pkey1 PRIMARY KEY (id);
alter table graphile_worker._private_jobs add constraint jobs_key_key1 UNIQUE (key);
alter table graphile_worker._private_jobs add constraint jobs_key_check CHECK (((length(key) > 0) AND (length(key) <= 512)));
alter table graphile_worker._private_jobs add constraint jobs_max_attempts_check CHECK ((max_attempts >= 1));
alter table graphile_worker._private_known_crontabs add constraint known_crontabs_pkey PRIMARY KEY (identifier);
alter table graphile_worker._private_tasks add constraint tasks_pkey PRIMARY KEY (id);
alter table graphile_worker._private_tasks add constraint tasks_identifier_key UNIQUE (identifier);
alter table graphile_worker._private_tasks add constraint tasks_identifier_check CHECK ((length(identifier) <= 128));
alter table graphile_worker.migrations add constraint migrations_pkey PRIMARY KEY (id);
alter table public.account add constraint account_pkey PRIMARY KEY (id);
alter table public.account add constraint account_default_project_id_fkey FOREIGN KEY (default_project_id) REFERENCES project(id) ON DELETE SET NULL;
alter table public.account add constraint account_check CHECK (((kind = 'local'::text) = (entra_object_id IS NULL)));
alter table public.account add constraint account_check1 CHECK (((entra_tenant_id IS NULL) = (entra_object_id IS NULL)));
alter table public.account add constraint account_check2 CHECK (((kind <> 'local'::text) OR (email IS NOT NULL)));
alter table public.account add constraint account_kind_check CHECK ((kind = ANY (ARRAY['local'::text, 'entra'::text, 'entra-app'::text])));
alter table public.api_token add constraint api_token_pkey PRIMARY KEY (id);
alter table public.api_token add constraint api_token_token_hash_key UNIQUE (token_hash);
alter table public.api_token add constraint api_token_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES account(id) ON DELETE CASCADE;
alter table public.api_token add constraint api_token_role_check CHECK ((role = ANY (ARRAY['level-iii'::text, 'level-ii'::text, 'level-i'::text, 'viewer'::text, 'sender'::text, 'reader'::text, 'follower'::text])));
alter table public.api_token add constraint api_token_token_hash_check CHECK ((octet_length(token_hash) = 32));
alter table public.api_token_project add constraint api_token_project_pkey PRIMARY KEY (token_id, project_id);
alter table public.api_token_project add constraint api_token_project_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE;
alter table public.api_token_project add constraint api_token_project_token_id_fkey FOREIGN KEY (token_id) REFERENCES api_token(id) ON DELETE CASCADE;
alter table public.attribute_value add constraint attribute_value_pkey PRIMARY KEY (id);
alter table public.attribute_value add constraint attribute_value_attribute_id_text_value_id_key UNIQUE (attribute_id, text_value) INCLUDE (id);
alter table public.attribute_value add constraint attribute_value_attribute_id_fkey FOREIGN KEY (attribute_id) REFERENCES search_attribute(id);
alter table public.audit_event add constraint audit_event_pkey PRIMARY KEY (id);
alter table public.audit_event add constraint audit_event_result_check CHECK ((result = ANY (ARRAY['done'::text, 'refused'::text, 'failed'::text])));
alter table public.audit_seal add constraint audit_seal_pkey PRIMARY KEY (seq);
alter table public.audit_seal add constraint audit_seal_event_id_key UNIQUE (event_id);
alter table public.audit_seal add constraint audit_seal_hash_check CHECK ((octet_length(hash) = 32));
alter table public.bin_instance add constraint bin_instance_pkey PRIMARY KEY (deletion_id, id);
alter table public.bin_instance add constraint bin_instance_deletion_id_fkey FOREIGN KEY (deletion_id) REFERENCES deletion(id);
alter table public.bin_series add constraint bin_series_pkey PRIMARY KEY (deletion_id, id);
alter table public.bin_series add constraint bin_series_deletion_id_fkey FOREIGN KEY (deletion_id) REFERENCES deletion(id);
alter table public.bin_study add constraint bin_study_pkey PRIMARY KEY (deletion_id, id);
alter table public.bin_study add constraint bin_study_deletion_id_fkey FOREIGN KEY (deletion_id) REFERENCES deletion(id);
alter table public.bin_watch add constraint bin_watch_pkey PRIMARY KEY (is_only);
alter table public.bin_watch add constraint bin_watch_is_only_check CHECK (is_only);
alter table public.change add constraint change_pkey PRIMARY KEY (id);
alter table public.change add constraint change_position_key UNIQUE ("position");
alter table public.change_place add constraint change_place_pkey PRIMARY KEY (is_only);
alter table public.change_place add constraint change_place_is_only_check CHECK (is_only);
alter table public.component add constraint component_pkey PRIMARY KEY (id);
alter table public.component add constraint component_project_id_identity_key_key UNIQUE (project_id, identity_key);
alter table public.component add constraint component_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id);
alter table public.conversion_template add constraint conversion_template_pkey PRIMARY KEY (id);
alter table public.conversion_template add constraint conversion_template_project_id_name_key UNIQUE (project_id, name);
alter table public.conversion_template add constraint conversion_template_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE;
alter table public.correction add constraint correction_pkey PRIMARY KEY (id);
alter table public.correction add constraint correction_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id);
alter table public.correction add constraint correction_check CHECK (((state = ANY (ARRAY['waiting'::text, 'running'::text])) = (finished_at IS NULL)));
alter table public.correction add constraint correction_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'failed'::text])));
alter table public.correction_instance add constraint correction_instance_pkey PRIMARY KEY (correction_id, instance_id);
alter table public.correction_instance add constraint correction_instance_correction_id_fkey FOREIGN KEY (correction_id) REFERENCES correction(id) ON DELETE CASCADE;
alter table public.correction_instance add constraint correction_instance_sha256_check CHECK ((octet_length(sha256) = 32));
alter table public.deletion add constraint deletion_pkey PRIMARY KEY (id);
alter table public.deletion add constraint deletion_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id);
alter table public.deletion add constraint deletion_level_check CHECK ((level = ANY (ARRAY['study'::text, 'series'::text, 'instance'::text])));
alter table public.deletion add constraint deletion_state_check CHECK ((state = ANY (ARRAY['binned'::text, 'purging'::text])));
alter table public.discarded_blob add constraint discarded_blob_pkey PRIMARY KEY (blob_key);
alter table public.fixity_fault add constraint fixity_fault_pkey PRIMARY KEY (blob_key);
alter table public.fixity_fault add constraint fixity_fault_fault_check CHECK ((fault = ANY (ARRAY['missing'::text, 'unreadable'::text, 'length'::text, 'bytes'::text])));
alter table public.fixity_fault add constraint fixity_fault_place_check CHECK ((place = ANY (ARRAY['current'::text, 'version'::text, 'bin'::text, 'original'::text])));
alter table public.instance add constraint instance_pkey PRIMARY KEY (id);
alter table public.instance add constraint instance_blob_key_key UNIQUE (blob_key);
alter table public.instance add constraint instance_project_id_sop_instance_uid_key UNIQUE (project_id, sop_instance_uid);
alter table public.instance add constraint instance_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id);
alter table public.instance add constraint instance_series_id_fkey FOREIGN KEY (series_id) REFERENCES series(id);
alter table public.instance add constraint instance_study_id_fkey FOREIGN KEY (study_id) REFERENCES study(id);
alter table public.instance add constraint instance_sha256_check CHECK ((octet_length(sha256) = 32));
alter table public.instance_crc add constraint instance_crc_pkey PRIMARY KEY (instance_id, byte_count);
alter table public.instance_crc add constraint instance_crc_sha256_check CHECK ((octet_length(sha256) = 32));
alter table public.instance_value add constraint instance_value_pkey PRIMARY KEY (instance_id, value_id);
alter table public.instance_value add constraint instance_value_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES instance(id) ON DELETE CASCADE;
alter table public.instance_version add constraint instance_version_pkey PRIMARY KEY (instance_id, version);
alter table public.instance_version add constraint instance_version_blob_key_key UNIQUE (blob_key);
alter table public.instance_version add constraint instance_version_correction_id_fkey FOREIGN KEY (correction_id) REFERENCES correction(id) ON DELETE SET NULL;
alter table public.instance_version add constraint instance_version_sha256_check CHECK ((octet_length(sha256) = 32));
alter table public.membership add constraint membership_pkey PRIMARY KEY (account_id, project_id);
alter table public.membership add constraint membership_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE;
alter table public.membership add constraint membership_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE;
alter table public.membership add constraint membership_role_check CHECK ((role = ANY (ARRAY['level-iii'::text, 'level-ii'::text, 'level-i'::text, 'viewer'::text, 'sender'::text, 'reader'::text, 'follower'::text])));
alter table public.one_time_link add constraint one_time_link_pkey PRIMARY KEY (id);
alter table public.one_time_link add constraint one_time_link_token_hash_key UNIQUE (token_hash);
alter table public.one_time_link add constraint one_time_link_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE;
alter table public.one_time_link add constraint one_time_link_kind_check CHECK ((kind = ANY (ARRAY['setup'::text, 'invitation'::text, 'password-reset'::text])));
alter table public.one_time_link add constraint one_time_link_token_hash_check CHECK ((octet_length(token_hash) = 32));
alter table public.original add constraint original_pkey PRIMARY KEY (id);
alter table public.original add constraint original_blob_key_key UNIQUE (blob_key);
alter table public.original add constraint original_format_check CHECK ((format = ANY (ARRAY['tiff'::text, 'png'::text, 'jpeg'::text, 'pdf'::text, 'raw'::text])));
alter table public.original add constraint original_sha256_check CHECK ((octet_length(sha256) = 32));
alter table public.original_instance add constraint original_instance_pkey PRIMARY KEY (instance_id);
alter table public.original_instance add constraint original_instance_original_id_fkey FOREIGN KEY (original_id) REFERENCES original(id);
alter table public.project add constraint project_pkey PRIMARY KEY (id);
alter table public.project add constraint project_slug_key UNIQUE (slug);
alter table public.project add constraint project_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text));
alter table public.proof_request add constraint proof_request_pkey PRIMARY KEY (study_id);
alter table public.recovery_code add constraint recovery_code_pkey PRIMARY KEY (account_id, code_hash);
alter table public.recovery_code add constraint recovery_code_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE;
alter table public.rendition add constraint rendition_pkey PRIMARY KEY (instance_id, frame);
alter table public.rendition add constraint rendition_blob_key_key UNIQUE (blob_key);
alter table public.rendition add constraint rendition_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES instance(id) ON DELETE CASCADE;
alter table public.rendition add constraint rendition_frame_check CHECK ((frame >= 1));
alter table public.rendition_job add constraint rendition_job_pkey PRIMARY KEY (instance_id);
alter table public.rendition_job add constraint rendition_job_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES instance(id) ON DELETE CASCADE;
alter table public.rendition_job add constraint rendition_job_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'made'::text, 'unneeded'::text, 'failed'::text])));
alter table public.rendition_job add constraint rendition_job_thumbnail_check CHECK ((thumbnail = ANY (ARRAY['waiting'::text, 'made'::text, 'none'::text])));
alter table public.schema_migration add constraint schema_migration_pkey PRIMARY KEY (number);
alter table public.schema_migration add constraint schema_migration_name_key UNIQUE (name);
alter table public.schema_migration add constraint schema_migration_kind_check CHECK ((kind = ANY (ARRAY['compatible'::text, 'breaking'::text])));
alter table public.search_attribute add constraint search_attribute_pkey PRIMARY KEY (id);
alter table public.search_attribute add constraint search_attribute_level_check CHECK ((level = ANY (ARRAY['study'::text, 'series'::text, 'instance'::text])));
alter table public.search_attribute add constraint search_attribute_state_check CHECK ((state = ANY (ARRAY['indexing'::text, 'ready'::text, 'failed'::text, 'removing'::text])));
alter table public.search_attribute_version add constraint search_attribute_version_pkey PRIMARY KEY (is_only);
alter table public.search_attribute_version add constraint search_attribute_version_is_only_check CHECK (is_only);
alter table public.selection add constraint selection_pkey PRIMARY KEY (id);
alter table public.series add constraint series_pkey PRIMARY KEY (id);
alter table public.series add constraint series_study_id_series_instance_uid_key UNIQUE (study_id, series_instance_uid);
alter table public.series add constraint series_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id);
alter table public.series add constraint series_study_id_fkey FOREIGN KEY (study_id) REFERENCES study(id);
alter table public.series_value add constraint series_value_pkey PRIMARY KEY (series_id, value_id);
alter table public.series_value add constraint series_value_series_id_fkey FOREIGN KEY (series_id) REFERENCES series(id) ON DELETE CASCADE;
alter table public.session add constraint session_pkey PRIMARY KEY (id);
alter table public.session add constraint session_token_hash_key UNIQUE (token_hash);
alter table public.session add constraint session_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE;
alter table public.session add constraint session_token_hash_check CHECK ((octet_length(token_hash) = 32));
alter table public.sign_in_throttle add constraint sign_in_throttle_pkey PRIMARY KEY (key);
alter table public.study add constraint study_pkey PRIMARY KEY (id);
alter table public.study add constraint study_study_instance_uid_key UNIQUE (study_instance_uid);
alter table public.study add constraint study_component_id_fkey FOREIGN KEY (component_id) REFERENCES component(id);
alter table public.study add constraint study_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id);
alter table public.study_value add constraint study_value_pkey PRIMARY KEY (study_id, value_id);
alter table public.study_value add constraint study_value_study_id_fkey FOREIGN KEY (study_id) REFERENCES study(id) ON DELETE CASCADE;
alter table public.upload add constraint upload_pkey PRIMARY KEY (id);
alter table public.upload add constraint upload_actor_id_key_key UNIQUE (actor_id, key);
alter table public.upload add constraint upload_blob_key_key UNIQUE (blob_key);
alter table public.upload add constraint upload_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id);
alter table public.upload add constraint upload_byte_size_check CHECK ((byte_size > 0));
alter table public.upload add constraint upload_check CHECK (((state = ANY (ARRAY['open'::text, 'assembling'::text])) = (finished_at IS NULL)));
alter table public.upload add constraint upload_part_size_check CHECK ((part_size > 0));
alter table public.upload add constraint upload_sha256_check CHECK ((octet_length(sha256) = 32));
alter table public.upload add constraint upload_state_check CHECK ((state = ANY (ARRAY['open'::text, 'assembling'::text, 'stored'::text, 'refused'::text, 'failed'::text])));
alter table public.upload_part add constraint upload_part_pkey PRIMARY KEY (upload_id, number);
alter table public.upload_part add constraint upload_part_upload_id_fkey FOREIGN KEY (upload_id) REFERENCES upload(id) ON DELETE CASCADE;
alter table public.upload_part add constraint upload_part_byte_length_check CHECK ((byte_length > 0));
alter table public.upload_part add constraint upload_part_number_check CHECK ((number >= 0));
alter table public.upload_part add constraint upload_part_sha256_check CHECK ((octet_length(sha256) = 32));
alter table public.webhook add constraint webhook_pkey PRIMARY KEY (id);
alter table public.webhook add constraint webhook_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE;
alter table public.webhook add constraint webhook_check CHECK (((former_secret IS NULL) = (former_until IS NULL)));
alter table public.webhook add constraint webhook_state_check CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text, 'failed'::text, 'gone'::text])));
alter table public.webhook_delivery add constraint webhook_delivery_pkey PRIMARY KEY (id);
alter table public.webhook_delivery add constraint webhook_delivery_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhook(id) ON DELETE CASCADE;
alter table public.webhook_delivery add constraint webhook_delivery_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'failed'::text])));

-- indexes
CREATE INDEX jobs_main_index ON graphile_worker._private_jobs USING btree (priority, run_at) INCLUDE (id, task_id, job_queue_id) WHERE (is_available = true);
CREATE INDEX jobs_no_queue_index ON graphile_worker._private_jobs USING btree (priority, run_at) INCLUDE (id, task_id) WHERE ((is_available = true) AND (job_queue_id IS NULL));
CREATE UNIQUE INDEX account_email_idx ON public.account USING btree (email) WHERE (kind = 'local'::text);
CREATE UNIQUE INDEX account_entra_tenant_id_entra_object_id_idx ON public.account USING btree (entra_tenant_id, entra_object_id);
CREATE INDEX api_token_owner_id_idx ON public.api_token USING btree (owner_id);
CREATE INDEX api_token_project_project_id_idx ON public.api_token_project USING btree (project_id);
CREATE INDEX attribute_value_attribute_id_number_value_id_idx ON public.attribute_value USING btree (attribute_id, number_value) INCLUDE (id) WHERE (number_value IS NOT NULL);
CREATE INDEX attribute_value_text_value_idx ON public.attribute_value USING gin (text_value gin_trgm_ops);
CREATE INDEX audit_event_at_idx ON public.audit_event USING btree (at);
CREATE INDEX audit_event_lower_idx ON public.audit_event USING gin (lower(actor_name) gin_trgm_ops);
CREATE INDEX audit_event_lower_idx1 ON public.audit_event USING gin (lower(component) gin_trgm_ops);
CREATE INDEX audit_event_study_instance_uid_idx ON public.audit_event USING btree (study_instance_uid) WHERE (study_instance_uid IS NOT NULL);
CREATE UNIQUE INDEX bin_instance_blob_key_idx ON public.bin_instance USING btree (blob_key);
CREATE INDEX bin_instance_coalesce_idx ON public.bin_instance USING btree (COALESCE(proven_at, stored_at));
CREATE INDEX bin_instance_id_idx ON public.bin_instance USING btree (id);
CREATE INDEX change_id_idx ON public.change USING btree (id) WHERE ("position" IS NULL);
CREATE INDEX change_project_id_position_idx ON public.change USING btree (project_id, "position");
CREATE INDEX component_project_id_component_number_idx ON public.component USING btree (project_id, component_number);
CREATE UNIQUE INDEX correction_study_id_idx ON public.correction USING btree (study_id) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));
CREATE INDEX correction_study_id_idx1 ON public.correction USING btree (study_id);
CREATE INDEX correction_instance_blob_key_idx ON public.correction_instance USING btree (blob_key);
CREATE UNIQUE INDEX correction_instance_blob_key_idx1 ON public.correction_instance USING btree (blob_key) WHERE (blob_key <> source_key);
CREATE INDEX deletion_project_id_deleted_at_id_idx ON public.deletion USING btree (project_id, deleted_at DESC, id);
CREATE INDEX deletion_purge_at_idx ON public.deletion USING btree (purge_at);
CREATE INDEX fixity_fault_study_instance_uid_idx ON public.fixity_fault USING btree (study_instance_uid);
CREATE INDEX instance_coalesce_idx ON public.instance USING btree (COALESCE(proven_at, stored_at));
CREATE INDEX instance_project_id_expr_idx ON public.instance USING btree (project_id, ((id + 0)));
CREATE INDEX instance_project_id_instance_number_expr_idx ON public.instance USING btree (project_id, instance_number, ((id + 0)));
CREATE INDEX instance_project_id_sop_class_uid_expr_idx ON public.instance USING btree (project_id, sop_class_uid, ((id + 0)));
CREATE INDEX instance_proven_idx ON public.instance USING btree (id) WHERE (proven_at IS NOT NULL);
CREATE INDEX instance_series_id_coalesce_id_idx ON public.instance USING btree (series_id, COALESCE(instance_number, 2147483647), id);
CREATE INDEX instance_sha256_idx ON public.instance USING hash (sha256);
CREATE INDEX instance_study_id_idx ON public.instance USING btree (study_id);
CREATE INDEX instance_crc_noted_at_idx ON public.instance_crc USING btree (noted_at);
CREATE INDEX instance_value_value_id_project_id_instance_id_idx ON public.instance_value USING btree (value_id, project_id, instance_id);
CREATE INDEX instance_version_coalesce_idx ON public.instance_version USING btree (COALESCE(proven_at, stored_at));
CREATE INDEX instance_version_correction_id_idx ON public.instance_version USING btree (correction_id);
CREATE INDEX membership_project_id_idx ON public.membership USING btree (project_id);
CREATE INDEX original_coalesce_idx ON public.original USING btree (COALESCE(proven_at, stored_at));
CREATE INDEX original_sha256_idx ON public.original USING hash (sha256);
CREATE INDEX original_instance_original_id_idx ON public.original_instance USING btree (original_id);
CREATE INDEX rendition_job_finished_at_idx ON public.rendition_job USING btree (finished_at) WHERE (finished_at IS NOT NULL);
CREATE INDEX rendition_job_instance_id_idx ON public.rendition_job USING btree (instance_id) WHERE (thumbnail = 'waiting'::text);
CREATE INDEX rendition_job_instance_id_idx1 ON public.rendition_job USING btree (instance_id) WHERE ((state = 'waiting'::text) AND (thumbnail <> 'waiting'::text));
CREATE INDEX rendition_job_instance_id_idx2 ON public.rendition_job USING btree (instance_id) WHERE (state = 'failed'::text);
CREATE INDEX rendition_job_instance_id_idx3 ON public.rendition_job USING btree (instance_id) WHERE (leased_by IS NOT NULL);
CREATE UNIQUE INDEX rendition_job_thumbnail_key_idx ON public.rendition_job USING btree (thumbnail_key) WHERE (thumbnail_key IS NOT NULL);
CREATE UNIQUE INDEX search_attribute_lower_idx ON public.search_attribute USING btree (lower(name)) WHERE (state <> 'removing'::text);
CREATE UNIQUE INDEX search_attribute_path_idx ON public.search_attribute USING btree (path) WHERE (state <> 'removing'::text);
CREATE INDEX selection_created_at_idx ON public.selection USING btree (created_at);
CREATE INDEX series_project_id_expr_idx ON public.series USING btree (project_id, ((id + 0)));
CREATE INDEX series_project_id_modality_expr_idx ON public.series USING btree (project_id, modality, ((id + 0)));
CREATE INDEX series_project_id_rpad_idx ON public.series USING btree (project_id, rpad(step_start_time, 6, '0'::text));
CREATE INDEX series_project_id_series_number_expr_idx ON public.series USING btree (project_id, series_number, ((id + 0)));
CREATE INDEX series_project_id_step_start_date_idx ON public.series USING btree (project_id, step_start_date);
CREATE INDEX series_requested_procedure_ids_idx ON public.series USING gin (requested_procedure_ids);
CREATE INDEX series_scheduled_step_ids_idx ON public.series USING gin (scheduled_step_ids);
CREATE INDEX series_series_instance_uid_idx ON public.series USING btree (series_instance_uid);
CREATE INDEX series_value_value_id_project_id_series_id_idx ON public.series_value USING btree (value_id, project_id, series_id);
CREATE INDEX session_account_id_idx ON public.session USING btree (account_id);
CREATE INDEX session_expires_at_idx ON public.session USING btree (expires_at);
CREATE INDEX sign_in_throttle_updated_at_idx ON public.sign_in_throttle USING btree (updated_at);
CREATE INDEX study_component_id_idx ON public.study USING btree (component_id);
CREATE INDEX study_modalities_idx ON public.study USING gin (modalities);
CREATE INDEX study_project_id_accession_number_idx ON public.study USING btree (project_id, accession_number);
CREATE INDEX study_project_id_coalesce_id_idx ON public.study USING btree (project_id, COALESCE(study_date, ''::text) DESC, id DESC);
CREATE INDEX study_project_id_coalesce_id_idx1 ON public.study USING btree (project_id, COALESCE(component_name_folded, ''::text) DESC, id DESC);
CREATE INDEX study_project_id_coalesce_id_idx2 ON public.study USING btree (project_id, COALESCE(accession_number, ''::text) DESC, id DESC);
CREATE INDEX study_project_id_component_name_folded_idx ON public.study USING btree (project_id, component_name_folded text_pattern_ops);
CREATE INDEX study_project_id_component_number_idx ON public.study USING btree (project_id, component_number);
CREATE INDEX study_project_id_material_name_idx ON public.study USING btree (project_id, material_name);
CREATE INDEX study_project_id_owner_name_folded_idx ON public.study USING btree (project_id, owner_name_folded text_pattern_ops);
CREATE INDEX study_project_id_rpad_idx ON public.study USING btree (project_id, rpad(study_time, 6, '0'::text));
CREATE INDEX study_project_id_stored_at_id_idx ON public.study USING btree (project_id, stored_at DESC, id DESC);
CREATE INDEX study_project_id_study_date_id_idx ON public.study USING btree (project_id, study_date DESC NULLS LAST, id DESC);
CREATE INDEX study_project_id_study_description_idx ON public.study USING btree (project_id, study_description);
CREATE INDEX study_project_id_study_id_idx ON public.study USING btree (project_id, study_id);
CREATE INDEX study_search_text_idx ON public.study USING gin (search_text gin_trgm_ops);
CREATE INDEX study_value_value_id_project_id_study_date_study_id_idx ON public.study_value USING btree (value_id, project_id, study_date, study_id);
CREATE INDEX upload_state_idx ON public.upload USING btree (state) WHERE (state = ANY (ARRAY['open'::text, 'assembling'::text]));
CREATE INDEX webhook_next_attempt_at_idx ON public.webhook USING btree (next_attempt_at) WHERE (state = 'active'::text);
CREATE INDEX webhook_project_id_idx ON public.webhook USING btree (project_id);
CREATE INDEX webhook_delivery_webhook_id_created_at_id_idx ON public.webhook_delivery USING btree (webhook_id, created_at DESC, id);
CREATE INDEX webhook_delivery_webhook_id_idx ON public.webhook_delivery USING btree (webhook_id) WHERE (state = 'waiting'::text);

-- functions
CREATE OR REPLACE FUNCTION graphile_worker.add_job(identifier text, payload json DEFAULT NULL::json, queue_name text DEFAULT NULL::text, run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, max_attempts integer DEFAULT NULL::integer, job_key text DEFAULT NULL::text, priority integer DEFAULT NULL::integer, flags text[] DEFAULT NULL::text[], job_key_mode text DEFAULT 'replace'::text)
 RETURNS graphile_worker._private_jobs
 LANGUAGE plpgsql
AS $function$
declare
  v_job "graphile_worker"._private_jobs;
begin
  if (job_key is null or job_key_mode is null or job_key_mode in ('replace', 'preserve_run_at')) then
    select * into v_job
    from "graphile_worker".add_jobs(
      ARRAY[(
        identifier,
        payload,
        queue_name,
        run_at,
        max_attempts::smallint,
        job_key,
        priority::smallint,
        flags
      )::"graphile_worker".job_spec],
      (job_key_mode = 'preserve_run_at')
    )
    limit 1;
    return v_job;
  elsif job_key_mode = 'unsafe_dedupe' then
    -- Ensure all the tasks exist (insert only missing identifiers so identity is not consumed)
    insert into "graphile_worker"._private_tasks as tasks (identifier)
    select add_job.identifier
    where not exists (
      select 1
      from "graphile_worker"._private_tasks as existing
      where existing.identifier = add_job.identifier
    )
    on conflict do nothing;
    -- Ensure all the queues exist
    if add_job.queue_name is not null then
      insert into "graphile_worker"._private_job_queues as job_queues (queue_name)
      select add_job.queue_name
      where not exists (
        select 1
        from "graphile_worker"._private_job_queues as existing
        where existing.queue_name = add_job.queue_name
      )
      on conflict do nothing;
    end if;
    -- Insert job, but if one already exists then do nothing, even if the
    -- existing job has already started (and thus represents an out-of-date
    -- world state). This is dangerous because it means that whatever state
    -- change triggered this add_job may not be acted upon (since it happened
    -- after the existing job started executing, but no further job is being
    -- scheduled), but it is useful in very rare circumstances for
    -- de-duplication. If in doubt, DO NOT USE THIS.
    insert into "graphile_worker"._private_jobs as jobs (
      job_queue_id,
      task_id,
      payload,
      run_at,
      max_attempts,
      key,
      priority,
      flags
    )
      select
        job_queues.id,
        tasks.id,
        coalesce(add_job.payload, '{}'::json),
        coalesce(add_job.run_at, now()),
        coalesce(add_job.max_attempts::smallint, 25::smallint),
        add_job.job_key,
        coalesce(add_job.priority::smallint, 0::smallint),
        (
          select jsonb_object_agg(flag, true)
          from unnest(add_job.flags) as item(flag)
        )
      from "graphile_worker"._private_tasks as tasks
      left join "graphile_worker"._private_job_queues as job_queues
      on job_queues.queue_name = add_job.queue_name
      where tasks.identifier = add_job.identifier
    on conflict (key)
      -- Bump the updated_at so that there's something to return
      do update set
        revision = jobs.revision + 1,
        updated_at = now()
      returning *
      into v_job;
    if v_job.revision = 0 then
      perform pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":1}');
    end if;
    return v_job;
  else
    raise exception 'Invalid job_key_mode value, expected ''replace'', ''preserve_run_at'' or ''unsafe_dedupe''.' using errcode = 'GWBKM';
  end if;
end;
$function$
;
CREATE OR REPLACE FUNCTION graphile_worker.add_jobs(specs graphile_worker.job_spec[], job_key_preserve_run_at boolean DEFAULT false)
 RETURNS SETOF graphile_worker._private_jobs
 LANGUAGE plpgsql
AS $function$
begin
  -- Ensure all the tasks exist (insert only missing identifiers so identity is not consumed)
  insert into "graphile_worker"._private_tasks as tasks (identifier)
  select distinct spec.identifier
  from unnest(specs) spec
  where not exists (
    select 1
    from "graphile_worker"._private_tasks as existing
    where existing.identifier = spec.identifier
  )
  on conflict do nothing;
  -- Ensure all the queues exist
  insert into "graphile_worker"._private_job_queues as job_queues (queue_name)
  select distinct spec.queue_name
  from unnest(specs) spec
  where spec.queue_name is not null
  and not exists (
    select 1
    from "graphile_worker"._private_job_queues as existing
    where existing.queue_name = spec.queue_name
  )
  on conflict do nothing;
  -- Ensure any locked jobs have their key cleared - in the case of locked
  -- existing job create a new job instead as it must have already started
  -- executing (i.e. it's world state is out of date, and the fact add_job
  -- has been called again implies there's new information that needs to be
  -- acted upon).
  update "graphile_worker"._private_jobs as jobs
  set
    key = null,
    attempts = jobs.max_attempts,
    updated_at = now()
  from unnest(specs) spec
  where spec.job_key is not null
  and jobs.key = spec.job_key
  and is_available is not true;

  -- WARNING: this count is not 100% accurate; 'on conflict' clause will cause it to be an overestimate
  perform pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":' || array_length(specs, 1)::text || '}');

  -- TODO: is there a risk that a conflict could occur depending on the
  -- isolation level?
  return query insert into "graphile_worker"._private_jobs as jobs (
    job_queue_id,
    task_id,
    payload,
    run_at,
    max_attempts,
    key,
    priority,
    flags
  )
    select
      job_queues.id,
      tasks.id,
      coalesce(spec.payload, '{}'::json),
      coalesce(spec.run_at, now()),
      coalesce(spec.max_attempts, 25),
      spec.job_key,
      coalesce(spec.priority, 0),
      (
        select jsonb_object_agg(flag, true)
        from unnest(spec.flags) as item(flag)
      )
    from unnest(specs) spec
    inner join "graphile_worker"._private_tasks as tasks
    on tasks.identifier = spec.identifier
    left join "graphile_worker"._private_job_queues as job_queues
    on job_queues.queue_name = spec.queue_name
  on conflict (key) do update set
    job_queue_id = excluded.job_queue_id,
    task_id = excluded.task_id,
    payload =
      case
      when json_typeof(jobs.payload) = 'array' and json_typeof(excluded.payload) = 'array' then
        (jobs.payload::jsonb || excluded.payload::jsonb)::json
      else
        excluded.payload
      end,
    max_attempts = excluded.max_attempts,
    run_at = (case
      when job_key_preserve_run_at is true and jobs.attempts = 0 then jobs.run_at
      else excluded.run_at
    end),
    priority = excluded.priority,
    revision = jobs.revision + 1,
    flags = excluded.flags,
    -- always reset error/retry state
    attempts = 0,
    last_error = null,
    updated_at = now()
  where jobs.locked_at is null
  returning *;
end;
$function$
;
CREATE OR REPLACE FUNCTION graphile_worker.complete_jobs(job_ids bigint[])
 RETURNS SETOF graphile_worker._private_jobs
 LANGUAGE sql
AS $function$
  delete from "graphile_worker"._private_jobs as jobs
    where id = any(job_ids)
    and (
      locked_at is null
    or
      locked_at < now() - interval '4 hours'
    )
    returning *;
$function$
;
CREATE OR REPLACE FUNCTION graphile_worker.force_unlock_workers(worker_ids text[])
 RETURNS void
 LANGUAGE sql
AS $function$
update "graphile_worker"._private_jobs as jobs
set locked_at = null, locked_by = null
where locked_by = any(worker_ids);
update "graphile_worker"._private_job_queues as job_queues
set locked_at = null, locked_by = null
where locked_by = any(worker_ids);
$function$
;
CREATE OR REPLACE FUNCTION graphile_worker.permanently_fail_jobs(job_ids bigint[], error_message text DEFAULT NULL::text)
 RETURNS SETOF graphile_worker._private_jobs
 LANGUAGE sql
AS $function$
  update "graphile_worker"._private_jobs as jobs
    set
      last_error = coalesce(error_message, 'Manually marked as failed'),
      attempts = max_attempts,
      updated_at = now()
    where id = any(job_ids)
    and (
      locked_at is null
    or
      locked_at < NOW() - interval '4 hours'
    )
    returning *;
$function$
;
CREATE OR REPLACE FUNCTION graphile_worker.remove_job(job_key text)
 RETURNS graphile_worker._private_jobs
 LANGUAGE plpgsql
 STRICT
AS $function$
declare
  v_job "graphile_worker"._private_jobs;
begin
  -- Delete job if not locked
  delete from "graphile_worker"._private_jobs as jobs
    where key = job_key
    and (
      locked_at is null
    or
      locked_at < NOW() - interval '4 hours'
    )
  returning * into v_job;
  if not (v_job is null) then
    perform pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":-1}');
    return v_job;
  end if;
  -- Otherwise prevent job from retrying, and clear the key
  update "graphile_worker"._private_jobs as jobs
  set
    key = null,
    attempts = jobs.max_attempts,
    updated_at = now()
  where key = job_key
  returning * into v_job;
  return v_job;
end;
$function$
;
CREATE OR REPLACE FUNCTION graphile_worker.reschedule_jobs(job_ids bigint[], run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, priority integer DEFAULT NULL::integer, attempts integer DEFAULT NULL::integer, max_attempts integer DEFAULT NULL::integer)
 RETURNS SETOF graphile_worker._private_jobs
 LANGUAGE sql
AS $function$
  update "graphile_worker"._private_jobs as jobs
    set
      run_at = coalesce(reschedule_jobs.run_at, jobs.run_at),
      priority = coalesce(reschedule_jobs.priority::smallint, jobs.priority),
      attempts = coalesce(reschedule_jobs.attempts::smallint, jobs.attempts),
      max_attempts = coalesce(reschedule_jobs.max_attempts::smallint, jobs.max_attempts),
      updated_at = now()
    where id = any(job_ids)
    and (
      locked_at is null
    or
      locked_at < NOW() - interval '4 hours'
    )
    returning *;
$function$
;

-- row policies
create policy instandt_app on graphile_worker._private_job_queues for all to instandt_app using (true) with check (true);
create policy instandt_app on graphile_worker._private_jobs for all to instandt_app using (true) with check (true);
create policy instandt_app on graphile_worker._private_known_crontabs for all to instandt_app using (true) with check (true);
create policy instandt_app on graphile_worker._private_tasks for all to instandt_app using (true) with check (true);

-- rights on tables and sequences
grant delete, insert, select, update on graphile_worker._private_job_queues to instandt_app;
grant delete, insert, select, update on graphile_worker._private_jobs to instandt_app;
grant delete, insert, select, update on graphile_worker._private_known_crontabs to instandt_app;
grant delete, insert, select, update on graphile_worker._private_tasks to instandt_app;
grant usage on graphile_worker.job_queues_id_seq to instandt_app;
grant delete, insert, select, update on graphile_worker.jobs to instandt_app;
grant usage on graphile_worker.jobs_id_seq1 to instandt_app;
grant select on graphile_worker.migrations to instandt_app;
grant usage on graphile_worker.tasks_id_seq to instandt_app;
grant delete, insert, select, update on public.account to instandt_app;
grant delete, insert, select, update on public.api_token to instandt_app;
grant delete, insert, select, update on public.api_token_project to instandt_app;
grant delete, insert, select, update on public.attribute_value to instandt_app;
grant usage on public.attribute_value_id_seq to instandt_app;
grant insert, select on public.audit_event to instandt_app;
grant usage on public.audit_event_id_seq to instandt_app;
grant insert, select on public.audit_seal to instandt_app;
grant delete, insert, select, update on public.bin_instance to instandt_app;
grant delete, insert, select, update on public.bin_series to instandt_app;
grant delete, insert, select, update on public.bin_study to instandt_app;
grant delete, insert, select, update on public.bin_watch to instandt_app;
grant delete, insert, select, update on public.change to instandt_app;
grant usage on public.change_id_seq to instandt_app;
grant delete, insert, select, update on public.change_place to instandt_app;
grant delete, insert, select, update on public.component to instandt_app;
grant usage on public.component_id_seq to instandt_app;
grant delete, insert, select, update on public.conversion_template to instandt_app;
grant delete, insert, select, update on public.correction to instandt_app;
grant delete, insert, select, update on public.correction_instance to instandt_app;
grant delete, insert, select, update on public.deletion to instandt_app;
grant delete, insert, select, update on public.discarded_blob to instandt_app;
grant delete, insert, select, update on public.fixity_fault to instandt_app;
grant delete, insert, select, update on public.instance to instandt_app;
grant delete, insert, select, update on public.instance_crc to instandt_app;
grant usage on public.instance_id_seq to instandt_app;
grant delete, insert, select, update on public.instance_value to instandt_app;
grant delete, insert, select, update on public.instance_version to instandt_app;
grant delete, insert, select, update on public.membership to instandt_app;
grant delete, insert, select, update on public.one_time_link to instandt_app;
grant delete, insert, select, update on public.original to instandt_app;
grant usage on public.original_id_seq to instandt_app;
grant delete, insert, select, update on public.original_instance to instandt_app;
grant delete, insert, select, update on public.project to instandt_app;
grant usage on public.project_id_seq to instandt_app;
grant delete, insert, select, update on public.proof_request to instandt_app;
grant delete, insert, select, update on public.recovery_code to instandt_app;
grant delete, insert, select, update on public.rendition to instandt_app;
grant delete, insert, select, update on public.rendition_job to instandt_app;
grant select on public.schema_migration to instandt_app;
grant delete, insert, select, update on public.search_attribute to instandt_app;
grant usage on public.search_attribute_id_seq to instandt_app;
grant delete, insert, select, update on public.search_attribute_version to instandt_app;
grant delete, insert, select, update on public.selection to instandt_app;
grant delete, insert, select, update on public.series to instandt_app;
grant usage on public.series_id_seq to instandt_app;
grant delete, insert, select, update on public.series_value to instandt_app;
grant delete, insert, select, update on public.session to instandt_app;
grant delete, insert, select, update on public.sign_in_throttle to instandt_app;
grant delete, insert, select, update on public.study to instandt_app;
grant usage on public.study_id_seq to instandt_app;
grant delete, insert, select, update on public.study_value to instandt_app;
grant delete, insert, select, update on public.upload to instandt_app;
grant delete, insert, select, update on public.upload_part to instandt_app;
grant delete, insert, select, update on public.webhook to instandt_app;
grant delete, insert, select, update on public.webhook_delivery to instandt_app;

-- rights on schemas
grant usage on schema graphile_worker to instandt_app;
grant usage on schema public to instandt_app;
grant usage on schema public to public;

-- rights on functions taken from or given to single roles
grant execute on function graphile_worker.add_job(identifier text, payload json, queue_name text, run_at timestamp with time zone, max_attempts integer, job_key text, priority integer, flags text[], job_key_mode text) to instandt_app;
grant execute on function graphile_worker.add_jobs(specs graphile_worker.job_spec[], job_key_preserve_run_at boolean) to instandt_app;
grant execute on function graphile_worker.complete_jobs(job_ids bigint[]) to instandt_app;
grant execute on function graphile_worker.force_unlock_workers(worker_ids text[]) to instandt_app;
grant execute on function graphile_worker.permanently_fail_jobs(job_ids bigint[], error_message text) to instandt_app;
grant execute on function graphile_worker.remove_job(job_key text) to instandt_app;
grant execute on function graphile_worker.reschedule_jobs(job_ids bigint[], run_at timestamp with time zone, priority integer, attempts integer, max_attempts integer) to instandt_app;
