-- Personal data: what there is of a person, giving it to them, and erasing it; advice on its protection.
--
-- Which tables hold something of people stands in table personal_data, one row for each column that says of whom a row is. export_user and
-- erase_user go by it and by nothing else, but for what is said here about messages. A module that is installed later is registered by the
-- next call of either, or of register_personal_data(). Who adds tables of their own adds rows: check_personal_data() says what is missing.

create type @schema@.personal_key as enum ('user', 'email', 'email_hash', 'email_inside');
comment on type @schema@.personal_key is 'How a column says of whom a row is: user (the user''s number), email (their address, in any case), email_hash (what email_hash() makes of it, with the prefix as its kind), email_inside (the address is a string somewhere in the JSON).';
create type @schema@.erasure as enum ('delete', 'scrub', 'keep');
comment on type @schema@.erasure is 'What erase_user does with a person''s rows: delete, scrub (give columns other values), keep (nothing in them tells of the person).';

create table @schema@.personal_data (
  table_name name not null,
  user_column name not null,
  user_key text not null default '',
  holds @schema@.personal_key not null default 'user',
  prefix text not null default '',
  on_erase @schema@.erasure not null,
  scrub @schema@.json_object not null default '{}',
  leaves text[] not null default '{}' constraint personal_data_leaves_form check (array_position(leaves, null) is null),
  export boolean not null default true,
  hides text[] not null default '{}' constraint personal_data_hides_form check (array_position(hides, null) is null),
  note text,
  primary key (table_name, user_column, user_key, holds, prefix),
  constraint personal_data_scrubs_something check ((on_erase = 'scrub') = (scrub <> '{}')),
  constraint personal_data_scrub_values check (not jsonb_path_exists(scrub, '$.* ? (@.type() == "array")'))
);
comment on table @schema@.personal_data is 'Where this schema holds something of people: export_user and erase_user go by it. register_personal_data() fills in the tables that come with the marketplace, and never changes a row that is there: to have one treated otherwise, update it. Only the schema''s owner reads and writes it. Tables of your own must be in this schema and have a column tenant_id: insert into @schema@.personal_data (table_name, user_column, on_erase, note) values (''reviews'', ''author_id'', ''delete'', ''What they think of products'');';
comment on column @schema@.personal_data.table_name is 'A table of this schema, with a column tenant_id.';
comment on column @schema@.personal_data.user_column is 'The column that says of whom a row is.';
comment on column @schema@.personal_data.user_key is 'If that column is JSON: the key in it; empty: the column itself says it.';
comment on column @schema@.personal_data.holds is 'What it says: user, email, email_hash or email_inside.';
comment on column @schema@.personal_data.prefix is 'What stands before it: account: in account:7.';
comment on column @schema@.personal_data.on_erase is 'What becomes of the row when the person is erased.';
comment on column @schema@.personal_data.scrub is 'For scrub: which columns get which value: {"subject": null}. What is null stays null. For users and messages the value is their new name and text.';
comment on column @schema@.personal_data.leaves is 'For scrub: columns of text that may stay, since they tell nothing of the person.';
comment on column @schema@.personal_data.export is 'Whether export_user gives the row.';
comment on column @schema@.personal_data.hides is 'Columns that export_user leaves out: secrets, and what belongs to others. bytea, tsvector and names that end in _hash are left out anyway.';
comment on column @schema@.personal_data.note is 'What it is, or why it is kept.';

create function @schema@.register_personal_data() returns bigint
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  registered bigint;
  stamps bigint;
