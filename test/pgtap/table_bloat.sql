-- table_bloat() says what VACUUM FULL gives back, of what it can measure, to who may look.
\set ON_ERROR_STOP 1
\set QUIET 1
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
drop schema if exists bloated cascade;
create schema bloated;
create extension if not exists dblink;

create table bloated.half (id bigint primary key, email text, notes text);
create index half_email on bloated.half (email);
insert into bloated.half select i, md5(i::text), case when i % 100 = 0 then (select string_agg(md5((i * 7 + x)::text), '') from generate_series(1, 200) x) end from generate_series(1, 20000) i;
create table bloated.fresh (like bloated.half including all);
insert into bloated.fresh select * from bloated.half order by id;
create table bloated.roomy (id bigint primary key with (fillfactor = 60), t text) with (fillfactor = 60);
insert into bloated.roomy select i, md5(i::text) from generate_series(1, 20000) i;
create table bloated.dead (id bigint, k int);
insert into bloated.dead select i, i % 7 from generate_series(1, 20000) i;
create index dead_id on bloated.dead (id);
vacuum analyze bloated.half;
delete from bloated.half where id % 2 = 0;
vacuum bloated.half;
delete from bloated.dead where id % 4 = 0;

create table bloated.said as
select now() as at, b.* from (values ('half'), ('fresh'), ('roomy'), ('dead')) t (name), deal_advisor.table_bloat(('bloated.' || t.name)::regclass) b;
vacuum full bloated.half;
vacuum full bloated.fresh;
vacuum full bloated.roomy;
vacuum full bloated.dead;
-- Two pages: the last one of a relation is not full, and leaves come by the dozen.
create view bloated.wrong as
select s.part, s.gain_bytes, s.bytes - pg_relation_size(s.part) as given_back from bloated.said s where abs(s.gain_bytes - (s.bytes - pg_relation_size(s.part))) > 2 * 8192;

begin;
select plan(30);
select is_empty('select * from bloated.wrong', 'the gain is what VACUUM FULL gives back, to two pages');
select set_eq('select distinct kind from bloated.said', array['table', 'index', 'toast', 'toast index'], 'of the table, its TOAST table and their indexes');
select cmp_ok((select gain_percent from bloated.said where part = 'bloated.half'::regclass), '>', 45::float8, 'half of a table');
select cmp_ok((select gain_percent from bloated.said where part = 'bloated.half_email'::regclass), '>', 45::float8, 'and of an index');
select cmp_ok((select free_bytes from bloated.said where part = 'bloated.half'::regclass), '>=', (select gain_bytes from bloated.said where part = 'bloated.half'::regclass), 'after a vacuum it is room for new rows');
select is((select dead_bytes from bloated.said where part = 'bloated.half'::regclass), 0::bigint, 'and nothing is left to remove');
select cmp_ok((select max(gain_percent) from bloated.said where part in ('bloated.fresh'::regclass, 'bloated.roomy'::regclass)), '<', 0.5::float8, 'nothing of what is new');
select cmp_ok((select free_bytes from bloated.said where part = 'bloated.roomy'::regclass), '>', 8192 * 50::bigint, 'what fillfactor keeps is free, no gain');
select cmp_ok((select dead_bytes from bloated.said where part = 'bloated.dead'::regclass), '>', 4900 * 28::bigint, 'rows that nobody has vacuumed are dead');
select cmp_ok((select dead_bytes from bloated.said where part = 'bloated.dead_id'::regclass), '>', 4900 * 16::bigint, 'and so are their entries');
select is((select held_bytes from bloated.said where part = 'bloated.dead'::regclass), 0::bigint, 'no old transaction holds them');
select is((select count(*)::int from bloated.said where gain_low_bytes > gain_bytes or gain_bytes > gain_high_bytes or withheld is not null), 0, 'the gain lies in its interval');
select is((select pages_read from bloated.said where part = 'bloated.fresh'::regclass), least(300, (select bytes / 8192 from bloated.said where part = 'bloated.fresh'::regclass)), 'of a larger table 300 pages are read');

