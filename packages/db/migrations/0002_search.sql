-- compatible
-- Orders of the inspections list: the same expressions page through a million studies by key instead of by offset.
create index on study (project_id, coalesce(study_date, '') desc, id desc);
create index on study (project_id, coalesce(component_name_folded, '') desc, id desc);
create index on study (project_id, coalesce(accession_number, '') desc, id desc);
-- Newest first across all views and all instances.
create index on series (project_id, id);
create index on instance (project_id, id);
-- Instances of a view in the order of their numbers, those without one last.
create index on instance (series_id, coalesce(instance_number, 2147483647), id);
