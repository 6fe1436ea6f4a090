-- Conversations of the marketplace in schema mp: numbers, unread counts, pages, who may, edits, offers, checks, indexes.
\set ON_ERROR_STOP 1
\set QUIET 1
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp') \g /dev/null
set local client_min_messages = error;
select no_plan();

-- Everything below is rolled back, the role too.
create role marketplace_conversations_app;
create role marketplace_conversations_stranger;
grant usage on schema mp to marketplace_conversations_app, marketplace_conversations_stranger;
grant select, insert on mp.conversations, mp.participants, mp.messages, mp.message_edits, mp.reactions, mp.attachments, mp.offers
  to marketplace_conversations_app, marketplace_conversations_stranger;
grant select on mp.users to marketplace_conversations_app, marketplace_conversations_stranger;
-- As the head of 40_conversations.sql says, and no more.
grant delete on mp.reactions to marketplace_conversations_app;
grant update (last_seq, last_message_at, updated_at, updated_by) on mp.conversations to marketplace_conversations_app;
grant update (role, joined_at, left_at, last_read_seq, own_since_read, muted_until, pinned) on mp.participants to marketplace_conversations_app;
grant update (body, edited_at, deleted_at) on mp.messages to marketplace_conversations_app;
grant update (deleted_at) on mp.attachments to marketplace_conversations_app;
grant update (state, decided_at, decided_by, updated_at, updated_by) on mp.offers to marketplace_conversations_app;
insert into mp.database_roles (role_name, kind) values ('marketplace_conversations_app', 'application');

insert into mp.tenants (id, name, slug) values (900001, 'Talkers', 'talkers'), (900002, 'Others', 'others');
insert into mp.users (tenant_id, id, email, display_name)
  select 900001, 900000 + n, 'talker' || n || '@example.com', 'Talker ' || n from generate_series(1, 9) n
  union all select 900002, 900021, 'other@example.com', 'Other';

-- Runs a query as the application for a user; gives the first column of the first row, or the SQLSTATE (with "bare" if there is no HINT).
create function pg_temp.run(me bigint, query text, tenant bigint default 900001, acting text default 'marketplace_conversations_app') returns text
  language plpgsql as $$
declare result text; given_hint text;
begin
  perform set_config('marketplace.tenant_id', coalesce(tenant::text, ''), true), set_config('marketplace.user_id', coalesce(me::text, ''), true);
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
-- How many rows a statement of the application touches, or the SQLSTATE.
create function pg_temp.touched(me bigint, statement text, tenant bigint default 900001) returns text language plpgsql as $$
declare touched_rows bigint;
begin
  perform set_config('marketplace.tenant_id', tenant::text, true), set_config('marketplace.user_id', me::text, true);
  begin
    perform set_config('role', 'marketplace_conversations_app', true);
    execute statement;
    get diagnostics touched_rows = row_count;
  exception when others then
    perform set_config('role', 'none', true);
    return sqlstate;
  end;
  perform set_config('role', 'none', true);
  return touched_rows;
end $$;
create temp table known (name text primary key, number bigint);
create function pg_temp.it(wanted text) returns bigint language sql as 'select number from known where name = wanted';

-- Opening.
insert into known values ('direct', pg_temp.run(900001, 'select mp.open_conversation(array[900002], ''About it'', product => 77)')::bigint);
select is(pg_temp.run(900001, 'select mp.open_conversation(array[900002], ''Again'', product => 77)')::bigint, pg_temp.it('direct'),
  'a second direct conversation of the same two about the same product is the first one');
select is(pg_temp.run(900002, 'select mp.open_conversation(array[900001, 900002], product => 77)')::bigint, pg_temp.it('direct'), 'also when the other one opens it');
insert into known values ('plain', pg_temp.run(900001, 'select mp.open_conversation(array[900002])')::bigint);
select isnt(pg_temp.it('plain'), pg_temp.it('direct'), 'about no product is another conversation');
select is(pg_temp.run(900002, 'select mp.open_conversation(array[900001])')::bigint, pg_temp.it('plain'), 'and about no product there is one too');
insert into known values ('group', pg_temp.run(900001, 'select mp.open_conversation(array[900002, 900003, 900003], ''All of us'', ''group'')')::bigint);
select isnt(pg_temp.run(900001, 'select mp.open_conversation(array[900002, 900003], ''All of us'', ''group'')')::bigint, pg_temp.it('group'), 'a second group is another one');
select results_eq('select user_id, role::text from mp.participants where tenant_id = 900001 and conversation_id = pg_temp.it(''group'') order by 1',
  $$values (900001::bigint, 'owner'), (900002, 'member'), (900003, 'member')$$, 'who opens a group owns it, the others are members, each once');
select is(pg_temp.run(900001, q), code, 'open_conversation: ' || what) from (values
  ('select mp.open_conversation(array[900021])', '02000', 'a user of another tenant is no user'),
  ('select mp.open_conversation(array[null::bigint])', '22004', 'null is no participant'),
  ('select mp.open_conversation(null)', '22023', 'nobody is too few'),
  ('select mp.open_conversation(array[900001])', '22023', 'oneself is too few'),
  ('select mp.open_conversation(array[900002, 900003])', '22023', 'three are no direct conversation'),
  ('select mp.open_conversation(array(select generate_series(1, 500)::bigint), kind => ''group'')', '22023', 'five hundred are too many'),
  ('select mp.open_conversation(array[9223372036854775807])', '02000', 'a huge number is no user'),
  ('select mp.open_conversation(array[900002], '' '', ''group'')', '23514 bare', 'a blank subject is refused')) v (q, code, what);
select is(pg_temp.run(me, 'select mp.unread_counts()', tenant), '42501', 'nobody acts ' || what)
  from (values (null::bigint, 900001::bigint, 'without a user'), (900001, null, 'without a tenant')) v (me, tenant, what);
select is(pg_temp.run(900001, 'select mp.unread_counts()', 900001, 'marketplace_conversations_stranger'), '42501', 'a role that database_roles doesn''t know acts for nobody');
select is(pg_temp.run(900001, 'select count(*) from mp.messages', 900001, 'marketplace_conversations_stranger'), '0', 'and sees nothing');

-- Numbers.
do $$
begin
  perform setseed(0.31);
  for i in 1..400 loop
    perform pg_temp.run(900001 + floor(random() * 3)::int, format('select mp.post_message(%s, ''number %s'')', pg_temp.it('group'), i));
  end loop;
end $$;
select results_eq('select seq from mp.messages where tenant_id = 900001 and conversation_id = pg_temp.it(''group'') order by seq', 'select generate_series(1, 400)::bigint',
  'after 400 posts the numbers are 1 to 400, without holes and doubles');
select is((select last_seq from mp.conversations where tenant_id = 900001 and id = pg_temp.it('group')), 400::bigint, 'last_seq is the last one');
select is(pg_temp.run(900001, format('select mp.post_message(%s, ''lost'', reply_to => 9999)', pg_temp.it('group'))), '02000', 'an answer to no message is refused');
select is(pg_temp.run(900001, format('select mp.post_message(%s, ''next'')', pg_temp.it('group'))), '401', 'and takes no number');
select is((select count(*) from (select created_at < lag(created_at) over (order by seq) as back from mp.messages where conversation_id = pg_temp.it('group')) t where back), 0::bigint,
  'a later message is never older');

