-- index_advice finds every kind of index that a marketplace needs, each for the statement that needs it; what it hands out
-- builds that index, the server then plans at the promised cost, and the rollback takes it away.
\set ON_ERROR_STOP 1
\set QUIET 1
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
drop schema if exists kinds cascade;
create schema kinds;
create extension if not exists pg_trgm with schema public;
set jit = off;
set default_statistics_target = 600;  -- samples that are whole tables: their statistics are the same each time

create table kinds.products (
  id bigint primary key,
  tenant_id int not null,
  seller_email text not null,
  title text not null,
  status text not null,
  featured boolean not null,
  attributes jsonb not null,
  tags text[] not null,
  source_url text not null,
  price_cents int not null,
  place point not null,
  available tstzrange not null,
  deleted_at timestamptz,
  created_at timestamptz not null,
  description text not null
) with (autovacuum_enabled = off);  -- its statistics would be those of a smaller sample
insert into kinds.products
select i, i * 7919 % 40, 'Seller' || i * 31 % 20011 || '@Example.com', 'Item ' || md5(i::text) || ' of ' || i % 977,
  case when i % 60 = 0 then 'pending' else 'live' end, i % 80 = 0,
  jsonb_build_object('brand', 'b' || i % 503, 'size', i % 13), array['t' || i % 211, 'u' || i % 97],
  'https://shop.example/a/long/path/to/the/product/' || md5(i::text) || md5((i + 1)::text), i * 613 % 90000,
  point(i * 7919 % 1000, i * 31 % 1009), tstzrange(timestamptz '2024-01-01 00:00+00' + i * interval '1 min', timestamptz '2024-01-01 00:00+00' + (i + 600) * interval '1 min'),
  case when i % 12 = 0 then timestamptz '2024-06-01 00:00+00' end, timestamptz '2024-01-01 00:00+00' + i * interval '1 min',
  repeat('word ' || i % 13 || ' ', 12)
from generate_series(1, 60000) i;
vacuum (analyze) kinds.products;

create table kinds.wanted (name text, query text, expected text);
insert into kinds.wanted values
  ('expression', 'select * from kinds.products where lower(seller_email) = $1', 'btree ((lower(seller_email)))'),
  ('json field', 'select * from kinds.products where attributes ->> ''brand'' = $1', 'btree (((attributes ->> ''brand''::text)))'),
  ('partial', 'select * from kinds.products where status = ''pending'' order by created_at limit 20', 'btree (created_at) where (status = ''pending''::text)'),
  ('boolean', 'select id from kinds.products where featured order by created_at desc limit 10', 'btree (created_at) where featured'),
  ('soft delete', 'select * from kinds.products where tenant_id = $1 and deleted_at is null order by created_at desc limit 20', 'btree (tenant_id, created_at) where (deleted_at IS NULL)'),
  ('direction', 'select * from kinds.products order by tenant_id, price_cents desc limit 10', 'btree (tenant_id, price_cents desc)'),
  ('prefix', 'select * from kinds.products where title like ''Item 00a%''', 'btree (title text_pattern_ops)'),
  ('contains', 'select * from kinds.products where attributes @> ''{"brand": "b17"}''', 'gin (attributes jsonb_path_ops)'),
  ('array', 'select * from kinds.products where tags @> array[''t17'']', 'gin (tags)'),
  ('full text', 'select * from kinds.products where to_tsvector(''english'', description) @@ to_tsquery(''english'', ''word & 17'')', 'gin ((to_tsvector(''english''::regconfig, description)))'),
  ('trigram', 'select * from kinds.products where title ilike ''%00abc%''', 'gin (title public.gin_trgm_ops)'),
  ('overlap', 'select * from kinds.products where available && tstzrange(''2024-02-01 00:00+00'', ''2024-02-01 01:00+00'')', 'gist (available)'),
  ('nearest', 'select * from kinds.products order by place <-> point ''(5, 5)'' limit 5', 'gist (place)'),
  ('long key', 'select * from kinds.products where source_url = $1', 'hash (source_url)');
create table kinds.advice as
select w.name, w.expected, w.query, a.* from kinds.wanted w, deal_advisor.index_advice(w.query, options => '{"sample_rows": 60000}') a;

create view kinds.indexes as select indexname, indexdef from pg_indexes where schemaname = 'kinds';
create table kinds.built (name text, cost float8);
create table kinds.before as select * from kinds.indexes;
select d from kinds.advice, unnest(ddl || array[case when ddl[1] ~ '\(\(\(?\w+' and access_method <> 'gist' then 'analyze kinds.products' else 'select' end,
    format('insert into kinds.built select %L, cost_before from deal_advisor.index_what_if(%L)', name, query)] || rollback)
  with ordinality u (d, n)
