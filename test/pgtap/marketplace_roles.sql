-- The database roles that a marketplace gets on request: what each may and may not, making, adding to and dropping them.
begin;
set local client_min_messages = warning;
create extension if not exists pgcrypto;
create extension if not exists pg_trgm;
select deal_advisor.marketplace_install('mp') \g /dev/null
select no_plan();

-- Everything below is rolled back, the roles too.
create function pg_temp.made(market name, prefix name default null) returns text language sql as
  $$select string_agg(concat_ws(' ', role_name, state, case when granted > 0 then 'with rights' end), ', ') from deal_advisor.marketplace_create_roles(market, prefix)$$;
create function pg_temp.dropped(market name) returns text language sql as
  $$select string_agg(role_name || ' ' || state, ', ') from deal_advisor.marketplace_drop_roles(market)$$;
-- What comes of a statement of a role that acts for a tenant and perhaps a user: ok, or the error's SQLSTATE.
create function pg_temp.try(role name, statement text, person bigint default null, tenant bigint default 900001) returns text language plpgsql as $$
begin
  perform set_config('marketplace.tenant_id', coalesce(tenant::text, ''), true), set_config('marketplace.user_id', coalesce(person::text, ''), true);
  perform set_config('role', role, true);
  execute statement;
  perform set_config('role', 'none', true);
  return 'ok';
exception when others then
  return sqlstate;
end $$;
-- The answer of a query, or the error's SQLSTATE.
create function pg_temp.ask(role name, query text, person bigint default null, tenant bigint default 900001) returns text language plpgsql as $$
declare
  answer text;
begin
  perform set_config('marketplace.tenant_id', coalesce(tenant::text, ''), true), set_config('marketplace.user_id', coalesce(person::text, ''), true);
  perform set_config('role', role, true);
  execute query into answer;
  perform set_config('role', 'none', true);
  return answer;
exception when others then
  return sqlstate;
end $$;

-- Making
select is((select count(*)::int from pg_roles where rolname like 'mp\_%'), 0, 'installing makes no role');
select is(pg_temp.made('mp'), 'mp_app created with rights, mp_worker created with rights, mp_analyst created with rights, mp_support created with rights', 'one call makes four, with their rights');
select is(pg_temp.made('mp'), 'mp_app found, mp_worker found, mp_analyst found, mp_support found', 'called again it finds them and gives nothing');
select is((select count(*)::int from pg_roles where rolname like 'mp\_%' and (rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)), 0, 'none of them can log in, or may anything of the server''s');
select is((select string_agg(role_name || ' ' || kind, ', ' order by role_name) from mp.database_roles), 'mp_app application, mp_worker application', 'application and worker say for whom they act');
select is((select string_agg(state, ',') from deal_advisor.marketplace_status('mp')), 'ok', 'the marketplace has not drifted by it');
select is_empty($$select g.object from deal_advisor.marketplace_role_grants() g where g.privilege = 'EXECUTE' and not exists (select from pg_proc where pronamespace = 'mp'::regnamespace and proname = g.object)$$, 'every function in the list of rights is one of a whole marketplace');
select is_empty($$select g.object from deal_advisor.marketplace_role_grants() g where g.privilege <> 'EXECUTE' and not exists (select from pg_class where relnamespace = 'mp'::regnamespace and relname = g.object)$$, 'every table in it is one');
select is_empty($$select distinct g.object, c from deal_advisor.marketplace_role_grants() g, unnest(g.columns) c where g.object <> 'users' and not exists (select from pg_attribute where attrelid = format('mp.%I', g.object)::regclass and attname = c)$$, 'and so is every column, but for those of encrypted addresses');
select is_empty($$select distinct g.object from deal_advisor.marketplace_role_grants() g join pg_proc p on p.pronamespace = 'mp'::regnamespace and p.proname = g.object
  where g.privilege = 'EXECUTE' and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)$$, 'no function in it is one that PUBLIC may call anyway');
