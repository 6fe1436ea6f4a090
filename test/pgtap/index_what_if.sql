-- index_what_if against indexes that really exist: the same plan, the same cost. The yardstick is the server's own
-- EXPLAIN after CREATE INDEX (or DROP INDEX), and ANALYZE where that adds statistics, in a subtransaction that is undone.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists what_if cascade;
create schema what_if;

-- Values by modular arithmetic: the same on every server.
create table what_if.customers (id int primary key, name text not null, region int not null, vip boolean not null);
insert into what_if.customers
select i, 'Customer ' || (i * 7919 % 5003), i * 31 % 50, i % 40 = 0 from generate_series(1, 5000::bigint) i;

create table what_if.orders (
  id int primary key,
  customer_id int not null,
  status text not null,
  placed_at timestamptz not null,
  shipped_at timestamptz,
  clerk text not null,
  total numeric(10, 2) not null
);
insert into what_if.orders
select i, 1 + i * 7919 % 5000, case when i % 50 = 0 then 'P' when i % 2 = 0 then 'F' else 'O' end,
  timestamptz '2024-01-01 00:00+00' + (i * 613 % 60000)::int * interval '10 min',
  case when i % 10 <> 0 then timestamptz '2024-01-02 00:00+00' + (i * 613 % 60000)::int * interval '10 min' end,
  'Clerk#' || (i * 104729 % 1009), i * 17 % 100000 / 100.0
from generate_series(1, 60000::bigint) i;

create table what_if.items (
  order_id int not null,
  product_id int not null,
  quantity int not null,
  note text
);
insert into what_if.items
select 1 + i * 7 % 60000, 1 + i * 7919 % 9973, i % 11, case when i % 3 = 0 then 'note ' || i end
from generate_series(1, 150000::bigint) i;

-- A leaf with dropped columns, one with another column order, an intermediate level.
create table what_if.events (id int not null, at date not null, kind text, tenant int not null, junk int, size int)
  partition by range (at);
alter table what_if.events drop column junk;
create table what_if.events_old (size int, gone1 text, tenant int not null, kind text, gone2 int, at date not null,
  id int not null);
alter table what_if.events_old drop column gone1, drop column gone2;
alter table what_if.events attach partition what_if.events_old for values from ('2023-01-01') to ('2024-01-01');
create table what_if.events_2024 partition of what_if.events for values from ('2024-01-01') to ('2025-01-01')
  partition by list (kind);
create table what_if.events_2024_a partition of what_if.events_2024 for values in ('a', 'b');
create table what_if.events_2024_rest partition of what_if.events_2024 default;
insert into what_if.events (id, at, kind, tenant, size)
select i, date '2023-01-01' + (i * 13 % 730)::int, chr((97 + i % 5)::int), i * 7919 % 2000, i % 1000 from generate_series(1, 80000::bigint) i;

create materialized view what_if.sold as
select product_id, count(*) as n, sum(quantity) as quantity from what_if.items group by product_id;

create function what_if.fold(value text) returns text language sql immutable parallel safe as 'select pg_catalog.lower(value)';

vacuum (analyze) what_if.items, what_if.sold;
set default_statistics_target = 600;  -- samples that are whole tables: their statistics are the same each time
vacuum (analyze) what_if.customers, what_if.orders, what_if.events;

-- EXPLAIN's text without figures.
create function pg_temp.shape(plan text) returns text language sql immutable as
$$select regexp_replace(plan, '\s+\(cost=[^)]*\)', '', 'g')$$;

create function pg_temp.explained(query text, out plan text, out cost float8) language plpgsql as $$
declare line text;
begin
  for line in execute 'explain ' || query loop
    plan := concat_ws(E'\n', plan, line);
  end loop;
  cost := substring(plan from 'cost=[0-9.]+\.\.([0-9.]+)')::float8;
end $$;

create function pg_temp.near(guess float8, truth float8, what text) returns text language sql as $$
select ok(abs(guess / truth - 1) <= 0.05, what || ': the cost of the built index')
  || case when abs(guess / truth - 1) <= 0.05 then '' else E'\n' || diag(format('hypothetical %s, built %s', guess, truth)) end
