-- Sign-in of the marketplace in schema mp: registration, passwords, throttle, sessions, API tokens, roles, who sees and learns what.
\set ON_ERROR_STOP 1
\set QUIET 1
begin;
set local client_min_messages = warning;
create extension if not exists pgcrypto;
select deal_advisor.marketplace_install('mp') \g /dev/null
set local client_min_messages = error;
-- For counting calls: before any is planned.
set local track_functions = 'all';
select no_plan();

-- Everything below is rolled back, the roles too.
create role marketplace_auth_app;
create role marketplace_auth_person;
create role marketplace_auth_stranger;
grant usage on schema mp to marketplace_auth_app, marketplace_auth_person, marketplace_auth_stranger;
grant select on all tables in schema mp to marketplace_auth_app, marketplace_auth_person, marketplace_auth_stranger;
grant insert, update, delete on mp.roles, mp.role_permissions, mp.user_roles, mp.user_identities, mp.sessions, mp.session_tokens, mp.api_tokens, mp.auth_settings, mp.login_attempts to marketplace_auth_app;
grant execute on all functions in schema mp to marketplace_auth_person;
-- As the head of 60_identities.sql says, and no more.
grant execute on function mp.register_user, mp.verify_email, mp.request_password_reset, mp.reset_password, mp.verify_password, mp.throttled, mp.user_of_identity, mp.create_session, mp.refresh_session, mp.check_session,
  mp.sign_in_session, mp.check_api_token, mp.sign_in_api_token, mp.renew_verification, mp.seed_roles, mp.set_password, mp.link_identity, mp.unlink_identity, mp.my_identities, mp.my_sessions, mp.revoke_session,
  mp.revoke_all_sessions, mp.create_api_token, mp.my_api_tokens, mp.revoke_api_token, mp.has_permission, mp.grant_role, mp.revoke_role to marketplace_auth_app;
insert into mp.tenants (id, name, slug) values (900001, 'Signers', 'signers'), (900002, 'Others', 'others');
alter table mp.users alter id restart with 9000011;
select mp.add_user(900001, 'person' || n || '@example.com', 'Person ' || n, 'active') from generate_series(1, 9) n \g /dev/null
alter table mp.users alter id restart with 9000021;
select mp.add_user(900002, 'person' || n || '@example.com', 'Person ' || n, 'active') from generate_series(1, 9) n \g /dev/null
insert into mp.database_roles (role_name, kind, tenant_id, user_id) values ('marketplace_auth_app', 'application', null, null), ('marketplace_auth_person', 'user', 900001, 9000019);

select ok(password_cost between 8 and 14, 'the measured cost is between 8 and 14') from mp.auth_settings;
select ok(password_milliseconds between 125 and 250 or password_cost in (8, 14), 'a hash takes 125 to 250 ms at it, as measured') from mp.auth_settings;
select ok(cost between 8 and 14, 'measuring again gives such a cost') from mp.measured_password_cost();
select throws_ok('insert into mp.auth_settings (singleton, password_cost) values (false, 8)', '23514', null, 'there is one row of settings');
select throws_ok('update mp.auth_settings set password_cost = 17', '23514', null, 'with a cost that ends some day');
-- Long times, so that a slow machine changes nothing.
update mp.auth_settings set password_cost = 4, refresh_grace = '5 minutes', first_lock = '40 minutes', longest_lock = '20 hours';
select is((select password_cost from mp.auth_settings), 4, 'the owner changes the settings');

-- Runs a query as the application, for a user or nobody; gives the first column of the first row, or the SQLSTATE (with "bare" if there is no HINT).
create function pg_temp.run(query text, me bigint default null, tenant bigint default 900001, acting text default 'marketplace_auth_app', scopes text default '') returns text
  language plpgsql as $$
declare result text; given_hint text;
begin
  perform set_config('marketplace.tenant_id', coalesce(tenant::text, ''), true), set_config('marketplace.user_id', coalesce(me::text, ''), true),
    set_config('marketplace.scopes', scopes, true), set_config('marketplace.session_id', '', true);
  begin
    perform set_config('role', acting, true);
    execute query into result;
  exception when others then
    get stacked diagnostics given_hint = pg_exception_hint;
    result := sqlstate || case given_hint when '' then ' bare' else '' end;
  end;
  perform set_config('role', 'none', true);
  return result;
end $$;
-- Signs in with a token and runs a query, in one transaction.
create function pg_temp.with_token(token text, query text, call text default 'sign_in_session') returns text language plpgsql as $$
declare result text;
begin
  perform set_config('marketplace.tenant_id', '', true), set_config('marketplace.user_id', '', true), set_config('marketplace.scopes', '', true);
  begin
    perform set_config('role', 'marketplace_auth_app', true);
    execute format('select mp.%I(%L)', call, token);
    execute query into result;
  exception when others then
    result := sqlstate;
  end;
  perform set_config('role', 'none', true);
  return result;
end $$;
create temp table secret (name text primary key, value text);
create function pg_temp.s(wanted text) returns text language sql as 'select value from secret where name = wanted';
create function pg_temp.keep(key text, text_value text) returns void language sql as
  'insert into secret values (key, text_value) on conflict (name) do update set value = excluded.value';
create function pg_temp.log_in(address text, secret text, tenant bigint default 900001, client text default null) returns bigint language sql as
  $$ select pg_temp.run(format('select mp.verify_password(%L, %L, %L)', address, secret, client), null, tenant)::bigint $$;
-- A pair of tokens of a new session, or of a refreshed one, kept under a name: name and name-refresh.
create function pg_temp.pair(key text, call text, tenant bigint default 900001) returns boolean language plpgsql as $$
declare row_text text := pg_temp.run('select to_jsonb(t) from ' || call || ' t', null, tenant);
begin
  if row_text is null then return false; end if;
  perform pg_temp.keep(key, row_text::jsonb ->> 'session_token'), pg_temp.keep(key || '-refresh', row_text::jsonb ->> 'refresh_token');
  return true;
end $$;
create function pg_temp.refresh(key text, old text) returns boolean language sql as $$ select pg_temp.pair(key, format('mp.refresh_session(%L)', pg_temp.s(old || '-refresh'))) $$;
create function pg_temp.lives(key text) returns boolean language sql as $$ select pg_temp.run(format('select user_id from mp.check_session(%L)', pg_temp.s(key)), null, null) is not null $$;

-- Registration and confirmation.
select pg_temp.keep('anna', 'Räder & "quoted" ''words'''), pg_temp.keep('anna2', 'another horse battery'), pg_temp.keep('anna3', 'third horse battery') \g /dev/null
create temp table made as select pg_temp.run(format('select to_jsonb(r) from mp.register_user(%L, ''Anna'', %L) r', 'Anna@Example.com', pg_temp.s('anna')))::jsonb as row;
select pg_temp.keep('verify', row ->> 'verification_token') from made \g /dev/null
create function pg_temp.anna() returns bigint language sql as $$ select (row ->> 'user_id')::bigint from made $$;
select is((select status::text from mp.users where tenant_id = 900001 and id = pg_temp.anna()), 'invited', 'who registers is invited');
select matches(pg_temp.s('verify'), '^mpo_900001_[A-Za-z0-9_-]{43}$', 'and has a token that says its tenant');
select is(pg_temp.log_in('anna@example.com', pg_temp.s('anna')), null, 'who has not confirmed doesn''t sign in');
select is((select outcome::text from mp.login_attempts order by id desc limit 1), 'not_active', 'as the log says');
select is(pg_temp.run(q), code, 'register_user: ' || what) from (values
  ('select mp.register_user(''ANNA@example.COM'', ''Anna'')', '23505', 'an address that is taken, in whatever case'),
  ('select mp.register_user(''no address'', ''Anna'')', '22023', 'what is no address'),
  ('select mp.register_user(null, ''Anna'')', '22023', 'no address at all'),
  ('select mp.register_user(''b@example.com'', '' '')', '22023', 'a blank name'),
  ('select mp.register_user(''b@example.com'', null)', '22023', 'no name'),
  ('select mp.register_user(''b@example.com'', ''B'', null, ''klingon!'')', '22023', 'what is no language'),
  ('select mp.register_user(repeat(''x'', 1000000) || ''@example.com'', ''B'')', '22023', 'an endless address'),
  ('select mp.register_user(''b@example.com'', ''B'', ''short'')', '22023', 'a short password'),
  ('select mp.register_user(''b@example.com'', ''B'', repeat(''xy'', 5000))', '22023', 'an endless password'),
  ('select mp.register_user(''long.name@example.com'', ''B'', ''long.name@EXAMPLE.com'')', '22023', 'the address as password'),
  ('select mp.register_user(''b@example.com'', ''B'', repeat(''x'', 20))', '22023', 'one letter over and over'),
  ('select mp.register_user(''b@example.com'', ''B'', repeat('' '', 20))', '22023', 'a blank password')) v (q, code, what);