begin
  insert into @schema@.personal_data (table_name, user_column, user_key, holds, prefix, on_erase, scrub, leaves, export, hides, note)
    select k.table_name, k.user_column, k.user_key, k.holds::@schema@.personal_key, k.prefix, k.on_erase::@schema@.erasure, k.scrub::jsonb, k.leaves::text[], k.export, k.hides::text[], k.note
    from (values
      ('users', 'id', '', 'user', '', 'scrub', '{"display_name": "Deleted user"}', '{locale}', true, '{}', 'The row stays for what refers to it: without address, with this name, closed.'),
      ('user_profiles', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'How to reach them, and what they tell of themselves.'),
      ('database_roles', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'A database role that stands for them. The role itself is the administrator''s: drop role.'),
      ('conversations', 'created_by', '', 'user', '', 'scrub', '{"subject": null}', '{}', true, '{}', 'What they opened, with the subject that they gave it.'),
      ('conversations', 'direct_low', '', 'user', '', 'keep', '{}', '{}', false, '{}', 'A number.'),
      ('conversations', 'direct_high', '', 'user', '', 'keep', '{}', '{}', false, '{}', 'A number.'),
      ('participants', 'user_id', '', 'user', '', 'keep', '{}', '{}', true, '{}', 'That somebody took part. erase_user ends it in groups.'),
      ('messages', 'sender_id', '', 'user', '', 'scrub', '{"body": "[deleted]"}', '{}', true, '{}', 'What they wrote: the others keep their own messages and see that there was one.'),
      ('message_edits', 'edited_by', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'What they had written.'),
      ('reactions', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'Signs that they put on messages.'),
      ('attachments', 'uploaded_by', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'Files that they sent: erase_user says where they are, and the application deletes them there.'),
      ('offers', 'offered_by', '', 'user', '', 'keep', '{}', '{}', true, '{}', 'Amounts, which the other side needs. erase_user withdraws an open one.'),
      ('offers', 'decided_by', '', 'user', '', 'keep', '{}', '{}', false, '{}', 'A number.'),
      ('watches', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'What they wait for.'),
      ('alerts', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'What they were told of prices.'),
      ('notifications', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'What they were told.'),
      ('notification_preferences', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'How they want to be told.'),
      ('notification_log', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'What was sent to them.'),
      ('user_activity_log', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'What they did.'),
      ('outbox', 'payload', 'user_id', 'user', '', 'delete', '{}', '{}', false, '{}', 'What a worker would do for them.'),
      ('outbox', 'payload', '', 'email_inside', '', 'delete', '{}', '{}', false, '{}', 'What a worker would send to them.'),
      ('user_identities', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'How they sign in.'),
      ('one_time_tokens', 'user_id', '', 'user', '', 'delete', '{}', '{}', false, '{}', 'Tokens that were mailed to them.'),
      ('sessions', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'Where they are signed in; their tokens go with them.'),
      ('api_tokens', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{prefix}', 'Tokens for their programs.'),
      ('login_attempts', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'When they signed in, and from where.'),
      ('login_throttle', 'subject', '', 'email_hash', 'account:', 'delete', '{}', '{}', false, '{}', 'Failures to sign in with their address.'),
      ('login_throttle', 'subject', '', 'email_hash', 'reset:', 'delete', '{}', '{}', false, '{}', 'Mails that were asked for with their address.'),
      ('user_roles', 'user_id', '', 'user', '', 'delete', '{}', '{}', true, '{}', 'What they may do.'),
      ('user_roles', 'granted_by', '', 'user', '', 'keep', '{}', '{}', false, '{}', 'A number.')
      ) k (table_name, user_column, user_key, holds, prefix, on_erase, scrub, leaves, export, hides, note)
    where exists (select from pg_class c join pg_attribute a on a.attrelid = c.oid
                  where c.relnamespace = $name$@schema@$name$::regnamespace and c.relname = k.table_name and a.attname = k.user_column and a.attnum > 0 and not a.attisdropped)
    on conflict do nothing;
  get diagnostics registered = row_count;
  insert into @schema@.personal_data (table_name, user_column, on_erase, export, note)
    select c.relname, a.attname, 'keep', false, 'A number.'
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = $name$@schema@$name$::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.attname in ('created_by', 'updated_by') and a.atttypid = 'bigint'::regtype and not a.attisdropped
      and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped)
      and not exists (select from @schema@.personal_data p where p.table_name = c.relname and p.user_column = a.attname)
    on conflict do nothing;
  get diagnostics stamps = row_count;
  return registered + stamps;
end
$function$;
comment on function @schema@.register_personal_data() is 'Puts what comes with the marketplace, and is installed, into personal_data, and the stamps created_by and updated_by of all tables; says how many rows are new. Rows that are there stay as they are. export_user and erase_user call it. Errors: 42501 for others than the schema''s owner. Example: select @schema@.register_personal_data();';

create function @schema@.check_personal_data() returns table (table_name name, column_name name, problem text)
  language sql stable rows 10 set search_path = pg_catalog, pg_temp as $function$
  with relation as (
    select c.oid, c.relname from pg_class c
    where c.relnamespace = $name$@schema@$name$::regnamespace and c.relkind in ('r', 'p') and not c.relispartition),
  attribute as (
    select r.relname, a.attname, a.attnum, r.oid, coalesce(nullif(t.typbasetype, 0), t.oid) as base, a.attgenerated
    from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid),
  named as (
    select p.table_name, p.user_column as column_name from @schema@.personal_data p
    union select p.table_name, 'tenant_id' from @schema@.personal_data p
    union select p.table_name, k.name::name from @schema@.personal_data p, lateral (select jsonb_object_keys(p.scrub) union select unnest(p.leaves || p.hides)) k (name))
  select n.table_name, n.column_name, 'is registered and not there' from named n
    where not exists (select from attribute a where a.relname = n.table_name and a.attname = n.column_name)
  union all
  select a.relname, a.attname, 'tells of a user and is not registered' from attribute a
    where (a.attname ~ '((^|_)(user|sender|author|owner|buyer|seller|recipient|assignee)_id|_by)$' and a.base in ('bigint'::regtype, 'integer'::regtype)
        or exists (select from pg_constraint k where k.contype = 'f' and k.conrelid = a.oid and k.confrelid = $name$@schema@.users$name$::regclass and k.conkey[cardinality(k.conkey)] = a.attnum))
      and (a.relname, a.attname) not in (select p.table_name, p.user_column from @schema@.personal_data p)
      and exists (select from attribute t where t.relname = a.relname and t.attname = 'tenant_id')
      and a.relname <> 'personal_data'
  union all
  select a.relname, a.attname, 'is text and neither scrubbed nor said to be harmless' from attribute a
    where a.base in ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype, 'json'::regtype, 'name'::regtype, 'inet'::regtype, 'bytea'::regtype, 'text[]'::regtype) and a.attgenerated = ''
      and exists (select from @schema@.personal_data p where p.table_name = a.relname and p.on_erase = 'scrub')
      and not exists (select from @schema@.personal_data p where p.table_name = a.relname and (p.user_column = a.attname or p.scrub ? a.attname or a.attname = any (p.leaves)))
      and (a.relname, a.attname) not in (('users', 'email'), ('users', 'email_encrypted'), ('users', 'email_blind'), ('users', 'key_id'))
  order by 1, 2, 3