$$;

-- Three tests: the cost before is EXPLAIN's; the plan and the cost after are those of the real thing. `uses` are the
-- indexes expected in the plan; null when the point is only that both agree.
create function pg_temp.like_built(what text, query text, definitions text[], uses text[] default null,
  hide text[] default '{}') returns setof text language plpgsql as $$
declare
  guess record;
  before record;
  truth record;
  statement text;
begin
  select * into before from pg_temp.explained(query);
  select * into guess from deal_advisor.index_what_if(query, definitions, hide);
  begin
    foreach statement in array definitions loop
      execute statement;
    end loop;
    foreach statement in array hide loop
      if exists (select from pg_constraint where conindid = statement::regclass and contype in ('p', 'u')) then
        execute (select format('alter table %s drop constraint %I cascade', conrelid::regclass, conname)
                 from pg_constraint where conindid = statement::regclass and contype in ('p', 'u'));
      else
        execute 'drop index ' || statement;
      end if;
    end loop;
    for statement in
      select distinct indrelid::regclass from pg_index join pg_class on pg_class.oid = indexrelid
      where indexprs is not null and relkind = 'i' and relnamespace = 'what_if'::regnamespace loop
      execute 'analyze ' || statement;  -- gives expressions their statistics
    end loop;
    select * into truth from pg_temp.explained(query);
    raise exception using errcode = 'UNDO1';
  exception when sqlstate 'UNDO1' then null;
  end;
  return next ok(abs(guess.cost_before - before.cost) < 0.011, what || ': cost before is what EXPLAIN says');
  return next is(pg_temp.shape(guess.plan_after), pg_temp.shape(truth.plan), what || ': the plan of the built index');
  return next pg_temp.near(guess.cost_after, truth.cost, what);
  if uses is not null then
    return next is((select coalesce(array_agg(u order by u), '{}') from unnest(guess.used_indexes) u), uses, what || ': uses');
  end if;
end $$;

begin;
set local jit = off;
set local max_parallel_workers_per_gather = 0;
select plan(291);

-- Keys
select pg_temp.like_built('single column', 'select * from what_if.orders where customer_id = 17',
  array['create index ix on what_if.orders (customer_id)'], '{ix}');
select pg_temp.like_built('two columns', 'select * from what_if.orders where status = ''P'' and placed_at < ''2024-01-20''',
  array['create index ix on what_if.orders (status, placed_at)'], '{ix}');
select pg_temp.like_built('three columns', 'select quantity from what_if.items where product_id = 5 and quantity = 3 and order_id > 50000',
  array['create index ix on what_if.items (product_id, quantity, order_id)'], '{ix}');
select pg_temp.like_built('IN list', 'select * from what_if.orders where customer_id in (3, 99, 1234, 4999)',
  array['create index ix on what_if.orders (customer_id)'], '{ix}');
select pg_temp.like_built('OR of two columns', 'select * from what_if.orders where customer_id = 8 or clerk = ''Clerk#12''',
  array['create index ix1 on what_if.orders (customer_id)', 'create index ix2 on what_if.orders (clerk)'], '{ix1,ix2}');
select pg_temp.like_built('AND of two columns', 'select * from what_if.orders where clerk = ''Clerk#12'' and placed_at < ''2024-02-01''',
  array['create index ix1 on what_if.orders (clerk)', 'create index ix2 on what_if.orders (placed_at)']);
select pg_temp.like_built('nulls', 'select * from what_if.orders where shipped_at is null and customer_id < 100',
  array['create index ix on what_if.orders (shipped_at, customer_id)'], '{ix}');
select pg_temp.like_built('the better of two', 'select * from what_if.orders where customer_id = 17 and status = ''F''',
  array['create index worse on what_if.orders (status)', 'create index better on what_if.orders (customer_id)'], '{better}');
select pg_temp.like_built('useless index', 'select count(*) from what_if.orders where total >= 0',
  array['create index ix on what_if.orders (clerk)']);
