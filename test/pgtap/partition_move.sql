-- partition_drain, _split, _merge: what the new partitions look like, which keys they take, what is refused, whose rights count.
-- They commit, so nothing is rolled back. An error of a CALL is looked at in psql's variables.
\set ON_ERROR_STOP 1
\set QUIET 1
\set VERBOSITY terse
set client_min_messages = error;
drop schema if exists mv, mv_other cascade;
do $$ begin execute (select coalesce(string_agg(format('drop owned by %1$I cascade; drop role %1$I', rolname), ';'), 'select 1') from pg_roles where rolname in ('mv_owner', 'mv_reader', 'mv_thief')); end $$;
drop schema if exists deal_advisor_data cascade;
select deal_advisor.partition_forget(split_part(parent, '.', 1), split_part(parent, '.', 2)) from deal_advisor.partition_status() where parent like 'mv.%' \g /dev/null
create role mv_owner;
create role mv_reader;
create role mv_thief;
create schema mv;
grant usage, create on schema mv to mv_owner;
grant usage on schema mv to mv_reader, mv_thief;
select plan(73);

create function mv.leaves(relation regclass) returns table (leaf text, rows bigint) language plpgsql as $$
begin
  for leaf in select inhrelid::regclass::text from pg_inherits where inhparent = relation order by 1 loop
    execute 'select count(*) from ' || leaf into rows;
    return next;
  end loop;
end $$;

-- A default partition with everything that a table can have, owned by an ordinary role
set role mv_owner;
create table mv.shops (id int primary key);
insert into mv.shops select generate_series(1, 10);
create table mv.price (id bigint generated always as identity, "Shop" int references mv.shops, at timestamptz not null default now(),
  price numeric(10, 2) check (price > 0), cents bigint generated always as (price * 100) stored, note text, unique (id, at)) partition by range (at);
create index on mv.price (at);
select deal_advisor.partition_enable('mv.price', 'at', '1 month', premake => 1, options => '{"start": "2026-01-01"}') \g /dev/null
create table mv.price_default (junk text, note text, price numeric(10, 2) constraint price_price_check check (price > 0), at timestamptz not null default now(), id bigint not null,
  "Shop" int, cents bigint generated always as (price * 100) stored) with (fillfactor = 77);
alter table mv.price_default drop junk;
alter table mv.price attach partition mv.price_default default;
comment on table mv.price_default is 'what fits nowhere';
grant select (id, note) on mv.price_default to mv_reader;
grant insert on mv.price_default to mv_reader with grant option;
alter table mv.price_default alter note set statistics 77;
alter table mv.price_default alter note set (n_distinct = -0.5);
alter table mv.price_default enable row level security;
create policy readers on mv.price_default for select to mv_reader using (price < 5);
alter table mv.price_default replica identity full;
create index price_default_note on mv.price_default (lower(note)) where note is not null;
create statistics mv.price_stats on note, price from mv.price_default;
insert into mv.price ("Shop", at, price, note) select 1 + i % 10, '2024-12-01'::timestamptz + i * interval '3 hours', 1 + i, 'n' || i from generate_series(0, 999) as i;
insert into mv.price ("Shop", at, price, note) values (1, 'infinity', 1, 'never'), (1, '-infinity', 1, 'ever'), (1, '9999-01-01', 1, 'far'), (1, '2025-01-31 23:59:59.999999+00', 1, 'edge');
reset role;
create table mv.before as select * from mv.price;
grant select on mv.before to mv_owner;
\set ON_ERROR_STOP 0
set TimeZone = 'Asia/Kathmandu';
set role mv_owner;
call deal_advisor.partition_drain('mv.price', batch => 100);
\set state :SQLSTATE
\set ON_ERROR_STOP 1
reset role;
reset TimeZone;
select is(:'state'::text, '00000', 'an ordinary owner drains the default partition');
select set_eq('select * from mv.price', 'select * from mv.before', 'every row is there as it was');
select results_eq($$select * from mv.leaves('mv.price') where rows > 0$$,
  $$values ('mv.price_default', 3::bigint), ('mv.price_p20241201', 248), ('mv.price_p20250101', 249), ('mv.price_p20250201', 224), ('mv.price_p20250301', 248), ('mv.price_p20250401', 32)$$,
  'each month has its partition; infinite and absurd times stay');