select is(pg_temp.run('select mp.register_user(''c@example.com'', ''C'')', tenant => null), '42501', 'register_user: no tenant');
select is(pg_temp.run('select mp.register_user(''c@example.com'', ''C'')', tenant => 900009), '42501', 'register_user: a tenant that isn''t there');
select isnt(pg_temp.run('select user_id from mp.register_user(''anna@example.com'', ''Anna'')', tenant => 900002), '23505', 'another tenant has an Anna of its own');
select is(pg_temp.run(format('select mp.verify_email(%L)', token)), '28000', 'verify_email: ' || what) from (values
  (null, 'null'), ('', 'nothing'), ('mpo_900001_' || repeat('A', 43), 'a guess'), (left(pg_temp.s('verify'), -1), 'a token that is cut off'), (pg_temp.s('verify') || 'A', 'a token with something behind'),
  (replace(pg_temp.s('verify'), '900001', '900002'), 'with another tenant in it'), (replace(pg_temp.s('verify'), 'mpo', 'mps'), 'of another kind'), (E'mpo_1_\n', 'a line end'),
  (''' or 1 = 1 --', 'quotes'), (repeat('mpo_', 1000000), 'megabytes'), ('mpo_999999999999999999999_' || repeat('A', 43), 'a huge tenant')) v (token, what);
select is(pg_temp.run(format('select mp.reset_password(%L, ''correct horse battery'')', pg_temp.s('verify'))), '28000', 'a token for confirming resets no password');
select pg_temp.keep('verify2', pg_temp.run('select mp.renew_verification(''anna@EXAMPLE.com'')')) \g /dev/null
select is(pg_temp.run(format('select mp.verify_email(%L)', pg_temp.s('verify'))), '28000', 'another token makes the one before worthless');
update mp.one_time_tokens set expires_at = now() - interval '1 second' where token_hash = sha256(convert_to(pg_temp.s('verify2'), 'UTF8'));
select is(pg_temp.run(format('select mp.verify_email(%L)', pg_temp.s('verify2'))), '28000', 'a token that is too old confirms nothing');
update mp.one_time_tokens set expires_at = now() + interval '1 hour' where token_hash = sha256(convert_to(pg_temp.s('verify2'), 'UTF8'));
select is(pg_temp.run(format('select mp.verify_email(%L)', pg_temp.s('verify2')), tenant => null)::bigint, pg_temp.anna(), 'a token confirms, and needs no current tenant');
select is((select status::text from mp.users where tenant_id = 900001 and id = pg_temp.anna()), 'active', 'who confirmed is active');
select isnt((select email_verified_at from mp.users where tenant_id = 900001 and id = pg_temp.anna()), null, 'and has a confirmed address');
select is(pg_temp.run(format('select mp.verify_email(%L)', pg_temp.s('verify2'))), '28000', 'a token works once');
select is(pg_temp.run('select mp.renew_verification(''anna@example.com'')'), null, 'who is active gets no token to confirm');
select is(pg_temp.run('select mp.renew_verification(''nobody@example.com'')'), null, 'nor does nobody');

-- Passwords.
select is(pg_temp.log_in('anna@example.com', pg_temp.s('anna')), pg_temp.anna(), 'the right password signs in');
select is(pg_temp.log_in('ANNA@EXAMPLE.COM', pg_temp.s('anna')), pg_temp.anna(), 'the case of the address doesn''t matter');
select is(pg_temp.log_in('anna@example.com', pg_temp.s('anna'), 900002), null, 'at another tenant''s door it doesn''t');
select is(pg_temp.log_in('anna@example.com', upper(pg_temp.s('anna'))), null, 'the case of the password does');
select is(pg_temp.log_in('anna@example.com', E'Ra\u0308der & "quoted" ''words'''), pg_temp.anna(), 'a letter and its dots in two characters are the same letter');
select is(pg_temp.run('select mp.verify_password(null, null)'), null, 'nothing is nobody''s');
select is(pg_temp.run(format('select mp.verify_password(%L, %L)', address, word)), null, 'verify_password: ' || what) from (values
  ('person1@example.com', '', 'a user without a password has not the empty one'), ('person1@example.com', null, 'nor null'), ('nobody@example.com', 'x', 'an unknown address'),
  ('x'' or ''1'' = ''1', 'x'' or ''1'' = ''1', 'quotes'), ('person2@example.com', repeat('x', 10240), '10 kB of password'), (repeat('x', 1000000), 'x', 'a megabyte of address'),
  ('person3@example.com', '\x00\000%00', 'NUL escapes'), (E'\u202e\U0001F600@example.com', E'\U0001F600', 'odd letters')) v (address, word, what);
delete from mp.login_throttle; select matches((select password_hash from mp.user_identities where user_id = pg_temp.anna()), '^sha256-bf:[$]2a[$]04[$]', 'a hash says its method and cost');
create function pg_temp.give(person bigint, word text) returns void language sql as $$ select mp.keep_password(900001, person, mp.hashed_password(word, 4)) $$;
select pg_temp.give(9000011, repeat('a', 80) || 'b'), pg_temp.give(9000012, 'correct horse battery'), pg_temp.give(9000013, 'correct horse battery') \g /dev/null
select is(pg_temp.log_in('person1@example.com', repeat('a', 80) || 'c'), null, 'letters after the 72nd count');
select is(pg_temp.log_in('person1@example.com', repeat('a', 80) || 'b'), 9000011::bigint, 'and the right ones sign in');
select isnt((select password_hash from mp.user_identities where user_id = 9000012), (select password_hash from mp.user_identities where user_id = 9000013), 'the same password of two users has two hashes');
create temp table old_hash as select password_hash from mp.user_identities where user_id = 9000012;
select is(pg_temp.log_in('person2@example.com', 'correct horse battery'), 9000012::bigint, 'signing in at the same cost works');
select is((select password_hash from mp.user_identities where user_id = 9000012), (select password_hash from old_hash), 'and leaves the hash alone');
update mp.auth_settings set password_cost = 5; select is(pg_temp.log_in('person2@example.com', 'wrong horse battery'), null, 'when the cost rose, the wrong password is still wrong');
select is((select password_hash from mp.user_identities where user_id = 9000012), (select password_hash from old_hash), 'and makes no new hash');
select is(pg_temp.log_in('person2@example.com', 'correct horse battery'), 9000012::bigint, 'the right one signs in');
select matches((select password_hash from mp.user_identities where user_id = 9000012), '^sha256-bf:[$]2a[$]05[$]', 'and has a hash at the new cost');
select is(pg_temp.log_in('person2@example.com', 'correct horse battery'), 9000012::bigint, 'which signs in too');
update mp.auth_settings set password_cost = 4; select is(pg_temp.log_in('person2@example.com', 'correct horse battery'), 9000012::bigint, 'a cost that fell shuts nobody out');
select matches((select password_hash from mp.user_identities where user_id = 9000012), '^sha256-bf:[$]2a[$]05[$]', 'and makes no hash cheaper');
insert into mp.user_identities (tenant_id, user_id, provider, provider_user_id, password_hash)
  select 900001, 9000014, 'password', '9000014', 'crypt:' || c from (select (select format('%I.crypt(%L, %I.gen_salt(''bf'', 4))', n, 'brought along', n) from (select extnamespace::regnamespace::text n from pg_extension where extname = 'pgcrypto') e) q) t,
  lateral (select (xpath('/row/c/text()', query_to_xml('select ' || q || ' as c', false, true, '')))[1]::text as c) x;
select is(pg_temp.log_in('person4@example.com', 'brought along'), 9000014::bigint, 'a bcrypt hash from elsewhere signs in');
select matches((select password_hash from mp.user_identities where user_id = 9000014), '^sha256-bf:', 'and is replaced');
select is(pg_temp.log_in('person4@example.com', 'brought along'), 9000014::bigint, 'by one of the same password');
select throws_ok('update mp.user_identities set password_hash = ''plain text'' where user_id = 9000014', '23514', null, 'what is no hash is not kept');
update mp.users set status = 'suspended' where tenant_id = 900001 and id = 9000013; select is(pg_temp.log_in('person3@example.com', 'correct horse battery'), null, 'who is suspended doesn''t sign in');
update mp.users set status = 'active' where tenant_id = 900001 and id = 9000013;
delete from mp.login_throttle; select is(pg_temp.run('select mp.set_password(''a new horse battery'', ''wrong'')', 9000013), 'false', 'set_password: the old password must be right');
select is((select failures from mp.login_throttle), 1, 'and a wrong one counts');
select is(pg_temp.run('select mp.set_password(''a new horse battery'')', 9000013), 'false', 'and must be said');
select is(pg_temp.run('select mp.set_password(''a new horse battery'', ''correct horse battery'')', 9000013), 'true', 'with it there is another one');
select is(pg_temp.log_in('person3@example.com', 'correct horse battery'), null, 'the old one is over');
select is(pg_temp.log_in('person3@example.com', 'a new horse battery'), 9000013::bigint, 'the new one signs in');
select is(pg_temp.run('select mp.set_password(''short'', ''a new horse battery'')', 9000013), '22023', 'set_password: a short one is refused');
select is(pg_temp.run('select mp.set_password(''a first horse battery'')', 9000015), 'true', 'who has no password needs no old one');
select is(pg_temp.run('select mp.set_password(''a first horse battery'')'), '42501', 'set_password: nobody is signed in');
select is(pg_temp.run('select mp.set_password(''a first horse battery'')', 9000016, scopes => ' users.manage'), '42501', 'set_password: not with an API token');