$function$;
comment on function @schema@.check_personal_data() is 'What is wrong with personal_data: columns that it names and that are gone; columns that seem to say of whom a row is (by their names, or by a foreign key to users) and that it doesn''t name; text of scrubbed tables that nobody scrubs. No rows: all is well. For the schema''s owner: others don''t see personal_data. Errors: none. Example: select * from @schema@.check_personal_data();';

create function @schema@.personal_rows(entry @schema@.personal_data) returns text
  language plpgsql stable strict parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  said text := case entry.user_key when '' then format('t.%I', entry.user_column) else format('(t.%I ->> %L)', entry.user_column, entry.user_key) end;
begin
  return 't.tenant_id = $1 and ' || case entry.holds
    when 'user' then case when entry.prefix = '' and entry.user_key = '' then said || ' = $2' else format('%s = %L || $2::text', said, entry.prefix) end
    when 'email' then format('lower(%s) = %L || $3', said, entry.prefix)
    when 'email_hash' then format('%s = %L || (select @schema@.email_hash($3, %L))', said, entry.prefix, rtrim(entry.prefix, ':'))
    when 'email_inside' then format('exists (select from jsonb_path_query(t.%I, ''strict $.** ? (@.type() == "string")'') s (v) where lower(s.v #>> ''{}'') = $3)', entry.user_column)
  end;
end
$function$;
comment on function @schema@.personal_rows(@schema@.personal_data) is 'The condition that finds a person''s rows in a registered table t, with the parameters tenant, user, and address in lower case; part of other functions. Errors: none. Example: select @schema@.personal_rows(p) from @schema@.personal_data p;';

create function @schema@.scrub_assignments(scrub jsonb, out assignments text, out differs text)
  language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp
begin atomic
  select string_agg(format('%1$I = case when t.%1$I is null then t.%1$I else %2$L end', c.key, c.value), ', ' order by c.key),
    '(' || string_agg(case when c.value is null then format('t.%I is not null', c.key) else format('t.%1$I::text <> %2$L', c.key, c.value) end, ' or ' order by c.key) || ')'
  from jsonb_each_text(scrub_assignments.scrub) c;
end;
comment on function @schema@.scrub_assignments(jsonb) is 'How columns of a table t get the values of a JSON object, and which rows don''t have them yet; part of other functions. Errors: none. Example: select * from @schema@.scrub_assignments(''{"subject": null}'');';

create function @schema@.key_columns(rel regclass) returns name[]
  language sql stable strict parallel safe set search_path = pg_catalog, pg_temp
begin atomic
  select array_agg(a.attname order by k.n)
    from pg_index i cross join lateral unnest(i.indkey::smallint[]) with ordinality k (attnum, n) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = key_columns.rel and i.indisprimary;
end;
comment on function @schema@.key_columns(regclass) is 'The columns of a table''s primary key; null: it has none; part of other functions. Errors: none. Example: select @schema@.key_columns(''@schema@.users'');';

create function @schema@.person_tenant(person bigint, tenant bigint default null) returns bigint
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
declare
  mine bigint := @schema@.current_tenant();
  me bigint := @schema@.current_user_id();
  wanted bigint := coalesce(person_tenant.tenant, mine);
begin
  if coalesce(current_setting('marketplace.scopes', true), '') <> '' then
    raise exception using errcode = '42501', message = 'a program with an API token may not handle a person''s data as a whole', hint = 'The person must sign in.';
  end if;
  if wanted is null then
    return @schema@.required_tenant();
  elsif not pg_has_role(@schema@.acting_role(), current_user, 'member') and (wanted is distinct from mine or me <> person) then
    raise exception using errcode = '42501', message = format('the session may not handle the data of user %s', coalesce(person::text, 'null')),
      hint = 'The person may, a session that acts for their tenant without a user, and the schema''s owner.';
  elsif not exists (select from @schema@.users u where u.tenant_id = wanted and u.id = person) then
    raise exception using errcode = '02000', message = format('there is no user %s', coalesce(person::text, 'null')), hint = 'Take a number from users of the tenant.';
  end if;
  return wanted;
