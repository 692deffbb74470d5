-- compatible
-- What was removed from the feed up to `aged_place` had begun by `aged_at`. A program that does not know this moves `removed` alone.
alter table change_place add column aged_place bigint, add column aged_at timestamptz;
update change_place set aged_place = removed,
  aged_at = coalesce((select at from change where position is not null order by position limit 1), now())
  where removed > 0;