select is((select pg_get_expr(relpartbound, oid) from pg_class where oid = 'mv.price_p20250101'::regclass), $$FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2025-02-01 00:00:00+00')$$, 'boundaries are the set''s, not the session''s');
select is((select count(distinct relowner) from pg_class where relnamespace = 'mv'::regnamespace and relname like 'price%'), 1::bigint, 'all belongs to the table''s owner');
select is((select obj_description('mv.price_default'::regclass)), 'what fits nowhere', 'comment');
select ok(has_column_privilege('mv_reader', 'mv.price_default', 'note', 'select') and not has_column_privilege('mv_reader', 'mv.price_default', 'price', 'select'), 'privileges on columns');
select ok(has_table_privilege('mv_reader', 'mv.price_default', 'insert with grant option'), 'privileges with grant option');
select is((select array_to_string(reloptions, ',') from pg_class where oid = 'mv.price_default'::regclass), 'fillfactor=77', 'storage parameters, autovacuum as it was');
select is((select reloptions from pg_class where oid = 'mv.price_p20250101'::regclass), null, 'a new leaf has none');
select is((select relreplident from pg_class where oid = 'mv.price_default'::regclass), 'f'::"char", 'replica identity');
select ok((select relrowsecurity from pg_class where oid = 'mv.price_default'::regclass), 'row security');
select is((select polname::text || pg_get_expr(polqual, polrelid) from pg_policy where polrelid = 'mv.price_default'::regclass), 'readers(price < (5)::numeric)', 'and its policy');
select is((select attstattarget::int from pg_attribute where attrelid = 'mv.price_default'::regclass and attname = 'note'), 77, 'statistics target');
select ok((select attoptions @> '{n_distinct=-0.5}' from pg_attribute where attrelid = 'mv.price_default'::regclass and attname = 'note'), 'options of a column');
select is((select count(*) from pg_index where indrelid = 'mv.price_default'::regclass and indpred is not null), 1::bigint, 'an index of its own');
select has_index('mv', 'price_default', 'price_default_note', 'which is called as before');
select is((select count(*) from pg_statistic_ext where stxrelid = 'mv.price_default'::regclass), 1::bigint, 'extended statistics');
select results_eq($$select indexrelid::regclass::text from pg_index where indrelid = 'mv.price_default'::regclass and indpred is null order by 1$$,
  $$values ('mv.price_default_at_idx'), ('mv.price_default_id_at_key')$$, 'indexes are called as before');
select is((select count(*) from pg_constraint where conrelid = 'mv.price_p20250101'::regclass and contype = 'f' and convalidated and conparentid <> 0), 1::bigint, 'the foreign key is the parent''s');
select is((select count(*) from pg_constraint where conrelid in (select inhrelid from pg_inherits where inhparent = 'mv.price'::regclass) and conname like 'deal%'), 0::bigint, 'no helper check is left');
select throws_ok($$insert into mv.price ("Shop", at, price) values (99, '2025-01-05', 1)$$, '23503', null, 'the foreign key holds in a new leaf');
select throws_ok($$delete from mv.shops where id = 3$$, '23503', null, 'on the other side too');
select throws_ok($$insert into mv.price (at, price) values ('2025-01-05', -1)$$, '23514', null, 'the check holds');
select lives_ok($$insert into mv.price ("Shop", at, price) values (1, '2025-01-05', 3)$$, 'identity, default and generated columns work on');
select is((select cents from mv.price where at = '2025-01-05' and note is null), 300::bigint, 'generated');
select is_empty($$select relname from pg_class where relname like 'deal\_move%'$$, 'no helper is left');
select is_empty($$select parent from deal_advisor_data.partition_move$$, 'no move is unfinished');
select is((select count(*) from deal_advisor_data.partition_log where action = 'drain' and outcome = 'done'), 1::bigint, 'the log has it');
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.price');
\set state :SQLSTATE
\set ON_ERROR_STOP 1
select is(:'state'::text, '00000', 'again: nothing to do');
select is((select count(*) from deal_advisor_data.partition_log where action = 'drain'), 1::bigint, 'and nothing is done');
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.price', options => '{"until": "9999-06-01"}');
\set state :SQLSTATE
\set ON_ERROR_STOP 1
select is(:'state'::text, '00000', 'the option until');
select is((select rows from mv.leaves('mv.price') where leaf = 'mv.price_p99990101'), 1::bigint, 'takes what is far off as well');

-- Split and merge
\set ON_ERROR_STOP 0
set role mv_owner;
call deal_advisor.partition_split('mv.price_p20250101', '{2025-01-11, 2025-01-21}', '{"keep_old": "january"}');
\set state :SQLSTATE
\set ON_ERROR_STOP 1
reset role;
select is(:'state'::text, '00000', 'a split');
select results_eq($$select * from mv.leaves('mv.price') where leaf like '%p202501%'$$, $$values ('mv.price_p20250101', 81::bigint), ('mv.price_p20250111', 80), ('mv.price_p20250121', 89)$$, 'has its parts');
select is((select count(*) from mv.january), 250::bigint, 'keep_old keeps it');
select is_empty($$select from pg_trigger where tgrelid = 'mv.january'::regclass and tgname like 'deal%'$$, 'without our trigger');
\set ON_ERROR_STOP 0
call deal_advisor.partition_merge('{mv.price_p20250121, mv.price_p20250101, mv.price_p20250111, mv.price_p20250201}', '{"name": "start_of_2025"}');
\set state :SQLSTATE
\set ON_ERROR_STOP 1
select is(:'state'::text, '00000', 'a merge');
select is((select rows from mv.leaves('mv.price') where leaf = 'mv.start_of_2025'), 474::bigint, 'has all rows');
select is((select pg_get_expr(relpartbound, oid) from pg_class where oid = 'mv.start_of_2025'::regclass), $$FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2025-03-01 00:00:00+00')$$, 'and the whole range');
\set ON_ERROR_STOP 0
call deal_advisor.partition_split('mv.start_of_2025');
\set state :SQLSTATE
\set ON_ERROR_STOP 1
select is(:'state'::text, '00000', 'a split by the set''s grid');
select results_eq($$select * from mv.leaves('mv.price') where leaf ~ 'p20250[12]'$$, $$values ('mv.price_p20250101', 250::bigint), ('mv.price_p20250201', 224)$$, 'gives months');
\set ON_ERROR_STOP 0
call deal_advisor.partition_merge('{mv.price_p20241201, mv.price_p20250201}');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^22023: partitions "price_p20241201" and "price_p20250201" are no neighbours', 'a gap is refused');
\set ON_ERROR_STOP 0
call deal_advisor.partition_merge('{mv.price_p20241201}');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^22023', 'one partition is none to merge');
\set ON_ERROR_STOP 0
call deal_advisor.partition_split('mv.price_p20241201', '{2025-06-01}');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^22023', 'a boundary outside is refused');
\set ON_ERROR_STOP 0
call deal_advisor.partition_split('mv.price_p20241201');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^22023', 'so is a split without any');
\set ON_ERROR_STOP 0
call deal_advisor.partition_split('mv.price_default', '{2025-06-01}');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^0A000', 'and one of the default partition');
\set ON_ERROR_STOP 0
call deal_advisor.partition_split('mv.shops', '{2025-06-01}');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^42809', 'and of a table that is no partition');
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.price', options => '{"untill": "x"}');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^22023', 'an unknown option is refused');
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.price', batch => 0);
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^22023', 'a batch of nothing too');
select throws_ok($$call deal_advisor.partition_drain('mv.price')$$, '25001', null, 'not within a function');

-- Rights
\set ON_ERROR_STOP 0
set role mv_thief;
call deal_advisor.partition_drain('mv.price');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
reset role;
select matches(:'state' || ': ' || :'message', '^42501', 'another role may not drain');
\set ON_ERROR_STOP 0
set role mv_thief;
call deal_advisor.partition_split('mv.price_p20241201', '{2024-12-11}');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
reset role;
select matches(:'state' || ': ' || :'message', '^42501', 'nor split');
\set ON_ERROR_STOP 0
set role mv_thief;
call deal_advisor.partition_merge('{mv.price_p20250101, mv.price_p20250201}');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
reset role;
select matches(:'state' || ': ' || :'message', '^42501', 'nor merge');
create schema mv_other authorization mv_thief;
set role mv_thief;
create table mv_other.bait (id bigint);
create trigger steal after insert on mv_other.bait for each row execute function deal_advisor.partition_capture('mv', 'target', '1');
reset role;
create table mv.target (id bigint);
insert into mv_other.bait values (1);
select is((select count(*) from mv.target), 0::bigint, 'the capture trigger writes to no table of another owner');
select throws_ok('select deal_advisor.partition_capture()', '39P01', null, 'and is no function to call');

-- What a move would break is refused, and nothing is left of the try
create table mv.r (id int, at date not null, primary key (id, at)) partition by range (at);
create table mv.r_default partition of mv.r default;
insert into mv.r select i, '2025-01-01'::date + i from generate_series(0, 99) i;
select deal_advisor.partition_enable('mv.r', 'at', '1 month', options => '{"start": "2026-06-01"}') \g /dev/null
create table mv.refers (id int, at date, foreign key (id, at) references mv.r);
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.r');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^0A000: .*foreign key "refers_id_at_fkey" of mv.refers refers to it', 'a foreign key that refers to the table');
drop table mv.refers;
create view mv.v as select * from mv.r_default;
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.r');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^2BP01: rule _RETURN on view mv.v depends on', 'a view on the default partition itself');
drop view mv.v;
create publication mv_all for all tables;
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.r');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^0A000: publication "mv_all"', 'a publication of all tables');
drop publication mv_all;
alter table mv.r owner to mv_owner;
alter table mv.r_default owner to mv_owner;
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.r');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^42501', 'a table with another owner than who enabled it');
alter table mv.r owner to current_user;
alter table mv.r_default owner to current_user;
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.r', options => '{"most_partitions": 2}');
\set state :SQLSTATE
\set message :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP 1
select matches(:'state' || ': ' || :'message', '^54000', 'more partitions than allowed');
select is_empty($$select relname from pg_class where relname like 'deal\_move%'$$, 'nothing is left of that');
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.r');
\set state :SQLSTATE
\set ON_ERROR_STOP 1
select is(:'state'::text, '00000', 'days');
select results_eq($$select * from mv.leaves('mv.r') where rows > 0$$, $$values ('mv.r_p20250101', 31::bigint), ('mv.r_p20250201', 28), ('mv.r_p20250301', 31), ('mv.r_p20250401', 10)$$, 'have their partitions');

