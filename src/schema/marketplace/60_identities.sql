-- Sign-in: what proves who somebody is, how guessing is slowed down, and what is known about attempts.
--
-- The application calls these functions; a person never does. Nothing here is granted to anybody: the functions that run with their owner's
-- rights are taken from public, and an application role gets EXECUTE on those that it needs:
-- - for visitors: register_user, verify_email, request_password_reset, reset_password, verify_password, throttled, user_of_identity,
--   create_session, refresh_session, check_session, sign_in_session, check_api_token, sign_in_api_token, renew_verification;
-- - for who is signed in: set_password, link_identity, unlink_identity, my_identities, revoke_session, revoke_all_sessions, create_api_token,
--   my_api_tokens, revoke_api_token, has_permission, grant_role, revoke_role; select on sessions, login_attempts, auth_settings, permissions,
--   roles, role_permissions, user_roles.
-- Tables with hashes (user_identities, one_time_tokens, session_tokens, api_tokens) and login_throttle have row security without a policy, so
-- that a grant by mistake shows nothing. Without row security only the missing grant guards them: grant nothing on them.
--
-- A failed attempt counts when its transaction commits: verify_password, set_password and refresh_session therefore answer with null, false or
-- no row instead of an error, and the caller must commit. Who raises an error afterwards, or rolls back, throttles nobody.
-- Pass passwords and tokens as parameters, never inside the text of a statement, and keep log_parameter_max_length at 0 where statements are logged.

create type @schema@.one_time_purpose as enum ('email_verification', 'password_reset');
comment on type @schema@.one_time_purpose is 'What a token that works once is for: email_verification or password_reset.';
create type @schema@.sign_in_outcome as enum ('signed_in', 'wrong', 'locked', 'not_active', 'password_changed', 'password_reset', 'email_verified', 'token_reused');
comment on type @schema@.sign_in_outcome is 'What came of an attempt: signed_in; wrong (password, or nobody of that address); locked (wrong, and one too many: what follows is refused for a while); not_active (right, but the user may not act); password_changed; password_reset; email_verified; token_reused (a refresh token came twice, so its session was ended).';

create table @schema@.auth_settings (
  singleton boolean primary key default true constraint auth_settings_one_row check (singleton),
  password_cost integer not null constraint auth_settings_password_cost_range check (password_cost between 4 and 16),
  password_milliseconds numeric,
  password_min_length integer not null default 10 constraint auth_settings_password_min_length_range check (password_min_length between 1 and 128),
  password_max_length integer not null default 4096 constraint auth_settings_password_max_length_range check (password_max_length between 128 and 65536),
  verification_lifetime interval not null default '2 days' constraint auth_settings_verification_lifetime_range check (verification_lifetime > '0'),
  reset_lifetime interval not null default '1 hour' constraint auth_settings_reset_lifetime_range check (reset_lifetime > '0'),
  session_token_lifetime interval not null default '1 hour' constraint auth_settings_session_token_lifetime_range check (session_token_lifetime > '0'),
  refresh_token_lifetime interval not null default '30 days' constraint auth_settings_refresh_token_lifetime_range check (refresh_token_lifetime > '0'),
  session_lifetime interval not null default '180 days' constraint auth_settings_session_lifetime_range check (session_lifetime > '0'),
  refresh_grace interval not null default '10 seconds' constraint auth_settings_refresh_grace_range check (refresh_grace between '0' and '5 minutes'),
  account_failures integer not null default 5 constraint auth_settings_account_failures_range check (account_failures > 0),
  address_failures integer not null default 50 constraint auth_settings_address_failures_range check (address_failures > 0),
  failure_window interval not null default '1 hour' constraint auth_settings_failure_window_range check (failure_window > '0'),
  first_lock interval not null default '30 seconds' constraint auth_settings_first_lock_range check (first_lock > '0'),
  longest_lock interval not null default '15 minutes' constraint auth_settings_longest_lock_range check (longest_lock > '0' and longest_lock <= '1 day'),
  keep_attempts interval not null default '90 days' constraint auth_settings_keep_attempts_range check (keep_attempts >= '0'),
  updated_at timestamptz not null default now()
);
comment on table @schema@.auth_settings is 'The numbers of sign-in, in one row, for all tenants. The schema''s owner changes them: update auth_settings set password_min_length = 12. Anybody may be let read them; there is no secret in them.';
comment on column @schema@.auth_settings.singleton is 'True: there is one row.';
comment on column @schema@.auth_settings.password_cost is 'Cost of new password hashes (bcrypt, each step doubles the work); older hashes follow when their users sign in. Measured at installation; see measured_password_cost().';
comment on column @schema@.auth_settings.password_milliseconds is 'What one hash took then, in milliseconds; null: not measured.';
comment on column @schema@.auth_settings.password_min_length is 'A password has at least so many characters.';
comment on column @schema@.auth_settings.password_max_length is 'And at most so many.';
comment on column @schema@.auth_settings.verification_lifetime is 'How long a token that confirms an address works.';
comment on column @schema@.auth_settings.reset_lifetime is 'How long a token that resets a password works.';
comment on column @schema@.auth_settings.session_token_lifetime is 'How long a session token works before it must be refreshed.';
comment on column @schema@.auth_settings.refresh_token_lifetime is 'How long a refresh token works: who doesn''t come for so long signs in again.';
comment on column @schema@.auth_settings.session_lifetime is 'A session ends after so long, however often it is refreshed.';
comment on column @schema@.auth_settings.refresh_grace is 'A refresh token that comes again within that time is taken for a request sent twice, not for theft; the session token before works on for as long.';
comment on column @schema@.auth_settings.account_failures is 'So many failures of an address lock it for a while.';
comment on column @schema@.auth_settings.address_failures is 'So many failures from a client''s network address lock that.';
comment on column @schema@.auth_settings.failure_window is 'Failures are forgotten after so long without a lock.';
comment on column @schema@.auth_settings.first_lock is 'How long the first lock lasts; each failure after it doubles that.';
comment on column @schema@.auth_settings.longest_lock is 'But no lock lasts longer.';
comment on column @schema@.auth_settings.keep_attempts is 'purge_sign_in removes attempts and ended sessions that are older.';
comment on column @schema@.auth_settings.updated_at is 'When the row was changed last.';