select pg_temp.like_built('pattern opclass', 'select * from what_if.orders where clerk like ''Clerk#10%''',
  array['create index ix on what_if.orders (clerk text_pattern_ops)'], '{ix}');
select pg_temp.like_built('collation that does not fit', 'select * from what_if.orders where clerk = ''Clerk#10''',
  array['create index ix on what_if.orders (clerk collate "POSIX")']);
select pg_temp.like_built('fillfactor', 'select * from what_if.items where product_id between 10 and 40',
  array['create index ix on what_if.items (product_id) with (fillfactor = 40)'], '{ix}');

-- Order
select pg_temp.like_built('order by limit', 'select * from what_if.orders order by placed_at limit 10',
  array['create index ix on what_if.orders (placed_at)'], '{ix}');
select pg_temp.like_built('read backwards', 'select * from what_if.orders order by placed_at desc limit 10',
  array['create index ix on what_if.orders (placed_at)'], '{ix}');
select pg_temp.like_built('mixed directions', 'select * from what_if.orders order by placed_at desc, total limit 10',
  array['create index ix on what_if.orders (placed_at desc, total)'], '{ix}');
select pg_temp.like_built('nulls first', 'select * from what_if.orders order by shipped_at nulls first limit 10',
  array['create index ix on what_if.orders (shipped_at nulls first)'], '{ix}');
select pg_temp.like_built('nulls last when descending', 'select * from what_if.orders order by shipped_at desc nulls last limit 10',
  array['create index ix on what_if.orders (shipped_at desc nulls last)'], '{ix}');
select pg_temp.like_built('wrong nulls order', 'select * from what_if.orders order by shipped_at nulls first limit 10',
  array['create index ix on what_if.orders (shipped_at)']);
select pg_temp.like_built('equality, then order', 'select * from what_if.orders where customer_id = 3 order by placed_at desc limit 3',
  array['create index ix on what_if.orders (customer_id, placed_at)'], '{ix}');
select pg_temp.like_built('incremental sort', 'select * from what_if.orders order by placed_at, total limit 100',
  array['create index ix on what_if.orders (placed_at)'], '{ix}');
select pg_temp.like_built('group by', 'select product_id, count(*) from what_if.items where product_id < 50 group by product_id',
  array['create index ix on what_if.items (product_id)'], '{ix}');
select pg_temp.like_built('minimum and maximum', 'select min(placed_at), max(placed_at) from what_if.orders',
  array['create index ix on what_if.orders (placed_at)'], '{ix}');
select pg_temp.like_built('maximum behind an equality', 'select max(placed_at) from what_if.orders where customer_id = 4',
  array['create index ix on what_if.orders (customer_id, placed_at)'], '{ix}');

-- Index only
select pg_temp.like_built('index only', 'select placed_at from what_if.orders where placed_at < ''2024-02-01''',
  array['create index ix on what_if.orders (placed_at)'], '{ix}');
select pg_temp.like_built('index only by INCLUDE', 'select sum(quantity) from what_if.items where product_id < 200',
  array['create index ix on what_if.items (product_id) include (quantity)'], '{ix}');
select ok(bool_and(plan_after like '%Index Only Scan using ix%'), 'index-only scans are seen')
from (values ('create index ix on what_if.items (product_id) include (quantity)'),
             ('create index ix on what_if.items (product_id, quantity)')) d (definition),
  deal_advisor.index_what_if('select sum(quantity) from what_if.items where product_id < 200', array[definition]);
select ok(plan_after not like '%Index Only%', 'an index without the column is not read alone')
from deal_advisor.index_what_if('select sum(quantity) from what_if.items where product_id < 20',
  array['create index ix on what_if.items (product_id)']);

-- Joins
select pg_temp.like_built('inner side of a nested loop',
  'select o.*, i.* from what_if.orders o join what_if.items i on i.order_id = o.id where o.customer_id = 5',
  array['create index ix1 on what_if.orders (customer_id)', 'create index ix2 on what_if.items (order_id)'], '{ix1,ix2}');
