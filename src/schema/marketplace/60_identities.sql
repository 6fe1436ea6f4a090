-- Sign-in: what proves who somebody is, how guessing is slowed down, and what is known about attempts.
--
-- The application calls these functions; a person never does. Nothing here is granted to anybody: the functions that run with their owner's
-- rights are taken from public, and an application role gets EXECUTE on those that it needs:
-- - for visitors: register_user, verify_email, request_password_reset, reset_password, verify_password, throttled, user_of_identity,
--   create_session, refresh_session, check_session, sign_in_session, check_api_token, sign_in_api_token, renew_verification, and seed_roles where it makes tenants;
-- - for who is signed in: set_password, link_identity, unlink_identity, my_identities, my_sessions, revoke_session, revoke_all_sessions,
--   create_api_token, my_api_tokens, revoke_api_token, has_permission, grant_role, revoke_role; select on sessions, login_attempts, auth_settings, permissions,
--   roles, role_permissions, user_roles.
-- Tables with hashes (user_identities, one_time_tokens, session_tokens, api_tokens) and login_throttle have row security without a policy, so
-- that a grant by mistake shows nothing. Without row security only the missing grant guards them: grant nothing on them.
--
-- A failed attempt counts when its transaction commits: verify_password, set_password and refresh_session therefore answer with null, false or
-- no row instead of an error, and the caller must commit. Who raises an error afterwards, or rolls back, throttles nobody.
-- Where addresses are encrypted, whatever takes an address, a password or a mailed token needs the key (marketplace.encryption_key); sessions and API tokens don't.
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
  sent_to text not null,
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
comment on column @schema@.one_time_tokens.sent_to is 'A hash of the address that it was mailed to: it works while the user has that address.';
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
comment on column @schema@.login_throttle.subject is 'account or reset and a hash of the e-mail address, known or not (a keyed one where addresses are encrypted); or address and the client''s network address (the first 64 bits of an IPv6 one).';
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
  insert into @schema@.one_time_tokens (tenant_id, user_id, purpose, token_hash, sent_to, expires_at)
    values (tenant, of_user, issue_one_time_token.purpose, @schema@.token_hash(token), @schema@.throttle_subject('account', @schema@.email_of(tenant, of_user)), clock_timestamp() + lifetime);
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
      and t.sent_to = @schema@.throttle_subject('account', @schema@.email_of(u.tenant_id, u.id))
    returning t.tenant_id, t.user_id into tenant_id, user_id;
  if not found then
    raise exception using errcode = '28000', message = 'the token is not valid', hint = 'It works once, for a while, until another one is sent. Ask for another one.';
  end if;
end
$function$;
comment on function @schema@.use_one_time_token(text, @schema@.one_time_purpose) is 'Uses a token up, and says whose it was; part of other functions. Two at once: one of them gets it. Errors: 28000 it is unknown, used, too old, for something else, or its user may not act or has another address. Example: select * from @schema@.use_one_time_token(''mpo_42_...'', ''password_reset'');';

-- Attempts and locks.

create function @schema@.log_attempt(tenant bigint, of_user bigint, outcome @schema@.sign_in_outcome, client_address inet, user_agent text) returns void
  language sql set search_path = pg_catalog, pg_temp
  begin atomic
    insert into @schema@.login_attempts (tenant_id, user_id, outcome, client_address, user_agent)
      values (log_attempt.tenant, log_attempt.of_user, log_attempt.outcome, log_attempt.client_address, pg_catalog."left"(log_attempt.user_agent, 500));
  end;
comment on function @schema@.log_attempt(bigint, bigint, @schema@.sign_in_outcome, inet, text) is 'Notes an attempt; part of other functions. Errors: 42501 for others than the owner. Example: select @schema@.log_attempt(1, 7, ''wrong'', ''203.0.113.9'', null);';

create function @schema@.throttle_subject(kind text, value text) returns text
  language plpgsql stable strict parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  -- As user_of_email() reads an address, or blanks around it would be new guesses.
  wanted text := lower(btrim(value));
  client inet;
