-- Tenants (number 1 has more than a fifth), users, products, listings, and a year of prices. SCALE 1: 1,000,000 users,
-- 1,000,000 products, 1,250,000 listings, 20,000,000 prices, of which 10,000 listings of tenant 1 have 90 each.
-- Prices lie on disk in the order of time, as they come in.
\set ON_ERROR_STOP on
set client_min_messages = warning;
set timezone = 'UTC';
set synchronous_commit = off;
set session_replication_role = replica;
set work_mem = '512MB';
set maintenance_work_mem = '1GB';
set jit = off;
set max_parallel_workers_per_gather = 0;
\ir ../lib/spread.sql
create function pg_temp.tenant_of(id bigint) returns bigint language sql immutable return
  pg_temp.pick(100, pg_temp.u(id, 1) * pg_temp.u(id, 1) * pg_temp.u(id, 1));
create function pg_temp.base_price(product bigint) returns float8 language sql immutable return
  500 + 200000 * pg_temp.u(product, 3) * pg_temp.u(product, 3) * pg_temp.u(product, 3);
select (1000000 * :scale)::bigint as users, (1000000 * :scale)::bigint as products, (10000 * :scale)::bigint as hot, now() as loaded_at \gset

\echo '  tenants, retailers, categories, brands, attributes'
insert into mp.tenants (id, name, slug) select i, 'Tenant ' || i, 'tenant-' || i from generate_series(1::bigint, 100) i;
insert into mp.retailers (id, name, slug) select i, 'Shop ' || i, 'shop-' || i from generate_series(1::bigint, 500) i;
insert into mp.brands (id, name, slug) select i, initcap(pg_temp.word(3000 + i)), 'brand-' || i from generate_series(1::bigint, 2000) i;
-- 20 roots, 8 branches each, 3 leaves on each branch
insert into mp.categories (id, parent_id, name, slug, path)
  select i, nullif(greatest((i - 21) / 8 + 1, 0), 0), 'Category ' || i, 'category-' || i,
         case when i <= 20 then i || '/' else (i - 21) / 8 + 1 || '/' || i || '/' end from generate_series(1::bigint, 180) i;
insert into mp.categories (id, parent_id, name, slug, path)
  select i, p.id, 'Category ' || i, 'category-' || i, p.path || i || '/'
    from generate_series(181::bigint, 660) i join mp.categories p on p.id = (i - 181) / 3 + 21;
insert into mp.attribute_definitions (tenant_id, key, type, unit, choices)
  select t.id, d.* from mp.tenants t, (values ('color', 'choice'::mp.attribute_type, null, string_to_array('black white grey blue red green pink gold', ' ')),
    ('ram', 'number', 'GB', null), ('weight', 'number', 'g', null), ('material', 'text', null, null)) d;

\echo '  users'
insert into mp.users (tenant_id, id, email, display_name, status, sells)
  select pg_temp.tenant_of(i), i, 'user' || i || '@example.com', initcap(pg_temp.word(pg_temp.pick(4000, pg_temp.u(i, 4)))) || ' ' || i, 'active', i % 5 = 0
    from generate_series(1::bigint, :users) i;

\echo '  sentences (temporary)'
create unlogged table load.sentences as
  select s as id, string_agg(pg_temp.word(pg_temp.zipf(20000, pg_temp.u(s * 9 + w, 5))), ' ' order by w) as text
    from generate_series(0::bigint, 39999) s, generate_series(1, 8) w group by s;
create unique index on load.sentences (id) include (text);
analyze load.sentences;

\echo '  prices'
create unlogged table load.offers as
  select o.*, pg_temp.base_price(o.product) * (0.9 + 0.2 * pg_temp.u(o.id, 6)) as base,
      case when o.tenant = 1 and row_number() over (partition by o.tenant order by o.id) <= :hot then 90 else 10 + floor(11.8 * pg_temp.u(o.id, 7)) end::int as points
    from (select l.id, pg_temp.tenant_of(l.product) as tenant, l.product, 1 + (pg_temp.pick(500, pg_temp.u(l.product, 8)) + 37 * l.n) % 500 as retailer
            from (select i as id, i as product, 0 as n from generate_series(1::bigint, :products) i
                  union all
                  select :products + i, 1 + 8 * ((i - 1) / 2), 1 + (i - 1) % 2 from generate_series(1::bigint, :products / 4) i) l) o;