-- Other kinds of keys; no index at all; keys that are null
create function mv.shape(relation text) returns text language sql as $$
  select count(*) || ' partitions, ' || sum(rows) || ' rows, ' || (sum(rows) filter (where leaf like '%default')) || ' in the default' from mv.leaves(('mv.' || relation)::regclass) where rows > 0 or leaf like '%default'
$$;
create table mv.i (k int not null, n int) partition by range (k);
select deal_advisor.partition_enable('mv.i', 'k', '400', options => '{"anchor": "0", "start": "10000"}') \g /dev/null
create table mv.i_default partition of mv.i default;
create table mv.i_first partition of mv.i for values from (-1000) to (100);
insert into mv.i select i, i from generate_series(0, 999) as i union all select 2000000000, 1;
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.i');
\set state :SQLSTATE
\set ON_ERROR_STOP 1
select is(:'state'::text, '00000', 'integer keys, no index');
select is(mv.shape('i'), '5 partitions, 1001 rows, 1 in the default', 'the odd partition is respected, the outlier stays');
create table mv.n (k timestamptz, n int) partition by range (k);
create index on mv.n (n, k);
create table mv.n_default partition of mv.n default;
insert into mv.n select case when i % 10 > 0 then '2025-03-01'::timestamptz + i * interval '1 hour' end, nullif(i % 7, 3) from generate_series(0, 999) as i;
select deal_advisor.partition_enable('mv.n', 'k', '1 month', options => '{"start": "2026-06-01"}') \g /dev/null
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.n');
\set state :SQLSTATE
\set ON_ERROR_STOP 1
select is(:'state'::text, '00000', 'keys that may be null, no unique index');
select is(mv.shape('n'), '3 partitions, 1000 rows, 100 in the default', 'null stays in the default partition');
create table mv.u (k uuid not null) partition by range (k);
create table mv.u_default partition of mv.u default;
insert into mv.u select (lpad(to_hex((1735689600000 + i * 86400000::bigint)), 12, '0') || '7abc8def0123456789ab')::uuid from generate_series(0, 99) as i;
select deal_advisor.partition_enable('mv.u', 'k', '1 month', options => '{"start": "2026-06-01"}') \g /dev/null
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.u');
\set state :SQLSTATE
\set ON_ERROR_STOP 1
select is(:'state'::text, '00000', 'UUIDs of version 7');
select is(mv.shape('u'), '5 partitions, 100 rows, 0 in the default', 'by the time in them');
create table mv.e (k bigint not null, n int, primary key (k, n)) partition by range (k);
create table mv.e_default partition of mv.e default;
insert into mv.e select 1735689600000 + i * 3600000::bigint, i from generate_series(0, 999) as i;
insert into mv.e values (9223372036854775807, 0), (-9223372036854775808, 0);
select deal_advisor.partition_enable('mv.e', 'k', '1 month', options => '{"kind": "epoch_ms", "start": "2026-06-01"}') \g /dev/null
\set ON_ERROR_STOP 0
call deal_advisor.partition_drain('mv.e');
\set state :SQLSTATE
\set ON_ERROR_STOP 1
select is(:'state'::text, '00000', 'milliseconds since 1970');
select is(mv.shape('e'), '3 partitions, 1002 rows, 2 in the default', 'the absurd stay');
select is((select count(*) from pg_class where relname like 'deal\_move%'), 0::bigint, 'nothing is left over');
select * from finish();
drop schema mv, mv_other cascade;
drop owned by mv_owner, mv_reader, mv_thief cascade;
drop role mv_owner, mv_reader, mv_thief;
