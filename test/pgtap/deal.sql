-- Statistics, prior price and deal score over SQL: what goes in, what comes out, what is refused.
begin;
select plan(32);
create function pg_temp.d(day int) returns timestamptz language sql immutable as $$ select timestamptz '2026-01-01 00:00+00' + day * interval '1 day' $$;

select results_eq($$select prior_minor, current_minor, reduced, from_time, to_time from deal_advisor.prior_price(array[pg_temp.d(0), pg_temp.d(50)], array[1000, 800], pg_temp.d(51))$$,
  $$select 1000::bigint, 800::bigint, true, pg_temp.d(20), pg_temp.d(50)$$, 'the price before the reduction, and the 30 days that count');
select is((select prior_minor from deal_advisor.prior_price(array[pg_temp.d(0), pg_temp.d(30), pg_temp.d(31), pg_temp.d(50)], array[1000, 700, 1000, 800], pg_temp.d(51))), 700::bigint, 'a flash price of one day counts');
select is((select prior_minor from deal_advisor.prior_price(array[pg_temp.d(0), pg_temp.d(10), pg_temp.d(50)], array[600, 1000, 800], pg_temp.d(51))), 1000::bigint, 'one before the period does not');
select is((select prior_minor from deal_advisor.prior_price(array[pg_temp.d(0), pg_temp.d(10), pg_temp.d(50)], array[600, 1000, 800], pg_temp.d(51), days => 45)), 600::bigint, 'but for a longer period');
select is((select prior_minor from deal_advisor.prior_price(array[pg_temp.d(0), pg_temp.d(10), pg_temp.d(49), pg_temp.d(50)], array[1000, null, 1000, 800], pg_temp.d(51))), 1000::bigint, 'what is not on offer is no price');
select is((select prior_minor from deal_advisor.prior_price(array[pg_temp.d(0), pg_temp.d(40), pg_temp.d(50)], array[1000, 900, 800], pg_temp.d(51))), 900::bigint, 'each step of a staircase is a reduction');
select is((select prior_minor from deal_advisor.prior_price(array[pg_temp.d(0), pg_temp.d(40), pg_temp.d(50)], array[1000, 900, 800], pg_temp.d(51), progressive => true)), 1000::bigint, 'but where they are progressive');
select is((select flags from deal_advisor.prior_price(array[pg_temp.d(0), pg_temp.d(10)], array[1000, 800], pg_temp.d(11))), '{insufficient_history}', 'a history that is too short is told');
select is((select flags from deal_advisor.prior_price(array[pg_temp.d(0), pg_temp.d(10)], array[1000, 800], pg_temp.d(11), new_goods => true)), '{shorter_period}', 'goods that are new have a shorter period');
select is((select current_minor from deal_advisor.prior_price('{}', '{}', pg_temp.d(1))), null, 'without a price there is none');

select results_eq($$select min_minor, max_minor, median_minor, mad_minor, changes from deal_advisor.price_stats(array[pg_temp.d(0), pg_temp.d(10), pg_temp.d(14)], array[1000, 700, 900], pg_temp.d(5), pg_temp.d(20))$$,
  $$select 700::bigint, 1000::bigint, 900::bigint, 100::bigint, 2::bigint$$, 'range, median and MAD, weighted by time');
