-- compatible
-- How many objects were ever proven, counted without reading their rows; storing one does not touch it.
create index on instance (id) where proven_at is not null;
