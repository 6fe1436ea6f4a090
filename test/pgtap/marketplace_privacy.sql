-- Personal data of the marketplace: profiles, encryption, what others see, export, erasure, advice. Schema mp stores addresses in the clear,
-- schema mpe encrypts them; what holds for both is claimed of both.
\set ON_ERROR_STOP 1
\set QUIET 1
create extension if not exists pgcrypto;
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp') \g /dev/null
select deal_advisor.marketplace_install('mpe', '{"encryption": true}') \g /dev/null
set local client_min_messages = error;
select no_plan();

-- Everything below is rolled back, the roles too.
create role marketplace_privacy_app;
create role marketplace_privacy_jane;
create role marketplace_privacy_reports;
create role marketplace_privacy_stranger;
set local marketplace.encryption_key = 'a key of these tests, 0123456789abcdef';

create temp table person (market text primary key, tenant bigint, id bigint, other bigint, third bigint, far_tenant bigint, far bigint, direct bigint, talk bigint, old_public_id text);
create temp table market (name text);
insert into market values ('mp'), ('mpe');
grant select on person, market to public;

-- Runs a statement in a market ($S stands for its schema, $T for the tenant, $P, $O, $F for the person, the other, somebody of another tenant);
-- gives the first column of the first row, or the SQLSTATE.
create function pg_temp.run(market text, query text, acting text default null, me bigint default null, tenant bigint default null) returns text language plpgsql as $$
declare result text; p person;
begin
  select * into p from person where person.market = run.market;
  perform set_config('marketplace.tenant_id', coalesce(tenant::text, ''), true), set_config('marketplace.user_id', coalesce(me::text, ''), true);
  query := replace(replace(replace(replace(replace(query, '$S', market), '$T', coalesce(p.tenant::text, '')), '$P', coalesce(p.id::text, '')), '$O', coalesce(p.other::text, '')), '$F', coalesce(p.far::text, ''));
  begin
    perform set_config('role', coalesce(acting, 'none'), true);
    execute query into result;
  exception when others then
    get stacked diagnostics result = returned_sqlstate;
  end;
  perform set_config('role', 'none', true), set_config('marketplace.tenant_id', '', true), set_config('marketplace.user_id', '', true);
  return result;
end $$;
-- The same, with the whole error: message, detail and hint.
create function pg_temp.failure(market text, query text) returns text language plpgsql as $$
declare said text; more text; hint text;
begin
  execute replace(query, '$S', market);
  return 'no error';
exception when others then
  get stacked diagnostics said = message_text, more = pg_exception_detail, hint = pg_exception_hint;
  return concat_ws(' | ', said, nullif(more, ''), nullif(hint, ''));
end $$;
-- Tables of a market with a row that has one of the marks in it, as text or as bytes.
create function pg_temp.traces(market text, marks text[]) returns setof text language plpgsql as $$
declare rel regclass; n bigint;
begin
  for rel in select c.oid from pg_class c where c.relnamespace = market::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1 loop
    execute format('select count(*) from %s t, unnest($1) m where strpos(lower(t::text), lower(m)) > 0 or strpos(t::text, encode(convert_to(m, ''UTF8''), ''hex'')) > 0', rel) into n using marks;
    if n > 0 then return next rel::text; end if;
  end loop;
end $$;

-- A person with something in every table that can hold something of them; everything that is theirs has a mark in it.
create function pg_temp.fill(market text) returns void language plpgsql as $$
declare p person; q text; made bigint; offer bigint;
begin
  p.market := market;
  execute replace($q$insert into $S.tenants (name, slug) values ('Privacy', 'privacy-1') returning id$q$, '$S', market) into p.tenant;
  execute replace($q$insert into $S.tenants (name, slug) values ('Elsewhere', 'privacy-2') returning id$q$, '$S', market) into p.far_tenant;
  execute replace($q$select $S.add_user($1, 'Zzqmail@zzqhost.example', 'Zzqname', 'active')$q$, '$S', market) into p.id using p.tenant;
  execute replace($q$select $S.add_user($1, 'other@example.com', 'Other', 'active')$q$, '$S', market) into p.other using p.tenant;
  execute replace($q$select $S.add_user($1, 'third@example.com', 'Third', 'active')$q$, '$S', market) into p.third using p.tenant;
  execute replace($q$select $S.add_user($1, 'far@example.com', 'Far', 'active')$q$, '$S', market) into p.far using p.far_tenant;
  execute replace($q$select public_id from $S.users where id = $1$q$, '$S', market) into p.old_public_id using p.id;
  perform set_config('marketplace.tenant_id', p.tenant::text, true), set_config('marketplace.user_id', p.id::text, true);
  execute replace($q$select $S.open_conversation(array[$1], 'zzqsubject one')$q$, '$S', market) into p.direct using p.other;
  execute replace($q$select $S.open_conversation(array[$1, $2], 'zzqsubject two', 'group')$q$, '$S', market) into p.talk using p.other, p.third;
  insert into person values (p.*);
  q := $q$
    select $S.set_phone($T, $P, '+99 555 0199-777'), $S.set_address($T, $P, '{"street": "Zzqstreet 1"}');
    update $S.user_profiles set avatar_url = 'https://zzqavatar.example/', about = 'zzqabout', preferences = '{"zzqpreference": 1}' where user_id = $P;
    select $S.post_message($D, 'zzqbody one'), $S.post_message($D, 'zzqbody two'), $S.post_message($D, 'zzqbody three');
    select $S.edit_message($D, 1, 'zzqbody changed');
    select $S.delete_message($D, 2);
    insert into $S.message_edits (tenant_id, conversation_id, seq, edit_no, body, edited_by) values ($T, $D, 3, 1, 'zzqtext that a moderator changed', $O);
    select $S.react($D, 1, 'zzqsign');
    insert into $S.attachments (tenant_id, conversation_id, seq, uploaded_by, file_name, media_type, byte_size, storage_key, sha256)
      values ($T, $D, 1, $P, 'zzqfile.png', 'image/zzqmedia', 1, 'zzqstorage/1', sha256('zzqcontents'));
    select $S.make_offer($D, 700, 'EUR', null, 'zzqnote with an offer');
    update $S.participants set muted_until = 'infinity', pinned = true where user_id = $P;
    insert into $S.database_roles (role_name, kind, tenant_id, user_id) values ('zzqrole', 'user', $T, $P);
    insert into $S.notifications (tenant_id, user_id, kind, template, payload) values ($T, $P, 'system', 'zzqtemplate', '{"zzqpayload": 1}');
    insert into $S.notification_preferences (tenant_id, user_id, channel, time_zone) values ($T, $P, 'email', 'Europe/Berlin');
    insert into $S.notification_log (tenant_id, user_id, channel, outcome, provider_id, detail) values ($T, $P, 'email', 'sent', 'zzqprovider', 'zzqdetail');
    insert into $S.user_activity_log (tenant_id, user_id, action, object_kind, details) values ($T, $P, 'zzqaction', 'zzqkind', '{"zzqsearched": 1}');
    insert into $S.outbox (tenant_id, topic, payload, dedup_key, last_error) values ($T, 'mail', '{"user_id": $P, "text": "zzqmailed"}', 'zzqdedup', 'zzqerror'),
      ($T, 'mail', '{"mails": [{"to": "zzqmail@ZZQHOST.example"}]}', null, null);
    insert into $S.user_identities (tenant_id, user_id, provider, provider_user_id) values ($T, $P, 'somebody', 'zzqsubject at another provider');
    select $S.issue_one_time_token($T, $P, 'password_reset', '1 hour');
    insert into $S.sessions (tenant_id, user_id, expires_at, client_address, user_agent) values ($T, $P, now() + interval '1 day', '203.0.113.77', 'zzqagent/1.0');
    insert into $S.api_tokens (tenant_id, user_id, name, prefix, token_hash) values ($T, $P, 'zzqtoken name', 'zzqprefix', sha256('zzqother token'));
    insert into $S.login_attempts (tenant_id, user_id, outcome, client_address, user_agent) values ($T, $P, 'wrong', '203.0.113.77', 'zzqagent/1.0');
    select $S.count_failure($T, $S.throttle_subject('account', 'zzqmail@zzqhost.example'), 5), $S.count_failure($T, $S.throttle_subject('reset', 'zzqmail@zzqhost.example'), 5);
    select $S.count_failure($T, $S.throttle_subject('account', 'other@example.com'), 5);
    insert into $S.products (tenant_id, name) values ($T, 'Something to watch');
    insert into $S.watches (tenant_id, user_id, product_id, kind, target_minor) select $T, u, id, 'target', 100 from $S.products, unnest(array[$P, $O]) u where tenant_id = $T;
    insert into $S.alerts (tenant_id, watch_id, user_id, product_id, listing_id, kind, currency, price_at) select $T, id, user_id, product_id, 1, 'target', 'EUR', now() from $S.watches where tenant_id = $T;
    insert into $S.roles (tenant_id, key, name) values ($T, 'helper', 'Role');
    insert into $S.user_roles (tenant_id, user_id, role_id, granted_by) select $T, u, id, $P from $S.roles, unnest(array[$P, $O]) u where tenant_id = $T;
    select set_config('marketplace.user_id', '$O', true);
    select $S.post_message($D, 'Hello Anna, said the other'), $S.react($D, 1, 'othersign'), $S.react($D, 5, 'ownsign');
    select set_config('marketplace.user_id', '', true)$q$;
  execute replace(replace(replace(replace(replace(q, '$S', market), '$D', p.direct::text), '$T', p.tenant::text), '$P', p.id::text), '$O', p.other::text);
  perform set_config('marketplace.tenant_id', '', true);
