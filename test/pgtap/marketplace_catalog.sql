-- The catalogue: categories, attributes, brands, best prices, search, cursors, tenants. Expects the catalogue in schema mp, with pricing.
create extension if not exists pg_trgm with schema public;
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp') \g /dev/null
select plan(161);
set local client_min_messages = warning;
select setseed(0.271828);
create role mp_app;
create role mp_nobody;
grant usage on schema mp to mp_app, mp_nobody;
grant select, insert, update, delete on all tables in schema mp to mp_app;
insert into mp.tenants (id, name, slug) values (911, 'One', 'catalog-one'), (912, 'Two', 'catalog-two');
insert into mp.database_roles (role_name, kind) values ('mp_app', 'application');
set local marketplace.tenant_id = '911';

-- Reference tables
insert into mp.retailers (id, name, slug) values (911, 'Shop', 'cat-shop'), (912, 'Other shop', 'cat-other');
insert into mp.brands (id, name, slug) values (911, 'Acme', 'cat-acme'), (912, 'Zenith', 'cat-zenith');
select throws_like($$insert into mp.retailers (name, slug, url) values ('x', 'x', 'ftp://x')$$, '%"retailers_url_form"%', 'a retailer''s address is of the web');
select throws_like($$insert into mp.retailers (name, slug, country) values ('x', 'x', 'de')$$, '%"retailers_country_form"%', 'a country is two capitals');
select throws_like($$insert into mp.retailers (name, slug) values ('x', 'cat-shop')$$, '%"retailers_slug_live"%', 'a living retailer has its slug alone');
select throws_like($$insert into mp.brands (name, slug) values ('x', 'cat-acme')$$, '%"brands_slug_live"%', 'and a living brand');
select throws_like($$insert into mp.brands (name, slug) values (' x', 'x-y')$$, '%"title_form"%', 'names have no spaces around them');
update mp.retailers set deleted_at = now() where id = 912;
select lives_ok($$insert into mp.retailers (id, name, slug) values (913, 'Other shop', 'cat-other')$$, 'a slug is free again when its retailer is deleted');

-- Categories
insert into mp.categories (id, parent_id, name, slug) values (9115, 9112, 'Phones', 'phones'), (9112, 9111, 'Mobile', 'mobile'), (9111, null, 'Electronics', 'cat-electronics'), (9113, 9111, 'Audio', 'audio'), (9119, null, 'Garden', 'cat-garden');
select results_eq('select path from mp.categories where id between 9111 and 9119 order by id', $$values ('9111/'::text collate "C"), ('9111/9112/'), ('9111/9113/'), ('9111/9112/9115/'), ('9119/')$$, 'paths are right whatever the order of the rows');
update mp.categories set parent_id = 9119 where id = 9112;
select results_eq('select path from mp.categories where id in (9112, 9115) order by id', $$values ('9119/9112/'::text collate "C"), ('9119/9112/9115/')$$, 'a node takes what is below it along');
update mp.categories set parent_id = case id when 9112 then 9113 else 9119 end where id in (9112, 9113);
select results_eq('select path from mp.categories where id in (9112, 9113, 9115) order by id', $$values ('9119/9113/9112/'::text collate "C"), ('9119/9113/'), ('9119/9113/9112/9115/')$$, 'moves of parent and child in one statement too');
select throws_ok('update mp.categories set parent_id = 9115 where id = 9113', '23514', 'category 9113 would be part of itself', 'no category under one of its own');
select throws_like('update mp.categories set parent_id = id where id = 9113', '%"categories_not_own_parent"%', 'nor under itself');
select throws_ok('update mp.categories set parent_id = case id when 9111 then 9119 else 9111 end where id in (9111, 9119)', '23514', null, 'nor two under each other at once');
select throws_like($$insert into mp.categories (name, slug, path) values ('x', 'x', '1/x/')$$, '%"categories_path_form"%', 'a path is made of numbers');
select throws_like($$insert into mp.categories (name, slug) values ('x', 'cat-garden')$$, '%"categories_slug_live"%', 'roots have slugs of their own');
select lives_ok($$insert into mp.categories (parent_id, name, slug) values (9111, 'Garden', 'cat-garden')$$, 'a slug may come again under another parent');
update mp.categories set path = '' where id in (9112, 9115);
select is(mp.refresh_category_paths(), 2::bigint, 'refresh_category_paths mends the wrong ones');
select is(mp.refresh_category_paths(), 0::bigint, 'and leaves the right ones');
update mp.categories set parent_id = 9111 where id = 9113;

