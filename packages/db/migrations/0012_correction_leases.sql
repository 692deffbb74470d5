-- compatible
-- Whose lease it is: a worker that lost it to another one writes nothing any more.
alter table correction add column leased_by uuid;
-- What needs no change stands under its own key, which other corrections may name too; new files have one each.
alter table correction_instance drop constraint correction_instance_blob_key_key;
create index on correction_instance (blob_key);
create unique index on correction_instance (blob_key) where blob_key <> source_key;
-- Files of corrections that were not made. Kept until the bytes are gone: the sweep removes them, and reindex, to which
-- they look like corrections, passes them by.
create table discarded_blob (
  blob_key text collate "C" primary key,
  discarded_at timestamptz not null default now()
);