where action = 'create' order by name, rank, n \gexec
-- "gin (tags) where ..." of a statement; columns that are only carried don't matter.
create function kinds.definition(ddl text) returns text language sql as
$$select coalesce(substring(ddl from ' using (\w+) '), 'btree') ||
  regexp_replace(regexp_replace(ddl, '^.* on kinds\.products( using \w+)?', ''), ' include \([^)]*\)', '')$$;

begin;
select plan((select 14 + 3 * count(*)::int from kinds.wanted));
select is((select count(*) from kinds.advice where rank = 1), (select count(*) from kinds.wanted), 'each statement gets an index');
select is(kinds.definition(a.ddl[1]), w.expected, w.name)
from kinds.wanted w left join kinds.advice a on a.name = w.name and a.rank = 1 order by w.name;
select ok(coalesce(a.cost_after < a.cost_before, false), w.name || ': costs less') from kinds.wanted w left join kinds.advice a on a.name = w.name and a.rank = 1 order by w.name;
select ok(coalesce(abs(b.cost / a.cost_after - 1) < 0.05, false), w.name || ': promised ' || round(a.cost_after::numeric, 2) || ', built ' || round(b.cost::numeric, 2))
from kinds.wanted w left join kinds.advice a on a.name = w.name and a.rank = 1 left join kinds.built b on b.name = w.name order by w.name;
select ok(bool_and(access_method = coalesce(substring(ddl[1] from ' using (\w+) '), 'btree')), 'the column names the method') from kinds.advice;
select results_eq('select * from kinds.indexes order by 1', 'select * from kinds.before order by 1', 'every rollback takes its index away');
-- Parameters of patterns and containment are planned with likely values; a generic plan could not use most of these.
select is((select kinds.definition(a.ddl[1]) from deal_advisor.index_advice(query) a where rank = 1), expected, 'parameter: ' || query)
from (values
  ('select * from kinds.products where title like $1', 'btree (title text_pattern_ops)'),
  ('select * from kinds.products where title like $1 || ''%''', 'btree (title text_pattern_ops)'),
  ('select * from kinds.products where title ilike ''%'' || $1 || ''%''', 'gin (title public.gin_trgm_ops)'),
  ('select * from kinds.products where tags && $1', 'gin (tags)')) v (query, expected);
create role kinds_reader;
grant usage on schema kinds to kinds_reader;
grant select on kinds.products to kinds_reader;
select is((select kinds.definition(a.ddl[1]) from deal_advisor.index_advice('select * from kinds.products where title like $1', as_role => 'kinds_reader') a where rank = 1),
  'btree (title text_pattern_ops)', 'a reader''s statement is planned with a value of what he may read');
alter table kinds.products enable row level security;
create policy readable on kinds.products to kinds_reader using (tenant_id < 20);
select is_empty($$select ddl from deal_advisor.index_advice('select * from kinds.products where title like $1', as_role => 'kinds_reader') where ddl[1] like '%pattern%'$$,
  'no value comes from rows that are guarded');
-- An expression that fails on some row could not be indexed: the rest of the advice comes all the same.
select is((select kinds.definition(ddl[1]) from deal_advisor.index_advice('select id from kinds.products where 10 / (id - 5) = $1 and price_cents = $2') where rank = 1),
  'btree (price_cents, id)', 'an expression that fails on a row is left out');
-- Building an index runs its functions with the rights of the table's owner: only his own and a superuser's are proposed.
create function kinds.twist(text) returns text language plpgsql immutable as $$begin return reverse($1); end$$;
select is((select count(*) from deal_advisor.index_advice('select * from kinds.products where kinds.twist(title) = $1') where ddl[1] like '%kinds.twist%'), 1::bigint, 'a superuser''s function');
create role kinds_stranger;
alter function kinds.twist owner to kinds_stranger;
select is((select count(*) from deal_advisor.index_advice('select * from kinds.products where kinds.twist(title) = $1', as_role => 'kinds_reader') where ddl[1] like '%twist%'), 0::bigint, 'not a stranger''s function');
-- Names that must be quoted, inside expressions and predicates as well
create table kinds."Robert'); --" as select i as "Order", 'User' || i as "e'; --", i % 50 = 0 as "is""it" from generate_series(1, 20000) i;
analyze kinds."Robert'); --";
create temp table quoted as select ddl[1] as statement
from deal_advisor.index_advice($$select "Order" from kinds."Robert'); --" where "is""it" order by lower("e'; --") limit 3$$) where rank = 1;
select ok(statement like '%lower("e''; --")%' and statement like '%"is""it"%', 'an expression and a predicate on such names: ' || statement) from quoted;
select lives_ok(replace(statement, 'index concurrently', 'index'), 'and it can be built') from quoted;
select * from finish();
rollback;
drop schema kinds cascade;
