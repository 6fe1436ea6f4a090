-- Watches and alerts: each kind fires and doesn't, and how often; the queue of changes; notifications and logs; tenants and users.
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp') \g /dev/null
select plan(170);
set local client_min_messages = warning;
set local timezone = 'Europe/Berlin';
create role mp_app;
create role mp_user;
grant usage on schema mp to mp_app, mp_user;
insert into mp.tenants (id, name, slug) values (901, 'One', 'alert-one'), (902, 'Two', 'alert-two');
insert into mp.users (tenant_id, id, email, display_name, status) select t, 1000 + i, 'u' || i || '@example.com', 'User ' || i, 'active' from (values (901), (902)) t (t), generate_series(1, 5) i;
insert into mp.database_roles (role_name, kind, tenant_id, user_id) values ('mp_app', 'application', null, null), ('mp_user', 'user', 901, 1003);
insert into mp.retailers (id, name, slug) values (901, 'Shop 1', 'alert-shop-1'), (902, 'Shop 2', 'alert-shop-2');
insert into mp.products (tenant_id, id, name) select 901, 9000 + i, 'Thing ' || i from generate_series(1, 99) i;
insert into mp.products (tenant_id, id, name) values (902, 9901, 'Foreign thing');
insert into mp.listings (tenant_id, id, product_id, retailer_id, condition) select 901, 90000 + i, 9000 + i, 901, 'new' from generate_series(1, 99) i;
insert into mp.listings (tenant_id, id, product_id, retailer_id, condition) select 901, 80000 + i, 9000 + i, 902, 'used' from generate_series(1, 99) i;
insert into mp.listings (tenant_id, id, product_id, retailer_id) values (902, 99901, 9901, 901);
set local marketplace.tenant_id = '901';
set local marketplace.user_id = '1001';
select mp.ensure_partitions('mp.price_history', 16, 1) \g /dev/null
-- What a price at a moment makes: how many alerts.
create function pg_temp.price(listing bigint, ago interval, price bigint) returns bigint language plpgsql as $$
begin
  perform mp.record_price(listing, date_trunc('minute', now()) - ago, price);
  return (select m.alerts from mp.match_alerts() m);
end $$;
create function pg_temp.prices(listing bigint, days int[], prices bigint[]) returns bigint[] language sql as $$ select array_agg(pg_temp.price(listing, make_interval(days => d), p) order by i) from unnest(days, prices) with ordinality u (d, p, i) $$;
create function pg_temp.last_alert(of_product bigint) returns mp.alerts language sql as $$ select a from mp.alerts a where tenant_id = 901 and product_id = of_product order by id desc limit 1 $$;
create function pg_temp.age(of_product bigint, span interval) returns void language sql as $$ update mp.watches set last_notified_at = last_notified_at - span where tenant_id = 901 and product_id = of_product $$;

