-- Deals: what opens, changes and closes them, the list of the best, tenants. Expects nothing in schema mp.
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp', '{"modules": ["pricing"]}') \g /dev/null
select plan(68);
set local timezone = 'UTC';
select setseed(0.2718281);
create role mp_app;
create role mp_nobody;
grant usage on schema mp to mp_app, mp_nobody;
insert into mp.tenants (id, name, slug) values (901, 'One', 'deals-one'), (902, 'Two', 'deals-two');
insert into mp.database_roles (role_name, kind) values ('mp_app', 'application');
insert into mp.retailers (id, name, slug) select 900 + i, 'Shop ' || i, 'deals-shop-' || i from generate_series(1, 3) i;
insert into mp.categories (id, parent_id, name, slug) values (90, null, 'Things', 'deals-things'), (91, 90, 'Small things', 'deals-small'), (92, 90, 'Large things', 'deals-large'), (93, null, 'Other', 'deals-other');
insert into mp.products (tenant_id, id, name, category_id) select 901, 9000 + i, 'Thing ' || i, 90 + i % 4 from generate_series(1, 150) i;
insert into mp.products (tenant_id, id, name, category_id) values (902, 9901, 'Foreign thing', 91);
insert into mp.listings (tenant_id, id, product_id, retailer_id) select 901, 90000 + i, 9000 + (i + 1) / 2, 901 + i % 2 from generate_series(1, 300) i;
insert into mp.listings (tenant_id, id, product_id, retailer_id) values (902, 99901, 9901, 901);
set local marketplace.tenant_id = '901';
select mp.ensure_partitions('mp.price_history', 16, 1) \g /dev/null
create function pg_temp.ago(span interval) returns timestamptz language sql stable as $$ select date_trunc('hour', now()) - span $$;

-- A year of prices: levels that come and go, and a last price that is now and then a good one.
create temp table seen as
  select l.id as listing, pg_temp.ago(make_interval(hours => 24 * (400 - 25 * k) + (l.id % 20)::int)) as at,
      case when random() < 0.9 then (1000 + 10 * (l.id % 37)) * (case when k = 15 and random() < 0.4 then 60 + floor(random() * 45)::int else 90 + floor(random() * 20)::int end) / 100 end as price,
      case when k = 15 and random() < 0.3 then 1500::bigint end as list_price
    from mp.listings l cross join generate_series(1, 15) k where l.tenant_id = 901 and l.id < 90281;
select mp.record_prices(array_agg(listing), array_agg(at), array_agg(price), array_agg(list_price)) from seen \g /dev/null
set local marketplace.tenant_id = '902';
select mp.record_prices(array[99901, 99901], array[pg_temp.ago('200 days'), pg_temp.ago('1 day')], array[1000, 600]) \g /dev/null
set local marketplace.tenant_id = '901';

-- Rounds
create temp table round (n int, scored bigint, opened bigint, updated bigint, closed bigint);
do $$
begin
  for i in 1 .. 100 loop
    insert into round select i, r.* from mp.refresh_deals(lim => 37) r;
    exit when (select scored from round where n = i) = 0;
  end loop;
end $$;
create temp table expected as
  select l.id as listing, s.* from mp.listings l cross join lateral mp.deal_score(l.id) s where l.tenant_id = 901 and l.last_changed_at is not null;
select cmp_ok((select count(*)::int from round), '>', 5, 'calls go round piece by piece');
select is((select scored from round order by n desc limit 1), 0::bigint, 'until nothing is left');
select is((select count(*)::int from mp.listing_scores), 280, 'every listing that has a history was scored');
select is_empty('select listing from expected e full join mp.listing_scores s on s.listing_id = e.listing where not coalesce(abs(e.score::numeric - s.score) <= 0.01, false)', 'as deal_score() does');
select cmp_ok((select count(*)::int from expected where score >= 65), '>', 15, 'some are deals');
select set_eq('select listing_id from mp.deals where ended_at is null', 'select listing from expected where round(score::numeric, 2) >= 65', 'what scores 65 is an open deal, and nothing else');
select is((select sum(opened)::bigint from round), (select count(*) from mp.deals), 'so many were said to have opened');
select is_empty('select d.id from mp.deals d join mp.listings l on l.id = d.listing_id where (d.price_minor, d.started_at, d.product_id) is distinct from (l.last_price_minor, l.last_changed_at, l.product_id)', 'a deal has the price, since when it is');
select is_empty('select d.id from mp.deals d where d.prior30_minor is distinct from mp.prior_price(d.listing_id)', 'the prior price');
select is_empty('select d.id from mp.deals d where d.median_minor is distinct from (select median_minor from mp.price_stats(d.listing_id))', 'the median of 90 days');
select is_empty('select d.id from mp.deals d join expected e on e.listing = d.listing_id where (d.flags, d.verdict::text, d.confidence) is distinct from (e.flags, e.verdict, round(e.confidence::numeric, 3)::numeric(4,3))', 'flags, verdict and confidence');
select is_empty('select d.id from mp.deals d join mp.products p on p.id = d.product_id where d.category_id is distinct from p.category_id', 'and the category');
select results_eq('select * from mp.refresh_deals()', 'values (0::bigint, 0::bigint, 0::bigint, 0::bigint)', 'again there is nothing to do');
select ok((select refreshed_at is not null from mp.deal_refreshes where tenant_id = 901), 'the round is written down');

