-- Conversations: opening and joining them, writing and reading messages.

-- Opening, joining, leaving.

create function @schema@.open_conversation(participants bigint[], subject text default null, kind @schema@.conversation_kind default 'direct', product bigint default null)
returns bigint
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
#variable_conflict use_column
declare
  who record;
  others bigint[];
  missing bigint;
  opened bigint;
begin
  select * into who from @schema@.acting_writer();
  others := array(select distinct o.id from unnest(open_conversation.participants) o (id) where o.id is distinct from who.user_id order by 1);
  if array_position(others, null) is not null or open_conversation.kind is null then
    raise exception using errcode = '22004', message = 'a participant or the kind is null', hint = 'Give the numbers of users, and direct, group or support.';
  elsif cardinality(others) not between 1 and (case open_conversation.kind when 'direct' then 1 else 499 end) then
    raise exception using errcode = '22023', message = format('a %s conversation can''t have %s participants besides you', open_conversation.kind, cardinality(others)),
      hint = 'A direct conversation is with one other user; the others are with 1 to 499.';
  end if;
  select o.id into missing from unnest(others) o (id)
    where not exists (select from @schema@.users u where u.tenant_id = who.tenant_id and u.id = o.id and u.deleted_at is null) limit 1;
  if found then
    raise exception using errcode = '02000', message = format('there is no user %s', missing), hint = 'Take numbers from users; who gave up their account doesn''t count.';
  end if;
  insert into @schema@.conversations as c (tenant_id, kind, subject, product_id, direct_low, direct_high, created_by, updated_by)
    values (who.tenant_id, open_conversation.kind, open_conversation.subject, open_conversation.product,
      case open_conversation.kind when 'direct' then least(who.user_id, others[1]) end,
      case open_conversation.kind when 'direct' then greatest(who.user_id, others[1]) end, who.user_id, who.user_id)
    on conflict (tenant_id, direct_low, direct_high, product_id) where kind = 'direct' do nothing returning c.id into opened;
  if opened is null then
    select c.id into opened from @schema@.conversations c
      where c.tenant_id = who.tenant_id and c.kind = 'direct' and c.direct_low = least(who.user_id, others[1])
        and c.direct_high = greatest(who.user_id, others[1]) and c.product_id is not distinct from open_conversation.product;
    if opened is null then
      raise exception using errcode = '55000', message = format('the conversation of users %s and %s has not been filled', who.user_id, others[1]), hint = 'Its opener must add both as participants.';
    end if;
    return opened;
  end if;
  insert into @schema@.participants (tenant_id, conversation_id, user_id, role)
    select who.tenant_id, opened, who.user_id, case open_conversation.kind when 'direct' then 'member' else 'owner' end::@schema@.participant_role
    union all
    select who.tenant_id, opened, o.id, 'member' from unnest(others) o (id);
  return opened;
end
$function$;
comment on function @schema@.open_conversation(bigint[], text, @schema@.conversation_kind, bigint) is 'Opens a conversation of the acting user with others and gives its number; who opens a group owns it. A second direct conversation of the same two about the same product is the first one (with its first subject). participants: the others (the acting user may be among them); subject: what it is about; kind: direct (one other), group, support (up to 499); product: the product it is about. Errors: 42501 nobody is acting; 02000 no such user; 22004, 22023 participants; 23514 the subject. Example: select @schema@.open_conversation(array[7], ''Is it still there?'', product => 12);';

create function @schema@.add_participant(conversation bigint, participant bigint, in_role @schema@.participant_role default 'member') returns boolean
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
  newest bigint;
