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
  refused text;
  -- Plain values are one condition together.
  plain jsonb := jsonb '{}';
  -- The attribute's name and value as literals: they are data of the caller.
  number_of constant text := $q$case when jsonb_typeof(p.attrs -> %1$L) = 'number' then (p.attrs ->> %1$L)::numeric %2$s %3$L::numeric end$q$;
begin
  if pg_catalog.jsonb_typeof(wanted) <> 'object' then
    raise exception using errcode = '22023', message = 'filter "attributes" must be an object, not ' || left(wanted::text, 100), hint = 'Example: {"color": ["red", "blue"], "ram": {"min": 8}}.';
  end if;
  select d.key into refused from @schema@.attribute_definitions d where d.tenant_id = tenant and wanted ? d.key and d.deleted_at is null and not d.filterable
    and not exists (select from @schema@.attribute_definitions f where f.tenant_id = tenant and f.key = d.key and f.deleted_at is null and f.filterable) order by d.key limit 1;
  if found then
    raise exception using errcode = '22023', message = pg_catalog.format('attribute "%s" is no filter', refused), hint = 'attribute_definitions.filterable says which attributes are.';
  end if;
  if not pg_catalog.jsonb_path_exists(wanted, 'strict $.* ? (@.type() == "array" || @.type() == "object" || @.type() == "null")') then
    return case when wanted = '{}' then '' else pg_catalog.format(' and p.attrs @> %L::jsonb', wanted) end;
  end if;
  for item in select e.key, e.value, pg_catalog.jsonb_typeof(e.value) as kind from pg_catalog.jsonb_each(wanted) e loop
    if item.kind in ('string', 'number', 'boolean') then
      plain := plain || pg_catalog.jsonb_build_object(item.key, item.value);
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
  if plain <> '{}' then
    conditions := pg_catalog.format(' and p.attrs @> %L::jsonb', plain) || conditions;
  end if;
  return conditions;
end
$function$;
comment on function @schema@.attribute_condition(bigint, jsonb) is 'A part of search_products(): the filter of attributes as a condition on products p. tenant: whose; wanted: an object of attribute and value, values, or min and max. Errors: 22023 what it can''t be, or an attribute that is not filterable. Example: select @schema@.attribute_condition(1, ''{"color": ["red", "blue"], "ram": {"min": 8}}'');';

create function @schema@.search_condition(tenant bigint, filters jsonb, by_price boolean) returns text
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  conditions text := '';
  unknown text;
  known constant text[] := array['category', 'brand', 'price_min', 'price_max', 'in_stock', 'attributes'];
begin
  if coalesce(pg_catalog.jsonb_typeof(filters), 'null') <> 'object' then
    raise exception using errcode = '22023', message = 'filters must be a JSON object';
  end if;
  if filters - known <> '{}' then
    select min(k) into unknown from pg_catalog.jsonb_object_keys(filters - known) k;
    raise exception using errcode = '22023', message = pg_catalog.format('unknown filter "%s"', left(unknown, 100)), hint = 'Filters are ' || pg_catalog.array_to_string(known, ', ') || '.';
  end if;
  if filters ? 'category' then
    perform @schema@.filter_number(filters, 'category');
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
    -- Said twice it would count twice in the planner's estimates.
    conditions := conditions || case when by_price then '' when (filters -> 'in_stock')::boolean then ' and p.best_price_minor is not null' else ' and p.best_price_minor is null' end;
  end if;
  if filters ? 'attributes' then
    conditions := conditions || @schema@.attribute_condition(tenant, filters -> 'attributes');
  end if;
  return conditions;
end
$function$;
comment on function @schema@.search_condition(bigint, jsonb, boolean) is 'A part of search_products(): the filters as conditions on products p, all but the category''s. tenant: whose products; filters: see search_products; by_price: what is in stock is said by the phases of search_statement(). Errors: 22023 what they can''t be. Example: select @schema@.search_condition(1, ''{"in_stock": true}'', false);';

create function @schema@.search_cursor(search text, mode text, key bigint, product bigint) returns text
  -- Stable as concat_ws() is, so that it is inlined. The last part keeps cursors of other searches out; it is no secret.
  language sql stable parallel safe
  return concat_ws('.', mode, key, product, hashint8extended(product, hashint8extended(key, hashtextextended(mode || search, 0))));
