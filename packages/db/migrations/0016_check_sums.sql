-- compatible
-- CRC-32 of the first bytes of a file, kept while archives are downloaded: one that is gone on with knows the check sums of
-- what was sent before without reading it again. Of these bytes only: corrected or mended, an instance has others.
create table instance_crc (
  instance_id bigint not null,
  byte_count bigint not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  mended integer not null,
  crc bigint not null,
  noted_at timestamptz not null default now(),
  primary key (instance_id, byte_count)
);
create index on instance_crc (noted_at);