create table @schema@.user_identities (
  tenant_id bigint not null,
  id bigint generated by default as identity,
  user_id bigint not null,
  provider text not null constraint user_identities_provider_form check (provider ~ '^[a-z][a-z0-9_.-]{0,49}$'),
  provider_user_id text not null constraint user_identities_provider_user_id_form check (length(provider_user_id) between 1 and 255),
  password_hash text constraint user_identities_password_hash_form check (password_hash ~ '^(sha256-bf|crypt):[$]2a[$][0-9]{2}[$][./A-Za-z0-9]{53}$'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by bigint,
  updated_by bigint,
  deleted_at timestamptz,
  primary key (tenant_id, id),
  constraint user_identities_user_fkey foreign key (tenant_id, user_id) references @schema@.users on delete cascade,
  constraint user_identities_password_is_theirs check (provider <> 'password' or provider_user_id = user_id::text),
  constraint user_identities_password_has_hash check (case when deleted_at is null and provider = 'password' then password_hash is not null else password_hash is null end)
);
create unique index user_identities_live on @schema@.user_identities (tenant_id, provider, provider_user_id) where deleted_at is null;
create index user_identities_user on @schema@.user_identities (tenant_id, user_id);
comment on table @schema@.user_identities is 'What proves who a user is: a password, or an account with another provider. Only the schema''s owner reads it; my_identities() shows a user what is theirs.';
comment on column @schema@.user_identities.tenant_id is 'The tenant.';
comment on column @schema@.user_identities.id is 'Number inside the database.';
comment on column @schema@.user_identities.user_id is 'The user.';
comment on column @schema@.user_identities.provider is 'Who vouches: password (this database), or a name of the application''s: google, saml.acme.';
comment on column @schema@.user_identities.provider_user_id is 'The provider''s number for the user; with a password the user''s own.';
comment on column @schema@.user_identities.password_hash is 'What is needed to check the password, behind the name of the method: sha256-bf (bcrypt of a SHA-256) or crypt (plain bcrypt, brought from elsewhere; write its $2b$ or $2y$ as $2a$; replaced when the user signs in). Null: another provider, or given up.';
comment on column @schema@.user_identities.created_at is 'When it was added.';
comment on column @schema@.user_identities.updated_at is 'When it was changed last.';
comment on column @schema@.user_identities.created_by is 'User who added it; null: themselves or the system.';
comment on column @schema@.user_identities.updated_by is 'User who changed it last; null: the system.';
comment on column @schema@.user_identities.deleted_at is 'When it was given up; null: it counts.';

create table @schema@.one_time_tokens (
  tenant_id bigint not null,
  id bigint generated by default as identity,
  user_id bigint not null,
  purpose @schema@.one_time_purpose not null,
  token_hash bytea not null constraint one_time_tokens_token_hash_form check (octet_length(token_hash) = 32),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  primary key (tenant_id, id),
  constraint one_time_tokens_hash unique (tenant_id, token_hash),
  constraint one_time_tokens_user_fkey foreign key (tenant_id, user_id) references @schema@.users on delete cascade
);
create index one_time_tokens_user on @schema@.one_time_tokens (tenant_id, user_id);
create index one_time_tokens_expires on @schema@.one_time_tokens (expires_at);
comment on table @schema@.one_time_tokens is 'Tokens that work once, sent to an address. A new one makes the ones before worthless. Only the schema''s owner reads it.';
comment on column @schema@.one_time_tokens.tenant_id is 'The tenant.';
comment on column @schema@.one_time_tokens.id is 'Number inside the database.';
comment on column @schema@.one_time_tokens.user_id is 'The user.';
comment on column @schema@.one_time_tokens.purpose is 'What it is for.';
comment on column @schema@.one_time_tokens.token_hash is 'SHA-256 of the token, which is kept nowhere.';
comment on column @schema@.one_time_tokens.created_at is 'When it was made.';
comment on column @schema@.one_time_tokens.expires_at is 'It works until then.';
comment on column @schema@.one_time_tokens.used_at is 'When it was used; null: it wasn''t.';

create unlogged table @schema@.login_throttle (
  tenant_id bigint not null,
  subject text not null,
  window_start timestamptz not null,
  failures integer not null,
  locked_until timestamptz,
  primary key (tenant_id, subject)
) with (fillfactor = 70);
comment on table @schema@.login_throttle is 'Failures of late, by address and by client. Unlogged: a crash of the server empties it, and standbys don''t have it. Only the schema''s owner reads it.';
comment on column @schema@.login_throttle.tenant_id is 'The tenant.';
comment on column @schema@.login_throttle.subject is 'account or reset and a hash of the e-mail address, known or not; or address and the client''s network address (the first 64 bits of an IPv6 one).';
comment on column @schema@.login_throttle.window_start is 'When the first of these failures was.';
comment on column @schema@.login_throttle.failures is 'How many there were.';
comment on column @schema@.login_throttle.locked_until is 'Everything is refused until then; null: it never was.';

create table @schema@.login_attempts (
  tenant_id bigint not null constraint login_attempts_tenant_id_fkey references @schema@.tenants,
  id bigint generated by default as identity,
  user_id bigint,
  attempted_at timestamptz not null default clock_timestamp(),
  outcome @schema@.sign_in_outcome not null,
  client_address inet,
  user_agent text constraint login_attempts_user_agent_form check (length(user_agent) <= 500),
  primary key (tenant_id, id),
  constraint login_attempts_user_fkey foreign key (tenant_id, user_id) references @schema@.users on delete cascade
);
create index login_attempts_user on @schema@.login_attempts (tenant_id, user_id, attempted_at);
create index login_attempts_at on @schema@.login_attempts (attempted_at);
comment on table @schema@.login_attempts is 'Who tried to sign in, when, from where, and what came of it, for people to read. What is refused while a lock lasts makes no row, or guessing would fill the disk. What was typed isn''t here: people type passwords into the wrong box.';
comment on column @schema@.login_attempts.tenant_id is 'The tenant.';
comment on column @schema@.login_attempts.id is 'Number inside the database.';
comment on column @schema@.login_attempts.user_id is 'The user; null: nobody has that address.';
comment on column @schema@.login_attempts.attempted_at is 'When.';
comment on column @schema@.login_attempts.outcome is 'What came of it.';
comment on column @schema@.login_attempts.client_address is 'Network address of the client, as the application said; null: it didn''t.';
comment on column @schema@.login_attempts.user_agent is 'The client''s name for itself, as the application said, at most 500 characters; null: it didn''t.';

-- Who is at the door.

create function @schema@.acts_as_application() returns boolean
  language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
declare
  acting name := @schema@.acting_role();
  role_kind @schema@.database_role_kind := (select r.kind from @schema@.database_roles r where r.role_name = acting);
begin
  return coalesce(role_kind = 'application', pg_has_role(acting, current_user, 'member'));
end
$function$;
comment on function @schema@.acts_as_application() is 'Whether the acting role is an application server''s, or the schema''s owner. It tells of nobody else. Errors: none. Example: select @schema@.acts_as_application();';

create function @schema@.serving_tenant() returns bigint
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
  if not @schema@.acts_as_application() then
    raise exception using errcode = '42501', message = 'only an application signs people in',
      hint = 'Put the role of the application server into table database_roles, with kind application.';
  end if;
  return @schema@.required_tenant();
end
$function$;
comment on function @schema@.serving_tenant() is 'The tenant at whose door an application stands. Errors: 42501 the acting role is no application''s, or there is no tenant. Example: select @schema@.serving_tenant();';

create function @schema@.signed_in_user(out tenant_id bigint, out user_id bigint)
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
  tenant_id := @schema@.current_tenant();
  user_id := @schema@.current_user_id();
  if tenant_id is null or user_id is null then
    raise exception using errcode = '42501', message = 'nobody is signed in',
      hint = 'Call sign_in_session first, in the same transaction, or connect as a role that database_roles knows.';
  end if;
end
$function$;
comment on function @schema@.signed_in_user() is 'The tenant and user who act. Errors: 42501 nobody does; 22023 a setting is no number. Example: select * from @schema@.signed_in_user();';

-- Tokens: <kind>_<tenant>_<256 random bits>. The tenant in the text makes a look-up one of one tenant; it proves nothing.

create function @schema@.new_token(kind text, tenant bigint) returns text
  language plpgsql volatile strict parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
  return kind || '_' || tenant || '_' || translate(encode(@crypto@.gen_random_bytes(32), 'base64'), '+/=', '-_');
end
$function$;
comment on function @schema@.new_token(text, bigint) is 'A token that nobody can guess. kind: mpo works once, mps of a session, mpr refreshes one, mpa of a program; tenant: whose. Errors: none. Example: select @schema@.new_token(''mps'', 42);';

create function @schema@.token_tenant(kind text, token text) returns bigint
  language sql immutable strict parallel safe
  return case when pg_catalog.length(token) between 47 and 70
    then pg_catalog.substring(token, '^' || kind || '_([0-9]{1,18})_[A-Za-z0-9_-]{43}$')::bigint end;
comment on function @schema@.token_tenant(text, text) is 'The tenant that a token names; null: it is no token of that kind. Errors: none. Example: select @schema@.token_tenant(''mps'', ''mps_42_...'');';

create function @schema@.token_hash(token text) returns bytea
  language sql immutable strict parallel safe
  return pg_catalog.sha256(pg_catalog.convert_to(token, 'UTF8'));
comment on function @schema@.token_hash(text) is 'What is kept of a token. With 256 random bits in it no slow hash is needed. Errors: none. Example: select @schema@.token_hash(''mps_42_...'');';

create function @schema@.issue_one_time_token(tenant bigint, of_user bigint, purpose @schema@.one_time_purpose, lifetime interval) returns text
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  token text := @schema@.new_token('mpo', tenant);
begin
  delete from @schema@.one_time_tokens t
    where t.tenant_id = tenant and t.user_id = of_user and t.purpose = issue_one_time_token.purpose and t.used_at is null;
  insert into @schema@.one_time_tokens (tenant_id, user_id, purpose, token_hash, expires_at)
    values (tenant, of_user, issue_one_time_token.purpose, @schema@.token_hash(token), clock_timestamp() + lifetime);
  return token;
end
$function$;
comment on function @schema@.issue_one_time_token(bigint, bigint, @schema@.one_time_purpose, interval) is 'Makes a token that works once, and those of its kind before worthless; part of other functions. Errors: 42501 for others than the owner. Example: select @schema@.issue_one_time_token(1, 7, ''password_reset'', ''1 hour'');';

create function @schema@.use_one_time_token(token text, purpose @schema@.one_time_purpose, out tenant_id bigint, out user_id bigint)
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  update @schema@.one_time_tokens t set used_at = clock_timestamp() from @schema@.users u
    where t.tenant_id = @schema@.token_tenant('mpo', token) and t.token_hash = @schema@.token_hash(token) and t.purpose = use_one_time_token.purpose
      and t.used_at is null and t.expires_at > clock_timestamp()
      and u.tenant_id = t.tenant_id and u.id = t.user_id and u.deleted_at is null and u.status in ('invited', 'active')
    returning t.tenant_id, t.user_id into tenant_id, user_id;
  if not found then
    raise exception using errcode = '28000', message = 'the token is not valid', hint = 'It works once, for a while, until another one is sent. Ask for another one.';
  end if;
end
$function$;
comment on function @schema@.use_one_time_token(text, @schema@.one_time_purpose) is 'Uses a token up, and says whose it was; part of other functions. Two at once: one of them gets it. Errors: 28000 it is unknown, used, too old, for something else, or its user may not act. Example: select * from @schema@.use_one_time_token(''mpo_42_...'', ''password_reset'');';

-- Attempts and locks.

create function @schema@.log_attempt(tenant bigint, of_user bigint, outcome @schema@.sign_in_outcome, client_address inet, user_agent text) returns void
  language sql set search_path = pg_catalog, pg_temp
  begin atomic
    insert into @schema@.login_attempts (tenant_id, user_id, outcome, client_address, user_agent)
      values (log_attempt.tenant, log_attempt.of_user, log_attempt.outcome, log_attempt.client_address, pg_catalog."left"(log_attempt.user_agent, 500));
  end;
comment on function @schema@.log_attempt(bigint, bigint, @schema@.sign_in_outcome, inet, text) is 'Notes an attempt; part of other functions. Errors: 42501 for others than the owner. Example: select @schema@.log_attempt(1, 7, ''wrong'', ''203.0.113.9'', null);';

create function @schema@.throttle_subject(kind text, value text) returns text
  language sql immutable strict parallel safe
  return kind || ':' || case kind when 'address' then pg_catalog.host(pg_catalog.network(pg_catalog.set_masklen(value::inet, case pg_catalog.family(value::inet) when 6 then 64 else 32 end)))
    else pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.lower(value), 'UTF8')), 'hex') end;
