-- compatible
-- What screens need of an instance is made beside it, once it is stored. The row comes with the instance's own.
create table rendition_job (
  instance_id bigint primary key references instance on delete cascade,
  -- waiting: not everything is made · made · unneeded: the frames themselves serve as well · failed: reason says why
  state text not null default 'waiting' check (state in ('waiting', 'made', 'unneeded', 'failed')),
  -- none: nothing that can be shown
  thumbnail text not null default 'waiting' check (thumbnail in ('waiting', 'made', 'none')),
  thumbnail_key text collate "C",
  frame_count integer,
  -- Frames up to this one have been looked at, in order; frames_made of all have a rendition.
  frames_done integer not null default 0,
  frames_made integer not null default 0,
  byte_size bigint not null default 0,
  reason text,
  -- Beginnings without an end: a process that dies over an instance must not take it up for ever.
  attempts integer not null default 0,
  due_at timestamptz not null default now(),
  -- Whoever works on it says so again and again; after a crash another one takes over.
  leased_by uuid,
  leased_until timestamptz,
  finished_at timestamptz
);
create index on rendition_job (instance_id) where thumbnail = 'waiting';
create index on rendition_job (instance_id) where state = 'waiting' and thumbnail <> 'waiting';
create index on rendition_job (instance_id) where state = 'failed';
create unique index on rendition_job (thumbnail_key) where thumbnail_key is not null;
insert into rendition_job (instance_id) select id from instance;

-- One frame, lossless, with its resolution levels: an overview and tiles in one object of the store.
create table rendition (
  instance_id bigint not null references instance on delete cascade,
  frame integer not null check (frame >= 1),
  blob_key text collate "C" not null unique,
  -- Size, tiles and kind of samples
  layout jsonb not null,
  -- Lengths that end a resolution, 4 bytes each: of the overview, then of every tile
  index bytea not null,
  byte_size bigint not null,
  made_at timestamptz not null default now(),
  primary key (instance_id, frame)
);
alter table rendition alter column index set storage external;