-- Work: hashes are counted, not timed. A hash at cost 4 and those at 4 and 5 are the work of one at cost 6.
create function pg_temp.hashes() returns bigint language sql as
  $$ select coalesce(pg_stat_get_xact_function_calls(p.oid), 0) from pg_proc p join pg_extension e on e.extname = 'pgcrypto' and p.pronamespace = e.extnamespace where p.proname = 'crypt' $$;
create function pg_temp.work(address text, word text) returns bigint language plpgsql as $$
declare before bigint := pg_temp.hashes();
begin
  perform pg_temp.log_in(address, word);
  return pg_temp.hashes() - before;
end $$;
delete from mp.login_throttle; select pg_temp.give(9000016, 'correct horse battery'), pg_temp.give(9000017, 'correct horse battery') \g /dev/null
select is(pg_temp.work('nobody@example.com', 'wrong'), 1::bigint, 'who isn''t there costs a hash');
select is(pg_temp.work('person8@example.com', 'wrong'), 1::bigint, 'as who has no password');
select is(pg_temp.work('person6@example.com', 'wrong'), 1::bigint, 'or has another one');
select is(pg_temp.work('person6@example.com', repeat('wrong', 10000)), 1::bigint, 'however long it is');
update mp.auth_settings set password_cost = 6; select is(pg_temp.work('nobody@example.com', 'wrong'), 1::bigint, 'at a higher cost too');
select is(pg_temp.work('person6@example.com', 'wrong'), 3::bigint, 'and an old hash is made up for: 4, 4 and 5 are the work of 6');
select is(pg_temp.work('person6@example.com', 'correct horse battery'), 2::bigint, 'the right one is hashed anew');
update mp.auth_settings set password_cost = 4; select pg_temp.log_in('person7@example.com', 'wrong ' || n) from generate_series(1, 5) n \g /dev/null
select is(pg_temp.work('person7@example.com', 'correct horse battery'), 0::bigint, 'what is refused costs nothing');
delete from mp.login_throttle; select is(mp.password_matches(null, 'x', 4), false, 'no hash matches nothing, null neither');
select is(mp.password_matches(mp.hashed_password('x', 4), 'x', 6), true, 'a cheaper hash matches');

-- Reset.
delete from mp.login_throttle; select is(pg_temp.run('select mp.request_password_reset(''nobody@example.com'')'), null, 'nobody gets no token, and no error');
select is(pg_temp.run('select mp.request_password_reset(null)'), null, 'null neither');
select pg_temp.keep('reset1', pg_temp.run('select mp.request_password_reset(''ANNA@example.com'')')), pg_temp.keep('reset2', pg_temp.run('select mp.request_password_reset(''anna@example.com'')')) \g /dev/null
select matches(pg_temp.s('reset2'), '^mpo_900001_[A-Za-z0-9_-]{43}$', 'somebody gets one');
select is(pg_temp.run(format('select mp.reset_password(%L, %L)', pg_temp.s('reset1'), pg_temp.s('anna2'))), '28000', 'the second makes the first worthless');
select is(pg_temp.run(format('select mp.verify_email(%L)', pg_temp.s('reset2'))), '28000', 'it confirms no address');
select is(pg_temp.run(format('select mp.reset_password(%L, ''short'')', pg_temp.s('reset2'))), '22023', 'a short password is refused');
select ok(pg_temp.pair('before-reset', format('mp.create_session(%s)', pg_temp.anna())), 'a session from before');
select pg_temp.keep('api-before-reset', pg_temp.run('select token from mp.create_api_token(''x'')', pg_temp.anna())) \g /dev/null
select is(pg_temp.run(format('select mp.reset_password(%L, %L)', pg_temp.s('reset2'), pg_temp.s('anna2')), tenant => null)::bigint, pg_temp.anna(), 'and the token still works then, once');
select is(pg_temp.run(format('select mp.reset_password(%L, %L)', pg_temp.s('reset2'), pg_temp.s('anna3'))), '28000', 'twice it doesn''t');
select is(pg_temp.log_in('anna@example.com', pg_temp.s('anna')), null, 'the password before is over');
select is(pg_temp.log_in('anna@example.com', pg_temp.s('anna2')), pg_temp.anna(), 'the new one signs in');
select ok(not pg_temp.lives('before-reset'), 'sessions from before are over');
select is(pg_temp.run(format('select user_id from mp.check_api_token(%L)', pg_temp.s('api-before-reset'))), null, 'and API tokens');
select pg_temp.keep('reset3', pg_temp.run('select mp.request_password_reset(''anna@example.com'')')) \g /dev/null
update mp.one_time_tokens set expires_at = now() where token_hash = sha256(convert_to(pg_temp.s('reset3'), 'UTF8'));
select is(pg_temp.run(format('select mp.reset_password(%L, %L)', pg_temp.s('reset3'), pg_temp.s('anna3'))), '28000', 'an old token resets nothing');
select pg_temp.keep('reset4', pg_temp.run('select mp.request_password_reset(''person9@example.com'')')) \g /dev/null
select mp.set_email(900001, 9000019, 'moved@example.com') \g /dev/null
select is(pg_temp.run(format('select mp.reset_password(%L, %L)', pg_temp.s('reset4'), pg_temp.s('anna3'))), '28000', 'a token that was mailed to an address given up resets nothing');
select is(pg_temp.run(format('select mp.verify_email(%L)', pg_temp.run('select mp.renew_verification(''moved@example.com'')')))::bigint, 9000019::bigint, 'the new address is confirmed by a token of its own');
delete from mp.login_throttle; select is((select count(pg_temp.run('select mp.request_password_reset(''person8@example.com'')')) from generate_series(1, 20)), 5::bigint, 'of twenty requests for an address five get a token');

-- Throttle.
delete from mp.login_throttle;
create function pg_temp.guesses(address text, n int, client text default null) returns void language sql as $$ select pg_temp.log_in(address, 'wrong guess ' || i, 900001, client) from generate_series(1, n) i $$;
select pg_temp.guesses('anna@example.com', 4) \g /dev/null
select is(pg_temp.run('select mp.throttled(''anna@example.com'')'), null, 'four failures lock nothing');
select is(pg_temp.log_in('anna@example.com', pg_temp.s('anna2')), pg_temp.anna(), 'and the right password still signs in');
select is((select count(*) from mp.login_throttle), 0::bigint, 'which forgets them');
select pg_temp.guesses('Anna@example.com', 5) \g /dev/null
select cmp_ok(pg_temp.run('select mp.throttled(''aNNa@example.com'')')::interval, '<=', '40 minutes'::interval, 'five lock the address for as long as the settings say');
select is((select outcome::text from mp.login_attempts order by id desc limit 1), 'locked', 'as the log says');
select is(pg_temp.log_in('anna@example.com', pg_temp.s('anna2')), null, 'the right password is refused then');
select is(pg_temp.log_in(repeat(' ', 3) || 'anna@example.com ', pg_temp.s('anna2')), null, 'with blanks around it too');
select is((select failures from mp.login_throttle), 5, 'what is refused doesn''t count');
select is(pg_temp.run('select mp.set_password(''a new horse battery'', ''another horse battery'')', pg_temp.anna()), 'false', 'nor can the old password be guessed elsewhere');
select is(pg_temp.log_in('anna@example.com', 'x', 900002), null, 'another tenant''s Anna is asked');
select is((select failures from mp.login_throttle where tenant_id = 900002), 1, 'and has a count of her own');
select pg_temp.guesses('nobody@example.com', 5) \g /dev/null
select isnt(pg_temp.run('select mp.throttled(''nobody@example.com'')'), null, 'an address that nobody has is locked as well');
create function pg_temp.unlock() returns void language sql as $$ update mp.login_throttle set locked_until = clock_timestamp() - interval '1 ms' $$;
create temp table lock_length (n serial, span interval);
do $$ begin for i in 1..8 loop
  perform pg_temp.unlock(), pg_temp.log_in('anna@example.com', 'still wrong');
  insert into lock_length (span) values (pg_temp.run('select mp.throttled(''anna@example.com'')')::interval);