comment on function @schema@.throttle_subject(text, text) is 'Under which name failures are counted. kind: account, reset or address; value: the e-mail or network address. Errors: 22P02 no network address. Example: select @schema@.throttle_subject(''address'', ''2001:db8::7'');';

create function @schema@.lock_left(tenant bigint, subject text) returns interval
  language sql volatile strict set search_path = pg_catalog, pg_temp
  begin atomic
    select t.locked_until - pg_catalog.clock_timestamp() from @schema@.login_throttle t
      where t.tenant_id = lock_left.tenant and t.subject = lock_left.subject and t.locked_until > pg_catalog.clock_timestamp();
  end;
comment on function @schema@.lock_left(bigint, text) is 'How long a lock lasts yet; null: there is none; part of other functions. Errors: 42501 for others than the owner. Example: select @schema@.lock_left(1, ''address:203.0.113.9'');';

create function @schema@.count_failure(tenant bigint, subject text, lock_at integer) returns boolean
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  rules @schema@.auth_settings := (select s from @schema@.auth_settings s);
  moment timestamptz := clock_timestamp();
  counted integer;
begin
  if subject is null then
    return false;
  end if;
  insert into @schema@.login_throttle as t (tenant_id, subject, window_start, failures) values (tenant, count_failure.subject, moment, 1)
    on conflict (tenant_id, subject) do update
      set failures = case when greatest(t.window_start, t.locked_until) + rules.failure_window < moment then 1 else least(t.failures + 1, 1000000) end,
          window_start = case when greatest(t.window_start, t.locked_until) + rules.failure_window < moment then moment else t.window_start end
    returning t.failures into counted;
  if counted < lock_at then
    return false;
  end if;
  update @schema@.login_throttle t
    set locked_until = moment + least(rules.first_lock * power(2, least(counted - lock_at, 20)), rules.longest_lock)
    where t.tenant_id = tenant and t.subject = count_failure.subject;
  return true;
