-- Pages of long conversations, and what users who have everything unread pay for it beside the same users with nothing unread.
\set ON_ERROR_STOP on
\o /dev/null
create table bench.talk as
  select c.tenant_id as tenant, c.id, c.direct_low as me from mp.conversations c where c.last_seq >= 500 order by md5(c.id::text) limit :queries;
create table bench.reader as
  select p.tenant_id as tenant, p.user_id as me from mp.participants p group by 1, 2 order by count(*) desc, 2 limit :queries;
vacuum analyze mp.participants;
select bench.time(w.kind, t.tenant, t.me, format('select seq as id, sender_id, body, created_at, reactions from mp.conversation_page(%s, %s)', t.id, w.before), 5)
  from bench.talk t, (values ('first page', 'null'), ('deep page', '60')) w (kind, before);
update mp.participants p set last_read_seq = c.last_seq, own_since_read = 0
  from mp.conversations c, bench.reader r where c.tenant_id = p.tenant_id and c.id = p.conversation_id and r.tenant = p.tenant_id and r.me = p.user_id;
vacuum analyze mp.participants;
select bench.time(w.kind || ', nothing unread', r.tenant, r.me, w.statement, 5)
  from bench.reader r, (values ('unread_counts', 'select conversation_id as id, unread from mp.unread_counts()'), ('inbox', 'select conversation_id as id, unread, last_body, other_names from mp.inbox()')) w (kind, statement);
-- Two users may share a conversation: each row by its own user.
update mp.participants p set last_read_seq = c.last_seq - 1, own_since_read = 0
  from mp.conversations c, bench.reader r where c.tenant_id = p.tenant_id and c.id = p.conversation_id and r.tenant = p.tenant_id and r.me = p.user_id;
vacuum analyze mp.participants;
select bench.time('unread_counts, one each', r.tenant, r.me, 'select conversation_id as id, unread from mp.unread_counts()', 5) from bench.reader r;
update mp.participants p set last_read_seq = 0, own_since_read = 0
  from bench.reader r where r.tenant = p.tenant_id and r.me = p.user_id;
vacuum analyze mp.participants;
select bench.time(w.kind || ', all unread', r.tenant, r.me, w.statement, 5)
  from bench.reader r, (values ('unread_counts', 'select conversation_id as id, unread from mp.unread_counts()'), ('inbox', 'select conversation_id as id, unread, last_body, other_names from mp.inbox()')) w (kind, statement);
select bench.time('counting by hand, all unread', r.tenant, r.me, format(
    'select m.conversation_id as id, count(*) from mp.participants p join mp.messages m on m.tenant_id = p.tenant_id and m.conversation_id = p.conversation_id and m.seq > p.last_read_seq and m.sender_id <> p.user_id'
    ' where p.tenant_id = %s and p.user_id = %s and p.left_at is null group by 1', r.tenant, r.me), 5) from bench.reader r;
\o