end loop; end $$;
select is((select array_agg(round(extract(epoch from span) / 2400) order by n) from lock_length), '{2,4,8,16,30,30,30,30}'::numeric[], 'each failure after a lock doubles the next, up to the longest');
select pg_temp.unlock() \g /dev/null
select is(pg_temp.log_in('anna@example.com', pg_temp.s('anna2')), pg_temp.anna(), 'after the lock the right password signs in');
select pg_temp.guesses('anna@example.com', 1) \g /dev/null
select is((select failures from mp.login_throttle where tenant_id = 900001 and subject = mp.throttle_subject('account', 'anna@example.com')), 1, 'and counting begins anew');
update mp.login_throttle set failures = 4, window_start = now() - interval '61 minutes', locked_until = null where subject = mp.throttle_subject('account', 'anna@example.com');
select pg_temp.guesses('anna@example.com', 1) \g /dev/null
select is((select failures from mp.login_throttle where tenant_id = 900001 and subject = mp.throttle_subject('account', 'anna@example.com')), 1, 'failures are forgotten after an hour');
delete from mp.login_throttle; select pg_temp.log_in('spray' || n || '@example.com', 'Spring2026!', 900001, '203.0.113.9') from generate_series(1, 50) n \g /dev/null
select is(pg_temp.log_in('anna@example.com', pg_temp.s('anna2'), 900001, '203.0.113.9'), null, 'fifty failures of one client lock that client');
select is(pg_temp.log_in('anna@example.com', pg_temp.s('anna2'), 900001, '203.0.113.10'), pg_temp.anna(), 'and no other');
select is(pg_temp.run('select mp.request_password_reset(''anna@example.com'', ''203.0.113.9'')'), null, 'nor does it get tokens');
select isnt(pg_temp.run('select mp.throttled(null, ''203.0.113.9'')'), null, 'throttled says so');
select is(mp.throttle_subject('address', '2001:db8:1:2:3::4'), mp.throttle_subject('address', '2001:db8:1:2:ffff::9'), 'IPv6 clients count by their first 64 bits');
select is(mp.throttle_subject('address', '::ffff:203.0.113.9'), 'address:203.0.113.9', 'an IPv4 client counts as itself however it is written');
select isnt(mp.throttle_subject('address', '2001:db8:1:2::1'), mp.throttle_subject('address', '2001:db8:1:3::1'), 'and no fewer');
delete from mp.login_throttle; select is((select relpersistence::text from pg_class where oid = 'mp.login_throttle'::regclass), 'u', 'the throttle is unlogged');
select is((select count(*) from mp.login_attempts where client_address = '203.0.113.9'), 50::bigint, 'the log says from where');

-- Sessions.
select ok(pg_temp.pair('s1', 'mp.create_session(9000011, ''198.51.100.7'', ''Firefox'')'), 'a session has a pair of tokens');
select matches(pg_temp.s('s1') || pg_temp.s('s1-refresh'), '^mps_900001_[A-Za-z0-9_-]{43}mpr_900001_[A-Za-z0-9_-]{43}$', 'that say their tenant and kind');
select is(pg_temp.run(format('select (tenant_id, user_id)::text from mp.check_session(%L)', pg_temp.s('s1')), tenant => null), '(900001,9000011)', 'check_session says whose it is, before there is a tenant');
select is(pg_temp.run(format('select count(*) from mp.check_session(%L)', token)), '0', 'check_session: ' || what) from (values (null, 'null'), ('', 'nothing'), (pg_temp.s('s1-refresh'), 'a refresh token'),
  (replace(pg_temp.s('s1'), '900001', '900002'), 'another tenant in it'), (pg_temp.s('s1') || ' ', 'a blank behind'), (upper(pg_temp.s('s1')), 'another case'), ('mps_900001_' || repeat('%', 43), 'wildcards'),
  (E'mps_900001_\\x00' || repeat('A', 39), 'NUL escapes'), (encode(mp.token_hash(pg_temp.s('s1')), 'hex'), 'what is kept of it'), (repeat('mps_1_', 1000000), 'megabytes')) v (token, what);
select is(pg_temp.with_token(pg_temp.s('s1'), 'select format(''%s %s'', mp.current_tenant(), mp.current_user_id())'), '900001 9000011', 'sign_in_session sets tenant and user');
select is(pg_temp.with_token(pg_temp.s('s1'), 'select count(*) from mp.sessions'), '1', 'and row security shows what is theirs');
select is(pg_temp.with_token('mps_1_x', 'select 1'), '28000', 'sign_in_session refuses what is no token');
select is(pg_temp.run(format('select mp.sign_in_session(%L)', pg_temp.s('s1')), acting => 'marketplace_auth_person'), '28000', 'and roles that are no application''s');
select is(pg_temp.run('select mp.create_session(9000011)', 9000012), '42501', 'create_session: not for somebody else than who is signed in');
select is(pg_temp.run('select mp.create_session(9000021)'), '28000', 'create_session: not for another tenant''s user');
select is(pg_temp.run('select mp.create_session(null)'), '28000', 'create_session: nor for null');
select is(pg_temp.run('select mp.create_session(9000019)', acting => 'marketplace_auth_person'), '42501', 'create_session: not by a role that is no application''s');
select isnt((select last_seen_at from mp.users where tenant_id = 900001 and id = 9000011), null, 'who has a session was seen');
select ok(pg_temp.refresh('s2', 's1'), 'a refresh token gives the next pair');
select isnt(pg_temp.s('s2'), pg_temp.s('s1'), 'with another session token');
select ok(pg_temp.lives('s2'), 'which works');
select ok(pg_temp.lives('s1'), 'the one before works on for a while');
select cmp_ok((select token_expires_at from mp.session_tokens where token_hash = mp.token_hash(pg_temp.s('s1'))), '<=', clock_timestamp() + interval '5 minutes', 'of refresh_grace');
select ok(pg_temp.refresh('s2b', 's1'), 'within that time the same refresh token, sent twice, gives a pair of its own');
select ok(pg_temp.lives('s2') and pg_temp.lives('s2b'), 'and both work');
select ok(pg_temp.refresh('s3', 's2b'), 'one of the twins is refreshed');
select ok(not pg_temp.refresh('s3b', 's2'), 'the other is worthless then');
select ok(not pg_temp.lives('s3') and not pg_temp.lives('s2'), 'and ends the session, for somebody copied a token');
select is((select revoked_because::text from mp.sessions where tenant_id = 900001 and user_id = 9000011), 'token_reused', 'as the session says');
select is((select outcome::text from mp.login_attempts order by id desc limit 1), 'token_reused', 'and the log');
select ok(not pg_temp.refresh('s4', 's3'), 'the session is not refreshed any more');
select pg_temp.pair('t1', 'mp.create_session(9000011)'), pg_temp.pair('u1', 'mp.create_session(9000011)'), pg_temp.refresh('t2', 't1') \g /dev/null
update mp.session_tokens set used_at = used_at - interval '6 minutes' where token_hash = mp.token_hash(pg_temp.s('t1')); select ok(not pg_temp.refresh('t2b', 't1'), 'after the grace a used token gives nothing');
select ok(not pg_temp.lives('t2'), 'and ends the session: reuse is noticed');
select ok(pg_temp.lives('u1'), 'other sessions live on');
select pg_temp.refresh('u2', 'u1'), pg_temp.refresh('u3', 'u2') \g /dev/null
select ok(not pg_temp.refresh('u2b', 'u1'), 'within the grace too, when the next token was used already');
select ok(not pg_temp.lives('u3'), 'that ends the session');
update mp.auth_settings set refresh_grace = '0'; select pg_temp.pair('v1', 'mp.create_session(9000011)'), pg_temp.refresh('v2', 'v1') \g /dev/null
select ok(not pg_temp.lives('v1'), 'without grace the session token before ends at once');
select ok(not pg_temp.refresh('v2b', 'v1'), 'and a second use is theft');
update mp.auth_settings set refresh_grace = '5 minutes'; select pg_temp.pair('w1', 'mp.create_session(9000011)') \g /dev/null
update mp.session_tokens set token_expires_at = clock_timestamp() where token_hash = mp.token_hash(pg_temp.s('w1')); select ok(not pg_temp.lives('w1'), 'a session token ends');
select ok(pg_temp.refresh('w2', 'w1'), 'its refresh token goes on');
update mp.session_tokens set refresh_expires_at = clock_timestamp() where token_hash = mp.token_hash(pg_temp.s('w2')); select ok(not pg_temp.refresh('w3', 'w2'), 'until it ends');
select ok(pg_temp.lives('w2'), 'which is no theft');
update mp.sessions set expires_at = clock_timestamp() where id = (select session_id from mp.session_tokens where token_hash = mp.token_hash(pg_temp.s('w2')));
select ok(not pg_temp.lives('w2'), 'a session ends, whatever its tokens say');
update mp.auth_settings set session_lifetime = '5 minutes'; select pg_temp.pair('x1', 'mp.create_session(9000011)') \g /dev/null
select cmp_ok((select greatest(token_expires_at, refresh_expires_at) from mp.session_tokens where token_hash = mp.token_hash(pg_temp.s('x1'))), '<=', clock_timestamp() + interval '5 minutes', 'no token lives longer than its session');
update mp.auth_settings set session_lifetime = '180 days';
update mp.users set status = 'suspended' where tenant_id = 900001 and id = 9000011; select ok(not pg_temp.lives('x1'), 'who is suspended is out at once');
select ok(not pg_temp.refresh('x2', 'x1'), 'and gets no tokens');
select is(pg_temp.run('select mp.create_session(9000011)'), '28000', 'nor a session');
update mp.users set status = 'active' where tenant_id = 900001 and id = 9000011;
update mp.tenants set deleted_at = now() where id = 900001;
select ok(not pg_temp.lives('x1'), 'so is who belongs to a tenant that is given up');
update mp.tenants set deleted_at = null where id = 900001;
select is(pg_temp.with_token(pg_temp.s('x1'), 'select count(*) from mp.my_sessions() where this_one'), '1', 'my_sessions knows which one this is');
select pg_temp.pair('y1', 'mp.create_session(9000011)'), pg_temp.pair('y2', 'mp.create_session(9000012)') \g /dev/null
select is(pg_temp.with_token(pg_temp.s('y2'), format('select mp.revoke_session(%s)', (select session_id from mp.session_tokens where token_hash = mp.token_hash(pg_temp.s('y1'))))), 'false', 'others'' sessions aren''t there to end');
select ok(pg_temp.lives('y1'), 'and live on');
select is(pg_temp.with_token(pg_temp.s('x1'), 'select mp.revoke_session()'), 'true', 'revoke_session signs out');
select ok(not pg_temp.lives('x1'), 'at once');
select is((select revoked_because::text from mp.sessions where revoked_at is not null order by revoked_at desc limit 1), 'signed_out', 'as the session says');
select ok(not pg_temp.refresh('x9', 'x1'), 'its refresh token is over too');
select pg_temp.pair('z1', 'mp.create_session(9000011)'), pg_temp.pair('z2', 'mp.create_session(9000011)') \g /dev/null
select is(pg_temp.with_token(pg_temp.s('z1'), 'select mp.revoke_all_sessions(but_this => true)'), '2', 'all sessions but this one end');
select ok(pg_temp.lives('z1') and not pg_temp.lives('z2'), 'and this one lives');
select is(pg_temp.with_token(pg_temp.s('z1'), 'select mp.revoke_all_sessions(9000012)'), '42501', 'others'' sessions are not one''s own to end');
select ok(pg_temp.lives('y2'), 'so they live');
select is(pg_temp.run('select mp.revoke_all_sessions(9000012)'), '1', 'an application that acts for no user ends them');
select pg_temp.pair('q1', 'mp.create_session(9000013)'), pg_temp.pair('q2', 'mp.create_session(9000013)') \g /dev/null
select is(pg_temp.with_token(pg_temp.s('q1'), 'select mp.set_password(''yet another battery'', ''a new horse battery'')'), 'true', 'another password');
select ok(pg_temp.lives('q1') and not pg_temp.lives('q2'), 'ends the other sessions');