select is((select string_agg(p.proname, ' ' order by p.proname) from pg_proc p where p.pronamespace = 'mp'::regnamespace and p.prosecdef and p.prorettype <> 'trigger'::regtype
  and not exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner)), 'erase_user person_tenant require_control require_role_control seed_roles',
  'of the functions with their owner''s rights that PUBLIC may not call, these stay the owner''s');

-- Data
insert into mp.tenants (id, name, slug) values (900001, 'Sellers', 'sellers'), (900002, 'Others', 'others');
insert into mp.retailers (id, name, slug) values (900001, 'Shop', 'shop-of-the-roles-test');
alter table mp.users alter id restart with 9000011;
select mp.add_user(900001, 'person' || n || '@example.com', 'Person ' || n, 'active') from generate_series(1, 3) n \g /dev/null
select mp.add_user(900002, 'other@example.com', 'Other', 'active') \g /dev/null
insert into mp.products (tenant_id, id, name) values (900001, 900001, 'Kettle'), (900002, 900002, 'Pan');
insert into mp.listings (tenant_id, id, product_id, retailer_id, condition, currency) values (900001, 900001, 900001, 900001, 'new', 'EUR'), (900001, 900003, 900001, 900001, 'used', 'EUR'), (900002, 900002, 900002, 900001, 'new', 'EUR');

-- The application
select is(pg_temp.ask('mp_app', 'select string_agg(name, '','') from mp.products', tenant => null), null, 'the application sees nothing without a tenant');
select is(pg_temp.ask('mp_app', 'select string_agg(name, '','') from mp.products'), 'Kettle', 'it sees the tenant that it names');
select is(pg_temp.try('mp_app', format('select * from mp.%s', call), 9000011), 'ok', 'as a user the application calls ' || split_part(call, '(', 1))
  from unnest(array['search_products(''kettle'')', 'similar_products(900001)', 'best_offers(900001)', 'latest_prices(''{900001}'')', 'price_history(900001, now() - interval ''9 days'', now(), interval ''1 day'')', 'price_stats(900001)', 'prior_price(900001)',
    'discount_check(900001)', 'deal_score(900001)', 'top_deals()', 'tenant_statistics()', 'dashboard(current_date - 1, current_date)', 'market_levels()',
    'watch(900001, ''target'', 100)', 'my_watches()', 'my_notifications()', 'mark_notifications_read()', 'unread_notifications()', 'set_notification_preference(''email'')', 'record_activity(''product.viewed'')',
    'enqueue(''mail'', ''{}'')', 'open_conversation(''{9000012}'')', 'inbox()', 'unread_counts()', 'search_messages(''hello'')', 'set_phone(900001, 9000011, ''+4930123456'')', 'phone_of(900001, 9000011)',
    'set_address(900001, 9000011, ''{"city": "Berlin"}'')', 'address_of(900001, 9000011)', 'email_of(900001, 9000011)', 'my_sessions()', 'my_identities()', 'my_api_tokens()', 'create_api_token(''script'', ''{}'')',
    'has_permission(9000011, ''catalog.read'')', 'export_user(9000011)']) call;
select is(pg_temp.try('mp_app', format('select * from mp.%s', call)), 'ok', 'for a visitor it calls ' || split_part(call, '(', 1))
  from unnest(array['register_user(''new@example.com'', ''New'', ''correct horse battery'')', 'verify_password(''person1@example.com'', ''wrong horse'')', 'request_password_reset(''person1@example.com'')',
    'renew_verification(''person1@example.com'')', 'throttled(''person1@example.com'', null)', 'user_of_identity(''google'', ''1'')', 'create_session(9000011)', 'check_session(''nothing'')', 'user_of_email(900001, ''person1@example.com'')',
    'users_of_phone(900001, ''+4930123456'')']) call;
