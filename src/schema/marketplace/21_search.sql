-- Searching the catalogue, and the latest offers. The searches run with their owner's rights and name the tenant themselves:
-- under row security the operators for words, attributes and similar names could not use their indexes.

create function @schema@.latest_prices(products bigint[])
returns table (product_id bigint, listing_id bigint, retailer_id bigint, condition @schema@.listing_condition, price_minor bigint, list_price_minor bigint, currency text, in_stock boolean, changed_at timestamptz, seen_at timestamptz, is_best boolean)
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  tenant constant bigint := @schema@.required_tenant();
begin
  return query
    select l.product_id, l.id, l.retailer_id, l.condition, l.last_price_minor::bigint, l.list_price_minor::bigint, l.currency::text, l.in_stock, l.last_changed_at, l.last_seen_at, coalesce(p.best_listing_id = l.id, false)
      from @schema@.products p
      join @schema@.listings l on l.tenant_id = p.tenant_id and l.product_id = p.id and l.deleted_at is null
      where p.tenant_id = tenant and p.id = any (products) and p.deleted_at is null
      order by l.product_id, l.last_price_minor, l.id;
end
$function$;
comment on function @schema@.latest_prices(bigint[]) is 'The latest price of every living listing of products, in stock or not, by product and price. products: their numbers; those that don''t exist are left out. Errors: 42501 no tenant. Example: select * from @schema@.latest_prices(''{7,8}'');';

create function @schema@.best_offers(product bigint)
returns table (listing_id bigint, retailer text, condition @schema@.listing_condition, price_minor bigint, list_price_minor bigint, currency text, url text, low_30_minor bigint, low_365_minor bigint, seen_at timestamptz)
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  tenant constant bigint := @schema@.required_tenant();
begin
  return query
    select l.id, r.name::text, l.condition, l.last_price_minor::bigint, l.list_price_minor::bigint, l.currency::text, l.url, l.low_30_minor::bigint, l.low_365_minor::bigint, l.last_seen_at
      from @schema@.products p
      join @schema@.listings l on l.tenant_id = p.tenant_id and l.product_id = p.id and l.deleted_at is null and l.in_stock
      join @schema@.retailers r on r.id = l.retailer_id
      where p.tenant_id = tenant and p.id = product and p.deleted_at is null
      order by l.currency <> p.currency, l.currency, l.last_price_minor, l.id;
end
$function$;
comment on function @schema@.best_offers(bigint) is 'Who has a product in stock, cheapest first; other currencies than the product''s come last. product: its number; no row: it does not exist or nobody has it. Errors: 42501 no tenant. Example: select * from @schema@.best_offers(7);';

create function @schema@.filter_number(filters jsonb, key text) returns bigint
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  said constant text := filters ->> key;
begin
  if pg_catalog.jsonb_typeof(filters -> key) <> 'number' or said !~ '^[0-9]{1,18}$' then
    raise exception using errcode = '22023', message = pg_catalog.format('filter "%s" must be a whole number of at most 18 digits, not %s', key, left((filters -> key)::text, 100));
  end if;
  return said::bigint;
end
$function$;
comment on function @schema@.filter_number(jsonb, text) is 'A part of search_products(): a number among the filters; null: it is not there. filters: an object; key: which. Errors: 22023 it is no number. Example: select @schema@.filter_number(''{"price_max": 5000}'', ''price_max'');';

create function @schema@.attribute_condition(tenant bigint, wanted jsonb) returns text
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  conditions text := '';
  item record;
  bound record;
  -- The attribute's name and value as literals: they are data of the caller.
  number_of constant text := $q$case when jsonb_typeof(p.attrs -> %1$L) = 'number' then (p.attrs ->> %1$L)::numeric %2$s %3$L::numeric end$q$;
