-- Which watches fire: the extension, which looks at the index on the product first, says the same as SQL.
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp') \g /dev/null
select plan(34);
set local timezone = 'America/New_York';
select setseed(0.3141592);
create role mp_match_app;
insert into mp.tenants (id, name, slug) values (901, 'One', 'one'), (902, 'Two', 'two');
insert into mp.database_roles (role_name, kind) values ('mp_match_app', 'application');
insert into mp.users (tenant_id, id, email, display_name, status) select t, i, 'u' || i || '@example.com', 'User ' || i, 'active' from (values (901), (902)) t (t), generate_series(1, 6) i;
insert into mp.retailers (id, name, slug) select i, 'Shop ' || i, 'shop-' || i from generate_series(1, 4) i;
insert into mp.products (tenant_id, id, name) select 901, i, 'Thing ' || i from generate_series(1, 30) i;
insert into mp.products (tenant_id, id, name) values (902, 99, 'Foreign thing');
insert into mp.listings (tenant_id, id, product_id, retailer_id, condition, currency) select 901, i, 1 + i % 30, 1 + i / 30, case when i % 5 = 0 then 'used' else 'new' end::mp.listing_condition, case when i % 17 = 0 then 'USD' else 'EUR' end from generate_series(1, 119) i;
insert into mp.listings (tenant_id, id, product_id, retailer_id) values (902, 999, 99, 1);
select mp.ensure_partitions('mp.price_history', 3, 1) \g /dev/null
grant usage on schema mp to mp_match_app;
grant select, insert, update, delete on all tables in schema mp to mp_match_app;
insert into mp.watches (tenant_id, user_id, product_id, kind, target_minor, percent, reference_minor, days, min_change_minor, hysteresis_percent, rearm_after, max_per_day, retailers, conditions, due_at)
  select 901, u, p, k, case when k in ('target', 'back_in_stock') and not (k = 'back_in_stock' and u = 1) then 95 + u * 5 end,
      case when k in ('pct_vs_prev', 'pct_vs_ref') then 1.25 * u when k = 'rise' and u > 2 then 2.5 * u end, case when k = 'pct_vs_ref' then 110 end,
      case when k = 'lowest_in_n_days' then (array[7, 30, 90, 365])[u] when k = 'no_change_for' then 5 end, case when random() < 0.3 then 1 + floor(random() * 6) else 0 end, (random() * 4)::numeric(5, 2),
      case when random() < 0.4 then make_interval(hours => floor(random() * 90)::int) end, case when random() < 0.5 then 1 + floor(random() * 3) end,
      case when random() < 0.2 then array[1, 3] end, case when random() < 0.2 then '{used}'::mp.listing_condition[] end, case when k = 'no_change_for' then now() end
    from generate_series(1, 4) u, generate_series(1, 12) p, unnest(enum_range(null::mp.watch_kind)) k;
update mp.watches set paused_until = now() + interval '1 day' where id % 41 = 0;
update mp.watches set expires_at = now() - interval '1 day' where id % 43 = 0;
update mp.watches set deleted_at = now() where id % 37 = 0;
set local marketplace.tenant_id = '901';
create type pg_temp.way as enum ('direct', 'by_sql');
-- The alerts that one way makes of all changes, and what it leaves in the watches; nothing stays of it.
create function pg_temp.outcome(way pg_temp.way, moment timestamptz) returns text[] language plpgsql as $$
declare
  result text;
begin
  execute format('set local deal_advisor.match_rows = %s', case way when 'direct' then 1 else 2147483647 end);
  begin
    declare
      taken constant tid[] := array(select c.ctid from mp.price_changes c);
      done boolean;
      made bigint[];
    begin
      if way = 'direct' then
        select d.done, d.made into done, made from mp.match_directly(taken, moment) d;
      end if;
      if done is not true then
        made := mp.match_by_sql(taken, moment);
      end if;
      raise exception using errcode = 'MT001', message = array(
        select 'alert ' || (to_jsonb(a) - 'id' - 'created_at')::text from mp.alerts a where a.id = any (made)
        union all select 'watch ' || to_jsonb(w)::text from mp.watches w where w.last_notified_at = moment
        order by 1)::text;
    end;
  exception when sqlstate 'MT001' then
    result := sqlerrm;
  end;
  return result::text[];