begin
  if kind = 'address' then
    client := host(value::inet)::inet;
    if client <<= '::ffff:0:0/96' then
      -- An IPv4 address as servers for both families tell it.
      client := '0.0.0.0'::inet + (client - '::ffff:0.0.0.0'::inet);
    end if;
    return 'address:' || host(network(set_masklen(client, case family(client) when 6 then 64 else 32 end)));
  end if;
  return kind || ':' || @schema@.email_hash(wanted, kind);
end
$function$;
comment on function @schema@.throttle_subject(text, text) is 'Under which name failures are counted; null: nothing to count. kind: account, reset or address; value: the e-mail or network address. Errors: 22P02 no network address; 42501 no key where addresses are encrypted. Example: select @schema@.throttle_subject(''address'', ''2001:db8::7'');';

create function @schema@.lock_left(tenant bigint, subject text) returns interval
  language sql volatile strict set search_path = pg_catalog, pg_temp
  begin atomic
    select t.locked_until - pg_catalog.clock_timestamp() from @schema@.login_throttle t
      where t.tenant_id = lock_left.tenant and t.subject = lock_left.subject and t.locked_until > pg_catalog.clock_timestamp();
  end;
comment on function @schema@.lock_left(bigint, text) is 'How long a lock lasts yet; null: there is none; part of other functions. Errors: 42501 for others than the owner. Example: select @schema@.lock_left(1, ''address:203.0.113.9'');';

create function @schema@.count_failure(tenant bigint, subject text, lock_at integer) returns boolean
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
#variable_conflict use_column
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

-- Passwords.

create function @schema@.hashed_password(password text, cost integer) returns text
  language plpgsql volatile strict parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
  return 'sha256-bf:' || @crypto@.crypt(@schema@.password_digest(password), @crypto@.gen_salt('bf', cost));
end
$function$;
comment on function @schema@.hashed_password(text, integer) is 'What is kept of a password: bcrypt of its digest, with a salt of its own. cost: each step doubles the work. Errors: none. Example: select @schema@.hashed_password(''correct horse battery'', 10);';

create function @schema@.password_digest(password text) returns text
  language plpgsql stable strict parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
  -- The same letters typed on another keyboard are the same password.
  if getdatabaseencoding() = 'UTF8' then
    password := normalize(password, nfkc);
  end if;
  -- The words before it make this digest useless for hashes of passwords that leaked elsewhere.
  return encode(sha256(convert_to('marketplace password ' || password, 'UTF8')), 'base64');
end
$function$;
comment on function @schema@.password_digest(text) is 'A password''s digest of 44 letters. bcrypt reads 72 bytes; so all of a longer password counts. Errors: none. Example: select @schema@.password_digest(''correct horse battery'');';

create function @schema@.password_matches(stored text, password text, cost integer) returns boolean
  language plpgsql volatile parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  its_cost integer := coalesce(substring(stored, '[$]2a[$]([0-9]{2})[$]')::integer, cost);
  kept text := substr(stored, strpos(stored, ':') + 1);
  digest text := case when stored like 'crypt:%' then password else @schema@.password_digest(password) end;
  same boolean;
begin
  same := coalesce(@crypto@.crypt(digest, coalesce(kept, @crypto@.gen_salt('bf', its_cost))) = kept, false);
  -- 2^a + 2^a + 2^(a+1) + ... + 2^(b-1) = 2^b: a wrong password takes as long with an old, cheaper hash as with none.
  for step in its_cost .. cost - 1 loop
    exit when same;
    perform @crypto@.crypt(digest, @crypto@.gen_salt('bf', step));
  end loop;
  return same;
end
$function$;
comment on function @schema@.password_matches(text, text, integer) is 'Whether a password is the one that is kept. stored: a password_hash; null: false, after as much work; cost: that of new hashes. Errors: none. Example: select @schema@.password_matches(@schema@.hashed_password(''correct horse'', 8), ''correct horse'', 8);';