select is(pg_temp.try('mp_app', $x$do $do$ declare c bigint; s bigint; begin
    c := mp.open_conversation('{9000012}'); s := mp.post_message(c, 'hello'); perform mp.edit_message(c, s, 'hello there'); perform mp.react(c, s, '+'); perform mp.unreact(c, s, '+');
    perform * from mp.conversation_page(c); perform mp.mark_read(c); s := mp.make_offer(c, 100, 'EUR'); perform mp.withdraw_offer(c, s); s := mp.post_message(c, 'x'); perform mp.delete_message(c, s); end $do$$x$, 9000011), 'ok', 'it holds a whole conversation');
select is(pg_temp.try('mp_app', $$with p as (insert into mp.products (tenant_id, name) values (900001, 'Toaster') returning id), l as (insert into mp.listings (tenant_id, product_id, retailer_id, currency) select 900001, id, 900001, 'EUR' from p returning id)
  update mp.products set name = 'Kettles' where id = 900001$$, 9000011), 'ok', 'it adds and changes products and listings');
select is(pg_temp.try('mp_app', 'update mp.listings set deleted_at = now() where id = 900003', 9000011), 'ok', 'it takes listings off');
select is(pg_temp.try('mp_app', 'update mp.users set display_name = ''Jane'' where id = 9000011', 9000011), 'ok', 'it changes profiles');
select is(pg_temp.try('mp_app', statement), '42501', 'it may not: ' || statement) from unnest(array['update mp.users set status = ''suspended''', 'update mp.users set email = ''mine@example.com''', 'insert into mp.users (tenant_id, email, display_name) values (900001, ''x@example.com'', ''X'')',
  'select * from mp.user_identities', 'select * from mp.api_tokens', 'select * from mp.session_tokens', 'select * from mp.one_time_tokens', 'select * from mp.login_throttle', 'select * from mp.database_roles', 'insert into mp.database_roles (role_name, kind) values (''mp_app2'', ''application'')',
  'select * from mp.record_price(900001, now(), 100)', 'update mp.listings set last_price_minor = 1', 'select * from mp.dequeue(''mail'')', 'select * from mp.match_alerts()', 'select * from mp.outbox', 'insert into mp.alerts (tenant_id, watch_id, user_id, product_id, listing_id, kind, currency, price_at) values (900001, 1, 9000011, 900001, 900001, ''target'', ''EUR'', now())',
  'select * from mp.refresh_deals()', 'select * from mp.fold_statistics()', 'select * from mp.erase_user(9000011)', 'select * from mp.category_price_levels', 'insert into mp.categories (name, slug) values (''C'', ''c'')', 'insert into mp.tenants (name, slug) values (''T'', ''t'')',
  'truncate mp.products', 'delete from mp.messages', 'create table mp.mine ()']) statement;

-- The worker
select is(pg_temp.try('mp_worker', format('select * from mp.%s', call)), 'ok', 'the worker calls ' || split_part(call, '(', 1))
  from unnest(array['record_price(900001, now() - interval ''2 days'', 1000)', 'record_price(900001, now() - interval ''1 day'', 900)', 'record_price(900001, now() - interval ''36 hours'', 950)', 'refresh_deals()', 'deal_scores(''{900001}'')', 'fold_statistics()', 'refresh_tenant_stats()', 'match_alerts()', 'match_quiet()', 'deliver_alerts()',
    'notify_users(''{9000011}'', ''system'', ''system.maintenance'')', 'deliverable_at(9000011, ''email'')', 'log_notification(9000011, ''email'', ''sent'')', 'email_of(900001, 9000011)', 'phone_of(900001, 9000011)', 'enqueue(''mail'', ''{}'')', 'dequeue(''mail'')', 'dead_letters()', 'requeue(''{1}'')', 'purge_outbox()', 'purge_notifications()', 'purge_alerts()']) call;
