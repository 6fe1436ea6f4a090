-- Installing, watching and removing marketplaces; who acts for whom.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists market, "Robert'); --", market_filled cascade;
do $$ begin execute (select coalesce(string_agg(format('drop owned by %1$I; drop role %1$I', rolname), ';'), 'select 1') from pg_roles where rolname in ('market_owner', 'market_app', 'market_jane', 'market_stranger')); end $$;
create role market_owner;
create role market_app;
create role market_jane;
create role market_stranger;
do $$ begin execute format('grant create on database %I to market_owner', current_database()); end $$;
select plan(67);

create function pg_temp.state_of(market text) returns text language sql as
  $$select string_agg(concat_ws(' ', state, object), ', ' order by object) from deal_advisor.marketplace_status(market)$$;

-- Installing
set role market_owner;
select is(deal_advisor.marketplace_install('market', '{"modules": ["base"]}'), 'schema market has a marketplace: modules base', 'anybody who may make a schema can install');
select is((select string_agg(distinct pg_get_userbyid(relowner), ',') from pg_class where relnamespace = 'market'::regnamespace), 'market_owner', 'who installs owns it');
reset role;
select is((select count(*)::int from pg_depend where deptype = 'e' and refclassid = 'pg_extension'::regclass and objid in (select oid from pg_class where relnamespace = 'market'::regnamespace)), 0, 'nothing of it is a member of the extension');
select is(pg_temp.state_of('market'), 'ok', 'it is as installed');
select is(deal_advisor.marketplace_install('market', '{"modules": ["base"]}'), 'schema market has this marketplace already: modules base', 'installing again does nothing');
select is(deal_advisor.marketplace_upgrade('market'), 'the marketplace in schema market has version 1, the newest', 'nor does upgrading');
select deal_advisor.marketplace_install('Robert''); --', '{"modules": ["base"], "currency": "USD", "triggers": false, "row_security": false}');
select is(pg_temp.state_of('Robert''); --'), 'ok', 'any name will do, beside the other');
insert into "Robert'); --".tenants (name, slug) values ('A', 'a');
select is((select currency::text from "Robert'); --".tenants), 'USD', 'in a currency of its own');
select is((select count(*)::int from pg_trigger where tgrelid in (select oid from pg_class where relnamespace = '"Robert''); --"'::regnamespace) and not tgisinternal), 0, 'without triggers');
select is((select count(*)::int from pg_class where relnamespace = '"Robert''); --"'::regnamespace and relrowsecurity), 0, 'without row security');

-- What is refused
create schema market_filled;
create table market_filled.mine (a int);
select throws_ok($$select deal_advisor.marketplace_install('market_filled')$$, '55000', 'schema market_filled holds something else', 'a schema that holds something else');
select throws_ok($$select deal_advisor.marketplace_install('market', '{"modules": ["weather"]}')$$, '22023', 'there is no module "weather"', 'unknown modules');
select throws_ok($$select deal_advisor.marketplace_install('other', '{"currency": "eur"}')$$, '22023', null, 'currencies in small letters');
select throws_ok($$select deal_advisor.marketplace_install('other', '{"colour": 1}')$$, '22023', null, 'unknown options');
select throws_ok($$select deal_advisor.marketplace_install('pg_market')$$, '42939', null, 'names of the system');
select throws_ok($$select deal_advisor.marketplace_install('a$b')$$, '22023', null, 'names that could end a function''s body');
select throws_ok($$select * from deal_advisor.marketplace_status('nowhere')$$, '42704', 'there is no marketplace in schema nowhere', 'the state of none');
select throws_ok($$select deal_advisor.marketplace_upgrade('nowhere')$$, '42704', null, 'an upgrade of none');
set role market_stranger;
select throws_ok($$select deal_advisor.marketplace_install('stranger')$$, '42501', null, 'installing without a right to make schemas');
select throws_ok($$select deal_advisor.marketplace_install('market')$$, '42501', 'must be owner of schema market', 'adding to another''s');
select throws_ok($$select deal_advisor.marketplace_upgrade('market')$$, '42501', null, 'upgrading another''s');
select throws_ok($$select deal_advisor.marketplace_uninstall('market', 'market')$$, '42501', null, 'dropping another''s');
select is_empty('select * from deal_advisor.marketplace_status()', 'seeing another''s');
select throws_ok('select * from deal_advisor.marketplace', '42501', null, 'reading the registry');
reset role;