-- Unread counts, against counting: random posts, reads, deletions, joins and leaves.
insert into known select 'dice' || n, pg_temp.run(900001, 'select mp.open_conversation(array[900002, 900003, 900004], ''Dice'', ''group'')')::bigint from generate_series(1, 3) n;
create temp table told as
  select conversation_id, user_id, 0::bigint as read_to, true as here from mp.participants where conversation_id in (select number from known where name like 'dice%');
create temp table mismatch (step int, talk bigint, person bigint, counted bigint, unread bigint);
do $$
declare talk bigint; me bigint; choice float8; newest bigint; upto bigint; answer text;
begin
  perform setseed(0.77);
  for step in 1..1500 loop
    select t.conversation_id, t.user_id into talk, me from told t where t.here order by random() limit 1;
    select coalesce(max(seq), 0) into newest from mp.messages where tenant_id = 900001 and conversation_id = talk;
    choice := random();
    if choice < 0.55 then
      perform pg_temp.run(me, format('select mp.post_message(%s, ''step %s'')', talk, step));
    elsif choice < 0.80 then
      upto := floor(random() * (newest + 10)) - 3;
      perform pg_temp.run(me, format('select mp.mark_read(%s, %s)', talk, upto));
      update told set read_to = greatest(read_to, least(upto, newest)) where conversation_id = talk and user_id = me;
    elsif choice < 0.85 then
      perform pg_temp.run(me, format('select mp.mark_read(%s)', talk));
      update told set read_to = newest where conversation_id = talk and user_id = me;
    elsif choice < 0.90 then
      perform pg_temp.run(me, format('select mp.delete_message(%s, %s)', talk, floor(random() * newest) + 1));
    elsif choice < 0.95 and (select count(*) > 2 from told where conversation_id = talk and here) then
      perform pg_temp.run(me, format('select mp.leave_conversation(%s)', talk));
      update told set here = false where conversation_id = talk and user_id = me;
    else
      select t.user_id into upto from told t where t.conversation_id = talk and not t.here order by random() limit 1;
      if found then
        answer := pg_temp.run(me, format('select mp.add_participant(%s, %s)', talk, upto));
        if answer <> 'true' then raise exception 'not added: %', answer; end if;
        update told set here = true, read_to = newest where conversation_id = talk and user_id = upto;
      end if;
    end if;
    if step % 25 = 0 then
      insert into mismatch
        select step, t.conversation_id, t.user_id, n.unread, c.last_seq - p.last_read_seq - p.own_since_read
        from told t join mp.participants p on p.tenant_id = 900001 and p.conversation_id = t.conversation_id and p.user_id = t.user_id
        join mp.conversations c on c.tenant_id = 900001 and c.id = t.conversation_id
        cross join lateral (select count(*) as unread from mp.messages m where m.tenant_id = 900001 and m.conversation_id = t.conversation_id
                            and m.seq > t.read_to and m.sender_id is distinct from t.user_id) n
        where t.here and n.unread is distinct from c.last_seq - p.last_read_seq - p.own_since_read;
    end if;
  end loop;
end $$;
select is_empty('select * from mismatch', 'unread counts are what counting gives, at 60 moments of 1500 random steps');
select cmp_ok((select count(*) from mp.messages where conversation_id in (select number from known where name like 'dice%')), '>', 500::bigint, 'the random steps wrote a lot');
select cmp_ok((select count(*) from mp.messages where conversation_id in (select number from known where name like 'dice%') and deleted_at is not null), '>', 10::bigint, 'and deleted some');
select cmp_ok((select count(*) from told where not here), '>', 0::bigint, 'and somebody is away at the end');
select is((select pg_temp.run(t.user_id, format('select coalesce((select unread from mp.unread_counts() where conversation_id = %s), 0)', t.conversation_id))::bigint),
    (select count(*) from mp.messages m where m.tenant_id = 900001 and m.conversation_id = t.conversation_id and m.seq > t.read_to and m.sender_id is distinct from t.user_id),
    format('unread_counts says the same, user %s', t.user_id))
  from told t where t.here and t.conversation_id = pg_temp.it('dice1') order by t.user_id;
select is(pg_temp.run(900002, format('select mp.mark_read(%s, 200)', pg_temp.it('group'))), '200', 'mark_read says how far they have read');
select is(pg_temp.run(900002, format('select mp.mark_read(%s, 100)', pg_temp.it('group'))), '200', 'mark_read never goes back');
select is(pg_temp.run(900002, format('select mp.mark_read(%s, -5)', pg_temp.it('group'))), '200', 'nor to a negative number');
select is(pg_temp.run(900002, format('select mp.mark_read(%s, 9223372036854775807)', pg_temp.it('group'))), '401', 'nor past the last message');
select is(pg_temp.run(900002, format('select count(*) from mp.unread_counts() where conversation_id = %s', pg_temp.it('group'))), '0', 'what is all read is not listed');
select pg_temp.run(900002, format('select mp.post_message(%s, ''mine'')', pg_temp.it('group'))) \g /dev/null
select is(pg_temp.run(900002, format('select count(*) from mp.unread_counts() where conversation_id = %s', pg_temp.it('group'))), '0', 'one''s own message is not unread');

-- Pages.
create function pg_temp.pages(me bigint, talk bigint, size int) returns setof bigint language plpgsql as $$
declare part bigint[]; bound text := 'null';
begin
  loop
    part := pg_temp.run(me, format('select array(select seq from mp.conversation_page(%s, %s, %s))', talk, bound, size))::bigint[];
    exit when cardinality(part) = 0;
    return query select unnest(part);
    bound := part[cardinality(part)]::text;
  end loop;
end $$;
select results_eq(format('select pg_temp.pages(900001, pg_temp.it(''group''), %s)', size), 'select generate_series(402, 1, -1)::bigint', format('pages of %s show every message once, newest first', size))
  from unnest(array[1, 7, 50, 200]) size;
select is(pg_temp.run(900001, format('select count(*) from mp.conversation_page(%s, lim => %s)', pg_temp.it('group'), lim)), answer, format('a page of %s messages has %s', lim, answer))
  from (values ('0', '1'), ('-1', '1'), ('null', '50'), ('2147483647', '200')) v (lim, answer);
select is(pg_temp.run(900001, format('select count(*) from mp.conversation_page(%s, before_seq => %s)', pg_temp.it('group'), bound)), answer, format('before %s there are %s', bound, answer))
  from (values ('1', '0'), ('-9223372036854775808', '0'), ('9223372036854775807', '50')) v (bound, answer);
select pg_temp.run(900002, format('select mp.post_message(%s, ''answer %s'', reply_to => 10)', pg_temp.it('group'), n)) from generate_series(1, 5) n \g /dev/null
select is(pg_temp.run(900001, format('select array(select seq from mp.thread_page(%s, 10))', pg_temp.it('group'))), '{10,403,404,405,406,407}', 'a thread is a message and its answers');
select is(pg_temp.run(900001, format('select array(select seq from mp.thread_page(%s, 10, after_seq => 404, lim => 2))', pg_temp.it('group'))), '{405,406}', 'its next page goes on after a number');
select is(pg_temp.run(900001, format('select count(*) from mp.thread_page(%s, 9999)', pg_temp.it('group'))), '02000', 'there is no thread of no message');
create function pg_temp.walk(me bigint, call text, size int) returns setof text language plpgsql as $$
declare part text[]; place text := 'null';
begin
  loop
    part := pg_temp.run(me, format('select array(select row(q.*)::text from (select %s) q)', format(call, place, size)))::text[];
    exit when cardinality(part) = 0;
    return query select split_part(trim(both '()' from u), ',', 1) from unnest(part) u;
    place := quote_literal(split_part(trim(both '()' from part[cardinality(part)]), ',', 2));
  end loop;