select pg_temp.like_built('third table',
  'select c.name, i.* from what_if.customers c join what_if.orders o on o.customer_id = c.id
   join what_if.items i on i.order_id = o.id where c.name = ''Customer 77''',
  array['create index ix1 on what_if.customers (name)', 'create index ix2 on what_if.orders (customer_id)', 'create index ix3 on what_if.items (order_id)'],
  '{ix1,ix2,ix3}');
select pg_temp.like_built('left join', 'select * from what_if.customers c left join what_if.orders o on o.customer_id = c.id where c.id < 20',
  array['create index ix on what_if.orders (customer_id)'], '{ix}');
select pg_temp.like_built('self-join', 'select a.id, b.id from what_if.orders a join what_if.orders b
   on b.customer_id = a.customer_id and b.placed_at = a.shipped_at where a.clerk = ''Clerk#7''',
  array['create index ix1 on what_if.orders (clerk)', 'create index ix2 on what_if.orders (customer_id, placed_at)'], '{ix1,ix2}');
select pg_temp.like_built('both sides of a self-join',
  'select a.id, b.id from what_if.orders a, what_if.orders b where a.clerk = ''Clerk#7'' and b.clerk = ''Clerk#8'' and a.total = b.total',
  array['create index ix on what_if.orders (clerk)'], '{ix}');
set local enable_hashjoin = off;
set local enable_nestloop = off;
set local enable_sort = off;
set local enable_material = off;
select pg_temp.like_built('merge join that marks and restores',
  'select i.quantity, j.quantity from what_if.items i join what_if.items j on j.product_id = i.product_id',
  array['create index ix on what_if.items (product_id) include (quantity)'], '{ix}');
select ok(plan_after ~ 'Merge Join' and plan_after !~ 'Materialize', 'the inner index of a merge join can be marked')
from deal_advisor.index_what_if('select i.quantity, j.quantity from what_if.items i join what_if.items j on j.product_id = i.product_id',
  array['create index ix on what_if.items (product_id) include (quantity)']);
reset enable_hashjoin;
reset enable_nestloop;
reset enable_sort;
reset enable_material;

-- Expression and partial indexes wherever the table stands
select pg_temp.like_built('expression, alone', 'select * from what_if.orders where lower(clerk) = ''clerk#17''',
  array['create index ix on what_if.orders (lower(clerk))'], '{ix}');
select pg_temp.like_built('expression, second table',
  'select * from what_if.customers c, what_if.orders o where o.customer_id = c.id and lower(o.clerk) = ''clerk#17''',
  array['create index ix on what_if.orders (lower(clerk))'], '{ix}');
select pg_temp.like_built('partial, second table',
  'select * from what_if.customers c join what_if.orders o on o.customer_id = c.id where o.status = ''P'' and o.placed_at > ''2025-01-25''',
  array['create index ix on what_if.orders (placed_at) where status = ''P'''], '{ix}');
select pg_temp.like_built('partial, third table',
  'select * from what_if.customers c, what_if.items i, what_if.orders o
   where o.customer_id = c.id and i.order_id = o.id and o.status = ''P'' and o.clerk = ''Clerk#3''',
  array['create index ix1 on what_if.orders (clerk) where status = ''P''', 'create index ix2 on what_if.items (order_id)'], '{ix1,ix2}');
select pg_temp.like_built('partial, not implied', 'select * from what_if.orders where placed_at < ''2024-01-03'' and status = ''F''',
  array['create index ix on what_if.orders (placed_at) where status = ''P''']);
select pg_temp.like_built('in a subquery',
  'select * from what_if.customers where id in (select customer_id from what_if.orders where lower(clerk) = ''clerk#17'')',
  array['create index ix on what_if.orders (lower(clerk))'], '{ix}');
select pg_temp.like_built('in a CTE',
  'with late as materialized (select * from what_if.orders where status = ''P'' and lower(clerk) = ''clerk#18'')
   select * from what_if.customers c join late on late.customer_id = c.id',
  array['create index ix on what_if.orders (lower(clerk)) where status = ''P'''], '{ix}');
select pg_temp.like_built('in EXISTS', 'select * from what_if.customers c where c.region = 7 and exists
   (select from what_if.orders o where o.customer_id = c.id and o.status = ''P'')',
  array['create index ix on what_if.orders (customer_id) where status = ''P'''], '{ix}');