-- Accounts with other providers.
select is(pg_temp.run('select mp.link_identity(''google'', ''1098'') is null', 9000011), 'false', 'an account with a provider is linked');
select is(pg_temp.run('select mp.link_identity(''google'', ''1098'')', 9000011), (select id::text from mp.user_identities where provider = 'google'), 'twice is once');
select is(pg_temp.run('select mp.link_identity(''google'', ''1098'')', 9000012), '23505', 'it is one user''s');
select is(pg_temp.run('select mp.link_identity(''google'', ''1098'') is null', 9000021, 900002), 'false', 'in each tenant');
select is(pg_temp.run('select mp.link_identity(''password'', ''1'')', 9000011), '22023', 'a password is no such account');
select is(pg_temp.run('select mp.link_identity(''google'', '''')', 9000011), '22023', 'nor is one without a number');
select is(pg_temp.run('select mp.user_of_identity(''google'', ''1098'')'), '9000011', 'it signs in');
select is(pg_temp.run('select mp.user_of_identity(''google'', ''1098'')', tenant => 900002), '9000021', 'to the tenant''s own user');
select is(pg_temp.run('select mp.user_of_identity(''google'', ''77'')'), null, 'an unknown one is nobody');
select is(pg_temp.run('select mp.user_of_identity(''password'', ''9000011'')'), null, 'a user''s number is no way in');
select is(pg_temp.run('select string_agg(provider, '','' order by provider) from mp.my_identities()', 9000011), 'google,password', 'users see their ways in');
select is(pg_temp.run(format('select mp.unlink_identity(%s)', (select id from mp.user_identities where provider = 'google' and tenant_id = 900001)), 9000012), 'false', 'and give up nobody else''s');
select is(pg_temp.run(format('select mp.unlink_identity(%s)', (select id from mp.user_identities where provider = 'google' and tenant_id = 900001)), 9000011), 'true', 'but their own');
select is(pg_temp.run('select mp.user_of_identity(''google'', ''1098'')'), null, 'which is over then');
select is(pg_temp.run(format('select mp.unlink_identity(%s)', (select id from mp.user_identities where provider = 'password' and user_id = 9000011)), 9000011), '55000', 'except the last one');

-- API tokens.
create temp table token_row as select pg_temp.run('select to_jsonb(t) from mp.create_api_token(''nightly'', array[''catalog.write'', ''feed:eu''], now() + interval ''1 day'') t', 9000011)::jsonb as row;
select pg_temp.keep('api', row ->> 'token') from token_row \g /dev/null
select matches(pg_temp.s('api'), '^mpa_900001_[A-Za-z0-9_-]{43}$', 'an API token says its tenant and kind');
select is(pg_temp.run(format('select (tenant_id, user_id, scopes)::text from mp.check_api_token(%L)', pg_temp.s('api')), tenant => null), '(900001,9000011,"{catalog.write,feed:eu}")', 'check_api_token says whose it is and for what');
select is((select last_used_at is not null from mp.api_tokens where name = 'nightly'), true, 'and notes the use');
create function pg_temp.writes(age interval) returns boolean language plpgsql as $$
declare before timestamptz := clock_timestamp() - age;
begin
  update mp.api_tokens set last_used_at = before where name = 'nightly';
  perform pg_temp.run(format('select mp.check_api_token(%L)', pg_temp.s('api')));
  return (select last_used_at <> before from mp.api_tokens where name = 'nightly');
end $$;
select is(pg_temp.writes('50 seconds'), false, 'not within a minute of the last');
select is(pg_temp.writes('61 seconds'), true, 'but after it');
select is((select prefix from mp.api_tokens where name = 'nightly'), left(pg_temp.s('api'), 17), 'people see how it begins');
select is(pg_temp.run('select to_jsonb(t) ->> ''prefix'' from mp.my_api_tokens() t', 9000011), left(pg_temp.s('api'), 17), 'in my_api_tokens');
select is(pg_temp.run('select count(*) from mp.my_api_tokens()', 9000012), '0', 'others don''t');
select is(pg_temp.run(format('select count(*) from mp.check_api_token(%L)', token)), '0', 'check_api_token: ' || what) from (values (null, 'null'), (pg_temp.s('z1'), 'a session token'), (left(pg_temp.s('api'), -1), 'cut off'),
  (replace(pg_temp.s('api'), '900001', '900002'), 'another tenant in it'), (left(pg_temp.s('api'), 17) || repeat('_', 37), 'its beginning and wildcards')) v (token, what);
select is(pg_temp.run(q, 9000011), code, 'create_api_token: ' || what) from (values
  ('select mp.create_api_token('' '')', '22023', 'a blank name'), ('select mp.create_api_token(null)', '22023', 'no name'), ('select mp.create_api_token(''x'', array[''a b''])', '22023', 'a scope with a blank'),
  ('select mp.create_api_token(''x'', array[null])', '22023', 'null as scope'), ('select mp.create_api_token(''x'', array[''a'' || chr(10)])', '22023', 'a line end in a scope'),
  ('select mp.create_api_token(''x'', array_fill(''a''::text, array[101]))', '22023', 'too many scopes'), ('select mp.create_api_token(''x'', ''{}'', now())', '22023', 'an end that is past')) v (q, code, what);
select is(pg_temp.run('select mp.create_api_token(''x'')'), '42501', 'create_api_token: nobody is signed in');
select is(pg_temp.run('select mp.create_api_token(''x'')', 9000011, scopes => ' catalog.write'), '42501', 'create_api_token: not with an API token');
update mp.api_tokens set expires_at = clock_timestamp() where name = 'nightly';
select is(pg_temp.run(format('select count(*) from mp.check_api_token(%L)', pg_temp.s('api'))), '0', 'an API token ends');
update mp.api_tokens set expires_at = null where name = 'nightly';
select is(pg_temp.run(format('select count(*) from mp.check_api_token(%L)', pg_temp.s('api'))), '1', 'or doesn''t');
select is(pg_temp.run(format('select mp.revoke_api_token(%s)', row ->> 'token_id'), 9000012), 'false', 'others don''t revoke it') from token_row;
select is(pg_temp.run(format('select mp.revoke_api_token(%s)', row ->> 'token_id'), 9000021, 900002), 'false', 'nor other tenants') from token_row;
select is(pg_temp.run(format('select count(*) from mp.check_api_token(%L)', pg_temp.s('api'))), '1', 'so it works');
select pg_temp.keep('api2', pg_temp.run('select token from mp.create_api_token(''second'', array[''catalog.write''])', 9000011)), pg_temp.keep('api3', pg_temp.run('select token from mp.create_api_token(''third'')', 9000011)) \g /dev/null
select is(pg_temp.run(format('select mp.revoke_api_token(%s)', row ->> 'token_id'), 9000011), 'true', 'its user does') from token_row;
select is(pg_temp.run(format('select count(*) from mp.check_api_token(%L)', pg_temp.s('api'))), '0', 'and it is over at once');
select is(pg_temp.run(format('select mp.sign_in_api_token(%L, ''catalog.write'')', pg_temp.s('api2')), tenant => null), '9000011', 'sign_in_api_token signs in for a scope');
select is(pg_temp.run(format('select mp.sign_in_api_token(%L, ''users.manage'')', pg_temp.s('api2')), tenant => null), '42501', 'that the token has');
select is(pg_temp.run(format('select mp.sign_in_api_token(%L, ''x'')', pg_temp.s('api3')), tenant => null), '42501', 'one without scopes has none');
select is(pg_temp.run('select mp.sign_in_api_token(''mpa_1_x'')'), '28000', 'what is no token is refused');
select is(pg_temp.run(format('select mp.sign_in_api_token(%L)', pg_temp.s('api2')), acting => 'marketplace_auth_person'), '28000', 'and a role that is no application''s');

-- Roles.
select is(pg_temp.run('select mp.seed_roles(900001)'), '6', 'seed_roles makes six roles');
select is(pg_temp.run('select mp.seed_roles(900001)'), '0', 'once');
select is(pg_temp.run('select mp.seed_roles(900002)'), '42501', 'not for another tenant');
select is(pg_temp.run('select mp.seed_roles(900001)', 9000011), '42501', 'nor by a user');
select is(pg_temp.run('select mp.seed_roles(null)', tenant => null), '02000', 'nor for none');
select is(mp.seed_roles(900002), 6, 'the owner makes any tenant''s') from (select set_config('marketplace.user_id', '', true)) nobody;
select set_eq('select p.permission_key from mp.role_permissions p join mp.roles r on r.tenant_id = p.tenant_id and r.id = p.role_id where r.tenant_id = 900001 and r.key = ''owner''', 'select key from mp.permissions', 'an owner may everything');
select is(pg_temp.run('select mp.grant_role(9000011, ''owner'')'), '', 'an application that acts for no user makes the owner');
select is(pg_temp.run('select mp.grant_role(9000012, ''admin'')', 9000011), '', 'who makes an admin');
select is(pg_temp.run('select mp.grant_role(9000013, ''agent'')', 9000012), '', 'who makes an agent');
select is(pg_temp.run(q, me), code, what) from (values
  ('select mp.grant_role(9000013, ''owner'')', 9000012, '42501', 'an admin makes no owner'), ('select mp.revoke_role(9000011, ''owner'')', 9000012, '42501', 'nor unmakes one'),
  ('select mp.grant_role(9000014, ''readonly'')', 9000013, '42501', 'an agent grants nothing'), ('select mp.grant_role(9000014, ''no such'')', 9000011, '02000', 'a role that isn''t there'),
  ('select mp.grant_role(9000021, ''agent'')', 9000011, '02000', 'another tenant''s user has no role here'), ('select mp.grant_role(null, ''agent'')', 9000011, '02000', 'nor has null'),
  ('select mp.grant_role(9000014, ''agent'', now())', 9000011, '22023', 'a grant that is over already'), ('select mp.grant_role(9000014, ''owner'', now() + interval ''1 day'')', 9000011, '22023', 'an owner for a day'),
  ('select mp.revoke_role(9000011, ''owner'')', 9000011, '55000', 'the last owner stays'), ('select mp.revoke_role(9000014, ''agent'')', 9000011, 'false', 'revoking what isn''t there'),
  ('select mp.has_permission(9000011, ''tenant.manage'')', null, 'true', 'has_permission: what a role allows'), ('select mp.has_permission(9000012, ''tenant.manage'')', null, 'false', 'has_permission: and no more'),
  ('select mp.has_permission(9000014, ''catalog.read'')', null, 'false', 'has_permission: nothing without a role'), ('select mp.has_permission(null, null)', null, 'false', 'has_permission: null is nobody'),
  ('select mp.has_permission(9000011, ''*'')', null, 'false', 'has_permission: no wildcards'), ('select mp.may(''users.manage'')', 9000012, 'true', 'may: what the one who acts may'),
  ('select mp.may(''users.manage'')', 9000013, 'false', 'may: and no more'), ('select mp.may(''users.manage'')', null, 'false', 'may: nobody may anything'),
  ('select mp.revoke_all_sessions(9000011) > 0', 9000012, 'true', 'with users.manage one ends another''s sessions'), ('select mp.revoke_all_sessions(9000012)', 9000013, '42501', 'without it one doesn''t')) v (q, me, code, what);
select is(pg_temp.run('select mp.may(''catalog.write'')', 9000011, scopes => ' catalog.write'), 'true', 'an API token may what its user may and its scopes say');
select is(pg_temp.run('select mp.may(''users.manage'')', 9000011, scopes => ' catalog.write'), 'false', 'nothing else');
select is(pg_temp.with_token(pg_temp.s('api3'), 'select mp.may(''catalog.read'')', 'sign_in_api_token'), 'false', 'one without scopes nothing');
select is(pg_temp.with_token(pg_temp.s('api2'), 'select mp.may(''catalog.write'')', 'sign_in_api_token'), 'true', 'signed in with one, may() asks for both');
select is(pg_temp.run('select mp.grant_role(9000014, ''readonly'')', 9000011, scopes => ' roles.grant'), '42501', 'no API token grants roles');
select is(pg_temp.run('select mp.has_permission(9000011, ''tenant.manage'')', tenant => 900002), 'false', 'another tenant asks in vain');
select is(pg_temp.run('select mp.grant_role(9000014, ''agent'', clock_timestamp() + interval ''1 hour'')', 9000011), '', 'a grant with an end');
select is(pg_temp.run('select mp.may(''users.read'')', 9000014), 'true', 'counts until then');
update mp.user_roles set expires_at = clock_timestamp() where user_id = 9000014;
select is(pg_temp.run('select mp.may(''users.read'')', 9000014), 'false', 'and no longer');
update mp.users set status = 'suspended' where tenant_id = 900001 and id = 9000013; select is(pg_temp.run('select mp.may(''users.read'')', 9000013), 'false', 'who is suspended may nothing');
update mp.users set status = 'active' where tenant_id = 900001 and id = 9000013; select is(pg_temp.run('select mp.revoke_role(9000013, ''agent'')', 9000012), 'true', 'a role is revoked');
select is(pg_temp.run('select mp.may(''users.read'')', 9000013), 'false', 'at once');
-- Roles of a tenant's own. How many rows a statement touches as the application for a user, or the SQLSTATE.
create function pg_temp.touched(statement text, me bigint) returns text language plpgsql as $$
declare n text;
begin
  perform set_config('marketplace.tenant_id', '900001', true), set_config('marketplace.user_id', me::text, true), set_config('marketplace.scopes', '', true);
  begin
    perform set_config('role', 'marketplace_auth_app', true);
    execute statement;
    get diagnostics n = row_count;
  exception when others then n := sqlstate;
  end;
  perform set_config('role', 'none', true);
  return n;
end $$;
create temp table own_role (n int, q text, me bigint, code text, what text);
insert into own_role values
  (1, 'insert into mp.roles (tenant_id, id, key, name) values (900001, 990001, ''buying'', ''Buying'')', 9000012, '1', 'an admin makes a role'),
  (2, 'insert into mp.roles (tenant_id, key, name) values (900001, ''mine'', ''Mine'')', 9000013, '42501', 'others don''t'),
  (3, 'insert into mp.roles (tenant_id, key, name, is_system) values (900001, ''mine'', ''Mine'', true)', 9000012, '42501', 'nobody makes one of the system''s'),
  (4, 'insert into mp.roles (tenant_id, key, name) values (900002, ''mine'', ''Mine'')', 9000012, '42501', 'nor one for another tenant'),
  (5, 'insert into mp.role_permissions values (900001, 990001, ''prices.write'')', 9000012, '1', 'it allows what the admin may'),
  (6, 'insert into mp.role_permissions values (900001, 990001, ''tenant.manage'')', 9000012, '42501', 'and no more'),
  (7, 'insert into mp.role_permissions select tenant_id, id, ''users.manage'' from mp.roles where key = ''agent''', 9000012, '42501', 'the system''s roles stay as they are'),
  (8, 'delete from mp.role_permissions p using mp.roles r where r.id = p.role_id and r.key = ''admin''', 9000012, '0', 'and lose nothing'),
  (9, 'insert into mp.role_permissions values (900001, 990001, ''tenant.manage'')', 9000011, '1', 'an owner allows more'),
  (10, 'delete from mp.roles where id = 990001', 9000012, '0', 'then the admin doesn''t remove it'),
  (11, 'update mp.roles set name = ''X'' where id = 990001', 9000012, '0', 'nor change it'),
  (12, 'update mp.roles set is_system = true where id = 990001', 9000011, '42501', 'nobody makes it the system''s'),
  (13, 'insert into mp.user_roles (tenant_id, user_id, role_id) values (900001, 9000012, 990001)', 9000012, '42501', 'nobody takes a role by writing a row'),
  (14, 'delete from mp.roles where id = 990001', 9000011, '1', 'the owner removes it');
select is(pg_temp.touched(q, me), code, what) from own_role order by n;

-- Who sees what.
select is(pg_temp.run('select count(*) from mp.' || t, 9000011), '0', format('%s shows no row, even to a role that has every grant', t)) from unnest(array['user_identities', 'one_time_tokens', 'session_tokens', 'api_tokens', 'login_throttle']) t;
select is(pg_temp.touched(q, 9000011), n, 'by a grant alone: ' || q) from (values ('update mp.user_identities set password_hash = null', '0'), ('delete from mp.sessions', '0'), ('update mp.sessions set revoked_at = null', '0'),
  ('update mp.auth_settings set account_failures = 1000000', '0'), ('delete from mp.login_attempts', '0'), ('insert into mp.user_roles select 900001, 9000013, id from mp.roles where key = ''owner''', '42501')) v (q, n);
select is(pg_temp.run('select count(*) from mp.sessions where user_id <> 9000012', 9000012), '0', 'users see no others'' sessions');
select is(pg_temp.run('select count(*) > 0 from mp.sessions', 9000012), 'true', 'but their own');
select is(pg_temp.run('select count(*) from mp.login_attempts where user_id is distinct from 9000014', 9000014), '0', 'nor others'' attempts');
select is(pg_temp.run('select count(distinct user_id) > 3 from mp.login_attempts', 9000012), 'true', 'with security.read all of the tenant''s');
select is(pg_temp.run('select count(*) from mp.login_attempts where tenant_id <> 900001', 9000012), '0', 'and of no other tenant');
select is(pg_temp.run('select count(*) from mp.user_roles where user_id <> 9000014', 9000014), '0', 'nor others'' roles');
select is(pg_temp.run('select count(*) from mp.roles where tenant_id <> 900001', 9000014), '0', 'nor other tenants'' roles');
select is(pg_temp.run('select count(*) from mp.auth_settings', null, null, 'marketplace_auth_stranger'), '1', 'the settings are no secret');
select is(pg_temp.run('select count(*) from mp.' || t, 9000011, 900001, 'marketplace_auth_stranger'), '0', 'a stranger sees nothing in ' || t) from unnest(array['sessions', 'login_attempts', 'roles', 'role_permissions', 'user_roles']) t;
select is(pg_temp.run(format('select mp.%s', call), 9000019, 900001, 'marketplace_auth_person'), '42501', 'only an application calls ' || call) from unnest(array['register_user(''h@example.com'', ''H'')', 'renew_verification(''h@example.com'')',
  'request_password_reset(''anna@example.com'')', 'verify_password(''anna@example.com'', ''x'')', 'throttled(''anna@example.com'')', 'create_session(9000011)', 'link_identity(''google'', ''5'')', 'user_of_identity(''google'', ''5'')', 'seed_roles(900001)']) call;
select is(pg_temp.run('select count(*) from mp.my_sessions()', 9000011, 900001, 'marketplace_auth_person'), '0', 'a role of one user is that user, whatever the settings say');
-- A function with its owner's rights that reads tables of sign-in is nobody's until it is granted.
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'mp'::regnamespace and p.prosecdef and p.proname <> 'may'
    and p.prosrc ~ '(user_identities|one_time_token|session_tokens|[.]sessions|api_tokens|login_throttle|login_attempts|user_roles|serving_tenant|signed_in_user|acting_role)' and p.proname !~ '^(acting_number|user_of_email|count_price_changes)$'
    and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)$$, 'no function of sign-in with its owner''s rights is public, but may()');