select is(pg_temp.ask('mp_worker', 'select deal_advisor.marketplace_record_obstacle(''mp'', 900001)'), null, 'nothing stands in its way past the executor');
select is(pg_temp.try('mp_worker', $x$do $do$ declare m record; begin
    perform mp.enqueue('print', '{}'); select * into m from mp.dequeue('print'); perform mp.fail(array[m.id], m.claim, 'no paper', '0'); select * into m from mp.dequeue('print'); perform mp.ack(array[m.id], m.claim); end $do$$x$), 'ok', 'it works a queue off');
select is(pg_temp.try('mp_worker', $$insert into mp.price_feed (tenant_id, listing_id, observed_at, price_minor) values (900001, 900001, now(), 800), (900001, 900009, now(), 800)$$), 'ok', 'it feeds prices');
select is(pg_temp.try('mp_worker', 'select mp.record_feed_chunk(array(select ctid from mp.price_feed))'), 'ok', 'and records them');
select is(pg_temp.ask('mp_worker', 'select reason from mp.price_feed_rejects'), 'the listing does not exist', 'and reads what can''t be');
select is(pg_temp.ask('mp_worker', 'select string_agg(distinct tenant_id::text, '','') from mp.listings'), '900001', 'it acts for one tenant at a time');
select is(pg_temp.try('mp_worker', statement), '42501', 'it may not: ' || statement) from unnest(array['select * from mp.messages', 'select * from mp.conversations', 'select * from mp.sessions', 'select * from mp.user_identities', 'select * from mp.verify_password(''a@b.c'', ''x'')', 'select * from mp.create_session(9000011)', 'select * from mp.export_user(9000011)',
  'select * from mp.user_of_email(900001, ''person1@example.com'')', 'update mp.users set display_name = ''X''', 'insert into mp.products (tenant_id, name) values (900001, ''P'')', 'delete from mp.products', 'delete from mp.watches', 'insert into mp.database_roles (role_name, kind) values (''x'', ''application'')', 'select settings from mp.tenants', 'truncate mp.outbox']) statement;

-- Who only looks: a person's login is a member, and database_roles says of which tenant.
create role roles_test_analyst in role mp_analyst;
create role roles_test_support in role mp_support;
select is(pg_temp.ask('roles_test_analyst', 'select count(*) from mp.products'), '0', 'a member sees nothing before it is said of which tenant, whatever the settings say');
insert into mp.database_roles (role_name, kind, tenant_id) values ('roles_test_analyst', 'tenant', 900001), ('roles_test_support', 'tenant', 900001);
select is(pg_temp.ask('roles_test_analyst', 'select string_agg(distinct tenant_id::text, '','') from mp.products', tenant => 900002), '900001', 'then it sees that tenant, and no other by a setting');
select is(pg_temp.ask('roles_test_analyst', 'select mp.current_user_id()', 9000011), null, 'and is none of its users');
select is(pg_temp.try('roles_test_analyst', format('select * from mp.%s', source)), 'ok', 'the analyst reads ' || source) from unnest(array['retailers', 'categories', 'brands', 'products', 'listings', 'price_history', 'price_daily', 'deals', 'listing_scores', 'tenant_stats', 'dashboard_stats', 'users_masked', 'public_profiles',
  'tenant_statistics()', 'market_levels()', 'price_stats(900001)', 'top_deals()', 'search_products(''kettle'')']) source;
select is(pg_temp.ask('roles_test_analyst', 'select min(email) from mp.users_masked'), 'n***@e***.com', 'addresses are masked');
select is(pg_temp.ask('roles_test_analyst', 'select count(*) from mp.users_masked where tenant_id <> 900001'), '0', 'and of one tenant');
select is(pg_temp.try('roles_test_analyst', format('select * from mp.%s', source)), '42501', 'the analyst may not read ' || source) from unnest(array['users', 'user_profiles', 'watches', 'alerts', 'notifications', 'notification_log', 'user_activity_log', 'messages', 'conversations', 'participants', 'sessions', 'login_attempts', 'user_identities', 'api_tokens', 'outbox', 'tenants', 'database_roles', 'personal_data',
  'user_of_email(900001, ''person1@example.com'')', 'export_user(9000011)', 'search_messages(''hello'')']) source;
