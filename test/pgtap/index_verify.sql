-- index_verify sets what was foreseen beside what was built: sizes, costs, the plans' indexes, times.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists proof cascade;
create schema proof;
create table proof.orders (
  id int primary key,
  gone int,
  customer_id int not null,
  email text not null,
  status text not null,
  at timestamptz not null,
  tags text[] not null
);
alter table proof.orders drop column gone;
insert into proof.orders
select i, i * 7919 % 5000, 'User' || i || '@example.org', case when i % 50 = 0 then 'P' else 'F' end,
  timestamptz '2024-01-01 00:00+00' + i::int * interval '1 min', array['t' || i % 700, 'u' || i % 900]
from generate_series(1, 60000::bigint) i;
create index by_status on proof.orders (status);
create index by_month on proof.orders (extract(month from at at time zone 'UTC'));
create table proof.parted (id int not null, a int not null) partition by range (id);
create table proof.parted_1 partition of proof.parted for values from (0) to (15000);
create table proof.parted_2 (a int not null, id int not null);
alter table proof.parted attach partition proof.parted_2 for values from (15000) to (40000);
insert into proof.parted select i, i % 1000 from generate_series(1, 30000) i;
create materialized view proof.totals as select customer_id, count(*) as orders from proof.orders group by 1;
-- Two versions of a row in one heap-only chain, with different keys: an index built now is for later transactions only.
create table proof.hot (id int, a int, pad text) with (fillfactor = 50, autovacuum_enabled = off);
insert into proof.hot select i, i, repeat('x', 50) from generate_series(1, 20000) i;
vacuum (analyze) proof.orders, proof.parted, proof.totals, proof.hot;
begin;
update proof.hot set a = a + 1 where id % 100 = 0;
set local jit = off;
select plan(43);

create function pg_temp.statement(query text, calls float8 default 1) returns deal_advisor.statement
language sql as $$ select row(query, calls, 1, null, null, null, null)::deal_advisor.statement $$;

create temp table definitions (n serial, ddl text);
insert into definitions (ddl) values
  ('create index concurrently by_customer on proof.orders (customer_id)'),
  ('create index on proof.orders (lower(email))'),
  ('create index by_time on proof.orders (at desc) include (id) where status = ''P'''),
  ('create unique index on proof.orders (email, id)'),
  ('create index on proof.orders using gin (tags)'),
  ('create index on proof.orders using brin (at)'),
  ('create index on proof.orders using hash (email)'),
  ('create index on proof.parted (a)'),
  ('create index on proof.totals (orders)');
create temp table workload as select array[
  pg_temp.statement('select * from proof.orders where customer_id = 7', 10),
  pg_temp.statement('select * from proof.orders o where lower(email) = ''user77@example.org''', 5),
  pg_temp.statement('select id from proof.orders where status = ''P'' and at > ''2024-02-01'' order by at desc limit 5', 5),
  pg_temp.statement('select count(*) from proof.parted where a = $1', 2),
  pg_temp.statement('select * from proof.orders where tags && ''{t5}''', 3),
  pg_temp.statement('select p.id from proof.parted p join proof.orders o on o.customer_id = p.a where p.id = 77', 3),
  pg_temp.statement('select customer_id from proof.totals where orders > 1000', 3),
  pg_temp.statement('update proof.orders set status = ''X'' where customer_id = 3', 2),
  pg_temp.statement('select o.nothing from proof.orders o')] as w;

-- Built
create temp table built as
select v.* from workload, deal_advisor.index_verify((select array_agg(ddl order by n) from definitions), w, '{"build": true}') v;
select is(array_agg(item order by n), '{proof.by_customer,proof.orders_lower_idx,proof.by_time,proof.orders_email_id_idx,proof.orders_tags_idx,proof.orders_at_idx,proof.orders_email_idx,proof.parted_a_idx,proof.totals_orders_idx}',
  'one row per index, in the order given, with the names that the server chose')
from built b join definitions d on d.ddl = b.sql where what = 'index';
select ok(factor between 0.8 and 1.25, 'size of ' || item || ': ' || factor) from built where what = 'index';
select is(count(*), 0::bigint, 'real sizes are whole pages') from built where what = 'index' and actual::bigint % 8192 <> 0;
select is(count(*), 8::bigint, 'every statement that can be planned has three costs')
from built where what = 'statement' and before > 0 and estimated > 0 and actual > 0;
select ok(factor between 0.95 and 1.05, 'cost of ' || item || ': ' || factor) from built where what = 'statement' and sql !~ 'nothing';
select is(used_indexes, '{proof.by_customer}', 'the plan uses the new index') from built where sql ~ 'where customer_id = 7';
select is(used_indexes, '{proof.orders_lower_idx}', 'one on an expression') from built where sql ~ 'where lower';
select is(used_indexes, '{proof.by_time}', 'a partial one') from built where sql ~ 'limit 5';
select is(used_indexes, '{proof.parted_a_idx}', 'one of a partitioned table') from built where sql ~ 'count';
select is(used_indexes, null, 'a write is planned without a better way to its rows') from built where sql ~ 'generate';
select ok(note ~ 'does not exist' and estimated is null, 'a statement that cannot be planned says why') from built where sql ~ 'nothing';
select ok(abs(sum(s.before * calls) / max(t.before) - 1) < 0.001 and abs(sum(s.estimated * calls) / max(t.estimated) - 1) < 0.001
  and abs(sum(s.actual * calls) / max(t.actual) - 1) < 0.001, 'the workload is the sum, weighted by calls')
