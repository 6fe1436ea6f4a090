-- Missing indexes among the findings: what index_advice makes of pg_stat_statements. Everything but the rows is rolled back.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists deep cascade;
create schema deep;
create table deep.products (id int primary key, brand int not null, name text);
insert into deep.products select i, i * 7919 % 5000, md5(i::text) from generate_series(1, 50000) i;
create table deep.other (id int primary key, kind int not null);
insert into deep.other select i, i * 7919 % 5000 from generate_series(1, 50000) i;
vacuum (analyze) deep.products, deep.other;
select current_setting('pg_stat_statements.max', true) is null as missing \gset
\if :missing
begin;
select plan(1);
select is((select status from deal_advisor.findings_detail(deep => true, options => '{"checks": ["IDX-014"]}') where check_id = 'IDX-014'), 'skipped', 'without a workload the check is skipped');
select * from finish();
rollback;
\else
create extension if not exists pg_stat_statements;
select pg_stat_statements_reset() is not null as reset \gset
select count(*) as rows from deep.products where brand = 17 \gset
select count(*) as rows from deep.products where brand = 18 \gset
select count(*) as rows from deep.other where kind = 18 \gset
begin;
select plan(11);
create temp table found as
select * from deal_advisor.findings_detail(areas => '{index}', schemas => '{deep}', deep => true) where check_id = 'IDX-014';
select is((select count(*) from found where object = 'deep.products'), 1::bigint, 'the index that two calls wanted is found');
select is((select fix from found where object = 'deep.products'), '{"create index concurrently products_brand_idx on deep.products (brand)"}'::text[], 'fix');
select is((select rollback from found where object = 'deep.products'), '{"drop index concurrently deep.products_brand_idx"}'::text[], 'rollback');
select ok((select not fix_transactional and status = 'open' and severity >= 'medium' from found where object = 'deep.products'), 'as the table of checks says');
select ok((select (evidence -> 'benefit' ->> 'value')::float8 > 20 and (evidence -> 'index_size' ->> 'value')::bigint > 8192 from found where object = 'deep.products'), 'evidence');
select is_empty($$select 1 from deal_advisor.findings_detail(areas => '{index}', schemas => '{deep}') where check_id = 'IDX-014'$$, 'only when asked for');
select is_empty($$select 1 from deal_advisor.findings_detail(areas => '{schema}', schemas => '{deep}', deep => true) where check_id = 'IDX-014'$$, 'only in its area');
select is_empty($$select 1 from deal_advisor.findings_detail(schemas => '{public}', deep => true) where object like 'deep.%'$$, 'only of the schemas asked for');
select isnt_empty((select verify from found where object = 'deep.products'), 'verify has a row before the fix');
create index products_brand_idx on deep.products (brand);
select is_empty((select verify from found where object = 'deep.products'), 'and none after it');
select lives_ok(format('select deal_advisor.findings_accept(%L, %L)', fingerprint, 'rarely asked'), 'it can be accepted') from found where object = 'deep.other';
select * from finish();
rollback;
\endif
drop schema deep cascade;
