-- compatible
-- Who did what. Written in the transaction of the change itself; the backend's role can add and read, never change.
create table audit_event (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor_kind text not null,
  actor_id text not null,
  actor_name text not null,
  address text not null,
  request_id text not null,
  action text not null,
  result text not null check (result in ('done', 'refused', 'failed')),
  project text,
  study_instance_uid text collate "C",
  component text,
  target text not null default '',
  count integer not null default 1,
  detail jsonb not null default '{}'
);
create index on audit_event (at);
create index on audit_event (study_instance_uid) where study_instance_uid is not null;
create index on audit_event using gin (lower(actor_name) gin_trgm_ops);
create index on audit_event using gin (lower(component) gin_trgm_ops);

-- The chain: each link hashes its event and the link before. Apart from the events, so that no commit waits for another.
create table audit_seal (
  seq bigint primary key,
  event_id bigint not null unique,
  hash bytea not null check (octet_length(hash) = 32),
  sealed_at timestamptz not null default now()
);