create function @schema@.require_good_password(password text, email text) returns void
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  rules @schema@.auth_settings := (select s from @schema@.auth_settings s);
begin
  if password is null or length(password) < rules.password_min_length or length(password) > rules.password_max_length then
    raise exception using errcode = '22023', message = format('a password has %s to %s characters', rules.password_min_length, rules.password_max_length),
      hint = 'Several words that don''t belong together are easy to keep in mind and hard to guess.';
  elsif lower(password) in (lower(email), lower(split_part(email, '@', 1))) or password ~ '^(.)\1*$' or password !~ '[^[:space:]]' then
    raise exception using errcode = '22023', message = 'the password is too easy to guess',
      hint = 'It must not be the address, nor one character over and over.';
  end if;
end
$function$;
comment on function @schema@.require_good_password(text, text) is 'Refuses passwords that are too short, too long or too plain. Lists of passwords that leaked are the application''s to ask. email: the user''s address. Errors: 22023. Example: select @schema@.require_good_password(''correct horse battery'', ''anna@example.com'');';

create function @schema@.keep_password(tenant bigint, of_user bigint, hash text) returns void
  language sql set search_path = pg_catalog, pg_temp
  begin atomic
    insert into @schema@.user_identities as i (tenant_id, user_id, provider, provider_user_id, password_hash)
      values (keep_password.tenant, keep_password.of_user, 'password', keep_password.of_user::text, keep_password.hash)
      on conflict (tenant_id, provider, provider_user_id) where deleted_at is null
      do update set password_hash = excluded.password_hash, updated_at = pg_catalog.now();
  end;
comment on function @schema@.keep_password(bigint, bigint, text) is 'Gives a user a password, or another one; part of other functions. hash: as hashed_password gives it. Errors: 42501 for others than the owner. Example: select @schema@.keep_password(1, 7, @schema@.hashed_password(''correct horse battery'', 10));';

create function @schema@.measured_password_cost(out cost integer, out milliseconds numeric)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $function$
declare
  began timestamptz;
  quickest numeric := 1e6;
begin
  -- The quickest of three at a small cost; each step doubles it.
  for run in 1..3 loop
    began := clock_timestamp();
    perform @crypto@.crypt('measure', @crypto@.gen_salt('bf', 7));
    quickest := least(quickest, extract(epoch from clock_timestamp() - began) * 1000);
  end loop;
  cost := greatest(8, least(14, 7 + floor(log(2, 250 / greatest(quickest, 0.01)))::integer));
  milliseconds := round(quickest * 2::numeric ^ (cost - 7), 1);
end
$function$;
comment on function @schema@.measured_password_cost() is 'The cost, 8 to 14, at which this machine hashes a password in 125 to 250 ms, reckoned from a few quick ones; installing calls it, and so may you on another machine. Errors: none. Example: update @schema@.auth_settings set (password_cost, password_milliseconds) = (select m.cost, m.milliseconds from @schema@.measured_password_cost() m);';

do $do$
begin
  insert into @schema@.auth_settings (password_cost, password_milliseconds) select m.cost, m.milliseconds from @schema@.measured_password_cost() m;
end
$do$;

-- Registration, and the ways back in.

create function @schema@.register_user(email text, display_name text, password text default null, locale text default 'en', buys boolean default true,
  sells boolean default false, out user_id bigint, out verification_token text)
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
declare
  tenant bigint := @schema@.serving_tenant();
  rules @schema@.auth_settings := (select s from @schema@.auth_settings s);
  hash text;
begin
  if register_user.password is not null then
    perform @schema@.require_good_password(register_user.password, register_user.email);
    hash := @schema@.hashed_password(register_user.password, rules.password_cost);
  end if;
  begin
    user_id := @schema@.add_user(tenant, register_user.email, register_user.display_name, 'invited', register_user.locale, register_user.buys, register_user.sells);
  exception
    when unique_violation then
      raise exception using errcode = '23505', message = 'the address has an account already',
        hint = 'Tell the visitor the same as with a new address, and write to the address that somebody tried; or the form tells who has an account.';
    when check_violation or not_null_violation then
      raise exception using errcode = '22023', message = 'the name or language of the user is not one',
        hint = 'A name has 1 to 500 characters, a language is like de or pt-BR.';
    when foreign_key_violation then
      raise exception using errcode = '42501', message = format('there is no tenant %s', tenant), hint = 'Set marketplace.tenant_id to the number of a row of table tenants.';
  end;
  if hash is not null then
    perform @schema@.keep_password(tenant, user_id, hash);
  end if;
  verification_token := @schema@.issue_one_time_token(tenant, user_id, 'email_verification', rules.verification_lifetime);