-- One listing
select mp.record_prices(array[90290, 90290], array[pg_temp.ago('300 days'), pg_temp.ago('2 hours')], '{1000,990}') \g /dev/null
select results_eq('select scored, opened from mp.refresh_deals()', 'values (1::bigint, 0::bigint)', 'a new price is scored, and one that is no deal opens none');
select mp.record_price(90290, pg_temp.ago('1 hour'), 700) \g /dev/null
select results_eq('select scored, opened from mp.refresh_deals()', 'values (1::bigint, 1::bigint)', 'a good one opens one');
select mp.record_price(90290, now() - interval '30 minutes', 650) \g /dev/null
select results_eq('select updated, opened from mp.refresh_deals()', 'values (1::bigint, 0::bigint)', 'a better one changes it');
select results_eq('select price_minor::bigint, started_at from mp.deals where listing_id = 90290', $$values (650::bigint, pg_temp.ago('1 hour'))$$, 'which is the same deal, since when it was one');
select mp.record_price(90290, now() - interval '10 minutes', 1000) \g /dev/null
select results_eq('select closed, opened from mp.refresh_deals()', 'values (1::bigint, 0::bigint)', 'a usual one closes it');
select results_eq('select ended_at, price_minor::bigint from mp.deals where listing_id = 90290', $$values (now() - interval '10 minutes', 650::bigint)$$, 'when it came, with the price that it had');
select mp.record_price(90290, now() - interval '5 minutes', 700) \g /dev/null
select is((select opened from mp.refresh_deals()), 1::bigint, 'it may be a deal again');
select is((select count(*)::int from mp.deals where listing_id = 90290), 2, 'another one');
select mp.record_price(90290, now() - interval '1 minute', null) \g /dev/null
select is((select closed from mp.refresh_deals()), 1::bigint, 'what is not on offer is none');
select mp.record_prices(array[90291, 90291], array[pg_temp.ago('300 days'), pg_temp.ago('5 hours')], '{1000,1001}') \g /dev/null
select mp.refresh_deals() \g /dev/null
select mp.record_price(90291, pg_temp.ago('4 hours'), 600) \g /dev/null
select mp.record_price(90291, pg_temp.ago('3 hours'), 602) \g /dev/null
select is((select opened from mp.refresh_deals()), 1::bigint, 'what came late is seen, whenever it was observed');

select mp.record_prices(array[90295, 90295], array[pg_temp.ago('300 days'), now() + interval '30 minutes'], '{1000,600}') \g /dev/null
select is((select opened from mp.refresh_deals()), 1::bigint, 'a price from a clock that is ahead is the price now');

-- Edges: what lies between the scores stays as it is
select mp.record_prices(array[90292, 90292], array[pg_temp.ago('300 days'), pg_temp.ago('5 hours')], '{1000,800}') \g /dev/null
create temp table edge as select score::numeric as score from mp.deal_score(90292);
select is((select opened from mp.refresh_deals('{90292}', open_score => (select score + 1 from edge), close_score => (select score - 1 from edge))), 0::bigint, 'below the score at which deals open none does');
select is((select opened from mp.refresh_deals('{90292}', open_score => (select score - 1 from edge), close_score => (select score - 2 from edge))), 1::bigint, 'at it one does');
select is((select closed from mp.refresh_deals('{90292}', open_score => (select score + 1 from edge), close_score => (select score - 1 from edge))), 0::bigint, 'which stays as long as it is not below the one at which they close');
select is((select closed from mp.refresh_deals('{90292}', open_score => 100, close_score => (select score + 1 from edge))), 1::bigint, 'and closes then');
select is((select ended_at >= now() from mp.deals where listing_id = 90292), true, 'at that time, since its price is the same');