begin
  select * into who from @schema@.participation(add_participant.conversation, true);
  if not exists (select from @schema@.users u where u.tenant_id = who.tenant_id and u.id = add_participant.participant and u.deleted_at is null) then
    raise exception using errcode = '02000', message = format('there is no user %s', coalesce(add_participant.participant::text, 'null')), hint = 'Take a number from users.';
  elsif @schema@.may_add(add_participant.conversation, add_participant.participant, add_participant.in_role) is not true then
    raise exception using errcode = '42501', message = format('nobody can be added to conversation %s as %s by user %s', add_participant.conversation, coalesce(add_participant.in_role::text, 'null'), who.user_id),
      hint = 'A direct conversation stays between two; only owners add owners. Open a group.';
  end if;
  if exists (select from @schema@.participants p
             where p.tenant_id = who.tenant_id and p.conversation_id = add_participant.conversation and p.user_id = add_participant.participant and p.left_at is null) then
    return false;
  end if;
  select c.last_seq into newest from @schema@.conversations c where c.tenant_id = who.tenant_id and c.id = add_participant.conversation;
  insert into @schema@.participants as p (tenant_id, conversation_id, user_id, role, last_read_seq)
    values (who.tenant_id, add_participant.conversation, add_participant.participant, add_participant.in_role, newest)
    on conflict on constraint participants_pkey do update
      set role = excluded.role, left_at = null, joined_at = now(), last_read_seq = excluded.last_read_seq, own_since_read = 0 where p.left_at is not null;
  return found;
end
$function$;
comment on function @schema@.add_participant(bigint, bigint, @schema@.participant_role) is 'Adds a user to a group or support conversation; true: they are new or back, false: they take part already. They see what was said before, and it counts as read. Errors: 42501 nobody is acting, or may not add; 02000 no such user. Example: select @schema@.add_participant(5, 9, ''observer'');';

create function @schema@.leave_conversation(conversation bigint) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
begin
  select * into who from @schema@.participation(leave_conversation.conversation);
  if exists (select from @schema@.conversations c where c.tenant_id = who.tenant_id and c.id = leave_conversation.conversation and c.kind = 'direct') then
    raise exception using errcode = '55000', message = format('nobody leaves a direct conversation (%s)', leave_conversation.conversation),
      hint = 'Mute it: update participants set muted_until = ''infinity''.';
  end if;
  update @schema@.participants p set left_at = greatest(now(), p.joined_at)
    where p.tenant_id = who.tenant_id and p.conversation_id = leave_conversation.conversation and p.user_id = who.user_id and p.left_at is null;
end
$function$;
comment on function @schema@.leave_conversation(bigint) is 'Ends the acting user''s part in a group or support conversation: they see nothing of it any more; what they wrote stays. Errors: 42501 nobody is acting, or they take no part; 55000 it is direct. Example: select @schema@.leave_conversation(5);';

-- Writing.

create function @schema@.write_message(conversation bigint, kind @schema@.message_kind, body text, reply_to bigint default null) returns bigint
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
  place record;
begin
  select * into who from @schema@.participation(write_message.conversation, true);
  if length(write_message.body) > 20000 then
    raise exception using errcode = '22001', message = format('a message has at most 20000 characters, not %s', length(write_message.body)), hint = 'Send several, or an attachment.';
  elsif coalesce(write_message.body !~ '[^[:space:]]', write_message.kind <> 'offer') then
    raise exception using errcode = '22023', message = 'a message can''t be empty', hint = 'Give a text that is more than spaces.';
  end if;
  if write_message.reply_to is not null and not exists (
      select from @schema@.messages m where m.tenant_id = who.tenant_id and m.conversation_id = write_message.conversation and m.seq = write_message.reply_to) then
    raise exception using errcode = '02000', message = format('conversation %s has no message %s', write_message.conversation, write_message.reply_to), hint = 'Answer a message of the same conversation.';
  end if;
  -- Others who write here wait for this row until we commit: that makes the numbers exact.
  update @schema@.conversations c set last_seq = c.last_seq + 1, last_message_at = greatest(c.last_message_at, clock_timestamp())
    where c.tenant_id = who.tenant_id and c.id = write_message.conversation and c.state = 'open' returning c.last_seq, c.last_message_at into place;
  if not found then
    raise exception using errcode = '55000', message = format('conversation %s is closed', write_message.conversation), hint = 'Open another one.';
  end if;
  -- Whoever was erased while we waited writes nothing more.
  perform @schema@.acting_writer();
  insert into @schema@.messages (tenant_id, conversation_id, seq, sender_id, kind, body, reply_to_seq, created_at)
    values (who.tenant_id, write_message.conversation, place.last_seq, case when write_message.kind <> 'system' then who.user_id end,
      write_message.kind, write_message.body, write_message.reply_to, place.last_message_at);
  if write_message.kind <> 'system' then
    -- Who has read everything has now read their own message too; else it is one more of their own.
    update @schema@.participants p
      set (last_read_seq, own_since_read) = (select case when up_to_date then place.last_seq else p.last_read_seq end, case when up_to_date then 0 else p.own_since_read + 1 end
                                             from (values (p.last_read_seq + p.own_since_read = place.last_seq - 1)) v (up_to_date))
      where p.tenant_id = who.tenant_id and p.conversation_id = write_message.conversation and p.user_id = who.user_id;
  end if;
  return place.last_seq;
