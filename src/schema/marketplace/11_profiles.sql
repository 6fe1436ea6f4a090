-- Profiles: how to reach users and what they tell of themselves; what others and read-only roles see; moving to another encryption key.

create table @schema@.user_profiles (
  tenant_id bigint not null,
  user_id bigint not null,
--@if encryption
  phone_encrypted bytea constraint user_profiles_phone_encrypted_form check (octet_length(phone_encrypted) >= 72),
  phone_blind bytea constraint user_profiles_phone_blind_form check (octet_length(phone_blind) = 32),
  address_encrypted bytea constraint user_profiles_address_encrypted_form check (octet_length(address_encrypted) >= 72),
  key_id bytea constraint user_profiles_key_id_of_both check (case when phone_encrypted is null and address_encrypted is null then key_id is null
    else key_id is not null and key_id = coalesce(substr(phone_encrypted, 1, 8), key_id) and key_id = coalesce(substr(address_encrypted, 1, 8), key_id) end),
--@end
--@unless encryption
  phone text constraint user_profiles_phone_form check (phone ~ '^[+]?[0-9(][0-9 ()./-]{1,38}[0-9]$'),
  address @schema@.json_object,
--@end
  avatar_url text constraint user_profiles_avatar_url_form check (avatar_url ~ '^https?://[^[:space:]]+$' and length(avatar_url) <= 2000),
  about text constraint user_profiles_about_length check (length(about) between 1 and 5000),
  preferences @schema@.json_object not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by bigint,
  updated_by bigint,
  primary key (tenant_id, user_id),
--@if encryption
  constraint user_profiles_phone_blind_with_it check ((phone_encrypted is null) = (phone_blind is null)),
--@end
  constraint user_profiles_user_fkey foreign key (tenant_id, user_id) references @schema@.users on delete cascade
) with (fillfactor = 90);
--@if encryption
create index user_profiles_phone on @schema@.user_profiles (tenant_id, phone_blind) where phone_blind is not null;
create index user_profiles_key_id on @schema@.user_profiles (tenant_id, key_id, user_id) where key_id is not null;
--@end
--@unless encryption
create index user_profiles_phone on @schema@.user_profiles (tenant_id, regexp_replace(phone, '[^0-9+]', '', 'g')) where phone is not null;
--@end
comment on table @schema@.user_profiles is 'How to reach users, and what they tell of themselves. A user sees their own row only; public_profiles shows the rest what is meant for them.';
comment on column @schema@.user_profiles.tenant_id is 'The tenant.';
comment on column @schema@.user_profiles.user_id is 'The user.';
--@if encryption
comment on column @schema@.user_profiles.phone_encrypted is 'Phone number, encrypted, as encrypt_text() does; null: not told. Written by set_phone(), read by phone_of().';
comment on column @schema@.user_profiles.phone_blind is 'A keyed hash of the number''s digits, for users_of_phone().';
comment on column @schema@.user_profiles.address_encrypted is 'Postal address, a JSON object, encrypted, as encrypt_text() does; null: not told. Written by set_address(), read by address_of().';
comment on column @schema@.user_profiles.key_id is 'Fingerprint of the key that both were encrypted with; null: neither is there.';
--@end
--@unless encryption
comment on column @schema@.user_profiles.phone is 'Phone number; null: not told. Read and write it by phone_of() and set_phone(), find it by users_of_phone(): they work the same where it is encrypted.';
comment on column @schema@.user_profiles.address is 'Postal address, in the application''s terms; null: not told. Read and write it by address_of() and set_address().';
--@end
comment on column @schema@.user_profiles.avatar_url is 'Where their picture is; null: none. Everybody of the tenant sees it.';
comment on column @schema@.user_profiles.about is 'What they tell of themselves; null: nothing. Everybody of the tenant sees it.';
comment on column @schema@.user_profiles.preferences is 'Whatever the application keeps for them.';
comment on column @schema@.user_profiles.created_at is 'When the row was made.';
comment on column @schema@.user_profiles.updated_at is 'When it was changed last.';
comment on column @schema@.user_profiles.created_by is 'User who made it; null: themselves or the system.';
comment on column @schema@.user_profiles.updated_by is 'User who changed it last; null: the system.';