select pg_temp.like_built('in NOT EXISTS', 'select * from what_if.customers c where c.id < 50 and not exists
   (select from what_if.orders o where o.customer_id = c.id and lower(o.clerk) = ''clerk#3'')',
  array['create index ix on what_if.orders (customer_id, lower(clerk))'], '{ix}');
select pg_temp.like_built('lateral', 'select c.id, o.* from what_if.customers c cross join lateral
   (select * from what_if.orders o where o.customer_id = c.id order by o.placed_at desc limit 3) o where c.id < 30',
  array['create index ix on what_if.orders (customer_id, placed_at)'], '{ix}');
select pg_temp.like_built('in a scalar subquery', 'select c.*, (select max(placed_at) from what_if.orders o where o.customer_id = c.id)
   from what_if.customers c where c.id < 10',
  array['create index ix on what_if.orders (customer_id, placed_at)'], '{ix}');
select pg_temp.like_built('expression on both sides of a self-join',
  'select a.id, b.id from what_if.orders a join what_if.orders b on lower(b.clerk) = lower(a.clerk) where a.id = 40',
  array['create index ix on what_if.orders (lower(clerk))'], '{ix}');
select pg_temp.like_built('in UNION ALL',
  'select * from (select id, clerk from what_if.customers c cross join lateral (select ''-'' as clerk) x
    union all select id, lower(clerk) from what_if.orders) u where clerk = ''clerk#17''',
  array['create index ix on what_if.orders (lower(clerk))'], '{ix}');
select pg_temp.like_built('inlined function', 'select * from what_if.customers c join what_if.orders o on o.customer_id = c.id
   where what_if.fold(o.clerk) = ''clerk#17''',
  array['create index ix on what_if.orders (what_if.fold(clerk))'], '{ix}');

-- Partitions: every leaf's real index has a name of its own, so names are left out.
create function pg_temp.nameless(plan text) returns text language sql immutable as
$$select regexp_replace(pg_temp.shape(plan), '(Index Scan|Index Only Scan|Scan Backward) using \w+|(Bitmap Index Scan) on \w+', '\1\2', 'g')$$;

create function pg_temp.like_built_on_leaves(what text, query text, definition text, uses text[] default '{ix}') returns setof text language plpgsql as $$
declare
  guess record;
  truth record;
  statement text;
begin
  select * into guess from deal_advisor.index_what_if(query, array[definition]);
  begin
    execute definition;
    for statement in
      select distinct indrelid::regclass from pg_index join pg_class on pg_class.oid = indexrelid
      where indexprs is not null and relkind = 'i' and relnamespace = 'what_if'::regnamespace loop
      execute 'analyze ' || statement;  -- gives expressions their statistics
    end loop;
    select * into truth from pg_temp.explained(query);
    raise exception using errcode = 'UNDO1';
  exception when sqlstate 'UNDO1' then null;
  end;
  return next is(pg_temp.nameless(guess.plan_after), pg_temp.nameless(truth.plan), what || ': the plan of the built index');
  return next pg_temp.near(guess.cost_after, truth.cost, what);
  if uses is not null then
    return next is(guess.used_indexes, uses, what || ': uses');
  end if;
end $$;

select pg_temp.like_built_on_leaves('all partitions', 'select * from what_if.events where tenant = 77',
  'create index ix on what_if.events (tenant)');
select pg_temp.like_built_on_leaves('dropped and moved columns',
  'select kind, size from what_if.events where tenant = 77 and size > 10 and at < ''2023-06-01''',
  'create index ix on what_if.events (tenant, size) include (kind)');
select pg_temp.like_built_on_leaves('expression over moved columns',
  'select * from what_if.events where upper(kind) = ''C'' and tenant + size = 800',
  'create index ix on what_if.events ((tenant + size), upper(kind))');
select pg_temp.like_built_on_leaves('partial over moved columns',
  'select * from what_if.events where kind = ''b'' and tenant = 5',
  'create index ix on what_if.events (tenant) where kind = ''b''');
