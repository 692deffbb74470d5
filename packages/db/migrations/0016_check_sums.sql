-- compatible
-- CRC-32 of the first bytes of a content, kept while archives of it are downloaded: one that is gone on with knows the check
-- sums of what was sent before without reading it again.
create table content_crc (
  sha256 bytea not null check (octet_length(sha256) = 32),
  byte_count bigint not null,
  crc bigint not null,
  noted_at timestamptz not null default now(),
  primary key (sha256, byte_count)
);
create index on content_crc (noted_at);
