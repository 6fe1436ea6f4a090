-- Every statement that index_advice hands out runs as it stands, CONCURRENTLY outside a transaction; every rollback puts the
-- indexes back as they were. Names are the worst that are legal.
\set ON_ERROR_STOP 1
\set QUIET 1
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
drop schema if exists "D'rop" cascade;
create schema "D'rop";
set search_path = "D'rop", public;

-- An apostrophe, a quotation mark, a semicolon, upper case, a reserved word, 63 bytes, letters of two bytes, blanks
create table "Robert'); drop table--" (id int primary key, "select" int not null, "Ünï ""cod""e;" text not null, pad text);
insert into "Robert'); drop table--" select i, i * 7919 % 5000, 'u' || i % 1000, repeat('x', 100) from generate_series(1, 20000::bigint) i;
create table "user" (id int primary key, "Order" int not null, "group by" int not null, pad text);
insert into "user" select i, i * 7919 % 5000, i % 7, repeat('x', 100) from generate_series(1, 20000::bigint) i;
create table a_table_whose_name_has_sixty_three_bytes_as_the_server_allows_it (
  a_column_whose_name_has_sixty_three_bytes_as_the_server_allows_ int not null,
  another_column_whose_name_has_sixty_three_bytes_as_the_server_a int not null, pad text);
insert into a_table_whose_name_has_sixty_three_bytes_as_the_server_allows_it select i * 7919 % 5000, i % 1000, repeat('x', 100) from generate_series(1, 20000::bigint) i;
create table "Größe" (id int, "ÄäÖöÜüßéèàùâêîôûëïçÄäÖöÜüßéèàùâê" int not null, pad text);
insert into "Größe" select i, i * 7919 % 5000, repeat('x', 100) from generate_series(1, 20000::bigint) i;
-- Names that the advice would like are taken
create table taken (a int not null, b int not null, pad text);
insert into taken select i * 7919 % 5000, i % 100, repeat('x', 100) from generate_series(1, 20000::bigint) i;
create view taken_a_idx as select 1;
create sequence taken_a_idx1;
-- An index that is replaced, with all that a definition can carry
create table replaced (a int not null, b int not null, c text not null, pad text);
insert into replaced select i * 7919 % 500, i * 31 % 20011, 'c' || i, repeat('x', 100) from generate_series(1, 20000::bigint) i;
create index "Old One" on replaced (a) with (fillfactor = 70);
create index double_1 on replaced (c);
create index double_2 on replaced (c) with (deduplicate_items = off);
create materialized view "Mat View" as select id, "select" as "of" from "Robert'); drop table--";
-- Two levels of partitions; leaves with other columns and other schemas
create schema "D'rop 2";
create table "Parted" (id int not null, "At" int not null, who int not null, pad text) partition by range ("At");
create table "D'rop 2"."Leaf 1" (pad text, gone int, who int not null, "At" int not null, id int not null);
alter table "D'rop 2"."Leaf 1" drop column gone;
alter table "Parted" attach partition "D'rop 2"."Leaf 1" for values from (0) to (10000);
create table "Middle" partition of "Parted" for values from (10000) to (20000) partition by hash (id);
create table "Leaf 2" partition of "Middle" for values with (modulus 2, remainder 0);
create table "Leaf 3" partition of "Middle" for values with (modulus 2, remainder 1);
create table "Empty" partition of "Parted" for values from (20000) to (30000) partition by hash (id);
insert into "Parted" select i, i % 20000, i * 7919 % 5000, repeat('x', 100) from generate_series(1, 40000::bigint) i;
vacuum (analyze);

create table statements (query text);
insert into statements values
  ('select * from "Robert''); drop table--" where "select" = $1'),
  ('select * from "Robert''); drop table--" where "Ünï ""cod""e;" = $1'),
  ('select * from "user" where "Order" = $1 and "group by" = $2'),
  ('select * from a_table_whose_name_has_sixty_three_bytes_as_the_server_allows_it where a_column_whose_name_has_sixty_three_bytes_as_the_server_allows_ = $1'),
  ('select * from a_table_whose_name_has_sixty_three_bytes_as_the_server_allows_it where another_column_whose_name_has_sixty_three_bytes_as_the_server_a = $1'),
  ('select * from "Größe" where "ÄäÖöÜüßéèàùâêîôûëïçÄäÖöÜüßéèàùâê" = $1'),
  ('select * from taken where a = $1'),
  ('select * from replaced where a = $1 order by b desc limit 3'),
  ('select * from replaced where c = $1'),
  ('select * from "Mat View" where "of" = $1'),
  ('select * from "Parted" where who = $1');
create table advice as select a.* from deal_advisor.index_advice(
  workload => (select array_agg(row(query, 10, 1, null, null, null, null)::deal_advisor.statement) from statements),
  schemas => array['D''rop', 'D''rop 2'], time_limit => null) a;

-- Indexes as the catalog knows them
create view indexes as
  select pg_get_indexdef(i.indexrelid) as definition, i.indisvalid as valid, c.relkind as kind,
    (select inhparent::regclass::text from pg_inherits where inhrelid = i.indexrelid) as parent
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where c.relnamespace in (select oid from pg_namespace where nspname like 'D''rop%');
create table before as select * from indexes;

-- The advice is made of statements for the same query text: run them one by one, each in a transaction of its own.
select d from advice, unnest(ddl) with ordinality u (d, n) order by rank, n \gexec
create table built as select * from indexes;
create table costs as select query, w.cost_before as built, (select (q ->> 'after')::float8 from advice, jsonb_array_elements(queries) q where query like rtrim(q ->> 'text', '.') || '%' order by rank limit 1) as predicted
from statements, deal_advisor.index_what_if(query) w;
select d from advice, unnest(rollback) with ordinality u (d, n) order by rank desc, n \gexec
create table after as select * from indexes;

begin;
select plan(18);
select is((select array_agg(distinct action order by action) from advice), '{create,drop,replace}', 'every kind of advice was tried');
select is((select count(distinct relation) from advice), 8::bigint, 'every table got some');
select is((select count(*) from advice where index_name is null or octet_length(index_name) > 63 and action <> 'drop'), 0::bigint, 'names fit');
select ok(bool_and(b.valid), 'all that was built is valid') from built b;
select is((select count(*) from built where kind = 'I' and valid), (select count(*) from before where kind = 'I') + 3, 'partitioned indexes too, each level');
select ok(not exists (select from built where definition ~ '"?(Old One|double_2)'), 'replaced and doubled ones are gone');
select ok(predicted is not null and abs(built / predicted - 1) < 0.05, 'the built index costs what was predicted: ' || left(query, 60)) from costs;
select is((select array_agg(b::text order by b::text) from before b), (select array_agg(a::text order by a::text) from after a), 'the rollback puts everything back');
select * from finish();
rollback;
reset search_path;
drop schema "D'rop" cascade;
drop schema "D'rop 2" cascade;