-- What is not measured is said
create index half_words on bloated.half using gin (to_tsvector('simple', email));
select is((select withheld from deal_advisor.table_bloat('bloated.half') where part = 'bloated.half_words'::regclass), 'not a B-tree: only those are measured', 'other indexes are not measured');
select is((select gain_bytes from deal_advisor.table_bloat('bloated.half') where part = 'bloated.half_words'::regclass), null, 'and nothing is said of them');
select is((select max(pages_read) from deal_advisor.table_bloat('bloated.half', 7)), 7::bigint, 'no more pages than one wants');
create table bloated.empty (t int primary key);
select results_eq($$select kind, bytes, gain_bytes from deal_advisor.table_bloat('bloated.empty')$$, $$values ('table', 0::bigint, 0::bigint), ('index', 8192, 0)$$, 'an empty table has nothing to give');

-- All partitions
create table bloated.parts (id int, k int) partition by range (id);
create table bloated."Robert'); --" partition of bloated.parts for values from (0) to (10);
create table bloated.parts_2 partition of bloated.parts for values from (10) to (20) partition by list (k);
create table bloated.parts_3 partition of bloated.parts_2 default;
create index on bloated.parts (k);
select is((select array_agg(part::text order by part::text collate "C") from deal_advisor.table_bloat('bloated.parts') where kind = 'table'), array['bloated."Robert''); --"', 'bloated.parts_3'], 'of a partitioned table all partitions with rows');
select is((select count(*)::int from deal_advisor.table_bloat('bloated.parts') where kind = 'index'), 2, 'with their indexes');
select is((select count(*)::int from deal_advisor.table_bloat('bloated.parts_3')), 2, 'a partition by itself');

-- Who may look at what
select throws_ok($$select deal_advisor.table_bloat('bloated.half_email')$$, '42809', '"bloated.half_email" is not a table', 'an index is no table');
select throws_ok($$select deal_advisor.table_bloat('bloated.wrong')$$, '42809', null, 'nor is a view');
select throws_ok($$select deal_advisor.table_bloat('bloated.half', 0)$$, '22023', 'max_pages must be at least 1', 'no pages tell nothing');
select is_empty($$select deal_advisor.table_bloat(null)$$, 'no table, no rows');
create role bloat_nobody;
create role bloat_monitor in role pg_monitor;
grant usage on schema bloated to bloat_nobody, bloat_monitor;
set local role bloat_nobody;
select throws_ok($$select deal_advisor.table_bloat('bloated.half')$$, '42501', 'permission denied for table bloated.half', 'it takes a right');
reset role;
grant select on bloated.half to bloat_nobody;
set local role bloat_nobody;
select lives_ok($$select deal_advisor.table_bloat('bloated.half')$$, 'to read the table');
set local role bloat_monitor;
select isnt_empty($$select 1 from deal_advisor.table_bloat('bloated.half') where part = 'bloated.half'::regclass and gain_bytes is not null$$, 'or to watch over all of them');
reset role;

-- Waits for nobody
select dblink_connect('other', format('host=%s port=%s dbname=%L user=%I', split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(), current_user)) \g /dev/null
select dblink_exec('other', 'begin; lock table bloated.roomy in access exclusive mode') \g /dev/null
select is((select withheld from deal_advisor.table_bloat('bloated.roomy') where kind = 'table'), 'locked by another session', 'a table that somebody has locked is left out');
select dblink_exec('other', 'rollback') \g /dev/null
select is((select withheld from deal_advisor.table_bloat('bloated.roomy') where kind = 'table'), null, 'until it is free');
select is_empty($$select mode from pg_locks where pid = pg_backend_pid() and relation = 'bloated.roomy'::regclass$$, 'and no lock is kept');
select dblink_disconnect('other') \g /dev/null
select * from finish();
rollback;
drop schema bloated cascade;