end $$;
select pg_temp.run(900001, format('select mp.open_conversation(array[900005], product => %s)', n)) from generate_series(1, 23) n \g /dev/null
select bag_eq('select w::bigint from pg_temp.walk(900001, ''conversation_id, next_cursor from mp.inbox(%s, %s)'', 4) w',
  'select conversation_id from mp.participants where tenant_id = 900001 and user_id = 900001 and left_at is null', 'pages of the inbox show every conversation once');
select is(pg_temp.run(900001, 'select conversation_id from mp.inbox()')::bigint, (select c.id from mp.conversations c join mp.participants p on p.tenant_id = c.tenant_id and p.conversation_id = c.id
  where p.user_id = 900001 and p.left_at is null order by c.last_message_at desc, c.id desc limit 1), 'the one with the newest message is first');
select bag_eq(format('select w from pg_temp.walk(900001, ''conversation_id || ''''/'''' || seq, next_cursor from mp.search_messages(''''number'''', %%s, %%s) where conversation_id = %s'', 17) w', pg_temp.it('group')),
  'select pg_temp.it(''group'') || ''/'' || n from generate_series(1, 400) n', 'pages of a search show every message once');
select is(pg_temp.run(900001, q), '22023', 'no cursor: ' || q) from (values ('select mp.inbox(''x'')'), ('select mp.inbox('''')'), ('select mp.inbox(''1'')'), ('select mp.inbox(''1.2.3'')'),
  ('select mp.search_messages(''a'', ''1.2'')'), ('select mp.search_messages(''a'', ''99999999999999999999.1.1'')')) v (q);
select is(pg_temp.run(900001, 'select count(*) from mp.search_messages(''number'', ''999999999999999999.1.1'')'), '20', 'a cursor far ahead is before everything');
select is(pg_temp.run(900001, 'select count(*) from mp.search_messages(' || q || ')'), answer, 'search for ' || q || ' gives ' || answer)
  from (values ('null', '0'), ('''''', '0'), ('''!!! & | ( ''', '0'), ('''"number 17"''', '1'), ('''NUMBER 17 -number''', '0'), (quote_literal(repeat('a', 1001)), '22023')) v (q, answer);
select is(pg_temp.run(900001, format('select row(kind, state, product_id, muted, pinned, other_ids, other_names) from mp.inbox(lim => 100) where conversation_id = %s', pg_temp.it('direct'))),
  '(direct,open,77,f,f,{900002},"{""Talker 2""}")', 'the inbox says with whom, about what');

-- Strangers: somebody else of the tenant, somebody of another tenant, and who left, by every function and every table.
insert into known values ('offer', pg_temp.run(900001, format('select mp.make_offer(%s, 1000, ''EUR'', note => ''take it'')', pg_temp.it('direct')))::bigint);
select pg_temp.run(900001, format('select mp.post_message(%s, ''secretword'')', pg_temp.it('direct'))) \g /dev/null
select pg_temp.run(900001, format('select mp.edit_message(%s, 2, ''secretword again'')', pg_temp.it('direct'))) \g /dev/null
select pg_temp.run(900002, format('select mp.react(%s, 2, ''+1'')', pg_temp.it('direct'))) \g /dev/null
select pg_temp.touched(900001, format('insert into mp.attachments (tenant_id, conversation_id, seq, uploaded_by, file_name, media_type, byte_size, storage_key) values (900001, %s, 2, 900001, ''a.png'', ''image/png'', 9, ''k'')', pg_temp.it('direct'))) \g /dev/null
select is((select count(*) from mp.attachments where tenant_id = 900001), 1::bigint, 'the sender attaches a file');
create temp table stranger (who text, tenant bigint, me bigint);
insert into stranger values ('somebody else of the tenant', 900001, 900006), ('somebody of another tenant', 900002, 900021), ('a user number of another tenant', 900002, 900001);
select is(pg_temp.run(me, format('select mp.' || call, pg_temp.it('direct')), tenant), '42501', format('%s: %s', who, split_part(call, '(', 1)))
  from stranger, unnest(array['conversation_page(%s)', 'thread_page(%s, 1)', 'post_message(%s, ''x'')', 'edit_message(%s, 2, ''x'')', 'delete_message(%s, 2)', 'mark_read(%s, 1)',
    'react(%s, 2, ''x'')', 'unreact(%s, 2, ''+1'')', 'add_participant(%s, 900007)', 'leave_conversation(%s)', 'make_offer(%s, 1, ''EUR'')', 'counter_offer(%s, 1, 5)', 'accept_offer(%s, 1)',
    'decline_offer(%s, 1)', 'withdraw_offer(%s, 1)', 'write_message(%s, ''text'', ''x'')', 'own_message(%s, 2)', 'propose(%s, 1, ''EUR'', null, null, null)', 'decide(%s, 1, ''accepted'')', 'participation(%s)']) call;
select is(pg_temp.run(me, 'select count(*) from mp.' || call, tenant), '0', format('%s: %s shows nothing', who, call))
  from stranger, unnest(array['inbox()', 'unread_counts()', 'search_messages(''secretword'')', 'my_conversations()']) call;
select is(pg_temp.run(me, format('select coalesce(mp.role_in(%1$s)::text, '''') || mp.is_sender(%1$s, 2) || mp.may_write(%1$s, 2) || mp.may_add(%1$s, %2$s, ''member'')', pg_temp.it('direct'), me), tenant), 'falsefalsefalse',
  format('%s: the policies'' questions say no', who)) from stranger;
select is(pg_temp.run(me, 'select mp.expire_offers()', tenant), '0', format('%s: expire_offers reaches nothing', who)) from stranger;
select is(pg_temp.run(me, 'select count(*) from mp.' || rel, tenant), '0', format('%s: table %s is empty', who, rel))
  from stranger, unnest(array['conversations', 'participants', 'messages', 'message_edits', 'reactions', 'attachments', 'offers']) rel;
create function pg_temp.direct_write(rel text, me bigint) returns text language sql as $$
  select format(case rel
    when 'conversations' then 'insert into mp.conversations (tenant_id, kind, direct_low, direct_high, created_by) values (900001, ''direct'', 900001, 900002, %2$s)'
    when 'participants' then 'insert into mp.participants (tenant_id, conversation_id, user_id) values (900001, %1$s, 900006)'
    when 'messages' then 'insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body) values (900001, %1$s, 900, %2$s, ''x'')'
    when 'message_edits' then 'insert into mp.message_edits (tenant_id, conversation_id, seq, edit_no, body, edited_by) values (900001, %1$s, 2, 9, ''x'', %2$s)'
    when 'reactions' then 'insert into mp.reactions (tenant_id, conversation_id, seq, user_id, emoji) values (900001, %1$s, 2, %2$s, ''x'')'
    when 'attachments' then 'insert into mp.attachments (tenant_id, conversation_id, seq, uploaded_by, file_name, media_type, byte_size, storage_key) values (900001, %1$s, 2, %2$s, ''b'', ''a/b'', 1, ''k'')'
    when 'offers' then 'insert into mp.offers (tenant_id, conversation_id, seq, offered_by, amount_minor, currency) values (900001, %1$s, 2, %2$s, 1, ''EUR'')' end, pg_temp.it('direct'), me) $$;
