-- The encoder's other duties: some columns only, treatments, settings that don't matter, values that jsonb can't hold.
set client_min_messages = warning;
select plan(73);
create temp table thing (id int, name text, price numeric, at timestamptz, secret text);
insert into thing values (7, 'seven', 1.50, '2026-11-28 07:00+00', 'pw'), (null, null, null, null, null);

-- Chosen columns
create function pg_temp.chosen_as_server(query text, width int, columns int[]) returns bool language plpgsql as $$
declare
  result bool;
begin
  execute format($sql$
    select deal_test.jsonb_bytes(deal_test.encode(the_row, $1)) = deal_test.jsonb_bytes(
        (select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(to_jsonb(the_row)) where substr(key, 2)::int = any ($1)))
    from (%s) the_row $sql$, query) using columns into result;
  return result;
end $$;
create function pg_temp.numbered(count int) returns text language sql as $$
  select 'select ' || string_agg(format('%s as %I', (array['7', '''text''::text', '1.50', 'null::int', 'true'])[1 + i % 5], 'c' || i), ', ')
  from generate_series(1, count) i $$;
select ok(pg_temp.chosen_as_server(pg_temp.numbered(200), 200, columns), 'columns ' || left(columns::text, 40))
  from (values ('{}'::int[]), ('{1}'), ('{200}'), ('{64}'), ('{65}'), ('{1,63,64,65,66,128,129,200}')) s(columns)
  union all select ok(pg_temp.chosen_as_server(pg_temp.numbered(200), 200, array_agg(i)), count(*) || ' columns, each ' || step || 'th')
  from generate_series(1, 200) i, generate_series(1, 9) step where i % step = 0 group by step;
select is(deal_test.encode(t, '{1,2}', 'pippp'), '{"id": 7}', 'an ignored column is left out also if chosen') from thing t where id = 7;
select is((select array_agg(e) from deal_test.encode_rows('thing', '{3}') e), array['{"price": 1.50}', '{"price": null}']::jsonb[], 'chosen columns of stored rows');

-- Treatments
select is(deal_test.encode(t, null, 'ippir'), '{"name": "seven", "price": 1.50, "secret": null}', 'ignored columns are absent, redacted ones null') from thing t where id = 7;
select is(deal_test.encode(t, null, 'iiiii'), '{}', 'all ignored') from thing t where id = 7;
select is(deal_test.encode(t, null, 'iiiih', 'salt')->>'secret', encode(sha256('saltpw'), 'hex'), 'sha256 of salt and text') from thing t where id = 7;
select is(deal_test.encode(t, null, 'iiiih', '')->>'secret', encode(sha256('pw'), 'hex'), 'an empty salt') from thing t where id = 7;
select is(deal_test.encode(t, null, 'hiihi', 's'), jsonb_build_object('id', encode(sha256('s7'), 'hex'), 'at', encode(sha256('s2026-11-28 07:00:00+00'), 'hex')),
          'other types by their text in UTC') from thing t where id = 7;
select is(deal_test.encode(t, null, 'hhhhh', 's'), '{"id": null, "name": null, "price": null, "at": null, "secret": null}', 'NULL stays null')
  from thing t where id is null;
select is(deal_test.encode(t, null, 'h')->>'j', encode(sha256('{"a": [1]}'), 'hex'), 'a jsonb by its text') from (select '{"a":[1]}'::jsonb as j) t;
select is(deal_test.encode(t, null, 'h')->>'j', encode(sha256(convert_to(repeat('x', 100000), 'UTF8')), 'hex'), 'long text') from (select repeat('x', 100000) as j) t;

-- Settings
create type duty as enum ('on');
create function duty_json(duty) returns json language sql as
  $$select json_build_object('at', timestamptz '2026-01-01 00:00+00', 'span', array[interval '1 day 1 hour']::text, 'f', array[0.1::float8]::text, 'b', '\x00'::bytea::text)$$;
create cast (duty as json) with function duty_json(duty);
create temp table varied (tz timestamptz, ts timestamp, d date, t time, ttz timetz, i interval, f4 float4, f8 float8, b bytea, p point, r tstzrange,
  mr datemultirange, tzs timestamptz[], ds date[], i_s interval[], fs float8[], bs bytea[], c regclass, o regproc, m money, du duty, dus duty[]);
insert into varied values ('2026-07-01 00:00+00', '2026-07-01', '2026-07-01', '01:02:03.4', '01:02:03+05', '1 year 2 days 03:04:05', 0.1, 1.0 / 3, '\x0041ff', '(0.1,2)',
  '[2026-07-01 00:00+00,)', '{[2026-07-01,2026-07-02)}', '{2026-07-01 00:00+00}', '{2026-07-01}', '{-1 day}', '{0.1}', '{"\\x00"}', 'thing', 'duty_json', 12.34,
  'on', '{on}');
set timezone = 'UTC';
create temp table standard as select e as plain from deal_test.encode_rows('varied') e;
alter table standard add hashed jsonb;
update standard set hashed = deal_test.encode(v, null, repeat('h', 22)) from varied v;
select is(plain - 'c' - 'o', to_jsonb(v) - 'c' - 'o', 'under the standard settings, what to_jsonb gives') from standard, varied v;
create function pg_temp.unshaken(setting text, value text) returns bool language plpgsql as $$
declare
  result bool;
begin
  perform set_config(setting, value, true);
  select s.plain = deal_test.encode(v) and s.hashed = deal_test.encode(v, null, repeat('h', 22))
      and current_setting(setting) = value into result from standard s, varied v;
  return result;
end $$;
select ok(pg_temp.unshaken(setting, value), setting || ' = ' || value || ' changes nothing, nor is changed')
  from (values ('TimeZone', 'America/New_York'), ('TimeZone', 'Asia/Kathmandu'), ('DateStyle', 'SQL, DMY'), ('DateStyle', 'Postgres, MDY'), ('DateStyle', 'German, DMY'),
          ('IntervalStyle', 'iso_8601'), ('IntervalStyle', 'sql_standard'), ('IntervalStyle', 'postgres_verbose'), ('bytea_output', 'escape'),
          ('extra_float_digits', '0'), ('extra_float_digits', '-15'), ('extra_float_digits', '3'), ('lc_monetary', 'C'), ('search_path', 'pg_catalog, public')) s(setting, value);
select is((select (plain->>'c') ~ '^pg_temp_\d+\.thing$' or plain->>'c' = 'thing' from standard), true, 'a regclass');
select is((select plain->>'o' from standard), 'public.duty_json', 'a function is named with its schema');
begin;
set local timezone = 'Asia/Kathmandu';
set local datestyle = 'German';
select is((select count(deal_test.encode(v)) from varied v), 1::int8, 'encoded in another zone and style');
select is(timestamptz '2026-01-01 00:00+00'::text, '01.01.2026 05:45:00 +0545', 'which are in force afterwards');
rollback;

-- A cast that fails is the statement's error and leaves the settings alone; one that gives NULL is null.
create type trouble as enum ('raise', 'null');
create function trouble_json(trouble) returns json language plpgsql as
  $$begin if $1 = 'raise' then raise 'no json today' using errcode = 'P0042'; end if; return null; end$$;
create cast (trouble as json) with function trouble_json(trouble);
set timezone = 'Asia/Kathmandu';
select throws_ok($$select deal_test.encode(t) from (select 'raise'::trouble as v) t$$, 'P0042', null, 'a cast that fails');
select is(timestamptz '2026-01-01 00:00+00'::text, '2026-01-01 05:45:00+05:45', 'the zone is the session''s afterwards');
select is(current_setting('timezone'), 'Asia/Kathmandu', 'and so is the setting');
set timezone = 'UTC';
select is(deal_test.encode(t), '{"v": null, "w": 1}', 'a cast that gives NULL') from (select 'null'::trouble as v, 1 as w) t;

-- A cast whose code encodes a row itself.
create type again as enum ('again');
create temp table agains (v again, t text);
create function again_json(again) returns json language plpgsql as
  $$begin return (select json_agg(e) from deal_test.encode_rows('thing') e); end$$;
create cast (again as json) with function again_json(again);
insert into agains select 'again', repeat('t', i) from generate_series(1, 50) i;
select is((select jsonb_agg(e) from deal_test.encode_rows('agains') e), (select jsonb_agg(to_jsonb(a)) from agains a), 'a cast that encodes');

-- A cast that is dropped while an encoder is in use: the rest of the rows have the type's text.
create type fading as enum ('x', 'y');
create temp table fadings (i int, v fading);
create function fading_json(fading) returns json language plpgsql as
  $$begin if $1 = 'y' then drop cast (fading as json); end if; return '1'; end$$;
create cast (fading as json) with function fading_json(fading);
insert into fadings values (1, 'x'), (2, 'y'), (3, 'x');
select is((select jsonb_agg(e->'v') from deal_test.encode_rows('fadings') e), '[1, 1, "x"]', 'a cast that is dropped meanwhile');

-- What json holds and jsonb doesn't
create function pg_temp.as_jsonb(document json) returns jsonb language plpgsql as $$
begin
  return document::jsonb;
exception when others then
  return to_jsonb(document::text);
end $$;
select is(deal_test.encode(t)->'v', pg_temp.as_jsonb(v), 'json ' || left(v::text, 30))
  from (values ('"\u0000"'::json), ('{"\u0000": 1}'), ('"\\u0000"'), ('"\ud800"'), ('"\udc00x"'), ('"\ud83d\ude00"'), ('"\ud83d\ud83d"'), ('[1e131071]'), ('[1e131072]'),
          ('1e-16383'), ('1e-16384'), ('0.5e-16383'), ('1e999999999999'), ('-1E+5'), ('"1e999999"'), ('{"a": {"b": ["\u0041"]}}')) t(v);
select is(jsonb_typeof(deal_test.encode(t)->'v'), type, depth || ' levels of json')
  from (values (1000, 'array'), (1001, 'string'), (3000, 'string')) s(depth, type), lateral (select (repeat('[', depth) || repeat(']', depth))::json as v) t;
select is(deal_test.encode(t)->'v', to_jsonb(t)->'v', 'nested as deep as is converted')
  from (select (repeat('{"a":[', 500) || repeat(']}', 500))::json as v) t;

-- Objects of more than 256 MB
create temp table huge (id int, a text, b text, c text, zz text);
insert into huge values (0, 'a', 'b', 'c', repeat('z', 110000000)), (1, repeat('a', 100000000), repeat('b', 95000000), repeat('c', 90000000), 'z'), (2, 'a', 'b', 'c', null);
select is(array_agg(array[e->>'id', length(e->>'a')::text, length(e->>'b')::text, length(e->>'c')::text, length(e->>'zz')::text]),
          array[array['0', '1', '1', '1', '110000000'], array['1', null, '95000000', '90000000', '1'], array['2', '1', '1', '1', null]],
          'the largest value of the row gives way, and nothing else')
  from deal_test.encode_rows('huge') e;
select is(deal_test.encode(t), '{"id": 1, "b": null, "a": "a"}', 'a value that is too large by itself')
  from (select 1 as id, convert_to(repeat('b', 140000000), 'UTF8') as b, 'a' as a) t;
select is(deal_test.encode(t), '{"id": 1, "l": null, "a": "a"}', 'an array whose elements are too large together')
  from (select 1 as id, array_fill(repeat('l', 90000000), array[3]) as l, 'a' as a) t;

select * from finish();
