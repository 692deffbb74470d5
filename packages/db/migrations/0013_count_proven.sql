-- compatible
-- How many objects were ever proven, counted without reading their rows; storing one does not touch it.
-- On a large table it is made before the release, beside running uploads (docs/operations.md).
create index if not exists instance_proven_idx on instance (id) where proven_at is not null;