-- Time and neighbours
update mp.listing_scores set scored_at = now() - interval '25 hours' where listing_id in (select listing_id from mp.listing_scores where score <= 50 order by listing_id limit 3);
select is((select scored from mp.refresh_deals()), 0::bigint, 'what is not cheap is not scored again after a day');
update mp.listing_scores set scored_at = now() - interval '8 days' where listing_id in (select listing_id from mp.listing_scores where score < 50 order by listing_id limit 3);
select cmp_ok((select scored from mp.refresh_deals()), '>=', 3::bigint, 'but after a week');
update mp.listing_scores set scored_at = now() - interval '25 hours' where listing_id = (select min(listing_id) from mp.deals where ended_at is null);
select cmp_ok((select scored from mp.refresh_deals()), '>=', 1::bigint, 'a deal is after a day');
select mp.record_prices(array[90293, 90293, 90294], array[pg_temp.ago('300 days'), pg_temp.ago('5 hours'), pg_temp.ago('300 days')], '{1000,700,1000}') \g /dev/null
select mp.refresh_deals() \g /dev/null
create temp table alone as select score from mp.listing_scores where listing_id = 90293;
select mp.record_price(90294, now(), 500) \g /dev/null
select is((select scored from mp.refresh_deals()), 2::bigint, 'when one shop changes its price, the others are scored too');
select cmp_ok((select score from mp.listing_scores where listing_id = 90293), '<', (select score from alone), 'and are the worse for it');

-- The list
create temp table best as select row_number() over () as place, t.* from mp.top_deals(lim => 1000) t;
select set_eq('select listing_id from best', 'select listing_id from mp.deals where ended_at is null and score >= 65', 'the list has the open deals');
select is_empty('select place from (select place, score, deal_id, lag(score) over (order by place) as before, lag(deal_id) over (order by place) as id_before from best) b where (score, deal_id) > (before, id_before)', 'best first, of equal ones the newest');
create temp table paged (deal_id bigint, place serial);
do $$
declare after text; page record; n int;
begin
  loop
    n := 0;
    for page in select * from mp.top_deals(cursor => after, lim => 7) loop n := n + 1; insert into paged (deal_id) values (page.deal_id); after := page.next_cursor; end loop;
    exit when n = 0;
  end loop;
end $$;
select results_eq('select deal_id from paged order by place', 'select deal_id from best order by place', 'pages follow each other without a gap');
select set_eq('select deal_id from mp.top_deals(90, lim => 1000)', 'select d.id from mp.deals d join mp.products p on p.id = d.product_id where p.category_id in (90, 91, 92) and d.ended_at is null and d.score >= 65', 'a category has what is below it');
select set_eq('select deal_id from mp.top_deals(91, lim => 1000)', 'select d.id from mp.deals d join mp.products p on p.id = d.product_id where p.category_id = 91 and d.ended_at is null and d.score >= 65', 'and nothing beside it');
select set_eq('select deal_id from mp.top_deals(min_score => 85, lim => 1000)', 'select id from mp.deals where ended_at is null and score >= 85', 'only what is good enough');
create temp table first_page as select * from mp.top_deals(90, lim => 3);
create temp table second_page as select * from mp.top_deals(90, cursor => (select next_cursor from first_page order by score, deal_id limit 1), lim => 3);
select results_eq('select deal_id from first_page union all select deal_id from second_page', 'select deal_id from mp.top_deals(90, lim => 6)', 'pages of a category too');
select throws_ok('select * from mp.top_deals(91, cursor => (select next_cursor from first_page limit 1))', '22023', 'the cursor does not belong to this search', 'a cursor belongs to its list');
select throws_ok('select * from mp.top_deals(lim => 0)', '22023', 'lim must be between 1 and 1000', 'a page has a row');
select throws_ok('select * from mp.top_deals(min_score => 101)', '22023', 'min_score must be between 0 and 100', 'no score is above 100');
select throws_ok('select * from mp.top_deals(999)', '22023', 'category 999 does not exist', 'an unknown category is said');
select is((select name || '/' || retailer || '/' || currency from mp.top_deals(lim => 1000) where listing_id = 90291), 'Thing 146/Shop 2/EUR', 'it says what, by whom, in which currency');
update mp.products set category_id = 93 where id = (select product_id from best where place = 1);
select is((select category_id from mp.deals where id = (select deal_id from best where place = 1)), 93::bigint, 'a deal follows its product to another category');
select ok(exists (select from mp.top_deals(93, lim => 1000) where deal_id = (select deal_id from best where place = 1)), 'and is listed there');
update mp.products set deleted_at = now() where id = (select product_id from best where place = 1);
select is_empty('select deal_id from mp.top_deals(lim => 1000) where deal_id = (select deal_id from best where place = 1)', 'a deleted product is not shown');
update mp.listings set deleted_at = now() where id = (select listing_id from best where place = 5);
select is_empty('select deal_id from mp.top_deals(lim => 1000) where deal_id = (select deal_id from best where place = 5)', 'nor a deleted listing');
select mp.refresh_deals() \g /dev/null
select isnt((select ended_at from mp.deals where id = (select deal_id from best where place = 5)), null, 'whose deal ends when it is seen');
select is_empty('select * from mp.listing_scores where listing_id = (select listing_id from best where place = 5)', 'and it has no score any more');

