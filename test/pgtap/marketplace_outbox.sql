-- The outbox: putting in, taking, acknowledging, failing, dead letters, tenants. Expects nothing; installs a marketplace into schema mp.
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp') \g /dev/null
select plan(73);
set local client_min_messages = warning;
create role mp_app;
create role mp_nobody;
grant usage on schema mp to mp_app, mp_nobody;
grant select, insert, update, delete on all tables in schema mp to mp_app, mp_nobody;
insert into mp.tenants (id, name, slug) values (901, 'One', 'outbox-one'), (902, 'Two', 'outbox-two');
insert into mp.database_roles (role_name, kind) values ('mp_app', 'application');
set local marketplace.tenant_id = '901';
create temp table took (step text, id bigint, payload jsonb, attempts int, claim uuid, created_at timestamptz);
grant all on took to mp_app;
create function pg_temp.take(step text, topic text default 'work', batch int default 100, visibility interval default '1 minute') returns bigint language plpgsql as $$
declare n bigint;
begin
  insert into took select take.step, d.* from mp.dequeue(take.topic, batch, visibility) d;
  get diagnostics n = row_count;
  return n;
end $$;
create function pg_temp.ids(of_step text) returns bigint[] language sql as $$ select array_agg(id order by id) from took where step = of_step $$;
create function pg_temp.claim(of_step text) returns uuid language sql as $$ select claim from took where step = of_step limit 1 $$;
create function pg_temp.state(of_id bigint) returns mp.outbox language sql as $$ select o from mp.outbox o where tenant_id = 901 and id = of_id $$;
create function pg_temp.make_due() returns void language sql as $$ update mp.outbox set visible_at = now() - interval '1 second' where tenant_id = 901 and done_at is null and dead_at is null $$;

-- Putting in
select is(mp.enqueue('work', '{"n": 1}'), true, 'a message is new');
select is(mp.enqueue('work', '{"n": 2}', 'two'), true, 'one with a key too');
select is(mp.enqueue('work', '{"n": 22}', 'two'), false, 'another with the same key is not');
select is(mp.enqueue('other', '{"n": 3}', 'two'), true, 'keys are those of a topic');
select is(mp.enqueue_many('work', array['{"n": 4}', '{"n": 5}', '{"n": 5}']::jsonb[], array[null, 'five', 'five']), 2::bigint, 'of many, those are counted that are new');
select is(mp.enqueue_many('work', '{}'), 0::bigint, 'none is no error');
select is(mp.enqueue('later', '{"n": 6}', delay => '1 hour'), true, 'one can wait');
select throws_ok($$select mp.enqueue('Work', '{}')$$, '23514', null, 'topics have lower-case names');
select throws_ok($$select mp.enqueue('work', '[]')$$, '23514', null, 'a payload is an object');
select throws_ok($$select mp.enqueue('work', null)$$, '23502', null, 'and not null');
select throws_ok($$select mp.enqueue(null, '{}')$$, '22004', 'topic, payloads, delay and max_attempts must not be null', 'a topic is not null');
select throws_ok($$select mp.enqueue('work', '{}', '')$$, '23514', null, 'a key is not empty');
select throws_ok($$select mp.enqueue('work', '{}', max_attempts => 0)$$, '23514', null, 'at least one attempt');
select throws_ok($$select mp.enqueue('work', '{}', delay => '-1 s')$$, '22023', 'delay must be between 0 and 10 years', 'no delay into the past');
select throws_ok($$select mp.enqueue_many('work', array['{}']::jsonb[], array['a', 'b'])$$, '2202E', 'payloads and dedup_keys must be one-dimensional arrays of one length', 'a key for each payload');

-- Taking and acknowledging
select is(pg_temp.take('first', batch => 2), 2::bigint, 'a batch is taken');
select is((select array_agg((payload ->> 'n')::int order by id) from took where step = 'first'), '{1,2}', 'the oldest first');
select is((select array_agg(distinct attempts) from took), '{1}', 'for the first time');
select is((select count(distinct claim)::int from took), 1, 'under one claim');
select is(pg_temp.take('second'), 2::bigint, 'the next batch has the others');
select is(pg_temp.take('none'), 0::bigint, 'what is taken is not taken again');
select isnt(pg_temp.claim('first'), pg_temp.claim('second'), 'each batch has its claim');
select is(pg_temp.take('later', 'later'), 0::bigint, 'what waits is not taken yet');
select is(mp.enqueue('work', '{"n": 7}', 'two'), false, 'a key counts while its message is being worked on');
select is(mp.ack(pg_temp.ids('first'), pg_temp.claim('first')), 2::bigint, 'acknowledged');
select is((select count(*)::int from mp.outbox where done_at is not null), 2, 'they are done');
select is(mp.enqueue('work', '{"n": 8}', 'two'), true, 'and the key is free');
select throws_ok(format('select mp.ack(%L, %L)', pg_temp.ids('first'), pg_temp.claim('first')), '55000', format('2 of 2 messages are no longer held by claim %s', pg_temp.claim('first')), 'nothing is acknowledged twice');
select is(mp.ack(pg_temp.ids('first'), pg_temp.claim('first'), partly => true), 0::bigint, 'nor partly');
select throws_ok(format('select mp.ack(%L, %L)', pg_temp.ids('second'), pg_temp.claim('first')), '55000', null, 'a foreign claim holds nothing');
select throws_ok(format('select mp.ack(%L, null)', pg_temp.ids('second')), '55000', null, 'nor does none');
select is(mp.ack('{}', null), 0::bigint, 'nothing to acknowledge is no error');