end
$function$;
comment on function @schema@.write_message(bigint, @schema@.message_kind, text, bigint) is 'What post_message and the offers do: writes a message and gives its number. kind: text, offer, or system (from nobody; row security lets only the schema''s owner). Errors: as post_message. Example: select @schema@.write_message(5, ''text'', ''Hello'');';

create function @schema@.post_message(conversation bigint, body text, reply_to bigint default null) returns bigint
  language sql set search_path = pg_catalog, pg_temp
  return @schema@.write_message(post_message.conversation, 'text', post_message.body, post_message.reply_to);
comment on function @schema@.post_message(bigint, text, bigint) is 'Writes a message and gives its number in the conversation: one more than the last, under any concurrency. Locks the conversation until the transaction ends. conversation: where; body: 1 to 20000 characters; reply_to: the message that it answers. Errors: 42501 nobody is acting, they take no part, or only observe; 02000 no message to answer; 22001 too long; 22023 empty; 55000 closed. Example: select @schema@.post_message(5, ''Yes, it is.'', reply_to => 1);';

create function @schema@.own_message(conversation bigint, seq bigint, out tenant_id bigint, out user_id bigint, out body text)
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  found_message record;
begin
  select w.tenant_id, w.user_id into tenant_id, user_id from @schema@.participation(own_message.conversation, true) w;
  select m.sender_id, m.kind, m.body, m.deleted_at into found_message from @schema@.messages m
    where m.tenant_id = own_message.tenant_id and m.conversation_id = own_message.conversation and m.seq = own_message.seq;
  if not found then
    raise exception using errcode = '02000', message = format('conversation %s has no message %s', own_message.conversation, coalesce(own_message.seq::text, 'null')), hint = 'See conversation_page.';
  elsif found_message.sender_id is distinct from user_id then
    raise exception using errcode = '42501', message = format('message %s is not yours', own_message.seq), hint = 'Only who wrote a message edits or deletes it.';
  elsif found_message.deleted_at is not null then
    raise exception using errcode = '55000', message = format('message %s is deleted', own_message.seq), hint = 'Write another one.';
  elsif found_message.kind <> 'text' then
    raise exception using errcode = '55000', message = format('message %s is an offer', own_message.seq), hint = 'An offer is withdrawn: see withdraw_offer.';
  end if;
  -- What we saw may have changed while we waited for the lock.
  select m.body into body from @schema@.messages m
    where m.tenant_id = own_message.tenant_id and m.conversation_id = own_message.conversation and m.seq = own_message.seq and m.deleted_at is null for no key update;
  if not found then
    raise exception using errcode = '55000', message = format('message %s is deleted', own_message.seq), hint = 'Write another one.';
  end if;
  perform @schema@.acting_writer();