end
$function$;
revoke execute on function @schema@.person_tenant(bigint, bigint) from public;
comment on function @schema@.person_tenant(bigint, bigint) is 'The tenant of a person whose data the session may handle; part of other functions. person: the user; tenant: null: the current one. Errors: 42501 neither the person, nor a session of the tenant without a user, nor the owner; 02000 no such user. Example: select @schema@.person_tenant(7);';

-- Giving.

create function @schema@.export_user(person bigint, tenant bigint default null) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $function$
declare
  of_tenant bigint := @schema@.person_tenant(export_user.person, export_user.tenant);
  address text := @schema@.email_of(of_tenant, export_user.person);
  place record;
  found_rows jsonb;
  result jsonb := jsonb '{}';
begin
  if current_setting('transaction_read_only') = 'off' then
    perform @schema@.register_personal_data();
  end if;
  for place in
    select p.table_name, string_agg('(' || @schema@.personal_rows(p) || ')', ' or ') as condition,
      (select coalesce(array_agg(a.attname::text), '{}') from pg_attribute a join pg_type t on t.oid = a.atttypid
       where a.attrelid = min(c.oid::bigint)::oid and a.attnum > 0 and not a.attisdropped
         and (coalesce(nullif(t.typbasetype, 0), t.oid) in ('bytea'::regtype, 'tsvector'::regtype) or a.attname ~ '_hash$'
           or exists (select from @schema@.personal_data h where h.table_name = p.table_name and a.attname = any (h.hides)))) as hidden,
      (select string_agg(format('t.%I', k), ', ') from unnest(@schema@.key_columns(min(c.oid::bigint)::oid::regclass)) k) as sorting
    from @schema@.personal_data p join pg_class c on c.relname = p.table_name and c.relnamespace = $name$@schema@$name$::regnamespace
    where p.export
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = p.user_column and not a.attisdropped)
    group by p.table_name order by p.table_name
  loop
    execute format($sql$select jsonb_agg(to_jsonb(t) - $4 %s) from %s t where %s$sql$, coalesce('order by ' || place.sorting, ''), $name$@schema@.$name$ || quote_ident(place.table_name), place.condition)
      into found_rows using of_tenant, export_user.person, lower(address), place.hidden;
    result := result || jsonb_build_object(place.table_name, coalesce(found_rows, '[]'));
  end loop;
  return result || jsonb_build_object('contact', jsonb_build_object('email', address,
    'phone', @schema@.phone_of(of_tenant, export_user.person), 'address', @schema@.address_of(of_tenant, export_user.person)), 'exported_at', now());
end
$function$;
revoke execute on function @schema@.export_user(bigint, bigint) from public;
comment on function @schema@.export_user(bigint, bigint) is 'Everything that the schema holds of a person: an object with a list of rows for each table of personal_data, their address, phone number and postal address in the clear under contact, and exported_at. Messages of others are not in it (their numbers are), nor are hashes. person: the user; tenant: null: the current one. The person may, a session that acts for their tenant without a user, and the schema''s owner, from whom all others need a grant of execute: it runs with the owner''s rights. As one value it holds up to a gigabyte (256 MB for each list). Errors: 42501 may not, or no encryption key; 02000 no such user; 22023 another encryption key; 54000 too much. Example: select jsonb_pretty(@schema@.export_user(7));';

-- Erasing.

create function @schema@.audit_keys(rel regclass, condition text, user_column name, of_tenant bigint, person bigint, email text) returns jsonb
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  extension constant text := 'deal_advisor';
  keys jsonb;
  logged jsonb := jsonb '[]';
begin
  if not exists (select from pg_trigger g join pg_proc f on f.oid = g.tgfoid join pg_namespace n on n.oid = f.pronamespace
                 where g.tgrelid = rel and n.nspname = extension and f.proname = 'audit_capture') then
    return jsonb '[]';
  end if;
  execute format('select coalesce(jsonb_agg(jsonb_build_object(%s)), ''[]'') from %s t where %s',
      (select string_agg(format('%L, t.%I', k, k), ', ') from unnest(@schema@.key_columns(rel)) k), rel, condition)
    into keys using of_tenant, person, email;
  if user_column is not null then
    -- Rows that are gone, or were somebody else's meanwhile: the log knows them.
    execute format($sql$select coalesce(jsonb_agg(distinct c.key), '[]') from %I.audit_changes($1, '-infinity', 'infinity') c
        where (c.old_values ->> $2) = $3 or (c.new_values ->> $2) = $3$sql$, extension) into logged using rel, user_column, person::text;
  end if;
  return keys || logged;
end
$function$;
comment on function @schema@.audit_keys(regclass, text, name, bigint, bigint, text) is 'The keys under which an audit log may hold something of a person, where the table is audited; part of erase_user. Errors: 42501 the log is not the owner''s to read. Example: see erase_user.';