select is(pg_temp.touched(me, pg_temp.direct_write(rel, me), tenant), '42501', format('%s: can''t insert into %s', who, rel))
  from stranger, unnest(array['conversations', 'participants', 'messages', 'message_edits', 'reactions', 'attachments', 'offers']) rel;
select is(pg_temp.touched(me, 'update mp.' || change, tenant), '0', format('%s: changes no %s', who, split_part(change, ' ', 1)))
  from stranger, unnest(array['conversations set last_seq = 9', 'participants set pinned = true', 'messages set body = ''x''', 'attachments set deleted_at = now()', 'offers set state = ''declined''']) change;
select is(pg_temp.touched(me, 'delete from mp.reactions', tenant), '0', format('%s: deletes no reactions', who)) from stranger;
select is(pg_temp.run(900003, format('select mp.leave_conversation(%s)', pg_temp.it('group'))), '', 'somebody leaves the group');
select is(pg_temp.run(900003, format('select mp.' || call, pg_temp.it('group'))), '42501', format('who left: %s', split_part(call, '(', 1)))
  from unnest(array['conversation_page(%s)', 'thread_page(%s, 10)', 'post_message(%s, ''x'')', 'mark_read(%s)', 'add_participant(%s, 900003)', 'leave_conversation(%s)']) call;
select is(pg_temp.run(900003, format('select count(*) from mp.messages where conversation_id = %s', pg_temp.it('group'))), '0', 'who left sees no messages');
select is(pg_temp.run(900003, format('select count(*) from mp.search_messages(''number'') where conversation_id = %s', pg_temp.it('group'))), '0', 'who left finds none');
select is(pg_temp.touched(900003, format('update mp.participants set left_at = null where conversation_id = %s', pg_temp.it('group'))), '0', 'who left doesn''t bring themselves back');

-- Participants, too, do only what is theirs, with plain SQL.
select is(pg_temp.touched(900002, format('update mp.messages set body = ''forged'' where conversation_id = %s and seq = 2', pg_temp.it('direct'))), '0', 'nobody changes another''s message');
select is(pg_temp.touched(900002, format('insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body) values (900001, %s, 900, 900002, ''ahead'')', pg_temp.it('direct'))), '42501', 'nobody takes a number ahead');
select is(pg_temp.touched(900002, format('insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body) values (900001, %s, 900, 900001, ''forged'')', pg_temp.it('direct'))), '42501', 'nobody writes as another');
select is(pg_temp.touched(900002, format('insert into mp.messages (tenant_id, conversation_id, seq, kind, body) values (900001, %s, 900, ''system'', ''forged'')', pg_temp.it('direct'))), '42501', 'nobody writes as the system');
select is(pg_temp.run(900002, format('select mp.write_message(%s, ''system'', ''forged'')', pg_temp.it('direct'))), '42501 bare', 'nor by write_message');
select is(pg_temp.touched(900002, format('update mp.participants set last_read_seq = 99 where conversation_id = %s and user_id = 900001', pg_temp.it('direct'))), '0', 'nobody reads for another');
select is(pg_temp.touched(900002, format('update mp.participants set role = ''owner'' where conversation_id = %s and user_id = 900002', pg_temp.it('group'))), '42501', 'nobody makes themselves owner');
select is(pg_temp.touched(900002, format('delete from mp.reactions where conversation_id = %s and user_id <> 900002', pg_temp.it('direct'))), '0', 'nobody takes back another''s reaction');
select is(pg_temp.touched(900002, format('insert into mp.attachments (tenant_id, conversation_id, seq, uploaded_by, file_name, media_type, byte_size, storage_key) values (900001, %s, 2, 900002, ''b'', ''a/b'', 1, ''k'')', pg_temp.it('direct'))),
  '42501', 'nobody attaches to another''s message');
select is(pg_temp.touched(900001, format('update mp.offers set state = ''accepted'', decided_at = now(), decided_by = 900001 where conversation_id = %s', pg_temp.it('direct'))), '23514', 'nobody accepts their own offer');
select is(pg_temp.touched(900001, format('update mp.offers set state = ''accepted'', decided_at = now(), decided_by = 900002 where conversation_id = %s', pg_temp.it('direct'))), '42501', 'nor as the other one');
select is(pg_temp.touched(900001, format('insert into mp.participants (tenant_id, conversation_id, user_id) values (900001, %s, 900007)', pg_temp.it('direct'))), '42501', 'nobody joins a direct conversation');
select is(pg_temp.run(900001, format('select mp.add_participant(%s, 900007)', pg_temp.it('direct'))), '42501', 'nor is added');
select is(pg_temp.run(900001, format('select mp.leave_conversation(%s)', pg_temp.it('direct'))), '55000', 'nobody leaves a direct conversation');
select is(pg_temp.run(900002, format('select mp.add_participant(%s, 900006, ''owner'')', pg_temp.it('group'))), '42501', 'a member adds no owner');
select is(pg_temp.run(900001, format('select mp.add_participant(%s, 900006, ''observer'')', pg_temp.it('group'))), 'true', 'an owner adds an observer');
select is(pg_temp.run(900001, format('select mp.add_participant(%s, 900006)', pg_temp.it('group'))), 'false', 'twice is no error');
select is(pg_temp.run(900001, format('select mp.add_participant(%s, 900021)', pg_temp.it('group'))), '02000', 'a user of another tenant can''t be added');
select is(pg_temp.run(900006, format('select mp.' || call, pg_temp.it('group'))), '42501', 'an observer can''t ' || split_part(call, '(', 1))
  from unnest(array['post_message(%s, ''x'')', 'make_offer(%s, 1, ''EUR'')', 'add_participant(%s, 900007)']) call;
select is(pg_temp.run(900006, format('select count(*) from mp.conversation_page(%s, lim => 3)', pg_temp.it('group'))), '3', 'an observer reads, what was said before too');
select is(pg_temp.run(900006, format('select mp.react(%s, 10, ''👍'')', pg_temp.it('group'))), 'true', 'an observer reacts');
select is(pg_temp.run(900001, format('select body from mp.conversation_page(%s, 3)', pg_temp.it('direct')), acting => 'none'), 'secretword again', 'the schema''s owner acts for a user by the settings');
select is(pg_temp.run(900006, format('select body from mp.conversation_page(%s, 3)', pg_temp.it('direct')), acting => 'none'), '42501', 'and is that user then, who may take no part');
select is(pg_temp.run(900001, format('select mp.write_message(%s, ''system'', ''Welcome'')', pg_temp.it('group')), acting => 'none'), '408', 'the owner writes for the system');

-- Edits and deletions.
create function pg_temp.say(body text, reply_to text default 'null') returns bigint language sql as
  'select pg_temp.run(900001, format(''select mp.post_message(%s, %L, %s)'', pg_temp.it(''plain''), body, reply_to))::bigint';
