-- Conversations: offers, then the triggers and the row security of the whole module.

-- Offers.

create function @schema@.propose(conversation bigint, amount_minor bigint, currency text, expires_at timestamptz, note text, parent bigint) returns bigint
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
  made bigint;
  open_one bigint;
begin
  select * into who from @schema@.participation(propose.conversation, true);
  if coalesce(propose.amount_minor < 1 or propose.currency !~ '^[A-Z]{3}$', true) or propose.expires_at <= clock_timestamp() then
    raise exception using errcode = '22023', message = 'an offer needs an amount above 0, a currency of three capital letters, and an end that is not over',
      hint = 'Amounts are in minor units: 12.50 EUR is 1250, ''EUR''.';
  end if;
  -- The message first: it locks the conversation, so nobody else proposes or decides here meanwhile.
  made := @schema@.write_message(propose.conversation, 'offer', propose.note, propose.parent);
  update @schema@.offers o set state = 'expired', decided_at = clock_timestamp(), updated_at = now(), updated_by = who.user_id
    where o.tenant_id = who.tenant_id and o.conversation_id = propose.conversation and o.state = 'proposed' and o.expires_at <= clock_timestamp();
  select o.seq into open_one from @schema@.offers o where o.tenant_id = who.tenant_id and o.conversation_id = propose.conversation and o.state = 'proposed';
  if found then
    raise exception using errcode = '55000', message = format('offer %s of conversation %s is open', open_one, propose.conversation), hint = 'Counter or decline it, or withdraw it if it is yours.';
  end if;
  insert into @schema@.offers (tenant_id, conversation_id, seq, parent_seq, offered_by, amount_minor, currency, expires_at, updated_by)
    values (who.tenant_id, propose.conversation, made, propose.parent, who.user_id, propose.amount_minor, propose.currency, propose.expires_at, who.user_id);
  return made;
end
$function$;
comment on function @schema@.propose(bigint, bigint, text, timestamptz, text, bigint) is 'What make_offer and counter_offer do. Errors: as make_offer. Example: select @schema@.propose(5, 1250, ''EUR'', null, null, null);';

create function @schema@.decide(conversation bigint, seq bigint, outcome @schema@.offer_state) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
  offer record;
  moment timestamptz;
begin
  select * into who from @schema@.participation(decide.conversation, true);
  -- The conversation first, as propose does: so the two never wait for each other.
  perform from @schema@.conversations c where c.tenant_id = who.tenant_id and c.id = decide.conversation for no key update;
  select o.offered_by, o.state, o.expires_at into offer from @schema@.offers o
    where o.tenant_id = who.tenant_id and o.conversation_id = decide.conversation and o.seq = decide.seq;
  moment := clock_timestamp();
  if not found then
    raise exception using errcode = '02000', message = format('conversation %s has no offer %s', decide.conversation, coalesce(decide.seq::text, 'null')), hint = 'An offer has the number of its message.';
  elsif offer.state <> 'proposed' or offer.expires_at <= moment then
    raise exception using errcode = '55000', message = format('offer %s is %s already', decide.seq, case offer.state when 'proposed' then 'expired' else offer.state end), hint = 'Make another one.';
  elsif (offer.offered_by = who.user_id) <> (decide.outcome = 'withdrawn') then
    raise exception using errcode = '42501', message = format('offer %s is %s', decide.seq, case decide.outcome when 'withdrawn' then 'not yours' else 'yours' end),
      hint = 'Who made an offer withdraws it; the others accept, decline or counter it.';
  end if;
  update @schema@.offers o set state = decide.outcome, decided_at = moment, decided_by = who.user_id, updated_at = now(), updated_by = who.user_id
    where o.tenant_id = who.tenant_id and o.conversation_id = decide.conversation and o.seq = decide.seq and o.state = 'proposed';
  if not found then
    raise exception using errcode = '55000', message = format('offer %s is open no more', decide.seq), hint = 'Make another one.';
  end if;
  if decide.outcome <> 'countered' then
    perform @schema@.write_message(decide.conversation, 'offer', decide.outcome::text, decide.seq);
  end if;
