-- The audit log's encoder gives the bytes of to_jsonb(row), for every type and shape of row.
set client_min_messages = warning;
select plan(362);

-- How many rows of a query, made into records, differ from to_jsonb in a byte; null if it has no rows.
create function pg_temp.differing(query text) returns int8 language plpgsql
  set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres' set bytea_output = 'hex'
  set extra_float_digits = 1 set search_path = pg_catalog as $$
declare
  result int8;
begin
  execute format($sql$
    select nullif(count(*), 0) - count(*) filter (
        where deal_test.jsonb_bytes(deal_test.encode(the_row)) = deal_test.jsonb_bytes(to_jsonb(the_row)))
    from (%s) the_row $sql$, query) into result;
  return result;
end $$;
-- The same of a table's rows as they are stored, through one encoder.
create function pg_temp.differing_stored(relation regclass) returns int8 language plpgsql
  set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres' set bytea_output = 'hex'
  set extra_float_digits = 1 set search_path = pg_catalog set synchronize_seqscans = off as $$
declare
  result int8;
begin
  execute format($sql$
    select nullif(count(*), 0) - count(*) filter (
        where deal_test.jsonb_bytes(own) = deal_test.jsonb_bytes(server))
    from (select own, row_number() over () as n from deal_test.encode_rows(%L) own) a
      full join (select to_jsonb(the_row) as server, row_number() over () as n from %s the_row) b using (n) $sql$,
    relation, relation) into result;
  return result;
end $$;