select is(pg_temp.say('first draft'), 1::bigint, 'a message to edit');
select is(pg_temp.run(900001, format('select mp.edit_message(%s, 1, ''second draft'')', pg_temp.it('plain'))), 'true', 'it is edited');
select is(pg_temp.run(900001, format('select mp.edit_message(%s, 1, ''second draft'')', pg_temp.it('plain'))), 'false', 'the same text is no edit');
select is(pg_temp.run(900001, format('select mp.edit_message(%s, 1, ''unicornword'')', pg_temp.it('plain'))), 'true', 'it is edited again');
select results_eq('select edit_no, body from mp.message_edits where tenant_id = 900001 and conversation_id = pg_temp.it(''plain'') and seq = 1 order by 1', $$values (1, 'first draft'), (2, 'second draft')$$, 'the former texts are kept');
select is(pg_temp.run(900001, format('select edited_at is not null from mp.conversation_page(%s)', pg_temp.it('plain'))), 'true', 'readers see that it was edited');
select is(pg_temp.run(900002, format('select count(*) from mp.message_edits where conversation_id = %s', pg_temp.it('plain'))), '0', 'the others don''t see the former texts');
select is(pg_temp.run(900001, format('select count(*) from mp.message_edits where conversation_id = %s', pg_temp.it('plain'))), '2', 'who wrote them does');
select is(pg_temp.run(900002, 'select count(*) from mp.search_messages(''unicornword'')'), '1', 'the new text is found');
select is(pg_temp.run(900002, 'select count(*) from mp.search_messages(''"first draft"'')'), '0', 'the former one is not');
select is(pg_temp.run(900002, format('select mp.edit_message(%s, 1, ''x'')', pg_temp.it('plain'))), '42501', 'nobody edits another''s message');
select is(pg_temp.run(900002, format('select mp.delete_message(%s, 1)', pg_temp.it('plain'))), '42501', 'nor deletes it');
select is(pg_temp.run(900001, format('select mp.%s_message(%s, 99%s)', word, pg_temp.it('plain'), rest)), '02000', word || ' of no message is refused') from (values ('edit', ', ''x'''), ('delete', '')) v (word, rest);
select is(pg_temp.run(900001, format('select mp.edit_message(%s, 1, %s)', pg_temp.it('plain'), body)), code, 'an edit to ' || left(body, 20) || ' is refused')
  from (values ('''''', '22023'), ('null', '22023'), ('repeat(''x'', 20001)', '22001')) v (body, code);
select pg_temp.run(900002, format('select mp.react(%s, 1, ''❤️'')', pg_temp.it('plain'))) \g /dev/null
select is(pg_temp.run(900001, format('select reactions from mp.conversation_page(%s)', pg_temp.it('plain'))), '{"❤️": 1}', 'a page counts the reactions');
select pg_temp.say('an answer', '1') \g /dev/null
select is(pg_temp.run(900001, format('select mp.delete_message(%s, 1)', pg_temp.it('plain'))), '', 'the message is deleted');
select is(pg_temp.run(900002, format('select row(seq, body, deleted, reactions) from mp.conversation_page(%s, 2)', pg_temp.it('plain'))), '(1,,t,)', 'a page shows it as deleted, without text and reactions');
select is(pg_temp.run(900002, format('select row(seq, body, deleted, reactions) from mp.thread_page(%s, 1)', pg_temp.it('plain'))), '(1,,t,)', 'its thread too');
select is(pg_temp.run(900002, 'select count(*) from mp.search_messages(''unicornword'')'), '0', 'search doesn''t find it');
select is(pg_temp.run(900002, format('select body from mp.messages where conversation_id = %s and seq = 1', pg_temp.it('plain'))), null, 'the table hasn''t its text any more');
select is(pg_temp.run(900002, format('select count(*) from mp.message_edits where conversation_id = %s', pg_temp.it('plain'))), '0', 'the others can''t find it among the edits');
select is((select body from mp.message_edits where tenant_id = 900001 and conversation_id = pg_temp.it('plain') and seq = 1 and edit_no = 3), 'unicornword', 'it is kept there, for the schema''s owner');
select is(pg_temp.run(900002, format('select mp.react(%s, 1, ''x'')', pg_temp.it('plain'))), '02000', 'it takes no reactions');
select is(pg_temp.run(900001, format('select mp.edit_message(%s, 1, ''x'')', pg_temp.it('plain'))), '55000', 'it can''t be edited');
select is(pg_temp.run(900001, format('select mp.delete_message(%s, 1)', pg_temp.it('plain'))), '55000', 'nor deleted twice');
select is(pg_temp.run(900002, format('select unread from mp.unread_counts() where conversation_id = %s', pg_temp.it('plain'))), '2', 'it counts as unread still');
select pg_temp.run(900001, format('select mp.delete_message(%s, 2)', pg_temp.it('plain'))) \g /dev/null
select is(pg_temp.run(900002, format('select row(last_body, last_deleted, unread) from mp.inbox(lim => 100) where conversation_id = %s', pg_temp.it('plain'))), '(,t,2)', 'the inbox shows no deleted text');
select pg_temp.run(900001, format('select mp.delete_message(%s, 2)', pg_temp.it('direct'))) \g /dev/null
select is(pg_temp.run(900002, 'select count(*) from mp.attachments'), '0', 'the others don''t see the attachments of a deleted message');
select is(pg_temp.run(900002, format('select mp.react(%s, 3, %s)', pg_temp.it('group'), sign)), code, 'reaction ' || left(sign, 20) || ': ' || code)
  from (values ('''👍🏽''', 'true'), ('''👍🏽''', 'false'), ('''''', '22023'), ('null', '22023'), ('''a b''', '22023'), ('repeat(''x'', 33)', '22023')) v (sign, code);
select is(pg_temp.run(900002, format('select mp.unreact(%s, 3, ''👍🏽'')', pg_temp.it('group'))), answer, 'taken back ' || times) from (values ('true', 'once'), ('false', 'twice')) v (answer, times);

-- Texts.
select is(pg_temp.run(900001, format('select body from mp.conversation_page(%s, %s)', pg_temp.it('plain'), pg_temp.say(body) + 1)), body, 'a text comes back as it was: ' || left(body, 30))
  from unnest(array['it''s "quoted" $$ $1 %s \ \\', '👩‍👩‍👧 emoji 𝔘', '\u0000 \x00 \0', E'lines\n\ttabs', 'عربي עברית', repeat('€', 20000)]) body;
select is(pg_temp.run(900001, format('select mp.post_message(%s, %s)', pg_temp.it('plain'), body)), code, 'a text is refused: ' || left(body, 30)) from (values
  ('''''', '22023'), ('''   ''', '22023'), ('null', '22023'), ('repeat(''x'', 20001)', '22001'), ('repeat(''0123456789abcdef'', 65536)', '22001')) v (body, code);
select is(pg_temp.say((select string_agg(n::text, ' ') from generate_series(1, 3000) n)) > 0, true, 'many different words fit');

-- Offers. Ann (900001) has made one of 1000 in the direct conversation.
create function pg_temp.offer(word text, me bigint, rest text default '') returns text language sql as
  'select pg_temp.run(me, format(''select mp.%s_offer(%s%s)'', word, pg_temp.it(''deal''), rest))';
create function pg_temp.stands() returns text language sql as
  'select string_agg(seq || '' '' || state, '', '' order by seq) from mp.offers where tenant_id = 900001 and conversation_id = pg_temp.it(''deal'')';