-- Watching
select cmp_ok(mp.watch(9001, 'target', target_minor => 1000), '>', 0::bigint, 'a watch has a number');
select is(mp.watch(9001, 'target', target_minor => 900), (select max(id) from mp.watches), 'the same kind on the same product is the same watch');
select is((select target_minor::bigint from mp.watches), 900::bigint, 'set anew');
select throws_ok('select mp.watch(9901, ''any_change'')', '23503', 'product 9901 does not exist', 'no watch on another tenant''s product');
select throws_ok('select mp.watch(9001, null)', '22004', 'kind must not be null', 'a watch has a kind');
select throws_like('select mp.watch(9001, ''target'')', '%"watches_target_fits"%', 'target needs a price');
select throws_like('select mp.watch(9001, ''any_change'', target_minor => 5)', '%"watches_target_fits"%', 'any_change has none');
select throws_like('select mp.watch(9001, ''pct_vs_prev'')', '%"watches_percent_fits"%', 'pct_vs_prev needs percent');
select throws_like('select mp.watch(9001, ''target'', target_minor => 5, percent => 5)', '%"watches_percent_fits"%', 'target has none');
select throws_like('select mp.watch(9001, ''pct_vs_prev'', percent => 100)', '%"watches_percent_range"%', 'nothing falls by all of it');
select throws_like('select mp.watch(9001, ''target'', target_minor => 5, reference_minor => 5)', '%"watches_reference_fits"%', 'target has no reference');
select throws_like('select mp.watch(9001, ''lowest_in_n_days'')', '%"watches_days_fit"%', 'lowest_in_n_days needs days');
select throws_like('select mp.watch(9001, ''historical_low'', days => 5)', '%"watches_days_fit"%', 'historical_low has none');
select throws_like('select mp.watch(9001, ''any_change'', retailers => ''{}'')', '%"watches_retailers_form"%', 'an empty list of retailers says nothing');
select throws_like('select mp.watch(9001, ''any_change'', max_per_day => 0)', '%"watches_max_per_day_range"%', 'a cap is at least one');
select throws_ok('select mp.watch(9001, ''pct_vs_ref'', percent => 10)', '22023', 'product 9001 has no price to compare with', 'a reference must come from somewhere');
select is((select count(*)::int from mp.watches), 1, 'refused is refused');

-- target
select is(mp.watch(9002, 'target', target_minor => 1000, hysteresis_percent => 10) > 0, true, 'a target');
select is(pg_temp.prices(90002, '{100,99}', '{1200,1001}'), '{0,0}', 'a price above it is silent');
select is(pg_temp.prices(90002, '{98}', '{1000}'), '{1}', 'the target itself fires');
select results_eq('select kind, price_minor::bigint, old_minor::bigint, reference_minor::bigint, user_id, listing_id from pg_temp.last_alert(9002)', $$values ('target'::mp.watch_kind, 1000::bigint, 1001::bigint, 1000::bigint, 1001::bigint, 90002::bigint)$$, 'and the alert says what happened');
select is(pg_temp.prices(90002, '{97,96}', '{1100,950}'), '{0,0}', 'a price that rose within the hysteresis doesn''t arm it again');
select is(pg_temp.prices(90002, '{95,94}', '{1101,990}'), '{0,1}', 'one above it does');
select is((select last_notified_minor::bigint from mp.watches where product_id = 9002), 990::bigint, 'the watch knows what it told');
select is(pg_temp.prices(90002, '{93}', '{900}'), '{0}', 'a lower price without a rise is silent');
select is(pg_temp.prices(90002, '{92,91}', '{null,890}'), '{0,0}', 'to be out of stock is no rise');
-- rearm_after
select is(mp.watch(9003, 'target', target_minor => 1000, rearm_after => '1 day', min_change_minor => 10) > 0, true, 'a target that time arms again');
select is(pg_temp.prices(90003, '{100,99}', '{1000,900}'), '{1,0}', 'not before its time');
select pg_temp.age(9003, '25 hours') \g /dev/null
select is(pg_temp.prices(90003, '{98}', '{991}'), '{0}', 'nor for a price that is hardly lower than what was told');
select is(pg_temp.prices(90003, '{97}', '{990}'), '{1}', 'but for a lower one');
select is(pg_temp.prices(90003, '{96}', '{800}'), '{0}', 'and then it waits again');

-- pct_vs_ref
select pg_temp.prices(90004, '{100}', '{2000}') \g /dev/null
select is(mp.watch(9004, 'pct_vs_ref', percent => 12.5) > 0, true, 'percent below the price of now');
select is((select reference_minor::bigint from mp.watches where product_id = 9004), 2000::bigint, 'which is kept');
select is(pg_temp.prices(90004, '{99}', '{1751}'), '{0}', 'less than that is silent');
select is(pg_temp.prices(90004, '{98}', '{1750}'), '{1}', 'as much fires');
select is(pg_temp.prices(90004, '{97}', '{1700}'), '{0}', 'once');