-- Who acts for whom
insert into market.tenants (name, slug) values ('First', 'first'), ('Second', 'second');
insert into market.users (tenant_id, email, display_name) select t, format('u%s@example.com', i), 'User ' || i from generate_series(1, 2) t, generate_series(1, 3) i;
grant usage on schema market to market_app, market_jane, market_stranger;
grant select, insert, update, delete on all tables in schema market to market_app, market_jane, market_stranger;
insert into market.database_roles (role_name, kind) values ('market_app', 'application');
insert into market.database_roles (role_name, kind, tenant_id, user_id) values ('market_jane', 'user', 2, (select min(id) from market.users where tenant_id = 2));
set role market_app;
select is((select count(*)::int from market.users), 0, 'an application that says nothing sees nothing');
set marketplace.tenant_id = '1';
select is((select array_agg(distinct tenant_id) from market.users), array[1::bigint], 'it sees the tenant that it names');
select throws_ok($$insert into market.users (tenant_id, email, display_name) values (2, 'x@example.com', 'X')$$, '42501', null, 'and writes no other''s rows');
with u as (update market.users set locale = 'de' where tenant_id = 2 returning 1)
select is(count(*)::int, 0, 'nor changes them') from u;
select throws_ok($$update market.users set tenant_id = 2$$, '42501', null, 'nor moves rows there');
begin;
set local marketplace.tenant_id = '2';
select is(market.current_tenant(), 2::bigint, 'a setting of the transaction counts in it');
commit;
select is(market.current_tenant(), 1::bigint, 'and not after it');
set marketplace.tenant_id = '1 or true';
select throws_ok('select * from market.users', '22023', 'setting marketplace.tenant_id must be a number, not "1 or true"', 'a setting that is no number is an error');
set marketplace.tenant_id = '';
select is(market.current_tenant(), null, 'an empty one is none');
set marketplace.tenant_id = '1';
set role market_jane;
select is(market.current_tenant(), 2::bigint, 'a role that stands for a user has its tenant, whatever the setting says');
select is((select count(*)::int from market.users), 3, 'and sees its rows');
select is(market.current_user_id(), (select min(id) from market.users), 'as that user');
select throws_ok($$select market.acting_number('data_directory', 'tenant')$$, '22023', null, 'no other setting is read with the owner''s rights');
set role market_stranger;
select is((select count(*)::int from market.users), 0, 'a role that nobody mapped sees nothing, whatever the setting says');
select throws_ok($$insert into market.database_roles (role_name, kind) values ('market_stranger', 'application')$$, '42501', null, 'nor can it map itself, even with rights on the table');
reset role;
select is(market.current_tenant(), 1::bigint, 'the owner looks through the tenant''s eyes that it names');
update market.users set display_name = 'Other' where id = (select min(id) from market.users);
select ok((select updated_at > created_at from market.users where display_name = 'Other'), 'a change is stamped');
select throws_ok($$insert into market.users (tenant_id, email, display_name) values (1, 'U1@EXAMPLE.com', 'X')$$, '23505', null, 'an address in other case is the same');
select throws_ok($$insert into market.users (tenant_id, email, display_name) values (1, 'nobody', 'X')$$, '23514', null, 'an address has a place');
select throws_ok($$insert into market.tenants (name, slug) values (' x', 'x')$$, '23514', null, 'names have no spaces around them');

-- Drift
alter table market.users add column favourite text;
drop policy own_tenant on market.users;
create table market.mine (id int primary key);
create or replace function market.touch() returns trigger language plpgsql as $$ begin return new; end $$;
select is(pg_temp.state_of('market'), 'added column users.favourite, changed function touch(), missing policy users.own_tenant, added table mine', 'the status tells what is not as installed');

select is(deal_advisor.marketplace_install('market', '{"modules": ["conversations"]}'), 'schema market has a marketplace: modules base, conversations', 'a module is added');
select is((select string_agg(state || ' ' || object, ', ' order by object) from deal_advisor.marketplace_status('market')), 'added column users.favourite, changed function touch(), missing policy users.own_tenant, added table mine', 'what had drifted before is still told');
select deal_advisor.marketplace_install('bare', '{"modules": ["base"], "row_security": false, "triggers": false}');
select deal_advisor.marketplace_install('bare', '{"modules": ["conversations"]}');
select is((select count(*)::int from pg_class where relnamespace = 'bare'::regnamespace and relrowsecurity), 0, 'with the options of the first call');
select deal_advisor.marketplace_uninstall('bare', 'bare');