end
$function$;
comment on function @schema@.decide(bigint, bigint, @schema@.offer_state) is 'What accept_offer, decline_offer, withdraw_offer and counter_offer do with an open offer. Errors: as accept_offer. Example: select @schema@.decide(5, 12, ''accepted'');';

create function @schema@.make_offer(conversation bigint, amount_minor bigint, currency text, expires_at timestamptz default null, note text default null) returns bigint
  language sql set search_path = pg_catalog, pg_temp
  return @schema@.propose(make_offer.conversation, make_offer.amount_minor, make_offer.currency, make_offer.expires_at, make_offer.note, null);
comment on function @schema@.make_offer(bigint, bigint, text, timestamptz, text) is 'Makes an offer in a conversation, and gives the number of its message, which is the offer''s number too. amount_minor: in minor units; currency: as in ISO 4217; expires_at: the others can accept until then; null: until somebody decides; note: words with it. Errors: 42501 nobody is acting, they take no part, or only observe; 22001, 22023 arguments; 55000 another offer is open, or the conversation is closed. Example: select @schema@.make_offer(5, 1250, ''EUR'', now() + interval ''2 days'');';

create function @schema@.counter_offer(conversation bigint, seq bigint, amount_minor bigint, currency text default null, expires_at timestamptz default null, note text default null) returns bigint
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  who record;
begin
  select * into who from @schema@.participation(counter_offer.conversation, true);
  perform @schema@.decide(counter_offer.conversation, counter_offer.seq, 'countered');
  return @schema@.propose(counter_offer.conversation, counter_offer.amount_minor, coalesce(counter_offer.currency,
    (select o.currency from @schema@.offers o where o.tenant_id = who.tenant_id and o.conversation_id = counter_offer.conversation and o.seq = counter_offer.seq)),
    counter_offer.expires_at, counter_offer.note, counter_offer.seq);
end
$function$;
comment on function @schema@.counter_offer(bigint, bigint, bigint, text, timestamptz, text) is 'Answers somebody else''s open offer with another one, and gives that one''s number. seq: the offer; currency: null: that of the offer; the rest as make_offer. Errors: 42501 nobody is acting, they take no part, or it is theirs; 02000 no such offer; 22001, 22023 arguments; 55000 it is not open. Example: select @schema@.counter_offer(5, 12, 1400);';

create function @schema@.accept_offer(conversation bigint, seq bigint) returns void
  language sql set search_path = pg_catalog, pg_temp
  return @schema@.decide(accept_offer.conversation, accept_offer.seq, 'accepted');
comment on function @schema@.accept_offer(bigint, bigint) is 'Accepts somebody else''s open offer; a message says so, as with declining and withdrawing. Errors: 42501 nobody is acting, they take no part, only observe, or it is theirs; 02000 no such offer; 55000 it is not open, or over, or the conversation is closed. Example: select @schema@.accept_offer(5, 12);';

create function @schema@.decline_offer(conversation bigint, seq bigint) returns void
  language sql set search_path = pg_catalog, pg_temp
  return @schema@.decide(decline_offer.conversation, decline_offer.seq, 'declined');
comment on function @schema@.decline_offer(bigint, bigint) is 'Declines somebody else''s open offer. Errors: as accept_offer. Example: select @schema@.decline_offer(5, 12);';

create function @schema@.withdraw_offer(conversation bigint, seq bigint) returns void
  language sql set search_path = pg_catalog, pg_temp
  return @schema@.decide(withdraw_offer.conversation, withdraw_offer.seq, 'withdrawn');
comment on function @schema@.withdraw_offer(bigint, bigint) is 'Takes back an open offer of the acting user. Errors: as accept_offer, and 42501 it is not theirs. Example: select @schema@.withdraw_offer(5, 12);';

create function @schema@.expire_offers(lim integer default 1000) returns integer
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  closed integer;
begin
  update @schema@.offers o set state = 'expired', decided_at = clock_timestamp(), updated_at = now()
    from (select d.tenant_id, d.conversation_id, d.seq from @schema@.offers d
          where d.state = 'proposed' and d.expires_at <= statement_timestamp()
          order by d.expires_at limit greatest(coalesce(expire_offers.lim, 1000), 1) for no key update skip locked) due
    where o.tenant_id = due.tenant_id and o.conversation_id = due.conversation_id and o.seq = due.seq;
  get diagnostics closed = row_count;
  return closed;