-- pct_vs_prev
select is(mp.watch(9005, 'pct_vs_prev', percent => 10) > 0, true, 'percent below the price before');
select is(pg_temp.prices(90005, '{100,99,98}', '{1000,901,820}'), '{0,0,0}', 'small steps are silent, and so is a first price');
select is(pg_temp.prices(90005, '{97}', '{738}'), '{1}', 'a large one fires');
select is(pg_temp.prices(90005, '{96,95}', '{1000,900}'), '{0,1}', 'every one');
select is(mp.watch(9006, 'pct_vs_prev', percent => 10, rearm_after => '1 day') > 0, true, 'with a time between');
select is(pg_temp.prices(90006, '{100,99,98,97}', '{1000,900,1000,900}'), '{0,1,0,0}', 'the same again is silent within it');
select is(pg_temp.prices(90006, '{96}', '{800}'), '{1}', 'a lower price than was told is not');
select pg_temp.age(9006, '25 hours') \g /dev/null
select is(pg_temp.prices(90006, '{95,94}', '{1000,900}'), '{0,1}', 'later it fires again');

-- historical_low
select is(mp.watch(9007, 'historical_low') > 0, true, 'the lowest price ever');
select is(pg_temp.prices(90007, '{400}', '{1000}'), '{0}', 'a first price is no low');
select is(pg_temp.prices(90007, '{390,380,370}', '{900,1100,901}'), '{1,0,0}', 'a lower one is, one between is not');
select is(pg_temp.prices(90007, '{360}', '{900}'), '{1}', 'the same low is one too, after a rise');
select is(mp.watch(9008, 'historical_low', hysteresis_percent => 20) > 0, true, 'with hysteresis');
select is(pg_temp.prices(90008, '{400,390,380,370}', '{1000,900,1080,890}'), '{0,1,0,0}', 'after a small rise it is silent');
select is(pg_temp.prices(90008, '{360,350}', '{1081,880}'), '{0,1}', 'after a large one it is not');
select is(pg_temp.prices(80008, '{40}', '{500}'), '{0}', 'another listing''s first price is no low');

-- lowest_in_n_days
select is(mp.watch(9009, 'lowest_in_n_days', days => 30) > 0, true, 'the lowest price in 30 days');
select is(pg_temp.prices(90009, '{400}', '{1000}'), '{0}', 'a first price is none');
select is(pg_temp.prices(90009, '{300,200}', '{800,1200}'), '{1,0}', 'a lower one is');
select is(pg_temp.prices(90009, '{100}', '{1100}'), '{1}', 'later one that was undercut long ago');
select is(pg_temp.prices(90009, '{90,80}', '{1300,1150}'), '{0,0}', 'not one that was undercut lately');
select is(mp.watch(9010, 'lowest_in_n_days', days => 10) > 0, true, 'in 10 days: the history is asked');
select is(pg_temp.prices(90010, '{100,50,45}', '{500,1000,900}'), '{0,0,0}', 'what held when the days began counts');
select is(pg_temp.prices(90010, '{30,25}', '{1000,990}'), '{0,0}', 'so does this');
select is(pg_temp.prices(90010, '{10,9}', '{1100,989}'), '{0,1}', 'the lowest of ten days');

-- back_in_stock
select is(mp.watch(9011, 'back_in_stock', target_minor => 1000) > 0, true, 'back in stock at a price');
select is(pg_temp.prices(90011, '{100,99,98}', '{1001,null,1001}'), '{0,0,0}', 'a dear one is silent');
select is(pg_temp.prices(90011, '{97,96}', '{null,1000}'), '{0,1}', 'a cheap one fires');
select is(pg_temp.prices(90011, '{95}', '{900}'), '{0}', 'a lower price is not back in stock');