insert into known values ('deal', pg_temp.run(900001, 'select mp.open_conversation(array[900002], product => 78)')::bigint);
select is(pg_temp.offer('make', 900001, ', 1000, ''EUR'', note => ''fair''' ), '1', 'an offer is message 1');
select is(pg_temp.run(900002, format('select row(kind, body) from mp.conversation_page(%s)', pg_temp.it('deal'))), '(offer,fair)', 'a page shows it with its words');
select is(pg_temp.run(900002, format('select unread from mp.unread_counts() where conversation_id = %s', pg_temp.it('deal'))), '1', 'it is unread for the other side');
select is(pg_temp.offer('make', 900002, ', 900, ''EUR'''), '55000', 'a second open offer is refused');
select is((select last_seq from mp.conversations where id = pg_temp.it('deal')), 1::bigint, 'and takes no number');
select is(pg_temp.offer(word, 900001, ', 1' || rest), '42501', 'who made an offer can''t ' || word || ' it') from (values ('accept', ''), ('decline', ''), ('counter', ', 900')) v (word, rest);
select is(pg_temp.offer('withdraw', 900002, ', 1'), '42501', 'the other side can''t withdraw it');
select is(pg_temp.offer(word, 900002, ', 99' || rest), '02000', 'there is no offer 99 to ' || word) from (values ('accept', ''), ('decline', ''), ('withdraw', ''), ('counter', ', 900')) v (word, rest);
select is(pg_temp.offer('make', 900002, args), '22023', 'no offer: ' || args) from unnest(array[', 0, ''EUR''', ', -1, ''EUR''', ', null, ''EUR''', ', 1, ''euro''', ', 1, ''eur''', ', 1, null', ', 1, ''EUR'', now() - interval ''1 hour''']) args;
select is(pg_temp.offer('counter', 900002, ', 1, 900'), '2', 'the other side counters');
select is(pg_temp.stands(), '1 countered, 2 proposed', 'the first offer is countered, the second open');
select results_eq('select parent_seq, amount_minor::bigint, currency::text, offered_by from mp.offers where conversation_id = pg_temp.it(''deal'') and seq = 2', $$values (1::bigint, 900::bigint, 'EUR', 900002::bigint)$$, 'it knows the first one, and has its currency');
select is(pg_temp.offer(word, me, ', 1' || rest), '55000', 'a countered offer: ' || word || ' is refused') from (values ('accept', 900002, ''), ('decline', 900002, ''), ('withdraw', 900001, ''), ('counter', 900002, ', 5')) v (word, me, rest);
select is(pg_temp.offer('accept', 900001, ', 2'), null, 'the first side accepts');
select is(pg_temp.offer('accept', 900001, ', 2'), '55000', 'accepting twice is refused');
select is(pg_temp.offer(word, me, ', 2' || rest), '55000', 'an accepted offer: ' || word || ' is refused') from (values ('decline', 900001, ''), ('withdraw', 900002, ''), ('counter', 900001, ', 5')) v (word, me, rest);
select is(pg_temp.run(900002, format('select row(kind, body, reply_to_seq) from mp.conversation_page(%s)', pg_temp.it('deal'))), '(offer,accepted,2)', 'a message says that it was accepted');
select is(pg_temp.offer('make', 900001, ', 800, ''EUR'''), '4', 'a new offer can be made then');
select is(pg_temp.offer('decline', 900002, ', 4'), null, 'it is declined');
select is(pg_temp.offer('make', 900001, ', 850, ''EUR'''), '6', 'another one');
select is(pg_temp.offer('withdraw', 900001, ', 6'), null, 'it is withdrawn');
select is(pg_temp.offer('accept', 900002, ', 6'), '55000', 'and can''t be accepted');
select is(pg_temp.stands(), '1 countered, 2 accepted, 4 declined, 6 withdrawn', 'all states are final');
select is(pg_temp.run(900001, format('select mp.%s_message(%s, 6%s)', word, pg_temp.it('deal'), rest)), '55000', 'an offer''s message: ' || word || ' is refused') from (values ('edit', ', ''x'''), ('delete', '')) v (word, rest);
-- One whose time is over: made by hand, since no function makes such.
insert into mp.messages (tenant_id, conversation_id, seq, sender_id, kind) values (900001, pg_temp.it('deal'), 8, 900001, 'offer');
update mp.conversations set last_seq = 8 where tenant_id = 900001 and id = pg_temp.it('deal');
insert into mp.offers (tenant_id, conversation_id, seq, offered_by, amount_minor, currency, created_at, expires_at)
  values (900001, pg_temp.it('deal'), 8, 900001, 700, 'EUR', now() - interval '2 days', now() - interval '1 day');
select is(pg_temp.offer(word, me, ', 8' || rest), '55000', 'an offer whose time is over: ' || word || ' is refused') from (values ('accept', 900002, ''), ('decline', 900002, ''), ('withdraw', 900001, ''), ('counter', 900002, ', 5')) v (word, me, rest);
select is(pg_temp.touched(900002, format('update mp.offers set state = ''accepted'', decided_at = created_at, decided_by = 900002 where conversation_id = %s and seq = 8', pg_temp.it('deal'))), '55000', 'nor accepted by plain SQL, with a forged time');
select is(pg_temp.offer('make', 900002, ', 750, ''EUR'', now() + interval ''2 days'''), '9', 'it doesn''t keep others from making an offer');
select is((select state::text from mp.offers where conversation_id = pg_temp.it('deal') and seq = 8), 'expired', 'it is expired then');
select is(pg_temp.touched(900001, format('update mp.offers set state = ''expired'', decided_at = now() + interval ''3 days'' where conversation_id = %s and seq = 9', pg_temp.it('deal'))), '55000', 'an offer in its time can''t be expired');
select is(mp.expire_offers(), 0, 'expire_offers finds nothing that is over');
select is(pg_temp.offer('withdraw', 900002, ', 9'), null, 'the last one is withdrawn');
insert into mp.messages (tenant_id, conversation_id, seq, sender_id, kind) values (900001, pg_temp.it('deal'), 11, 900001, 'offer');
insert into mp.offers (tenant_id, conversation_id, seq, offered_by, amount_minor, currency, created_at, expires_at)
  values (900001, pg_temp.it('deal'), 11, 900001, 700, 'EUR', now() - interval '2 days', now() - interval '1 day');
update mp.conversations set last_seq = 11 where tenant_id = 900001 and id = pg_temp.it('deal');
select is(mp.expire_offers(), 1, 'expire_offers ends what is over');
select is(mp.expire_offers(), 0, 'once');
select results_eq('select state::text, decided_by from mp.offers where conversation_id = pg_temp.it(''deal'') and seq = 11', $$values ('expired', null::bigint)$$, 'nobody decided it');
select throws_ok(format('update mp.offers set amount_minor = 1 where conversation_id = %s and seq = 1', pg_temp.it('deal')), '55000', null, 'an offer''s terms never change, not even for the owner');
select throws_ok(format('update mp.offers set state = ''declined'' where conversation_id = %s and seq = 2', pg_temp.it('deal')), '55000', null, 'nor does a final state');
select throws_ok(format('update mp.offers set state = ''proposed'', decided_at = null, decided_by = null where conversation_id = %s and seq = 2', pg_temp.it('deal')), '55000', null, 'nothing opens again');
update mp.conversations set state = 'closed' where tenant_id = 900001 and id = pg_temp.it('deal');
select is(pg_temp.run(900001, format('select mp.' || call, pg_temp.it('deal'))), '55000', 'closed: ' || split_part(call, '(', 1)) from unnest(array['post_message(%s, ''x'')', 'make_offer(%s, 1, ''EUR'')']) call;
select is(pg_temp.run(900001, format('select count(*) from mp.inbox(lim => 100) where conversation_id = %s', pg_temp.it('deal'))), '1', 'a closed conversation is in the inbox');
update mp.conversations set state = 'archived' where tenant_id = 900001 and id = pg_temp.it('deal');
select is(pg_temp.run(900001, format('select count(*) from mp.inbox(lim => 100) where conversation_id = %s', pg_temp.it('deal'))), '0', 'an archived one is not');
select is(pg_temp.run(900001, format('select count(*) from mp.inbox(lim => 100, include_archived => true) where conversation_id = %s', pg_temp.it('deal'))), '1', 'unless asked for');
select is(pg_temp.run(900001, format('select mp.edit_message(%s, 4, ''x'')', pg_temp.it('plain'))), 'true', 'a message of an open conversation can be edited');
update mp.conversations set state = 'closed' where tenant_id = 900001 and id = pg_temp.it('plain');
select is(pg_temp.run(900001, format('select mp.edit_message(%s, 4, ''y'')', pg_temp.it('plain'))), '55000', 'one of a closed conversation can''t');
select is(pg_temp.run(900001, format('select mp.delete_message(%s, 4)', pg_temp.it('plain'))), '', 'but be deleted');
update mp.users set deleted_at = now() where tenant_id = 900001 and id = 900009;
select is(pg_temp.run(900001, 'select mp.open_conversation(array[900009])'), '02000', 'who gave up their account is no user');