end
$function$;
comment on function @schema@.own_message(bigint, bigint) is 'What edit_message and delete_message do first: locks a message of the acting user and gives its text. Errors: 42501 nobody is acting, they take no part, or it is not theirs; 02000 no such message; 55000 deleted, or an offer. Example: select * from @schema@.own_message(5, 12);';

create function @schema@.keep_former_body(tenant bigint, conversation bigint, seq bigint, body text, editor bigint) returns void
  language sql set search_path = pg_catalog, pg_temp
begin atomic
  insert into @schema@.message_edits (tenant_id, conversation_id, seq, edit_no, body, edited_by)
    select keep_former_body.tenant, keep_former_body.conversation, keep_former_body.seq, coalesce(max(e.edit_no), 0) + 1, keep_former_body.body, keep_former_body.editor
    from @schema@.message_edits e
    where e.tenant_id = keep_former_body.tenant and e.conversation_id = keep_former_body.conversation and e.seq = keep_former_body.seq;
end;
comment on function @schema@.keep_former_body(bigint, bigint, bigint, text, bigint) is 'What edit_message and delete_message do with the former text, while they hold the message locked. Errors: 42501 row security: not the acting user''s. Example: select @schema@.keep_former_body(1, 5, 12, ''Helo'', 7);';

create function @schema@.edit_message(conversation bigint, seq bigint, body text) returns boolean
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  former record;
begin
  select * into former from @schema@.own_message(edit_message.conversation, edit_message.seq);
  if length(edit_message.body) > 20000 then
    raise exception using errcode = '22001', message = format('a message has at most 20000 characters, not %s', length(edit_message.body)), hint = 'Send several, or an attachment.';
  elsif coalesce(edit_message.body !~ '[^[:space:]]', true) then
    raise exception using errcode = '22023', message = 'a message can''t be empty', hint = 'Give a text that is more than spaces, or call delete_message.';
  elsif not exists (select from @schema@.conversations c where c.tenant_id = former.tenant_id and c.id = edit_message.conversation and c.state = 'open') then
    raise exception using errcode = '55000', message = format('conversation %s is closed', edit_message.conversation), hint = 'Messages of a closed conversation can be deleted, not edited.';
  elsif former.body = edit_message.body then
    return false;
  end if;
  perform @schema@.keep_former_body(former.tenant_id, edit_message.conversation, edit_message.seq, former.body, former.user_id);
  update @schema@.messages m set body = edit_message.body, edited_at = clock_timestamp()
    where m.tenant_id = former.tenant_id and m.conversation_id = edit_message.conversation and m.seq = edit_message.seq;
  return true;
end
$function$;
comment on function @schema@.edit_message(bigint, bigint, text) is 'Gives a message of the acting user another text; message_edits keeps the former one. False: it had that text already. Errors: 42501 nobody is acting, they take no part, or it is not theirs; 02000 no such message; 22001, 22023 the text; 55000 deleted, an offer, or closed. Example: select @schema@.edit_message(5, 12, ''Hello'');';

create function @schema@.delete_message(conversation bigint, seq bigint) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  former record;
begin
  select * into former from @schema@.own_message(delete_message.conversation, delete_message.seq);
  perform @schema@.keep_former_body(former.tenant_id, delete_message.conversation, delete_message.seq, former.body, former.user_id);
  update @schema@.attachments a set deleted_at = clock_timestamp()
    where a.tenant_id = former.tenant_id and a.conversation_id = delete_message.conversation and a.seq = delete_message.seq and a.deleted_at is null;
  update @schema@.messages m set body = null, deleted_at = clock_timestamp()
    where m.tenant_id = former.tenant_id and m.conversation_id = delete_message.conversation and m.seq = delete_message.seq;
end
$function$;
comment on function @schema@.delete_message(bigint, bigint) is 'Deletes a message of the acting user: others see that there was one; its text, reactions and attachments are hidden from them; message_edits keeps the text. Where it was unread it still counts as unread. Errors: 42501 nobody is acting, they take no part, or it is not theirs; 02000 no such message; 55000 deleted already, or an offer. Example: select @schema@.delete_message(5, 12);';