-- any_change and jitter
select is(mp.watch(9012, 'any_change', min_change_minor => 10) > 0, true, 'any change of 10 or more');
select is(pg_temp.prices(90012, '{100}', '{1000}'), '{1}', 'a first price is one');
select is(pg_temp.prices(90012, '{99,98}', '{1009,1000}'), '{0,0}', 'jitter is none');
select is(pg_temp.prices(90012, '{97,96}', '{1006,1010}'), '{0,1}', 'small steps add up from what was told');
select is(pg_temp.prices(90012, '{95}', '{null}'), '{1}', 'to go is a change');
select is((pg_temp.last_alert(9012)).price_minor::bigint, null, 'which has no price');
select is(pg_temp.prices(90012, '{94}', '{1010}'), '{1}', 'to come back too');

-- rise
select is(mp.watch(9013, 'rise', percent => 5, min_change_minor => 100) > 0, true, 'a rise');
select is(pg_temp.prices(90013, '{100,99,98,97}', '{1000,1060,900,990}'), '{0,0,0,0}', 'smaller in money or percent, or a fall, is silent');
select is(pg_temp.prices(90013, '{96}', '{1090}'), '{1}', 'large enough in both fires');
select is(pg_temp.prices(90013, '{95,94}', '{100000,104000}'), '{1,0}', 'percent count of high prices');

-- no_change_for
create function pg_temp.quiet() returns bigint language sql as $$ select alerts from mp.match_quiet() $$;
create function pg_temp.quiet_again(of_product bigint) returns bigint language plpgsql as $$
begin
  update mp.watches set due_at = now() - interval '1 minute' where tenant_id = 901 and product_id = of_product;
  return pg_temp.quiet();
end $$;
select is(mp.watch(9014, 'no_change_for', days => 30) > 0, true, 'no change for 30 days');
select is(pg_temp.quiet(), 0::bigint, 'what was never on offer is not quiet');
select is(pg_temp.prices(90014, '{40,20}', '{1000,900}'), '{0,0}', 'changes are not its business');
select is(pg_temp.quiet_again(9014), 0::bigint, 'twenty days are too few');
select is((select due_at from mp.watches where product_id = 9014), date_trunc('minute', now()) + interval '10 days', 'it comes again when they are over');
select is(pg_temp.prices(90015, '{31}', '{1000}'), '{0}', 'another');
select is(mp.watch(9015, 'no_change_for', days => 30) > 0, true, 'of which the price was there before');
select is(pg_temp.quiet(), 1::bigint, 'fires');
select is(pg_temp.quiet_again(9015), 0::bigint, 'once');
select is(pg_temp.prices(80015, '{2}', '{1000}'), '{0}', 'until something changes');
select is(mp.watch(9015, 'no_change_for', days => 1) > 0, true, 'and then is quiet');
select is(pg_temp.quiet(), 1::bigint, 'when it fires again');
select is(mp.watch(9016, 'no_change_for', days => 1, expires_at => now() - interval '1 hour') > 0, true, 'one that is over');
select is(pg_temp.prices(90016, '{31}', '{1000}') || pg_temp.quiet(), '{0,0}', 'is silent');
select is((select due_at from mp.watches where product_id = 9016), 'infinity', 'for good');

-- Retailers, conditions, currency
select is(mp.watch(9020, 'any_change', retailers => '{902}') > 0, true, 'of one shop only');
select is(pg_temp.prices(90020, '{100}', '{1000}') || pg_temp.prices(80020, '{99}', '{1000}'), '{0,1}', 'others are silent');
select is(mp.watch(9021, 'any_change', conditions => '{new}') > 0, true, 'in one state only');
select is(pg_temp.prices(80021, '{100}', '{1000}') || pg_temp.prices(90021, '{99}', '{1000}'), '{0,1}', 'others are silent');
update mp.listings set currency = 'USD' where id = 90022;
select is(mp.watch(9022, 'any_change') > 0, true, 'in the product''s currency');
select is(pg_temp.prices(90022, '{100}', '{1000}'), '{0}', 'another doesn''t count');

