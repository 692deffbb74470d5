-- compatible
-- A file of another format that became objects: its bytes stay as they came.
create table original (
  id bigint generated always as identity primary key,
  blob_key text collate "C" not null unique,
  name text not null,
  format text not null check (format in ('tiff', 'png', 'jpeg', 'pdf', 'raw')),
  byte_size bigint not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  -- What its sender said about it.
  content jsonb not null,
  stored_at timestamptz not null default now()
);
create index on original using hash (sha256);

-- What was made of it. No reference to the instance: it stays with one in the bin, and goes with the last one.
create table original_instance (
  instance_id bigint primary key,
  original_id bigint not null references original
);
create index on original_instance (original_id);

-- Filled-in forms of a project, for the next film of the same shop.
create table conversion_template (
  id uuid primary key default gen_random_uuid(),
  project_id bigint not null references project on delete cascade,
  name text not null,
  form jsonb not null,
  changed_by text not null,
  changed_at timestamptz not null default now(),
  unique (project_id, name)
);