-- Types
create temp table sample (type text, literal text);
insert into sample values
  ('bool', 't'), ('bool', 'f'), ('int2', '-32768'), ('int2', '0'), ('int4', '2147483647'), ('int4', '10000'),
  ('int8', '-9223372036854775808'), ('int8', '9223372036854775807'), ('int8', '100000000000000000'),
  ('oid', '0'), ('oid', '4294967295'), ('xid', '7'), ('xid8', '70000000000'), ('cid', '7'), ('tid', '(1,2)'),
  ('float4', '0'), ('float4', '-0'), ('float4', '1.5'), ('float4', '3.4028235e38'), ('float4', '1e-45'),
  ('float4', '16777216'), ('float4', 'NaN'), ('float4', 'Infinity'), ('float4', '-Infinity'), ('float4', '0.1'),
  ('float8', '0'), ('float8', '-0'), ('float8', '1.7976931348623157e308'), ('float8', '5e-324'), ('float8', '1e15'),
  ('float8', '123456789012345678'), ('float8', '1e-5'), ('float8', '0.0001'), ('float8', '-1234.5678'),
  ('float8', 'NaN'), ('float8', 'Infinity'), ('float8', '-Infinity'), ('float8', '2.2250738585072014e-308'),
  ('numeric', '0'), ('numeric', '0.00'), ('numeric', '-1.10'), ('numeric', 'NaN'), ('numeric', 'Infinity'),
  ('numeric', '-Infinity'), ('numeric', '1e131071'), ('numeric', '1e-16383'), ('numeric', '1e255'), ('numeric', '1e256'),
  ('numeric', '-1e-63'), ('numeric', '1e-64'), ('numeric(12,4)', '99999999.9999'), ('numeric(80,70)', '1.5'),
  ('money', '-12.34'), ('money', '1234567.89'),
  ('text', ''), ('text', 'größer "€" \ /'), ('text', repeat('long ', 1000)), ('varchar(5)', 'abc'), ('char(7)', 'ab'),
  ('bpchar', 'ab  '), ('"char"', 'x'), ('"char"', ''), ('name', 'relname'), ('name', repeat('n', 63)),
  ('refcursor', 'c'), ('bytea', ''), ('bytea', '\x00ff41'), ('uuid', '550e8400-e29b-41d4-a716-446655440000'),
  ('date', '2026-11-28'), ('date', '0001-01-01'), ('date', '0001-12-31 BC'), ('date', '4714-11-24 BC'),
  ('date', '9999-12-31'), ('date', '10000-01-01'), ('date', '5874897-12-31'), ('date', 'infinity'), ('date', '-infinity'),
  ('timestamp', '2026-11-28 07:00:00.123456'), ('timestamp', '2000-02-29 23:59:59.9'), ('timestamp', '1900-01-01'),
  ('timestamp', '4714-11-24 BC'), ('timestamp', '294276-12-31 23:59:59.999999'), ('timestamp', 'infinity'),
  ('timestamp', '-infinity'), ('timestamp', '0044-03-15 12:00 BC'),
  ('timestamptz', '2026-11-28 07:00:00.1+03'), ('timestamptz', '1847-12-01 00:00:00+00'), ('timestamptz', '4714-11-24+00 BC'),
  ('timestamptz', '294276-12-31 23:59:59.999999+00'), ('timestamptz', 'infinity'), ('timestamptz', '-infinity'),
  ('time', '24:00'), ('time', '01:02:03.4'), ('timetz', '01:02:03+05:30'), ('timetz', '00:00-01'),
  ('interval', '1 year -2 days 03:04:05.6'), ('interval', '-1 month'), ('bit(5)', '10110'), ('varbit', '101'),
  ('inet', '10.0.0.1/8'), ('inet', '::1'), ('cidr', '10.0.0.0/8'), ('macaddr', '08:00:2b:01:02:03'),
  ('macaddr8', '08:00:2b:01:02:03:04:05'), ('point', '(0.1,2)'), ('line', '{1,2,3}'), ('lseg', '[(0,0),(1,0.3)]'),
  ('box', '(2,2),(0,0.7)'), ('path', '((0,0),(1,1),(2,0.1))'), ('polygon', '((0,0),(1,1),(2,0))'), ('circle', '<(0,0.1),2>'),
  ('json', '{"z": [1, 2.50, {"y": null}], "a": "\u00e4", "a": 2}'), ('json', '"s"'), ('json', '1.0'), ('json', 'null'),
  ('json', ' true '), ('json', '[]'), ('json', '{}'), ('json', '-0.10e-3'), ('json', '"\ud83d\ude00\n"'),
  ('jsonb', '{"z": [1, 2.50, {"y": null}], "aa": "ä", "b": true}'), ('jsonb', '"s"'), ('jsonb', '""'), ('jsonb', '1.0'),
  ('jsonb', 'null'), ('jsonb', 'true'), ('jsonb', 'false'), ('jsonb', '[]'), ('jsonb', '{}'), ('jsonb', '[[[]], {}]'),
  ('jsonb', '123456789012345678901234567890.123'), ('jsonpath', '$.a[*] ? (@ > 1)'), ('xml', '<?xml version="1.0"?><a>1</a>'),
  ('tsvector', 'a:1 b:2A'), ('tsquery', 'a & !b'), ('pg_lsn', '16/B374D848'), ('pg_snapshot', '10:20:10,14'),
  ('txid_snapshot', '10:20:10,14'), ('regclass', 'pg_catalog.pg_class'), ('regclass', '0'), ('regtype', 'int4'),
  ('regproc', 'pg_catalog.now'), ('regprocedure', 'pg_catalog.abs(int4)'), ('regoper', 'pg_catalog.||/'),
  ('regoperator', 'pg_catalog.+(int4,int4)'), ('regconfig', 'english'), ('regdictionary', 'simple'),
  ('regcollation', '"C"'), ('regrole', 'pg_monitor'), ('regnamespace', 'pg_catalog'), ('aclitem', '=r/pg_monitor'),
  ('int2vector', '1 2 3'), ('int2vector', ''), ('oidvector', '1 4294967295'),
  ('int4range', '[1,5)'), ('int4range', 'empty'), ('int8range', '(,5)'), ('numrange', '[1.50,]'), ('daterange', '[2026-01-01,)'),
  ('tsrange', '[2026-01-01 10:00,2026-01-02)'), ('tstzrange', '[2026-01-01 10:00+05,2026-01-02 00:00+00)'),
  ('int4multirange', '{[1,2),[5,9)}'), ('int8multirange', '{}'), ('nummultirange', '{[1.0,2)}'),
  ('datemultirange', '{[2026-01-01,2026-01-05)}'), ('tsmultirange', '{[2026-01-01,2026-01-02)}'),
  ('tstzmultirange', '{[2026-01-01 00:00+02,2026-01-02 00:00+00)}');
select is(pg_temp.differing(format('select %L::%s as v', literal, type)), 0::int8, type || ' ' || left(literal, 50))
  from sample;
select is(pg_temp.differing(format($$select array[v, null, v] as list, array[[v], [v]] as grid, row(v, 1, null) as pair,
                                       array[row(v)] as pairs, v as after from (select %L::%s) s(v)$$, literal, type)),
          0::int8, 'in arrays and composites: ' || type || ' ' || left(literal, 50))
  from sample where type not in ('int2vector', 'oidvector');  -- of these no array of arrays can be made