comment on function @schema@.search_cursor(text, text, bigint, bigint) is 'A part of search_products(): the cursor behind a row. search: what was asked; mode: how it was found; key: what it is sorted by; 0: it has no price; product: its number. Errors: none. Example: select @schema@.search_cursor(''tv'', ''words'', 42, 7);';

create function @schema@.search_place(search text, cursor text) returns text[]
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
  -- What has this form can be read as numbers, and is right if it would be made of them again.
  if length(cursor) <= 80 and cursor ~ '^(?:words|similar|all)[.]-?[0-9]{1,18}[.][0-9]{1,18}[.]' then
    if @schema@.search_cursor(search, split_part(cursor, '.', 1), split_part(cursor, '.', 2)::bigint, split_part(cursor, '.', 3)::bigint) = cursor then
      return (pg_catalog.string_to_array(cursor, '.'))[:3];
    end if;
  end if;
  raise exception using errcode = '22023', message = 'the cursor does not belong to this search',
    hint = 'Pass next_cursor of the last row of the page before, as it is, with the same query, filters and sort.';
end
$function$;
comment on function @schema@.search_place(text, text) is 'A part of search_products(): mode, key and product of a cursor. search: what was asked; cursor: the text. Errors: 22023 it was made by another search, or changed. Example: select @schema@.search_place(''tv'', @schema@.search_cursor(''tv'', ''words'', 42, 7));';

create function @schema@.search_walk(tenant bigint, search text, sort text, key bigint, product bigint, lim int)
returns table (product_id bigint, name text, brand_name text, category_id bigint, best_price_minor bigint, currency text, best_listing_id bigint, relevance real, next_cursor text)
  -- An index read in its order is the best plan for all values, so it is made once a session.
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $function$
begin
  -- The inner limits are constants: of one that it doesn't know the planner expects a tenth of all rows, and may sort.
  if sort = 'price_asc' then
    return query select r.id, r.name::text, r.brand_name, r.category_id, r.best_price_minor::bigint, r.currency::text, r.best_listing_id, null::real, @schema@.search_cursor(search, 'all', r.best_price_minor::bigint, r.id)
      from (select p.id, p.name, p.brand_name, p.category_id, p.best_price_minor, p.currency, p.best_listing_id, p.created_at from @schema@.products p
        where p.tenant_id = tenant and p.deleted_at is null and (p.best_price_minor, p.id) > (coalesce(key, 0), coalesce(product, 0))
        order by p.best_price_minor, p.id limit 1000) r
      order by r.best_price_minor, r.id limit lim;
  elsif sort = 'price_desc' then
    return query select r.id, r.name::text, r.brand_name, r.category_id, r.best_price_minor::bigint, r.currency::text, r.best_listing_id, null::real, @schema@.search_cursor(search, 'all', r.best_price_minor::bigint, r.id)
      from (select p.id, p.name, p.brand_name, p.category_id, p.best_price_minor, p.currency, p.best_listing_id, p.created_at from @schema@.products p
        where p.tenant_id = tenant and p.deleted_at is null and (p.best_price_minor, p.id) < (coalesce(key, 9223372036854775807), coalesce(product, 0))
        order by p.best_price_minor desc, p.id desc limit 1000) r
      order by r.best_price_minor desc, r.id desc limit lim;
  else
    return query select r.id, r.name::text, r.brand_name, r.category_id, r.best_price_minor::bigint, r.currency::text, r.best_listing_id, null::real, @schema@.search_cursor(search, 'all', (extract(epoch from r.created_at) * 1000000)::bigint, r.id)
      from (select p.id, p.name, p.brand_name, p.category_id, p.best_price_minor, p.currency, p.best_listing_id, p.created_at from @schema@.products p
        where p.tenant_id = tenant and p.deleted_at is null and (p.created_at, p.id) < (coalesce(timestamptz 'epoch' + key * interval '1 microsecond', 'infinity'), coalesce(product, 9223372036854775807))
        order by p.created_at desc, p.id desc limit 1000) r
      order by r.created_at desc, r.id desc limit lim;
  end if;
end
$function$;
comment on function @schema@.search_walk(bigint, text, text, bigint, bigint, int) is 'A part of search_products(): all products of a tenant in the order of an index, those with a price where it is that of prices. tenant: whose; search: what was asked; sort: price_asc, price_desc, else newest; key and product: behind which to go on; null: from the start; lim: rows, 1 to 1000. Errors: 22008 a key that no time has. Example: select * from @schema@.search_walk(1, ''x'', ''newest'', null, null, 20);';

