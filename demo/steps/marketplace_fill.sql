-- The product's own schema: installed by one call, then filled as an importer would. Two tenants, 2,000 products of five
-- categories, 3,000 offers with half a year of weekly prices, 400 users. The same rows on every run but for the times,
-- which end now: all "randomness" is md5.
set timezone = 'UTC';
set synchronous_commit = off;
create extension if not exists pg_trgm;
create extension if not exists pgcrypto;
select deal_advisor.marketplace_install('market', '{"currency": "EUR"}');
set search_path = market, pg_catalog;
select ensure_partitions('price_history', 8, 1) \g /dev/null

-- u(i, salt): a number in [0, 1) for row i, another sequence for each salt.
create function pg_temp.u(i bigint, salt bigint) returns float8 language sql immutable return
  ('x' || left(md5(i || ':' || salt), 8))::bit(32)::bigint / 4294967296.0::float8;
create function pg_temp.pick(words text[], x float8) returns text language sql immutable return
  words[1 + floor(cardinality(words) * x)::int];

insert into tenants (id, name, slug) overriding system value values (1, 'Dealbird', 'dealbird'), (2, 'Sparfuchs', 'sparfuchs');
insert into users (tenant_id, id, email, display_name, status, sells)
select 1 + i % 2, i, 'user' || i || '@example.com',
       pg_temp.pick('{Ada,Ben,Chiara,Deniz,Eva,Femi,Greta,Hugo,Ines,Jonas}', pg_temp.u(i, 1)) || ' ' ||
       pg_temp.pick('{Berg,Costa,Diaz,Engel,Fabre,Kaya,Lang,Moreau,Novak,Rossi}', pg_temp.u(i, 2)), 'active', i % 5 = 0
  from generate_series(1, 400) as i;
insert into retailers (id, name, slug, country)
select i, name, lower(name), 'DE' from unnest('{Hertie,Kaufgut,Megamart,Techhaus,Zimmermann}'::text[]) with ordinality as r (name, i);
insert into brands (id, name, slug)
select i, name, lower(name) from unnest('{Auralis,Brevo,Corvid,Dynex,Elmo,Fjord}'::text[]) with ordinality as b (name, i);
insert into categories (id, parent_id, name, slug)
values (1, null, 'Electronics', 'electronics'), (2, 1, 'Headphones', 'headphones'), (3, 1, 'Phones', 'phones'),
       (4, 1, 'Laptops', 'laptops'), (5, null, 'Kitchen', 'kitchen'), (6, 5, 'Coffee machines', 'coffee-machines');
insert into attribute_definitions (tenant_id, category_id, key, type, unit, choices)
select t, v.* from generate_series(1, 2) as t, (values
  (null::bigint, 'color', 'choice'::attribute_type, null, '{black,white,red,blue}'::text[]),
  (2, 'wireless', 'boolean', null, null), (4, 'ram', 'number', 'GB', null)) as v;
insert into products (tenant_id, id, name, description, brand_id, category_id, attrs)
select 1 + i % 2, i,
       pg_temp.pick('{Pro,Air,Max,Lite,Classic,Studio}', pg_temp.u(i, 3)) || ' ' ||
       (array['wireless headphones', 'smart phone', 'laptop computer', 'coffee machine'])[k] || ' ' || 100 + i,
       pg_temp.pick(array['Made to last, with two years of warranty.', 'Small, light and quiet.', 'The best seller of last year.'], pg_temp.u(i, 4)),
       1 + floor(6 * pg_temp.u(i, 5)), (array[2, 3, 4, 6])[k],
       jsonb_build_object('color', pg_temp.pick('{black,white,red,blue}', pg_temp.u(i, 6)))
         || case k when 1 then '{"wireless": true}' when 3 then jsonb_build_object('ram', 8 << (i % 3)) else '{}' end
  from generate_series(1, 2000) as i, lateral (select (1 + floor(4 * pg_temp.u(i, 7)))::int as k) as kind;
insert into listings (tenant_id, id, product_id, retailer_id, url)
select 1 + p % 2, i, p, 1 + (i + i / 2001) % 5, 'https://shop.example/item/' || i
  from generate_series(1, 3000) as i, lateral (select case when i <= 2000 then i else i - 2000 end as p) as of_product;

-- Twenty-six weeks of prices that move a little around what is usual. Of each twenty offers two raise the price for
-- five weeks and then "reduce" it (6, 7), two are really cheaper today (2, 3); all claim to be 30 % off.
create function pg_temp.price(listing bigint, week int) returns bigint language sql immutable return
  (4900 + 140000 * power(pg_temp.u(listing, 8), 3))
    * (1 + 0.04 * (pg_temp.u(listing * 31 + week, 9) - 0.5) + 0.02 * pg_temp.u(listing * 17 + week / 4, 10))
    * case when listing % 20 in (6, 7) and week between 20 and 24 then 1.35 when listing % 20 in (2, 3) and week >= 25 then 0.72 else 1 end;
create function pg_temp.record_week(week int, of_tenant bigint) returns bigint language sql as $$
  select market.record_prices(array_agg(l.id), array_agg(date_trunc('hour', now()) - make_interval(days => 7 * (25 - week)) - make_interval(mins => (l.id % 60)::int)),
           array_agg(pg_temp.price(l.id, week)), array_agg(case when week >= 25 then (pg_temp.price(l.id, week) / 0.7)::bigint end))
    from market.listings as l where l.tenant_id = of_tenant
$$;
select set_config('marketplace.tenant_id', '1', false) \g /dev/null
select sum(pg_temp.record_week(week, 1)) from generate_series(0, 25) as week \g /dev/null
select set_config('marketplace.tenant_id', '2', false) \g /dev/null
select sum(pg_temp.record_week(week, 2)) from generate_series(0, 25) as week \g /dev/null
vacuum (analyze) products, listings, price_history, price_daily, users;
select (select count(*) from products) as products, (select count(*) from listings) as offers, (select count(*) from price_history) as prices,
       (select count(*) from users) as users, (select sum(n + absent) from price_daily) as observations;