end
$function$;
comment on function @schema@.register_user(text, text, text, text, boolean, boolean) is 'Registers a user of the current tenant, who is invited until verify_email gets the token: mail it to them, it is told this once. email: theirs; display_name: what others see; password: null: none yet (another provider, or request_password_reset); locale, buys, sells: as in users. With a password the work comes before the look whether the address is taken. Errors: 22023 arguments; 23505 the address is taken; 42501 the acting role is no application''s, or there is no tenant. Example: select * from @schema@.register_user(''anna@example.com'', ''Anna'', ''correct horse battery'');';

create function @schema@.renew_verification(email text) returns text
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
declare
  tenant bigint := @schema@.serving_tenant();
  person bigint;
  subject text := @schema@.throttle_subject('reset', left(renew_verification.email, 321));
begin
  if @schema@.lock_left(tenant, subject) is not null then
    return null;
  end if;
  perform @schema@.count_failure(tenant, subject, (select s.account_failures from @schema@.auth_settings s));
  select u.id into person from @schema@.users u
    where u.tenant_id = tenant and u.id = @schema@.user_of_email(tenant, left(renew_verification.email, 321))
      and (u.status = 'invited' or (u.status = 'active' and u.email_verified_at is null));
  if not found then
    return null;
  end if;
  return @schema@.issue_one_time_token(tenant, person, 'email_verification', (select s.verification_lifetime from @schema@.auth_settings s));
end
$function$;
comment on function @schema@.renew_verification(text) is 'Another token for verify_email, to be mailed to the address, of who hasn''t confirmed it (new users, and after set_email); the one before is worthless then. Null: nobody of that address waits for one, or there were too many requests. Answer the visitor the same in any case. Errors: 42501 the acting role is no application''s, or there is no tenant. Example: select @schema@.renew_verification(''anna@example.com'');';

create function @schema@.verify_email(token text, client_address inet default null, user_agent text default null) returns bigint
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
begin
  select * into who from @schema@.use_one_time_token(verify_email.token, 'email_verification');
  update @schema@.users u set email_verified_at = coalesce(u.email_verified_at, now()), status = 'active', updated_at = now()
    where u.tenant_id = who.tenant_id and u.id = who.user_id;
  perform @schema@.log_attempt(who.tenant_id, who.user_id, 'email_verified', verify_email.client_address, verify_email.user_agent);
  return who.user_id;
end
$function$;
comment on function @schema@.verify_email(text, inet, text) is 'Confirms the address that a token was mailed to: the user is active from now on. Gives their number. The token says the tenant. Let a person press a button first: programs that look through mail open its links. The password may be one that a stranger chose who registered with the address: ask for it on that page, and offer request_password_reset. Errors: 28000 the token is unknown, used or too old, or the user has another address by now. Example: select @schema@.verify_email(''mpo_42_...'');';

create function @schema@.request_password_reset(email text, client_address inet default null) returns text
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
declare
  tenant bigint := @schema@.serving_tenant();
  rules @schema@.auth_settings := (select s from @schema@.auth_settings s);
  subject text := @schema@.throttle_subject('reset', left(request_password_reset.email, 321));
  address text := @schema@.throttle_subject('address', request_password_reset.client_address::text);
  person bigint;
begin
  if coalesce(@schema@.lock_left(tenant, subject), @schema@.lock_left(tenant, address)) is not null then
    return null;
  end if;
  perform @schema@.count_failure(tenant, subject, rules.account_failures);
  perform @schema@.count_failure(tenant, address, rules.address_failures);
  select u.id into person from @schema@.users u
    where u.tenant_id = tenant and u.id = @schema@.user_of_email(tenant, left(request_password_reset.email, 321)) and u.status in ('invited', 'active');
  if not found then
    return null;
  end if;
  return @schema@.issue_one_time_token(tenant, person, 'password_reset', rules.reset_lifetime);
