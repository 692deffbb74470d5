-- compatible
-- How often damaged bytes of it became right again: answers made of them before are not those of now (ETag).
alter table instance add column mended integer not null default 0;
alter table bin_instance add column mended integer not null default 0;