select is(pg_temp.try('roles_test_support', format('select * from mp.%s', source)), 'ok', 'support reads ' || source) from unnest(array['products', 'listings', 'users_masked', 'watches', 'user_products', 'alerts', 'notification_preferences', 'user_roles', 'user_of_email(900001, ''person1@example.com'')', 'users_of_phone(900001, ''+4930123456'')', 'has_permission(9000011, ''users.read'')']) source;
select is(pg_temp.ask('roles_test_support', 'select mp.user_of_email(900001, ''person2@example.com'')'), '9000012', 'it finds a person by the address');
select is(pg_temp.ask('roles_test_support', 'select mp.user_of_email(900002, ''other@example.com'')'), '42501', 'of its tenant');
select is(pg_temp.ask('roles_test_support', 'select count(*) from mp.watches'), '1', 'it sees what people watch');
select is(pg_temp.ask('roles_test_support', 'select string_agg(channel || '' '' || outcome, '','') from mp.notification_log'), 'email sent', 'and what they were told');
select is(pg_temp.try('roles_test_support', format('select %s from mp.%s', what, source)), '42501', format('support may not read %s of %s', what, source)) from (values ('email', 'users'), ('phone', 'user_profiles'), ('payload', 'notifications'), ('detail', 'notification_log'), ('details', 'user_activity_log'), ('settings', 'tenants'), ('body', 'messages'), ('*', 'conversations'), ('*', 'sessions'),
  ('*', 'user_identities'), ('*', 'api_tokens'), ('*', 'one_time_tokens'), ('*', 'session_tokens'), ('*', 'outbox'), ('*', 'price_history'), ('*', 'export_user(9000011)'), ('*', 'search_messages(''hello'')')) r (what, source);
select is(pg_temp.try(reader, statement), '42501', format('%s changes nothing: %s', reader, statement)) from unnest(array['roles_test_analyst', 'roles_test_support']) reader,
  unnest(array['update mp.products set name = ''X''', 'delete from mp.watches', 'insert into mp.outbox (tenant_id, topic) values (900001, ''mail'')', 'update mp.users set display_name = ''X''', 'select mp.notify_users(''{9000011}'', ''system'', ''system.x'')', 'select mp.purge_outbox()', 'insert into mp.database_roles (role_name, kind) values (''x'', ''application'')']) statement;
select is_empty($$select c.relname, a.privilege_type from pg_class c, aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantee where c.relnamespace = 'mp'::regnamespace and r.rolname in ('mp_analyst', 'mp_support') and a.privilege_type <> 'SELECT'$$, 'neither of them has a right that writes');
select throws_ok($$insert into mp.database_roles (role_name, kind) values ('x', 'tenant')$$, '23514', null, 'a role that stands for a tenant says which');
select throws_ok($$insert into mp.database_roles (role_name, kind, tenant_id, user_id) values ('x', 'tenant', 900001, 9000011)$$, '23514', null, 'and no user');
select throws_ok($$insert into mp.database_roles (role_name, kind, tenant_id) values ('x', 'tenant', 900009)$$, '23503', null, 'one that there is');