select cmp_ok((select count(*) from pg_proc p where p.pronamespace = 'mp'::regnamespace and p.prosecdef and p.prosrc ~ '(signed_in_user|serving_tenant)'), '>', 12::bigint, 'there are many');
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'mp'::regnamespace and p.prosecdef and not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false)$$, 'each has its own search_path');
select is(pg_temp.run('select mp.' || call, null, 900001, 'marketplace_auth_stranger'), '42501 bare', 'a role without a grant doesn''t call ' || call) from unnest(array['verify_password(''a'', ''b'')', 'check_session(''x'')', 'sign_in_session(''x'')',
  'refresh_session(''x'')', 'check_api_token(''x'')', 'reset_password(''x'', ''y'')', 'has_permission(1, ''x'')', 'grant_role(1, ''owner'')']) call;
select is(pg_temp.run('select mp.' || call, null, 900001, 'marketplace_auth_stranger'), '42501 bare', 'nor what others are made of: ' || call) from unnest(array['keep_password(900001, 9000011, ''x'')', 'issue_session_tokens(900001, 1, null, now())',
  'issue_one_time_token(900001, 9000011, ''password_reset'', ''1 hour'')', 'end_sessions(900001, 9000011, ''revoked'')', 'forget_sign_in(900001, 9000011)', 'purge_sign_in()']) call;