create function @schema@.forget_in_audit(rel regclass, keys jsonb) returns bigint
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  extension constant text := 'deal_advisor';
  waiting_keys jsonb[] := array(select distinct k from jsonb_array_elements(keys) k);
  seen jsonb[] := array[]::jsonb[];
  events bigint;
  other_keys jsonb;
  forgotten bigint := 0;
begin
  while cardinality(waiting_keys) > 0 loop
    execute format('select events, other_keys from %I.audit_forget($1, $2, $3)', extension) into events, other_keys using rel, waiting_keys[1], '{"reason": "erase_user"}'::jsonb;
    forgotten := forgotten + coalesce(events, 0);
    seen := seen || waiting_keys[1];
    waiting_keys := waiting_keys[2:] || array(select k from jsonb_array_elements(case jsonb_typeof(other_keys) when 'array' then other_keys else '[]' end) k
                              where k <> all (seen || waiting_keys));
  end loop;
  return forgotten;
end
$function$;
comment on function @schema@.forget_in_audit(regclass, jsonb) is 'Erases from the audit log what it holds of rows with these keys, and with the keys that they had before; says how many changes; part of erase_user. Errors: 42501 the log is not the owner''s. Example: see erase_user.';

create function @schema@.erase_what_they_wrote(of_tenant bigint, person bigint, mode text) returns jsonb
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  counted bigint;
  done jsonb := jsonb '{}';
  files text[];
  tombstone text := coalesce((select p.scrub ->> 'body' from @schema@.personal_data p where p.table_name = 'messages' and p.user_column = 'sender_id'), '[deleted]');
  step record;
begin
  if to_regclass($name$@schema@.messages$name$) is null then
    return done;
  end if;
  execute $sql$select array_agg(a.storage_key order by a.id) from @schema@.attachments a join @schema@.messages m using (tenant_id, conversation_id, seq)
    where a.tenant_id = $1 and (m.sender_id = $2 or a.uploaded_by = $2)
      -- Not what others have sent too.
      and not exists (select from @schema@.attachments o join @schema@.messages s using (tenant_id, conversation_id, seq)
        where o.storage_key = a.storage_key and not (o.tenant_id = $1 and (s.sender_id = $2 or o.uploaded_by = $2)))$sql$ into files using of_tenant, person;
  for step in
    select * from (values
      -- Others' rows on their messages go as well: a sign on a text that is no more, a former text.
      (1, 'reactions', 'delete', $sql$delete from @schema@.reactions r using @schema@.messages m where m.tenant_id = $1 and m.sender_id = $2
         and r.tenant_id = $1 and r.conversation_id = m.conversation_id and r.seq = m.seq$sql$),
      (2, 'message_edits', 'delete', $sql$delete from @schema@.message_edits e using @schema@.messages m where m.tenant_id = $1 and m.sender_id = $2
         and e.tenant_id = $1 and e.conversation_id = m.conversation_id and e.seq = m.seq$sql$),
      (3, 'attachments', 'delete', $sql$delete from @schema@.attachments a using @schema@.messages m where m.tenant_id = $1 and m.sender_id = $2
         and a.tenant_id = $1 and a.conversation_id = m.conversation_id and a.seq = m.seq$sql$),
      -- Words with an offer go; what accept_offer and its like wrote themselves ("accepted") stays.
      (4, 'messages', 'scrub', $sql$update @schema@.messages m set body = null where m.tenant_id = $1 and m.sender_id = $2 and m.kind = 'offer' and m.body is not null
         and (m.body not in ('accepted', 'declined', 'withdrawn') or exists (select from @schema@.offers o
           where o.tenant_id = $1 and o.conversation_id = m.conversation_id and o.seq = m.seq))$sql$),
      (5, 'messages', 'scrub', case mode
        when 'delete' then $sql$update @schema@.messages m set body = null, deleted_at = coalesce(m.deleted_at, clock_timestamp())
          where m.tenant_id = $1 and m.sender_id = $2 and m.kind = 'text' and m.body is not null$sql$
        else $sql$update @schema@.messages m set body = $3 where m.tenant_id = $1 and m.sender_id = $2 and m.kind = 'text' and m.body <> $3$sql$ end),
      (6, 'offers', 'withdraw', $sql$update @schema@.offers o set decided_at = clock_timestamp(), updated_at = now(),
           state = (case when o.expires_at <= clock_timestamp() then 'expired' else 'withdrawn' end)::@schema@.offer_state,
           decided_by = case when o.expires_at <= clock_timestamp() then null else o.offered_by end
         where o.tenant_id = $1 and o.offered_by = $2 and o.state = 'proposed'$sql$),
      (7, 'participants', 'leave', $sql$update @schema@.participants p set muted_until = null, pinned = false,
           left_at = case c.kind when 'direct' then p.left_at else coalesce(p.left_at, greatest(now(), p.joined_at)) end
         from @schema@.conversations c where p.tenant_id = $1 and p.user_id = $2 and c.tenant_id = $1 and c.id = p.conversation_id
           and ((p.left_at is null and c.kind <> 'direct') or p.pinned or p.muted_until is not null)$sql$)
      ) s (place, table_name, action, statement) order by s.place
  loop
    execute step.statement using of_tenant, person, tombstone;
    get diagnostics counted = row_count;
    done := done || jsonb_build_object(step.table_name || ' ' || step.action, counted + coalesce((done ->> (step.table_name || ' ' || step.action))::bigint, 0));
  end loop;
  return done || jsonb_build_object('files', coalesce(to_jsonb(files), '[]'));