create function @schema@.mark_read(conversation bigint, up_to_seq bigint default null) returns bigint
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
  mine record;
  newest bigint;
  target bigint;
  own bigint := 0;
begin
  select * into who from @schema@.participation(mark_read.conversation);
  -- The lock first: what we write at the same time in another session then counts before or after, never halfway.
  select p.last_read_seq, p.own_since_read into mine from @schema@.participants p
    where p.tenant_id = who.tenant_id and p.conversation_id = mark_read.conversation and p.user_id = who.user_id for no key update;
  select c.last_seq into newest from @schema@.conversations c where c.tenant_id = who.tenant_id and c.id = mark_read.conversation;
  target := greatest(mine.last_read_seq, least(mark_read.up_to_seq, newest));
  if target = mine.last_read_seq then
    return target;
  end if;
  if target < newest and mine.own_since_read > 0 then
    own := mine.own_since_read - (select count(*) from @schema@.messages m
      where m.tenant_id = who.tenant_id and m.conversation_id = mark_read.conversation and m.seq > mine.last_read_seq and m.seq <= target and m.sender_id = who.user_id);
  end if;
  update @schema@.participants p set last_read_seq = target, own_since_read = own
    where p.tenant_id = who.tenant_id and p.conversation_id = mark_read.conversation and p.user_id = who.user_id;
  return target;
end
$function$;
comment on function @schema@.mark_read(bigint, bigint) is 'Notes that the acting user has read up to a message, and gives the number up to which they have: never less than before, never more than there are. up_to_seq: the message; null: all. Errors: 42501 nobody is acting, or they take no part. Example: select @schema@.mark_read(5, 12);';

create function @schema@.react(conversation bigint, seq bigint, emoji text) returns boolean
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
begin
  select * into who from @schema@.participation(react.conversation);
  if not exists (select from @schema@.messages m
                 where m.tenant_id = who.tenant_id and m.conversation_id = react.conversation and m.seq = react.seq and m.deleted_at is null) then
    raise exception using errcode = '02000', message = format('conversation %s has no message %s', react.conversation, coalesce(react.seq::text, 'null')), hint = 'A deleted message takes no reactions.';
  elsif coalesce(length(react.emoji) not between 1 and 32 or react.emoji ~ '[[:space:][:cntrl:]]', true) then
    raise exception using errcode = '22023', message = 'a reaction has 1 to 32 characters and no spaces', hint = 'Give one sign.';
  end if;
  insert into @schema@.reactions (tenant_id, conversation_id, seq, user_id, emoji)
    values (who.tenant_id, react.conversation, react.seq, who.user_id, react.emoji) on conflict do nothing;
  return found;
end
$function$;
comment on function @schema@.react(bigint, bigint, text) is 'Puts the acting user''s sign on a message; false: it is there already. Errors: 42501 nobody is acting, or they take no part; 02000 no such message, or deleted; 22023 the sign. Example: select @schema@.react(5, 12, ''+1'');';

create function @schema@.unreact(conversation bigint, seq bigint, emoji text) returns boolean
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
begin
  select * into who from @schema@.participation(unreact.conversation);
  delete from @schema@.reactions r
    where r.tenant_id = who.tenant_id and r.conversation_id = unreact.conversation and r.seq = unreact.seq and r.user_id = who.user_id and r.emoji = unreact.emoji;
  return found;
end
$function$;
comment on function @schema@.unreact(bigint, bigint, text) is 'Takes the acting user''s sign from a message; false: there was none. Errors: 42501 nobody is acting, or they take no part. Example: select @schema@.unreact(5, 12, ''+1'');';

-- Reading.

create function @schema@.conversation_cursor(moment timestamptz, variadic places bigint[]) returns text
  language sql immutable parallel safe set search_path = pg_catalog, pg_temp
  return concat_ws('.', (extract(epoch from conversation_cursor.moment) * 1000000)::bigint, array_to_string(conversation_cursor.places, '.'));