-- Contact data. Only these functions know how they are kept.

create function @schema@.phone_digits(phone text) returns text
  language sql immutable strict parallel safe
  return pg_catalog.regexp_replace(phone, '[^0-9+]', '', 'g');
comment on function @schema@.phone_digits(text) is 'What of a phone number makes it the same number. Errors: none. Example: select @schema@.phone_digits(''+49 (30) 123-45'');';

create function @schema@.phone_of(tenant bigint, user_id bigint) returns text
  language plpgsql stable strict parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
--@if encryption
  return (select @schema@.decrypt_text(p.phone_encrypted, format('user_profiles.phone/%s/%s', p.tenant_id, p.user_id)) from @schema@.user_profiles p
          where p.tenant_id = phone_of.tenant and p.user_id = phone_of.user_id);
--@end
--@unless encryption
  return (select p.phone from @schema@.user_profiles p where p.tenant_id = phone_of.tenant and p.user_id = phone_of.user_id);
--@end
end
$function$;
comment on function @schema@.phone_of(bigint, bigint) is 'A user''s phone number; null: not told, no such user, or row security hides it. Where it is encrypted it needs the key. Errors: 42501 no key; 22023 another key; 22000 the value was changed. Example: select @schema@.phone_of(42, 7);';

create function @schema@.address_of(tenant bigint, user_id bigint) returns jsonb
  language plpgsql stable strict parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
--@if encryption
  return (select @schema@.decrypt_text(p.address_encrypted, format('user_profiles.address/%s/%s', p.tenant_id, p.user_id))::jsonb from @schema@.user_profiles p
          where p.tenant_id = address_of.tenant and p.user_id = address_of.user_id);
--@end
--@unless encryption
  return (select p.address::jsonb from @schema@.user_profiles p where p.tenant_id = address_of.tenant and p.user_id = address_of.user_id);
--@end
end
$function$;
comment on function @schema@.address_of(bigint, bigint) is 'A user''s postal address, a JSON object; null: not told, no such user, or row security hides it. Where it is encrypted it needs the key. Errors: 42501 no key; 22023 another key; 22000 the value was changed. Example: select @schema@.address_of(42, 7) ->> ''city'';';

create function @schema@.write_contact(tenant bigint, user_id bigint, phone text, address jsonb) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
--@if encryption
  -- Both are written anew, so that they are always under one key.
  update @schema@.user_profiles p set
    phone_encrypted = @schema@.encrypt_text(write_contact.phone, format('user_profiles.phone/%s/%s', p.tenant_id, p.user_id)),
    phone_blind = @schema@.blind_hash(@schema@.phone_digits(write_contact.phone), 'user_profiles.phone/' || p.tenant_id),
    address_encrypted = @schema@.encrypt_text(write_contact.address::text, format('user_profiles.address/%s/%s', p.tenant_id, p.user_id)),
    key_id = case when write_contact.phone is not null or write_contact.address is not null then @schema@.encryption_key_id() end, updated_at = now()
--@end
--@unless encryption
  update @schema@.user_profiles p set phone = write_contact.phone, address = write_contact.address, updated_at = now()
--@end
    where p.tenant_id = write_contact.tenant and p.user_id = write_contact.user_id;
end
$function$;
comment on function @schema@.write_contact(bigint, bigint, text, jsonb) is 'What set_phone, set_address and rotate_encryption do with a profile that is there. Errors: as set_phone. Example: select @schema@.write_contact(42, 7, ''+49 30 12345'', null);';

create function @schema@.lock_profile(tenant bigint, user_id bigint) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
#variable_conflict use_column
begin
  if not exists (select from @schema@.users u where u.tenant_id = lock_profile.tenant and u.id = lock_profile.user_id and u.deleted_at is null) then
    raise exception using errcode = '02000', message = format('there is no user %s', coalesce(lock_profile.user_id::text, 'null')), hint = 'Take a number from users; who gave up their account doesn''t count.';
  end if;
  insert into @schema@.user_profiles (tenant_id, user_id) values (lock_profile.tenant, lock_profile.user_id) on conflict do nothing;
  perform from @schema@.user_profiles p where p.tenant_id = lock_profile.tenant and p.user_id = lock_profile.user_id for no key update;