end
$function$;
comment on function @schema@.erase_what_they_wrote(bigint, bigint, text) is 'What erase_user does with messages, offers and conversations, where they are installed; part of it. Errors: none. Example: see erase_user.';

create function @schema@.erase_user(person bigint, mode text default 'anonymise', tenant bigint default null)
returns table (table_name name, action text, row_count bigint, files text[])
  language plpgsql volatile security definer rows 20 set search_path = pg_catalog, pg_temp as $function$
#variable_conflict use_column
declare
  of_tenant bigint := @schema@.person_tenant(erase_user.person, erase_user.tenant);
  address text;
  new_name text;
  entry @schema@.personal_data;
  rel regclass;
  audited jsonb := jsonb '{}';
  written jsonb;
  done jsonb := jsonb '{}';
  storage jsonb := jsonb '[]';
  change record;
  counted bigint;
begin
  if erase_user.mode is null or erase_user.mode not in ('anonymise', 'delete') then
    raise exception using errcode = '22023', message = format('there is no mode "%s"', left(coalesce(erase_user.mode, 'null'), 100)),
      hint = 'anonymise: their messages become "[deleted]"; delete: they are shown as deleted messages are.';
  end if;
  -- What others commit while we wait for them must be seen.
  perform @schema@.require_read_committed('erase_user');
  perform @schema@.register_personal_data();
  -- Two erasures wait for each other here; who is writing at the moment does not, and so never waits for us in a circle.
  perform from @schema@.users u where u.tenant_id = of_tenant and u.id = erase_user.person for no key update;
  address := lower(@schema@.email_of(of_tenant, erase_user.person));
  if to_regclass($name$@schema@.conversations$name$) is not null then
    execute $sql$select from @schema@.conversations c where c.tenant_id = $1 and (c.created_by = $2
      or c.id in (select p.conversation_id from @schema@.participants p where p.tenant_id = $1 and p.user_id = $2)) order by c.id for no key update$sql$ using of_tenant, erase_user.person;
  end if;
  for entry in select p.* from @schema@.personal_data p join pg_class c on c.relname = p.table_name and c.relnamespace = $name$@schema@$name$::regnamespace
               where p.on_erase <> 'keep' loop
    rel := to_regclass($name$@schema@.$name$ || quote_ident(entry.table_name));
    audited := audited || jsonb_build_object(entry.table_name, coalesce(audited -> entry.table_name::text, '[]') || @schema@.audit_keys(rel, @schema@.personal_rows(entry),
      case when entry.holds = 'user' and entry.user_key = '' and entry.prefix = '' then entry.user_column end, of_tenant, erase_user.person, address));
  end loop;
  -- The second time for what others had begun to write when we came, and have committed since.
  for pass in 1 .. 2 loop
    if pass = 2 then
      perform from @schema@.users u where u.tenant_id = of_tenant and u.id = erase_user.person for update;
    end if;
    written := @schema@.erase_what_they_wrote(of_tenant, erase_user.person, erase_user.mode);
    storage := storage || coalesce(written -> 'files', '[]');
    for change in select w.key, w.value::bigint as n from jsonb_each_text(written - 'files') w loop
      done := done || jsonb_build_object(change.key, change.n + coalesce((done ->> change.key)::bigint, 0));
    end loop;
    -- What refers to other rows of the person goes before them.
    for entry in
      with recursive mine as (
        select distinct c.oid from @schema@.personal_data p join pg_class c on c.relname = p.table_name and c.relnamespace = $name$@schema@$name$::regnamespace where p.on_erase = 'delete'),
      depth as (
        select m.oid, 0 as n from mine m
        union
        select k.confrelid, d.n + 1 from depth d join pg_constraint k on k.contype = 'f' and k.conrelid = d.oid and k.confrelid <> k.conrelid join mine m on m.oid = k.confrelid
        where d.n < 20)
      select p.* from @schema@.personal_data p join pg_class c on c.relname = p.table_name and c.relnamespace = $name$@schema@$name$::regnamespace
        left join (select d.oid, max(d.n) as n from depth d group by d.oid) o on o.oid = c.oid
        where p.on_erase <> 'keep' and p.table_name not in ('users', 'messages') order by p.on_erase = 'scrub', o.n, p.table_name, p.user_column, p.holds
    loop
      if entry.on_erase = 'delete' then
        execute format('delete from %s t where %s', $name$@schema@.$name$ || quote_ident(entry.table_name), @schema@.personal_rows(entry)) using of_tenant, erase_user.person, address;
      else
        select format('update %s t set %s where %s and %s', $name$@schema@.$name$ || quote_ident(entry.table_name), a.assignments, a.differs, @schema@.personal_rows(entry)) as statement
          into change from @schema@.scrub_assignments(entry.scrub) a;
        execute change.statement using of_tenant, erase_user.person, address;
      end if;
      get diagnostics counted = row_count;
      done := done || jsonb_build_object(entry.table_name || ' ' || entry.on_erase, counted + coalesce((done ->> (entry.table_name || ' ' || entry.on_erase))::bigint, 0));
    end loop;
  end loop;
  select coalesce(min(p.scrub ->> 'display_name'), 'Deleted user') into new_name from @schema@.personal_data p where p.table_name = 'users' and p.user_column = 'id';
  -- What the scrub says of columns that were added to users goes first; then what always holds.
  for change in
    select format('update @schema@.users t set %s where %s and %s', a.assignments, a.differs, @schema@.personal_rows(p)) as statement
      from @schema@.personal_data p, lateral @schema@.scrub_assignments(p.scrub - 'display_name') a
      where p.table_name = 'users' and p.user_column = 'id' and a.assignments is not null
  loop
    execute change.statement using of_tenant, erase_user.person, address;
  end loop;
  update @schema@.users u set