end $$;
select pg_temp.fill(name) from market \g /dev/null
do $$
declare m text;
begin
  for m in select name from market loop
    execute format('grant usage on schema %1$I to marketplace_privacy_app, marketplace_privacy_jane, marketplace_privacy_reports, marketplace_privacy_stranger', m);
    execute format('grant select, insert, update, delete on all tables in schema %1$I to marketplace_privacy_app, marketplace_privacy_jane, marketplace_privacy_stranger', m);
    execute format('grant select on %1$I.users_masked, %1$I.public_profiles to marketplace_privacy_reports', m);
    execute format('grant execute on all functions in schema %1$I to marketplace_privacy_app, marketplace_privacy_jane, marketplace_privacy_stranger', m);
    execute format('insert into %1$I.database_roles (role_name, kind) values (''marketplace_privacy_app'', ''application'')', m);
    execute format('insert into %1$I.database_roles (role_name, kind, tenant_id, user_id) select ''marketplace_privacy_jane'', ''user'', tenant, other from person where market = %1$L', m);
    execute format('insert into %1$I.database_roles (role_name, kind, tenant_id, user_id) select ''marketplace_privacy_reports'', ''user'', tenant, third from person where market = %1$L', m);
  end loop;
end $$;

-- Addresses, the same way in both
select is(pg_temp.run(name, 'select $S.user_of_email($T, ''ZZQMAIL@zzqhost.example '')'), p.id::text, name || ': an address finds its user in whatever case') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.email_of($T, $P)'), 'Zzqmail@zzqhost.example', name || ': it is given as it was written') from market;
select is(pg_temp.run(name, 'select $S.user_of_email($T, ''nobody@example.com'')'), null, name || ': an unknown address finds nobody') from market;
select is(pg_temp.run(name, 'select $S.user_of_email($T, null)'), null, name || ': nor does none') from market;
select is(pg_temp.run(name, 'select $S.user_of_email((select far_tenant from person where market = ''$S''), ''other@example.com'')'), null, name || ': nor does one of another tenant') from market;
select is(pg_temp.run(name, 'select $S.add_user($T, ''OTHER@example.com'', ''Second'')'), '23505', name || ': an address has one living user of a tenant') from market;
select is(pg_temp.run(name, 'select $S.add_user((select far_tenant from person where market = ''$S''), ''other@example.com'', ''Same'') > 0'), 'true', name || ': another tenant may have it too') from market;
select is(pg_temp.run(name, 'select $S.set_email($T, $P, ''other@example.com'')'), '23505', name || ': nobody takes another''s address') from market;
select unalike(pg_temp.failure(name, format('select $S.set_email(%s, %s, ''other@example.com'')', p.tenant, p.id)), '%example%', name || ': the error does not repeat it') from market join person p on p.market = name;
select unalike(pg_temp.failure(name, format('select $S.add_user(%s, ''other@example.com'', ''X'')', p.tenant)), '%example%', name || ': nor when a user is added') from market join person p on p.market = name;
select is(pg_temp.run(name, format('select $S.set_email($T, $P, %L)', bad)), '22023', name || ': no address: ' || left(bad, 20)) from market, unnest(array['', 'nobody', 'a@b@c', 'a b@c', '@x', repeat('x', 320) || '@x']) bad;
select unalike(pg_temp.failure(name, 'select $S.set_email(1, 1, ''zzq no address'')'), '%zzq%', name || ': the error does not repeat what is none') from market;
select is(pg_temp.run(name, 'select $S.set_email($T, $P, null)'), '22023', name || ': null is no address') from market;
select is(pg_temp.run(name, 'select $S.set_email($T, $F, ''x@example.com'')'), '02000', name || ': users of other tenants are none') from market;
select is(pg_temp.run(name, $$with v as (update $S.users set email_verified_at = now() where id = $O returning 1) select count(*) from v$$), '1', name || ': an address is verified') from market;
select is(pg_temp.run(name, $$select $S.set_email($T, $O, 'OTHER@example.com'), email_verified_at is not null from $S.users where id = $O$$), '', name || ': it is written in other case') from market;
select is(pg_temp.run(name, $$select email_verified_at is not null from $S.users where id = $O$$), 'true', name || ': which keeps it verified') from market;
select is(pg_temp.run(name, $$select $S.set_email($T, $O, 'other2@example.com')$$), '', name || ': it is changed') from market;
select is(pg_temp.run(name, $$select email_verified_at is null from $S.users where id = $O$$), 'true', name || ': which does not') from market;
select is(pg_temp.run(name, $$select $S.set_email($T, $O, 'other@example.com')$$), '', name || ': and back') from market;
select is(pg_temp.run(name, $$select $S.user_of_email($T, 'other2@example.com')$$), null, name || ': the former one finds nobody') from market;
select is(pg_temp.run(name, $$insert into $S.users (tenant_id, display_name) values ($T, 'Nobody')$$), '23514', name || ': who lives has an address') from market;
select is(pg_temp.run(name, $$select $S.add_user($T, 'gone@example.com', 'Gone') is not null$$), 'true', name || ': somebody comes') from market;
select is(pg_temp.run(name, $$with v as (update $S.users set deleted_at = now() where id = $S.user_of_email($T, 'gone@example.com') returning 1) select count(*) from v$$), '1', name || ': and goes') from market;
select is(pg_temp.run(name, $$select $S.user_of_email($T, 'gone@example.com')$$), null, name || ': an account that was given up is not found') from market;
select is(pg_temp.run(name, $$select $S.add_user($T, 'gone@example.com', 'Again') is not null$$), 'true', name || ': its address is free') from market;
select is(pg_temp.run(name, 'select $S.user_of_email($T, ''other@example.com'') = $O', 'marketplace_privacy_app', tenant => p.tenant), 'true', name || ': an application that acts for the tenant finds an address') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.user_of_email($T, ''other@example.com'')', 'marketplace_privacy_app', tenant => p.far_tenant), '42501', name || ': not for another tenant') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.user_of_email($T, ''other@example.com'')', 'marketplace_privacy_stranger', tenant => p.tenant), '42501', name || ': a role that nobody mapped does not') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.add_user($T, ''new@example.com'', ''New'') > 0', 'marketplace_privacy_app', tenant => p.far_tenant), '42501', name || ': nor does it add users to another') from market join person p on p.market = name;
savepoint added;
select is(pg_temp.run(name, 'select $S.add_user($T, ''new@example.com'', ''New'') > 0', 'marketplace_privacy_app', tenant => p.tenant), 'true', name || ': it adds them to its own') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.set_email($T, $O, ''newer@example.com'')', 'marketplace_privacy_app', tenant => p.tenant), '', name || ': and changes their addresses') from market join person p on p.market = name;
rollback to added;
select is(pg_temp.run(name, 'select $S.email_of($T, $P)', 'marketplace_privacy_app', tenant => p.far_tenant), null, name || ': row security keeps addresses of other tenants') from market join person p on p.market = name;

