-- index_size against pg_relation_size of the index really built. Skewed, sparse, wide, ordered and partial keys: every
-- estimate within a factor of 1.5, three in four within 1.1.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists sized cascade;
create schema sized;

create table sized.t (
  id int not null,
  few int not null,             -- 7 values
  skewed int not null,          -- half the rows share one value
  scattered int not null,       -- about 20 rows each, spread
  clustered int not null,       -- 40 rows each, side by side
  nullable int,                 -- nine in ten null
  label text not null,          -- 12 to 90 bytes
  code char(8) not null,
  amount numeric(12, 2) not null, -- no deduplication
  at timestamptz not null,
  uid uuid not null,
  flag boolean not null,
  doc jsonb not null
);
insert into sized.t
select i, i * 7919 % 7, case when i % 2 = 0 then 0 else (i * 104729 % 5003)::int end, i * 7919 % 6007, i / 40,
  case when i % 10 = 0 then (i * 31 % 1009)::int end, 'label ' || repeat(md5((i % 9973)::text), 1 + (i % 3)::int),
  'C' || i % 300, (i * 37 % 2003) / 100.0, timestamptz '2024-01-01 00:00+00' + (i * 7919 % 100000)::int * interval '1 minute',
  md5(i::text)::uuid, i % 50 = 0, jsonb_build_object('kind', i % 11, 'n', i)
from generate_series(1, 120000::bigint) i;

create table sized.parted (id int not null, a int not null, b text) partition by range (id);
create table sized.parted_1 partition of sized.parted for values from (0) to (20000);
create table sized.parted_2 partition of sized.parted for values from (20000) to (60000);
create table sized.parted_3 (gone int, b text, id int not null, a int not null);
alter table sized.parted_3 drop column gone;
alter table sized.parted attach partition sized.parted_3 for values from (60000) to (200000);
insert into sized.parted select i, i * 7919 % 3001, 'b' || i % 97 from generate_series(1, 90000::bigint) i;

create table sized.empty (a int, b text);
create table sized.one (a int, b text);
insert into sized.one values (1, 'x');
create table sized.gaps (id int, a int, pad text, note text);
insert into sized.gaps select i, i * 7919 % 5003, repeat('x', 200), repeat(md5(i::text), 20) from generate_series(1, 30000::bigint) i;
delete from sized.gaps where id % 3 <> 0;
create materialized view sized.counts as select scattered, count(*) as n from sized.t group by scattered;
create function sized.fold(value text) returns text language sql immutable as $$select pg_catalog.lower(value)$$;
vacuum (analyze) sized.t, sized.parted, sized.one, sized.counts, sized.gaps;

create function pg_temp.built_size(definition text) returns bigint language plpgsql as $$
declare bytes bigint;
begin
  execute definition;
  bytes := (select sum(pg_relation_size(oid)) from pg_class
    where oid = 'sized.ix'::regclass or oid in (select inhrelid from pg_inherits where inhparent = 'sized.ix'::regclass));
  raise exception using errcode = 'UNDO1';
exception when sqlstate 'UNDO1' then return bytes;
end $$;

begin;
select plan(39);
create temp table definitions (what text, definition text, truth bigint, guess bigint);
insert into definitions (what, definition) values
  ('unique integers', 'create unique index ix on sized.t (id)'),
  ('integers in order', 'create index ix on sized.t (id)'),
  ('seven values', 'create index ix on sized.t (few)'),
  ('half the rows share a value', 'create index ix on sized.t (skewed)'),
  ('scattered duplicates', 'create index ix on sized.t (scattered)'),
  ('clustered duplicates', 'create index ix on sized.t (clustered)'),
  ('mostly null', 'create index ix on sized.t (nullable)'),
  ('not null only', 'create index ix on sized.t (nullable) where nullable is not null'),
  ('wide text', 'create index ix on sized.t (label)'),
  ('blank-padded', 'create index ix on sized.t (code)'),
  ('numeric', 'create index ix on sized.t (amount)'),
  ('timestamps', 'create index ix on sized.t (at desc)'),
  ('uuid', 'create unique index ix on sized.t (uid)'),
  ('boolean', 'create index ix on sized.t (flag)'),
  ('rare predicate', 'create index ix on sized.t (at) where flag'),
  ('two columns', 'create index ix on sized.t (few, scattered)'),
  ('three columns', 'create index ix on sized.t (few, skewed desc, at)'),
  ('correlated columns', 'create index ix on sized.t (clustered, few)'),
  ('included column', 'create index ix on sized.t (scattered) include (amount)'),
  ('included wide text', 'create index ix on sized.t (id) include (label)'),
  ('text that compresses', 'create index ix on sized.gaps (note)'),
  ('expression', 'create index ix on sized.t (lower(label))'),
  ('own function', 'create index ix on sized.t (sized.fold(label))'),
  ('date of a timestamp', 'create index ix on sized.t (date_trunc(''day'', at at time zone ''UTC''))'),
  ('json field', 'create index ix on sized.t ((doc ->> ''kind''))'),
  ('fillfactor', 'create index ix on sized.t (scattered) with (fillfactor = 50)'),
  ('no deduplication', 'create index ix on sized.t (scattered) with (deduplicate_items = off)'),
  ('partitioned', 'create index ix on sized.parted (a)'),
  ('partitioned, moved columns', 'create index ix on sized.parted (b, a)'),
  ('materialized view', 'create index ix on sized.counts (n, scattered)'),
  ('after many deletes', 'create index ix on sized.gaps (a)'),
  ('empty table', 'create index ix on sized.empty (a, b)'),
  ('one row', 'create index ix on sized.one (b)'),
  ('no row passes', 'create index ix on sized.t (at) where few > 100');
update definitions set truth = pg_temp.built_size(definition), guess = deal_advisor.index_size(definition);

select ok(greatest(guess::float8 / truth, truth::float8 / guess) <= 1.5, what || ': within 1.5')
  || case when greatest(guess::float8 / truth, truth::float8 / guess) <= 1.5 then '' else E'\n' || diag(format('%s bytes, built %s', guess, truth)) end
from definitions;
select ok(percentile_cont(0.75) within group (order by greatest(guess::float8 / truth, truth::float8 / guess)) <= 1.1,
  'three in four within 1.1') from definitions;
select is(guess, truth, what || ': exact') from definitions where what in ('empty table', 'one row', 'no row passes');
select is(bool_and(deal_advisor.index_size(definition) = guess), true, 'a second run gives the same sizes') from definitions;
select diag(format('%s: %s, built %s', what, guess, truth)) from definitions
where greatest(guess::float8 / truth, truth::float8 / guess) > 1.1;

select * from finish();
rollback;
drop schema sized cascade;