-- Pause, end, cap
select is(mp.watch(9023, 'any_change') > 0, true, 'one to be paused');
create function pg_temp.of(of_product bigint) returns bigint language sql as $$ select id from mp.watches where tenant_id = 901 and product_id = of_product and deleted_at is null $$;
select is(mp.pause_watch(pg_temp.of(9023), now() + interval '1 hour'), true, 'paused');
select is(pg_temp.prices(90023, '{100}', '{1000}'), '{0}', 'it is silent');
select is(mp.resume_watch(pg_temp.of(9023)), true, 'resumed');
select is(pg_temp.prices(90023, '{99}', '{999}'), '{1}', 'it is not, and what was is not told');
select is(mp.pause_watch(pg_temp.of(9023), now() - interval '1 hour') and pg_temp.price(90023, '98 days', 998) = 1, true, 'a pause ends');
select throws_ok('select mp.pause_watch(1, null)', '22004', 'until must not be null', 'a pause has an end, or infinity');
select is(mp.unwatch(pg_temp.of(9023)), true, 'given up');
select is(pg_temp.prices(90023, '{97}', '{997}'), '{0}', 'it is silent');
select is(mp.unwatch((select id from mp.watches where product_id = 9023)), false, 'and can''t be given up again');
select is(mp.watch(9024, 'any_change', expires_at => now() + interval '1 hour') > 0 and pg_temp.price(90024, '100 days', 1000) = 1, true, 'before its end it fires');
update mp.watches set expires_at = now() - interval '1 hour' where product_id = 9024;
select is(pg_temp.prices(90024, '{99}', '{999}'), '{0}', 'after it is silent');
select is(mp.watch(9025, 'any_change', max_per_day => 2) > 0, true, 'two a day');
select is(pg_temp.prices(90025, '{100,99,98}', '{1000,1001,1002}'), '{1,1,0}', 'a third is not told');
update mp.watches set day_of_count = day_of_count - 1 where product_id = 9025;
select is(pg_temp.prices(90025, '{97}', '{1003}'), '{1}', 'the next day is a new one');
select is((select day_count from mp.watches where product_id = 9025), 1, 'and counts anew');

-- The queue of changes
select is(mp.watch(9026, 'any_change', max_per_day => 3) > 0, true, 'many changes at once');
select is(mp.record_prices('{90026,90026,80026}', array[now() - interval '3 hours', now() - interval '2 hours', now() - interval '1 hour'], '{1000,1100,1200}'), 3::bigint, 'are queued');
select is((select count(*)::int from mp.price_changes), 2, 'the newest of each listing');
select results_eq('select changes, alerts, busy from mp.match_alerts()', 'values (2::bigint, 2::bigint, false)', 'and each is told');
select is_empty('select * from mp.price_changes', 'nothing is left');
select results_eq('select changes, alerts, busy from mp.match_alerts()', 'values (0::bigint, 0::bigint, false)', 'and nothing is told twice');
select is(mp.record_price(90026, now() - interval '150 minutes', 500), true, 'a late observation that changes nothing of now');
select is_empty('select * from mp.price_changes', 'is not queued');
select mp.queue_price_changes(901, '{90026}', array[now() - interval '3 hours'], '{2000}', '{500}') \g /dev/null
select is_empty('select * from mp.price_changes', 'nor is a change that doesn''t hold');
select is(mp.record_price(90027, now() - interval '1 hour', 500), true, 'what nobody watches');
select is_empty('select * from mp.price_changes', 'is not queued');
select is(mp.watch(9028, 'target', target_minor => 1000) > 0, true, 'a price that came and went before anybody looked');
select mp.record_price(90028, now() - interval '3 hours', 900), mp.record_price(90028, now() - interval '2 hours', 1100) \g /dev/null
select results_eq('select changes, alerts from mp.match_alerts()', 'values (2::bigint, 0::bigint)', 'is not told');
select is(mp.watch(9029, 'target', target_minor => 1000) > 0, true, 'of two cheap offers at once');
select mp.record_prices('{90029,80029}', array[now() - interval '3 hours', now() - interval '2 hours'], '{900,800}') \g /dev/null
select is((select alerts from mp.match_alerts()), 1::bigint, 'one is told');
select is((pg_temp.last_alert(9029)).price_minor::bigint, 800::bigint, 'the cheaper');
select is(mp.watch(9030, 'any_change', max_per_day => 1) > 0, true, 'the cap holds within a batch');
select mp.record_prices('{90030,80030}', array[now() - interval '3 hours', now() - interval '2 hours'], '{900,800}') \g /dev/null
select is((select alerts from mp.match_alerts()), 1::bigint, 'of two changes one is told');
select throws_ok('select mp.match_alerts(0)', '22023', null, 'no empty batch');
select throws_ok('select mp.match_quiet(0)', '22023', null, 'none of quiet ones');
insert into mp.alerts (tenant_id, watch_id, change_id, user_id, product_id, listing_id, kind, currency, price_at) values (901, 1, 1, 1001, 9001, 90001, 'target', 'EUR', now());
select throws_ok($$insert into mp.alerts (tenant_id, watch_id, change_id, user_id, product_id, listing_id, kind, currency, price_at) values (901, 1, 1, 1001, 9001, 90001, 'target', 'EUR', now())$$, '23505', null, 'a watch has one alert of a change');
delete from mp.alerts where watch_id = 1 and change_id = 1;