-- Attribute definitions
select throws_like($$insert into mp.attribute_definitions (tenant_id, key, type) values (911, 'Ram', 'number')$$, '%"attribute_definitions_key_form"%', 'keys are lower-case');
select throws_like($$insert into mp.attribute_definitions (tenant_id, key, type, unit) values (911, 'ram', 'text', 'GB')$$, '%"attribute_definitions_unit_of_number"%', 'only numbers have units');
select throws_like($$insert into mp.attribute_definitions (tenant_id, key, type, unit) values (911, 'ram', 'number', '')$$, '%"attribute_definitions_unit_form"%', 'no empty unit');
select throws_like(format('insert into mp.attribute_definitions (tenant_id, key, type, choices) values (911, ''ram'', %L, %L)', t, c), '%"attribute_definitions_choices_fit"%', format('choices of a %s are not %s', t, coalesce(c, 'null')))
  from (values ('choice', null), ('choice', '{}'), ('choice', '{a,null}'), ('choice', '{{a,b}}'), ('number', '{a}')) v (t, c);
insert into mp.attribute_definitions (tenant_id, category_id, key, type, unit, choices, required, filterable) values
  (911, 9111, 'color', 'choice', null, '{red,blue}', false, true), (911, 9111, 'ram', 'number', 'GB', null, false, true), (911, 9115, 'ram', 'number', 'GB', null, true, true),
  (911, 9113, 'wireless', 'boolean', null, null, false, true), (911, 9111, 'note', 'text', null, null, false, false), (911, 9115, 'color', 'text', null, null, false, true);
select throws_like($$insert into mp.attribute_definitions (tenant_id, category_id, key, type) values (911, 9111, 'ram', 'text')$$, '%"attribute_definitions_key_live"%', 'a key once a category');
select is(mp.attribute_problems(9111, '{"color": "red", "ram": 8, "note": "x"}'), '{}', 'what fits has no problems');
select is(mp.attribute_problems(9111, '{"color": "pink"}'), array['attribute "color" must be one of red, blue, not "pink"'], 'a choice is one of its list');
select is(mp.attribute_problems(9111, '{"ram": "8"}'), array['attribute "ram" must be a number of GB, not "8"'], 'a number is no text');
select is(mp.attribute_problems(9111, '{"note": 8}'), array['attribute "note" must be a text, not 8'], 'a text is no number');
select is(mp.attribute_problems(9113, '{"wireless": "yes"}'), array['attribute "wireless" must be true or false, not "yes"'], 'a boolean is true or false');
select is(mp.attribute_problems(9113, '{"colour": "red", "ram": null}'), array['there is no attribute "colour" here', 'attribute "ram" must be a number of GB, not null'], 'all problems are told');
select is(mp.attribute_problems(9115, '{"color": "pink"}'), array['attribute "ram" is missing'], 'a subcategory''s definition counts before the inherited one');
select is(mp.attribute_problems(9119, '{"anything": [1]}'), '{}', 'where nothing is defined everything goes');
select is(mp.attribute_problems(9111, '[1]'), array['attributes must be a JSON object, not array'], 'attributes are an object');
select is(mp.attribute_problems(1234567, '{}'), array['category 1234567 does not exist'], 'an unknown category is told');
select is(mp.attribute_problems(9111, null), array['attributes must be a JSON object, not null'], 'null is no object');