begin
  if pg_catalog.jsonb_typeof(wanted) <> 'object' then
    raise exception using errcode = '22023', message = 'filter "attributes" must be an object, not ' || left(wanted::text, 100), hint = 'Example: {"color": ["red", "blue"], "ram": {"min": 8}}.';
  end if;
  for item in select e.key, e.value, pg_catalog.jsonb_typeof(e.value) as kind from pg_catalog.jsonb_each(wanted) e order by e.key loop
    if exists (select from @schema@.attribute_definitions d where d.tenant_id = tenant and d.key = item.key and d.deleted_at is null)
      and not exists (select from @schema@.attribute_definitions d where d.tenant_id = tenant and d.key = item.key and d.deleted_at is null and d.filterable) then
      raise exception using errcode = '22023', message = pg_catalog.format('attribute "%s" is no filter', item.key), hint = 'attribute_definitions.filterable says which attributes are.';
    end if;
    if item.kind in ('string', 'number', 'boolean') then
      conditions := conditions || pg_catalog.format(' and p.attrs @> %L::jsonb', pg_catalog.jsonb_build_object(item.key, item.value));
    elsif item.kind = 'array' and pg_catalog.jsonb_array_length(item.value) between 1 and 100
      and not exists (select from pg_catalog.jsonb_array_elements(item.value) v where pg_catalog.jsonb_typeof(v) not in ('string', 'number', 'boolean')) then
      conditions := conditions || ' and (' || (
        select pg_catalog.string_agg(pg_catalog.format('p.attrs @> %L::jsonb', pg_catalog.jsonb_build_object(item.key, v)), ' or ') from pg_catalog.jsonb_array_elements(item.value) v) || ')';
    elsif item.kind = 'object' and item.value <> '{}'
      and not exists (select from pg_catalog.jsonb_each(item.value) b where b.key not in ('min', 'max') or pg_catalog.jsonb_typeof(b.value) <> 'number') then
      for bound in select b.key, b.value from pg_catalog.jsonb_each_text(item.value) b order by b.key loop
        conditions := conditions || ' and ' || pg_catalog.format(number_of, item.key, case bound.key when 'min' then '>=' else '<=' end, bound.value);
      end loop;
    else
      raise exception using errcode = '22023', message = pg_catalog.format('filter of attribute "%s" must be a value, up to 100 values, or {"min": number, "max": number}, not %s', item.key, left(item.value::text, 100));
    end if;
  end loop;
  return conditions;
end
$function$;
comment on function @schema@.attribute_condition(bigint, jsonb) is 'A part of search_products(): the filter of attributes as a condition on products p. tenant: whose; wanted: an object of attribute and value, values, or min and max. Errors: 22023 what it can''t be, or an attribute that is not filterable. Example: select @schema@.attribute_condition(1, ''{"color": ["red", "blue"], "ram": {"min": 8}}'');';

create function @schema@.search_condition(tenant bigint, filters jsonb) returns text
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  conditions text := '';
  unknown text;
  known constant text[] := array['category', 'brand', 'price_min', 'price_max', 'in_stock', 'attributes'];
begin
  if coalesce(pg_catalog.jsonb_typeof(filters), 'null') <> 'object' then
    raise exception using errcode = '22023', message = 'filters must be a JSON object';
  end if;
  select k into unknown from pg_catalog.jsonb_object_keys(filters) k where k <> all (known) order by k limit 1;
  if found then
    raise exception using errcode = '22023', message = pg_catalog.format('unknown filter "%s"', left(unknown, 100)), hint = 'Filters are ' || pg_catalog.array_to_string(known, ', ') || '.';
  end if;
  if filters ? 'category' and not exists (select from @schema@.categories c where c.id = @schema@.filter_number(filters, 'category')) then
    raise exception using errcode = '22023', message = pg_catalog.format('category %s does not exist', filters ->> 'category');
  end if;
  if filters ? 'brand' then
    conditions := conditions || pg_catalog.format(' and p.brand_id = %L::bigint', @schema@.filter_number(filters, 'brand'));
  end if;
  if filters ? 'price_min' then
    conditions := conditions || pg_catalog.format(' and p.best_price_minor >= %L::bigint', @schema@.filter_number(filters, 'price_min'));
  end if;
  if filters ? 'price_max' then
    conditions := conditions || pg_catalog.format(' and p.best_price_minor <= %L::bigint', @schema@.filter_number(filters, 'price_max'));
  end if;
  if filters ? 'in_stock' then
    if pg_catalog.jsonb_typeof(filters -> 'in_stock') <> 'boolean' then
      raise exception using errcode = '22023', message = 'filter "in_stock" must be true or false, not ' || left((filters -> 'in_stock')::text, 100);
    end if;
    conditions := conditions || case when (filters -> 'in_stock')::boolean then ' and p.best_price_minor is not null' else ' and p.best_price_minor is null' end;
  end if;
  if filters ? 'attributes' then
    conditions := conditions || @schema@.attribute_condition(tenant, filters -> 'attributes');
  end if;
  return conditions;