end $$;
create function pg_temp.made(way pg_temp.way) returns bigint language sql as $$ select count(*) from unnest(pg_temp.outcome(way, now())) o where o like 'alert %' $$;
create function pg_temp.differences(moment timestamptz) returns bigint language plpgsql as $$
declare
  direct constant text[] := pg_temp.outcome('direct', moment);
  by_sql constant text[] := pg_temp.outcome('by_sql', moment);
begin
  return (select count(*) from ((select unnest(direct) except all select unnest(by_sql)) union all (select unnest(by_sql) except all select unnest(direct))) d);
end $$;

select is(deal_advisor.marketplace_match_obstacle('mp', 901), null, 'nothing stands in the way in a new marketplace');
-- Random prices, several of a listing, nulls, prices that come back; what was told grows old at random.
create temp table round_result (round int, differences bigint, later bigint, firing bigint);
do $$
begin
  for round in 1 .. 16 loop
    for again in 1 .. 2 loop
      perform mp.record_prices(array_agg(o.listing), array_agg(o.at), array_agg(o.price))
        from (select distinct on (listing) (floor(random() * 4) * 30 + 1 + floor(random() * 11))::bigint as listing, date_trunc('hour', now()) - make_interval(hours => (17 - round) * 100 - again * 20) as at,
              case when random() < 0.9 then 85 + floor(random() * 40)::bigint end as price from generate_series(1, 60)) o;
    end loop;
    insert into round_result select round, pg_temp.differences(now()), pg_temp.differences(now() + make_interval(hours => round)), pg_temp.made('direct');
    perform mp.match_alerts();
    update mp.watches set last_notified_at = last_notified_at - make_interval(hours => floor(random() * 60)::int), day_of_count = day_of_count - (random() < 0.5)::int where last_notified_at is not null;
  end loop;
end $$;
select is((select sum(differences)::int from round_result), 0, '16 random batches: both ways say the same');
select is((select sum(later)::int from round_result), 0, 'at a later moment, too');
select cmp_ok((select min(firing) from round_result where round > 1), '>', 20::bigint, 'and each has something to say');
select is((select count(distinct kind)::int from mp.alerts), 8, 'every kind of watch but silence has fired');
select is((select count(*)::int from mp.alerts a join mp.watches w on w.tenant_id = a.tenant_id and w.id = a.watch_id where w.deleted_at is not null), 0, 'none that was given up');

-- What the caller may see
select mp.record_prices(array_agg(i::bigint), array_agg(date_trunc('hour', now()) - interval '1 hour'), array_agg(60::bigint + i % 7)) from generate_series(1, 100) i \g /dev/null
set local role mp_match_app;
select is(deal_advisor.marketplace_match_obstacle('mp', 901), null, 'nor does our row security');
select is(pg_temp.differences(now()), 0::bigint, 'under row security both ways say the same');
select cmp_ok(pg_temp.made('direct'), '>', 20::bigint, 'and something');
set local marketplace.user_id = '3';
select is(deal_advisor.marketplace_match_obstacle('mp', 901), 'rows that the caller doesn''t see', 'a user sees only their own');
set local marketplace.user_id = '';
select is(deal_advisor.marketplace_match_obstacle('mp', 902), 'rows that the caller doesn''t see', 'a tenant only its own');
reset role;
set local marketplace.tenant_id = '902';
select is(pg_temp.made('direct')::int, 0, 'changes of another tenant are none');
set local marketplace.tenant_id = '901';
revoke select on mp.watches from mp_match_app;
grant select (id) on mp.watches to mp_match_app;
set local role mp_match_app;
select is(deal_advisor.marketplace_match_obstacle('mp', 901), 'no right to SELECT on watches', 'a right on columns is too little');
reset role;
grant select on mp.watches to mp_match_app;
revoke update on mp.watches from mp_match_app;
set local role mp_match_app;
select is(deal_advisor.marketplace_match_obstacle('mp', 901), 'no right to UPDATE on watches', 'and it writes into them');
reset role;
grant update on mp.watches to mp_match_app;
grant select on mp.watches to mp_match_app;