-- Phones and postal addresses
select is(pg_temp.run(name, 'select $S.phone_of($T, $P)'), '+99 555 0199-777', name || ': the phone number as it was written') from market;
select is(pg_temp.run(name, 'select $S.address_of($T, $P)'), '{"street": "Zzqstreet 1"}', name || ': the postal address') from market;
select is(pg_temp.run(name, 'select string_agg(u::text, '','') from $S.users_of_phone($T, ''+99 (555) 0199777'') u'), p.id::text, name || ': a number finds its users however it is written') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select count(*) from $S.users_of_phone($T, ''+99 (555) 0199778'')'), '0', name || ': another number does not') from market;
select is(pg_temp.run(name, 'select * from $S.users_of_phone($T, ''+99 (555) 0199777'')', 'marketplace_privacy_app', tenant => p.far_tenant), '42501', name || ': nor for another tenant') from market join person p on p.market = name;
select is(pg_temp.run(name, format('select $S.set_phone($T, $P, %L)', bad)), '22023', name || ': no number: ' || bad) from market, unnest(array['', 'zzq', '1', '+49''; drop table x', '+' || repeat('1', 60)]) bad;
select unalike(pg_temp.failure(name, 'select $S.set_phone(1, 1, ''zzq1'')'), '%zzq%', name || ': the error does not repeat it') from market;
select is(pg_temp.run(name, format('select $S.set_address($T, $P, %L)', bad)), '22023', name || ': no postal address: ' || bad) from market, unnest(array['1', '[]', '"x"', 'null']) bad;
select is(pg_temp.run(name, 'select $S.set_phone($T, $F, ''+49 30 1'')'), '02000', name || ': no profile for users of other tenants') from market;
select is(pg_temp.run(name, 'select $S.set_phone($T, $O, ''+49 30 1234'')'), '', name || ': the other has a number') from market;
select is(pg_temp.run(name, 'select $S.set_phone($T, $O, null)'), '', name || ': and takes it back') from market;
select is(pg_temp.run(name, 'select $S.phone_of($T, $O)'), null, name || ': then there is none') from market;
select is(pg_temp.run(name, 'select count(*) from $S.user_profiles where user_id = $P', 'marketplace_privacy_jane'), '0', name || ': a user does not see another''s profile') from market;
select is(pg_temp.run(name, 'select count(*) from $S.user_profiles', 'marketplace_privacy_jane'), '1', name || ': they see their own') from market;
select is(pg_temp.run(name, 'select $S.phone_of($T, $P)', 'marketplace_privacy_jane'), null, name || ': nor do they get another''s number by a function') from market;
select is(pg_temp.run(name, 'select $S.set_phone($T, $P, ''+49 30 1234'')', 'marketplace_privacy_jane'), '42501', name || ': nor give them one') from market;
select is(pg_temp.run(name, 'select count(*) from $S.user_profiles', 'marketplace_privacy_app', tenant => p.tenant), '2', name || ': a session of the tenant sees all of its profiles') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select count(*) from $S.user_profiles', 'marketplace_privacy_app', tenant => p.far_tenant), '0', name || ': and none of another') from market join person p on p.market = name;