end
$function$;
comment on function @schema@.count_failure(bigint, text, integer) is 'Counts a failure, and says whether there were lock_at or more, so that a lock began; part of other functions. Errors: 42501 for others than the owner. Example: select @schema@.count_failure(1, ''address:203.0.113.9'', 50);';

create function @schema@.throttled(email text, client_address inet default null) returns interval
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $function$
declare
  tenant bigint := @schema@.serving_tenant();
begin
  return greatest(@schema@.lock_left(tenant, @schema@.throttle_subject('account', left(throttled.email, 321))),
                  @schema@.lock_left(tenant, @schema@.throttle_subject('address', throttled.client_address::text)));
end
$function$;
comment on function @schema@.throttled(text, inet) is 'How much longer verify_password refuses an address or a client, for "try again in a minute"; null: it doesn''t. Unknown addresses are locked as known ones are, so it tells nothing of them. email, client_address: either may be null. Errors: 42501 the acting role is no application''s, or there is no tenant. Example: select @schema@.throttled(''anna@example.com'', ''203.0.113.9'');';

--@if triggers
create trigger touch before update on @schema@.user_identities for each row when (old.* is distinct from new.*) execute function @schema@.touch();
--@end

--@if row_security
alter table @schema@.auth_settings enable row level security;
create policy everybody on @schema@.auth_settings for select using (true);
-- No policy: nobody but the owner, and functions that run with the owner's rights.
alter table @schema@.user_identities enable row level security;
alter table @schema@.one_time_tokens enable row level security;
alter table @schema@.login_throttle enable row level security;
alter table @schema@.login_attempts enable row level security;
--@end

revoke execute on function @schema@.throttled(text, inet) from public;