-- Refusals
select throws_ok($$insert into mp.deals (tenant_id, listing_id, product_id, started_at, price_minor, score, confidence, verdict) select tenant_id, listing_id, product_id, now(), 1, 90, 1, 'good' from mp.deals where ended_at is null limit 1$$, '23505', null, 'a listing has one open deal');
select throws_ok($$update mp.deals set ended_at = started_at - interval '1 second'$$, '23514', null, 'no deal ends before it starts');
select throws_ok($$update mp.deals set score = 100.5$$, '23514', null, 'no score is above 100');
select throws_ok('select mp.refresh_deals(lim => 0)', '22023', 'lim must be between 1 and 100000', 'no call for nothing');
select throws_ok('select mp.refresh_deals(open_score => 50, close_score => 60)', '22023', null, 'deals don''t close above where they open');
select results_eq($$select * from mp.refresh_deals('{1,99901}')$$, 'values (0::bigint, 0::bigint, 0::bigint, 0::bigint)', 'what is another''s, or nothing, is not scored');

-- Tenants
grant select, insert, update, delete on all tables in schema mp to mp_app;
grant select on best to mp_app;
set local marketplace.tenant_id = '902';
set local role mp_app;
select is_empty('select * from mp.top_deals(lim => 1000)', 'another tenant sees none of the deals');
select is((select count(*)::int from mp.deals) + (select count(*)::int from mp.listing_scores) + (select count(*)::int from mp.deal_refreshes), 0, 'nor of the tables');
select results_eq('select scored, opened from mp.refresh_deals()', 'values (1::bigint, 1::bigint)', 'it has its own refreshed');
select is((select count(*)::int from mp.top_deals()), 1, 'and listed');
select throws_ok('select * from mp.top_deals(cursor => (select next_cursor from pg_temp.best limit 1))', '22023', 'the cursor does not belong to this search', 'a cursor is of one tenant');
do $$
declare t int; foreign_rows bigint := 0; all_rows bigint := 0; mine bigint; every bigint;
begin
  for i in 1 .. 1000 loop
    t := 901 + i % 2;
    perform set_config('marketplace.tenant_id', t::text, true);
    select count(*) filter (where (d.product_id >= 9900) <> (t = 902)), count(*) into mine, every
      from mp.top_deals((array[null, 90, 91, 92, 93])[1 + floor(random() * 5)::int], floor(random() * 101)::int, lim => 1 + floor(random() * 1000)::int) d;
    foreign_rows := foreign_rows + mine;
    all_rows := all_rows + every;
  end loop;
  perform set_config('test.foreign_rows', foreign_rows::text, true);
  perform set_config('test.all_rows', all_rows::text, true);
end $$;
select cmp_ok(current_setting('test.all_rows')::int, '>', 1000, 'a thousand random calls list many deals');
select is(current_setting('test.foreign_rows')::int, 0, 'and none of another tenant');
set local marketplace.tenant_id = '902';
reset role;
set local role mp_nobody;
select throws_ok('select * from mp.top_deals()', '42501', null, 'who acts for nobody sees nothing');
select throws_ok('select * from mp.refresh_deals()', '42501', null, 'and refreshes nothing');
reset role;
select * from finish();
rollback;