end
$function$;
comment on function @schema@.search_condition(bigint, jsonb) is 'A part of search_products(): the filters as conditions on products p, all but the category''s. tenant: whose products; filters: see search_products. Errors: 22023 what they can''t be. Example: select @schema@.search_condition(1, ''{"in_stock": true}'');';

create function @schema@.search_cursor(search text, mode text, key bigint, product bigint) returns text
  -- Stable as convert_to() is, so that it is inlined. The digest keeps cursors of other searches out; it is no secret.
  language sql stable parallel safe
  return encode(convert_to(left(md5(search || mode || coalesce(key::text, '') || ':' || product::text), 16)
    || ':' || mode || ':' || coalesce(key::text, '') || ':' || product::text, 'UTF8'), 'hex');
comment on function @schema@.search_cursor(text, text, bigint, bigint) is 'A part of search_products(): the cursor behind a row. search: what was asked; mode: how it was found; key: what it is sorted by; product: its number. Errors: none. Example: select @schema@.search_cursor(''tv'', ''words'', 42, 7);';

create function @schema@.search_place(search text, cursor text) returns text[]
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  place text[];
begin
  if length(cursor) between 40 and 200 and cursor ~ '^([2-7][0-9a-f])+$' then
    place := pg_catalog.regexp_match(convert_from(decode(cursor, 'hex'), 'UTF8'), '^[0-9a-f]{16}:(words|similar|all):([0-9]{0,18}|-[0-9]{1,18}):([0-9]{1,18})$');
  end if;
  if place is null or @schema@.search_cursor(search, place[1], nullif(place[2], '')::bigint, place[3]::bigint) <> cursor then
    raise exception using errcode = '22023', message = 'the cursor does not belong to this search',
      hint = 'Pass next_cursor of the last row of the page before, as it is, with the same query, filters and sort.';
  end if;
  return place;
end
$function$;
comment on function @schema@.search_place(text, text) is 'A part of search_products(): mode, key and product of a cursor. search: what was asked; cursor: the text. Errors: 22023 it was made by another search, or changed. Example: select @schema@.search_place(''tv'', @schema@.search_cursor(''tv'', ''words'', 42, 7));';

create function @schema@.search_statement(mode text, sort text, phase text, conditions text, branches int, after boolean, trigram text) returns text
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  -- Parameters: $1 tenant, $2 words, $3 categories, $4 text, $5 and $6 key and product behind which to go on, $7 how many rows, $8 the search, $9 how many are ranked.
  from_rank constant boolean := sort = 'relevance' and mode <> 'all';
  direction constant text := case when sort = 'price_asc' then '' else ' desc' end;
  beyond constant text := case when sort = 'price_asc' then '>' else '<' end;
  -- One index scan a category, each in order, instead of all products of all of them.
  merged constant boolean := mode = 'all' and branches between 2 and 200 and phase = 'priced';
  -- Casts to text: else an operator or function that somebody made for the domain would be taken, and run with our rights.
  place text := '';
  order_by text;
  rows_of text;