select pg_temp.like_built_on_leaves('merge append', 'select * from what_if.events order by size, tenant limit 20',
  'create index ix on what_if.events (size, tenant)');
select pg_temp.like_built_on_leaves('partitions inside a join',
  'select * from what_if.customers c join what_if.events e on e.tenant = c.id where c.name = ''Customer 77''',
  'create index ix on what_if.events (tenant)');
select pg_temp.like_built_on_leaves('unique, of all partitions',
  'select c.id from what_if.customers c left join what_if.events e on e.id = c.id and e.at = ''2023-05-05'' and e.kind = ''a''',
  'create unique index ix on what_if.events (id, at, kind)', null);
select pg_temp.like_built('one leaf alone', 'select * from what_if.events_old where tenant = 7 and size = 3',
  array['create index ix on what_if.events_old (tenant, size)'], '{ix}');
select pg_temp.like_built('a leaf through its parent', 'select * from what_if.events where tenant = 7 and at < ''2023-02-01''',
  array['create index ix on what_if.events_old (tenant)'], '{ix}');

create table what_if.many (a int, b int) partition by list (b);
do $$
begin
  for i in 1..300 loop
    execute format('create table what_if.many_%s partition of what_if.many for values in (%s)', i, i);
  end loop;
end $$;
set local enable_seqscan = off;
select is(w.used_indexes, '{ix1,ix2}', 'hundreds of scans of one index do not hide another')
from deal_advisor.index_what_if('select a from what_if.many where a = 1 union all select id from what_if.customers where name = ''Customer 7''',
  array['create index ix1 on what_if.many (a)', 'create index ix2 on what_if.customers (name)']) w;
reset enable_seqscan;

-- Materialised views, writes, uniqueness
select pg_temp.like_built('materialized view', 'select * from what_if.sold s join what_if.items i using (product_id) where s.n = 16',
  array['create index ix1 on what_if.sold (n)', 'create index ix2 on what_if.items (product_id)']);
select pg_temp.like_built('update', 'update what_if.orders set total = 0 where clerk = ''Clerk#7''',
  array['create index ix on what_if.orders (clerk)'], '{ix}');
select pg_temp.like_built('update from a join',
  'update what_if.items i set note = ''x'' from what_if.orders o where o.id = i.order_id and o.status = ''P'' and o.clerk = ''Clerk#7''',
  array['create index ix1 on what_if.orders (clerk) where status = ''P''', 'create index ix2 on what_if.items (order_id)'], '{ix1,ix2}');
select pg_temp.like_built('delete', 'delete from what_if.items i where product_id = 9 and exists
   (select from what_if.orders o where o.id = i.order_id and o.status = ''P'')',
  array['create index ix on what_if.items (product_id)'], '{ix}');
select pg_temp.like_built('delete from partitions', 'delete from what_if.events where tenant = 9 and at < ''2023-03-01''',
  array['create index ix on what_if.events_old (tenant)'], '{ix}');
select pg_temp.like_built('merge', 'merge into what_if.items t using (select * from what_if.orders where clerk = ''Clerk#7'') s
   on t.order_id = s.id when matched then update set note = s.clerk when not matched then do nothing',
  array['create index ix1 on what_if.orders (clerk)', 'create index ix2 on what_if.items (order_id)'], '{ix1,ix2}');