from built s, workload, unnest(w) u, built t where s.what = 'statement' and s.sql = u.query and t.what = 'workload';
select is(item, '8 of 9 statements, by calls', 'what the sum stands for') from built where what = 'workload';

-- A dropped index is hidden, and what it frees is said
select is(array_agg(array[what, item, (coalesce(actual, 0) > 0)::text]), '{{drop,proof.by_status,true},{drop,proof.by_month,true}}', 'two dropped by one statement')
from deal_advisor.index_verify(array['drop index concurrently proof.by_status, proof.by_month'], '{}');
select ok(v.actual > 2 * v.before and v.estimated = v.actual, 'the plan without it')
from deal_advisor.index_verify('{drop index proof.by_status}', array[pg_temp.statement('select id, at from proof.orders where status = ''P''')]) v where what = 'statement';
select is_empty($$select * from deal_advisor.index_verify('{drop index if exists proof.no_such_index}', '{}')$$, 'IF EXISTS');

-- On a sample
create temp table sampled as
select v.* from workload, deal_advisor.index_verify((select array_agg(ddl order by n) from definitions), w, '{"sample_percent": 30}') v;
select is(count(*), 9::bigint, 'sizes on a sample') from sampled where what = 'index' and note ~ 'on a sample of \d+ rows' and factor between 0.6 and 1.6;
select ok(max(abs(factor - 1)) < 0.1, 'costs on a sample') from sampled where what = 'statement';
select is(used_indexes, '{orders_lower_idx}', 'a sample''s plans use its indexes') from sampled where sql ~ 'where lower';
select ok(s.before < b.before / 2, 'a sample costs less') from sampled s join built b using (what, sql) where what = 'statement' and sql ~ 'customer_id = 7';
select is(note, 'costs are those of the sample', 'and it is said') from sampled where what = 'workload';
select ok(v.actual > v.before, 'an index dropped on a sample')
from deal_advisor.index_verify('{drop index proof.by_status,create index on proof.orders (customer_id)}',
  array[pg_temp.statement('select id, at from proof.orders where status = ''P''')], '{"sample_percent": 50}') v where what = 'statement';
create temp table orders (a int);
select is(count(*), 1::bigint, 'a temporary table of the same name is not in the way')
from deal_advisor.index_verify('{create index on proof.orders (customer_id)}', '{}', '{"sample_percent": 10}');
drop table orders;
select is(array_agg(what || coalesce(' ' || note, '') order by what), '{index}', 'with both, small tables are built on')
from deal_advisor.index_verify('{create index on proof.totals (orders)}', '{}', '{"build": true, "sample_percent": 10}');
select ok(note ~ 'sample', 'and large ones copied')
from deal_advisor.index_verify('{create index on proof.orders (customer_id)}', '{}', '{"build": true, "sample_percent": 10, "max_table_bytes": "1MB"}');

-- What index_advice says of a partitioned table, word for word
select is(array_agg(distinct what || ' ' || coalesce(v.used_indexes::text, '')), '{"index ","statement {proof.parted_1_a_idx,proof.parted_2_a_idx}","workload "}', 'ON ONLY, each partition, ATTACH')
from (select array_agg(d order by n) as ddl from deal_advisor.index_advice('select count(*) from proof.parted where a = 5') a, unnest(a.ddl) with ordinality u (d, n)) advice,
  deal_advisor.index_verify(advice.ddl, array[pg_temp.statement('select count(*) from proof.parted where a = 5')], '{"build": true}') v;

-- Time
create temp table timed as
select v.* from deal_advisor.index_verify('{create index on proof.orders (customer_id)}', array[
  pg_temp.statement('select * from proof.orders where customer_id = 7'),
  pg_temp.statement('select * from proof.orders where customer_id = $1'),
  pg_temp.statement('select * from proof.orders where id = 7'),
  pg_temp.statement('select *, random() from proof.orders where customer_id = 8'),
  pg_temp.statement('select * from proof.orders where customer_id = 9 for share'),
  pg_temp.statement('with d as (delete from proof.orders where customer_id = 10 returning id) select * from d'),
  pg_temp.statement('delete from proof.orders where customer_id = 11')], '{"build": true, "run": true, "runs": 2}') v;
select ok(ms_before > 0 and ms_after > 0 and note is null, 'median times before and after') from timed where sql ~ 'customer_id = 7$';
select is(array_agg(note order by sql collate "C"), '{"not timed: it writes","not timed: it has parameters; write values in their place","not timed: it locks rows","not timed: the plan stays","not timed: it calls volatile functions","not timed: it writes"}', 'what is not timed, and why')
from timed where what = 'statement' and ms_before is null and ms_after is null;
select ok(ms_before is null and ms_after is null and note ~ 'not done within run_seconds', 'time runs out')
from deal_advisor.index_verify('{create index on proof.orders (customer_id)}',
  array[pg_temp.statement('select count(*) from proof.orders a, proof.orders b, proof.orders c where a.customer_id = 7 and b.id > c.id and c.at > b.at')],
  '{"build": true, "run": true, "run_seconds": 0.05}') where what = 'statement';
select * from finish();
rollback;

drop schema proof cascade;
