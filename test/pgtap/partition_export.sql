-- Retirement by export: what is past its retention is a file before it is gone.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists exported cascade;
create schema exported;
create table exported.prices (gone int, id bigint, "Seen at" timestamptz not null, price numeric, loud text generated always as ('P' || price) stored)
  partition by range ("Seen at");
alter table exported.prices drop column gone;
create table exported.prices_plain partition of exported.prices for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00');
-- Partitioned itself, and with its columns in another order
create table exported.prices_split (price numeric, loud text generated always as ('P' || price) stored, id bigint, "Seen at" timestamptz not null) partition by list (id);
create table exported.prices_split_1 partition of exported.prices_split for values in (1);
create table exported.prices_split_rest partition of exported.prices_split default;
alter table exported.prices attach partition exported.prices_split for values from ('2020-02-01 00:00+00') to ('2020-03-01 00:00+00');
alter table exported.prices_plain enable row level security, force row level security;
insert into exported.prices (id, "Seen at", price) select 1 + i % 3, timestamptz '2020-01-01 00:00+00' + i * interval '1 hour', i from generate_series(0, 60 * 24 - 1) i;
create temp table read as select * from exported.prices;
select current_setting('data_directory') as directory \gset
select plan(12);

select deal_advisor.partition_enable('exported.prices', 'Seen at', '1 month', retention => '1 year', retire => 'export',
  options => jsonb_build_object('export_path', :'directory' || '/nowhere'));
select is((select count(*) from pg_inherits where inhparent = 'exported.prices'::regclass and inhrelid::regclass::text like '%prices\_split'), 1::bigint, 'enabling a set exports nothing');

-- A folder that isn't there
\set ON_ERROR_STOP 0
call deal_advisor.partition_maintain('exported.prices');
\set ON_ERROR_STOP 1
select is(:'LAST_ERROR_SQLSTATE'::text, '58P01', 'a file that can''t be written is an error');
select is((select count(*) from exported.prices_plain) + (select count(*) from exported.prices), 1440::bigint, 'and no row is lost by it');
select matches((select last_error from deal_advisor.partition_status() where parent = 'exported.prices'), '^58P01', 'the status says so');

-- One that is
select deal_advisor.partition_enable('exported.prices', 'Seen at', '1 month', retention => '1 year', retire => 'export',
  options => jsonb_build_object('export_path', :'directory'));
call deal_advisor.partition_maintain('exported.prices');
select is((select count(*) from pg_class where relnamespace = 'exported'::regnamespace and relname ~ 'plain|split'), 0::bigint, 'what was exported is gone, parts of a partition too');
select is((select count(*) from exported.prices), 0::bigint, 'its rows as well');
select is((select last_error is null or state = 'ok' from deal_advisor.partition_status() where parent = 'exported.prices'), true, 'the status says so');
select bag_eq($$select name from pg_ls_dir(current_setting('data_directory')) name where name like 'exported.%'$$,
  array['exported.prices_plain.20200101T000000.csv', 'exported.prices_split.20200201T000000.csv'], 'there is a file of each');
select is((select split_part(pg_read_file('exported.prices_split.20200201T000000.csv'), E'\n', 1)), 'id,Seen at,price', 'with the names of columns, in the parent''s order and without generated ones');
create temp table back (id bigint, seen timestamptz, price numeric);
select format('copy back from %L with (format csv, header)', :'directory' || '/exported.prices_plain.20200101T000000.csv') \gexec
select is((select count(*) from back), 744::bigint, 'forced row security hides no row from the file');
select format('copy back from %L with (format csv, header)', :'directory' || '/exported.prices_split.20200201T000000.csv') \gexec
select bag_eq('select * from back', 'select id, "Seen at", price from read', 'all rows can be read back');
select is((select string_agg(action || ' ' || outcome, ', ' order by id) from deal_advisor_data.partition_log where schema_name = 'exported' and action = 'export'), 'export failed, export done, export done', 'the log has it all');
select * from finish();
\set QUIET 1
\setenv EXPORTED :directory
\! rm -f "$EXPORTED"/exported.prices_*.csv
select deal_advisor.partition_disable('exported.prices');
drop schema exported cascade;