-- Every CHECK, each by a row that breaks it alone.
create temp table broken (name text primary key, statement text);
insert into broken values
  ('conversations_last_message_at_finite', 'insert into mp.conversations (tenant_id, kind, last_message_at) values (900001, ''group'', ''infinity'')'),
  ('conversations_last_seq_range', 'insert into mp.conversations (tenant_id, kind, last_seq) values (900001, ''group'', -1)'),
  ('conversations_direct_says_who', 'insert into mp.conversations (tenant_id, kind, direct_low, direct_high) values (900001, ''direct'', 900002, 900001)'),
  ('participants_last_read_seq_range', 'insert into mp.participants (tenant_id, conversation_id, user_id, last_read_seq) values (900001, @, 900008, -1)'),
  ('participants_own_since_read_range', 'insert into mp.participants (tenant_id, conversation_id, user_id, own_since_read) values (900001, @, 900008, -1)'),
  ('participants_left_after_joined', 'insert into mp.participants (tenant_id, conversation_id, user_id, left_at) values (900001, @, 900008, now() - interval ''1 day'')'),
  ('messages_created_at_finite', 'insert into mp.messages (tenant_id, conversation_id, seq, kind, body, created_at) values (900001, 1, 99, ''system'', ''x'', ''infinity'')'),
  ('messages_seq_range', 'insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body) values (900001, @, 0, 900001, ''x'')'),
  ('messages_body_form', 'insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body) values (900001, @, 9001, 900001, (select string_agg(''word'' || n, '' '') from generate_series(1, 130000) n))'),
  ('messages_body_needed', 'insert into mp.messages (tenant_id, conversation_id, seq, sender_id) values (900001, @, 9001, 900001)'),
  ('messages_deleted_without_body', 'insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body, deleted_at) values (900001, @, 9001, 900001, ''x'', now())'),
  ('messages_system_without_sender', 'insert into mp.messages (tenant_id, conversation_id, seq, body) values (900001, @, 9001, ''x'')'),
  ('messages_reply_goes_back', 'insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body, reply_to_seq) values (900001, @, 9001, 900001, ''x'', 9001)'),
  ('message_edits_edit_no_range', 'insert into mp.message_edits values (900001, @, 1, 0, ''x'', 900001)'),
  ('reactions_emoji_form', 'insert into mp.reactions values (900001, @, 1, 900001, ''a b'')'),
  ('attachments_file_name_form', 'insert into mp.attachments (tenant_id, conversation_id, seq, uploaded_by, file_name, media_type, byte_size, storage_key) values (900001, @, 1, 900001, ''../b'', ''a/b'', 1, ''k'')'),
  ('attachments_media_type_form', 'insert into mp.attachments (tenant_id, conversation_id, seq, uploaded_by, file_name, media_type, byte_size, storage_key) values (900001, @, 1, 900001, ''b'', ''b'', 1, ''k'')'),
  ('attachments_byte_size_range', 'insert into mp.attachments (tenant_id, conversation_id, seq, uploaded_by, file_name, media_type, byte_size, storage_key) values (900001, @, 1, 900001, ''b'', ''a/b'', -1, ''k'')'),
  ('attachments_storage_key_form', 'insert into mp.attachments (tenant_id, conversation_id, seq, uploaded_by, file_name, media_type, byte_size, storage_key) values (900001, @, 1, 900001, ''b'', ''a/b'', 1, '''')'),
  ('attachments_sha256_form', 'insert into mp.attachments (tenant_id, conversation_id, seq, uploaded_by, file_name, media_type, byte_size, storage_key, sha256) values (900001, @, 1, 900001, ''b'', ''a/b'', 1, ''k'', ''\x00'')'),
  ('offers_amount_positive', 'insert into mp.offers (tenant_id, conversation_id, seq, offered_by, amount_minor, currency) values (900001, @, 1, 900001, 0, ''EUR'')'),
  ('offers_parent_goes_back', 'insert into mp.offers (tenant_id, conversation_id, seq, offered_by, amount_minor, currency, parent_seq) values (900001, @, 1, 900001, 1, ''EUR'', 1)'),
  ('offers_expire_later', 'insert into mp.offers (tenant_id, conversation_id, seq, offered_by, amount_minor, currency, expires_at) values (900001, @, 1, 900001, 1, ''EUR'', now())'),
  ('offers_decided_when', 'insert into mp.offers (tenant_id, conversation_id, seq, offered_by, amount_minor, currency, state, decided_by) values (900001, @, 1, 900001, 1, ''EUR'', ''accepted'', 900002)'),
  ('offers_decided_by_whom', 'insert into mp.offers (tenant_id, conversation_id, seq, offered_by, amount_minor, currency, state, decided_by, decided_at) values (900001, @, 1, 900001, 1, ''EUR'', ''accepted'', 900001, now())'),
  ('offers_in_time', 'insert into mp.offers (tenant_id, conversation_id, seq, offered_by, amount_minor, currency, state, decided_by, decided_at, expires_at) values (900001, @, 1, 900001, 1, ''EUR'', ''accepted'', 900002, now() + interval ''2 days'', now() + interval ''1 day'')');
create function pg_temp.breaks(statement text) returns text language plpgsql as $$
declare broke text;
begin
  execute replace(statement, '@', pg_temp.it('group')::text);
  return 'nothing';
exception when check_violation then
  get stacked diagnostics broke = constraint_name;
  return broke;
end $$;
select is(pg_temp.breaks(statement), name, 'CHECK ' || name) from broken order by name;
select set_eq('select name from broken', $$select conname::text from pg_constraint where contype = 'c'
  and conrelid::regclass::text ~ '^mp[.](conversations|participants|messages|message_edits|reactions|attachments|offers)$'$$, 'that were all CHECKs');
select throws_ok(format('insert into mp.participants (tenant_id, conversation_id, user_id) values (900002, %s, 900021)', pg_temp.it('group')), '23503', null, 'no participant of another tenant');
select throws_ok(format('insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body) values (900001, %s, 9001, 900021, ''x'')', pg_temp.it('group')), '23503', null, 'no sender of another tenant');
select throws_ok(format('insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body, reply_to_seq) values (900001, %s, 9001, 900001, ''x'', 9000)', pg_temp.it('group')), '23503', null, 'no answer to a message that isn''t there');
-- Every foreign key has an index that begins with its columns.
select is_empty($$select c.conname from pg_constraint c where c.contype = 'f' and c.connamespace = 'mp'::regnamespace
  and c.conrelid::regclass::text ~ '^mp[.](conversations|participants|messages|message_edits|reactions|attachments|offers)$'
  and not exists (select from pg_index i where i.indrelid = c.conrelid and (select array_agg(k order by k) from unnest((i.indkey::int2[])[0:cardinality(c.conkey) - 1]) k)
    = (select array_agg(k order by k) from unnest(c.conkey) k))$$, 'every foreign key has an index');
select is_empty($$select a.attrelid::regclass, a.attname from pg_attribute a where a.attnum > 0 and not a.attisdropped
  and a.attrelid::regclass::text ~ '^mp[.](conversations|participants|messages|message_edits|reactions|attachments|offers)$'
  and col_description(a.attrelid, a.attnum) is null$$, 'every column has a comment');
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'mp'::regnamespace
  and coalesce(obj_description(p.oid, 'pg_proc'), '') !~ 'Errors: .*Example: '$$, 'every function''s comment says its errors and shows an example');

-- 120000 messages more: what the functions read doesn't grow with them.
insert into known values ('long', pg_temp.run(900001, 'select mp.open_conversation(array[900002], product => 79)')::bigint), ('short', pg_temp.run(900001, 'select mp.open_conversation(array[900002], product => 80)')::bigint);
insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body) select 900001, pg_temp.it('long'), n, 900001, 'bulk text ' || n || case when n % 20000 = 0 then ' needle' else '' end from generate_series(1, 120000) n;
update mp.conversations set last_seq = 120000 where tenant_id = 900001 and id = pg_temp.it('long');
update mp.participants set last_read_seq = 120000 where tenant_id = 900001 and conversation_id = pg_temp.it('long') and user_id = 900001;
insert into mp.users (tenant_id, id, email, display_name) select 900001, 910000 + n, 'crowd' || n || '@example.com', 'Crowd' from generate_series(1, 2000) n;
insert into mp.conversations (tenant_id, kind, direct_low, direct_high) select 900001, 'direct', 910000 + n, 910001 + n from generate_series(1, 1999) n;
insert into mp.participants (tenant_id, conversation_id, user_id) select c.tenant_id, c.id, u from mp.conversations c, unnest(array[direct_low, direct_high]) u where direct_low > 910000;
analyze mp.conversations, mp.participants, mp.messages, mp.reactions, mp.users;
-- Rows and index entries that a call reads of a table.
create function pg_temp.seen(rel regclass) returns bigint language sql as $$
  select pg_stat_get_xact_tuples_returned(rel) + (select sum(pg_stat_get_xact_tuples_returned(indexrelid))::bigint from pg_index where indrelid = rel) $$;
create function pg_temp.reads(me bigint, call text, rel regclass) returns bigint language plpgsql as $$
declare before bigint := pg_temp.seen(rel); answer text := pg_temp.run(me, call);
begin
  if answer in ('42501', '42501 bare') then raise exception 'refused: %', answer; end if;
  return pg_temp.seen(rel) - before;
end $$;
-- Plans that don't know the arguments: what a session may come to after a few calls.
set local plan_cache_mode = force_generic_plan;
create function pg_temp.index_scans(me bigint, call text, index_name regclass) returns bigint language plpgsql as $$
declare before bigint := pg_stat_get_xact_numscans(index_name);
begin
  perform pg_temp.run(me, call);
  return pg_stat_get_xact_numscans(index_name) - before;
end $$;
select is(pg_temp.reads(900002, format('select count(*) from mp.conversation_page(%s)', pg_temp.it('long')), 'mp.messages'), 50::bigint, 'the newest page reads its 50 messages');
select is(pg_temp.reads(900002, format('select count(*) from mp.conversation_page(%s, before_seq => 100)', pg_temp.it('long')), 'mp.messages'), 50::bigint, 'a page 120000 messages deep reads 50 too');
select cmp_ok(pg_temp.index_scans(900002, format('select count(*) from mp.conversation_page(%s, before_seq => 100)', pg_temp.it('long')), 'mp.messages_pkey'), '>', 0::bigint, 'by the primary key');
select cmp_ok(pg_temp.reads(900002, format('select count(*) from mp.thread_page(%s, 119000)', pg_temp.it('long')), 'mp.messages'), '<', 5::bigint, 'a thread reads its messages');
select is(pg_temp.reads(900002, 'select sum(unread) from mp.unread_counts()', 'mp.messages'), 0::bigint, 'unread counts read no messages');
select is(pg_temp.run(900002, format('select unread from mp.unread_counts() where conversation_id = %s', pg_temp.it('long'))), '120000', 'though so many are unread');
select cmp_ok(pg_temp.reads(900002, 'select count(*) from mp.unread_counts()', 'mp.conversations'), '<', 200::bigint, 'nor others'' conversations');
select cmp_ok(pg_temp.reads(900002, 'select count(*) from mp.inbox()', 'mp.messages'), '<=', 20::bigint, 'the inbox reads one message a conversation');
select cmp_ok(pg_temp.reads(900002, 'select count(*) from mp.inbox()', 'mp.conversations'), '<', 200::bigint, 'and no conversations of others');
select cmp_ok(pg_temp.reads(900002, 'select count(*) from mp.search_messages(''needle'')', 'mp.messages'), '<', 100::bigint, 'a search for a rare word reads what has it');
select cmp_ok(pg_temp.index_scans(900002, 'select count(*) from mp.search_messages(''needle'')', 'mp.messages_search'), '>', 0::bigint, 'by the index of words');
select is(pg_temp.run(900002, 'select count(*) from mp.search_messages(''needle'')'), '6', 'and finds it');
select is(pg_temp.run(900006, 'select count(*) from mp.search_messages(''needle'')'), '0', 'for participants only');
select cmp_ok(pg_temp.reads(900002, format('select mp.post_message(%s, ''one more'')', pg_temp.it('long')), 'mp.messages'), '<', 3::bigint, 'posting reads no other message');
select cmp_ok(pg_temp.reads(900002, 'select count(*) from mp.my_conversations()', 'mp.participants'), '<', 200::bigint, 'the list of one''s conversations reads one''s own rows');

-- Accounts that may not write
update mp.users set status = 'suspended' where id = 900002;
select is(pg_temp.run(900002, format('select mp.post_message(%s, ''spam'')', pg_temp.it('long'))), '42501', 'a suspended account writes nothing');
select is(pg_temp.run(900002, 'select mp.open_conversation(array[900006])'), '42501', 'and opens nothing');
select isnt(pg_temp.run(900002, format('select count(*) from mp.conversation_page(%s)', pg_temp.it('long'))), '0', 'but reads');
select is(pg_temp.run(900002, 'insert into mp.conversations (tenant_id, kind, created_by) values (900001, ''group'', 900002) returning ''in'''), '42501 bare', 'not by plain SQL either');
update mp.users set status = 'active' where id = 900002;
select is(pg_temp.run(900002, 'insert into mp.conversations (tenant_id, kind, created_by, last_message_at) values (900001, ''group'', 900002, now() + interval ''1 year'') returning ''in'''), '42501 bare', 'nobody dates a conversation ahead');
select is(pg_temp.run(900002, 'insert into mp.conversations (tenant_id, kind, created_by) values (900001, ''group'', 900002) returning ''in'''), 'in', 'as of now it is let in');
update mp.users set deleted_at = now() where id = 900002;
select is(pg_temp.run(900002, format('select mp.post_message(%s, ''ghost'')', pg_temp.it('long'))), '42501', 'nor does one that was given up');

select * from finish();
rollback;