create function @schema@.search_statement(mode text, sort text, phase text, conditions text, branches int, after boolean, trigram text) returns text
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  -- Parameters: $1 tenant, $2 words, $3 categories, $4 text, $5 and $6 key and product behind which to go on, $7 how many rows, $8 what search_cursor() has the search's hash for.
  sorted constant text := case phase when 'newest' then 'created_at' else 'best_price_minor' end;
  -- Where there are no prices they are all alike: so it is still the order of the index.
  order_by constant text := case when phase <> 'newest' and sort = 'price_asc' then ' order by %1$s.%2$s, %1$s.id' else ' order by %1$s.%2$s desc, %1$s.id desc' end;
  -- One index scan a category, each in order, instead of all products of all of them.
  merged constant boolean := mode = 'all' and branches between 2 and 200 and phase in ('priced', 'every');
  -- What search_cursor() does: in every statement anew it would be read and inlined for longer than the rest takes.
  cursor_of constant text := 'concat_ws(''.'', ' || pg_catalog.quote_literal(mode) || ', %1$s, %2$s.id, hashint8extended(%2$s.id, hashint8extended(%1$s, $8)))';
  place text := '';
  rows_of text;
begin
  -- Casts to text: else an operator or function that somebody made for the domain would be taken, and run with our rights.
  conditions := $q$ p.tenant_id = $1 and p.deleted_at is null$q$ || conditions
    || case when branches = 0 then '' when merged then ' and p.category_id = c.id' when branches = 1 then ' and p.category_id = ($3)[1]' else ' and p.category_id = any ($3)' end
    || case mode when 'words' then ' and p.search @@ $2' when 'similar' then ' and p.name::text operator(' || trigram || '.%>) $4' else '' end;
  if sort = 'relevance' and mode <> 'all' then
    -- The newest that match are ranked; the fence keeps the planner from walking the key for them. Ranks are made once a row: what refers
    -- to them stands outside of a limit.
    rows_of := $q$select n.*, ($q$ || case mode when 'words' then 'ts_rank(n.search, $2, 1)' else trigram || '.word_similarity($4, n.name::text)' end
      || $q$ * 1e6)::bigint as key from (select f.* from (select p.id, p.name, p.brand_name, p.category_id, p.best_price_minor, p.currency, p.best_listing_id, p.search from @schema@.products p where$q$
      || conditions || ' offset 0) f order by f.id desc limit 5000) n';
    return $q$select m.id, m.name::text, m.brand_name, m.category_id, m.best_price_minor::bigint, m.currency::text, m.best_listing_id, (m.key / 1e6)::real, $q$
      || pg_catalog.format(cursor_of, 'm.key', 'm') || ' from (' || case when after then 'select k.* from (' || rows_of || ' offset 0) k where (k.key, k.id) < ($5, $6)' else rows_of end
      || ' order by key desc, id desc limit $7) m order by m.key desc, m.id desc';
  end if;
  if phase = 'newest' then
    place := case when after then $q$ and (p.created_at, p.id) < (timestamptz 'epoch' + $5 * interval '1 microsecond', $6)$q$ else '' end;
  else
    place := case phase when 'priced' then ' and p.best_price_minor is not null' when 'unpriced' then ' and p.best_price_minor is null' else '' end
      || case when after then pg_catalog.format(case phase when 'priced' then ' and (p.best_price_minor, p.id) %s ($5, $6)' else ' and p.id %s $6' end, case when sort = 'price_asc' then '>' else '<' end) else '' end;
  end if;
  rows_of := '(select p.id, p.name::text, p.brand_name, p.category_id, p.best_price_minor::bigint, p.currency::text, p.best_listing_id, '
    || case phase when 'newest' then 'p.created_at' when 'unpriced' then 'bigint ''0''' else 'coalesce(p.best_price_minor::bigint, 0)' end || ' as key from @schema@.products p where'
    || conditions || place || pg_catalog.format(order_by, 'p', sorted) || ' limit $7) r';
  return 'select r.id, r.name, r.brand_name, r.category_id, r.best_price_minor, r.currency, r.best_listing_id, null::real, '
    || pg_catalog.format(cursor_of, case phase when 'newest' then '(extract(epoch from r.key) * 1000000)::bigint' else 'r.key' end, 'r')
    || case when merged then ' from unnest($3) c (id) cross join lateral ' else ' from ' end || rows_of
    || pg_catalog.format(order_by, 'r', case phase when 'newest' then 'key' else sorted end) || case when merged then ' limit $7' else '' end;
end
$function$;
comment on function @schema@.search_statement(text, text, text, text, int, boolean, text) is 'A part of search_products(): the query. mode: words, similar or all; sort: as there; phase: priced, unpriced, every (those with a price first) or newest; conditions: of search_condition; branches: how many categories (0: whichever); after: whether it goes on behind a row; trigram: the schema of pg_trgm. Errors: none. Example: select @schema@.search_statement(''all'', ''newest'', ''newest'', '''', 0, false, null);';

create function @schema@.search_products(query text default null, filters jsonb default '{}', sort text default 'relevance', cursor text default null, lim int default 20)
returns table (product_id bigint, name text, brand_name text, category_id bigint, best_price_minor bigint, currency text, best_listing_id bigint, relevance real, next_cursor text)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
declare
  tenant constant bigint := coalesce(@schema@.current_tenant(), @schema@.required_tenant());
  conditions constant text := case when filters = '{}' then '' else @schema@.search_condition(tenant, filters, coalesce(sort, '') in ('price_asc', 'price_desc')) end;
  asked constant text := nullif(pg_catalog.btrim(query), '');
  -- A sort has no digits, and filters end with their brace: other searches are other texts.
  search constant text := pg_catalog.concat(tenant, sort, filters, asked);
  words constant tsquery := pg_catalog.websearch_to_tsquery(@text_search@::regconfig, left(asked, 1000));
  mode text := case when asked is null then 'all' else 'words' end;
  branch bigint[];
  trigram text;
  threshold text;
  -- Where prices rise, index and sort put what has none last; where they fall that is a query of its own.
  phases text[] := case when sort = 'price_asc' then array['every'] when sort = 'price_desc' then array['priced', 'unpriced'] when sort in ('relevance', 'newest') then array['newest'] end;
  place text[];
  key bigint;
  product bigint;
  phase text;
  found_rows bigint;
  total bigint := 0;
begin
  if lim is null or lim not between 1 and 1000 then
    raise exception using errcode = '22023', message = 'lim must be between 1 and 1000';
  end if;
  if phases is null then
    raise exception using errcode = '22023', message = pg_catalog.format('unknown sort "%s"', left(sort, 100)), hint = 'Sorts are relevance, price_asc, price_desc, newest.';
  end if;
  if length(asked) > 1000 then
    raise exception using errcode = '22023', message = 'query must have at most 1000 characters';
  end if;
  if cursor is not null then
    place := @schema@.search_place(search, cursor);
    mode := place[1];
    key := place[2]::bigint;
    product := place[3]::bigint;
    if phases <> '{newest}' then
      phases := case when key = 0 then array['unpriced'] else array['priced', 'unpriced'] end;
    end if;
  end if;
  if filters <> '{}' then
    -- What has a price, or none, is the filters' business then.
    if phases <> '{newest}' and (filters ? 'price_min' or filters ? 'price_max' or filters ? 'in_stock') then
      phases := case when filters -> 'in_stock' = 'false' then array['unpriced'] else array['priced'] end;
    end if;
    if filters ? 'category' then
      select pg_catalog.array_agg(c.id) into branch from @schema@.categories o join @schema@.categories c on c.path >= o.path and c.path < o.path || ':'
        where o.id = (filters ->> 'category')::bigint;
      if branch is null then
        raise exception using errcode = '22023', message = pg_catalog.format('category %s does not exist', filters ->> 'category');
      end if;
    end if;
  elsif mode = 'all' and (phases = '{newest}' or phases[1] <> 'unpriced') then
    return query select * from @schema@.search_walk(tenant, search, case when sort = 'relevance' then 'newest' else sort end, key, product, lim) w;
    get diagnostics total = row_count;
    if total >= lim or phases = '{newest}' then
      return;
    end if;
    phases := array['unpriced'];
    product := null;
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
      return query execute @schema@.search_statement(mode, sort, phase, conditions, coalesce(cardinality(branch), 0), product is not null and (phase <> 'unpriced' or key = 0), trigram)
        using tenant, words, branch, asked, key, product, (lim - total)::int, pg_catalog.hashtextextended(mode || search, 0);
      get diagnostics found_rows = row_count;
      total := total + found_rows;
      exit when total >= lim;
    end loop;
    if mode = 'similar' then
      perform set_config('pg_trgm.word_similarity_threshold', threshold, true);
    end if;
    exit when total > 0 or mode <> 'words' or cursor is not null;
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
