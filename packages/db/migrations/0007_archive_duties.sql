-- compatible
-- Counts the corrections of an instance; with its id it stands for its content.
alter table instance add column version integer not null default 1;
-- When its bytes were last read again and were those of its hash; null until then.
alter table instance add column proven_at timestamptz;
create index on instance (coalesce(proven_at, stored_at));

-- A wrong component, order or inspection, set right in all instances at once. The new files are written beside the old
-- ones first; one transaction then puts them in their place.
create table correction (
  id uuid primary key default gen_random_uuid(),
  project_id bigint not null references project,
  -- No reference: it stays with an inspection in the bin.
  study_id bigint not null,
  study_instance_uid text collate "C" not null,
  changes jsonb not null,
  -- What stood there before, over all instances.
  before jsonb not null default '{}',
  reason text not null,
  -- Who asked, for the audit of the job's work.
  asked_by jsonb not null,
  actor_name text not null,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
  instance_count integer not null default 0,
  done_count integer not null default 0,
  fault text,
  -- Whoever works on it says so again and again; after a crash another one takes over.
  leased_until timestamptz,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  check ((state in ('waiting', 'running')) = (finished_at is null))
);
create unique index on correction (study_id) where state in ('waiting', 'running');
create index on correction (study_id);

-- New files of a correction under way. One that needs no change stands under its own key.
create table correction_instance (
  correction_id uuid not null references correction on delete cascade,
  instance_id bigint not null,
  -- What was read; where that is another one by now, the new file is of no use.
  source_key text collate "C" not null,
  blob_key text collate "C" not null unique,
  before jsonb not null,
  byte_size bigint not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  frame_layout jsonb,
  frame_table bytea,
  bulk jsonb not null,
  metadata bytea not null,
  warnings jsonb not null,
  primary key (correction_id, instance_id)
);

-- What an instance was before its corrections: the first one is the file as it came. No reference to the instance: they
-- stay with it in the bin.
create table instance_version (
  instance_id bigint not null,
  version integer not null,
  blob_key text collate "C" not null unique,
  byte_size bigint not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  stored_at timestamptz not null,
  replaced_at timestamptz not null default now(),
  -- Null when reindex found it by what the files say of each other.
  correction_id uuid references correction on delete set null,
  proven_at timestamptz,
  primary key (instance_id, version)
);
create index on instance_version (correction_id);
create index on instance_version (coalesce(proven_at, stored_at));

-- The bin: rows of what was deleted leave the live tables, so that no search has to look past them. Bytes stay.
create table deletion (
  id uuid primary key default gen_random_uuid(),
  project_id bigint not null references project,
  level text not null check (level in ('study', 'series', 'instance')),
  study_instance_uid text collate "C" not null,
  -- The row of its component, which may be gone with its last inspection.
  component jsonb not null,
  component_name text,
  component_number text,
  order_number text,
  reason text not null,
  actor_kind text not null,
  actor_id text not null,
  actor_name text not null,
  deleted_at timestamptz not null default now(),
  purge_at timestamptz not null,
  -- purging: bytes are being removed, there is no way back.
  state text not null default 'binned' check (state in ('binned', 'purging')),
  -- Who ended the wait before its time.
  purged_by text,
  -- Why bytes could not be removed; when that is tried again, or somebody who began with it is taken for gone.
  fault text,
  next_try_at timestamptz,
  instance_count integer not null,
  byte_size bigint not null
);
create index on deletion (project_id, deleted_at desc, id);
create index on deletion (purge_at);
create table bin_study (
  like study including storage,
  deletion_id uuid not null references deletion,
  primary key (deletion_id, id)
);
create table bin_series (
  like series including storage,
  deletion_id uuid not null references deletion,
  primary key (deletion_id, id)
);
create table bin_instance (
  like instance including storage,
  deletion_id uuid not null references deletion,
  primary key (deletion_id, id)
);
create unique index on bin_instance (blob_key);
create index on bin_instance (coalesce(proven_at, stored_at));

-- What happened to stored objects, for those who follow. Written in the transaction of the change; whoever reads first
-- gives what was committed its places, so that no open transaction holds up or loses another one's.
create table change (
  id bigint generated always as identity primary key,
  position bigint unique,
  at timestamptz not null default now(),
  project_id bigint not null,
  kind text not null,
  study_instance_uid text collate "C" not null,
  component_number text,
  component_name text,
  order_number text,
  detail jsonb not null default '{}'
);
create index on change (id) where position is null;
create index on change (project_id, position);
-- The last place given, and the last one whose change is not kept any more.
create table change_place (
  is_only boolean primary key default true check (is_only),
  given bigint not null default 0,
  removed bigint not null default 0
);
insert into change_place default values;

create table webhook (
  id uuid primary key default gen_random_uuid(),
  project_id bigint not null references project on delete cascade,
  name text not null,
  url text not null,
  kinds text[] not null,
  -- Sealed.
  secret text not null,
  -- The last change that was told or passed over.
  position bigint not null,
  state text not null default 'active' check (state in ('active', 'paused', 'failed', 'gone')),
  failing_since timestamptz,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  -- Whoever tells it something at the moment; after a crash another one takes over.
  leased_until timestamptz,
  created_by text not null,
  created_at timestamptz not null default now()
);
create index on webhook (project_id);
create index on webhook (next_attempt_at) where state = 'active';

create table webhook_delivery (
  id uuid primary key default gen_random_uuid(),
  webhook_id uuid not null references webhook on delete cascade,
  -- Null for a trial.
  position bigint,
  kind text not null,
  body text not null,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
  attempts integer not null default 0,
  status integer,
  answer text,
  duration_ms integer,
  created_at timestamptz not null default now(),
  attempted_at timestamptz
);
create index on webhook_delivery (webhook_id, created_at desc, id);
create index on webhook_delivery (webhook_id) where state = 'waiting';

-- Objects whose bytes were not those of their hash when they were read again.
create table fixity_fault (
  blob_key text collate "C" primary key,
  project_id bigint not null,
  study_instance_uid text collate "C" not null,
  sop_instance_uid text collate "C" not null,
  place text not null check (place in ('current', 'version', 'bin')),
  fault text not null check (fault in ('missing', 'length', 'bytes')),
  expected jsonb not null,
  found jsonb not null,
  found_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);
create index on fixity_fault (study_instance_uid);

-- Inspections whose bytes somebody wants to have read again now.
create table proof_request (
  study_id bigint primary key,
  requested_at timestamptz not null default now(),
  leased_until timestamptz
);

-- Instances chosen for one download, for as long as it takes to ask for it.
create table selection (
  id uuid primary key default gen_random_uuid(),
  actor_id text not null,
  study_instance_uid text collate "C" not null,
  sop_instance_uids text[] not null,
  created_at timestamptz not null default now()
);
create index on selection (created_at);

-- A machine that is told what happens and sees no image.
alter table membership drop constraint membership_role_check;
alter table membership add constraint membership_role_check
  check (role in ('level-iii', 'level-ii', 'level-i', 'viewer', 'sender', 'reader', 'follower'));
alter table api_token drop constraint api_token_role_check;
alter table api_token add constraint api_token_role_check
  check (role in ('level-iii', 'level-ii', 'level-i', 'viewer', 'sender', 'reader', 'follower'));