select is_empty($$
  select typname from pg_type
  where typtype in ('b', 'r', 'm') and typnamespace = 'pg_catalog'::regnamespace and typsubscript <> 'array_subscript_handler'::regproc
    -- stored by the server alone: below, in its catalogs
    and typname not in ('pg_node_tree', 'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list')
    -- only in indexes
    and typname not in ('gtsvector', 'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary')
    and oid <> all (select split_part(type, '(', 1)::regtype from sample)$$, 'no type of the server is left out');

-- Types of users
create schema types;
create type types.mood as enum ('sad', 'größer');
create domain types.positive as numeric check (value > 0);
create domain types.numbers as int[];
create type types.pair as (a int, gone text, "Long B" types.positive, n types.numbers);
alter type types.pair drop attribute gone;
create domain types.checked_pair as types.pair;
create type types.nest as (p types.pair, list types.checked_pair[], m types.mood, c timestamptz);
create type types.span as range (subtype = types.positive);
create type types.color as enum ('red');
create function types.color_json(types.color) returns json language sql as
  $$select json_build_object('name', $1::text, 'at', timestamptz '2026-01-01 00:00+00', 'f', 0.1::float8, 'i', interval '1 day 1 hour')$$;
create cast (types.color as json) with function types.color_json(types.color);
create extension hstore schema types;
create extension citext schema types;
create temp table own_types (
  e types.mood, d types.positive, n types.numbers, p types.pair, cp types.checked_pair, ne types.nest, ra types.span,
  co types.color, h types.hstore, ci types.citext, ps types.pair[], es types.mood[], cos types.color[]);
insert into own_types
  select 'größer', 1.50, '{1,null,3}', p, p, row(p, array[p::types.checked_pair, null, p::types.checked_pair], 'sad'::types.mood, timestamptz '2026-01-01 00:00+00')::types.nest, '[1.0,2)',
    'red', 'a=>1,b=>NULL', 'CiText', array[p, null], '{sad}', '{red,null}'
  from (select row(1, 2.50, '{}')::types.pair as p) s;
insert into own_types (ne) values (row(null, null, null, null));
select is(pg_temp.differing_stored('own_types'), 0::int8, 'enums, domains, composites, ranges, casts to json');
select is(pg_temp.differing('select * from pg_temp.own_types'), 0::int8, 'the same in records');
alter type types.pair add attribute added jsonb;
select is(pg_temp.differing_stored('own_types'), 0::int8, 'a composite that got an attribute');

-- Rows of the server's own catalogs, with arrays of any type, trees, acls
create temp table observed as select i % 7 as a, i % 5 as b, md5(i::text) as t, timestamptz '2026-01-01 00:00+00' + i * interval '1 hour' as at,
  array[i % 3] as l, i / 3.0 as n from generate_series(1, 3000) i;
create statistics observed_all (ndistinct, dependencies, mcv) on a, b from observed;
analyze observed;
create temp table compared as select c.oid::regclass as catalog, pg_temp.differing_stored(c.oid) as differing
  from pg_class c where relkind = 'r' and relnamespace = 'pg_catalog'::regnamespace;
select is_empty('select * from compared where differing > 0', 'rows of the catalogs');
select cmp_ok(count(differing), '>', 30::int8, 'most catalogs have rows') from compared;
select is(pg_temp.differing_stored('pg_catalog.pg_statistic'), 0::int8, 'values of any array type');
select is(pg_temp.differing_stored('pg_catalog.pg_statistic_ext_data'), 0::int8, 'extended statistics');