insert into mp.price_history (tenant_id, listing_id, observed_at, price_minor, list_price_minor, source)
  select p.tenant, p.id, p.at, p.price, p.list_price, 'feed'
    from (select o.tenant, o.id, :'loaded_at'::timestamptz - interval '365 days' * (1 - (k + 0.98 * pg_temp.u(o.id * 100 + k, 9)) / o.points) as at,
            case when pg_temp.u(o.id * 100 + k, 10) >= 0.02 then floor(o.base * (0.8 + 0.4 * pg_temp.u(o.id * 100 + k, 11)))::bigint end as price,
            case when pg_temp.u(o.id * 100 + k, 12) < 0.2 then floor(o.base * 1.25)::bigint end as list_price
          from load.offers o, generate_series(0, o.points - 1) k) p
    order by (p.at at time zone 'UTC')::date, p.id;

\echo '  listings'
insert into mp.listings (tenant_id, id, product_id, retailer_id, last_price_minor, prev_price_minor, list_price_minor, low_30_minor, low_90_minor,
    low_365_minor, low_all_minor, last_changed_at, last_seen_at, in_stock)
  select o.tenant, o.id, o.product, o.retailer, h.price, h.prev, h.list_price, coalesce(least(h.low_30, h.price), h.low_90, h.low), coalesce(least(h.low_90, h.low_30, h.price), h.low), h.low, h.low, h.at,
      greatest(h.at, :'loaded_at'::timestamptz - pg_temp.u(o.id, 13) * interval '2 days'), h.price is not null
    from load.offers o
    join (select l.listing_id, max(l.observed_at) as at, max(l.price_minor) filter (where l.newest = 1) as price, max(l.price_minor) filter (where l.newest = 2) as prev,
              max(l.list_price_minor) filter (where l.newest = 1) as list_price, min(l.price_minor) as low,
              min(l.price_minor) filter (where l.observed_at >= :'loaded_at'::timestamptz - interval '30 days') as low_30,
              min(l.price_minor) filter (where l.observed_at >= :'loaded_at'::timestamptz - interval '90 days') as low_90
            from (select h.*, row_number() over (partition by h.listing_id order by h.observed_at desc) as newest from mp.price_history h) l
            group by l.listing_id) h on h.listing_id = o.id;

\echo '  products'
insert into mp.products (tenant_id, id, name, description, brand_id, brand_name, category_id, attrs, best_price_minor, best_listing_id, created_at)
  select pg_temp.tenant_of(p.id), p.id, initcap(b.name || ' ' || pg_temp.word(pg_temp.zipf(20000, pg_temp.u(p.id, 14))) || ' ' || pg_temp.word(pg_temp.zipf(20000, pg_temp.u(p.id, 15)))) || ' ' || p.id % 1000,
      d.text || ' ' || e.text, b.id, b.name, p.category,
      jsonb_build_object('color', (array['black', 'white', 'grey', 'blue', 'red', 'green', 'pink', 'gold'])[pg_temp.zipf(8, pg_temp.u(p.id, 16))],
        'ram', 2 ^ pg_temp.pick(6, pg_temp.u(p.id, 17)), 'weight', pg_temp.pick(5000, pg_temp.u(p.id, 18)), 'material', pg_temp.word(pg_temp.zipf(200, pg_temp.u(p.id, 19)))),
      l.price, l.listing, :'loaded_at'::timestamptz - interval '700 days' * (1 - p.id::float8 / (:products + 1))
    from (select i as id, 180 + pg_temp.pick(480, pg_temp.u(i, 20) * pg_temp.u(i, 20)) as category, pg_temp.pick(2000, pg_temp.u(i, 21) * pg_temp.u(i, 21)) as brand,
            pg_temp.pick(40000, pg_temp.u(i, 22)) - 1 as first, pg_temp.pick(40000, pg_temp.u(i, 23)) - 1 as second
          from generate_series(1::bigint, :products) i) p
    join mp.brands b on b.id = p.brand
    join load.sentences d on d.id = p.first
    join load.sentences e on e.id = p.second
    left join (select distinct on (l.product_id) l.product_id, l.last_price_minor as price, l.id as listing from mp.listings l where l.in_stock
               order by l.product_id, l.last_price_minor, l.id) l on l.product_id = p.id
    order by p.id;