end
$function$;
comment on function @schema@.request_password_reset(text, inet) is 'A token for reset_password, to be mailed to the address; the one before is worthless then. Null: nobody has the address, or there were too many requests, of it or from the client. Answer the visitor the same in any case, before anything is mailed. Errors: 42501 the acting role is no application''s, or there is no tenant. Example: select @schema@.request_password_reset(''anna@example.com'', ''203.0.113.9'');';

create function @schema@.verify_password(email text, password text, client_address inet default null, user_agent text default null) returns bigint
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
declare
  tenant bigint := @schema@.serving_tenant();
  rules @schema@.auth_settings := (select s from @schema@.auth_settings s);
  typed text := left(coalesce(verify_password.email, ''), 321);
  -- What is longer is nobody's password, and takes no more work.
  secret text := case when length(verify_password.password) <= rules.password_max_length then verify_password.password else '' end;
  account text := @schema@.throttle_subject('account', typed);
  address text := @schema@.throttle_subject('address', verify_password.client_address::text);
  person record;
  right_one boolean;
  locks boolean;
begin
  perform @schema@.require_read_committed('verify_password');
  -- One guess at an address at a time: many at once would all be made before the first of them counts.
  perform pg_advisory_xact_lock(hashtextextended(account, tenant));
  if coalesce(@schema@.lock_left(tenant, account), @schema@.lock_left(tenant, address)) is not null then
    return null;
  end if;
  select u.id, u.status, i.password_hash into person from @schema@.users u
    left join @schema@.user_identities i on i.tenant_id = u.tenant_id and i.provider = 'password' and i.provider_user_id = u.id::text and i.deleted_at is null
    where u.tenant_id = tenant and u.id = @schema@.user_of_email(tenant, typed);
  right_one := @schema@.password_matches(person.password_hash, coalesce(secret, ''), rules.password_cost);
  if not right_one or person.status <> 'active' then
    locks := @schema@.count_failure(tenant, account, rules.account_failures);
    perform @schema@.count_failure(tenant, address, rules.address_failures);
    perform @schema@.log_attempt(tenant, person.id, (case when right_one then 'not_active' when locks then 'locked' else 'wrong' end)::@schema@.sign_in_outcome,
      verify_password.client_address, verify_password.user_agent);
    return null;
  end if;
  delete from @schema@.login_throttle t where t.tenant_id = tenant and t.subject = account;
  if person.password_hash like 'crypt:%' or substring(person.password_hash, '[$]2a[$]([0-9]{2})[$]')::integer < rules.password_cost then
    perform @schema@.keep_password(tenant, person.id, @schema@.hashed_password(secret, rules.password_cost));
  end if;
  perform @schema@.log_attempt(tenant, person.id, 'signed_in', verify_password.client_address, verify_password.user_agent);
  return person.id;
end
$function$;
comment on function @schema@.verify_password(text, text, inet, text) is 'The number of the current tenant''s user who has that address and password; null: there is none, or they may not act (not confirmed, suspended), or too many failures lock the address or the client (see throttled): which of these is not told, nor by the time that it takes. Commit in any case: a failure that is rolled back doesn''t count. A hash that is cheaper than auth_settings says is made anew. client_address, user_agent: for the log, and to slow down one client that tries many addresses. Errors: 42501 the acting role is no application''s, or there is no tenant. Example: select @schema@.verify_password(''anna@example.com'', ''correct horse battery'', ''203.0.113.9'');';

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


revoke execute on function @schema@.acts_as_application(), @schema@.throttled(text, inet), @schema@.register_user(text, text, text, text, boolean, boolean),
  @schema@.renew_verification(text), @schema@.verify_email(text, inet, text), @schema@.request_password_reset(text, inet),
  @schema@.verify_password(text, text, inet, text)
  from public;