-- A worker that is too late
update mp.outbox set visible_at = now() - interval '1 second' where id = any (pg_temp.ids('second'));
update mp.outbox set visible_at = now() + interval '1 hour' where id <> all (pg_temp.ids('second')) and done_at is null;
select is(pg_temp.take('again'), 2::bigint, 'when the time is over, others take it');
select is(pg_temp.ids('again'), pg_temp.ids('second'), 'the same messages');
select is((select array_agg(distinct attempts) from took where step = 'again'), '{2}', 'a second time');
select throws_ok(format('select mp.ack(%L, %L)', pg_temp.ids('second'), pg_temp.claim('second')), '55000', null, 'the first worker is too late');
select throws_ok(format('select mp.fail(%L, %L, %L)', pg_temp.ids('second'), pg_temp.claim('second'), 'late'), '55000', null, 'also to fail');
select is(mp.ack((pg_temp.ids('again'))[1:1], pg_temp.claim('again')), 1::bigint, 'the second is not');

-- Failing
select is(mp.fail((pg_temp.ids('again'))[2:2], pg_temp.claim('again'), 'no answer'), 1::bigint, 'one failed');
select is((pg_temp.state((pg_temp.ids('again'))[2])).last_error, 'no answer', 'and says why');
select ok((select (s).visible_at between clock_timestamp() + interval '1 second' and clock_timestamp() + interval '2 seconds' from (select pg_temp.state((pg_temp.ids('again'))[2]) as s) s), 'it rests for two seconds after the second time');
select is((pg_temp.state((pg_temp.ids('again'))[2])).claim, null, 'nobody holds it');
select results_eq('select mp.retry_delay(a) from unnest(array[0, 1, 2, 5, 12, 13, 1000000]) a', $$select i::interval from unnest(array['1 s', '1 s', '2 s', '16 s', '2048 s', '1 h', '1 h']) i$$, 'it rests twice as long each time, up to an hour');
select is(mp.enqueue('frail', '{}', 'key', max_attempts => 2), true, 'one with two attempts');
select is(pg_temp.take('frail 1', 'frail'), 1::bigint, 'is taken');
select is(mp.fail(pg_temp.ids('frail 1'), pg_temp.claim('frail 1'), 'once', retry_after => '0'), 1::bigint, 'fails');
select is(pg_temp.take('frail 2', 'frail'), 1::bigint, 'is taken at once, since it was said so');
select is(mp.fail(pg_temp.ids('frail 2'), pg_temp.claim('frail 2'), 'twice', retry_after => '0'), 1::bigint, 'fails');
select is(pg_temp.take('frail 3', 'frail'), 0::bigint, 'and is given up');
select results_eq($$select topic, attempts, last_error from mp.dead_letters('frail')$$, $$values ('frail', 2, 'twice')$$, 'a dead letter');
select is_empty($$select * from mp.dead_letters('work')$$, 'of its topic only');
select is_empty($$select * from mp.dead_letters(after_id => 9223372036854775807)$$, 'listed by key');
select is(mp.enqueue('frail', '{}', 'key', max_attempts => 1), true, 'its key is free');
select is(mp.requeue(pg_temp.ids('frail 1')), 0::bigint, 'while another has its key it stays');
select is(pg_temp.take('crash', 'frail', visibility => '0'), 1::bigint, 'a worker takes the other, and is never heard of again');
select is(pg_temp.take('crash 2', 'frail'), 0::bigint, 'what has no attempts left is not taken');
select results_eq($$select last_error from mp.dead_letters('frail') order by id desc limit 1$$, $$values ('taken, and never acknowledged')$$, 'but given up');
select is(mp.requeue(array(select id from mp.dead_letters('frail'))), 1::bigint, 'of two with one key, one comes back');
select is(pg_temp.take('back', 'frail'), 1::bigint, 'and is taken');
select is((select attempts from took where step = 'back'), 1, 'with all attempts before it');

-- Purging
select is(mp.purge_outbox('1 day'), 0::bigint, 'what was done just now is kept');
select is(mp.purge_outbox('0', lim => 2), 2::bigint, 'what is older goes, as much as is said');
select is(mp.purge_outbox('0'), 1::bigint, 'and the rest');
select cmp_ok((select count(*)::int from mp.outbox where dead_at is not null or done_at is null), '>=', 5, 'what is not done stays');
select throws_ok($$select mp.purge_outbox('-1 day')$$, '22023', null, 'no negative age');
select throws_ok($$select mp.dequeue('work', 0)$$, '22023', 'batch must be between 1 and 100000', 'no empty batch');
select throws_ok($$select mp.dequeue('work', 1, '-1 s')$$, '22023', null, 'no negative visibility');

-- Tenants and users
select pg_temp.make_due() \g /dev/null
set local role mp_app;
set local marketplace.tenant_id = '902';
select is((select count(*)::int from mp.dequeue('work')), 0, 'another tenant takes nothing of it');
set local marketplace.tenant_id = '901';
set local marketplace.user_id = '7';
select is(mp.enqueue('work', '{"by": "user"}', 'user'), true, 'a user puts something in');
select is((select count(*)::int from mp.outbox), 0, 'but sees nothing');
select throws_ok($$select mp.enqueue('alert.email', '{}')$$, '42501', null, 'and makes no alerts up');
reset role;
set local role mp_nobody;
set local marketplace.user_id = '';
select throws_ok($$select mp.dequeue('work')$$, '42501', 'the session acts for no tenant', 'who is nobody takes nothing');
reset role;
select is(mp.outbox_channel(), 'outbox_mp', 'there is a channel to listen on');
select * from finish();
rollback;