-- Products
insert into mp.products (tenant_id, id, name, brand_id, category_id, attrs) values (911, 91100, 'Wonder phone', 911, 9115, '{"ram": 8}');
select throws_ok($$insert into mp.products (tenant_id, name, category_id) values (911, 'Bad phone', 9115)$$, '23514', 'attributes of product "Bad phone" are wrong: attribute "ram" is missing', 'a product without a required attribute is refused');
select throws_ok($$update mp.products set attrs = '{"ram": "x"}' where id = 91100$$, '23514', null, 'changed attributes are checked');
select throws_ok($$update mp.products set category_id = 9113, attrs = attrs || '{"color": "pink"}' where id = 91100$$, '23514', null, 'so are they for a new category');
select throws_like($$insert into mp.products (tenant_id, name, category_id, attrs) values (911, 'x', 9119, '[]')$$, '%JSON object%', 'attrs are an object');
alter table mp.products disable trigger attributes;
select throws_like($$insert into mp.products (tenant_id, name, attrs) values (911, 'x', '[]')$$, '%"products_attrs_object"%', 'a CHECK says so too');
alter table mp.products enable trigger attributes;
select throws_like($$insert into mp.products (tenant_id, name, description) values (911, 'x', repeat('x', 50001))$$, '%"products_description_length"%', 'a description has its limit');
select lives_ok($$insert into mp.products (tenant_id, name, description, deleted_at) select 911, 'Long', left(string_agg(md5(i::text) || 'é', ' '), 50000), now() from generate_series(1, 1500) i$$, 'and one of that length can be searched');
select throws_like($$insert into mp.products (tenant_id, name, created_at) values (911, 'x', 'infinity')$$, '%"products_created_at_finite"%', 'a product was made at a time');
select throws_like($$update mp.products set best_price_minor = 5 where id = 91100$$, '%"products_best_price_has_listing"%', 'a best price has a listing');
select throws_like($$insert into mp.products (tenant_id, name) values (911, '')$$, '%"title_form"%', 'a product has a name');
select is((select brand_name from mp.products where id = 91100), 'Acme', 'a product has its brand''s name');
update mp.brands set name = 'Acme Unlimited' where id = 911;
select is((select brand_name from mp.products where id = 91100), 'Acme Unlimited', 'and gets a new one');
update mp.products set brand_name = 'Forged' where id = 91100;
select is((select brand_name from mp.products where id = 91100), 'Acme Unlimited', 'nobody writes it by hand');
select is(mp.refresh_brand_names(), 0::bigint, 'so that there is nothing to refresh');
select is((select search @@ to_tsquery('english', 'wonder:a & acme:b & !acme:a') from mp.products where id = 91100), true, 'words of the name weigh A, the brand''s B');

-- Listings
insert into mp.listings (tenant_id, id, product_id, retailer_id) values (911, 911001, 91100, 911), (911, 911002, 91100, 913);
select throws_like(format('update mp.listings set %s where id = 911001', change), '%"' || check_name || '"%', 'listings: ' || check_name)
  from (values ($$url = 'javascript:x'$$, 'listings_url_form'), ('in_stock = true', 'listings_in_stock_has_price'), ('last_changed_at = now()', 'listings_changed_before_seen'),
    ('last_changed_at = now(), last_seen_at = now() - interval ''1 day''', 'listings_changed_before_seen'), ('prev_price_minor = 5', 'listings_price_was_seen'),
    ('low_30_minor = 5, low_90_minor = 6', 'listings_lows_fall'), ('low_90_minor = 5, low_365_minor = 6', 'listings_lows_fall'), ('low_365_minor = 5, low_all_minor = 6', 'listings_lows_fall'),
    ('list_price_minor = 0', 'price_minor_range'), ($$currency = 'eur'$$, 'currency_code_form')) v (change, check_name);
select throws_like('insert into mp.listings (tenant_id, product_id, retailer_id) values (911, 91100, 911)', '%"listings_offer_live"%', 'one living offer a product, retailer and condition');
select lives_ok($$insert into mp.listings (tenant_id, product_id, retailer_id, condition) values (911, 91100, 911, 'used')$$, 'a used one is another offer');
select mp.record_prices('{911001,911002}', array[now(), now()], '{500,400}');
select is((select best_listing_id from mp.products where id = 91100), 911002::bigint, 'the cheapest is the best');
update mp.listings set currency = 'USD' where id = 911002;
select is((select best_price_minor::bigint from mp.products where id = 91100), 500::bigint, 'another currency does not compete');
update mp.listings set currency = 'EUR' where id = 911002;
select is((select best_price_minor::bigint from mp.products where id = 91100), 400::bigint, 'the same does');
update mp.listings set deleted_at = now() where id = 911002;
select is((select best_price_minor::bigint from mp.products where id = 91100), 500::bigint, 'a deleted listing does not');
update mp.listings set deleted_at = null where id = 911002;
select results_eq('select listing_id, price_minor from mp.best_offers(91100)', 'values (911002::bigint, 400::bigint), (911001, 500)', 'best_offers: cheapest first');
select results_eq('select listing_id, is_best from mp.latest_prices(''{91100, 5}'')', 'values (911002::bigint, true), (911001, false), ((select id from mp.listings where product_id = 91100 and condition = ''used''), false)', 'latest_prices: all living listings');
select is((select reloptions from pg_class where oid = 'mp.listings'::regclass), '{fillfactor=65}', 'listings leave room on their pages');
select is_empty($$select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey) where i.indrelid = 'mp.listings'::regclass and a.attname ~ 'price|low|seen|changed|stock'$$, 'and none of their hot columns has an index');