end
$function$;
comment on function @schema@.lock_profile(bigint, bigint) is 'What set_phone and set_address do first: makes a living user''s profile if there is none, and locks it. Errors: 02000 no such user; 42501 row security. Example: select @schema@.lock_profile(42, 7);';

create function @schema@.set_phone(tenant bigint, user_id bigint, phone text) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  if btrim(set_phone.phone) !~ '^[+]?[0-9(][0-9 ()./-]{1,38}[0-9]$' then
    raise exception using errcode = '22023', message = 'this is no phone number', hint = 'A number has 3 to 41 digits, spaces and ()./-, perhaps with a + before: +49 30 12345.';
  end if;
  perform @schema@.lock_profile(set_phone.tenant, set_phone.user_id);
  perform @schema@.write_contact(set_phone.tenant, set_phone.user_id, btrim(set_phone.phone), @schema@.address_of(set_phone.tenant, set_phone.user_id));
end
$function$;
comment on function @schema@.set_phone(bigint, bigint, text) is 'Gives a living user another phone number; null: none. Where it is encrypted it needs the key. Error messages never repeat the number. Errors: 02000 no such user; 22023 no phone number, or the address is under another key; 42501 no key, or row security. Example: select @schema@.set_phone(42, 7, ''+49 30 12345'');';

create function @schema@.set_address(tenant bigint, user_id bigint, address jsonb) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  if jsonb_typeof(set_address.address) <> 'object' then
    raise exception using errcode = '22023', message = 'an address is a JSON object', hint = 'Such as {"street": "...", "city": "...", "country": "DE"}.';
  end if;
  perform @schema@.lock_profile(set_address.tenant, set_address.user_id);
  perform @schema@.write_contact(set_address.tenant, set_address.user_id, @schema@.phone_of(set_address.tenant, set_address.user_id), set_address.address);
end
$function$;
comment on function @schema@.set_address(bigint, bigint, jsonb) is 'Gives a living user another postal address; null: none. Where it is encrypted it needs the key. Errors: 02000 no such user; 22023 no object, or the phone number is under another key; 42501 no key, or row security. Example: select @schema@.set_address(42, 7, ''{"city": "Berlin"}'');';

create function @schema@.users_of_phone(tenant bigint, phone text) returns setof bigint
  language plpgsql stable security definer rows 1 set search_path = pg_catalog, pg_temp as $function$
declare
  digits text := @schema@.phone_digits(users_of_phone.phone);
--@if encryption
  blind bytea;
  anybody boolean := false;
--@end
begin
  if users_of_phone.tenant is distinct from @schema@.current_tenant() and not pg_has_role(@schema@.acting_role(), current_user, 'member') then
    raise exception using errcode = '42501', message = format('the session does not act for tenant %s', coalesce(users_of_phone.tenant::text, 'null')),
      hint = 'Set marketplace.tenant_id for the transaction.';
  end if;
--@if encryption
  if digits is null then
    return;
  end if;
  foreach blind in array @schema@.blind_hashes(digits, 'user_profiles.phone/' || users_of_phone.tenant) loop
    return query
      select p.user_id from @schema@.user_profiles p join @schema@.users u on u.tenant_id = p.tenant_id and u.id = p.user_id
      where p.tenant_id = users_of_phone.tenant and u.deleted_at is null and p.phone_blind = blind;
    anybody := anybody or found;
  end loop;
  if not anybody then
    perform @schema@.require_known_keys(users_of_phone.tenant);
  end if;
--@end
--@unless encryption
  return query
    select p.user_id from @schema@.user_profiles p join @schema@.users u on u.tenant_id = p.tenant_id and u.id = p.user_id
    where p.tenant_id = users_of_phone.tenant and u.deleted_at is null and regexp_replace(p.phone, '[^0-9+]', '', 'g') = digits;