-- Shapes
create function pg_temp.wide(count int) returns text language sql as $$
  select 'select ' || coalesce(string_agg(format('%s as %I', (array['7', '''text''::text', '1.50', 'true', 'null::int',
      'timestamptz ''2026-01-01 00:00+00''', '''{"k": [1]}''::jsonb'])[1 + i % 7], repeat('k', i * 7 % 11) || i), ', '), '')
  from generate_series(1, count) i $$;
select is(pg_temp.differing(pg_temp.wide(count)), 0::int8, count || ' columns')
  from unnest(array[0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 70, 1600]) count;
select is((select count(*) from generate_series(1, 70) count where pg_temp.differing(pg_temp.wide(count)) <> 0), 0::int8, '1 to 70 columns');
select is(pg_temp.differing($$select 1 as "ü", 2 as a, 3 as "Z", 4 as "aé", 5 as b, 6 as "a b", 8 as $$ || quote_ident(repeat('x', 63)) ||
                            ', 9 as ' || quote_ident(repeat('€', 21)) || ', 10 as ' || quote_ident(repeat('x', 62) || 'w')), 0::int8, 'names');
select is(pg_temp.differing('select array_agg(i) as i, array_agg(i::text) as t, array_agg(null::int) as n, jsonb_agg(i) as j, jsonb_object_agg(i, i) as o
                             from generate_series(1, 100) i'), 0::int8, 'long arrays and objects');
select is(pg_temp.differing($$select '{}'::int[] as a, '[3:4]={1,2}'::int[] as b, '{{{1,2},{3,4}},{{5,6},{7,null}}}'::int8[] as c, '{}'::types.pair[] as d$$),
          0::int8, 'arrays without elements, with bounds, of three dimensions');

-- Storage
create temp table stored (id int, gone int, packed text, outside text, j jsonb, js json, n numeric, b bytea, a text[], p types.pair, l float8[]);
alter table stored alter packed set storage main, alter outside set storage external, alter j set storage external, alter b set storage external;
insert into stored select i, i, repeat('packed ', i * 50), repeat(md5(i::text), i * 40), jsonb_build_object('k', repeat('z', i * 900), 'n', i / 3.0),
    to_json(repeat('j', i * 1000)), (7 ^ i)::numeric, decode(repeat(md5(i::text), i * 30), 'hex'), array[repeat('a', i * 1000), null, 'b'],
    row(i, i + 0.5, array_fill(i, array[i * 100]), jsonb_build_array(i))::types.pair, array_fill(i / 7.0, array[i * 50])
  from generate_series(1, 40) i;
alter table stored drop column gone;
alter table stored add later text default 'missing', add latest timestamptz default '2026-01-01 00:00+00', add none int;
insert into stored (id) values (0);
select cmp_ok(pg_column_size(outside), '<', 20000, 'the test has values out of line') from stored where id = 1;
select is(pg_temp.differing_stored('stored'), 0::int8, 'compressed and toasted values, dropped and added columns');
select is(deal_test.jsonb_bytes(deal_test.encode(s, expand => true)), deal_test.jsonb_bytes(to_jsonb(s)), 'expanded arrays') from stored s where id = 3;

-- Many rows
set seed = 0.25;
create temp table many (id int8, i int, s int2, t text, v varchar(30), c char(8), n numeric, f4 float4, f8 float8, j jsonb, b bool,
  ts timestamp, tz timestamptz, d date, u uuid, by bytea, l int[], lt text[], tzs timestamptz[]);
insert into many
  select case when i % 11 > 0 then ((random() - 0.5) * 10 ^ (random() * 18.9))::int8 end, ((random() - 0.5) * 10 ^ (random() * 9.6))::int, i % 32768,
    repeat(md5(i::text), i % 5), left(md5(i::text), i % 30), left(md5(i::text), i % 9), ((random() - 0.5) * 10 ^ (random() * 40 - 20))::numeric / 7 ^ (i % 9),
    (random() - 0.5) * 10 ^ (random() * 70 - 35), (random() - 0.5) * 10 ^ (random() * 600 - 300),
    case i % 6 when 0 then to_jsonb(i) when 1 then to_jsonb(md5(i::text)) when 2 then 'null' when 3 then jsonb_build_object('a', i, md5(i::text), 1.50)
      when 4 then jsonb_build_array(i, null, jsonb_build_array(), true) end,
    i % 3 = 0, timestamp '2000-01-01' + (random() - 0.5) * interval '13000 years', timestamptz '2000-01-01 00:00+00' + (random() - 0.5) * interval '9000 years',
    date '2000-01-01' + ((random() - 0.5) * 3000000)::int, md5(i::text)::uuid, decode(left(md5(i::text), i % 16 * 2), 'hex'), array[i, null, -i],
    case when i % 2 = 0 then array[md5(i::text), null, ''] end, array[timestamptz '2000-01-01 00:00+00' + random() * interval '100 years']
  from generate_series(1, 6000) i;
select is((select count(*) from many), 6000::int8, 'the rows are there');
select is(pg_temp.differing_stored('many'), 0::int8, 'random rows');

select * from finish();