--@if encryption
      email_encrypted = null, email_blind = null, key_id = null,
--@end
--@unless encryption
      email = null,
--@end
      display_name = new_name, public_id = gen_random_uuid(), status = 'closed', buys = false, sells = false, locale = 'en', email_verified_at = null, last_seen_at = null,
      updated_at = now(), deleted_at = coalesce(u.deleted_at, now()), erased_at = now()
    where u.tenant_id = of_tenant and u.id = erase_user.person and (u.erased_at is null or address is not null or u.display_name <> new_name);
  get diagnostics counted = row_count;
  done := done || jsonb_build_object('users scrub', counted);
  -- The log has our own changes too by now.
  for change in select a.key, a.value from jsonb_each(audited) a where a.value <> '[]' loop
    rel := to_regclass($name$@schema@.$name$ || quote_ident(change.key));
    done := done || jsonb_build_object(change.key || ' forget', @schema@.forget_in_audit(rel, change.value));
  end loop;
  return query
    select split_part(d.key, ' ', 1)::name, split_part(d.key, ' ', 2), d.value::bigint,
      case d.key when 'attachments delete' then array(select distinct jsonb_array_elements_text(storage) order by 1) end
    from jsonb_each_text(done) d where d.value::bigint > 0 order by 1, 2;
end
$function$;
revoke execute on function @schema@.erase_user(bigint, text, bigint) from public;
comment on function @schema@.erase_user(bigint, text, bigint) is 'Erases a person: deletes or scrubs their rows in all tables of personal_data, in one transaction. What stays is a closed user without an address, named "Deleted user", to whom messages, offers and stamps of others refer by number. Conversations stay readable for the others: their own messages are untouched (also where they mention the person), the person''s have no text, reactions, attachments and former texts any more; open offers are withdrawn, and they leave groups; a direct conversation shows the other "Deleted user". Audit logs of the extension forget the rows too. person: the user; mode: anonymise (their messages say "[deleted]") or delete (they are shown as deleted ones are); tenant: null: the current one. Gives what was done, by table: action (delete, scrub, withdraw, leave, forget), row_count, and for attachments the storage keys of the files, which the application deletes. Again it does nothing. It waits for transactions that write for the person; end their sessions before, since what is written for them afterwards is new. Who may: the person, a session that acts for their tenant without a user, and the schema''s owner, from whom all others need a grant of execute: it runs with the owner''s rights. Dead row versions hold the old values until VACUUM has passed, WAL and backups until they are removed, standbys until they have replayed that: vacuum the tables that it names. Errors: 42501 may not, no encryption key, or an audit log is another role''s; 02000 no such user; 22023 the mode, or another encryption key; 25001 the transaction is not read committed; 23503 a table that is not registered refers to a row. Example: select * from @schema@.erase_user(7);';

-- Advice.

create function @schema@.protection_advice() returns table (topic text, advice text)
  language plpgsql stable rows 10 set search_path = pg_catalog, pg_temp as $function$
#variable_conflict use_column
declare
  readers text;
