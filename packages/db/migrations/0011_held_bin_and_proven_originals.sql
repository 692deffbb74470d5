-- compatible
-- When the worker last looked into the bin; null until then. Long ago says that the worker was off, or that this is an
-- older database put back: what became due meanwhile may have been restored in the database that was lost.
create table bin_watch (
  is_only boolean primary key default true check (is_only),
  looked_at timestamptz
);
insert into bin_watch default values;
-- When it was given more time because of that; never twice, or a machine that is off every night would keep all.
alter table deletion add column held_at timestamptz;
-- Its purge had begun in a database that is an older one: it goes on only when bytes of it are gone.
alter table deletion add column is_doubtful boolean not null default false;

-- Files of other formats are read again as all others.
alter table original add column proven_at timestamptz;
create index on original (coalesce(proven_at, stored_at));
alter table fixity_fault drop constraint fixity_fault_place_check;
alter table fixity_fault add constraint fixity_fault_place_check
  check (place in ('current', 'version', 'bin', 'original'));
-- From an original, or a version, to what lies in the bin.
create index on bin_instance (id);