-- Out to the users
select is((select count(distinct a) from mp.outbox o cross join jsonb_array_elements(o.payload -> 'alert_ids') a where o.topic = 'alert'), (select count(*) from mp.alerts), 'each alert is in a message');
select is((select count(*)::int from mp.alerts a where (select count(*) from mp.outbox o where o.tenant_id = 901 and o.topic = 'alert' and o.payload -> 'alert_ids' @> to_jsonb(a.id)) <> 1), 0, 'in one only');
set local marketplace.user_id = '1002';
select is(mp.watch(9040, 'any_change') > 0, true, 'a second user');
select mp.set_notification_preference('in_app', false), mp.set_notification_preference('email', true, '00:00', '23:59:59', 'UTC') \g /dev/null
select is(pg_temp.prices(90040, '{50}', '{1000}'), '{1}', 'has an alert');
set local marketplace.user_id = '1001';
select is(mp.deliver_alerts(100000), (select count(*) from mp.alerts), 'all are handed on');
select is(mp.deliver_alerts(), 0::bigint, 'once');
select is((select count(*) from mp.notifications where kind = 'alert'), (select count(*) from mp.alerts where user_id = 1001), 'as notifications of those who want them');
select results_eq($$select payload ->> 'user_id', visible_at > now() from mp.outbox where topic = 'alert.email'$$, $$values ('1002', true)$$, 'and as messages of other channels, after the quiet hours');
select is(mp.unread_notifications(), (select count(*) from mp.notifications), 'none is read');
select is(mp.unread_notifications(3), 3::bigint, 'counted no further than asked');
select is((select count(*)::int from mp.my_notifications(lim => 10)), 10, 'a page of them');
select is((select max(id) from mp.my_notifications((select min(id) from mp.my_notifications(lim => 10)), 10)), (select id from mp.notifications order by id desc offset 10 limit 1), 'and the next');
select is(mp.mark_notifications_read((select max(id) from mp.notifications) - 1), (select count(*) - 1 from mp.notifications), 'read up to one');
select is((select count(*)::int from mp.my_notifications(only_unread => true)), 1, 'one is left');
select is(mp.notify_users('{1001,1002,1003,77}', 'system', 'system.hello'), 2::bigint, 'those are told who exist and want it');
select results_eq($$select mp.deliverable_at(1002, 'in_app'), mp.deliverable_at(1002, 'push'), mp.deliverable_at(1001, 'in_app')$$, 'values (null::timestamptz, null::timestamptz, now())', 'what is off is never delivered, what is on at once');
select mp.set_notification_preference('sms', true, '22:00', '07:00', 'Europe/Berlin') \g /dev/null
select results_eq($$select mp.deliverable_at(1001, 'sms', t::timestamptz) from unnest(array['2026-06-01 21:59+02', '2026-06-01 22:00+02', '2026-06-02 06:59+02', '2026-06-02 07:00+02']) t$$,
  $$select t::timestamptz from unnest(array['2026-06-01 21:59+02', '2026-06-02 07:00+02', '2026-06-02 07:00+02', '2026-06-02 07:00+02']) t$$, 'quiet hours go over midnight, where the user is');
