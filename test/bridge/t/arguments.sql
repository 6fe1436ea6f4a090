-- Arguments arrive whole; a NULL or a wrong shape is an error that says so.
select plan(33);
select is(deal_test.pass(7), 7, 'int4');
select throws_ok('select deal_test.pass(null)', '22004', 'argument 1 must not be null', 'a NULL argument names its position');
select isnt((select hint from deal_test.diagnose('select deal_test.pass(null)')), '', 'and has a HINT');
select is(deal_test.echo_text(t), t, 'text of ' || octet_length(t) || ' bytes')
  from unnest(array['', 'a', 'größer €', repeat('x', 100000)]) t;
create temp table stored (t text, a text[], j jsonb);
alter table stored alter t set storage external;
insert into stored values (repeat('abc', 100000), array[repeat('y', 100000), 'z'], jsonb_build_object('k', repeat('z', 100000)));
insert into stored values ('short', '{a}', '1');
select is(deal_test.echo_text(t), t, 'stored text, toasted or short') from stored;
select is(deal_test.echo_array(a), a, 'stored arrays, toasted or short') from stored;
select is(deal_test.echo_json(j), j, 'stored jsonb, toasted or short') from stored;
select is(deal_test.echo_array('{}'::text[]), '{}', 'an empty array');
select is(deal_test.echo_array('{a,"b c",""}'::text[]), '{a,"b c",""}', 'an array of text');
select is(deal_test.echo_array('{relname,x}'::name[]), '{relname,x}', 'an array of names');
select is(deal_test.echo_array('[5:6]={a,b}'::text[]), '{a,b}', 'an array with bounds');
select throws_ok($$select deal_test.echo_array('{a,null}'::text[])$$, '22004', 'array element must not be null', 'a NULL element');
select throws_ok($$select deal_test.echo_array(null::text[])$$, '22004', 'argument 1 must not be null', 'a NULL array');
select throws_ok($$select deal_test.echo_array('{{a,b},{c,d}}'::text[])$$, '2202E', null, 'a two-dimensional array');
select throws_ok($$select deal_test.echo_array('{1,2}'::int[])$$, '42804', null, 'an array of another type than declared for');
select is(deal_test.echo_json(null), '{}', 'no jsonb is the empty object');
select is(deal_test.parse_json('{"b": 1, "a": [1.50, "ü"]}'), '{"a": [1.50, "ü"], "b": 1}', 'JSON text becomes jsonb');
select throws_ok($$select deal_test.parse_json('{"a"')$$, '22P02', null, 'invalid JSON text is the server''s error');
select is(deal_test.as_name(t)::text, t::name::text, 'name of ' || octet_length(t) || ' bytes, cut as the server cuts')
  from unnest(array['', 'plain', repeat('x', 63), repeat('x', 64), 'a' || repeat('ü', 40), repeat('€', 30)]) t;
select is(deal_test.milliseconds('1 day 2 seconds'), 86402000::bigint, 'an interval in milliseconds');
select is(deal_test.milliseconds('-1 month'), -2592000000::bigint, 'a month counts 30 days');
select is(deal_test.live(), 0::bigint, 'no C++ object is left');
select * from finish();