-- Adding to them
revoke select on mp.products from mp_analyst;
grant select on mp.price_changes to mp_analyst;
select is(pg_temp.made('mp'), 'mp_app found, mp_worker found, mp_analyst found with rights, mp_support found', 'what somebody took away is given again');
select ok(has_table_privilege('mp_analyst', 'mp.products', 'select'), 'to the role');
select ok(has_table_privilege('mp_analyst', 'mp.price_changes', 'select'), 'and what somebody gave is left');
delete from mp.database_roles where role_name = 'mp_app';
insert into mp.database_roles (role_name, kind, tenant_id) values ('mp_app', 'tenant', 900001);
select pg_temp.made('mp') \g /dev/null
select is((select kind::text from mp.database_roles where role_name = 'mp_app'), 'tenant', 'what the owner said of a role stays');
select deal_advisor.marketplace_install('base_only', '{"modules": ["base"], "row_security": false}') \g /dev/null
select is(pg_temp.made('base_only'), 'base_only_app created with rights, base_only_worker created with rights, base_only_analyst created with rights, base_only_support created with rights', 'a part of a marketplace has roles, too');
select is(pg_temp.try('base_only_app', $$select base_only.add_user((select min(id) from base_only.tenants), 'a@example.com', 'A')$$), '23502', 'without module auth the application adds users itself (the tenant is missing here)');
select deal_advisor.marketplace_install('base_only', '{"modules": ["alerts"]}') \g /dev/null
select is(has_table_privilege('base_only_app', 'base_only.watches', 'select'), false, 'a module that is added gives nobody rights by itself');
select is(pg_temp.made('base_only'), 'base_only_app found with rights, base_only_worker found with rights, base_only_analyst found with rights, base_only_support found with rights', 'the call does');
select is(has_table_privilege('base_only_app', 'base_only.watches', 'select'), true, 'on the new tables');

-- Names
select deal_advisor.marketplace_install('Robert''); --', '{"modules": ["base"]}') \g /dev/null
select is(pg_temp.made('Robert''); --'), 'Robert''); --_app created with rights, Robert''); --_worker created with rights, Robert''); --_analyst created with rights, Robert''); --_support created with rights', 'any name of a schema will do');
select is(pg_temp.dropped('Robert''); --'), 'Robert''); --_app dropped, Robert''); --_worker dropped, Robert''); --_analyst dropped, Robert''); --_support dropped', 'to the end');
select is((select count(distinct role_name)::int from deal_advisor.marketplace_create_roles('Robert''); --', repeat('é', 31)::name)), 4, 'long prefixes give different names');
select is(pg_temp.dropped('Robert''); --') ~ '^\S+ dropped(, \S+ dropped){3}$', true, 'that are known again');
select throws_ok($$select * from deal_advisor.marketplace_create_roles('Robert''); --', 'pg_x')$$, '42939', null, 'not those of the system');

-- What is refused
create role "Robert'); --_analyst";
select throws_ok($$select * from deal_advisor.marketplace_create_roles('Robert''); --')$$, '42710', null, 'a role of somebody else''s');
select is((select count(*)::int from pg_roles where rolname like 'Robert%'), 1, 'and then none is made');
select is(pg_temp.made('Robert''); --', 'bob'), 'bob_app created with rights, bob_worker created with rights, bob_analyst created with rights, bob_support created with rights', 'another prefix helps');
select is(pg_temp.made('Robert''); --'), 'bob_app found, bob_worker found, bob_analyst found, bob_support found', 'and is remembered');
select throws_ok($$select * from deal_advisor.marketplace_create_roles('Robert''); --', 'alice')$$, '55000', null, 'a second set');
comment on role bob_support is 'mine';
select throws_ok($$select * from deal_advisor.marketplace_create_roles('Robert''); --')$$, '42710', null, 'a role that was put in the place of ours');
select throws_ok($$select * from deal_advisor.marketplace_create_roles('nowhere')$$, '42704', null, 'no marketplace');
select throws_ok($$select * from deal_advisor.marketplace_create_roles(null)$$, '22004', null, 'no schema');
select throws_ok($$select * from deal_advisor.marketplace_drop_roles('nowhere')$$, '42704', null, 'dropping roles that there are not');
create role roles_test_owner;
create role roles_test_stranger createrole;
do $$ begin execute format('grant create on database %I to roles_test_owner', current_database()); end $$;
set local role roles_test_owner;
select deal_advisor.marketplace_install('owned', '{"modules": ["base"]}') \g /dev/null
select throws_ok($$select * from deal_advisor.marketplace_create_roles('owned')$$, '42501', 'permission denied to create roles', 'an owner who may not create roles');
set local role roles_test_stranger;
select throws_ok($$select * from deal_advisor.marketplace_create_roles('owned')$$, '42501', 'must be owner of schema owned', 'who may create roles, and doesn''t own the marketplace');
select throws_ok($$select * from deal_advisor.marketplace_drop_roles('mp')$$, '42501', 'must be owner of schema mp', 'or drops its roles');
select throws_ok('select * from deal_advisor.marketplace_role', '42501', null, 'reading the registry');
reset role;
alter role roles_test_owner createrole;
set local role roles_test_owner;
select is(pg_temp.made('owned'), 'owned_app created with rights, owned_worker created with rights, owned_analyst created with rights, owned_support created with rights', 'an owner who may create roles needs no superuser');
reset role;
alter role roles_test_owner nocreaterole;
set local role roles_test_owner;
select is(pg_temp.made('owned'), 'owned_app found, owned_worker found, owned_analyst found, owned_support found', 'and no right to create them when they are there');
select throws_ok($$select * from deal_advisor.marketplace_drop_roles('owned')$$, '42501', null, 'but one to drop them');
reset role;
alter role roles_test_owner createrole;
set local role roles_test_owner;
select is(pg_temp.dropped('owned'), 'owned_app dropped, owned_worker dropped, owned_analyst dropped, owned_support dropped', 'whoever may create them drops them');
reset role;