comment on function @schema@.conversation_cursor(timestamptz, bigint[]) is 'A place in the inbox or in what search_messages found, as text. Errors: 22003 moments without end. Example: select @schema@.conversation_cursor(now(), 5);';

create function @schema@.conversation_cursor_place(cursor text, numbers integer, out moment timestamptz, out places bigint[])
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
  if cursor !~ format('^-?[0-9]{1,18}([.][0-9]{1,18}){%s}$', numbers) then
    raise exception using errcode = '22023', message = format('"%s" is no cursor', left(cursor, 100)), hint = 'Give next_cursor of the last row of the page before, or null for the first page.';
  end if;
  places := string_to_array(cursor, '.')::bigint[];
  moment := coalesce('epoch'::timestamptz + places[1] * interval '1 microsecond', 'infinity');
  places := places[2:];
end
$function$;
comment on function @schema@.conversation_cursor_place(text, integer) is 'The moment and the numbers in a cursor. cursor: null: before everything; numbers: how many there are after the moment. Errors: 22023 no cursor. Example: select * from @schema@.conversation_cursor_place(''1700000000000000.5'', 1);';

create type @schema@.message_line as (
  seq bigint,
  sender_id bigint,
  kind @schema@.message_kind,
  body text,
  reply_to_seq bigint,
  created_at timestamptz,
  edited_at timestamptz,
  deleted boolean,
  reactions jsonb
);
comment on type @schema@.message_line is 'A message as its readers see it. body is null when it is deleted (deleted is true); reactions: each sign with how many put it there; null: none.';

create function @schema@.conversation_page(conversation bigint, before_seq bigint default null, lim integer default 50) returns setof @schema@.message_line
  language plpgsql stable parallel safe rows 50 set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
  bound bigint := coalesce(conversation_page.before_seq, 9223372036854775807);
begin
  select * into who from @schema@.participation(conversation_page.conversation);
  -- The bound is a variable: under row security an expression such as coalesce() would not become an index condition.
  return query
    select m.seq, m.sender_id, m.kind, m.body, m.reply_to_seq, m.created_at, m.edited_at, m.deleted_at is not null,
      case when m.deleted_at is null then (
        select jsonb_object_agg(g.emoji, g.users) from (
          select r.emoji, count(*) as users from @schema@.reactions r
          where r.tenant_id = who.tenant_id and r.conversation_id = conversation_page.conversation and r.seq = m.seq group by r.emoji) g) end
    from @schema@.messages m
    where m.tenant_id = who.tenant_id and m.conversation_id = conversation_page.conversation and m.seq < bound
    order by m.seq desc limit least(greatest(coalesce(conversation_page.lim, 50), 1), 200);
end
$function$;
comment on function @schema@.conversation_page(bigint, bigint, integer) is 'A page of a conversation, the newest message first; a deleted message is shown as such, without its text and reactions. before_seq: only messages before this one: the last of the page before; null: from the newest; lim: 1 to 200 messages, others are brought into that range. Errors: 42501 nobody is acting, or they take no part. Example: select seq, sender_id, body from @schema@.conversation_page(5, before_seq => 101);';

create function @schema@.thread_page(conversation bigint, seq bigint, after_seq bigint default null, lim integer default 50) returns setof @schema@.message_line
  language plpgsql stable parallel safe rows 10 set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
  bound bigint := coalesce(thread_page.after_seq, 0);