-- What others see
select is(pg_temp.run(name, 'select about from $S.public_profiles where user_id = $P', 'marketplace_privacy_reports'), 'zzqabout', name || ': what somebody tells of themselves is public in the tenant') from market;
select is(pg_temp.run(name, 'select count(*) from $S.public_profiles', 'marketplace_privacy_reports'), '4', name || ': users without a profile are there too, those who left are not') from market;
select is(pg_temp.run(name, 'select count(*) from $S.public_profiles', 'marketplace_privacy_app', tenant => p.far_tenant), '2', name || ': another tenant sees its own') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select count(*) from $S.public_profiles', 'marketplace_privacy_stranger', tenant => p.tenant), '0', name || ': a stranger sees nobody') from market join person p on p.market = name;
select is_empty(format('select attname from pg_attribute where attrelid = %L::regclass and attname ~ ''mail|phone|address|blind|key''', name || '.public_profiles'), name || ': public profiles have no contact data') from market;
select is(pg_temp.run(name, 'select count(*) from $S.users', 'marketplace_privacy_reports'), '42501', name || ': a role for reports does not read users') from market;
select is(pg_temp.run('mp', 'select email from mp.users_masked where id = $P', 'marketplace_privacy_reports'), 'Z***@z***.example', 'it sees a masked address');
select is_empty($$select table_schema, table_name from information_schema.views where table_schema in ('mp', 'mpe') and table_name in ('users_masked', 'public_profiles') and (is_updatable = 'YES' or is_insertable_into = 'YES')$$, 'nobody writes through views with their owner''s rights');
select is(pg_temp.run('mpe', 'select email from mpe.users_masked where id = $P', 'marketplace_privacy_reports'), null, 'and none where addresses are encrypted');
select is(pg_temp.run(name, 'select count(*) from $S.users_masked where tenant_id <> $T', 'marketplace_privacy_reports'), '0', name || ': of its own tenant only') from market;
set local enable_indexscan = off;
set local enable_bitmapscan = off;
create function pg_temp.tell(seen bigint, own bigint) returns boolean language plpgsql cost 0.0001 as $$begin if seen <> own then raise exception 'leaked'; end if; return true; end$$;
select is(pg_temp.run(name, $$select count(*) > 0 from $S.users_masked where pg_temp.tell(tenant_id, $T)$$, 'marketplace_privacy_reports'), 'true', name || ': a cheap condition of the reader''s own sees no other tenants') from market;
set local enable_indexscan = on;
set local enable_bitmapscan = on;
select is((select string_agg(regexp_replace(e, '^(.)[^@]*@(.)[^@]*?([.][^.@]*)?$', '\1***@\2***\3'), ' ' order by n) from unnest(array['anna@example.com', 'a@b', 'a@b.c.d.de']) with ordinality u (e, n)), 'a***@e***.com a***@b*** a***@b***.de', 'how addresses are masked');