select throws_ok($$select mp.set_notification_preference('sms', true, '22:00', '07:00', 'Mars/Olympus')$$, '22023', 'time zone "Mars/Olympus" does not exist', 'on this planet');
select throws_like($$select mp.set_notification_preference('sms', true, '22:00')$$, '%"notification_preferences_quiet_whole"%', 'quiet hours have two ends');
select is(mp.ensure_partitions('mp.notification_log') + mp.ensure_partitions('mp.user_activity_log'), 0, 'the logs have their partitions');
select is(mp.ensure_partitions('mp.notification_log', 2, 1), 1, 'and get more');
select lives_ok($$select mp.log_notification(1001, 'email', 'sent', alert => 1), mp.record_activity('product.viewed', 'product', 9001)$$, 'what is sent and done is noted');
select results_eq('select l.channel::text, a.action from mp.notification_log l, mp.user_activity_log a', $$values ('email', 'product.viewed')$$, 'there it is');

-- Tenants and users
grant select, insert, update, delete on all tables in schema mp to mp_app, mp_user;
set local role mp_user;
set local marketplace.user_id = '1001';
select is((select count(*)::int from mp.watches) + (select count(*)::int from mp.alerts) + (select count(*)::int from mp.price_changes), 0, 'a user sees no watch or alert of others, whatever the setting says');
select is(mp.watch(9050, 'any_change') > 0, true, 'and has their own');
select results_eq('select user_id, product_id from mp.user_products', 'values (1003::bigint, 9050::bigint)', 'also by the name user_products');
select is((select count(*)::int from mp.my_watches()), 1, 'listed');
select is(mp.unwatch((select 1::bigint)), false, 'nobody else''s can be given up');
select is(mp.record_price(90002, now(), 10), true, 'who records a price');
reset role;
select is((select count(*)::int from mp.price_changes), 1, 'queues it for the watches of others, unseen');
set local role mp_user;
select is((select changes from mp.match_alerts()), 0::bigint, 'but takes nothing from the queue');
select throws_ok($$insert into mp.notifications (tenant_id, user_id, kind, template) values (901, 1001, 'system', 'system.fake')$$, '42501', null, 'nor notifies others');
reset role;
set local role mp_app;
set local marketplace.user_id = '';
set local marketplace.tenant_id = '902';
select is((select changes from mp.match_alerts()), 0::bigint, 'another tenant''s worker takes nothing of it');
select is((select count(*)::int from mp.watches) + (select count(*)::int from mp.alerts) + (select count(*)::int from mp.notifications) + (select count(*)::int from mp.notification_log) + (select count(*)::int from mp.user_activity_log), 0, 'and sees nothing');
set local marketplace.tenant_id = '901';
select is((select changes from mp.match_alerts()), 1::bigint, 'a worker of the tenant, who is no user, does');
set local marketplace.tenant_id = '';
select throws_ok('select mp.match_alerts()', '42501', 'the session acts for no tenant', 'who acts for nobody can''t');
reset role;
select * from finish();
rollback;
