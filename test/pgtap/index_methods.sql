-- Hypothetical indexes of every access method against the same indexes really built: plan, cost, size; and the errors
-- of CREATE INDEX.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists index_methods cascade;
create schema index_methods;
create extension if not exists pg_trgm;
create extension if not exists btree_gin;
create extension if not exists btree_gist;
create extension if not exists bloom;

-- Values by modular arithmetic and md5: the same on every server.
create table index_methods.products (
  id int primary key,
  tenant_id int not null,
  title text not null,
  url text not null,
  tags text[],
  attrs jsonb not null,
  location point not null,
  sold_in int4range not null,
  search tsvector not null,
  price int
);
insert into index_methods.products
select i, i * 7919 % 150, md5((i % 4001)::text) || ' ' || left(md5((i * 31)::text), 9), 'https://example.com/' || md5(i::text) || '/' || repeat('x', (i % 50)::int),
  case when i % 10 > 0 then array['t' || i % 40, 'u' || i * 7919 % 1009, 'v' || i % 6007] end,
  jsonb_build_object('brand', 'b' || i * 104729 % 701, 'color', (array['red', 'green', 'blue'])[1 + (i % 3)::int], 'n', i % 5003),
  point(i * 7919 % 10007 / 10.0, i * 104729 % 20011 / 10.0), int4range((i * 7919 % 50000)::int, (i * 7919 % 50000 + 1 + i % 400)::int),
  to_tsvector('simple', 'w' || i % 97 || ' w' || i * 7919 % 2003 || ' z' || i * 31 % 15013), case when i % 7 > 0 then (i * 613 % 9973)::int end
from generate_series(1, 24000::bigint) i;

create table index_methods.events (id int not null, at timestamptz not null, product_id int not null, client inet not null, session uuid not null, kind text);
insert into index_methods.events
select i, timestamptz '2024-01-01 00:00+00' + i * interval '20 s', 1 + i * 7919 % 24000, ('10.' || i % 3 || '.' || i * 31 % 251 || '.' || i * 7 % 241)::inet,
  md5((i / 5)::text)::uuid, case when i % 3 > 0 then 'k' || i % 4 end
from generate_series(1, 120000::bigint) i;

create table index_methods.tenants (id int primary key, name text not null, zone int4range not null, home point not null);
insert into index_methods.tenants select i, 't' || i, int4range((i * 300)::int, (i * 300 + 20)::int), point(i * 5, i * 9) from generate_series(1, 150::bigint) i;

create table index_methods.parted (gone int, id int not null, at timestamptz not null, tags text[], key uuid not null) partition by range (at);
create table index_methods.parted_1 partition of index_methods.parted for values from ('2024-01-01') to ('2024-02-01');
create table index_methods.parted_2 (key uuid not null, tags text[], id int not null, at timestamptz not null);
alter table index_methods.parted drop column gone;
alter table index_methods.parted attach partition index_methods.parted_2 for values from ('2024-02-01') to ('2024-03-01');
insert into index_methods.parted select i, timestamptz '2024-01-01 00:00+00' + i * interval '1 min', array['t' || i % 40, 'u' || i * 7919 % 1009], md5(i::text)::uuid
from generate_series(1, 80000::bigint) i;

vacuum (analyze) index_methods.products, index_methods.events, index_methods.tenants, index_methods.parted;

create function pg_temp.shape(plan text) returns text language sql immutable as
$$select regexp_replace(regexp_replace(plan, '\s+\(cost=[^)]*\)', '', 'g'), '(Scan|Scan Backward) (using|on) (ix|parted_[12]_\w+)( on|\n|$)', '\1\4', 'g')$$;

create function pg_temp.explained(query text, out plan text, out cost float8) language plpgsql as $$
declare line text;
begin
  for line in execute 'explain ' || query loop
    plan := concat_ws(E'\n', plan, line);
  end loop;
  cost := substring(plan from 'cost=[0-9.]+\.\.([0-9.]+)')::float8;
end $$;

create function pg_temp.near(what text, guess float8, truth float8, factor float8) returns text language sql as $$
select ok(greatest(guess / truth, truth / guess) <= factor, what)
  || case when greatest(guess / truth, truth / guess) <= factor then '' else E'\n' || diag(format('hypothetical %s, built %s', guess, truth)) end
$$;

