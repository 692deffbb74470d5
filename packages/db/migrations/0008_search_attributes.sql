-- compatible
-- Attributes that an administrator wants searched beyond the columns.
create table search_attribute (
  id integer generated always as identity primary key,
  -- Tags joined by dots; a private one as 0009"creator"01, whatever block it has in a file.
  path text collate "C" not null,
  -- What searches call it: the keyword of the dictionary, or a word of the administrator's.
  name text not null,
  vr text not null,
  level text not null check (level in ('study', 'series', 'instance')),
  state text not null default 'indexing' check (state in ('indexing', 'ready', 'failed', 'removing')),
  -- Instances with ids above first and up to last were there when it was declared; those up to indexed are done.
  first_id bigint not null,
  indexed_id bigint not null,
  last_id bigint not null,
  -- Instances whose stored attributes could not be read.
  skipped_count bigint not null default 0,
  fault text,
  created_by text not null,
  created_at timestamptz not null default now(),
  ready_at timestamptz
);
create unique index on search_attribute (path) where state <> 'removing';
create unique index on search_attribute (lower(name)) where state <> 'removing';

-- Counts changes of the list above. Whoever stores an instance reads it in the same transaction, under a lock that a change
-- waits for: no instance is stored by an old list after its change.
create table search_attribute_version (
  is_only boolean primary key default true check (is_only),
  version bigint not null default 1
);
insert into search_attribute_version default values;

-- Each value once, however many have it: patterns and ranges look here, among few rows, for what to look up below.
create table attribute_value (
  id bigint generated always as identity primary key,
  attribute_id integer not null references search_attribute,
  -- Names folded; dates and times in full; numbers as they are written shortest.
  text_value text collate "C" not null,
  number_value double precision,
  -- With the id, so that a range is read in order without the table.
  unique (attribute_id, text_value) include (id)
);
create index on attribute_value (attribute_id, number_value) include (id) where number_value is not null;
create index on attribute_value using gin (text_value gin_trgm_ops);

-- Who has a value, in the order of the answers. No foreign key to the value: its check would lock the one row that all
-- writers share; values are removed under the lock that keeps writers out.
create table study_value (
  study_id bigint not null references study on delete cascade,
  value_id bigint not null,
  project_id bigint not null,
  study_date text collate "C" not null,
  primary key (study_id, value_id)
);
create index on study_value (value_id, project_id, study_date, study_id);

create table series_value (
  series_id bigint not null references series on delete cascade,
  value_id bigint not null,
  project_id bigint not null,
  primary key (series_id, value_id)
);
create index on series_value (value_id, project_id, series_id);

create table instance_value (
  instance_id bigint not null references instance on delete cascade,
  value_id bigint not null,
  project_id bigint not null,
  primary key (instance_id, value_id)
);
create index on instance_value (value_id, project_id, instance_id);

-- Required keys of PS3.18 table 10.6.1-5, and what NDT looks for, that had no index: a value that nobody has must not read the whole archive.
create index on study (project_id, owner_name_folded text_pattern_ops);
create index on study (project_id, study_description);
create index on study (project_id, material_name);
create index on study (project_id, rpad(study_time, 6, '0'));
create index on series (project_id, step_start_date);
create index on series (project_id, rpad(step_start_time, 6, '0'));
create index on series using gin (scheduled_step_ids);
create index on series using gin (requested_procedure_ids);
create index on series (project_id, series_number, (id + 0));
create index on instance (project_id, instance_number, (id + 0));

-- Newest first within a project. The sum keeps plans from walking the whole table by its key for a small project's rows.
create index on series (project_id, (id + 0));
create index on instance (project_id, (id + 0));
create index on series (project_id, modality, (id + 0));
create index on instance (project_id, sop_class_uid, (id + 0));
drop index series_project_id_id_idx, instance_project_id_id_idx, series_project_id_modality_idx, instance_project_id_sop_class_uid_idx;