end
$function$;
comment on function @schema@.expire_offers(integer) is 'Gives open offers whose time is over their final state, and says how many there were; for a scheduler, as the schema''s owner (others reach their own conversations only). They could not be accepted anyway. lim: at most so many at once; call it again while it gives as many. Errors: none. Example: select @schema@.expire_offers();';

create function @schema@.guard_offer() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  if (new.tenant_id, new.conversation_id, new.seq, new.offered_by, new.amount_minor, new.currency, new.created_at) is distinct from
     (old.tenant_id, old.conversation_id, old.seq, old.offered_by, old.amount_minor, old.currency, old.created_at)
     or new.parent_seq is distinct from old.parent_seq or new.expires_at is distinct from old.expires_at then
    raise exception using errcode = '55000', message = format('offer %s can''t be changed', old.seq), hint = 'Withdraw it and make another one, or counter it.';
  elsif new.state <> old.state and old.state <> 'proposed' then
    raise exception using errcode = '55000', message = format('offer %s is %s already', old.seq, old.state), hint = 'Make another one.';
  elsif new.state <> old.state and new.state <> 'expired' and old.expires_at <= clock_timestamp() then
    raise exception using errcode = '55000', message = format('offer %s is expired already', old.seq), hint = 'Make another one.';
  elsif new.state <> old.state and new.state = 'expired' and coalesce(old.expires_at > clock_timestamp(), true) then
    raise exception using errcode = '55000', message = format('offer %s stands until %s', old.seq, coalesce(old.expires_at::text, 'somebody decides')), hint = 'Decline or withdraw it.';
  end if;
  return new;
end
$function$;
comment on function @schema@.guard_offer() is 'Trigger: an offer''s terms never change, and only an open one gets another state, in time. Errors: 55000. Example: create trigger guard before update on @schema@.offers for each row execute function @schema@.guard_offer();';

--@if triggers
create trigger guard before update on @schema@.offers for each row execute function @schema@.guard_offer();
create trigger touch before update on @schema@.offers for each row when (old.* is distinct from new.*) execute function @schema@.touch();
-- Posting only moves last_seq and last_message_at: that is no change of the conversation.
create trigger touch before update on @schema@.conversations for each row
  when (old.subject is distinct from new.subject or old.state <> new.state or old.product_id is distinct from new.product_id) execute function @schema@.touch();
--@end

--@if row_security
-- The list of the acting user's conversations is made once a statement. What is asked for each row is asked for new rows only.
alter table @schema@.conversations enable row level security;
create policy takes_part on @schema@.conversations for select using (tenant_id = (select @schema@.current_tenant())
  and (id in (select @schema@.my_conversations()) or (created_by = (select @schema@.current_user_id()) and last_seq = 0)));
create policy opens on @schema@.conversations for insert with check (tenant_id = (select @schema@.current_tenant())
  and created_by = (select @schema@.current_user_id()) and (select @schema@.acts_freely()) and last_seq = 0 and last_message_at <= clock_timestamp() + interval '1 hour' and (kind <> 'direct' or created_by in (direct_low, direct_high)));
create policy changes on @schema@.conversations for update using (tenant_id = (select @schema@.current_tenant()) and id in (select @schema@.my_conversations()))
  with check (tenant_id = (select @schema@.current_tenant()) and @schema@.role_in(id) <> 'observer' and (select @schema@.acts_freely()) and last_message_at <= clock_timestamp() + interval '1 hour');
alter table @schema@.participants enable row level security;
create policy takes_part on @schema@.participants for select using (tenant_id = (select @schema@.current_tenant()) and conversation_id in (select @schema@.my_conversations()));
create policy adds on @schema@.participants for insert with check (tenant_id = (select @schema@.current_tenant()) and (select @schema@.acts_freely()) and @schema@.may_add(conversation_id, user_id, role));
create policy changes on @schema@.participants for update using (tenant_id = (select @schema@.current_tenant()) and conversation_id in (select @schema@.my_conversations())
  and (user_id = (select @schema@.current_user_id()) or left_at is not null))
  -- role_in() still sees the role before the change: nobody makes themselves more than they are.
  with check (tenant_id = (select @schema@.current_tenant()) and ((user_id = (select @schema@.current_user_id()) and role >= @schema@.role_in(conversation_id)) or @schema@.may_add(conversation_id, user_id, role)));