-- Encryption
select is_empty($$select pg_temp.traces('mpe', '{zzqmail@zzqhost.example,555 0199-777,zzqstreet}') except select 'mpe.outbox'$$, 'encrypted: no address, number or street stands anywhere in the clear');
select isnt_empty($$select pg_temp.traces('mp', '{zzqmail@zzqhost.example}') intersect select 'mp.users'$$, 'not encrypted: the same search finds it');
select is((select count(distinct u.email_encrypted)::int from (select mpe.encrypt_text('same', 'c') as email_encrypted from generate_series(1, 20)) u), 20, 'the same text is encrypted to something else each time');
select is(mpe.decrypt_text(mpe.encrypt_text(t, 'c'), 'c'), t, 'it comes back: ' || left(t, 10)) from unnest(array['', 'a', 'Zürich 東京 🚲', repeat('x', 15), repeat('x', 16), repeat('long ', 5000), E'quote '' back \\ line \n']) t;
select throws_ok($$select mpe.decrypt_text(mpe.encrypt_text('a', 'users.email/1/1'), 'users.email/1/2')$$, '22000', null, 'a value belongs to its row');
select is_empty(format($$select i from (select mpe.encrypt_text('some text', 'c') as v) e, generate_series(8, octet_length(e.v) - 1) i where pg_temp.failure('mpe', format('select mpe.decrypt_text(%%L, ''c'')', set_byte(e.v, i, get_byte(e.v, i) # 1))) !~ '^an encrypted value was changed'$$), 'a value that was changed in any byte is told');
select throws_ok($$select mpe.decrypt_text(substr(mpe.encrypt_text('some text that is longer than a block', 'c'), 1, 80), 'c')$$, '22000', null, 'so is one that was cut');
select throws_ok($$select mpe.decrypt_text('\x00', 'c')$$, '22000', 'this is no encrypted value', 'and what is none');
select is((select count(distinct email_blind)::int from mpe.users where email_blind in (select email_blind from mpe.users u where mpe.email_of(u.tenant_id, u.id) ilike 'other@example.com')), 2, 'the same address has another hash in another tenant');
savepoint copied;
update mpe.users u set email_encrypted = v.email_encrypted, key_id = v.key_id from mpe.users v, person p where p.market = 'mpe' and v.id = p.id and u.id = p.other;
select is(pg_temp.run('mpe', 'select $S.email_of($T, $O)'), '22000', 'an address that was copied to another row is told');
rollback to copied;
select is((select count(*)::int from mpe.users where key_id <> mpe.encryption_key_id()), 0, 'each row says its key');
select is(octet_length(mpe.encryption_key_id()), 8, 'by 8 bytes');
select isnt(mpe.encryption_secret('encrypt'), mpe.encryption_secret('authenticate'), 'keys for different things differ');
set local marketplace.encryption_key = '';
select is(pg_temp.run('mpe', q), '42501', 'without a key: ' || q) from unnest(array['select $S.email_of($T, $P)', 'select $S.phone_of($T, $P)', 'select $S.user_of_email($T, ''x@example.com'')', 'select $S.add_user($T, ''x@example.com'', ''X'')', 'select $S.set_email($T, $P, ''x@example.com'')', 'select $S.export_user($P, $T)', 'select $S.erase_user($P, ''delete'', $T)', 'select $S.rotate_encryption()']) q;
select is(pg_temp.run('mpe', 'select display_name from $S.public_profiles where user_id = $P', 'marketplace_privacy_reports'), 'Zzqname', 'what is not encrypted needs none');
set local marketplace.encryption_key = 'short';
select is(pg_temp.run('mpe', 'select $S.email_of($T, $P)'), '22023', 'a short key is refused');
select unalike(pg_temp.failure('mpe', 'select $S.encryption_key_id()'), '%short"%', 'without repeating it');
set local marketplace.encryption_key = 'another key of these tests, 0123456789';
select is(pg_temp.run('mpe', q), '22023', 'with another key: ' || q) from unnest(array['select $S.email_of($T, $P)', 'select $S.phone_of($T, $P)', 'select $S.user_of_email($T, ''other@example.com'')', 'select * from $S.users_of_phone($T, ''+49 30 1'')', 'select $S.add_user($T, ''x@example.com'', ''X'')', 'select $S.set_email($T, $P, ''x@example.com'')', 'select $S.set_phone($T, $P, ''+49 30 1'')', 'select $S.export_user($P, $T)']) q;
select is(pg_temp.run('mpe', 'select $S.rotate_encryption()'), '42501', 'moving to another key needs the previous one');
set local marketplace.previous_encryption_key = 'another key of these tests, 0123456789';
select is(pg_temp.run('mpe', 'select $S.rotate_encryption()'), '22023', 'which is another');
set local marketplace.previous_encryption_key = 'a key of these tests, 0123456789abcdef';
select is(pg_temp.run('mpe', 'select $S.email_of($T, $P)'), 'Zzqmail@zzqhost.example', 'with both keys addresses are read');
select is(pg_temp.run('mpe', 'select $S.user_of_email($T, ''other@example.com'') = $O'), 'true', 'and found');
select is(pg_temp.run('mpe', 'select $S.add_user($T, ''other@example.com'', ''X'')'), '23505', 'and not given twice');
select is(pg_temp.run('mpe', 'select $S.set_email($T, $P, ''other@example.com'')'), '23505', 'nor taken');
select is(pg_temp.run('mpe', 'select $S.set_address($T, $P, ''{"street": "Zzqstreet 1"}'')'), '', 'a profile is written');
select is(pg_temp.run('mpe', 'select $S.phone_of($T, $P)'), '+99 555 0199-777', 'with all that is in it');
select is(pg_temp.run('mpe', 'select waiting from $S.rotate_encryption(batch => 0)'), '22023', 'batches have rows');
create temp table rotation as select r.*, 1 as batch from mpe.rotate_encryption(batch => 3) r;
select is((select reencrypted::int from rotation), 3, 'a batch is as large as told');
select ok((select waiting > 0 from rotation), 'more is waiting');
select is((select waiting from mpe.rotate_encryption(batch => 2)), (select waiting - 2 from rotation), 'the next one goes on');
select is((select waiting::int from mpe.rotate_encryption()), 0, 'until nothing is waiting');
select is((select reencrypted::int from mpe.rotate_encryption()), 0, 'then there is nothing to do');
set local marketplace.previous_encryption_key = '';
select is(pg_temp.run('mpe', 'select $S.email_of($T, $P) || $S.phone_of($T, $P) || $S.address_of($T, $P)'), 'Zzqmail@zzqhost.example+99 555 0199-777{"street": "Zzqstreet 1"}', 'the new key alone reads everything');
select is(pg_temp.run('mpe', 'select $S.user_of_email($T, ''other@example.com'') = $O'), 'true', 'and finds it');
select is(pg_temp.run('mpe', 'select count(*) from $S.users_of_phone($T, ''+995550199777'')'), '1', 'numbers too');
select is((select count(*)::int from mpe.users where key_id <> mpe.encryption_key_id()), 0, 'no row is under the former one');
select is(pg_temp.run('mpe', $$select count(*) from $S.login_throttle where subject ~ '^(account|reset):'$$), '0', 'nor is what sign-in counts by address');
select mpe.count_failure(tenant, mpe.throttle_subject(kind, mail), 5) from person, (values ('account', 'zzqmail@zzqhost.example'), ('reset', 'zzqmail@zzqhost.example'), ('account', 'other@example.com')) f (kind, mail) where market = 'mpe' \g /dev/null
set local marketplace.previous_encryption_key = 'a third key of these tests, 0123456789';
select is((select other_keys::int from mpe.rotate_encryption()), 0, 'rows under no known key would be told');
set local marketplace.encryption_key = 'a fourth key of these tests, 012345678';
select ok((select other_keys > 0 and waiting = 0 from mpe.rotate_encryption()), 'as here');
set local marketplace.previous_encryption_key = '';
set local marketplace.encryption_key = 'another key of these tests, 0123456789';
select throws_ok($$update mpe.users set email_blind = null$$, '23514', null, 'an encrypted address has its hash');
select throws_ok($$update mpe.users set key_id = '\x0000000000000000'$$, '23514', null, 'and the key that it says itself');
select hasnt_column('mp', 'users', 'email_blind', 'without encryption there is none of this');
select hasnt_function('mp', 'rotate_encryption', 'nor a function for it');
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'mpe'::regnamespace and p.prosrc ~* 'raise[^;]*\mkey\M[^;]*%s.*, key\)'$$, 'no message is made of a key');

-- The registry
select is_empty(format('select * from %I.check_personal_data()', name), name || ': all that tells of users is registered, and all that is registered is there') from market;
select is(pg_temp.run(name, 'select $S.register_personal_data()'), '0', name || ': registering again adds nothing') from market;
select is(pg_temp.run(name, 'select count(*) from $S.personal_data', 'marketplace_privacy_app', tenant => p.tenant), '0', name || ': others than the owner do not see it') from market join person p on p.market = name;
select is(pg_temp.run(name, 'insert into $S.personal_data (table_name, user_column, on_erase) values (''users'', ''id'', ''keep'')', 'marketplace_privacy_app', tenant => p.tenant), '42501', name || ': nor write it, even with a grant') from market join person p on p.market = name;
savepoint registry;
create table mp.reviews (tenant_id bigint not null, id bigint primary key, author_id bigint, approved_by bigint, body text, extra text, foreign key (tenant_id, author_id) references mp.users);
create table mp.shared (user_id bigint);
select is((select string_agg(concat_ws('.', table_name, column_name), ' ' order by 1) from mp.check_personal_data()), 'reviews.approved_by reviews.author_id', 'tables that are added are told by their columns');
insert into mp.personal_data (table_name, user_column, on_erase, scrub) values ('reviews', 'author_id', 'scrub', '{"body": "gone"}'), ('reviews', 'approved_by', 'keep', '{}');
select is((select string_agg(concat_ws('.', table_name, column_name) || ' ' || problem, ' ') from mp.check_personal_data()), 'reviews.extra is text and neither scrubbed nor said to be harmless', 'text that nobody scrubs is told');
update mp.personal_data set leaves = '{extra}' where table_name = 'reviews' and on_erase = 'scrub';
select is_empty('select * from mp.check_personal_data()', 'until it is said to be harmless');
insert into mp.reviews select tenant, 1, id, other, 'zzqreview', 'extra' from person where market = 'mp' union all select tenant, 2, other, id, 'others stay', 'extra' from person where market = 'mp';
select is(mp.export_user(id, tenant) -> 'reviews' -> 0 ->> 'body', 'zzqreview', 'own tables are exported') from person where market = 'mp';
select is(row_count::int, 1, 'and erased') from person, lateral mp.erase_user(id, tenant => tenant) e where market = 'mp' and table_name = 'reviews';
select is((select string_agg(body, ',' order by id) from mp.reviews), 'gone,others stay', 'as registered, and no others');
alter table mp.reviews drop column body;
select is((select string_agg(concat_ws('.', table_name, column_name) || ' ' || problem, ' ') from mp.check_personal_data()), 'reviews.body is registered and not there', 'what is gone is told');
rollback to registry;
insert into mp.personal_data (table_name, user_column, on_erase) values ('no_such_table', 'user_id', 'delete');
select is((select string_agg(problem, ' ') from mp.check_personal_data() where table_name = 'no_such_table' and column_name = 'user_id'), 'is registered and not there', 'tables that are gone too');
select isnt_empty('select * from person, lateral mp.export_user(id, tenant) where market = ''mp''', 'and stop nothing');
rollback to registry;
select throws_ok($$insert into mp.personal_data (table_name, user_column, on_erase) values ('x', 'y', 'scrub')$$, '23514', null, 'a scrub says of what');
update mp.personal_data set on_erase = 'keep' where table_name = 'watches';
select mp.register_personal_data() \g /dev/null
select is((select on_erase::text from mp.personal_data where table_name = 'watches' and user_column = 'user_id'), 'keep', 'what the owner has changed stays');
rollback to registry;

-- Who may
select is(pg_temp.run(name, 'select $S.export_user($P)', 'marketplace_privacy_jane'), '42501', name || ': nobody exports another') from market;
select is(pg_temp.run(name, 'select $S.export_user($O) ->> ''users'' is not null', 'marketplace_privacy_jane'), 'true', name || ': everybody themselves') from market;
select is(pg_temp.run(name, 'select $S.export_user($P)', 'marketplace_privacy_app', me => p.other, tenant => p.tenant), '42501', name || ': nor does an application for another user') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.export_user($P) is not null', 'marketplace_privacy_app', me => p.id, tenant => p.tenant), 'true', name || ': for the person it does') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.export_user($P) is not null', 'marketplace_privacy_app', tenant => p.tenant), 'true', name || ': and for the tenant') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.export_user($P, $T)', 'marketplace_privacy_app', tenant => p.far_tenant), '42501', name || ': not for another tenant') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.export_user($P)', 'marketplace_privacy_app', tenant => p.far_tenant), '02000', name || ': whose users are others') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.erase_user($F)', 'marketplace_privacy_app', tenant => p.tenant), '02000', name || ': other tenants'' users are not erased') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.erase_user($P)', 'marketplace_privacy_jane'), '42501', name || ': nobody erases another') from market;
select is(pg_temp.run(name, 'select $S.erase_user($P, tenant => $T)', 'marketplace_privacy_stranger', tenant => p.tenant), '42501', name || ': a stranger erases nobody') from market join person p on p.market = name;
select is(pg_temp.run(name, 'select $S.erase_user($P)', 'marketplace_privacy_reports'), '42501', name || ': without a grant nobody does') from market;
select is(pg_temp.run(name, 'select $S.erase_user($P)'), '42501', name || ': the owner says the tenant') from market;
select is(pg_temp.run(name, 'select $S.erase_user(null, ''delete'', $T)'), '02000', name || ': null is nobody') from market;
select is(pg_temp.run(name, format('select $S.erase_user($P, %L, $T)', bad)), '22023', name || ': no such mode') from market, unnest(array['', 'everything', null]) bad;