-- Options
select throws_ok($$select deal_advisor.marketplace_install('other', '{"partition_step": "week"}')$$, '22023', 'option partition_step must be month or year, not "week"', 'partitions of other lengths');
select throws_ok($$select deal_advisor.marketplace_install('other', '{"text_search": "klingon"}')$$, '42704', 'text search configuration "klingon" does not exist', 'unknown languages');
drop extension if exists pgcrypto cascade;
select throws_ok($$select deal_advisor.marketplace_install('other', '{"encryption": true}')$$, '0A000', 'option encryption needs extension pgcrypto', 'encryption without pgcrypto');
select throws_ok($$select deal_advisor.marketplace_install('other', '{"modules": ["auth"]}')$$, '0A000', 'module auth needs extension pgcrypto', 'a module by name without the extension that it needs');
select is(deal_advisor.marketplace_install('bare', '{"partition_step": "year", "text_search": "german", "audit": true}'),
  'schema bare has a marketplace: modules base, catalog, pricing, statistics, conversations, alerts, privacy', 'unnamed it is left out');
select is((select count(distinct step)::int from deal_advisor.partition_status() where parent like 'bare.%' and step = '1 year'), 1, 'partitions of a year');
select cmp_ok((select count(*)::int from pg_partitioned_table where partrelid in (select oid from pg_class where relnamespace = 'bare'::regnamespace)), '>=', 3, 'of several tables');
select is((select count(*)::int from pg_partitioned_table p join pg_class c on c.oid = p.partrelid where relnamespace = 'bare'::regnamespace and not exists (select from deal_advisor.partition_status() s where s.parent = 'bare.' || relname)), 0, 'that maintenance cares for');
select is((select count(*)::int from pg_class c join pg_inherits i on i.inhrelid = c.oid where relnamespace = 'bare'::regnamespace and relispartition and not relname ~ '_p[0-9]{4}0101' and c.relkind = 'r'), 0, 'all of them years');
insert into bare.tenants (name, slug) values ('A', 'a');
insert into bare.products (tenant_id, name) values (1, 'Häuser');
select is((select search::text from bare.products), '''haus'':1A', 'words of another language');
update bare.products set name = 'Haus';
select is((select string_agg(op || ' ' || coalesce(old_row ->> 'name', '-'), ', ' order by version) from deal_advisor.audit_history('bare.products', '{"tenant_id": 1, "id": 1}')), 'insert -, update Häuser', 'history of what people edit');
select is((select count(*)::int from deal_advisor.audit_status() where relation in ('bare.listings', 'bare.price_history')), 0, 'not of prices, which have their own');
select is(deal_advisor.marketplace_install('bare'), 'schema bare has this marketplace already: modules base, catalog, pricing, statistics, conversations, alerts, privacy', 'again without the extension nothing changes');
select deal_advisor.marketplace_uninstall('bare', 'bare');
select is((select count(*)::int from deal_advisor.partition_status() where parent like 'bare.%'), 0, 'removing it ends the care for its partitions');

-- Removing
select throws_ok($$select deal_advisor.marketplace_uninstall('market', 'yes')$$, '22023', null, 'it takes the schema''s name again');
create table market_filled.likes (user_tenant bigint, user_id bigint, foreign key (user_tenant, user_id) references market.users);
select throws_ok($$select deal_advisor.marketplace_uninstall('market', 'market')$$, '2BP01', 'market_filled.likes depends on the marketplace in schema market', 'nothing of others goes with it');
drop table market_filled.likes;
select is(deal_advisor.marketplace_uninstall('market', 'market'), 'schema market and its marketplace are gone', 'then it is dropped');
drop schema "Robert'); --" cascade;
select is(pg_temp.state_of('Robert''); --'), 'gone', 'a schema that somebody dropped is told');
select deal_advisor.marketplace_uninstall('Robert''); --', 'Robert''); --');
select is_empty('select * from deal_advisor.marketplace_status()', 'and forgotten');
drop schema market_filled, bare_audit cascade;
do $$ begin execute format('revoke create on database %I from market_owner', current_database()); end $$;
drop role market_owner, market_app, market_jane, market_stranger;
select * from finish();