-- Somebody's own search_path, with functions and an operator of the same names that would give everything away.
create schema marketplace_auth_trap;
grant usage, create on schema marketplace_auth_trap to marketplace_auth_app;
set local role marketplace_auth_app;
create function marketplace_auth_trap.crypt(text, text) returns text language sql as 'select $2';
create function marketplace_auth_trap.sha256(bytea) returns bytea language sql as $$select '\x00'::bytea$$;
create function marketplace_auth_trap.clock_timestamp() returns timestamptz language sql as $$select '-infinity'::timestamptz$$;
create function marketplace_auth_trap.lower(text) returns text language sql as $$select 'anna@example.com'$$;
create function marketplace_auth_trap.yes(text, text) returns boolean language sql as 'select true';
create operator marketplace_auth_trap.= (function = marketplace_auth_trap.yes, leftarg = text, rightarg = text);
reset role;
delete from mp.login_throttle;
create temp table trapped as select null::text as wrong, null::text as right_one, null::text as guess, null::text as ended;
set local search_path = marketplace_auth_trap, pg_temp, pg_catalog, public;
create function pg_temp.trap(call text) returns text language plpgsql set search_path = marketplace_auth_trap, pg_temp, pg_catalog, public as $$
declare answer text;
begin
  perform set_config('marketplace.tenant_id', '900001', true), set_config('marketplace.user_id', '', true), set_config('role', 'marketplace_auth_app', true);
  execute call into answer;
  perform set_config('role', 'none', true);
  return answer;