-- A catalogue to search
insert into mp.products (tenant_id, id, name, description, brand_id, category_id, attrs, created_at)
  select case when i % 5 = 0 then 912 else 911 end, 920000 + i, (array['Phone', 'Speaker', 'Lamp', 'Camera'])[1 + i % 4] || ' model ' || i % 37 || ' ' || (array['super', 'mini', 'pro'])[1 + i % 3],
    case when i % 2 = 0 then 'A wonderful thing for phones' end, 911 + i % 2, (array[9111, 9112, 9113, 9119, null])[1 + floor(random() * 5)::int],
    jsonb_strip_nulls(jsonb_build_object('color', (array['red', 'blue', null])[1 + floor(random() * 3)::int], 'ram', case when random() < 0.7 then floor(random() * 8)::int end)), now() - make_interval(hours => i / 3)
  from generate_series(1, 1200) i;
insert into mp.listings (tenant_id, id, product_id, retailer_id) select p.tenant_id, p.id, p.id, 911 from mp.products p where p.id > 920000 and p.id % 4 <> 0;
select mp.record_prices(array_agg(l.id), array_agg(now()), array_agg(1 + l.id % 50)) from mp.listings l where l.id > 920000 and l.tenant_id = 911;
update mp.products set deleted_at = now() where id in (920001, 920002, 920003);

-- Paging: all pages of 7 together give every row once, in order.
create function pg_temp.pages(query text, filters jsonb, sort text, lim int) returns table (n bigint, product_id bigint, best_price_minor bigint, relevance real) language plpgsql as $$
declare hit record; place text; got int; i bigint := 0; begin
  loop
    got := 0;
    for hit in select * from mp.search_products(query, filters, sort, place, lim) loop
      i := i + 1; got := got + 1; place := hit.next_cursor;
      n := i; product_id := hit.product_id; best_price_minor := hit.best_price_minor; relevance := hit.relevance; return next;
    end loop;
    exit when got < lim;
  end loop;
end $$;
create temp table paged as
  select c.what, c.sort, p.* from (values ('all', null, '{}'), ('words', 'phones', '{}'), ('typo', 'spaeker', '{}'), ('category', null, '{"category": 9111}'), ('both', 'wonderful', '{"category": 9111, "in_stock": true}')) w (what, query, filters)
    cross join unnest('{relevance,price_asc,price_desc,newest}'::text[]) s (sort) cross join lateral (select w.what, s.sort) c cross join lateral pg_temp.pages(w.query, w.filters::jsonb, s.sort, 7) p;
create temp table belongs as
  select v.what, p.* from mp.products p cross join unnest('{all,words,typo,category,both}'::text[]) v (what) where p.tenant_id = 911 and p.deleted_at is null and case v.what
    when 'all' then true when 'words' then p.search @@ to_tsquery('english', 'phone') when 'typo' then p.name ~ 'Speaker' when 'category' then p.category_id in (9111, 9112, 9113, 9115)
    else p.search @@ to_tsquery('english', 'wonderful') and p.category_id in (9111, 9112, 9113, 9115) and p.best_price_minor is not null end;
select is((select count(distinct (what, sort))::int from paged), 20, 'every search finds something');
select is_empty($$select what, sort, product_id from paged group by 1, 2, 3 having count(*) > 1$$, 'no row comes twice');
select is_empty($$select s.sort, b.what, b.id from belongs b cross join unnest('{relevance,price_asc,price_desc,newest}'::text[]) s (sort) except select sort, what, product_id from paged$$, 'every row comes');
select is_empty($$select sort, what, product_id from paged except select s.sort, b.what, b.id from belongs b cross join unnest('{relevance,price_asc,price_desc,newest}'::text[]) s (sort)$$, 'and none that does not belong');
create temp view neighbours as select what, sort, best_price_minor as price, relevance, product_id as id, (select created_at from mp.products p where p.id = product_id and p.tenant_id = 911) as made,
  lead(best_price_minor) over w as next_price, lead(relevance) over w as next_relevance, lead(product_id) over w as next_id, lead((select created_at from mp.products p where p.id = product_id and p.tenant_id = 911)) over w as next_made from paged window w as (partition by what, sort order by n);
