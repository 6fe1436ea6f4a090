-- Figures of a tenant: kept through all that changes, equal to what counting finds; day by day; price levels of categories.
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp', '{"modules": ["pricing"]}') \g /dev/null
select plan(61);
set local timezone = 'Asia/Tokyo';
select setseed(0.1414213);
create role mp_app;
create role mp_nobody;
grant usage on schema mp to mp_app, mp_nobody;
insert into mp.tenants (id, name, slug) values (901, 'One', 'stats-one'), (902, 'Two', 'stats-two'), (903, 'Three', 'stats-three');
insert into mp.database_roles (role_name, kind) values ('mp_app', 'application');
insert into mp.retailers (id, name, slug) select 900 + i, 'Shop ' || i, 'stats-shop-' || i from generate_series(1, 3) i;
insert into mp.categories (id, parent_id, name, slug) values (90, null, 'Things', 'stats-things'), (91, 90, 'Small things', 'stats-small'), (92, null, 'Other', 'stats-other');
insert into mp.products (tenant_id, id, name) values (903, 9999, 'There before');
insert into mp.products (tenant_id, id, name, deleted_at) values (903, 9998, 'Gone before', now());
insert into mp.listings (tenant_id, id, product_id, retailer_id, last_price_minor, in_stock, last_seen_at, last_changed_at) values (903, 99991, 9999, 901, 5, true, now(), now());
insert into mp.users (tenant_id, email, display_name) values (903, 'before@example.com', 'Before');
select deal_advisor.marketplace_install('mp', '{"modules": ["statistics"]}') \g /dev/null
create function pg_temp.day(ago int) returns date language sql stable as $$ select (now() at time zone 'UTC')::date - ago $$;
create function pg_temp.counted() returns table (products bigint, listings bigint, in_stock bigint, users bigint, open_deals bigint) language sql stable as $$
  select (select count(*) from mp.products where tenant_id = mp.current_tenant() and deleted_at is null), (select count(*) from mp.listings where tenant_id = mp.current_tenant() and deleted_at is null),
    (select count(*) from mp.listings where tenant_id = mp.current_tenant() and deleted_at is null and in_stock), (select count(*) from mp.users where tenant_id = mp.current_tenant() and deleted_at is null),
    (select count(*) from mp.deals where tenant_id = mp.current_tenant() and ended_at is null) $$;
create function pg_temp.known() returns table (products bigint, listings bigint, in_stock bigint, users bigint, open_deals bigint) language sql stable as $$
  select products, listings, in_stock, users, open_deals from mp.tenant_statistics() $$;

-- What was there before the module
set local marketplace.tenant_id = '903';
select results_eq('select * from pg_temp.known()', 'values (1::bigint, 1::bigint, 1::bigint, 1::bigint, 0::bigint)', 'what was there before is counted');
set local marketplace.tenant_id = '901';
select results_eq('select * from pg_temp.known()', 'values (0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint)', 'a tenant without anything has zeros');

-- One thing after the other
insert into mp.products (tenant_id, id, name, category_id) select 901, 9000 + i, 'Thing ' || i, 90 + i % 2 from generate_series(1, 20) i;
select is((select products from mp.tenant_statistics()), 20::bigint, 'products that come');
select is((select count(*)::int from mp.statistic_deltas), 1, 'one difference for a statement, not for a row');
update mp.products set deleted_at = now() where id <= 9003 and tenant_id = 901;
select is((select products from mp.tenant_statistics()), 17::bigint, 'products that are deleted');
update mp.products set deleted_at = now() + interval '1 second', name = name || '!' where id <= 9003 and tenant_id = 901;
select is((select products from mp.tenant_statistics()), 17::bigint, 'deleted twice is deleted once');
update mp.products set deleted_at = null where id = 9001;
select is((select products from mp.tenant_statistics()), 18::bigint, 'products that are restored');
delete from mp.products where id in (9002, 9004) and tenant_id = 901;
select is((select products from mp.tenant_statistics()), 17::bigint, 'rows that go, the deleted one not again');
update mp.products set name = name || '?' where tenant_id = 901;
select is((select products from mp.tenant_statistics()), 17::bigint, 'other changes don''t count');
insert into mp.users (tenant_id, id, email, display_name) select 901, 900 + i, format('u%s@example.com', i), 'User' from generate_series(1, 5) i;
update mp.users set deleted_at = now() where id = 901;
select is((select users from mp.tenant_statistics()), 4::bigint, 'users too');
insert into mp.listings (tenant_id, id, product_id, retailer_id, last_price_minor, in_stock, last_seen_at, last_changed_at)
  select 901, 90000 + i, 9005 + i % 10, 901 + i % 3, case when i % 2 = 0 then 100 + i end, i % 2 = 0, now() - interval '1 day', now() - interval '1 day' from generate_series(1, 30) i;