-- Export
create temp table exported as select p.market, case p.market when 'mp' then mp.export_user(p.id, p.tenant) else mpe.export_user(p.id, p.tenant) end as data from person p where p.market = 'mp'
  union all select p.market, mpe.export_user(p.id, p.tenant) from person p where p.market = 'mpe';
select is(data -> 'contact' ->> 'email', 'Zzqmail@zzqhost.example', market || ': the export has the address in the clear') from exported;
select is(data -> 'contact' ->> 'phone', '+99 555 0199-777', market || ': the phone number') from exported;
select is(data -> 'contact' -> 'address' ->> 'street', 'Zzqstreet 1', market || ': the postal address') from exported;
select is((select string_agg(m ->> 'body', ', ' order by (m ->> 'seq')::int) from jsonb_array_elements(data -> 'messages') m), 'zzqbody changed, zzqbody three, zzqnote with an offer', market || ': what they wrote') from exported;
select is((select string_agg(m ->> 'body', ', ' order by (m ->> 'seq')::int) from jsonb_array_elements(data -> 'message_edits') m), 'zzqbody one, zzqbody two', market || ': what they had written') from exported;
select alike(data::text, '%' || mark || '%', market || ': it has ' || mark) from exported, unnest(array['zzqsubject one', 'zzqabout', 'zzqfile.png', 'zzqsign', 'zzqpayload', 'zzqdetail', 'zzqsearched', 'zzqsubject at another provider', 'zzqagent', 'zzqtoken name', '203.0.113.77', 'zzqrole']) mark;
select unalike(data::text, '%' || mark || '%', market || ': it does not have ' || mark) from exported, unnest(array['Hello Anna', 'other@example.com', 'othersign', 'token_hash', 'email_blind', 'email_encrypted', 'zzqprefix', 'password_hash', '\\x']) mark;
select is((select count(*)::int from jsonb_object_keys(data) k where data -> k = '[]'), 0, market || ': everything that was filled in is there') from exported;

-- Erasing
savepoint whole;
create temp table erased as select p.market, e.* from person p, lateral mp.erase_user(p.id, tenant => p.tenant) e where p.market = 'mp' union all select p.market, e.* from person p, lateral mpe.erase_user(p.id, tenant => p.tenant) e where p.market = 'mpe';
select is_empty(format($$select pg_temp.traces(%L, '{zzq,555 0199-777,203.0.113.77,%s}')$$, market, old_public_id), market || ': no trace of the person in any table') from person;
select is_empty(format($$select pg_temp.traces(%L, array[encode(sha256('zzqmail@zzqhost.example'), 'hex'), encode(sha256('zzqother token'), 'hex'), encode(sha256('zzqcontents'), 'hex')])$$, market), market || ': nor of hashes') from person;
select is(pg_temp.run(market, $$select string_agg(substr(subject, 1, 7) || failures, ' ') from $S.login_throttle where tenant_id = $T$$), 'account1', market || ': what was counted of their address is gone, of others it stays') from person;
select is_empty(format($$select * from (select table_name, pg_temp.run(%L, format('select count(*) from $S.%%I where tenant_id = $T and %%I = $P', table_name, user_column)) as n from %I.personal_data
  where holds = 'user' and user_key = '' and on_erase = 'delete') d where n <> '0'$$, market, market), market || ': no row of theirs in tables whose rows are deleted') from person;