-- Four tests: used, the plan and the cost of the built index (an expression's analysed, as the sample was), its size.
-- What is built is undone.
create function pg_temp.like_built(what text, definition text, query text, used bool default true) returns setof text language plpgsql as $$
declare
  guess record;
  truth record;
  bytes bigint;
  real bigint;
begin
  select * into guess from deal_advisor.index_what_if(query, array[definition]);
  bytes := deal_advisor.index_size(definition);
  begin
    execute definition;
    if exists (select from pg_index where indexrelid = 'index_methods.ix'::regclass and indexprs is not null) then
      execute format('analyze %s', (select indrelid::regclass from pg_index where indexrelid = 'index_methods.ix'::regclass));
    end if;
    select * into truth from pg_temp.explained(query);
    real := coalesce((select sum(pg_relation_size(relid)) from pg_partition_tree('index_methods.ix') where isleaf), pg_relation_size('index_methods.ix'));
    raise exception using errcode = 'UNDO1';
  exception when sqlstate 'UNDO1' then null;
  end;
  return next is(guess.used_indexes, case when used then array['ix'] else '{}' end, what || ': used');
  return next is(pg_temp.shape(guess.plan_after), pg_temp.shape(truth.plan), what || ': the plan of the built index');
  return next pg_temp.near(what || ': its cost', guess.cost_after, truth.cost, 1.05);
  return next pg_temp.near(what || ': its size', bytes + 8192, real + 8192, 1.5);
end $$;

begin;
select no_plan();
set local enable_seqscan = off;
set local max_parallel_workers_per_gather = 0;

-- Hash
select pg_temp.like_built('hash', 'create index ix on index_methods.products using hash (url)', 'select * from index_methods.products where url = ''https://example.com/x''');
select pg_temp.like_built('hash, inner side of a join', 'create index ix on index_methods.events using hash (product_id)',
  'select * from index_methods.tenants t join index_methods.products p on p.tenant_id = t.id join index_methods.events e on e.product_id = p.id where t.name = ''t7'' and p.price < 50');
select pg_temp.like_built('hash, many rows a key', 'create index ix on index_methods.events using hash (session)', 'select * from index_methods.events where session = md5(''7'')::uuid');
select pg_temp.like_built('hash, nulls and partial', 'create index ix on index_methods.events using hash (kind) where id < 30000',
  'select * from index_methods.events where kind = ''k2'' and id < 30000');
select pg_temp.like_built('hash of an expression', 'create index ix on index_methods.events using hash (upper(kind)) with (fillfactor = 50)',
  'select * from index_methods.tenants t, index_methods.events e where upper(e.kind) = ''K1'' and t.id = 3');
select pg_temp.like_built('hash on partitions', 'create index ix on index_methods.parted using hash (key)', 'select * from index_methods.parted where key = md5(''7'')::uuid');

-- BRIN
select pg_temp.like_built('brin', 'create index ix on index_methods.events using brin (at)',
  'select * from index_methods.events where at between ''2024-01-05'' and ''2024-01-06''');
select pg_temp.like_built('brin, 4 pages per range, second table', 'create index ix on index_methods.events using brin (at) with (pages_per_range = 4, autosummarize = on)',
  'select * from index_methods.tenants t, index_methods.events e where e.at < ''2024-01-01 06:00'' and t.id = 4');
select pg_temp.like_built('brin, 512 pages per range', 'create index ix on index_methods.events using brin (at) with (pages_per_range = 512)',
  'select * from index_methods.events where at < ''2024-01-02''');
select pg_temp.like_built('brin, 1 page per range', 'create index ix on index_methods.events using brin (id, at) with (pages_per_range = 1)',
  'select * from index_methods.events where id < 5000 and at < ''2024-01-03''');
select pg_temp.like_built('brin, minmax_multi', 'create index ix on index_methods.events using brin (at timestamptz_minmax_multi_ops (values_per_range = 16)) with (pages_per_range = 8)',
  'select * from index_methods.events where at < ''2024-01-03''');
select pg_temp.like_built('brin, bloom', 'create index ix on index_methods.events using brin (session uuid_bloom_ops (false_positive_rate = 0.05)) with (pages_per_range = 16)',
  'select * from index_methods.tenants t, index_methods.events e where e.session = md5(''7'')::uuid and t.id = 3');
select pg_temp.like_built('brin, inclusion', 'create index ix on index_methods.events using brin (client inet_inclusion_ops) with (pages_per_range = 32)',
  'select * from index_methods.events where client <<= ''10.1.0.0/16''');
select pg_temp.like_built('brin on partitions', 'create index ix on index_methods.parted using brin (at) with (pages_per_range = 8)',
  'select * from index_methods.parted where at between ''2024-01-30'' and ''2024-02-02''');
select pg_temp.like_built('brin of an expression', 'create index ix on index_methods.events using brin ((id / 10)) with (pages_per_range = 16)',
  'select * from index_methods.tenants t, index_methods.events e where e.id / 10 < 50 and t.id = 3');
select pg_temp.like_built('brin of an expression, partial', 'create index ix on index_methods.events using brin ((id / 10)) with (pages_per_range = 16) where kind = ''k1''',
  'select * from index_methods.events where id / 10 < 50 and kind = ''k1''');

-- GIN
select pg_temp.like_built('gin, jsonb_ops', 'create index ix on index_methods.products using gin (attrs)', 'select * from index_methods.products where attrs @> ''{"brand": "b7"}''');
select pg_temp.like_built('gin, jsonb_ops, key exists', 'create index ix on index_methods.products using gin (attrs)', 'select * from index_methods.products where attrs ?| array[''b7'', ''b8'']');
select pg_temp.like_built('gin, jsonb_path_ops, second table', 'create index ix on index_methods.products using gin (attrs jsonb_path_ops)',
  'select * from index_methods.tenants t join index_methods.products p on p.tenant_id = t.id where p.attrs @> ''{"brand": "b7", "color": "red"}''');
select pg_temp.like_built('gin, jsonb_path_ops, inner side', 'create index ix on index_methods.products using gin (attrs jsonb_path_ops)',
  'select * from index_methods.tenants t cross join lateral (select * from index_methods.products p where p.attrs @> jsonb_build_object(''n'', t.id)) x where t.id < 4');
select pg_temp.like_built('gin, array, overlaps', 'create index ix on index_methods.products using gin (tags)', 'select * from index_methods.products where tags && array[''t7'', ''u8'']');
select pg_temp.like_built('gin, array, contains', 'create index ix on index_methods.products using gin (tags) with (fastupdate = off)', 'select * from index_methods.products where tags @> array[''t7'', ''u8'']');
select pg_temp.like_built('gin, one scan for each of several values', 'create index ix on index_methods.products using gin (tenant_id, tags)',
  'select * from index_methods.products where tenant_id = any (array[7, 8, 9]) and tags @> array[''u8'']');
select pg_temp.like_built('gin, tsvector', 'create index ix on index_methods.products using gin (search)', 'select * from index_methods.products where search @@ ''w7 & z9''::tsquery');
select pg_temp.like_built('gin, tsvector prefix', 'create index ix on index_methods.products using gin (search)', 'select * from index_methods.products where search @@ ''z77:*''::tsquery');
select pg_temp.like_built('gin, to_tsvector of a column', 'create index ix on index_methods.products using gin (to_tsvector(''simple'', title))',
  'select * from index_methods.products where to_tsvector(''simple'', title) @@ ''abc''::tsquery');
select pg_temp.like_built('gin, trigrams', 'create index ix on index_methods.products using gin (title gin_trgm_ops)', 'select * from index_methods.products where title like ''%abcde%''');
select pg_temp.like_built('gin, trigrams, parameter', 'create index ix on index_methods.products using gin (title gin_trgm_ops)', 'select * from index_methods.products where title % ''0cc175b9''');
select pg_temp.like_built('gin, scalar types', 'create index ix on index_methods.products using gin (tenant_id, tags)', 'select * from index_methods.products where tenant_id = 7 and tags @> array[''t7'']');
select pg_temp.like_built('gin, range of a scalar', 'create index ix on index_methods.events using gin (product_id)', 'select * from index_methods.events where product_id between 7 and 99');
select pg_temp.like_built('gin, in a loop', 'create index ix on index_methods.events using gin (product_id)',
  'select * from index_methods.products p join index_methods.events e on e.product_id = p.id where p.id < 40');
select pg_temp.like_built('gin, partial', 'create index ix on index_methods.products using gin (tags) where price < 1000', 'select * from index_methods.products where tags @> array[''u7''] and price < 1000');
select pg_temp.like_built('gin on partitions', 'create index ix on index_methods.parted using gin (tags)', 'select * from index_methods.parted where tags @> array[''u7'']');

-- GiST
select pg_temp.like_built('gist, range', 'create index ix on index_methods.products using gist (sold_in)', 'select * from index_methods.products where sold_in @> 77');
select pg_temp.like_built('gist, range, inner side', 'create index ix on index_methods.products using gist (sold_in)',
  'select * from index_methods.tenants t join index_methods.products p on p.sold_in && t.zone where t.id < 4');
select pg_temp.like_built('gist, points', 'create index ix on index_methods.products using gist (location)', 'select * from index_methods.products where location <@ box ''(1,1),(9,9)''');
select pg_temp.like_built('gist, nearest', 'create index ix on index_methods.products using gist (location)', 'select * from index_methods.products order by location <-> point(7, 7) limit 5');
select pg_temp.like_built('gist, index only', 'create index ix on index_methods.products using gist (location) include (price)', 'select location, price from index_methods.products where location <@ box ''(1,1),(90,90)''');
select pg_temp.like_built('gist, network', 'create index ix on index_methods.events using gist (client inet_ops)', 'select * from index_methods.events where client << ''10.1.7.0/24''');
select pg_temp.like_built('gist, tsvector', 'create index ix on index_methods.products using gist (search)', 'select * from index_methods.products where search @@ ''w7 & z9''::tsquery');
select pg_temp.like_built('gist, trigrams', 'create index ix on index_methods.products using gist (title gist_trgm_ops (siglen = 32))', 'select * from index_methods.products where title like ''%abcde%''');
select pg_temp.like_built('gist, scalar and range', 'create index ix on index_methods.products using gist (tenant_id, sold_in)', 'select * from index_methods.products where tenant_id = 7 and sold_in @> 77');
select pg_temp.like_built('gist, scalar with nulls', 'create index ix on index_methods.products using gist (price)', 'select * from index_methods.products where price < 7');
select pg_temp.like_built('gist, partial, second table', 'create index ix on index_methods.products using gist (sold_in) where price < 1000',
  'select * from index_methods.tenants t, index_methods.products p where p.sold_in @> 77 and p.price < 1000 and t.id = 7');

-- SP-GiST
select pg_temp.like_built('spgist, text', 'create index ix on index_methods.products using spgist (title)', 'select * from index_methods.products where title ^@ ''abc''');
select pg_temp.like_built('spgist, text, inner side', 'create index ix on index_methods.products using spgist (url)',
  'select * from index_methods.tenants t join index_methods.products p on p.url = t.name where t.id < 4');
select pg_temp.like_built('spgist, points', 'create index ix on index_methods.products using spgist (location)', 'select * from index_methods.products where location <@ box ''(1,1),(9,9)''');
select pg_temp.like_built('spgist, points, k-d', 'create index ix on index_methods.products using spgist (location kd_point_ops)', 'select location from index_methods.products where location <@ box ''(1,1),(9,9)''');
select pg_temp.like_built('spgist, nearest', 'create index ix on index_methods.products using spgist (location)', 'select * from index_methods.products order by location <-> point(7, 7) limit 5');
select pg_temp.like_built('spgist, range', 'create index ix on index_methods.products using spgist (sold_in) include (price)', 'select sold_in, price from index_methods.products where sold_in @> 77');
select pg_temp.like_built('spgist, network', 'create index ix on index_methods.events using spgist (client)', 'select * from index_methods.events where client << ''10.1.7.0/24''');

-- What CREATE INDEX refuses, index_size refuses alike.
create function pg_temp.refused_alike(definition text, code text) returns setof text language plpgsql as $$
declare message text;
begin
  begin
    execute definition;
  exception when others then
    message := sqlerrm;
    return next is(sqlstate, code, 'CREATE INDEX refuses: ' || definition);
  end;
  return next throws_ok(format('select deal_advisor.index_size(%L)', definition), code, message, 'so does index_size: ' || definition);
end $$;
select pg_temp.refused_alike('create index on index_methods.products using hash (tenant_id, price)', '0A000');
select pg_temp.refused_alike('create unique index on index_methods.products using hash (id)', '0A000');
select pg_temp.refused_alike('create unique index on index_methods.products using gist (location)', '0A000');
select pg_temp.refused_alike('create index on index_methods.products using gin (tags) include (price)', '0A000');
select pg_temp.refused_alike('create index on index_methods.products using brin (id) include (price)', '0A000');
select pg_temp.refused_alike('create index on index_methods.products using spgist (location, title)', '0A000');
select pg_temp.refused_alike('create index on index_methods.products using gin (tags desc)', '0A000');
select pg_temp.refused_alike('create index on index_methods.products using brin (id nulls first)', '0A000');
select pg_temp.refused_alike('create index on index_methods.products using gin (location)', '42704');
select pg_temp.refused_alike('create index on index_methods.products using gist (attrs)', '42704');
select pg_temp.refused_alike('create index on index_methods.products using gin (title)', '42704') where not exists (select from pg_opclass where opcintype = 'text'::regtype and opcmethod = 2742 and opcdefault);
select pg_temp.refused_alike('create index on index_methods.products using gin (tags jsonb_path_ops)', '42804');
select pg_temp.refused_alike('create index on index_methods.products using gist (location range_ops)', '42804');
select pg_temp.refused_alike('create index on index_methods.products using gin (title gist_trgm_ops)', '42704');
select pg_temp.refused_alike('create index on index_methods.products using nosuch (id)', '42704');
select pg_temp.refused_alike('create index on index_methods.products using brin (id) with (pages_per_range = 0)', '22023');
select pg_temp.refused_alike('create index on index_methods.products using brin (id) with (fillfactor = 70)', '22023');
select pg_temp.refused_alike('create index on index_methods.products using gin (tags) with (fastupdate = maybe)', '22023');
select pg_temp.refused_alike('create index on index_methods.products using gist (title gist_trgm_ops (siglen = 0))', '22023');
select pg_temp.refused_alike('create index on index_methods.products using gist (title gist_trgm_ops (length = 3))', '22023');
select pg_temp.refused_alike('create index on index_methods.products using gin (tags array_ops (siglen = 3))', '22023');
select pg_temp.refused_alike('create index on index_methods.products using gist (location) include (price desc)', '42P17');
select pg_temp.refused_alike('create index on index_methods.products using gist (location) include (title collate "C")', '42P17');
select throws_ok('select deal_advisor.index_size(''create index on index_methods.products using bloom (id)'')', '0A000',
  'access method "bloom" cannot be hypothetical', 'an access method without a size model');

-- Without SELECT nothing is read: no expression is evaluated, no value taken apart; statistics stand in.
create function index_methods.trap(value text) returns tsvector language plpgsql immutable as $$
begin
  raise exception 'evaluated' using errcode = 'TRAP1';
end $$;
create role index_methods_reader;
grant usage on schema index_methods to index_methods_reader;
select throws_ok('select deal_advisor.index_size(''create index on index_methods.products using gin (index_methods.trap(title))'')',
  'TRAP1', 'evaluated', 'the owner''s sample is taken apart');
set local role index_methods_reader;
select cmp_ok(deal_advisor.index_size(definition), '>', 16384::bigint, 'no right to read: ' || definition)
from unnest(array['using gin (index_methods.trap(title))', 'using gin (tags)', 'using gist (title gist_trgm_ops)', 'using gist (tenant_id, sold_in) where price > 7',
  'using spgist (title)', 'using hash (url)']) as method, format('create index on index_methods.products %s', method) as definition;
select cmp_ok(deal_advisor.index_size('create index on index_methods.events using brin (at, client inet_inclusion_ops) with (pages_per_range = 2)'), '>', 16384::bigint,
  'no right to read: brin');
reset role;
grant select (title) on index_methods.products to index_methods_reader;
set local role index_methods_reader;
select throws_ok('select deal_advisor.index_size(''create index on index_methods.products using gin (index_methods.trap(title) gin_trgm_ops)'')',
  '42804', null, 'an opclass of another type');
select is(deal_advisor.index_size('create index on index_methods.products using gin (title gin_trgm_ops)'),
  deal_advisor.index_size('create index on index_methods.products using gin (title gin_trgm_ops)'), 'the same twice, with the right to the column');
reset role;

-- Tables without rows, and values without keys.
create table index_methods.empty (a int[], b text, c point, d int);
create table index_methods.hollow as select case when i % 2 = 0 then '{}'::int[] end as a, null::text as b, null::point as c, null::int as d from generate_series(1, 20000) i;
analyze index_methods.hollow;
create function pg_temp.size_near(definition text) returns text language plpgsql as $$
declare
  guess bigint := deal_advisor.index_size(definition);
  real bigint;
begin
  begin
    execute definition;
    real := pg_relation_size('index_methods.ix');
    raise exception using errcode = 'UNDO1';
  exception when sqlstate 'UNDO1' then null;
  end;
  return pg_temp.near(definition, guess + 16384, real + 16384, 1.5);
end $$;
select pg_temp.size_near(format('create index ix on index_methods.%s %s', t, method))
from unnest(array['empty', 'hollow']) as t, unnest(array['using gin (a)', 'using gin (a, d)', 'using gin (b gin_trgm_ops)', 'using hash (d)', 'using brin (d)',
  'using brin (b, d)', 'using gist (c)', 'using gist (d, c) include (b)', 'using spgist (b)', 'using spgist (c) include (d)', 'using gist (c) where d > 0']) as method;

select * from finish();
rollback;
drop schema index_methods cascade;
drop extension bloom;