-- What stands in the way
savepoint before;
create policy shy on mp.watches as restrictive using (id > 0);
set local role mp_match_app;
select is(deal_advisor.marketplace_match_obstacle('mp', 901), 'row security of watches', 'a policy of the user''s');
rollback to before;
create table mp.child () inherits (mp.price_changes);
select is(deal_advisor.marketplace_match_obstacle('mp', 901), 'inheritance of price_changes', 'a table below');
rollback to before;
create trigger theirs after update on mp.watches for each row execute function mp.touch();
select is(deal_advisor.marketplace_match_obstacle('mp', 901), 'trigger theirs on watches', 'a trigger of the user''s that alerts fire');
rollback to before;
create trigger theirs after update of target_minor on mp.watches for each row execute function mp.touch();
select is(deal_advisor.marketplace_match_obstacle('mp', 901), null, 'not one that they don''t');
rollback to before;
create rule theirs as on update to mp.watches do also notify told;
select is(deal_advisor.marketplace_match_obstacle('mp', 901), 'rule theirs on watches', 'a rule');
rollback to before;
alter table mp.watches add constraint few check (day_count < 1000000);
select is(deal_advisor.marketplace_match_obstacle('mp', 901), 'constraint few of watches', 'a CHECK on what alerts write');
rollback to before;
alter table mp.watches add constraint kept foreign key (tenant_id, last_notified_listing_id) references mp.listings not valid;
select is(deal_advisor.marketplace_match_obstacle('mp', 901), 'constraint kept of watches', 'a foreign key on it');
rollback to before;
alter table mp.watches add column told boolean generated always as (last_notified_at is not null) stored;
select is(deal_advisor.marketplace_match_obstacle('mp', 901), 'column told of watches', 'a generated column');
rollback to before;
create index theirs on mp.watches (last_notified_at);
select is(pg_temp.differences(now()), 0::bigint, 'an index on what alerts write is kept up');
select mp.match_alerts() \g /dev/null
set local enable_seqscan = off;
select cmp_ok((select count(*)::int from mp.watches where last_notified_at > now()), '>', 20, 'as a search by it shows');
reset enable_seqscan;
rollback to before;
drop index mp.watches_product;
select matches(deal_advisor.marketplace_match_obstacle('mp', 901), 'columns, indexes or partitions', 'an index that is gone');
select is((select count(*)::int from deal_advisor.marketplace_match_watches('mp', 901, '{}', now()) f (watch_id bigint, user_id bigint) where watch_id is null), 1, 'then it says that it did nothing');
select cmp_ok(pg_temp.made('direct'), '>', 20::bigint, 'and SQL does it');
rollback to before;
create table mp.rest_of_history partition of mp.price_history default;
insert into mp.price_history (tenant_id, listing_id, observed_at, price_minor) values (901, 1, now() - interval '20 years', 7);
select matches(deal_advisor.marketplace_match_obstacle('mp', 901), 'columns, indexes or partitions', 'prices that are in no month''s partition');
rollback to before;
select is(deal_advisor.marketplace_match_obstacle('nowhere', 901), 'there is no such marketplace', 'a marketplace that isn''t');
select throws_ok($$select * from deal_advisor.marketplace_match_watches('mp', 901, '{}', now()) f (watch_id bigint, user_id int)$$, '42804', 'the column definition list does not fit', 'columns that are others');
select is((select count(*)::int from deal_advisor.marketplace_match_watches('mp', 901, '{"(4000000000,1)"}', now()) f (watch_id bigint, user_id bigint, change_id bigint, product_id bigint, listing_id bigint,
  kind mp.watch_kind, price mp.price_minor, was mp.price_minor, reference mp.price_minor, currency mp.currency_code, changed_at timestamptz)), 0, 'no change is at a place that isn''t there');
select throws_ok($$update mp.watches set hysteresis_percent = 'NaN'$$, '23514', null, 'what is no number is no hysteresis');
select throws_ok($$update mp.watches set percent = 'NaN' where kind = 'rise'$$, '23514', null, 'nor a percentage');
-- A column of the user's is nothing to us.
alter table mp.watches add column note text;
select is(pg_temp.differences(now()), 0::bigint, 'a column of the user''s changes nothing');
select * from finish();
rollback;