end $$;
update trapped set wrong = pg_temp.trap($$select mp.verify_password('anna@example.com', 'wrong')$$), right_one = pg_temp.trap(format('select mp.verify_password(''anna@example.com'', %L)', (select value from secret where name operator(pg_catalog.=) 'anna2'))),
  guess = pg_temp.trap('select user_id from mp.check_session(''mps_900001_' || repeat('A', 43) || ''')'), ended = pg_temp.trap(format('select user_id from mp.check_session(%L)', (select value from secret where name operator(pg_catalog.=) 'y2')));
set local search_path = public, pg_catalog;
select is(wrong, null, 'under a hostile search_path the wrong password is wrong') from trapped;
select is(right_one, pg_temp.anna()::text, 'and the right one right') from trapped;
select is(guess, null, 'a guess is no session') from trapped;
select is(ended, null, 'a session that was ended is over') from trapped;

-- No secret is kept, in no table, in no form that is easily read.
create function pg_temp.holds(wanted text) returns setof text language plpgsql as $$
declare t regclass; hit boolean;
begin
  for t in select c.oid from pg_class c where c.relnamespace = 'mp'::regnamespace and c.relkind in ('r', 'm') loop
    execute format('select exists (select from %s t where strpos(t::text, $1) > 0 or strpos(t::text, replace($1, ''"'', ''""'')) > 0 or strpos(t::text, encode(convert_to($1, ''UTF8''), ''hex'')) > 0)', t) into hit using wanted;
    if hit then return next t::text; end if;
  end loop;
end $$;
select is_empty($$select s.name, pg_temp.holds(s.value) from secret s$$, 'no password and no token is in any table');
select is_empty($$select s.name, pg_temp.holds(right(s.value, 36)) from secret s where s.value like 'mp__9%'$$, 'nor the better part of a token');
select cmp_ok((select count(*) from secret), '>', 40::bigint, 'there were many');
select is((select array_agg(h) from pg_temp.holds('nightly') h), '{mp.api_tokens}', 'the search finds what is there');
select is_empty($$select l.name from (select unnest(array['Spring2026!', 'correct horse battery', 'a new horse battery', 'brought along']) as name) l where exists (select from pg_temp.holds(l.name))$$, 'nor what others typed');

-- Erasing and removing.
insert into mp.login_throttle values (900001, mp.throttle_subject('reset', 'anna@example.com'), now(), 1);
select mp.forget_sign_in(900001, pg_temp.anna()) \g /dev/null
select is_empty(format($$select '%s' from mp.%s t where to_jsonb(t) ->> 'user_id' = '%s'$$, t, t, pg_temp.anna()), 'forget_sign_in leaves nothing in ' || t)
  from unnest(array['user_identities', 'one_time_tokens', 'sessions', 'api_tokens', 'login_attempts', 'user_roles']) t;
select is_empty($$select from mp.login_throttle where subject in (mp.throttle_subject('account', 'anna@example.com'), mp.throttle_subject('reset', 'anna@example.com')) and tenant_id = 900001$$, 'nor in login_throttle');
select cmp_ok((select count(*) from mp.sessions), '>', 3::bigint, 'others'' rows stay');
update mp.login_attempts set attempted_at = now() - interval '91 days' where client_address = '203.0.113.9';
insert into mp.login_throttle values (900001, 'address:192.0.2.1', now() - interval '2 hours', 3), (900001, 'address:192.0.2.2', now() - interval '30 minutes', 3);
select pg_temp.run('select mp.request_password_reset(''moved@example.com'')'), pg_temp.run('select mp.request_password_reset(''person8@example.com'')') \g /dev/null
update mp.one_time_tokens set expires_at = now() - interval '1 day' where user_id = 9000018;
update mp.sessions set expires_at = now() - interval '91 days' where user_id = 9000011;
select cmp_ok(mp.purge_sign_in(1), '<=', 6::bigint, 'purge_sign_in takes so many of a kind at once');
select isnt_empty($$select from mp.login_attempts where attempted_at < now() - interval '90 days'$$, 'the others stay');
select cmp_ok(mp.purge_sign_in(), '>=', 50::bigint, 'until it is called again');
select is_empty($$select from mp.login_attempts where attempted_at < now() - interval '90 days'$$, 'then old attempts are gone');
select is_empty('select from mp.login_throttle where subject = ''address:192.0.2.1''', 'failures of two hours ago are gone');
select isnt_empty('select from mp.login_throttle where subject = ''address:192.0.2.2''', 'those of half an hour ago stay');
select is_empty('select from mp.one_time_tokens where user_id = 9000018', 'old tokens are gone');
select isnt_empty('select from mp.one_time_tokens where user_id = 9000019', 'new ones stay');
select is_empty('select from mp.sessions where user_id = 9000011', 'old sessions are gone');
select isnt_empty('select from mp.login_attempts', 'newer attempts stay');
select isnt_empty('select from mp.sessions', 'newer sessions stay');
select is(mp.purge_sign_in(), 0::bigint, 'then there is nothing to remove');

-- What holds for every table of sign-in.
create temp view relation as select c.oid, c.relname from pg_class c where c.relnamespace = 'mp'::regnamespace
  and c.relname in ('auth_settings', 'user_identities', 'one_time_tokens', 'login_throttle', 'login_attempts', 'sessions', 'session_tokens', 'api_tokens', 'permissions', 'roles', 'role_permissions', 'user_roles');
select is((select count(*) from relation), 12::bigint, 'there are twelve tables');
select is_empty($$select c.conname from pg_constraint c join relation r on r.oid = c.conrelid where c.contype = 'f'
  and not exists (select from pg_index i where i.indrelid = c.conrelid and (select array_agg(k order by k) from unnest((i.indkey::int2[])[0:cardinality(c.conkey) - 1]) k) = (select array_agg(k order by k) from unnest(c.conkey) k))$$, 'every foreign key has an index');
select is_empty($$select r.relname, a.attname from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped where col_description(r.oid, a.attnum) is null$$, 'every column has a comment');
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'mp'::regnamespace and coalesce(obj_description(p.oid, 'pg_proc'), '') !~ 'Errors: .*Example: '$$, 'every function''s comment says its errors and shows an example');
select is_empty($$select r.relname from relation r join pg_class c on c.oid = r.oid where not c.relrowsecurity or c.relforcerowsecurity$$, 'row security is on and not forced');

-- CHECKs, each by a row that breaks only it.
create temp table broken as
  select 'auth_settings_' || c || '_range' as name, format('update mp.auth_settings set %I = %L', c, bad) as statement from (values ('password_cost', '3'), ('password_min_length', '0'), ('password_max_length', '127'), ('verification_lifetime', '0'), ('reset_lifetime', '0'),
    ('session_token_lifetime', '0'), ('refresh_token_lifetime', '0'), ('session_lifetime', '0'), ('refresh_grace', '6 minutes'), ('account_failures', '0'), ('address_failures', '0'), ('failure_window', '0'), ('first_lock', '0'), ('longest_lock', '25 hours'), ('keep_attempts', '-1 s')) v (c, bad)
  union all select t || '_' || c, format('insert into mp.%1$I select (jsonb_populate_record(r, %2$L)).* from mp.%1$I r where %3$s limit 1', t, bad, cond) from (values ('auth_settings', 'one_row', '{"singleton": false}', 'true'),
    ('user_identities', 'provider_form', '{"id": -1, "provider": "Google!"}', 'provider = ''google'''), ('user_identities', 'provider_user_id_form', '{"id": -1, "provider_user_id": ""}', 'provider = ''google'''), ('user_identities', 'password_is_theirs', '{"id": -1, "provider_user_id": "5"}', 'provider = ''password'''),
    ('user_identities', 'password_has_hash', '{"id": -1, "password_hash": null}', 'provider = ''password'''), ('user_identities', 'password_hash_form', '{"id": -1, "password_hash": "x"}', 'provider = ''password'''), ('one_time_tokens', 'token_hash_form', '{"id": -1, "token_hash": "\\x00"}', 'true'),
    ('login_attempts', 'user_agent_form', format('{"id": -1, "user_agent": "%s"}', repeat('x', 501)), 'true'), ('sessions', 'user_agent_form', format('{"id": -1, "user_agent": "%s"}', repeat('x', 501)), 'true'), ('sessions', 'revoked_because', '{"id": -1, "revoked_because": "revoked"}', 'revoked_at is null'),
    ('session_tokens', 'token_hash_form', '{"id": -1, "token_hash": "\\x00"}', 'true'), ('session_tokens', 'refresh_hash_form', '{"id": -1, "refresh_hash": "\\x00"}', 'true'), ('session_tokens', 'superseded_is_used', '{"id": -1, "superseded": true}', 'used_at is null'), ('api_tokens', 'token_hash_form', '{"id": -1, "token_hash": "\\x00"}', 'true'),
    ('api_tokens', 'scopes_form', '{"id": -1, "scopes": [null]}', 'true'), ('permissions', 'key_form', '{"key": "x"}', 'true'), ('permissions', 'description_form', '{"description": " "}', 'true')) v (t, c, bad, cond);
create function pg_temp.breaks(statement text) returns text language plpgsql as $$
declare broke text;
begin
  execute statement;
  return 'nothing';
exception when check_violation then
  get stacked diagnostics broke = constraint_name;
  return broke;
end $$;
select is(pg_temp.breaks(statement), name, 'CHECK ' || name) from broken order by name;
select set_eq('select name from broken', $$select conname::text from pg_constraint c join relation r on r.oid = c.conrelid where c.contype = 'c'$$, 'that were all CHECKs');

select * from finish();
rollback;