--@end
end
$function$;
revoke execute on function @schema@.users_of_phone(bigint, text) from public;
comment on function @schema@.users_of_phone(bigint, text) is 'The living users who have a phone number, however it is written: several may share one. tenant: the current one (the schema''s owner may ask for others). It runs with its owner''s rights, and nobody else may call it until the owner grants it. Errors: 42501 another tenant, or no key; 22023 there are values under another key. Example: select * from @schema@.users_of_phone(42, ''+49 30 12345'');';

-- What others see.

create view @schema@.public_profiles with (security_barrier) as
  select u.tenant_id, u.id as user_id, u.public_id, u.display_name, u.buys, u.sells, p.avatar_url, p.about
  from @schema@.users u left join @schema@.user_profiles p on p.tenant_id = u.tenant_id and p.user_id = u.id
  where u.deleted_at is null
--@if row_security
    and u.tenant_id = (select @schema@.current_tenant())
--@end
  ;
comment on view @schema@.public_profiles is 'What users of a tenant may know of each other, without contact data: living users of the current tenant. It reads the tables with its owner''s rights, since a user''s own rights show them their own profile only, and applies the tenant itself. Grant select on it to who may not read the tables. Example: select display_name, about from @schema@.public_profiles where user_id = 7;';
comment on column @schema@.public_profiles.tenant_id is 'The tenant.';
comment on column @schema@.public_profiles.user_id is 'The user.';
comment on column @schema@.public_profiles.public_id is 'Their number for the outside.';
comment on column @schema@.public_profiles.display_name is 'Name that others see.';
comment on column @schema@.public_profiles.buys is 'They buy here.';
comment on column @schema@.public_profiles.sells is 'They sell here.';
comment on column @schema@.public_profiles.avatar_url is 'Where their picture is.';
comment on column @schema@.public_profiles.about is 'What they tell of themselves.';

create view @schema@.users_masked with (security_barrier) as
  select u.tenant_id, u.id, u.display_name, u.status,
--@if encryption
    null::text as email,
--@end
--@unless encryption
    regexp_replace(u.email, '^(.)[^@]*@(.)[^@]*?([.][^.@]*)?$', '\1***@\2***\3') as email,
--@end
    u.created_at, u.deleted_at
--@if row_security
  -- A join: nobody writes through it.
  from @schema@.users u join (select @schema@.current_tenant()) acting (tenant_id) on acting.tenant_id = u.tenant_id;
--@end
--@unless row_security
  from @schema@.users u cross join (select) nobody_writes_through_it;
--@end
comment on view @schema@.users_masked is 'Users of the current tenant for reports and support, with a masked address (f***@e***.com; null where addresses are encrypted). It reads the table with its owner''s rights and applies the tenant itself: with the rights of who reads, they would need select on the address. For a role that only reads, once: grant usage on schema @schema@ to reports; grant select on @schema@.users_masked to reports; insert into @schema@.database_roles (role_name, kind, tenant_id) values (''reports'', ''tenant'', 42); and nothing on users and user_profiles. Example: select id, display_name, email from @schema@.users_masked;';
comment on column @schema@.users_masked.tenant_id is 'The tenant.';
comment on column @schema@.users_masked.id is 'The user.';
comment on column @schema@.users_masked.display_name is 'Name that others see.';
comment on column @schema@.users_masked.status is 'Whether they may act.';
comment on column @schema@.users_masked.email is 'The address with all but a few letters hidden; null: it is encrypted, or erased.';
comment on column @schema@.users_masked.created_at is 'When the row was made.';
comment on column @schema@.users_masked.deleted_at is 'When the account was given up; null: it lives.';
--@if encryption

create function @schema@.rotate_encryption(previous_key_setting text default 'marketplace.previous_encryption_key', batch integer default 1000,
  out reencrypted bigint, out waiting bigint, out other_keys bigint)
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  new_key bytea := @schema@.encryption_key_id();
  old_key bytea := @schema@.encryption_key_id(previous_key_setting);
  place record;