select is(pg_temp.run(market, 'select (select count(*) from $S.watches where tenant_id = $T) * 100 + (select count(*) from $S.alerts where tenant_id = $T) * 10 + (select count(*) from $S.user_roles where tenant_id = $T)'), '111', market || ': rows of others stay there') from person;
select is((select array_agg(f) from erased e, unnest(e.files) f where e.market = person.market), '{zzqstorage/1}', market || ': it says which files are to be deleted') from person;
select is((select string_agg(table_name || ' ' || action || ' ' || row_count, ', ' order by table_name, action) from erased e where e.market = person.market and table_name in ('messages', 'message_edits', 'users', 'offers', 'participants', 'outbox', 'conversations', 'reactions')),
  'conversations scrub 2, message_edits delete 3, messages scrub 3, offers withdraw 1, outbox delete 2, participants leave 2, reactions delete 2, users scrub 1', market || ': it says what it did') from person;
select is(pg_temp.run(market, $$select concat_ws(' ', display_name, status, locale, deleted_at is not null, erased_at is not null, email_verified_at, last_seen_at) from $S.users where id = $P$$), 'Deleted user closed en t t', market || ': the row stays, closed and without a name') from person;
select is(pg_temp.run(market, 'select $S.email_of($T, $P)'), null, market || ': without an address') from person;
select is(pg_temp.run(market, $$select string_agg(seq || ':' || coalesce(body, '-'), ', ' order by seq) from $S.messages where tenant_id = $T and conversation_id = (select direct from person where market = '$S')$$), '1:[deleted], 2:-, 3:[deleted], 4:-, 5:Hello Anna, said the other', market || ': their messages say so, the other''s stand') from person;
select is(pg_temp.run(market, $$select string_agg(body, ', ' order by seq) from $S.conversation_page((select direct from person where market = '$S'))$$, 'marketplace_privacy_jane'), '[deleted], [deleted], Hello Anna, said the other', market || ': the other reads the conversation') from person;
select is(pg_temp.run(market, $$select array_to_string(other_names, ',') from $S.inbox() where kind = 'direct'$$, 'marketplace_privacy_jane'), 'Deleted user', market || ': and sees with whom it was') from person;
select is(pg_temp.run(market, $$select emoji from $S.reactions where tenant_id = $T$$), 'ownsign', market || ': the other''s sign on their own message stays') from person;
select is(pg_temp.run(market, $$select state from $S.offers where tenant_id = $T$$), 'withdrawn', market || ': an open offer is withdrawn') from person;
select is(pg_temp.run(market, $$select $S.post_message((select direct from person where market = '$S'), 'a late word')$$, 'marketplace_privacy_app', me => p.id, tenant => p.tenant), '42501', market || ': nobody writes as them any more') from person p;
select is(pg_temp.run(market, $$select count(*) from $S.participants where user_id = $P and left_at is not null and conversation_id = (select talk from person where market = '$S')$$), '1', market || ': they have left groups') from person;
select is_empty(format('select * from %I.erase_user(%s, tenant => %s)', market, id, tenant), market || ': again it does nothing') from person;
select is(pg_temp.run(market, 'select $S.email_of($T, $O)'), 'other@example.com', market || ': others keep their address') from person;
select is(pg_temp.run(market, $$select $S.add_user($T, 'zzqmail@zzqhost.example', 'Somebody') <> $P$$), 'true', market || ': the address can be used again') from person;
select is(pg_temp.run(market, $$select $S.add_user($T, 'zzqmail@zzqhost.example', 'Somebody')$$), '23505', market || ': once') from person;
select is(pg_temp.run(market, $$select $S.set_email($T, $P, 'zzqmail@zzqhost.example')$$), '02000', market || ': not by who was erased') from person;
select is(pg_temp.run(market, 'select $S.set_phone($T, $P, ''+49 30 1'')'), '02000', market || ': who gets no number either') from person;
rollback to whole;
select pg_temp.run(market, $$select $S.erase_user($P, 'delete')$$, 'marketplace_privacy_app', tenant => p.tenant) from person p \g /dev/null
select is_empty(format($$select pg_temp.traces(%L, '{zzq,555 0199-777,203.0.113.77,%s}')$$, market, old_public_id), market || ': mode delete leaves no trace either, for a session of the tenant') from person;
select is(pg_temp.run(market, $$select string_agg(seq || ':' || coalesce(body, '-') || case when deleted then ' deleted' else '' end, ', ' order by seq) from $S.conversation_page((select direct from person where market = '$S'))$$, 'marketplace_privacy_jane'), '1:- deleted, 2:- deleted, 3:- deleted, 4:-, 5:Hello Anna, said the other', market || ': messages are shown as deleted ones are') from person;
rollback to whole;
-- An open offer whose time is over; what accept_offer wrote.
select is(pg_temp.run(market, $$with v as (select $S.withdraw_offer((select direct from person where market = '$S'), 4)) select count(*) from v$$, 'marketplace_privacy_app', me => p.id, tenant => p.tenant), '1', market || ': an offer is withdrawn before') from person p;
select pg_temp.run(market, $$select $S.erase_user($P, tenant => $T)$$) from person \g /dev/null
select is(pg_temp.run(market, $$select string_agg(body, ',') from $S.messages where kind = 'offer' and tenant_id = $T$$), 'withdrawn', market || ': what became of an offer stays readable') from person;
rollback to whole;
select pg_temp.run(market, $$select $S.erase_user($P)$$, 'marketplace_privacy_app', me => p.id, tenant => p.tenant) from person p \g /dev/null
select is(pg_temp.run(market, $$select display_name from $S.users where id = $P$$), 'Deleted user', market || ': people erase themselves') from person;
rollback to whole;
update mp.personal_data set scrub = '{"body": "(gone)"}' where table_name = 'messages';
update mp.personal_data set scrub = '{"display_name": "Former member"}' where table_name = 'users' and user_column = 'id';
select pg_temp.run('mp', $$select $S.erase_user($P, tenant => $T)$$) \g /dev/null
select is(pg_temp.run('mp', $$select (select display_name from $S.users where id = $P) || (select body from $S.messages where seq = 1 and tenant_id = $T and sender_id = $P)$$), 'Former member(gone)', 'the texts that stand for them can be changed');
rollback to whole;
select throws_ok($$create table mp.orders (tenant_id bigint, user_id bigint, session_id bigint, foreign key (tenant_id, session_id) references mp.sessions);
  insert into mp.orders select tenant_id, user_id, id from mp.sessions; select mp.erase_user(id, tenant => tenant) from person where market = 'mp'$$, '23503', null, 'a table that refers to a row and is not registered stops it');
