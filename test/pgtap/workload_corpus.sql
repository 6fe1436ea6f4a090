-- Every statement of a corpus runs as written, is read back from pg_stat_statements in its normalised
-- text, and must then be planned. Needs pg_stat_statements preloaded; skipped elsewhere.
\set QUIET 1
\set ON_ERROR_STOP 1
\pset format unaligned
\pset tuples_only true
\pset pager off
begin;
set client_min_messages = warning;
create extension if not exists pgtap;
create extension if not exists deal_advisor;
create extension if not exists pg_stat_statements;

create schema corpus;
set local search_path = corpus, public, pg_catalog;

create type corpus.state as enum ('open', 'paid', 'shipped', 'closed');
create domain corpus.cents as bigint check (value >= 0);
create table corpus.customer (
  id bigint primary key, name text not null, email varchar(200), code char(4), born date, active boolean not null default true,
  tags text[] not null default '{}', profile jsonb not null default '{}', home point, address inet, key uuid, seen timestamptz);
create table corpus.orders (
  id bigint primary key, customer_id bigint not null references corpus.customer, state corpus.state not null default 'open',
  total numeric(12, 2) not null, fee real not null default 0, price corpus.cents not null default 0,
  created timestamptz not null, shipped timestamp, due date, opens time, lasts interval, document tsvector,
  during tstzrange, flags bit(4), small smallint, note bytea);
create unique index on corpus.orders (customer_id, coalesce(small, 0));
create unique index on corpus.customer (lower(name)) where active = true;
create view corpus.recent as select * from corpus.orders where created > now() - interval '30 days';
insert into corpus.customer (id, name, email, code, born, tags, profile, home, address, key, seen)
  select g, 'name ' || g, 'a' || g || '@example.org', 'c' || g % 100, date '1980-01-01' + g, array['x', 'y' || g % 7],
    jsonb_build_object('lang', 'en', 'age', g % 90), point(g, g), '10.0.0.1', gen_random_uuid(), now()
  from generate_series(1, 200) g;
insert into corpus.orders (id, customer_id, total, created, due, opens, lasts, document, during, flags, small, note)
  select g, g % 200 + 1, g, now() - g * interval '1 hour', current_date - g, '12:00', '1 day', to_tsvector('english', 'red car'),
    tstzrange(now(), now() + interval '1 day'), b'0101', g, '\x00' from generate_series(1, 500) g;
analyze corpus.customer, corpus.orders;

