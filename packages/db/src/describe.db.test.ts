import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { testDatabase, type TestDatabase } from '@instandt/testkit'
import pg from 'pg'
import { describeSchema, describeTypes } from './describe.ts'

let database: TestDatabase
let admin: pg.Pool

before(async () => {
  database = await testDatabase()
  admin = new pg.Pool({ connectionString: database.adminUrl, max: 1 })
})
after(async () => {
  await admin.end()
  await database.stop()
})

const textAfter = async (statement: string) => {
  await admin.query(statement)
  return await describeSchema(admin)
}

test('two databases made from the same migrations give the same text, and the dump leaves no trace', async () => {
  const other = await testDatabase()
  const otherAdmin = new pg.Pool({ connectionString: other.adminUrl, max: 1 })
  const text = await describeSchema(otherAdmin)
  assert.equal(await describeSchema(admin), text)
  assert.equal(await describeSchema(otherAdmin), text)
  await otherAdmin.end()
  await other.stop()
})

test('every kind of change shows', async () => {
  let before = await describeSchema(admin)
  for (const [statement, line] of [
    ['alter table project add column note text', '  note text'],
    [`alter table project alter column note set default 'x'`, `  note text default 'x'::text`],
    [
      `update project set note = ''; alter table project alter column note set not null`,
      `  note text default 'x'::text not null`,
    ],
    [
      'alter table project alter column note set storage external',
      `note text storage external default 'x'::text not null`,
    ],
    ['alter table project set (fillfactor = 70)', 'alter table public.project set (fillfactor=70);'],
    ['create index project_note on project (note) where id > 5', 'CREATE INDEX project_note ON public.project'],
    [
      'alter table project add constraint short check (length(note) < 9)',
      'add constraint short CHECK ((length(note) < 9));',
    ],
    [`comment on column project.note is 'a word'`, `is 'a word';`],
    ['create table side (a int references project)', 'create table public.side ('],
    ['alter table side enable row level security', 'alter table public.side enable row level security;'],
    ['create policy everyone on side using (true)', 'create policy everyone on public.side'],
    ['grant select on side to instandt_app', 'grant select on public.side to instandt_app;'],
    ['create view overview as select slug from project', 'create view public.overview as'],
    ['create function two() returns int language sql as $$ select 2 $$', 'FUNCTION public.two()'],
    ['create statistics project_both on slug, name from project', 'CREATE STATISTICS public.project_both'],
    [`create type colour as enum ('red', 'green')`, `create type public.colour as enum ('red', 'green');`],
    ['create extension btree_gin', 'create extension btree_gin;'],
  ] as const) {
    const text = await textAfter(statement)
    assert.notEqual(text, before, statement)
    assert.ok(text.includes(line), `${statement}\n${line}`)
    before = text
  }
})

test('types know null, default and identity, and refuse what they do not know', async () => {
  await admin.query(
    'create table shapes (id bigint generated always as identity, a text, b int not null default 1, c jsonb, d text[])',
  )
  const text = await describeTypes(admin, 7)
  const block = /export interface ShapesTable \{[^}]*\}/.exec(text)?.[0]
  assert.equal(
    block,
    [
      'export interface ShapesTable {',
      '  id: GeneratedAlways<number>',
      '  a: string | null',
      '  b: Generated<number>',
      '  c: ColumnType<unknown, string | null | undefined, string | null>',
      '  d: string[] | null',
      '}',
    ].join('\n'),
  )
  assert.match(text, /export const requiredSchemaVersion = 7\n/)
  await admin.query('alter table shapes add column e box')
  await assert.rejects(describeTypes(admin, 7), /shapes\.e: no TypeScript type for box/)
})
