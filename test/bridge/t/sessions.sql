-- An error in a session of SQL, caught at any level, leaves that session and all outer ones usable.
select plan(16);
create table note (a int);

select is(deal_test.session_goes_on('select 1/0', 'select 42'), '42', 'a session goes on after errors inside it');
select is(deal_test.session_goes_on('select no_such_column', 'select 42'), '42', 'a session goes on after parse errors');
select is(deal_test.session_goes_on($sql$do $do$ begin perform deal_test.relay('select 1/0'); end $do$ $sql$, 'select 42'), '42',
          'a session goes on after an error in a nested session in a DO block');
select is(deal_test.session_goes_on($$select deal_test.throw_plain()$$, $$select current_setting('search_path')$$), 'pg_catalog, pg_temp',
          'a session keeps its search_path');
select throws_ok($$select deal_test.session_goes_on('select 1', 'select 42')$$, 'DA003', null, 'the function can fail');

-- EXCEPTION blocks around and inside
select lives_ok($do$
  do $$
  declare i int;
  begin
    for i in 1 .. 50 loop
      begin
        perform deal_test.relay('do $x$ begin perform deal_test.relay(''select 1/0''); end $x$');
        raise exception 'did not fail';
      exception when division_by_zero then
        insert into public.note values (i);
      end;
      perform deal_test.relay('do $x$ begin perform deal_test.relay(''select 1/0''); exception when division_by_zero then null; end $x$');
    end loop;
  end $$
$do$, 'errors caught inside and outside, in turn');
select is(count(*), 50::bigint, 'what was written between them is there') from note;

-- ROLLBACK TO
begin;
insert into note values (1000);
savepoint s;
\set ON_ERROR_STOP off
\set VERBOSITY sqlstate
\echo # two errors are wanted here
\o /dev/null
select deal_test.relay('insert into public.note values (1001); select 1/0');
rollback to s;
select deal_test.relay('select deal_test.relay(''select 1/0'')');
rollback to s;
\o
\set ON_ERROR_STOP on
select is(deal_test.relay('insert into public.note values (1002)'), 1::bigint, 'a session works after ROLLBACK TO');
select is(deal_test.session_goes_on('select 1/0', 'select 7'), '7', 'and goes on after errors inside it');
commit;
select is(array_agg(a order by a), '{1000,1002}', 'exactly the writes that were not rolled back') from note where a >= 1000;

-- in C++: an advisor error that is swallowed must not leave a session, a setting or a search_path behind
select is(deal_test.advisor_error_in_session(), '{}', 'a swallowed advisor error leaves nothing behind');
create function deal_test.outer_session() returns text language plpgsql as $$
declare path text := current_setting('search_path'); n int;
begin
  perform deal_test.advisor_error_in_session();
  select count(*) into n from public.note where a < 1000;
  if current_setting('search_path') <> path then return 'search_path changed'; end if;
  return n;
end $$;
select is(deal_test.outer_session(), '50', 'PL/pgSQL around it has its own session back');

-- after a commit in a procedure no snapshot is active; reading takes one
create procedure deal_test.commits(inout result text default null) language plpgsql as $$
begin
  insert into public.note values (2000);
  commit;
  result := deal_test.query('select count(*) from public.note where a = 2000');
  rollback;
end $$;
create table got (result text);
do $$ declare result text; begin call deal_test.commits(result); insert into public.got values (result); end $$;
select is(result, '1', 'a query after a commit inside a procedure sees what was committed') from got;
select throws_ok($$select deal_test.query('insert into public.note values (1) returning a')$$, '0A000', null,
                 'a query may change nothing');
select is(deal_test.live(), 0::bigint, 'no C++ object is left');
select cmp_ok(deal_test.made(), '>', 100::bigint, 'and there were some');
select * from finish();
drop table note, got;
drop function deal_test.outer_session();
drop procedure deal_test.commits(text);