select results_eq('select listings, in_stock from mp.tenant_statistics()', 'values (30::bigint, 15::bigint)', 'listings, and those in stock');
update mp.listings set deleted_at = now() where id in (90001, 90002);
select results_eq('select listings, in_stock from mp.tenant_statistics()', 'values (28::bigint, 14::bigint)', 'a listing that is deleted is not in stock');
update mp.listings set deleted_at = null where id in (90001, 90002);
delete from mp.listings where id = 90004;
select results_eq('select listings, in_stock from mp.tenant_statistics()', 'values (29::bigint, 14::bigint)', 'restored and removed');
insert into mp.deals (tenant_id, id, listing_id, product_id, started_at, ended_at, price_minor, score, confidence, verdict)
  select 901, i, 90000 + i, 9005 + i % 10, now() - interval '1 day', case when i > 8 then now() end, 5, 90, 1, 'good' from generate_series(5, 10) i;
select results_eq('select open_deals, deals_opened_today from mp.tenant_statistics()', 'values (4::bigint, 6::bigint)', 'open deals, and those that opened today');
update mp.deals set ended_at = now(), score = 80 where id in (5, 6);
update mp.deals set score = 70;
select is((select open_deals from mp.tenant_statistics()), 2::bigint, 'deals that end');
delete from mp.deals where id in (7, 9);
select is((select open_deals from mp.tenant_statistics()), 1::bigint, 'and deals that go');

-- Prices
select mp.count_price_changes(901, '{90006,90008,90010,90012}', array[now(), now(), now(), now() - interval '24 hours'], '{106,108,null,112}', '{100,null,50,120}');
select results_eq('select price_changes_today, price_drops_today from mp.tenant_statistics()', 'values (1::bigint, 1::bigint)', 'changes of prices and drops, of their day; coming and going is none');
select is((select in_stock from mp.tenant_statistics()), 14::bigint, 'one that came and one that went make no difference');
select is((select price_changes from mp.dashboard() where day = pg_temp.day(1)), 1::bigint, 'what was observed yesterday counts there');
select is((select price_drops from mp.dashboard() where day = pg_temp.day(1)), 0::bigint, 'a raise is no drop');
select is((select price_changes_per_day from mp.tenant_statistics()), 0.03, 'the mean of thirty days');
select mp.count_price_changes(901, '{90006}', array[now()], '{106}', '{null}');
select is((select in_stock from mp.tenant_statistics()), 13::bigint, 'what goes out of stock');
select mp.count_price_changes(901, '{90006}', array[now()], '{null}', '{106}');
select is((select in_stock from mp.tenant_statistics()), 14::bigint, 'and comes again');
select throws_ok($$select mp.count_price_changes(902, '{1}', array[now()], '{1}', '{2}')$$, '42501', null, 'nobody counts for another tenant');
create role mp_statistics_stranger;
grant usage on schema mp to mp_statistics_stranger;
insert into mp.database_roles (role_name, kind) values ('mp_statistics_stranger', 'application');
set local role mp_statistics_stranger;
select throws_ok($$select mp.count_price_changes(901, '{1}', array[now()], '{1}', '{2}')$$, '42501', 'only who may record prices counts them', 'nor who may not record prices');
reset role;

-- Folding changes nothing that is read
create temp table before as select * from mp.tenant_statistics();
create temp table before_days as select * from mp.dashboard();
select is((select mp.fold_statistics(3)), 3::bigint, 'as many as wanted are folded');
select results_eq('select products, listings, in_stock, users, open_deals, price_changes_today, price_changes_per_day, price_drops_today, deals_opened_today from mp.tenant_statistics()', 'select products, listings, in_stock, users, open_deals, price_changes_today, price_changes_per_day, price_drops_today, deals_opened_today from before', 'half folded the figures are the same');
select cmp_ok(mp.fold_statistics(), '>', 5::bigint, 'then the rest');
select is((select count(*)::int from mp.statistic_deltas where tenant_id = 901), 0, 'which are gone');
select is(mp.fold_statistics(), 0::bigint, 'and not folded twice');
select results_eq('select products, listings, in_stock, users, open_deals, price_changes_today, price_changes_per_day, price_drops_today, deals_opened_today from mp.tenant_statistics()', 'select products, listings, in_stock, users, open_deals, price_changes_today, price_changes_per_day, price_drops_today, deals_opened_today from before', 'folded the figures are the same');
select results_eq('select day, products, listings, in_stock, users, open_deals, price_changes, price_drops, deals_opened from mp.dashboard()', 'select day, products, listings, in_stock, users, open_deals, price_changes, price_drops, deals_opened from before_days', 'and the days');
select throws_ok('select mp.fold_statistics(0)', '22023', 'lim must be at least 1', 'nothing to fold is no call');