create table corpus.statement (number int generated always as identity, query text not null);
insert into corpus.statement (query) values
-- typed literals
($$select count(*) from orders where created > now() - interval '7 days'$$),
($$select count(due) from orders where created > now() - interval '7' day$$),
($$select max(due) from orders where created > now() - interval '1 02:03' day to minute$$),
($$select count(*) from orders where lasts > interval(3) '2 hours'$$),
($$select count(*) from orders where due >= date '2020-01-01' and due < date '2020-01-01' + interval '1 year'$$),
($$select count(*) from orders where created between timestamp '2020-01-01' and timestamp with time zone '2030-01-01 00:00+00'$$),
($$select count(*) from orders where created > timestamp(3) with time zone '2020-01-01' and shipped < timestamp without time zone '2020-01-01'$$),
($$select count(*) from orders where opens = time '12:00' or opens < time without time zone '13:00'$$),
($$select count(*) from orders where fee > double precision '1.5' or total = numeric '12.5'$$),
($$select count(*) from orders where total > numeric(10, 2) '3.25' and id = bigint '7'$$),
($$select count(*) from customer where email = character varying '4' or code = char(4) 'abcd' or name = text 'x'$$),
($$select count(*) from orders where state = corpus.state 'paid' and price = corpus.cents '5'$$),
($$select count(*) from customer where profile @> jsonb '{"lang": "en"}' and key <> uuid '00000000-0000-0000-0000-000000000000'$$),
($$select count(*) from customer where home <@ box '((0,0),(5,5))' and address << inet '10.0.0.0/8'$$),
($$select count(*) from orders where flags = b'0101' or flags = x'5'::bit(4)$$),
($$select timestamptz '2020-01-01'- interval '1 day', date '2020-01-01'+1, o.id from orders o limit 1$$),
($$select bool 'true'and o.id > 1, -interval '1 day'from orders o limit 1$$),
-- extract and friends
($$select extract(year from created), count(*) from orders group by extract(year from created)$$),
($$select extract('month' from created) as m, count(*) from orders where extract(dow from due) = 1 group by m order by extract('month' from created)$$),
($$select extract(epoch from created - shipped), extract(hour from opens), extract(day from lasts) from orders where extract(epoch from (select max(created) from orders)) > 0$$),
($$select date_part('year', due) from orders where date_trunc('day', created) = current_date$$),
($$select date_trunc('month', created), sum(total) from orders group by date_trunc('month', created) order by date_trunc('month', created) desc$$),
($$select date_trunc('month', created) as month, count(*) from orders group by 1 having count(*) > 3 order by date_trunc('month', created)$$),
($$select distinct date_trunc('week', created) from orders order by date_trunc('week', created)$$),
($$select distinct on (date_trunc('day', created)) id, date_trunc('day', created) from orders order by date_trunc('day', created), total desc$$),
($$select case when total > 100 then 'big' else 'small' end, count(*) from orders group by case when total > 100 then 'big' else 'small' end$$),
($$select coalesce(small, 0) + 1, count(*) from orders group by coalesce(small, 0) + 1 having coalesce(small, 0) + 1 > 5$$),
($$select grouping(date_trunc('day', created), state), date_trunc('day', created), state, count(*) from orders group by rollup (date_trunc('day', created), state)$$),
($$select state, total / 100, rank() over (order by sum(total) desc), sum(sum(total)) over (partition by total / 100 order by state) from orders group by grouping sets ((state, total / 100), (total / 100))$$),
($$select profile ->> 'lang', count(*) from customer group by profile ->> 'lang'$$),
($$select width_bucket(total, 0, 1000, 10) as bucket, count(*) from orders group by bucket$$),
($$select position('a' in name), trim('x' from name), trim(both from name), overlay(name placing 'zz' from 2 for 3), substring(name from 1 for 2), substring(name from 'n.*'), substring(name similar 'n#"%#"' escape '#') from customer limit 3$$),
($$select created at time zone 'Europe/Berlin', timezone('UTC', shipped) from orders where (created at time zone 'UTC')::date = current_date$$),
-- open operators
($$select due + 30, due - 7, due - 7 + 1 from orders where due + 14 > current_date - 3650$$),
($$select id from orders where created > now() - 3 * interval '1 day' and due > current_date - 3650$$),
($$select 1 + 2, 3 - 1, 2 * 3, 7 / 2, 7 % 3, 2 ^ 3, id from orders limit 2 + 3 offset 1 * 2$$),
($$select -1, +2, - (3 + 4), |/ 4, @ (-5), 5 & 3, 1 << 2, ~1, id from orders limit 1$$),
($$select id from orders where id = 1 + 2 or total = 1.5 * 2 or fee > 1e3 / 2 or small = 3 - 2$$),
($$select 'a' || 'b', 'a' || id, name || 1 || 'x' from customer limit 1$$),
($$select id, (100 - 5) / 2.0 * total from orders where total * (1 - 0.1) > 10 and (1 - 0.2) * total > 3$$),
($$select count(*) from orders where true$$),
($$select count(*) from orders where 1 = 1 and not false$$),
($$select count(*) from orders where created > '2020-01-01'::timestamptz + '1 day'::interval * 2 and ('2020-01-01'::date + 3) < due$$),
($$select make_interval(days => 3), make_date(2020, 1, 2), abs(-3), mod(7, 3), power(2, 3), greatest(1, 2), least(3, id), round(1.234, 2), round(total, 1), random() < 0.5 from orders limit 1$$),
-- conditional and polymorphic
($$select sum(case when state = 'paid' then 1 else 0 end), avg(case total when 5 then 1.5 when 6 then 2 end) from orders$$),
($$select sum(case when total > 10 then 1 else 0 end) / 2 from orders group by state having sum(case when total > 10 then 1 else 0 end) > 1$$),
($$select count(*) filter (where state = 'paid'), sum(coalesce(null, 0)), max(nullif(1, 2)), min(greatest(1, 2)) + 1 from orders$$),
($$select coalesce(1, 2), coalesce('a', 'b'), coalesce(small, 0), coalesce(email, 'none'), nullif(name, ''), nullif(1, 0) from customer left join orders o on o.customer_id = customer.id$$),
($$select jsonb_build_object('a', 1, 'b', name), json_build_array(1, 'x', null), to_jsonb(1), to_json('a'::text), row(1, 'x', id), (1, 'x') = (id, name) from customer limit 1$$),
($$select format('%s-%s', 1, name), concat('a', 1, name), concat_ws(',', 1, 'x'), num_nulls(1, null), array[1, 2], array['a', name], array[[1, 2], [3, 4]], array_append(tags, 'z'), array_length(array[1, 2], 1) from customer limit 1$$),
($$select string_agg(name, ', ' order by name), array_agg(1), array_agg(distinct name), jsonb_agg('x'::text), percentile_cont(0.5) within group (order by id), percentile_disc(array[0.1, 0.9]) within group (order by id), mode() within group (order by name) from customer$$),
($$select pg_typeof(1), 1 is null, 'a' is not null, 1 is distinct from 2, 'x' in ('x', 'y'), 1 in (1, 2, 3), 1 between 0 and 2, id from orders limit 1$$),
-- lists, arrays, rows
($$select id from orders where id in (1, 2, 3) and state in ('paid', 'open') and customer_id not in (5, 6)$$),
($$select id from orders where id = any (array[1, 2, 3]) and created = any (array['2020-01-01'::timestamptz, now()]) and state <> all (array['open', 'paid']::state[])$$),
($$select id from orders where id = any ('{1,2}') and id = any ('{1,2}'::bigint[]) and 1 = any (array[small, 2])$$),
($$select name from customer where tags && array['x', 'z'] and tags @> '{x}' and 'x' = any (tags) and tags[1] = 'x' and tags[1:2] = '{x}' and array_position(tags, 'x') = 1$$),
($$select id from orders where (customer_id, state) in ((1, 'open'), (2, 'paid')) and row(id, total) > row(0, 0.5)$$),
($$select o.id from orders o join (values (1, 'open'), (2, 'paid')) v (customer, what) on v.customer = o.customer_id and o.state::text = v.what$$),
($$select o.id from orders o join unnest(array[1, 2, 3]) with ordinality u (id, n) on u.id = o.id where u.n > 1$$),
($$select g, count(o.id) from generate_series(1, 10) g left join orders o on o.id = g group by g$$),
($$select g from generate_series(date '2020-01-01', date '2020-02-01', interval '1 day') g left join orders o on o.due = g::date$$),
($$select g from generate_series('2020-01-01'::timestamptz, now(), '1 year') g where exists (select 1 from orders where created > g)$$),
($$select g from generate_series(0, 100, 25) with ordinality g (g, n) left join orders o on width_bucket(o.total, 0, 100, 4) = g.n$$),
-- patterns, json, text search, ranges, geometry
($$select id from customer where name like 'n%' escape '#' or name ilike '%x%' or name not like 'z%' or name ~ '^n' or name similar to '(n|m)%' or email ^@ 'a1'$$),
($$select profile -> 'a' -> 'b', profile ->> 'lang', profile #> '{a,b}', profile['lang'], (profile ->> 'age')::int + 1 from customer where profile ? 'lang' and profile ?| array['a', 'lang'] and (profile ->> 'age')::int > 30 and profile @? '$.age' and jsonb_path_exists(profile, '$.age ? (@ > 3)')$$),
($$select jsonb_set(profile, '{a}', '1'), profile || '{"z": 1}', profile - 'lang' from customer where profile = '{}'$$),
($$select id, ts_rank(document, to_tsquery('english', 'red & car')) from orders where document @@ to_tsquery('english', 'red') and document @@ plainto_tsquery('car') and to_tsvector('english', note::text) @@ to_tsquery('x:*')$$),
($$select id from orders where during && tstzrange('2020-01-01', '2030-01-01', '[)') and during @> now() and during @> '2020-01-01'::timestamptz and lower(during) > 'epoch'$$),
($$select id from customer order by home <-> point '(1,2)', home <-> '(1,2)' limit 5$$),
($$select id from customer where home <-> point(1, 2) < 10 and address <<= '10.0.0.0/8' and key = '00000000-0000-0000-0000-000000000000'$$),
-- limits, windows, samples
($$select id from orders order by created desc limit 10 offset 20$$),
($$select id, due from orders order by created desc offset 5 rows fetch first 10 rows only$$),
($$select id from orders order by due fetch first 3 rows with ties$$),
($$select id, sum(total) over (order by created rows between 3 preceding and 1 following), lag(total, 1, 0) over (order by id), ntile(4) over (order by id), nth_value(total, 2) over w, first_value(id) over (partition by date_trunc('day', created) order by id) from orders window w as (order by id)$$),
($$select id, sum(total) over (order by created range between interval '1 day' preceding and current row), sum(total) over (order by id range between 5 preceding and 5 following), count(*) over (order by due groups 2 preceding) from orders$$),
($$select count(*) from orders tablesample bernoulli (10) repeatable (3) where id > 5$$),
($$select id from orders where id > 10 for update skip locked limit 1$$),
-- with, set operations, subqueries
($$with recursive n as (select 1 as i union all select i + 1 from n where i < 5) select o.id from n join orders o on o.id = n.i$$),
($$with recursive t (id, depth, path) as (select id, 0, array[id] from orders where id = 1 union all select o.id, t.depth + 1, t.path || o.id from orders o join t on o.id = t.id + 1 where t.depth < 3) select * from t where depth > 1$$),
($$select 'order' as kind, id, total from orders where id = 1 union all select 'customer', id, 0 from customer where id = 2 order by 3 desc limit 5$$),
($$select 0 as rank, id from customer where id = 1 union select small, id from orders where id = 2$$),
($$select * from (select 1 as one, 'x' as x, id from orders) s where s.one = 1 and s.x = 'x' and s.id > 3$$),
($$select s.n + 1 from (select 0 as n, id from orders limit 1) s join orders o on o.id = s.n$$),
($$select c.id from customer c where exists (select 1 from orders o where o.customer_id = c.id and o.total > 5) and (select count(*) from orders o where o.customer_id = c.id) > 1 and c.id in (select customer_id from orders where created > now() - interval '1 year')$$),
($$select c.id, l.id from customer c cross join lateral (select id from orders o where o.customer_id = c.id and o.created > now() - interval '1 week' order by created desc limit 1) l$$),
($$select * from recent where total > 10 and due + 3 > current_date - 1000 limit 5$$),
($$(select id from orders order by id limit 1) union all (select id from orders order by id desc limit 1)$$),
-- changes
($$insert into orders (id, customer_id, total, created, state, due) values (1001, 1, 5.5, now(), 'open', current_date + 3), (1002, 2, 6, now() - interval '1 day', 'paid', date '2020-01-01')$$),
($$insert into orders (id, customer_id, total, created) select 2000 + g, 3, 10.5, now() - g * interval '1 min' from generate_series(1, 3) g on conflict do nothing$$),
($$insert into orders as o (id, customer_id, total, created, small) values (3000, 77, 1, now(), 12000) on conflict (customer_id, (coalesce(small, 0))) do update set total = o.total + 1 where o.total > 0 returning id + 1$$),
($$insert into customer (id, name) values (3001, 'Name X') on conflict (lower(name)) where active = true do nothing$$),
($$insert into customer (id, name) select 3002, 'union' union all select 3003, 'other'$$),
($$update orders set total = total * 1.1 + 1, state = 'paid', due = due + 1, note = null where id = 5 and created < now() - interval '1 minute'$$),
($$update orders o set total = v.total, state = v.state::state from (values (1, 2.5, 'paid'), (2, 3.5, 'open')) as v (id, total, state) where o.id = v.id$$),
($$update orders set (total, fee) = (select 1.5, 2), state = case when total > 3 then 'paid'::state else 'open' end where id in (1, 2)$$),
($$delete from orders using customer c where c.id = customer_id and c.email = 'nobody' and orders.created < now() - interval '90 days' returning orders.id$$),
($$merge into orders o using (select 7 as id, 3.5 as total) s on o.id = s.id when matched then update set total = s.total when not matched then insert (id, customer_id, total, created) values (s.id, 1, s.total, now())$$),
($$with gone as (delete from orders where id = 499 returning *), fresh as (select 1 as n) select count(*) + 5 from gone, fresh$$),
($$select 'x'as a,'y'as b, id from customer where id =1 and name='x'and id>0$$);

create table corpus.outcome (number int, query text, error text);
select set_config('pg_stat_statements.track', 'all', true) is not null as tracked \gset
do $run$
declare
  s record;
begin
  if current_setting('pg_stat_statements.max', true) is null then
    return;
  end if;
  for s in select * from corpus.statement order by number loop
    begin
      execute s.query || ' /* corpus ' || s.number || ' */';
    exception when others then
      insert into corpus.outcome values (s.number, s.query, sqlerrm);
    end;
  end loop;
end $run$;
select set_config('pg_stat_statements.track', 'top', true) is not null as tracked \gset

select case when current_setting('pg_stat_statements.max', true) is null then 'true' else 'false' end as missing \gset
\if :missing
select plan(1);
select skip('pg_stat_statements is not preloaded', 1);
\else
select plan(4);
select is_empty('select * from corpus.outcome', 'every statement of the corpus runs as written');
create table corpus.status as
  select distinct on (number) s.*
  from (select substring(w.query from '/\* corpus (\d+) \*/')::int as number, w.* from deal_advisor.workload_status() w) s
  where number is not null order by number, calls desc;
select set_eq('select number from corpus.status', 'select number from corpus.statement',
  'every statement comes back from pg_stat_statements');
select is_empty($$select number, reason, query from corpus.status where status <> 'planned'$$,
  'every statement is planned from its normalised text');
select cmp_ok((select count(*) from corpus.statement), '>=', 60::bigint, 'the corpus is large enough to mean something');
\endif
select * from finish();
rollback;
