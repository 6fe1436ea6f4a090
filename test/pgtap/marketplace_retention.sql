-- How long notifications and alerts are kept. Expects nothing; installs a marketplace into schema mp.
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp', '{"modules": ["alerts"]}') \g /dev/null
select plan(30);
create function pg_temp.plan_of(statement text) returns setof text language plpgsql as $$ begin return query execute 'explain (costs off) ' || statement; end $$;

create role mp_retention_app;
grant usage on schema mp to mp_retention_app;
grant select, insert, update, delete on all tables in schema mp to mp_retention_app;
insert into mp.database_roles (role_name, kind) values ('mp_retention_app', 'application');
insert into mp.tenants (id, name, slug) values (901, 'First', 'first'), (902, 'Second', 'second');
select set_config('marketplace.tenant_id', '901', true) \g /dev/null
-- Numbers are in the order of time. 10 were read 100 days ago, 10 yesterday; 10 were never read, one of them for years.
insert into mp.notifications (tenant_id, id, user_id, kind, template, created_at, read_at)
  select 901, 100 + i, 7, 'system'::mp.notification_kind, 'system.hello', now() - interval '700 days' + i * interval '1 day', null::timestamptz from generate_series(1, 1) i
  union all select 901, 200 + i, 7, 'system'::mp.notification_kind, 'system.hello', now() - interval '110 days', now() - interval '100 days' - i * interval '1 hour' from generate_series(1, 10) i
  union all select 901, 300 + i, 7, 'system'::mp.notification_kind, 'system.hello', now() - interval '109 days', null from generate_series(1, 9) i
  union all select 901, 400 + i, 7, 'system'::mp.notification_kind, 'system.hello', now() - interval '108 days', now() - interval '1 day' from generate_series(1, 10) i
  union all select 902, 500 + i, 8, 'system'::mp.notification_kind, 'system.hello', now() - interval '800 days', now() - interval '799 days' from generate_series(1, 5) i;
insert into mp.alerts (tenant_id, id, watch_id, change_id, user_id, product_id, listing_id, kind, currency, price_at, created_at)
  select t, t * 1000 + i, 1, i, 7, 1, 1, 'any_change'::mp.watch_kind, 'EUR', now(), now() - interval '500 days' + i * interval '10 days' from generate_series(1, 30) i, unnest(array[901, 902]) t;

-- Notifications
select is(mp.purge_notifications('101 days', lim => 1000), 1::bigint, 'what nobody has read for a year goes');
select is((select array_agg(id) from mp.notifications where id < 200), null, 'that one');
select is(mp.purge_notifications('90 days', lim => 4), 4::bigint, 'as much as is said');
select is((select array_agg(id order by id) from mp.notifications where tenant_id = 901 and id between 200 and 299), array[201, 202, 203, 204, 205, 206]::bigint[], 'what was read first goes first');
select is(mp.purge_notifications(), 6::bigint, 'then the rest of what was read 90 days ago');
select is(mp.purge_notifications(), 0::bigint, 'then there is nothing to remove');
select is((select count(*)::int from mp.notifications where tenant_id = 901 and read_at is null), 9, 'what was not read stays');
select is((select count(*)::int from mp.notifications where tenant_id = 901 and read_at is not null), 10, 'and what was read yesterday');
select is((select count(*)::int from mp.notifications where tenant_id = 902), 5, 'and all of another tenant''s');
select is(mp.purge_notifications('1 day', '100 days', 12), 12::bigint, 'both kinds at once, no more than said');
select is((select count(*)::int from mp.notifications where tenant_id = 901 and read_at is not null), 0, 'read ones first');
select is(mp.purge_notifications('0', '0'), 7::bigint, 'with no age all goes');
select throws_ok($$select mp.purge_notifications('-1 day')$$, '22023', null, 'no negative age');
select throws_ok($$select mp.purge_notifications(unread_older_than => '-1 day')$$, '22023', null, 'nor of those that were not read');
select throws_ok($$select mp.purge_notifications(null)$$, '22023', null, 'nor none');
select throws_ok($$select mp.purge_notifications(lim => 0)$$, '22023', null, 'no empty batch');
set local enable_seqscan = off;
select matches((select string_agg(p, ' ') from (select pg_temp.plan_of($q$select d.id from mp.notifications d where d.tenant_id = 901 and d.read_at <= now() order by d.read_at limit 10$q$) p) l), 'notifications_read', 'what was read is found by an index');
reset enable_seqscan;

-- Alerts
select is(mp.purge_alerts('400 days', 4), 4::bigint, 'old alerts go, as many as is said');
select is((select min(id) from mp.alerts where tenant_id = 901), 901005::bigint, 'the oldest first');
select is(mp.purge_alerts('400 days'), 6::bigint, 'then the rest of them');
select is(mp.purge_alerts('400 days'), 0::bigint, 'then there is nothing to remove');
select is(mp.purge_alerts(), 3::bigint, 'a year is the age that nobody says');
select is((select count(*)::int from mp.alerts where tenant_id = 902), 30, 'another tenant''s stay');
select throws_ok($$select mp.purge_alerts('-1 day')$$, '22023', null, 'no negative age');
select throws_ok($$select mp.purge_alerts(lim => 1000001)$$, '22023', null, 'no batch without end');

-- Who may
set local role mp_retention_app;
set local marketplace.user_id = '7';
select is(mp.purge_alerts('0'), 0::bigint, 'a user removes no alert');
set local marketplace.tenant_id = '902';
set local marketplace.user_id = '';
select is(mp.purge_notifications(), 5::bigint, 'a worker removes its tenant''s');
select is(mp.purge_alerts('0'), 30::bigint, 'alerts too');
set local marketplace.tenant_id = '';
select throws_ok('select mp.purge_alerts()', '42501', 'the session acts for no tenant', 'who acts for nobody can''t');
reset role;
select is((select count(*)::int from mp.alerts where tenant_id = 901), 17, 'and nobody removed the others''');
select * from finish();
rollback;