rollback to whole;
create table mp.orders (tenant_id bigint, user_id bigint, session_id bigint, foreign key (tenant_id, session_id) references mp.sessions);
insert into mp.orders select tenant_id, user_id, id from mp.sessions;
insert into mp.personal_data (table_name, user_column, on_erase) values ('orders', 'user_id', 'delete');
select is((select row_count::int from person p, lateral mp.erase_user(p.id, tenant => p.tenant) e where p.market = 'mp' and table_name = 'orders'), 1, 'registered, it goes before what it refers to');
rollback to whole;

insert into mp.outbox (tenant_id, topic, payload) select tenant, 'mail', '{"to": "azzqmail@zzqhost.example"}'::jsonb from person where market = 'mp' union all select far_tenant, 'mail', '{"to": "zzqmail@zzqhost.example"}' from person where market = 'mp';
select e.* from person p, lateral mp.erase_user(p.id, tenant => p.tenant) e where p.market = 'mp' \g /dev/null
select is((select count(*)::int from mp.outbox where payload ? 'to'), 2, 'mail to an address that only ends like theirs stays, and mail of another tenant');
rollback to whole;

-- What is audited
select deal_advisor.audit_enable('mp.users'), deal_advisor.audit_enable('mp.user_profiles', statement => true), deal_advisor.audit_enable('mp.messages', mode => 'typed'), deal_advisor.audit_enable('mp.reactions') \g /dev/null
update mp.users u set display_name = 'Zzqaudited' from person p where p.market = 'mp' and u.id = p.id;
update mp.user_profiles u set about = 'zzqaudited' from person p where p.market = 'mp' and u.user_id = p.id;
delete from mp.user_profiles u using person p where p.market = 'mp' and u.user_id = p.id;
update mp.messages m set body = 'zzqaudited' from person p where p.market = 'mp' and m.sender_id = p.id and m.seq = 3;
update mp.messages m set body = 'audited of the other' from person p where p.market = 'mp' and m.sender_id = p.other;
select isnt_empty($$select pg_temp.traces('mp_audit', '{zzqaudited}')$$, 'an audit log has what was changed');
create temp table forgotten as select e.* from person p, lateral mp.erase_user(p.id, tenant => p.tenant) e where p.market = 'mp';
select is_empty($$select pg_temp.traces('mp_audit', '{zzq,555 0199-777}')$$, 'after an erasure it has no trace, of rows that were deleted before neither');
select isnt_empty($$select pg_temp.traces('mp_audit', '{Hello Anna}')$$, 'what it has of others stays');
select ok((select row_count > 0 from forgotten where table_name = 'user_profiles' and action = 'forget'), 'how much was forgotten is told');
rollback to whole;

-- Advice
select is(pg_temp.run(name, 'select count(*) from $S.protection_advice() where topic = ''disk'''), '1', name || ': it says what it can''t see') from market;
select is(pg_temp.run('mp', 'select count(*) from $S.protection_advice() where topic = ''encryption'''), '1', 'that nothing is encrypted');
select is(pg_temp.run('mpe', 'select count(*) from $S.protection_advice() where topic = ''encryption'''), '0', 'or does not');
select is(pg_temp.run(name, 'select advice ~ ''marketplace_privacy_jane'' from $S.protection_advice() where topic = ''grants'''), 'true', name || ': who may read addresses') from market;
select is(pg_temp.run(name, 'select advice ~ ''marketplace_privacy_reports'' from $S.protection_advice() where topic = ''grants'''), 'false', name || ': not who may not') from market;
set local log_statement = 'all';
select is(pg_temp.run(name, 'select count(*) from $S.protection_advice() where topic = ''statement log'' and advice ~ ''^log_statement'''), '1', name || ': that statements are logged') from market;
select is(pg_temp.run('mpe', 'select count(*) from $S.protection_advice() where topic = ''encryption key'''), '1', 'with the key among their parameters');
set local log_parameter_max_length = 0;
select is(pg_temp.run('mpe', 'select count(*) from $S.protection_advice() where topic = ''encryption key'''), '0', 'unless those are left out');
set local log_statement = 'none';
select is(pg_temp.run(name, 'select count(*) from $S.protection_advice() where advice ~ ''^log_statement'''), '0', name || ': it is silent when they are not logged') from market;
set local log_min_duration_statement = 100;
select is(pg_temp.run(name, 'select count(*) from $S.protection_advice() where advice ~ ''^log_min_duration_statement'''), '1', name || ': that slow ones are') from market;
set local password_encryption = 'md5';
select is(pg_temp.run(name, 'select count(*) from $S.protection_advice() where topic = ''passwords of roles'''), '1', name || ': that passwords of roles are weak') from market;
set local password_encryption = 'scram-sha-256';
select is(pg_temp.run(name, 'select count(*) from $S.protection_advice() where topic = ''passwords of roles'''), '0', name || ': or not') from market;
select is(pg_temp.run(name, 'select count(*) from $S.protection_advice() where topic = ''transport'''), case current_setting('ssl') when 'off' then '1' else '0' end, name || ': that there is no TLS') from market;
set local marketplace.encryption_key = '';
select is(pg_temp.run('mpe', 'select count(*) from $S.protection_advice() where topic = ''encryption key'''), '1', 'that the session has no key');
do $$ begin execute format('alter role marketplace_privacy_app in database %I set marketplace.encryption_key = %L', current_database(), 'a key that is stored, 0123456789abcdef'); end $$;
select is(pg_temp.run('mpe', 'select count(*) from $S.protection_advice() where topic = ''encryption key'' and advice ~ ''stored'''), '1', 'that one is stored');
select is(pg_temp.run('mpe', 'select count(*) from $S.protection_advice() where advice ~ ''0123456789abcdef'''), '0', 'without telling it');

-- Comments
select is_empty(format($$select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped where c.relnamespace = %L::regnamespace and c.relname in ('users', 'user_profiles', 'personal_data', 'public_profiles', 'users_masked') and col_description(c.oid, a.attnum) is null$$, name), name || ': every column has a comment') from market;
select is_empty(format($$select p.oid::regprocedure from pg_proc p where p.pronamespace = %L::regnamespace and p.prosecdef and p.proname in ('export_user', 'erase_user', 'user_of_email', 'users_of_phone') and has_function_privilege('public', p.oid, 'execute')$$, name), name || ': what runs with the owner''s rights is nobody''s without a grant') from market;
select * from finish();
rollback;