begin
  conditions := $q$ p.tenant_id = $1 and p.deleted_at is null$q$ || conditions
    || case when branches = 0 then '' when merged then ' and p.category_id = c.id' when branches = 1 then ' and p.category_id = ($3)[1]' else ' and p.category_id = any ($3)' end
    || case mode when 'words' then ' and p.search @@ $2' when 'similar' then ' and p.name::text operator(' || trigram || '.%>) $4' else '' end;
  if from_rank then
    -- The newest that match are ranked; the fence keeps the planner from walking the key for them.
    return $q$select m.id, m.name::text, m.brand_name, m.category_id, m.best_price_minor::bigint, m.currency::text, m.best_listing_id, (m.key / 1e6)::real, @schema@.search_cursor($8, $q$
      || pg_catalog.quote_literal(mode) || $q$, m.key, m.id) from (select n.*, ($q$
      || case mode when 'words' then 'ts_rank(n.search, $2, 1)' else trigram || '.word_similarity($4, n.name::text)' end
      || $q$ * 1e6)::bigint as key from (select f.* from (select p.* from @schema@.products p where$q$ || conditions
      || $q$ offset 0) f order by f.id desc limit $9) n) m$q$
      || case when after then ' where (m.key, m.id) < ($5, $6)' else '' end || ' order by m.key desc, m.id desc limit $7';
  end if;
  if phase = 'unpriced' then
    place := ' and p.best_price_minor is null' || case when after then ' and p.id ' || beyond || ' $6' else '' end;
    order_by := '%1$s.id' || direction;
  elsif phase = 'priced' then
    place := ' and p.best_price_minor is not null' || case when after then ' and (p.best_price_minor, p.id) ' || beyond || ' ($5, $6)' else '' end;
    order_by := '%1$s.best_price_minor' || direction || ', %1$s.id' || direction;
  else
    place := case when after then $q$ and (p.created_at, p.id) < (timestamptz 'epoch' + $5 * interval '1 microsecond', $6)$q$ else '' end;
    order_by := '%1$s.created_at desc, %1$s.id desc';
  end if;
  rows_of := $q$select p.id, p.name, p.brand_name, p.category_id, p.best_price_minor, p.currency, p.best_listing_id, p.created_at from @schema@.products p where$q$
    || conditions || place || ' order by ' || pg_catalog.format(order_by, 'p') || ' limit $7';
  return $q$select r.id, r.name::text, r.brand_name, r.category_id, r.best_price_minor::bigint, r.currency::text, r.best_listing_id, null::real, @schema@.search_cursor($8, $q$
    || pg_catalog.quote_literal(mode) || ', ' || case phase when 'newest' then '(extract(epoch from r.created_at) * 1000000)::bigint' else 'r.best_price_minor' end || ', r.id) from '
    || case when merged then 'unnest($3) c (id) cross join lateral ' else '' end || '(' || rows_of || ') r order by ' || pg_catalog.format(order_by, 'r') || ' limit $7';
end
$function$;
comment on function @schema@.search_statement(text, text, text, text, int, boolean, text) is 'A part of search_products(): the query. mode: words, similar or all; sort: as there; phase: priced, unpriced or newest; conditions: of search_condition; branches: how many categories (0: whichever); after: whether it goes on behind a row; trigram: the schema of pg_trgm. Errors: none. Example: select @schema@.search_statement(''all'', ''newest'', ''newest'', '''', 0, false, null);';

create function @schema@.search_products(query text default null, filters jsonb default '{}', sort text default 'relevance', cursor text default null, lim int default 20)
returns table (product_id bigint, name text, brand_name text, category_id bigint, best_price_minor bigint, currency text, best_listing_id bigint, relevance real, next_cursor text)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
declare
  tenant constant bigint := @schema@.required_tenant();
  ranked constant int := 5000;
  conditions constant text := @schema@.search_condition(tenant, filters);
  asked constant text := nullif(pg_catalog.btrim(query), '');
  search constant text := pg_catalog.jsonb_build_array(tenant, asked, filters, sort)::text;
  words constant tsquery := pg_catalog.websearch_to_tsquery(@text_search@::regconfig, left(asked, 1000));
  mode text := case when asked is null then 'all' else 'words' end;
  branch bigint[];
  trigram text;
  threshold text;
  phases text[];
  place text[];
  phase text;
  found_rows bigint;
  total bigint := 0;
begin
  if lim is null or lim not between 1 and 1000 then
    raise exception using errcode = '22023', message = 'lim must be between 1 and 1000';
  end if;
  if length(asked) > 1000 then
    raise exception using errcode = '22023', message = 'query must have at most 1000 characters';
  end if;
  phases := case when sort in ('relevance', 'newest') then array['newest'] when sort in ('price_asc', 'price_desc') then array['priced', 'unpriced'] end;
  if phases is null then
    raise exception using errcode = '22023', message = pg_catalog.format('unknown sort "%s"', left(sort, 100)), hint = 'Sorts are relevance, price_asc, price_desc, newest.';
  end if;
  -- What has a price, or none, is the filters' business then.
  if phases = '{priced,unpriced}' and (filters ? 'price_min' or filters ? 'price_max' or filters ? 'in_stock') then
    phases := case when filters -> 'in_stock' = 'false' then array['unpriced'] else array['priced'] end;
  end if;
  if cursor is not null then
    place := @schema@.search_place(search, cursor);
    mode := place[1];
    if place[2] = '' then
      phases := array['unpriced'];
    end if;
  end if;
  if filters ? 'category' then
    select pg_catalog.array_agg(c.id) into branch from @schema@.categories o join @schema@.categories c on c.path >= o.path and c.path < o.path || ':'
      where o.id = @schema@.filter_number(filters, 'category');
  end if;
  -- Words first; if there are none of them, names that look alike.
  loop
    if mode = 'similar' then
      select pg_catalog.quote_ident(n.nspname) into trigram from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_trgm';
      exit when trigram is null;
      threshold := coalesce(nullif(current_setting('pg_trgm.word_similarity_threshold', true), ''), '0.6');
      perform set_config('pg_trgm.word_similarity_threshold', '0.3', true);
    end if;
    foreach phase in array phases loop
      return query execute @schema@.search_statement(mode, sort, phase, conditions, coalesce(cardinality(branch), 0), place is not null and (phase <> 'unpriced' or place[2] = ''), trigram)
        using tenant, words, branch, asked, nullif(place[2], '')::bigint, place[3]::bigint, (lim - total)::int, search, ranked;
      get diagnostics found_rows = row_count;
      total := total + found_rows;
      exit when total >= lim;
    end loop;
    if mode = 'similar' then
      perform set_config('pg_trgm.word_similarity_threshold', threshold, true);
    end if;
    exit when total > 0 or mode <> 'words' or place is not null;
    mode := 'similar';
  end loop;
end
$function$;
comment on function @schema@.search_products(text, jsonb, text, text, int) is
'Finds products of the session''s tenant, a page at a time. query: words, "a phrase", -without, or; null: all products. Where no product has the words and pg_trgm is there, names that look alike are found. filters: category (a number: it and all below it), brand (a number), price_min and price_max (minor units, of the best price), in_stock (true, false), attributes ({"color": "red"}, {"color": ["red", "blue"]}, {"ram": {"min": 8, "max": 32}}). sort: relevance (the newest 5000 that match are ranked; without a query: newest), price_asc, price_desc (what nobody has comes last), newest. cursor: next_cursor of the last row that is there, with the same query, filters and sort; lim: rows, 1 to 1000. Errors: 22023 an argument, unknown filter or foreign cursor; 42501 no tenant. Example: select * from @schema@.search_products(''phone'', ''{"price_max": 50000}'', ''price_asc'');';

create function @schema@.similar_products(product bigint, lim int default 10)
returns table (product_id bigint, name text, brand_name text, best_price_minor bigint, currency text, score real)
  language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
declare
  tenant constant bigint := @schema@.required_tenant();
  mine record;
  words tsquery;
begin
  if lim is null or lim not between 1 and 1000 then
    raise exception using errcode = '22023', message = 'lim must be between 1 and 1000';
  end if;
  select p.name::text, p.category_id, p.brand_id, p.attrs into mine from @schema@.products p where p.tenant_id = tenant and p.id = product and p.deleted_at is null;
  if not found then
    return;
  end if;
  -- Any word of the name will do.
  select pg_catalog.string_agg(pg_catalog.quote_literal(w), ' | ')::tsquery into words
    from (select w from pg_catalog.unnest(pg_catalog.tsvector_to_array(pg_catalog.to_tsvector(@text_search@::regconfig, mine.name))) w limit 20) w;
  return query execute $q$
    select s.id, s.name::text, s.brand_name, s.best_price_minor::bigint, s.currency::text, s.score
    from (
      select c.*, (coalesce(ts_rank(c.search, $5, 1), 0) * 4 + case when c.brand_id = $4 then 0.1 else 0 end
          + 0.5 * (select count(*) from jsonb_each($6) a where c.attrs -> a.key = a.value) / greatest((select count(*) from jsonb_object_keys($6)), 1))::real as score
        from (select p.* from @schema@.products p
          where p.tenant_id = $1 and p.id <> $2 and p.deleted_at is null and (p.category_id = $3 or $3 is null) and ($5 is null or p.search @@ $5)
          limit 2000) c) s
    order by s.score desc, s.id limit $7 $q$
    using tenant, product, mine.category_id, mine.brand_id, words, mine.attrs, lim;
end
$function$;
comment on function @schema@.similar_products(bigint, int) is 'Products like one: of its category, with a word of its name; more common words, equal attributes and the same brand count. At most 2000 are compared. product: its number; lim: rows, 1 to 1000; no row: it does not exist or there is none like it. Errors: 22023 lim; 42501 no tenant. Example: select * from @schema@.similar_products(7);';