alter table @schema@.messages enable row level security;
create policy takes_part on @schema@.messages for select using (tenant_id = (select @schema@.current_tenant()) and conversation_id in (select @schema@.my_conversations()));
create policy writes on @schema@.messages for insert with check (tenant_id = (select @schema@.current_tenant())
  and sender_id = (select @schema@.current_user_id()) and @schema@.may_write(conversation_id, seq) and created_at <= clock_timestamp() + interval '1 hour');
create policy changes on @schema@.messages for update using (tenant_id = (select @schema@.current_tenant()) and conversation_id in (select @schema@.my_conversations())
  and sender_id = (select @schema@.current_user_id()) and deleted_at is null)
  with check (tenant_id = (select @schema@.current_tenant()) and conversation_id in (select @schema@.my_conversations())
    and sender_id = (select @schema@.current_user_id()) and (select @schema@.acts_freely()) and created_at <= clock_timestamp() + interval '1 hour');
alter table @schema@.message_edits enable row level security;
create policy wrote on @schema@.message_edits for select using (tenant_id = (select @schema@.current_tenant())
  and edited_by = (select @schema@.current_user_id()) and conversation_id in (select @schema@.my_conversations()));
create policy keeps on @schema@.message_edits for insert with check (tenant_id = (select @schema@.current_tenant())
  and edited_by = (select @schema@.current_user_id()) and @schema@.is_sender(conversation_id, seq) and @schema@.role_in(conversation_id) <> 'observer');
alter table @schema@.reactions enable row level security;
create policy takes_part on @schema@.reactions for select using (tenant_id = (select @schema@.current_tenant()) and conversation_id in (select @schema@.my_conversations()));
create policy reacts on @schema@.reactions for insert with check (tenant_id = (select @schema@.current_tenant())
  and user_id = (select @schema@.current_user_id()) and @schema@.role_in(conversation_id) is not null);
create policy takes_back on @schema@.reactions for delete using (tenant_id = (select @schema@.current_tenant())
  and user_id = (select @schema@.current_user_id()) and conversation_id in (select @schema@.my_conversations()));
alter table @schema@.attachments enable row level security;
create policy takes_part on @schema@.attachments for select using (tenant_id = (select @schema@.current_tenant())
  and conversation_id in (select @schema@.my_conversations()) and (deleted_at is null or uploaded_by = (select @schema@.current_user_id())));
create policy sends on @schema@.attachments for insert with check (tenant_id = (select @schema@.current_tenant())
  and uploaded_by = (select @schema@.current_user_id()) and @schema@.is_sender(conversation_id, seq) and @schema@.role_in(conversation_id) <> 'observer');
create policy deletes on @schema@.attachments for update using (tenant_id = (select @schema@.current_tenant())
  and conversation_id in (select @schema@.my_conversations()) and uploaded_by = (select @schema@.current_user_id()));
alter table @schema@.offers enable row level security;
create policy takes_part on @schema@.offers for select using (tenant_id = (select @schema@.current_tenant()) and conversation_id in (select @schema@.my_conversations()));
create policy offers on @schema@.offers for insert with check (tenant_id = (select @schema@.current_tenant()) and state = 'proposed'
  and offered_by = (select @schema@.current_user_id()) and @schema@.is_sender(conversation_id, seq) and @schema@.role_in(conversation_id) <> 'observer');
create policy decides on @schema@.offers for update using (tenant_id = (select @schema@.current_tenant())
  and conversation_id in (select @schema@.my_conversations()) and state = 'proposed')
  with check (tenant_id = (select @schema@.current_tenant()) and (select @schema@.acts_freely()) and (decided_by is null or decided_by = (select @schema@.current_user_id())) and @schema@.role_in(conversation_id) <> 'observer');
--@end
