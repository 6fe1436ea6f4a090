-- Settings of the module: there once it is loaded, whether at the server's start or not.
begin;
select plan(14);
select lives_ok($$load 'deal_advisor'$$, 'the module loads without shared_preload_libraries');
select results_eq($$select name, setting, unit, vartype, context, min_val, max_val from pg_settings where name ~ '^deal_advisor\.' order by name$$,
  $$values ('deal_advisor.audit_claims', 'request.jwt.claims', null, 'string', 'superuser', null, null), ('deal_advisor.audit_context', '', null, 'string', 'user', null, null), ('deal_advisor.databases_maintain', '*', null, 'string', 'sighup', null, null), ('deal_advisor.ingest_rows', '200', null, 'integer', 'user', '1', '2147483647'), ('deal_advisor.maintenance_repeat', '900', 's', 'integer', 'superuser', '0', '2592000')$$,
  'the settings, their defaults and who may change them');
select is((select count(*) from pg_settings where name ~ '^deal_advisor\.' and (short_desc is null or extra_desc is null)), 0::bigint, 'each is described');
select ok(bool_and(name ~ '^deal_advisor\.[a-z]+_[a-z]+$'), 'named noun and verb') from pg_settings where name ~ '^deal_advisor\.';
select is(current_setting('deal_advisor.maintenance_repeat'), '15min', 'a quarter of an hour');
select lives_ok($$set local deal_advisor.maintenance_repeat = '2h'$$, 'a unit is understood');
select is((select setting from pg_settings where name = 'deal_advisor.maintenance_repeat'), '7200', 'and counted in seconds');
select throws_ok($$set local deal_advisor.maintenance_repeat = -1$$, '22023', null, 'less than nothing');
select throws_ok($$set local deal_advisor.maintenance_repeat = '31d'$$, '22023', null, 'more than thirty days');
select throws_ok($$set local deal_advisor.maintenance_repeat = 'soon'$$, '22023', null, 'no number');
select throws_ok($$set local deal_advisor.databases_maintain = 'shop'$$, '55P02', null, 'the list is for the whole cluster');
create role settings_nobody;
set local role settings_nobody;
select throws_ok($$set local deal_advisor.maintenance_repeat = 1$$, '42501', null, 'not for everybody');
select is(current_setting('deal_advisor.maintenance_repeat'), '2h', 'but everybody may look');
reset role;
select is((select count(*) from pg_stat_activity where backend_type ~ '^deal_advisor'), 0::bigint, 'without shared_preload_libraries there is no launcher');
select * from finish();
rollback;
