-- compatible
-- What somebody chose to download may lie in many inspections: [{study, series?, instances?}].
alter table selection drop column study_instance_uid, drop column sop_instance_uids;
alter table selection add column items jsonb not null;

-- The secret before the last renewal: signs beside the new one until then, so that no receiver misses a message. Sealed.
alter table webhook add column former_secret text;
alter table webhook add column former_until timestamptz;
alter table webhook add check ((former_secret is null) = (former_until is null));
-- Whose lease it is: a worker that lost it to another one writes nothing any more.
alter table webhook add column leased_by uuid;
-- Why it was given up, in words; null unless failed or gone.
alter table webhook add column ended_reason text;
