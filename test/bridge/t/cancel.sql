-- Random work is cancelled from another session at 50 random points: every C++ object is destroyed, the session goes
-- on. The time from the cancel to the end of the last object is printed; nothing is asserted of it.
select plan(5);
create table cancelled (seed int, sent timestamptz, emptied timestamptz, state text, live int8, made int8);
select dblink_connect('worker', format('dbname=%I user=%I host=%s port=%s application_name=bridge_worker', current_database(),
    current_user, split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'))) is null as no \gset
create procedure cancel_many(turns int) language plpgsql as $$
declare
  worker int := (select pid from dblink('worker', 'select pg_backend_pid()') as d(pid int));
  sent timestamptz;
  answer record;
  turn int := 0;
begin
  while (select count(*) from public.cancelled) < turns loop
    turn := turn + 1;
    perform dblink_send_query('worker', format('select d.state from (select pg_advisory_lock(57014)::text as taken offset 0) l,'
      ' lateral deal_test.diagnose(''select deal_test.work(%s)'' || l.taken) d', turn));
    loop -- a cancel that comes before the statement would be ignored, and the work never ends by itself
      exit when exists (select from pg_locks where locktype = 'advisory' and objid = 57014 and pid = worker);
      perform pg_sleep(0.001);
    end loop;
    perform pg_sleep(0.002 + random() * 0.06);
    sent := clock_timestamp();
    perform pg_cancel_backend(worker);
    select * into answer from dblink_get_result('worker') as d(state text);
    perform dblink_get_result('worker');
    perform * from dblink('worker', 'select pg_advisory_unlock_all()::text') as d(freed text);
    insert into public.cancelled
    select turn, sent, d.emptied, answer.state, d.live, d.made
      from dblink('worker', 'select deal_test.emptied_at(), deal_test.live(), deal_test.made()')
           as d(emptied timestamptz, live int8, made int8);
    -- On a busy machine a cancel may come before the work has begun: that says nothing of it, and is done again.
    delete from public.cancelled c where c.seed = turn and (c.emptied is null or c.emptied < c.sent);
    if turn > 10 * turns then
      raise exception 'the work began in only % of % turns', (select count(*) from public.cancelled), turn;
    end if;
  end loop;
end $$;
select setseed(0.42) is null as no \gset
call cancel_many(50);
select is(count(*), 50::bigint, 'cancelled at 50 points') from cancelled where state = '57014';
select is(count(*), 0::bigint, 'no C++ object is left after any of them') from cancelled where live <> 0;
select cmp_ok(max(made), '>', 100::bigint, 'and there were some') from cancelled;
select is(count(*), 0::bigint, 'work had begun each time') from cancelled where emptied is null or emptied < sent;
select diag(format('milliseconds from cancel to the end of the last C++ object: median %s, 95th %s, worst %s',
    round(percentile_cont(0.5) within group (order by ms)::numeric, 2), round(percentile_cont(0.95) within group (order by ms)::numeric, 2),
    round(max(ms)::numeric, 2)))
  from (select extract(epoch from emptied - sent) * 1000 as ms from cancelled) c;
select is((select d.n from dblink('worker', 'select deal_test.query(''select 1'')') as d(n text)), '1', 'the session goes on');
select dblink_disconnect('worker') is null as no \gset
select * from finish();
drop table cancelled;
drop procedure cancel_many(int);