begin
  select * into who from @schema@.participation(thread_page.conversation);
  if not exists (select from @schema@.messages m where m.tenant_id = who.tenant_id and m.conversation_id = thread_page.conversation and m.seq = thread_page.seq) then
    raise exception using errcode = '02000', message = format('conversation %s has no message %s', thread_page.conversation, coalesce(thread_page.seq::text, 'null')), hint = 'See conversation_page.';
  end if;
  return query
    select t.seq, t.sender_id, t.kind, t.body, t.reply_to_seq, t.created_at, t.edited_at, t.deleted_at is not null,
      case when t.deleted_at is null then (
        select jsonb_object_agg(g.emoji, g.users) from (
          select r.emoji, count(*) as users from @schema@.reactions r
          where r.tenant_id = who.tenant_id and r.conversation_id = thread_page.conversation and r.seq = t.seq group by r.emoji) g) end
    from (
      (select m.* from @schema@.messages m
       where m.tenant_id = who.tenant_id and m.conversation_id = thread_page.conversation and m.seq = thread_page.seq and thread_page.after_seq is null)
      union all
      (select m.* from @schema@.messages m
       where m.tenant_id = who.tenant_id and m.conversation_id = thread_page.conversation and m.reply_to_seq = thread_page.seq and m.seq > bound
       order by m.seq limit least(greatest(coalesce(thread_page.lim, 50), 1), 200))) t
    order by t.seq;
end
$function$;
comment on function @schema@.thread_page(bigint, bigint, bigint, integer) is 'A message and its direct answers, the oldest first; deleted ones are shown as such. seq: the message; after_seq: only answers after this one, without the message itself: the last of the page before; lim: 1 to 200 answers, others are brought into that range. Errors: 42501 nobody is acting, or they take no part; 02000 no such message. Example: select seq, body from @schema@.thread_page(5, 12);';

create function @schema@.inbox(cursor text default null, lim integer default 20, include_archived boolean default false)
returns table (conversation_id bigint, subject text, kind @schema@.conversation_kind, state @schema@.conversation_state, product_id bigint, last_message_at timestamptz, unread bigint,
  muted boolean, pinned boolean, last_seq bigint, last_sender_id bigint, last_kind @schema@.message_kind, last_body text, last_deleted boolean,
  other_ids bigint[], other_names text[], next_cursor text)
  language plpgsql stable parallel safe rows 20 set search_path = pg_catalog, pg_temp as $function$
#variable_conflict use_column
declare
  who record;
  start record;
begin
  select * into who from @schema@.acting_user();
  select * into start from @schema@.conversation_cursor_place(inbox.cursor, 1);
  return query
    select c.id, c.subject::text, c.kind, c.state, c.product_id, c.last_message_at, c.unread, c.muted, c.pinned, c.last_seq,
      m.sender_id, m.kind, left(m.body, 200), m.deleted_at is not null, o.ids, o.names, @schema@.conversation_cursor(c.last_message_at, c.id)
    from (
      select t.id, t.subject, t.kind, t.state, t.product_id, t.last_message_at, t.last_seq, p.pinned,
        t.last_seq - p.last_read_seq - p.own_since_read as unread, coalesce(p.muted_until > now(), false) as muted
      from @schema@.participants p
      join @schema@.conversations t on t.tenant_id = who.tenant_id and t.id = p.conversation_id
      where p.tenant_id = who.tenant_id and p.user_id = who.user_id and p.left_at is null
        and (t.state <> 'archived' or inbox.include_archived)
        and (start.places is null or (t.last_message_at, t.id) < (start.moment, start.places[1]))
      order by t.last_message_at desc, t.id desc limit least(greatest(coalesce(inbox.lim, 20), 1), 100)) c
    left join @schema@.messages m on m.tenant_id = who.tenant_id and m.conversation_id = c.id and m.seq = c.last_seq
    left join lateral (
      select array_agg(u.id order by u.id) as ids, array_agg(u.display_name::text order by u.id) as names
      from (select q.user_id from @schema@.participants q
            where q.tenant_id = who.tenant_id and q.conversation_id = c.id and q.user_id <> who.user_id and q.left_at is null order by q.user_id limit 10) q
      join @schema@.users u on u.tenant_id = who.tenant_id and u.id = q.user_id) o on true
    order by c.last_message_at desc, c.id desc;