select pg_temp.like_built('insert from a query', 'insert into what_if.customers select 100000 + id, clerk, 1, false
   from what_if.orders where clerk = ''Clerk#7''', array['create index ix on what_if.orders (clerk)'], '{ix}');
select pg_temp.like_built('locking rows', 'select * from what_if.orders where status = ''P'' order by placed_at limit 5 for update skip locked',
  array['create index ix on what_if.orders (placed_at) where status = ''P'''], '{ix}');
select pg_temp.like_built('unique: join removed', 'select c.id from what_if.customers c left join what_if.sold s on s.product_id = c.id',
  array['create unique index ix on what_if.sold (product_id)']);
select ok(not w.plan_after ~ 'sold', 'a unique hypothetical index proves uniqueness')
from deal_advisor.index_what_if('select c.id from what_if.customers c left join what_if.sold s on s.product_id = c.id',
  array['create unique index ix on what_if.sold (product_id)']) w;
select ok(w.plan_after ~ 'sold', 'a plain hypothetical index does not')
from deal_advisor.index_what_if('select c.id from what_if.customers c left join what_if.sold s on s.product_id = c.id',
  array['create index ix on what_if.sold (product_id)']) w;
select pg_temp.like_built('unique: one row', 'select * from what_if.sold s join what_if.customers c on c.id = s.n where s.product_id = 3',
  array['create unique index ix on what_if.sold (product_id)'], '{ix}');
select pg_temp.like_built('distinct on a unique key', 'select distinct product_id, n from what_if.sold',
  array['create unique index ix on what_if.sold (product_id)']);
select pg_temp.like_built('unique on a partitioned table',
  'select c.id from what_if.customers c left join what_if.events_old e on e.id = c.id',
  array['create unique index ix on what_if.events_old (id)']);

-- Hiding
create index shown on what_if.orders (clerk);
create index wide on what_if.orders (clerk, total);
create index on what_if.events (tenant);
select pg_temp.like_built('hide one of two', 'select * from what_if.orders where clerk = ''Clerk#7''', '{}', '{}', '{what_if.shown}');
select pg_temp.like_built('hide both', 'select * from what_if.orders where clerk = ''Clerk#7''', '{}', '{}', '{what_if.shown,what_if.wide}');
select pg_temp.like_built('hide and replace', 'select * from what_if.orders where clerk = ''Clerk#7'' and total < 5',
  array['create index ix on what_if.orders (total, clerk)'], null, '{what_if.shown,what_if.wide}');
select pg_temp.like_built('hide a primary key', 'select * from what_if.orders where id = 7', '{}', '{}', '{what_if.orders_pkey}');
select pg_temp.like_built('hide a primary key that proves uniqueness',
  'select i.quantity from what_if.items i left join what_if.customers c on c.id = i.order_id', '{}', '{}', '{what_if.customers_pkey}');
select pg_temp.like_built('hide a partitioned index', 'select * from what_if.events where tenant = 3', '{}', '{}', '{what_if.events_tenant_idx}');
select pg_temp.like_built('hide nothing that matters', 'select * from what_if.orders where customer_id = 3', '{}', '{}', '{what_if.shown}');

-- Parameters: the generic plan, on every version
prepare generic (text, timestamptz) as select * from what_if.orders where clerk = $1 and placed_at > $2;
set local plan_cache_mode = force_generic_plan;
select ok(abs(w.cost_after - e.cost) < 0.011, 'parameters are planned as in a generic plan')
from deal_advisor.index_what_if('select * from what_if.orders where clerk = $1 and placed_at > $2') w,
  pg_temp.explained('execute generic (''Clerk#7'', ''2024-01-20'')') e;
drop index what_if.shown, what_if.wide;
select is(w.used_indexes, '{ix}', 'a parameter is searched by a hypothetical index')
from deal_advisor.index_what_if('select * from what_if.orders where clerk = $1', array['create index ix on what_if.orders (clerk)']) w;
select is(w.used_indexes, '{}', 'a parameter does not imply a predicate')
from deal_advisor.index_what_if('select * from what_if.orders where clerk = $1 and status = $2',
  array['create index ix on what_if.orders (clerk) where status = ''P''']) w;

-- A view, a security barrier
create view what_if.late as select o.*, c.name from what_if.orders o join what_if.customers c on c.id = o.customer_id where status = 'P';
create view what_if.walled with (security_barrier) as select * from what_if.orders where status = 'P';
select pg_temp.like_built('through a view', 'select * from what_if.late where lower(clerk) = ''clerk#17''',
  array['create index ix on what_if.orders (lower(clerk))'], '{ix}');
select pg_temp.like_built('through a security barrier', 'select * from what_if.walled where clerk = ''Clerk#4''',
  array['create index ix on what_if.orders (clerk) where status = ''P'''], '{ix}');

select * from finish();
rollback;
drop schema what_if cascade;
