-- Conversations of two each, from 5 to 6,000 messages long (20 in the mean), between the first users of each tenant, so that
-- these have about 75. SCALE 1: 250,000 conversations, 5,000,000 messages. Messages lie on disk in the order of time.
\set ON_ERROR_STOP on
set client_min_messages = warning;
set timezone = 'UTC';
set synchronous_commit = off;
set session_replication_role = replica;
set work_mem = '512MB';
set jit = off;
set max_parallel_workers_per_gather = 0;
\ir ../lib/spread.sql
create function pg_temp.tenant_of(id bigint) returns bigint language sql immutable return
  pg_temp.pick(100, pg_temp.u(id, 31) * pg_temp.u(id, 31) * pg_temp.u(id, 31));
-- Whether the first of the two wrote a message.
create function pg_temp.first_wrote(conversation bigint, seq bigint) returns boolean language sql immutable return
  pg_temp.u(conversation * 6100 + seq, 32) < 0.5;
select (250000 * :scale)::bigint as conversations, now() as loaded_at \gset

\echo '  conversations'
create unlogged table load.people as
  select u.tenant_id as tenant, u.id, u.n from (select u.tenant_id, u.id, row_number() over (partition by u.tenant_id order by u.id) as n from mp.users u) u
    join (select pg_temp.tenant_of(i) as tenant, count(*) as talks from generate_series(1::bigint, :conversations) i group by 1) t on t.tenant = u.tenant_id
   where u.n <= greatest(3, t.talks * 2 / 75);
create unique index on load.people (tenant, n) include (id);
create unlogged table load.talks as
  select distinct on (t.tenant, t.low, t.high, t.product) t.*
    from (select c.id, c.tenant, least(a.id, b.id) as low, greatest(a.id, b.id) as high, c.product, c.length,
            :'loaded_at'::timestamptz - (1 + 364 * pg_temp.u(c.id, 33)) * interval '1 day' as opened
          from (select i as id, pg_temp.tenant_of(i) as tenant, pg_temp.pick(1000000, pg_temp.u(i, 34)) as product,
                  5 + floor(5995 * power(greatest(pg_temp.u(i, 35), 0.3), 399))::bigint as length from generate_series(1::bigint, :conversations) i) c
          join (select p.tenant, max(p.n) as people from load.people p group by 1) s on s.tenant = c.tenant
          join load.people a on a.tenant = c.tenant and a.n = pg_temp.pick(s.people, pg_temp.u(c.id, 36))
          join load.people b on b.tenant = c.tenant and b.n = 1 + (a.n + pg_temp.pick(s.people - 1, pg_temp.u(c.id, 37)) - 1) % s.people) t
    order by t.tenant, t.low, t.high, t.product, t.id;
analyze load.talks;
-- Written at even distances from the opening to a moment before now.
create function pg_temp.written_at(conversation bigint, opened timestamptz, length bigint, seq bigint, now timestamptz) returns timestamptz language sql immutable return
  opened + (now - opened) * (seq::float8 / (length + 1)) * pg_temp.u(conversation, 38);
insert into mp.conversations (tenant_id, id, kind, product_id, direct_low, direct_high, last_seq, last_message_at, created_at, created_by)
  select t.tenant, t.id, 'direct', t.product, t.low, t.high, t.length, pg_temp.written_at(t.id, t.opened, t.length, t.length, :'loaded_at'), t.opened, t.low
    from load.talks t order by t.opened;
-- Up to ten of the newest are unread.
insert into mp.participants (tenant_id, conversation_id, user_id, joined_at, last_read_seq, own_since_read)
  select t.tenant, t.id, case when p.first then t.low else t.high end, t.opened, p.seen,
      (select count(*) from generate_series(p.seen + 1, t.length) s where pg_temp.first_wrote(t.id, s) = p.first)
    from load.talks t
    cross join lateral (values (true, greatest(0, t.length - floor(11 * pg_temp.u(t.id, 39))::bigint)), (false, greatest(0, t.length - floor(11 * pg_temp.u(t.id, 40))::bigint))) p (first, seen)
    order by t.opened;

\echo '  messages'
insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body, created_at)
  select m.tenant, m.id, m.seq, case when pg_temp.first_wrote(m.id, m.seq) then m.low else m.high end, s.text, m.at
    from (select t.tenant, t.id, t.low, t.high, q.seq, pg_temp.written_at(t.id, t.opened, t.length, q.seq, :'loaded_at') as at
            from load.talks t, generate_series(1, t.length) q (seq) order by at offset 0) m
    join load.sentences s on s.id = pg_temp.pick(40000, pg_temp.u(m.id * 6100 + m.seq, 41)) - 1
    order by m.at;
insert into mp.reactions (tenant_id, conversation_id, seq, user_id, emoji)
  select t.tenant, t.id, q.seq, case when pg_temp.first_wrote(t.id, q.seq) then t.high else t.low end, '+1'
    from load.talks t, generate_series(1, t.length) q (seq) where (t.id + q.seq) % 40 = 0;