end
$function$;
comment on function @schema@.inbox(text, integer, boolean) is 'The acting user''s conversations, the one with the newest message first, each with how many messages are unread (by others; deleted ones count), the last message (its first 200 characters; null: deleted) and the first ten others who take part. cursor: next_cursor of the last row of the page before; null: from the newest; lim: 1 to 100 conversations, others are brought into that range; include_archived: archived ones too. Costs grow with the number of the user''s conversations, not with their messages. Errors: 42501 nobody is acting; 22023 no cursor. Example: select conversation_id, unread, last_body from @schema@.inbox();';

create function @schema@.unread_counts() returns table (conversation_id bigint, unread bigint, muted boolean)
  language plpgsql stable parallel safe rows 20 set search_path = pg_catalog, pg_temp as $function$
#variable_conflict use_column
declare
  who record;
begin
  select * into who from @schema@.acting_user();
  return query
    select c.id, c.last_seq - p.last_read_seq - p.own_since_read, coalesce(p.muted_until > now(), false)
    from @schema@.participants p
    join @schema@.conversations c on c.tenant_id = who.tenant_id and c.id = p.conversation_id
    where p.tenant_id = who.tenant_id and p.user_id = who.user_id and p.left_at is null and c.last_seq - p.last_read_seq - p.own_since_read > 0;
end
$function$;
comment on function @schema@.unread_counts() is 'The acting user''s conversations with something unread, and how much: messages of others, offers and the system after the last one that they read. Deleted messages count. It is arithmetic: its costs don''t grow with what is unread. Errors: 42501 nobody is acting. Example: select sum(unread) from @schema@.unread_counts() where not muted;';

create function @schema@.search_messages(query text, cursor text default null, lim integer default 20)
returns table (conversation_id bigint, seq bigint, sender_id bigint, kind @schema@.message_kind, body text, created_at timestamptz, next_cursor text)
  language plpgsql stable parallel safe security definer rows 20 set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $function$
#variable_conflict use_column
declare
  who record;
  start record;
  words tsquery;
begin
  select * into who from @schema@.acting_user();
  select * into start from @schema@.conversation_cursor_place(search_messages.cursor, 2);
  if length(search_messages.query) > 1000 then
    raise exception using errcode = '22023', message = 'a query has at most 1000 characters', hint = 'Search for fewer words.';
  end if;
  words := websearch_to_tsquery('pg_catalog.simple', search_messages.query);
  if words is null or numnode(words) = 0 then
    return;
  end if;
  -- Row security does not apply here: these predicates on the tenant and the participant are what keeps others' messages out.
  return query
    select m.conversation_id, m.seq, m.sender_id, m.kind, m.body, m.created_at, @schema@.conversation_cursor(m.created_at, m.conversation_id, m.seq)
    from @schema@.participants p
    join @schema@.messages m on m.tenant_id = p.tenant_id and m.conversation_id = p.conversation_id
    where p.tenant_id = who.tenant_id and p.user_id = who.user_id and p.left_at is null and m.tenant_id = who.tenant_id
      and m.deleted_at is null and m.search @@ words
      and (start.places is null or (m.created_at, m.conversation_id, m.seq) < (start.moment, start.places[1], start.places[2]))
    order by m.created_at desc, m.conversation_id desc, m.seq desc limit least(greatest(coalesce(search_messages.lim, 20), 1), 100);
end
$function$;
comment on function @schema@.search_messages(text, text, integer) is 'Messages of the acting user''s conversations that have the words of a query, the newest first. It runs with its owner''s rights (a word index can''t be used under row security) and looks only into conversations that the user takes part in. query: words, "phrases", or, -without; no words: no rows; cursor: next_cursor of the last row of the page before; lim: 1 to 100 messages, others are brought into that range. Errors: 42501 nobody is acting; 22023 no cursor, or a query of more than 1000 characters. Example: select conversation_id, seq, body from @schema@.search_messages(''"red bike" -broken'');';