select is((select mean_minor from deal_advisor.price_stats(array[pg_temp.d(0), pg_temp.d(10)], array[1000, 700], pg_temp.d(5), pg_temp.d(20))), 800::float8, 'the mean: what is carried into the time counts');
select results_eq($$select p10_minor, p25_minor, p75_minor, p90_minor from deal_advisor.price_stats(array[pg_temp.d(0), pg_temp.d(1), pg_temp.d(3), pg_temp.d(8)], array[10, 20, 30, 40], pg_temp.d(0), pg_temp.d(10))$$, $$values (10::bigint, 20::bigint, 30::bigint, 40::bigint)$$, 'percentiles are prices that were there');
select results_eq($$select in_stock_share, known_share from deal_advisor.price_stats(array[pg_temp.d(5), pg_temp.d(6)], array[10, null], pg_temp.d(0), pg_temp.d(10))$$, $$values (0.2::float8, 0.5::float8)$$, 'time not on offer counts in the share of the known time');
select results_eq($$select in_stock_share, known_share, min_minor from deal_advisor.price_stats('{}', '{}', pg_temp.d(0), pg_temp.d(10))$$, $$values (null::float8, 0::float8, null::bigint)$$, 'without points nothing is known');
select throws_ok($$select * from deal_advisor.price_stats('{}', '{}', pg_temp.d(1), pg_temp.d(1))$$, '22023', 'a window''s end must be after its start', 'no time at all');
select throws_ok($$select * from deal_advisor.price_stats(array[pg_temp.d(1), pg_temp.d(0)], array[1, 1], pg_temp.d(1), pg_temp.d(2))$$, '22023', null, 'times out of order');
select throws_ok($$select * from deal_advisor.price_stats(array[pg_temp.d(1)], array[1, 2], pg_temp.d(1), pg_temp.d(2))$$, '2202E', null, 'arrays of other lengths');

select ok((select score > 80 and verdict = 'excellent' from deal_advisor.deal_score(array[pg_temp.d(0), pg_temp.d(200)], array[1000, 700], pg_temp.d(201))), 'a price 30 % below what it was for 200 days is excellent');
select ok((select score <= 50 from deal_advisor.deal_score(array[pg_temp.d(0), pg_temp.d(180), pg_temp.d(200)], array[1000, 1400, 1000], pg_temp.d(201))), 'a sale after a raise is none');
select ok((select 'raised_before_sale' = any (flags) from deal_advisor.deal_score(array[pg_temp.d(0), pg_temp.d(180), pg_temp.d(200)], array[1000, 1400, 1000], pg_temp.d(201))), 'and is told');
select ok((select 'claimed_above_prior' = any (flags) from deal_advisor.deal_score(array[pg_temp.d(0), pg_temp.d(200)], array[1000, 900], pg_temp.d(201), claimed => 1500)), 'a claim above the prior price is told');
select results_eq($$select score, verdict, confidence from deal_advisor.deal_score('{}', '{}')$$, $$values (50::float8, 'unknown', 0::float8)$$, 'no data says nothing');
select ok((select a.score > b.score from deal_advisor.deal_score(array[pg_temp.d(0), pg_temp.d(200)], array[1000, 900], pg_temp.d(201), others => array[1000, null, 1100]) a,
  deal_advisor.deal_score(array[pg_temp.d(0), pg_temp.d(200)], array[1000, 900], pg_temp.d(201), others => array[700, 750]) b), 'what others ask counts');
select is((select count(*)::int from deal_advisor.deal_score(array[pg_temp.d(0), pg_temp.d(200)], array[9000000000000000000, 8000000000000000000], pg_temp.d(201)) where score between 0 and 100), 1, 'the greatest numbers are prices too');
select ok((select components ?& '{share_dearer,depth_usual,rarity}' from deal_advisor.deal_score(array[pg_temp.d(0), pg_temp.d(200)], array[1000, 900], pg_temp.d(201))), 'it says what it is made of');

select throws_ok($$select * from deal_advisor.deal_score(array[pg_temp.d(1), pg_temp.d(0)], array[1, 1])$$, '22023', null, 'times out of order');
select throws_ok($$select * from deal_advisor.deal_score(array[pg_temp.d(1)], array[-1])$$, '22023', null, 'negative prices');
select throws_ok($$select * from deal_advisor.deal_score(array[pg_temp.d(1)], array[1, 2])$$, '2202E', 'times and prices must have as many elements', 'arrays of other lengths');
select throws_ok($$select * from deal_advisor.deal_score(array[null::timestamptz], array[1])$$, '22004', null, 'a time that is null');
select throws_ok($$select * from deal_advisor.deal_score(array[[pg_temp.d(1)], [pg_temp.d(2)]], array[1, 2])$$, '2202E', null, 'arrays of two dimensions');
select throws_ok($$select * from deal_advisor.prior_price(array[pg_temp.d(1)], array[1], days => 0)$$, '22023', null, 'no days');
select * from finish();
rollback;
