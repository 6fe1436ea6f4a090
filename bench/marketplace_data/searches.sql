-- The searches that are raced, for a large tenant, one of the middle and a small one: what the application calls, and what one would write
-- by hand with the tenant in the query, for the same rows. :queries of each kind and tenant.
\set ON_ERROR_STOP on
truncate bench.query;
create function pg_temp.ours(words text, filters jsonb, sort text, cursor text default null) returns text language sql as $$
  select format('select product_id as id, name, brand_name, category_id, best_price_minor, currency, best_listing_id, relevance, next_cursor from mp.search_products(%L, %L, %L, %L)', words, filters, sort, cursor);
$$;
create function pg_temp.by_hand(tenant bigint, key text, condition text, ranked bool, sort text) returns text language sql as $$
  select format('select f.id, f.name, f.brand_name, f.category_id, f.best_price_minor, f.currency, f.best_listing_id, %s as key from (', case when ranked then key else 'f.' || split_part(split_part(sort, ',', 1), ' ', 1) end)
    || case when ranked then format('select * from (select * from mp.products p where p.tenant_id = %s and p.deleted_at is null and %s offset 0) m order by m.id desc limit 5000', tenant, condition)
            else format('select * from mp.products p where p.tenant_id = %s and p.deleted_at is null and %s order by %s limit 20', tenant, condition, sort) end
    || ') f' || case when ranked then ' order by key desc, f.id desc limit 20' else '' end;
$$;
-- The place after 2,000 products (or what there is) in the order of price, as a cursor and as the hand would write it.
create table bench.deep as select t.tenant, null::text as cursor, null::bigint as price, null::bigint as product from unnest(array[1, 2, 30]) t (tenant);
do $$
declare
  deep record;
  page record;
  place text;
begin
  for deep in select * from bench.deep loop
    place := null;
    for n in 1 .. 20 loop
      perform set_config('marketplace.tenant_id', deep.tenant::text, true);
      select s.next_cursor, s.best_price_minor as price, s.product_id as product into page from mp.search_products(null, '{}', 'price_asc', place, 100) s offset 99;
      exit when not found or page.price is null;
      place := page.next_cursor;
      update bench.deep d set cursor = page.next_cursor, price = page.price, product = page.product where d.tenant = deep.tenant;
    end loop;
  end loop;
end $$;
with sample as (
    select p.*, p.tenant_id as tenant, split_part(p.name, ' ', 2) as one, split_part(p.description, ' ', 1) || ' ' || split_part(p.description, ' ', 2) as two, row_number() over (partition by p.tenant_id order by md5(p.id::text)) as n
      from mp.products p where p.tenant_id in (1, 2, 30)),
  word as (
    select s.*, format('ts_rank(f.search, websearch_to_tsquery(''english'', %L), 1)', w.words) as rank, format('p.search @@ websearch_to_tsquery(''english'', %L)', w.words) as has, w.kind, w.words
      from sample s cross join lateral (values ('one word', s.one), ('two words', s.two)) w (kind, words) where s.n <= :queries)
insert into bench.query
  select w.kind || ', by rank', w.tenant, pg_temp.ours(w.words, '{}', 'relevance'),
      pg_temp.by_hand(w.tenant, '(' || w.rank || ' * 1e6)::bigint', w.has, true, null) from word w
  union all
  select 'two words, by price', w.tenant, pg_temp.ours(w.words, '{}', 'price_asc'),
      pg_temp.by_hand(w.tenant, null, w.has, false, 'best_price_minor, p.id') from word w where w.kind = 'two words'
  union all
  select 'category and attributes, by price', s.tenant, pg_temp.ours(null, jsonb_build_object('category', s.category_id, 'in_stock', true, 'attributes', s.attrs - 'weight' - 'material'), 'price_asc'),
      pg_temp.by_hand(s.tenant, null, format('p.category_id = %s and p.best_price_minor is not null and p.attrs @> %L', s.category_id, s.attrs - 'weight' - 'material'), false, 'best_price_minor, p.id')
    from sample s where s.n <= :queries
  union all
  select 'attributes, newest', s.tenant, pg_temp.ours(null, jsonb_build_object('attributes', s.attrs - 'weight' - 'ram'), 'newest'),
      pg_temp.by_hand(s.tenant, null, format('p.attrs @> %L', s.attrs - 'weight' - 'ram'), false, 'created_at desc, p.id desc')
    from sample s where s.n <= :queries
  union all
  -- Every name is misspelt: no product has the word, names that look like it are ranked.
  select 'misspelt name', s.tenant, pg_temp.ours(m.name, '{}', 'relevance'),
      pg_temp.by_hand(s.tenant, format('(word_similarity(%L, f.name::text) * 1e6)::bigint', m.name), format('p.name::text %%> %L', m.name), true, null)
    from sample s cross join lateral (select regexp_replace(lower(s.one), '^(...)', '\1x') || lower(s.brand_name) || 'y' as name) m where s.n <= greatest(:queries / 4, 3)
  union all
  select 'all, by price, a deep page', s.tenant, pg_temp.ours(null, '{}', 'price_asc', d.cursor),
      pg_temp.by_hand(s.tenant, null, format('p.best_price_minor is not null and (p.best_price_minor, p.id) > (%s, %s)', d.price, d.product), false, 'best_price_minor, p.id')
    from sample s join bench.deep d on d.tenant = s.tenant where s.n <= :queries and d.cursor is not null;
drop table bench.deep;
