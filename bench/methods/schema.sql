-- A small marketplace whose columns want every access method: deterministic data, about 200 MB in all.
create schema methods;
create extension if not exists pg_trgm;
create extension if not exists btree_gin;
create extension if not exists btree_gist;

-- The same "random" number in [0, 1) for the same row and purpose on every server.
create function methods.chance(n bigint, purpose text) returns double precision language sql immutable parallel safe as
$$select (pg_catalog.hashtextextended(purpose, n) & 1073741823)::double precision / 1073741824$$;

-- Words by Zipf's law: a few everywhere, most rare.
create function methods.word(n bigint, purpose text) returns text language sql immutable parallel safe as
$$select pg_catalog.substr(pg_catalog.md5(k::text), 1, 3 + (k % 6)::int)
  from (select pg_catalog.floor(pg_catalog.exp(methods.chance(n, purpose) * pg_catalog.ln(20000::float8)))::bigint as k) as rank$$;

create table methods.products (
  id bigint not null,
  tenant_id integer not null,
  sku text not null,
  title text not null,
  url text not null,
  tags text[] not null,
  attrs jsonb not null,
  price_cents integer not null,
  location point not null,
  availability daterange not null,
  search tsvector not null
);
insert into methods.products
select n, 1 + (methods.chance(n, 'tenant') ^ 3 * 200)::int, 'SKU-' || pg_catalog.upper(pg_catalog.md5(n::text)),
  title, 'https://shop.example.com/catalogue/' || (n % 97) || '/' || pg_catalog.md5(n::text) || '/' || pg_catalog.replace(title, ' ', '-'),
  (select pg_catalog.array_agg(distinct methods.word(n, 'tag' || t)) from pg_catalog.generate_series(1, 1 + (n % 6)::int) as t),
  pg_catalog.jsonb_build_object('brand', 'brand ' || (methods.chance(n, 'brand') ^ 2 * 900)::int,
    'color', (array['red', 'green', 'blue', 'black', 'white', 'grey'])[1 + (n % 6)::int],
    'weight', (methods.chance(n, 'weight') * 20000)::int,
    'features', pg_catalog.jsonb_build_array(methods.word(n, 'f1'), methods.word(n, 'f2')))
  || case when n % 5 = 0 then pg_catalog.jsonb_build_object('size', pg_catalog.jsonb_build_object('w', (n % 90)::int, 'h', (n % 70)::int)) else '{}' end,
  (pg_catalog.exp(methods.chance(n, 'price') * 9) * 100)::int,
  pg_catalog.point(methods.chance(n, 'x') * 180, methods.chance(n, 'y') ^ 2 * 90),
  pg_catalog.daterange(date '2023-01-01' + (methods.chance(n, 'from') * 700)::int,
                       date '2023-01-01' + (methods.chance(n, 'from') * 700)::int + 1 + (methods.chance(n, 'days') ^ 4 * 300)::int),
  pg_catalog.to_tsvector('simple', title || ' ' || body)
from (
  select n,
    (select pg_catalog.string_agg(methods.word(n, 'title' || w), ' ') from pg_catalog.generate_series(1, 3 + (n % 5)::int) as w) as title,
    (select pg_catalog.string_agg(methods.word(n, 'body' || w), ' ') from pg_catalog.generate_series(1, 10 + (n % 21)::int) as w) as body
  from pg_catalog.generate_series(1, 60000::bigint) as n
) as texts;

-- Appended in time order, with late arrivals.
create table methods.events (
  id bigint not null,
  at timestamptz not null,
  product_id bigint not null,
  client inet not null,
  session uuid not null,
  kind text not null,
  query text
);
insert into methods.events
select n, timestamptz '2024-01-01 00:00+00' + n * interval '25 s' - case when n % 400 = 0 then interval '3 days' else interval '0' end,
  1 + (methods.chance(n, 'product') ^ 2 * 60000)::int,
  (pg_catalog.host(pg_catalog.inet '10.0.0.0' + (methods.chance(n, 'net') ^ 2 * 300)::bigint * 65536 + (methods.chance(n, 'host') * 9000)::bigint))::inet,
  pg_catalog.md5((n / 7)::text)::uuid,
  (array['view', 'view', 'view', 'view', 'search', 'watch', 'offer'])[1 + (n % 7)::int],
  case when n % 7 = 4 then methods.word(n, 'q1') || ' ' || methods.word(n, 'q2') end
from pg_catalog.generate_series(1, 600000::bigint) as n;

vacuum (freeze, analyze) methods.products, methods.events;
