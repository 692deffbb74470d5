-- compatible
-- A file on its way in parts. It belongs to whoever began it, a person or a token, whatever session or address they use.
create table upload (
  id uuid primary key default gen_random_uuid(),
  actor_id text collate "C" not null,
  -- The sender's own: the same one again is the same upload, when the answer to its beginning was lost.
  key uuid,
  project_id bigint not null references project,
  -- Into this project or nowhere: a study of it that lies in another one is refused.
  is_project_named boolean not null,
  name text not null,
  byte_size bigint not null check (byte_size > 0),
  part_size bigint not null check (part_size > 0),
  -- What the sender says the whole file has.
  sha256 bytea check (octet_length(sha256) = 32),
  content jsonb not null,
  blob_key text collate "C" not null unique,
  state text not null default 'open' check (state in ('open', 'assembling', 'stored', 'refused', 'failed')),
  -- From complete on: who asked for it and what they might do then; the job stores in their name.
  asked_by jsonb,
  -- Begun readings that ended without a word: a file that takes the process with it must not do so for ever.
  attempts integer not null default 0,
  read_bytes bigint not null default 0,
  outcome jsonb,
  created_at timestamptz not null default now(),
  -- Last sign of life of the sender, then of the job.
  touched_at timestamptz not null default now(),
  finished_at timestamptz,
  check ((state in ('open', 'assembling')) = (finished_at is null)),
  unique (actor_id, key)
);
create index on upload (state) where state in ('open', 'assembling');

-- Parts that are durable in the store.
create table upload_part (
  upload_id uuid not null references upload on delete cascade,
  number integer not null check (number >= 0),
  byte_length bigint not null check (byte_length > 0),
  sha256 bytea not null check (octet_length(sha256) = 32),
  primary key (upload_id, number)
);

-- Is this file here already? Asked with a thousand hashes at once.
create index on instance using hash (sha256);
