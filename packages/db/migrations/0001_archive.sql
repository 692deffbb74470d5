-- compatible
create extension if not exists pg_trgm;

create table project (
  id bigint generated always as identity primary key,
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null,
  created_at timestamptz not null default now()
);
insert into project (slug, name) values ('default', 'Default project');

-- The thing tested. Without an ID number every study has a component of its own: empty IDs never meet.
create table component (
  id bigint generated always as identity primary key,
  project_id bigint not null references project,
  identity_key text collate "C" not null,
  component_number text,
  issuer text,
  component_name text,
  created_at timestamptz not null default now(),
  unique (project_id, identity_key)
);

-- One inspection. Text of dates stays as DICOM wrote it (YYYYMMDD); a malformed one is null here, raw in attributes.
create table study (
  id bigint generated always as identity primary key,
  project_id bigint not null references project,
  component_id bigint not null references component,
  study_instance_uid text collate "C" not null unique,
  study_date text collate "C",
  study_time text collate "C",
  accession_number text,
  study_id text,
  study_description text,
  component_number text,
  component_issuer text,
  component_name text,
  component_name_folded text collate "C",
  owner_name text,
  owner_name_folded text collate "C",
  manufacturing_date text collate "C",
  material_name text,
  search_text text collate "C" not null default '',
  attributes text not null,
  is_diconde boolean not null,
  modalities text[] not null default '{}',
  sop_classes text[] not null default '{}',
  series_count integer not null default 0,
  instance_count integer not null default 0,
  byte_size bigint not null default 0,
  stored_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);

create table series (
  id bigint generated always as identity primary key,
  study_id bigint not null references study,
  project_id bigint not null references project,
  series_instance_uid text collate "C" not null,
  modality text,
  series_number integer,
  series_description text,
  series_date text collate "C",
  series_time text collate "C",
  step_start_date text collate "C",
  step_start_time text collate "C",
  scheduled_step_ids text[] not null default '{}',
  requested_procedure_ids text[] not null default '{}',
  manufacturer text,
  station_name text,
  operator_name text,
  operator_name_folded text collate "C",
  attributes text not null,
  instance_count integer not null default 0,
  byte_size bigint not null default 0,
  stored_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  unique (study_id, series_instance_uid)
);

create table instance (
  id bigint generated always as identity primary key,
  series_id bigint not null references series,
  study_id bigint not null references study,
  project_id bigint not null references project,
  sop_instance_uid text collate "C" not null,
  sop_class_uid text collate "C" not null,
  transfer_syntax_uid text collate "C" not null,
  instance_number integer,
  row_count integer,
  column_count integer,
  bits_allocated integer,
  photometric text,
  frame_count integer,
  content_date text collate "C",
  content_time text collate "C",
  byte_size bigint not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  blob_key text collate "C" not null unique,
  -- FrameIndex without its table; null when there are no pixels
  frame_layout jsonb,
  -- 20 bytes a frame, read by substring(): uncompressed storage makes that a small read
  frame_table bytea,
  bulk jsonb not null default '[]',
  -- DICOM JSON of the instance-level search answer, ready to send
  attributes text not null,
  -- DICOM JSON of the whole data set, zstd, ready to send but for the address of bulk data
  metadata bytea not null,
  warnings jsonb not null default '[]',
  stored_at timestamptz not null default now(),
  unique (project_id, sop_instance_uid)
);
alter table instance alter column frame_table set storage external;
alter table instance alter column metadata set storage external;

create index on component (project_id, component_number);
create index on study (component_id);
create index on study (project_id, study_date desc nulls last, id desc);
create index on study (project_id, stored_at desc, id desc);
create index on study (project_id, component_number);
create index on study (project_id, accession_number);
create index on study (project_id, study_id);
create index on study (project_id, component_name_folded text_pattern_ops);
create index on study using gin (search_text gin_trgm_ops);
create index on study using gin (modalities);
create index on series (project_id, modality);
create index on series (series_instance_uid);
create index on instance (study_id);
create index on instance (project_id, sop_class_uid);
