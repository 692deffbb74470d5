-- compatible
-- People, and programs of the directory. Local ones are known by their e-mail, those of Entra ID by tenant and object id.
create table account (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('local', 'entra', 'entra-app')),
  name text not null,
  email text collate "C",
  password_hash text,
  entra_tenant_id text collate "C",
  entra_object_id text collate "C",
  -- Best role the directory gives; bounds what memberships allow. Null for local accounts.
  directory_role text,
  is_administrator boolean not null default false,
  is_blocked boolean not null default false,
  -- Sealed with the installation's keys; a secret not confirmed yet is no second factor.
  totp_secret text,
  is_totp_confirmed boolean not null default false,
  -- The step of the newest code used: a code is good once.
  totp_last_step bigint not null default 0,
  default_project_id bigint references project on delete set null,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz,
  check ((kind = 'local') = (entra_object_id is null)),
  check ((entra_tenant_id is null) = (entra_object_id is null)),
  check (kind <> 'local' or email is not null)
);
create unique index on account (email) where kind = 'local';
create unique index on account (entra_tenant_id, entra_object_id);

create table recovery_code (
  account_id uuid not null references account on delete cascade,
  code_hash bytea not null,
  primary key (account_id, code_hash)
);

create table membership (
  project_id bigint not null references project on delete cascade,
  account_id uuid not null references account on delete cascade,
  role text not null check (role in ('level-iii', 'level-ii', 'level-i', 'viewer', 'sender', 'reader')),
  -- Given by the directory and taken back with it.
  is_from_directory boolean not null default false,
  primary key (account_id, project_id)
);
create index on membership (project_id);

create table session (
  id uuid primary key default gen_random_uuid(),
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  account_id uuid not null references account on delete cascade,
  -- False between password and second factor: good for nothing but entering the code.
  is_complete boolean not null,
  failed_codes integer not null default 0,
  address text not null,
  agent text not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  -- Sessions of Entra ID: when the directory last confirmed them, and what asks it again (sealed).
  confirmed_at timestamptz,
  refresh_token text
);
create index on session (account_id);
create index on session (expires_at);

-- Setup, invitation, password reset: the secret itself is in the link alone.
create table one_time_link (
  id uuid primary key default gen_random_uuid(),
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  kind text not null check (kind in ('setup', 'invitation', 'password-reset')),
  account_id uuid references account on delete cascade,
  email text collate "C",
  name text,
  is_administrator boolean not null default false,
  memberships jsonb not null default '[]',
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create table api_token (
  id uuid primary key default gen_random_uuid(),
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  prefix text not null,
  name text not null,
  role text not null check (role in ('level-iii', 'level-ii', 'level-i', 'viewer', 'sender', 'reader')),
  -- A person's own token can do no more than the person.
  owner_id uuid references account on delete cascade,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
create table api_token_project (
  token_id uuid not null references api_token on delete cascade,
  project_id bigint not null references project on delete cascade,
  primary key (token_id, project_id)
);
create index on api_token (owner_id);
create index on api_token_project (project_id);

-- Failed sign-ins, counted for all servers together: per account name and per address.
create table sign_in_throttle (
  key text collate "C" primary key,
  failures integer not null,
  blocked_until timestamptz,
  updated_at timestamptz not null default now()
);
create index on sign_in_throttle (updated_at);