-- Much at random, against counting
do $$
declare n int;
begin
  for i in 1 .. 200 loop
    n := floor(random() * 8);
    case n
      when 0 then insert into mp.products (tenant_id, name, category_id) select 901, 'Random', 90 from generate_series(0, floor(random() * 5)::int);
      when 1 then update mp.products set deleted_at = case when random() < 0.5 then now() end where tenant_id = 901 and random() < 0.3;
      when 2 then insert into mp.listings (tenant_id, product_id, retailer_id) select 901, id, 902 from mp.products where tenant_id = 901 and name = 'Random' and random() < 0.2 on conflict do nothing;
      when 3 then update mp.listings set deleted_at = case when random() < 0.5 then now() end where tenant_id = 901 and random() < 0.3
        and not exists (select from mp.listings o where o.tenant_id = 901 and o.product_id = listings.product_id and o.retailer_id = listings.retailer_id and o.id <> listings.id);
      when 4 then insert into mp.users (tenant_id, email, display_name) values (901, format('r%s@example.com', i), 'R');
      when 5 then delete from mp.users where tenant_id = 901 and random() < 0.2;
      when 6 then delete from mp.listings l where tenant_id = 901 and random() < 0.05 and not exists (select from mp.deals d where d.listing_id = l.id);
      else perform mp.fold_statistics(floor(random() * 5)::int + 1);
    end case;
  end loop;
end $$;
select results_eq('select * from pg_temp.known()', 'select * from pg_temp.counted()', 'after two hundred random changes the figures are what counting finds');
select cmp_ok((select products from pg_temp.known()), '>', 20::bigint, 'of which there are some');
select is_empty('select measure from mp.refresh_tenant_stats() where known <> counted', 'counting anew finds nothing wrong');
set local marketplace.tenant_id = '902';
select results_eq('select * from pg_temp.known()', 'values (0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint)', 'another tenant has none of it');
set local marketplace.tenant_id = '901';

-- What no trigger saw
alter table mp.users disable trigger user;
insert into mp.users (tenant_id, email, display_name) select 901, format('w%s@example.com', i), 'W' from generate_series(1, 7) i;
alter table mp.users enable trigger user;
create temp table wrong as select * from pg_temp.known();
select results_eq('select measure::text, counted - known from mp.refresh_tenant_stats() where known <> counted', $$values ('users', 7::bigint)$$, 'counting anew finds what was missed');
select is((select users from mp.tenant_statistics()), (select users + 7 from wrong), 'and makes it right');
select is((select d.users - y.users from mp.dashboard() d, mp.dashboard() y where d.day = pg_temp.day(0) and y.day = pg_temp.day(1)), (select users from mp.tenant_statistics()), 'on today');
create table mp.watches (tenant_id bigint, deleted_at timestamptz);
insert into mp.watches select 901, case when i > 3 then now() end from generate_series(1, 5) i;
insert into mp.watches values (902, null);
select is((select watches from mp.tenant_statistics()), null, 'what another module has is not known at first');
select mp.refresh_tenant_stats() \g /dev/null
select is((select watches from mp.tenant_statistics()), 3::bigint, 'but counted');
insert into mp.watches values (901, null);
select mp.fold_statistics() \g /dev/null
select is((select watches from mp.tenant_statistics()), 3::bigint, 'not with each folding');
update mp.tenant_stats set counted_at = now() - interval '61 minutes' where measure = 'watches';
select mp.fold_statistics() \g /dev/null
select is((select watches from mp.tenant_statistics()), 4::bigint, 'but once an hour');
select is((select conversations from mp.tenant_statistics()), null, 'what is not there has no number');