-- Undoing
select is((select count(*)::int from mp.database_roles where role_name like 'mp\_%'), 2, 'roles have rows in database_roles');
grant select on mp.price_changes, mp.category_price_levels to mp_analyst;
grant update (name) on mp.brands to mp_analyst;
grant execute on function mp.seed_roles to mp_app;
select is(pg_temp.dropped('mp'), 'mp_app dropped, mp_worker dropped, mp_analyst dropped, mp_support dropped', 'all goes at once, what was granted since too');
select is((select count(*)::int from mp.database_roles where role_name like 'mp\_%'), 0, 'their rows as well');
select is((select count(*)::int from pg_roles where rolname like 'mp\_%'), 0, 'and they are gone');
select is(pg_temp.ask('roles_test_analyst', 'select 1 from mp.products'), '42501', 'their members have nothing left');
select pg_temp.made('mp') \g /dev/null
drop owned by mp_support; drop role mp_support;
select is(pg_temp.made('mp'), 'mp_app found, mp_worker found, mp_analyst found, mp_support created with rights', 'one that somebody dropped is made again');
drop owned by mp_support; drop role mp_support;
create table public.roles_test_elsewhere (a int);
grant select on public.roles_test_elsewhere to mp_app;
select throws_ok($$select * from deal_advisor.marketplace_drop_roles('mp')$$, '2BP01', null, 'a role with rights elsewhere is not dropped');
drop table public.roles_test_elsewhere;
select is(pg_temp.dropped('mp'), 'mp_app dropped, mp_worker dropped, mp_analyst dropped, mp_support gone', 'one that is gone is told');
select pg_temp.made('mp') \g /dev/null
select is(deal_advisor.marketplace_uninstall('mp', 'mp'), 'schema mp and its marketplace are gone; its roles stay: mp_app, mp_worker, mp_analyst, mp_support; deal_advisor.marketplace_drop_roles(''mp'') drops them', 'removing the marketplace says which roles stay');
select is((select count(*)::int from pg_roles where rolname like 'mp\_%'), 4, 'and they do');
select deal_advisor.marketplace_install('mp', '{"modules": ["base"]}') \g /dev/null
select is(pg_temp.made('mp'), 'mp_app found with rights, mp_worker found with rights, mp_analyst found with rights, mp_support found with rights', 'a new one of that name has them again');
select deal_advisor.marketplace_uninstall('mp', 'mp') \g /dev/null
select is(pg_temp.dropped('mp'), 'mp_app dropped, mp_worker dropped, mp_analyst dropped, mp_support dropped', 'they are dropped without a marketplace, too');
select * from finish();
rollback;