select is_empty($$select * from neighbours where sort = 'price_asc' and (coalesce(next_price, 1e9), next_id) < (coalesce(price, 1e9), id)$$, 'price_asc rises, rows without a price last');
select is_empty($$select * from neighbours where sort = 'price_desc' and (coalesce(next_price, 0), next_id) > (coalesce(price, 0), id)$$, 'price_desc falls, rows without a price last');
select is_empty($$select * from neighbours where sort = 'newest' and (next_made, next_id) > (made, id)$$, 'newest goes back in time');
select is_empty($$select * from neighbours where sort = 'relevance' and what in ('words', 'typo', 'both') and (next_relevance, next_id) > (relevance, id)$$, 'relevance falls');
select isnt((select count(distinct relevance) from paged where what = 'words' and sort = 'relevance'), 1::bigint, 'and differs');

-- Cursors
create temp table marker as select next_cursor as c from mp.search_products('phone', '{}', 'price_asc', null, 3) order by best_price_minor desc, product_id desc limit 1;
select throws_ok(format('select * from mp.search_products(%L, %L, %L, %L)', q, f, s, (select c from marker)), '22023', 'the cursor does not belong to this search', 'a cursor is not for ' || what)
  from (values ('lamp', '{}', 'price_asc', 'another query'), ('phone', '{"in_stock": true}', 'price_asc', 'other filters'), ('phone', '{}', 'price_desc', 'another sort')) v (q, f, s, what);
create function pg_temp.refused(place text) returns boolean language plpgsql as $$
begin perform mp.search_products('phone', '{}', 'price_asc', place); return false; exception when invalid_parameter_value then return true; end $$;
select is((select count(*)::int from marker, generate_series(1, length(c)) i, unnest('{0,7,f}'::text[]) d where substr(c, i, 1) <> d and not pg_temp.refused(overlay(c placing d from i for 1))), 0, 'a cursor with any character changed is refused');
select is((select bool_and(pg_temp.refused(x)) from unnest(array['', 'x', '00', repeat('61', 50), repeat('c3', 30), E'\\x00', (select c || c from marker), (select left(c, -2) from marker), (select upper(c) from marker)]) x), true, 'and whatever else is none');
select is(pg_temp.refused(mp.search_cursor('911price_asc{}phone', 'words', 7, 920004)), false, 'what search_cursor() makes is taken');
set local marketplace.tenant_id = '912';
select is(pg_temp.refused((select c from marker)), true, 'another tenant''s cursor is refused');
set local marketplace.tenant_id = '911';

-- Arguments
select throws_ok($$select * from mp.search_products('x', '{"colour": 1}')$$, '22023', 'unknown filter "colour"', 'unknown filters are errors');
create function pg_temp.hint_of(statement text) returns text language plpgsql as $$ declare h text; begin execute statement; return null; exception when others then get stacked diagnostics h = pg_exception_hint; return h; end $$;
select is(pg_temp.hint_of($$select * from mp.search_products('x', '{"colour": 1}')$$), 'Filters are category, brand, price_min, price_max, in_stock, attributes.', 'with a hint what there is');
select throws_ok(format('select * from mp.search_products(null, %L)', f), '22023', null, 'refused: ' || f) from unnest(array['[]', '{"category": "x"}', '{"category": 77777777}', '{"category": null}', '{"brand": -1}', '{"price_min": 1.5}', '{"price_max": 1e300}', '{"in_stock": "yes"}', '{"attributes": []}',
  '{"attributes": {"ram": {}}}', '{"attributes": {"ram": {"min": "1"}}}', '{"attributes": {"ram": {"low": 1}}}', '{"attributes": {"color": []}}', '{"attributes": {"color": [["red"]]}}', '{"attributes": {"color": null}}', '{"attributes": {"note": "x"}}']) f;