begin
  if old_key is null then
    raise exception using errcode = '42501', message = format('setting %s has no key', coalesce(previous_key_setting, 'null')),
      hint = 'Give it for the transaction, as a parameter and not in the text of a statement: select set_config(''marketplace.previous_encryption_key'', $1, true).';
  elsif old_key = new_key then
    raise exception using errcode = '22023', message = 'the previous key is the present one', hint = 'Set marketplace.encryption_key to the key to move to.';
  elsif coalesce(batch < 1, true) then
    raise exception using errcode = '22023', message = 'a batch has one row at least', hint = 'Take 1000.';
  end if;
  reencrypted := 0;
  for place in
    select u.tenant_id, u.id from @schema@.tenants t cross join lateral (
      select c.tenant_id, c.id from @schema@.users c where c.tenant_id = t.id and c.key_id = old_key order by c.id limit batch for no key update skip locked) u
    limit batch
  loop
    update @schema@.users u set (email_encrypted, email_blind, key_id, updated_at) = (
        select @schema@.encrypt_text(plain, format('users.email/%s/%s', u.tenant_id, u.id)), @schema@.blind_hash(lower(plain), 'users.email/' || u.tenant_id), new_key, now()
        from @schema@.decrypt_text(u.email_encrypted, format('users.email/%s/%s', u.tenant_id, u.id), previous_key_setting) plain)
      where u.tenant_id = place.tenant_id and u.id = place.id and u.key_id = old_key;
    reencrypted := reencrypted + 1;
  end loop;
  for place in
    select p.tenant_id, p.user_id, p.phone_encrypted, p.address_encrypted from @schema@.tenants t cross join lateral (
      select c.* from @schema@.user_profiles c where c.tenant_id = t.id and c.key_id = old_key order by c.user_id limit batch - reencrypted for no key update skip locked) p
    limit batch - reencrypted
  loop
    perform @schema@.write_contact(place.tenant_id, place.user_id,
      @schema@.decrypt_text(place.phone_encrypted, format('user_profiles.phone/%s/%s', place.tenant_id, place.user_id), previous_key_setting),
      @schema@.decrypt_text(place.address_encrypted, format('user_profiles.address/%s/%s', place.tenant_id, place.user_id), previous_key_setting)::jsonb);
    reencrypted := reencrypted + 1;
  end loop;
  select (select count(*) from @schema@.users u where u.key_id = old_key) + (select count(*) from @schema@.user_profiles p where p.key_id = old_key),
    (select count(*) from @schema@.users u where u.key_id not in (old_key, new_key)) + (select count(*) from @schema@.user_profiles p where p.key_id not in (old_key, new_key))
    into waiting, other_keys;
  if reencrypted > 0 and waiting = 0 and has_table_privilege(to_regclass($name$@schema@.login_throttle$name$), 'delete') then
    -- Hashes under the former key, which nothing finds any more.
    execute $sql$delete from @schema@.login_throttle t where t.subject ~ '^(account|reset):'$sql$;
  end if;
exception when unique_violation then
  raise exception using errcode = '23505', message = 'an address is there twice, under both keys', constraint = 'users_email_live',
    hint = 'Somebody registered it with the new key while the previous one was not set. Give one of the two another address: see email_of().';
end
$function$;
comment on function @schema@.rotate_encryption(text, integer) is 'Moves addresses and phone numbers that are under the previous key to the one in marketplace.encryption_key: users first, then profiles, in the order of their numbers. What sign-in counts by address begins anew at the end. Call it, with a commit after each call, until waiting is 0; it goes on where it stopped, and leaves out what others have locked. Give every session both keys as long as it lasts, or addresses are not found. Row security applies: the schema''s owner moves all tenants. previous_key_setting: the setting that has the previous key; batch: rows at once. Gives reencrypted: rows moved; waiting: rows still under the previous key; other_keys: rows under neither. Errors: 42501 a key is missing; 22023 arguments; 22000 a value was changed; 23505 an address is there twice, under both keys. Example: select * from @schema@.rotate_encryption();';
--@end
--@if triggers

create trigger touch before update on @schema@.user_profiles for each row when (old.* is distinct from new.*) execute function @schema@.touch();
--@end
--@if row_security

alter table @schema@.user_profiles enable row level security;
create policy own on @schema@.user_profiles using (tenant_id = (select @schema@.current_tenant())
  and (user_id = (select @schema@.current_user_id()) or (select @schema@.current_user_id()) is null));
--@end