-- Days
delete from mp.statistic_deltas; delete from mp.tenant_stats where tenant_id = 901; delete from mp.dashboard_stats where tenant_id = 901;
insert into mp.tenant_stats values (901, 'products', 100, now());
insert into mp.dashboard_stats values (901, 'products', pg_temp.day(0), 10), (901, 'products', pg_temp.day(2), -5), (901, 'products', pg_temp.day(5), 20);
insert into mp.statistic_deltas (tenant_id, measure, day, amount) values (901, 'products', pg_temp.day(0), 1), (901, 'price_changes', pg_temp.day(2), 4);
select results_eq('select day, products from mp.dashboard(pg_temp.day(6), pg_temp.day(0))', $$values (pg_temp.day(6), 75::bigint), (pg_temp.day(5), 95::bigint), (pg_temp.day(4), 95::bigint), (pg_temp.day(3), 95::bigint), (pg_temp.day(2), 90::bigint), (pg_temp.day(1), 90::bigint), (pg_temp.day(0), 101::bigint)$$, 'how many there were in the end of each day');
select results_eq('select day, products, price_changes from mp.dashboard(pg_temp.day(3), pg_temp.day(2))', $$values (pg_temp.day(3), 95::bigint, 0::bigint), (pg_temp.day(2), 90::bigint, 4::bigint)$$, 'the same for days that are over');
select is((select count(*)::int from mp.dashboard()), 30, 'thirty days, if nothing else is said');
select throws_ok('select * from mp.dashboard(pg_temp.day(0), pg_temp.day(1))', '22023', null, 'days are in order');
select throws_ok($$select * from mp.dashboard('-infinity', pg_temp.day(1))$$, '22023', null, 'and not endless');

-- Through record_prices()
delete from mp.statistic_deltas; delete from mp.tenant_stats where tenant_id = 901; delete from mp.dashboard_stats where tenant_id = 901;
insert into mp.products (tenant_id, id, name, category_id) values (901, 9500, 'With prices', 91);
insert into mp.listings (tenant_id, id, product_id, retailer_id, condition) select 901, 95000 + i, 9500, 900 + i, 'used' from generate_series(1, 3) i;
select mp.record_prices('{95001,95002,95003}', array_fill(now() - interval '2 hours', '{3}'), '{100,100,100}') \g /dev/null
select mp.refresh_tenant_stats() \g /dev/null
select mp.record_prices('{95001,95002,95003,95003}', array[now(), now(), now(), now() + interval '1 microsecond'], '{50,null,60,70}') \g /dev/null
select mp.record_price(95003, now() - interval '1 hour', 65) \g /dev/null
select results_eq('select in_stock, price_changes_today, price_drops_today from mp.tenant_statistics()', 'select in_stock, 3::bigint, 2::bigint from pg_temp.counted()', 'recording prices counts what it changes, late ones only where they change the latest price');

-- Price levels
select is((select count(*)::int from mp.market_levels()), 0, 'before a refresh there are no price levels');
refresh materialized view concurrently mp.category_price_levels;
create temp table level as
  select p.category_id, l.currency::text, count(*) as offers, count(distinct p.id) as products, min(l.last_price_minor)::bigint as low, max(l.last_price_minor)::bigint as high, percentile_disc(0.5) within group (order by l.last_price_minor::bigint) as median
    from mp.listings l join mp.products p on p.tenant_id = l.tenant_id and p.id = l.product_id where l.tenant_id = 901 and l.in_stock and l.deleted_at is null and p.deleted_at is null group by 1, 2;
select cmp_ok((select count(*)::int from level), '>', 0, 'there are offers');
select set_eq('select category_id, currency, offers, products, min_minor, max_minor, median_minor from mp.market_levels()', 'select category_id, currency, offers, products, low, high, median from level', 'a refresh that nobody waits for gives those of what is in stock');
select set_eq('select category_id from mp.market_levels(91)', 'select category_id from level where category_id = 91', 'of a category if wanted');

-- Tenants and rights
grant select, insert on mp.users to mp_app;
set local marketplace.tenant_id = '902';
set local role mp_app;
select lives_ok($$insert into mp.users (tenant_id, email, display_name) values (902, 'me@example.com', 'Me')$$, 'who may write users may have them counted');
select throws_ok('select * from mp.category_price_levels', '42501', null, 'the view itself is nobody''s');
select is_empty('select * from mp.market_levels()', 'and shows no other tenant''s prices');
reset role;
select is((select users from mp.tenant_statistics()), 1::bigint, 'they are counted for their tenant');
set local role mp_nobody;
select throws_ok('select * from mp.tenant_statistics()', '42501', null, 'who acts for nobody has no figures');
select throws_ok('select * from mp.market_levels()', '42501', null, 'and no prices');
reset role;
select * from finish();
rollback;