begin
  if current_setting('ssl') = 'off' then
    return query select 'transport', 'The server has no TLS (ssl = off): whatever goes over a network can be read on the way. Set ssl = on, and hostssl with scram-sha-256 in pg_hba.conf.';
  elsif exists (select from pg_stat_ssl s where s.pid = pg_backend_pid() and not s.ssl) and inet_client_addr() is not null and not inet_client_addr() <<= any (array['127.0.0.0/8', '::1/128']::inet[]) then
    return query select 'transport', 'This session came over a network without TLS: set sslmode=verify-full in the client, and hostssl in pg_hba.conf.';
  end if;
  if current_setting('password_encryption') = 'md5' then
    return query select 'passwords of roles', 'password_encryption is md5, which can be replayed and guessed: set it to scram-sha-256 and give roles their passwords again.';
  end if;
  return query
    select 'statement log', format('%s is %s: the server log gets %s. %s', s.name, current_setting(s.name, true), s.what, s.do_it)
    from (values
      ('log_statement', '^(mod|all)$', 'statements with the data in their text', 'Set it to ddl or none, or pass data as parameters and keep log_parameter_max_length at 0.'),
      ('log_min_duration_statement', '^[0-9]', 'slow statements with the data in their text, and with their parameters unless log_parameter_max_length is 0', 'Set log_parameter_max_length = 0, and pass data as parameters.'),
      ('log_min_duration_sample', '^[0-9]', 'some statements with the data in their text, and with their parameters unless log_parameter_max_length is 0', 'Set log_parameter_max_length = 0, and pass data as parameters.'),
      ('log_transaction_sample_rate', '^(0[.]0*[1-9]|1)', 'all statements of some transactions', 'Set it to 0, or log_parameter_max_length = 0.'),
      ('log_parameter_max_length_on_error', '^(-1|[1-9])', 'parameters of statements that fail', 'Set it to 0.'),
      ('auto_explain.log_min_duration', '^[0-9]', 'plans with the data in them', 'Set auto_explain.log_parameter_max_length = 0.')
      ) s (name, bad, what, do_it)
    where current_setting(s.name, true) ~ s.bad;
--@if encryption
  if current_setting('log_parameter_max_length') <> '0' and (current_setting('log_statement') = 'all' or current_setting('log_min_duration_statement') <> '-1'
      or current_setting('log_min_duration_sample') <> '-1' or current_setting('log_transaction_sample_rate') <> '0') then
    return query select 'encryption key', format('log_parameter_max_length is %s and statements are logged: the encryption key is a parameter of one of them. Set it to 0.', current_setting('log_parameter_max_length'));
  end if;
  if coalesce(current_setting('marketplace.encryption_key', true), '') = '' then
    return query select 'encryption key', 'This session has no encryption key, so it reads and writes no addresses: select set_config(''marketplace.encryption_key'', $1, true) in each transaction, with the key as a parameter.';
  end if;
  if exists (select from pg_db_role_setting s, unnest(s.setconfig) c where c ~ '^marketplace[.](previous_)?encryption_key=') then
    return query select 'encryption key', 'The encryption key is stored in the database it protects (alter role or alter database ... set): reset it there, make another key, and call rotate_encryption().';
  end if;
  if exists (select from pg_settings s where s.name in ('marketplace.encryption_key', 'marketplace.previous_encryption_key') and s.source = 'configuration file') then
    return query select 'encryption key', 'The encryption key is in the server''s configuration, beside the data: keep it with the application.';
  end if;
--@end
--@unless encryption
  return query select 'encryption', 'E-mail addresses, phone numbers and postal addresses are stored in the clear: dumps, backups and whoever reads users and user_profiles show them. Option encryption of marketplace_install keeps them encrypted.';
--@end
  return query select 'disk', 'Whether disks, backups and WAL archives are encrypted can''t be seen from here: make sure of it.';
  select string_agg(quote_ident(r.rolname), ', ' order by r.rolname) into readers
    from pg_roles r where not r.rolsuper and r.rolname !~ '^pg_' and not pg_has_role(r.oid, (select c.relowner from pg_class c where c.oid = $name$@schema@.users$name$::regclass), 'member')
      and exists (select from pg_attribute a where a.attrelid in ($name$@schema@.users$name$::regclass, $name$@schema@.user_profiles$name$::regclass)
        and a.attname in ('email', 'email_encrypted', 'phone', 'phone_encrypted', 'address', 'address_encrypted') and has_column_privilege(r.oid, a.attrelid, a.attnum, 'select'));
  if readers is not null then
    return query select 'grants', format('Roles that may read addresses or phone numbers in users or user_profiles%s: %s. Applications need that; give reports and people users_masked and public_profiles instead.',
--@if encryption
      ' (encrypted; without the key they learn nothing)',
--@end
--@unless encryption
      '',
--@end
      readers);
  end if;
end
$function$;
comment on function @schema@.protection_advice() is 'What could be done for the protection of personal data in this server, by topic, as far as it can be seen from here: transport, statement log, encryption, grants. It sees the settings of this session. Errors: none. Example: select * from @schema@.protection_advice();';
--@if row_security

-- Without a policy: only the owner.
alter table @schema@.personal_data enable row level security;
--@end

select @schema@.register_personal_data();