select throws_ok('select * from mp.search_products(null, null)', '22023', 'filters must be a JSON object', 'null is no filters');
select throws_ok('select * from mp.search_products(sort => ''cheap'')', '22023', 'unknown sort "cheap"', 'unknown sorts are errors');
select throws_ok('select * from mp.search_products(sort => null)', '22023', null, 'null is no sort');
select throws_ok(format('select * from mp.search_products(lim => %s)', coalesce(l, 'null')), '22023', 'lim must be between 1 and 1000', 'no limit of ' || coalesce(l, 'null')) from unnest('{0,-1,1001,null}'::text[]) l;
select throws_ok('select * from mp.search_products(repeat(''x '', 501))', '22023', 'query must have at most 1000 characters', 'a query has its limit');
select lives_ok(format('select * from mp.search_products(%L)', q), 'odd query: ' || left(q, 20)) from unnest(array['', '   ', '"', '''); drop table x; --', '\', '& | ! ( )', ':*', 'the', 'a or or -', '%', E'\u0001', repeat('x', 1000), '$1 %s %L $q$']) q;
select lives_ok($$select * from mp.search_products(null, '{"attributes": {"it''s \" %s $q$ \\ ": ["''", "$1", "%L"], "x": {"min": 1e100}}}')$$, 'odd attributes');

-- What a caller says stays data, also within a statement that is put together
select is((select count(*)::int from mp.search_products(filters => jsonb_build_object('attributes', jsonb_build_object(k, v)))), 0, 'an attribute that breaks out of nothing: ' || left(v::text, 20))
  from unnest(array['colour'' or true --', 'a\'' or true) --', '%1$L'' or true --']) with ordinality k (k, n)
  join unnest(array['"x'') or true --"', '["x\\'' or true --"]', '{"min": 1}']::jsonb[]) with ordinality v (v, n) using (n);

-- Filters against a plain query
create temp table asked as
  select i, jsonb_strip_nulls(jsonb_build_object('category', case when random() < 0.5 then (array[9111, 9113, 9119])[1 + floor(random() * 3)::int] end, 'brand', case when random() < 0.4 then 911 + floor(random() * 2)::int end,
    'price_min', case when random() < 0.3 then floor(random() * 30)::int end, 'price_max', case when random() < 0.3 then floor(random() * 60)::int end, 'in_stock', case when random() < 0.3 then random() < 0.5 end,
    'attributes', case floor(random() * 4)::int when 0 then '{"color": "red"}'::jsonb when 1 then '{"color": ["red", "blue"]}' when 2 then '{"ram": {"min": 2, "max": 5}, "color": "blue"}' end)) as filters from generate_series(1, 150) i;
create temp table plain as
  select a.i, p.id from asked a join mp.products p on p.tenant_id = 911 and p.deleted_at is null
    and (not filters ? 'category' or p.category_id in (select c.id from mp.categories c where (filters ->> 'category') = any (string_to_array(c.path, '/'))))
    and (not filters ? 'brand' or p.brand_id = (filters ->> 'brand')::bigint) and (not filters ? 'price_min' or p.best_price_minor >= (filters ->> 'price_min')::bigint)
    and (not filters ? 'price_max' or p.best_price_minor <= (filters ->> 'price_max')::bigint) and (not filters ? 'in_stock' or (p.best_price_minor is not null) = (filters ->> 'in_stock')::boolean)
    and (filters #> '{attributes,color}' is null or p.attrs ->> 'color' = 'red' and filters #> '{attributes,color}' @> '"red"' or p.attrs ->> 'color' = 'blue' and filters #> '{attributes,color}' @> '"blue"')
    and (filters #> '{attributes,ram}' is null or (p.attrs ->> 'ram')::int between 2 and 5);
select set_eq('select a.i, s.product_id from asked a cross join lateral mp.search_products(filters => a.filters, lim => 1000, sort => (array[''newest'', ''price_asc'', ''price_desc''])[1 + a.i % 3]) s', 'select * from plain', '150 random filters find what a plain query finds');
select cmp_ok((select count(distinct n) from (select count(*) as n from plain group by i) x), '>', 20::bigint, 'which differs');
select is((select count(*)::int from (select (mp.search_products('phone', lim => 5)).product_id) x), 5, 'the search works in the select list too');
select is((select name from mp.search_products('wonder fone', lim => 1)), 'Wonder phone', 'a typo in a name is forgiven');
select is((select count(*)::int from mp.search_products('xqzzy kwrt')), 0, 'words that no name looks like find nothing');
select cmp_ok((select count(*) from mp.similar_products(920004)), '>', 0::bigint, 'similar products are found');
select is((select count(*)::int from mp.similar_products(920004, 1000) s join mp.products p on p.tenant_id = 911 and p.id = s.product_id, (select category_id as c from mp.products where id = 920004) o where p.category_id is distinct from o.c and o.c is not null or p.id = 920004), 0, 'of the same category, and not the product itself');
select is_empty('select * from mp.similar_products(123456789)', 'none for a product that does not exist');

-- Tenants
grant select on asked to mp_app;
set local role mp_app;
select is((select count(*)::int from mp.products where tenant_id <> 911) + (select count(*)::int from mp.listings where tenant_id <> 911) + (select count(*)::int from mp.attribute_definitions where tenant_id <> 911), 0, 'a tenant sees only its own rows');
select is_empty('select * from mp.similar_products(920005)', 'nothing is like another tenant''s product');
select is_empty('select * from mp.best_offers(920005)', 'it has no offers');
select is_empty('select * from mp.latest_prices(array[920005])', 'and no prices');
select throws_ok($$insert into mp.products (tenant_id, name) values (912, 'x')$$, '42501', null, 'a tenant writes no products for another');
select throws_ok('insert into mp.listings (tenant_id, product_id, retailer_id) values (911, 920005, 911)', '23503', null, 'nor refers to one of its products');
select throws_ok('update mp.listings set tenant_id = 912 where id = 911001', '42501', null, 'nor gives it a listing');
set local marketplace.tenant_id = '912';
select is_empty('select * from mp.products where tenant_id = 911', 'the other tenant sees none of the first');
select is(mp.attribute_problems(9115, '{}'), '{}', 'nor its definitions');
select is_empty('select product_id from mp.search_products(''wonder'', lim => 1000) where product_id not in (select id from mp.products)', 'nor finds its products');
select cmp_ok((select count(*) from mp.search_products('wonder', lim => 1000)), '>', 0::bigint, 'but its own with the same word');
select is((select count(*)::int from (select s.product_id from asked a cross join lateral mp.search_products((array[null, 'phone', 'lamp mini', 'spaeker'])[1 + a.i % 4], a.filters, (array['relevance', 'newest', 'price_asc', 'price_desc'])[1 + a.i / 4 % 4], lim => 1000) s) f
  where f.product_id % 5 <> 0 or f.product_id < 920000), 0, 'in 150 random searches');
select cmp_ok((select count(*) from mp.search_products('phone', lim => 1000)), '>', 10::bigint, 'while it finds its own');
set local marketplace.tenant_id = '';
select throws_ok('select * from mp.search_products()', '42501', 'the session acts for no tenant', 'without a tenant there is no search');
reset role;
set local marketplace.tenant_id = '911';
set local role mp_nobody;
select throws_ok('select * from mp.search_products()', '42501', 'the session acts for no tenant', 'a role that stands for nobody can''t say a tenant');
reset role;
select is((select bool_and(prosecdef) from pg_proc where pronamespace = 'mp'::regnamespace and proname in ('search_products', 'similar_products')), true, 'the searches run with their owner''s rights, or row security would keep them from their indexes');
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'mp'::regnamespace and p.prosecdef and not (p.proconfig @> '{"search_path=pg_catalog, pg_temp"}')$$, 'functions with their owner''s rights have a fixed search_path');
select is_empty($$select c.oid::regclass from pg_class c where c.relnamespace = 'mp'::regnamespace and c.relkind in ('r', 'p') and c.relname in ('products', 'listings', 'attribute_definitions', 'price_history', 'price_daily') and (not c.relrowsecurity or c.relforcerowsecurity)$$, 'row security is on for tenants'' tables, and not forced');
select is_empty($$select c.conname from pg_constraint c where c.contype = 'f' and c.connamespace = 'mp'::regnamespace and c.conparentid = 0 and not exists (select from pg_index i where i.indrelid = c.conrelid and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ '^\([a-z_]+ IS NOT NULL\)$') and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)$$, 'every foreign key has an index that serves it');
select is_empty($$select c.oid::regclass, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped where c.relnamespace = 'mp'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)$$, 'every table and column has a comment');
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'mp'::regnamespace and coalesce(obj_description(p.oid, 'pg_proc') !~ 'Example: ' or obj_description(p.oid, 'pg_proc') !~ 'Errors: ', true)$$, 'every function says its errors and has an example');
select is_empty($$select t.oid::regtype from pg_type t left join pg_class c on c.oid = t.typrelid where t.typnamespace = 'mp'::regnamespace and t.typtype in ('d', 'e') and obj_description(t.oid, 'pg_type') is null$$, 'every type has a comment');
select * from finish();
rollback;
