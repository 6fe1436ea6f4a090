-- Errors keep everything they know, in both directions, and leave a usable backend and no C++ object.
select plan(42);

-- advisor error -> server
create temp table seen as
select * from deal_test.diagnose($$select deal_test.throw_error('22023', 'budget must not be negative', 'It is -1.', 'Leave it out.')$$);
select is(state, '22023', 'advisor error: SQLSTATE') from seen;
select is(message, 'budget must not be negative', 'advisor error: message') from seen;
select is(detail, 'It is -1.', 'advisor error: DETAIL') from seen;
select is(hint, 'Leave it out.', 'advisor error: HINT') from seen;
select alike(context, 'SQL statement "select deal_test.throw_error%PL/pgSQL function deal_test.diagnose(text) line % at EXECUTE',
            'advisor error: CONTEXT of the callers') from seen;
select throws_ok($$select deal_test.throw_error('DA999', 'own class')$$, 'DA999', 'own class', 'a SQLSTATE of our own class');
select is((select detail || hint from deal_test.diagnose($$select deal_test.throw_error('DA999', 'bare')$$)), '',
          'no DETAIL and no HINT if there is none');
select is((select message from deal_test.diagnose($$select deal_test.throw_error('DA999', '100 % %s %n of it')$$)),
          '100 % %s %n of it', 'a message is no format');
select lives_ok($do$
  do $$ begin perform deal_test.throw_error('22P02', 'x'); exception when invalid_text_representation then null; end $$
$do$, 'PL/pgSQL catches an advisor error by condition name');

-- server error -> C++ -> server
create table parent (id int primary key);
create table child (id int, parent int constraint child_parent_known references parent (id), n int not null);
create function deal_test.fails_inside() returns void language plpgsql as $$
begin
  insert into public.child values (1, 77, 1);
  set constraints all immediate;
end $$;
create temp table direct as select * from deal_test.diagnose('select deal_test.fails_inside()');
create temp table relayed as select * from deal_test.diagnose($$select deal_test.relay('select deal_test.fails_inside()')$$);
select is(r.state, '23503', 'relayed: SQLSTATE') from relayed r;
select is(r.message, d.message, 'relayed: message') from relayed r, direct d;
select is(r.detail, d.detail, 'relayed: DETAIL') from relayed r, direct d;
select isnt(r.detail, '', 'relayed: DETAIL is there') from relayed r;
select is(r.table_name, 'child', 'relayed: table') from relayed r;
select is(r.constraint_name, 'child_parent_known', 'relayed: constraint') from relayed r;
select is((select column_name from deal_test.diagnose($$select deal_test.relay('insert into public.child values (1, null, null)')$$)),
          'n', 'relayed: column');
select alike(context, 'SQL statement "insert into public.child%PL/pgSQL function deal_test.fails_inside() line 3 at SQL statement'
            '%SQL statement "select deal_test.fails_inside()"%PL/pgSQL function deal_test.diagnose(text)%',
            'relayed: the original CONTEXT, then that of the callers') from relayed;
select is((length(context) - length(replace(context, 'deal_test.diagnose', ''))) / length('deal_test.diagnose'), 1,
          'relayed: each level of CONTEXT once') from relayed;
select is((select hint from deal_test.diagnose($$select deal_test.relay('select no_such_function(1)')$$)),
          (select hint from deal_test.diagnose($$select no_such_function(1)$$)), 'relayed: HINT');
select is((select context from deal_test.diagnose(
             $$select deal_test.relay('select deal_test.relay(''select 1/0'')')$$)) like '%SQL statement "select 1/0"%', true,
          'relayed twice: CONTEXT');
select is((select (state, message, detail, hint)::text from deal_test.diagnose(
             $$select deal_test.relay('select deal_test.throw_plain()')$$)),
          '(DA001,"nested advisor error","Its detail.","Its hint.")', 'advisor error through a session and a second entry');

-- what C++ sees
select is((deal_test.describe('select deal_test.fails_inside()'))[1], '23503', 'in C++: SQLSTATE');
select is((deal_test.describe('select deal_test.fails_inside()'))[2], (select message from direct), 'in C++: message');
select is((deal_test.describe('select deal_test.fails_inside()'))[3], (select detail from direct), 'in C++: DETAIL');
select alike((deal_test.describe('select deal_test.fails_inside()'))[5], '%line 3 at SQL statement%', 'in C++: CONTEXT');
select is((deal_test.describe('select deal_test.fails_inside()'))[6:8], '{public,child,child_parent_known}', 'in C++: names');
select is(array_length(deal_test.describe('select 1'), 1), null, 'in C++: nothing when nothing failed');

-- whatever else C++ throws
select throws_ok($$select deal_test.throw_kind('int')$$, 'XX000', 'deal_advisor: an exception of unknown type was thrown', 'throw 42');
select throws_ok($$select deal_test.throw_kind('runtime_error')$$, 'XX000', 'a standard exception', 'std::runtime_error');
select throws_ok($$select deal_test.throw_kind('bad_alloc')$$, '53200', 'out of memory', 'std::bad_alloc');
select throws_ok($$select deal_test.throw_kind('huge vector')$$, '53200', 'out of memory', 'an impossible allocation');
select throws_ok($$select deal_test.throw_kind('bad sqlstate')$$, 'XX000', 'an error whose SQLSTATE is none', 'no SQLSTATE');
select throws_ok($$select deal_test.throw_kind('success sqlstate')$$, 'XX000', 'an error whose SQLSTATE is success',
                 'a SQLSTATE that means success is not raised as an error');

-- long messages and split characters: cut where a character ends, so that the text stays valid
create temp table long as
select repeat('a', n) || repeat(c, 2000) as text, c
  from generate_series(0, 4) n, unnest(array['a', 'ü', '€', '😀']) c;
create temp table cut as
select l.text, d.* from long l,
  lateral deal_test.diagnose(format('select deal_test.throw_error(%L, %L, %L, %L)', '22023', l.text, l.text, l.text)) d;
select is(count(*), 20::bigint, 'messages of up to 8 kB arrive') from cut where state = '22023';
select ok(bool_and(starts_with(text, message) and starts_with(text, detail) and starts_with(text, hint)),
          'cut messages are beginnings of the text in whole characters') from cut;
select ok(bool_and(octet_length(message) between 4092 and 4095 or message = text), 'at most one character is lost') from cut;
select is((select message from deal_test.diagnose(format('select deal_test.throw_error(%L, %L)', '22023', repeat('x', 5000)))),
          repeat('x', 4095), 'a message of 5 kB');
select is(octet_length(convert_to(message, 'UTF8')) > 0, true, 'cut text converts') from cut where text like '%😀' limit 1;

-- endless recursion through entry points and sessions ends in the server's own error
create function deal_test.endless() returns int8 language sql as $$ select deal_test.relay('select deal_test.endless()') $$;
select is((select state from deal_test.diagnose('select deal_test.endless()')), '54001', 'endless recursion is an error');
select is(deal_test.relay('select 1'), 1::bigint, 'and leaves the backend usable');
drop function deal_test.endless();

select is(deal_test.live(), 0::bigint, 'no C++ object is left');
select cmp_ok(deal_test.made(), '>', 20::bigint, 'and there were some');
select * from finish();
drop table child, parent;
drop function deal_test.fails_inside();
