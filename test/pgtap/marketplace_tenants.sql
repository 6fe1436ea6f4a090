-- No call shows a row of another tenant, nor a message of a conversation that the user takes no part in: random calls of all functions
-- that search or read, and of the tables, by users of many tenants, with their own and with hostile arguments. Environment:
-- MARKETPLACE_CALLS, how many (20000); MARKETPLACE_SEED, between 0 and 1.
\set ON_ERROR_STOP 1
\set QUIET 1
\set calls 20000
\set seed 0.42
\getenv calls MARKETPLACE_CALLS
\getenv seed MARKETPLACE_SEED
begin;
set local client_min_messages = error;
create extension if not exists pg_trgm schema public;
select deal_advisor.marketplace_install('mp', '{"modules": ["statistics", "conversations", "alerts", "privacy"]}') \g /dev/null
select mp.ensure_partitions('mp.price_history', 4, 1) \g /dev/null
select no_plan();

-- Everything below is rolled back, the roles too.
create role marketplace_tenants_app;
create role marketplace_tenants_user;
create role marketplace_tenants_stranger;
grant usage on schema mp to marketplace_tenants_app, marketplace_tenants_user, marketplace_tenants_stranger;
grant select on all tables in schema mp to marketplace_tenants_app, marketplace_tenants_user, marketplace_tenants_stranger;

-- Twelve tenants. Whose something is can be seen: texts hold mark<tenant>x, prices begin with the tenant's number, and so do ids
-- from 1000 on. Ids below that every tenant has. A message holds talk<number>x, another one for each conversation.
insert into mp.retailers (id, name, slug) select i, 'Shop ' || i, 'shop-' || i from generate_series(1, 4) i;
insert into mp.brands (id, name, slug) select i, 'Brand ' || i, 'brand-' || i from generate_series(1, 3) i;
insert into mp.categories (id, parent_id, name, slug) select i, nullif(i / 3, 0), 'Category ' || i, 'category-' || i from generate_series(1, 6) i;
insert into mp.tenants (id, name, slug) select t, 'Tenant mark' || t || 'x', 'tenant-' || t from generate_series(1, 12) t;
create temp table own_id as select t as tenant, n, case when n <= 3 then n else 1000 * t + n end::bigint as id from generate_series(1, 12) t, generate_series(1, 12) n;
insert into mp.attribute_definitions (tenant_id, id, key, type) select tenant, id, 'color', 'text' from own_id where n = 4;
insert into mp.users (tenant_id, id, email, display_name, status)
  select tenant, id, 'user' || n || '@mark' || tenant || 'x.example', 'User ' || n || ' mark' || tenant || 'x', 'active' from own_id where n <= 8;
insert into mp.database_roles values ('marketplace_tenants_app', 'application', null, null), ('marketplace_tenants_user', 'user', 7, 7004);
insert into mp.products (tenant_id, id, name, description, brand_id, category_id, attrs)
  select tenant, id, (array['Red phone', 'Blue phone', 'Green lamp', 'Old radio'])[1 + n % 4] || ' ' || n || ' mark' || tenant || 'x', 'a fine thing', 1 + n % 3, 1 + n % 6,
         jsonb_build_object('color', (array['red', 'blue', 'green'])[1 + n % 3]) from own_id;
insert into mp.listings (tenant_id, id, product_id, retailer_id, url) select tenant, id, id, 1 + n % 4, 'https://shop.example/mark' || tenant || 'x' from own_id;
insert into mp.listings (tenant_id, id, product_id, retailer_id) select tenant, 1000 * tenant + 100 + n, id, 1 + (n + 1) % 4 from own_id;
do $$ begin
  for t in 1 .. 12 loop
    perform set_config('marketplace.tenant_id', t::text, true);
    perform mp.record_prices(array_agg(l.id), array_agg(now() - d * interval '9 days 5 hours'), array_agg(10000000::bigint * t + 1000 * (l.id % 100) + 7 * d * d % 100), array_agg(10000000::bigint * t + 500000))
      from mp.listings l, generate_series(0, 8) d where l.tenant_id = t;
  end loop;
end $$;
create temp table talk as
  select o.tenant, o.id, o.n, 100 * o.tenant + o.n as number, a.id as first, b.id as second
    from own_id o join own_id a on a.tenant = o.tenant and a.n = 1 + o.n % 8 join own_id b on b.tenant = o.tenant and b.n = 1 + (o.n + 1 + o.n / 8) % 8;
insert into mp.conversations (tenant_id, id, kind, subject, product_id, direct_low, direct_high, last_seq, created_by)
  select tenant, id, 'direct', 'About talk' || number || 'x mark' || tenant || 'x', id, least(first, second), greatest(first, second), 12, first from talk;
insert into mp.participants (tenant_id, conversation_id, user_id, last_read_seq) select tenant, id, u, 0 from talk, unnest(array[first, second]) u;
insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body, reply_to_seq)
  select tenant, id, s, case when s % 2 = 0 then first else second end, 'hello phone talk' || number || 'x mark' || tenant || 'x', case when s % 3 = 0 then 1 end from talk, generate_series(1, 12) s;
insert into mp.reactions (tenant_id, conversation_id, seq, user_id, emoji) select tenant, id, 12, first, 'mark' || tenant || 'x' from talk;
insert into mp.offers (tenant_id, conversation_id, seq, offered_by, amount_minor, currency) select tenant, id, 4, first, 10000000 * tenant, 'EUR' from talk where n < 9;
create temp table takes_part as select t.tenant, u as person, array_agg(t.number order by t.number) as numbers from talk t, unnest(array[t.first, t.second]) u group by 1, 2;

-- What watches, deals and figures make of it.
insert into mp.user_profiles (tenant_id, user_id, about, address) select tenant, id, 'about mark' || tenant || 'x', jsonb_build_object('city', 'mark' || tenant || 'x') from own_id where n <= 8;
insert into mp.watches (tenant_id, user_id, product_id, kind) select tenant, id, id, 'any_change' from own_id where n <= 8;
insert into mp.notification_preferences (tenant_id, user_id, channel, enabled) select tenant, id, 'email', true from own_id where n <= 8;
insert into mp.notification_log (tenant_id, user_id, channel, outcome, detail) select tenant, id, 'email', 'sent', 'mark' || tenant || 'x' from own_id where n <= 8;
insert into mp.user_activity_log (tenant_id, user_id, action, details) select tenant, id, 'search', jsonb_build_object('words', 'mark' || tenant || 'x') from own_id where n <= 8;
insert into mp.price_feed (tenant_id, listing_id, observed_at, price_minor) select tenant, id, now(), 10000000 * tenant from own_id where n between 4 and 8;
insert into mp.price_feed_rejects (tenant_id, listing_id, reason) select tenant, id, 'mark' || tenant || 'x' from own_id where n between 4 and 8;
do $$ begin
  for t in 1 .. 12 loop
    perform set_config('marketplace.tenant_id', t::text, true), set_config('marketplace.user_id', '', true);
    perform mp.record_prices(array_agg(o.id), array_agg(now() + interval '1 minute'), array_agg(10000000::bigint * t + 5)) from own_id o where o.tenant = t and o.n <= 4;
    perform mp.match_alerts();
    perform mp.deliver_alerts();
    perform mp.enqueue('mail', jsonb_build_object('to', 'mark' || t || 'x')), mp.enqueue('dead', jsonb_build_object('to', 'mark' || t || 'x'));
    update mp.outbox set dead_at = now() where topic = 'dead' and tenant_id = t;
    perform mp.record_prices(array_agg(o.id), array_agg(now() + interval '2 minutes'), array_agg(10000000::bigint * t + 3)) from own_id o where o.tenant = t and o.n <= 4;
    perform mp.refresh_deals(open_score => 1, close_score => 0);
    perform mp.refresh_tenant_stats();
  end loop;
end $$;
refresh materialized view mp.category_price_levels;

-- What is called; words in braces are arguments.
create temp table reading (n int generated always as identity, name text, call text);
insert into reading (name, call) values
  ('search_products', 'mp.search_products({text}, {filters}, {sort}, {search_cursor}, {lim})'), ('search_products', 'mp.search_products({text})'),
  ('search_products', 'mp.search_products(null, {filters}, {sort}, null, {lim})'), ('search_walk', 'mp.search_walk({tenant}, {text}, {sort}, {id}, {id}, 20)'),
  ('similar_products', 'mp.similar_products({id}, {lim})'),
  ('best_offers', 'mp.best_offers({id})'), ('latest_prices', 'mp.latest_prices(array[{id}, {id}, {id}]::bigint[])'),
  ('price_history', 'mp.price_history({listing}, {time}, {time}, {span})'), ('price_stats', 'mp.price_stats({listing}, {span}, {time})'),
  ('price_spans', 'mp.price_spans({listing}, {time}, {time})'), ('prices_on', 'mp.prices_on({listing}, {time})'),
  ('price_lows', 'mp.price_lows({tenant}, {listing}, {time})'), ('prior_price', '(select mp.prior_price({listing}, {time}) as prior_minor)'),
  ('discount_check', 'mp.discount_check({listing}, {time})'),
  ('deal_score', 'mp.deal_score({listing}, {time})'), ('deal_scores', 'mp.deal_scores(array[{listing}, {listing}]::bigint[], {time})'),
  ('price_points', 'mp.price_points({listing}, {time}, {time})'), ('judged_points', 'mp.judged_points({listing}, {time})'),
  ('top_deals', 'mp.top_deals({category}, {score}, {deal_cursor}, {lim})'), ('tenant_statistics', 'mp.tenant_statistics()'), ('dashboard', 'mp.dashboard(null, null)'),
  ('market_levels', 'mp.market_levels({category})'), ('my_watches', 'mp.my_watches({seq}, {lim})'), ('my_notifications', 'mp.my_notifications({seq}, {lim})'),
  ('watched_products', '(select mp.watched_products(array[{id}, {id}]::bigint[]) as product_id)'), ('dead_letters', 'mp.dead_letters(null, {seq}, {lim})'),
  ('public_profiles', '(select * from mp.public_profiles where user_id = {id} or random() < 0.5)'), ('users_masked', '(select * from mp.users_masked)'), ('user_products', '(select * from mp.user_products)'),
  ('compared_prices', 'mp.compared_prices({tenant}, array[{listing}]::bigint[], array[{time}]::timestamptz[], array[null]::bigint[], array[null]::bigint[])'),
  ('inbox', 'mp.inbox({talk_cursor}, {lim}, true)'), ('unread_counts', 'mp.unread_counts()'), ('search_messages', 'mp.search_messages({text}, {message_cursor}, {lim})'),
  ('conversation_page', 'mp.conversation_page({id}, {seq}, {lim})'), ('thread_page', 'mp.thread_page({id}, {seq}, {seq}, {lim})'),
  ('my_conversations', '(select mp.my_conversations() as conversation_id)'), ('participation', 'mp.participation({id})'), ('role_in', '(select mp.role_in({id}) as role)'),
  ('attribute_problems', '(select mp.attribute_problems(1, {attributes}, {tenant}) as problems)');
insert into reading (name, call)
  select c.relname, format('(select t.* from mp.%I t where %s limit 60)', c.relname,
      case when exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') and c.relname <> 'database_roles' then 't.tenant_id = {tenant} or {tenant} is null' else 'true' end)
    from pg_class c where c.relnamespace = 'mp'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition;

-- An argument as a literal: mostly what the acting user may name, else what others may, or what nobody may.
create function pg_temp.argument(kind text, acting bigint, cursors text[]) returns text language plpgsql as $$
declare
  hostile constant boolean := random() < 0.4;
  other constant bigint := 1 + floor(12 * random());
  n constant int := 1 + floor(12 * random());
begin
  return case kind
    when 'tenant' then quote_nullable(case when hostile then other when random() < 0.2 then null else acting end) || '::bigint'
    when 'id' then quote_nullable(case when hostile and random() < 0.1 then (array[0, -1, 9223372036854775807, null])[1 + n % 4] when n <= 3 then n else 1000 * case when hostile then other else acting end + n end) || '::bigint'
    when 'listing' then quote_nullable(case when n <= 3 then n else 1000 * case when hostile then other else acting end + n + 100 * (n % 2) end) || '::bigint'
    when 'seq' then quote_nullable((array[null, 1, 4, 12, 13, 0, -1, 9223372036854775807])[1 + n % 8]) || '::bigint'
    when 'category' then quote_nullable(case when n <= 6 then n when n = 7 then 999 end) || '::bigint'
    when 'score' then quote_nullable((array[0, 0, 65, -1, 101, null])[1 + n % 6]) || '::numeric'
    when 'lim' then quote_nullable(case when hostile then (array[0, -1, 1, 2, null, 1000000])[1 + n % 6] else 5 * n end) || '::int'
    when 'time' then case when hostile and n = 1 then (array['null', $q$'infinity'$q$, $q$'-infinity'$q$, $q$'0001-01-01'$q$])[1 + floor(4 * random())::int] else format('(now() - interval ''%s days'')', 8 * n - 8) end || '::timestamptz'
    when 'span' then quote_literal((array['1 day', '30 days', '90 days', '1 year', '7 days', '0', '-1 day', '1 week'])[1 + n % 8]) || '::interval'
    when 'sort' then quote_nullable((array['relevance', 'price_asc', 'price_desc', 'newest', 'newest', $q$id; select '$q$])[1 + n % 6])
    when 'text' then quote_nullable(case when hostile then (array[format('mark%sx', other), 'phnoe', $q$' or tenant_id = 1 or '$q$, $q$"phone' -- $q$, '$q$ or true', '%', E'\\', 'phone or lamp or radio', '', null, format('talk%sx', 100 * other + n), '-radio'])[n]
        else (array['phone', 'red phone', 'lamp', 'hello'])[1 + n % 4] end)
    when 'attributes' then quote_literal(case when hostile then $q${"color": {"min": 1}, "x') or true or ('": "'"}$q$ else '{"color": "red"}' end) || '::jsonb'
    when 'filters' then quote_nullable(case when hostile then (array[$q${"attributes": {"x') or true or ('": "' or true --"}}$q$, $q${"attributes": {"x' || 'y": {"min": 1, "max": 2}}}$q$, '{"tenant": 1}', '[]', null,
          format('{"price_min": %s, "price_max": %s}', 10000000 * other, 10000000 * (other + 1)), '{"category": 99}', '{"category": "1) or true"}', '{"brand": 1e3}', '{"in_stock": "true"}', $q${"attributes": {"color": ["red", "'; --"]}}$q$, '{"attributes": []}'])[n]
        else (array['{}', '{"category": 1}', '{"in_stock": true}', '{"attributes": {"color": "red"}}', '{"brand": 2}', '{"attributes": {"color": ["red", "blue"]}, "category": 2}'])[1 + n % 6] end) || '::jsonb'
    -- A cursor that some call gave, of whatever tenant; changed, or made up.
    else quote_nullable(case when n <= 5 then null when hostile and n = 6 then md5(n::text) when hostile and n = 7 then '1.' || 1000 * other || '.1' when hostile and n = 8 then overlay(cursors[1 + floor(cardinality(cursors) * random())::int] placing '3' from 7)
        else cursors[1 + floor(cardinality(cursors) * random())::int] end)
  end;
end $$;

-- What is not the acting user's in the rows that a call gave: names of columns.
create function pg_temp.foreign_columns(found jsonb, acting bigint, talks bigint[]) returns text[] language sql stable as $$
  select array_agg(distinct e.key) from jsonb_array_elements(found) r cross join lateral jsonb_each_text(r) e
   where e.value is not null and case
     when e.key = 'tenant_id' then e.value::bigint is distinct from acting
     when e.key = any ('{id,product_id,listing_id,best_listing_id,conversation_id,sender_id,user_id,offered_by,created_by,updated_by,direct_low,direct_high,last_sender_id,edited_by,uploaded_by}') and e.value ~ '^[0-9]{1,18}$' then e.value::bigint >= 1000 and e.value::bigint / 1000 is distinct from acting
     when e.key = 'other_ids' then exists (select from jsonb_array_elements_text(r -> 'other_ids') i where i::bigint >= 1000 and i::bigint / 1000 is distinct from acting)
     when e.key ~ '_minor$|^price$|^list_price$|^low_' then e.value::numeric >= 10000000 and floor(e.value::numeric / 10000000) is distinct from acting and e.key not in ('mad_minor', 'sum_minor')
     when e.value ~ '(mark|talk)[0-9]' then exists (select from regexp_matches(e.value, 'mark([0-9]+)x', 'g') m where m[1]::bigint is distinct from acting)
       or exists (select from regexp_matches(e.value, 'talk([0-9]+)x', 'g') m where m[1]::bigint <> all (coalesce(talks, '{}')))
   end;
$$;

-- Calls, each with its own settings; what they gave, summed up in table outcome.
create temp table outcome (name text, calls bigint, found bigint, foreign_rows text[], errors text[]);
create function pg_temp.fuzz(calls int) returns bigint language plpgsql as $$
declare
  item record;
  which int;
  word text;
  tenant bigint;
  me bigint;
  acting text;
  acting_tenant bigint;
  statement text;
  found jsonb;
  found_cursors text[];
  code text;
  problem text;
  wrong text[];
  cursors jsonb := '{"search_products": [], "top_deals": [], "inbox": [], "search_messages": []}';
  kinds constant jsonb := '{"search_cursor": "search_products", "deal_cursor": "top_deals", "talk_cursor": "inbox", "message_cursor": "search_messages"}';
  many constant int := (select count(*) from reading);
  summary jsonb := '{}';
begin
  delete from outcome;
  for i in 1 .. calls loop
    which := 1 + floor(many * random());
    select * into item from reading r where r.n = which;
    tenant := 1 + floor(12 * random());
    -- Numbers of users that every tenant has, its own, and sometimes another one's.
    me := 1 + floor(8 * random());
    me := case when me <= 3 then me else me + 1000 * case when random() < 0.9 then tenant else 1 + floor(12 * random()) end end;
    acting := case when i % 20 = 0 then 'marketplace_tenants_stranger' when i % 10 = 0 then 'marketplace_tenants_user' else 'marketplace_tenants_app' end;
    statement := item.call;
    for word in select m[1] from regexp_matches(item.call, '[{](\w+)[}]', 'g') m loop
      statement := replace(regexp_replace(statement, '[{]' || word || '[}]', '@here@'), '@here@',
        pg_temp.argument(word, tenant, case when kinds ? word then array(select jsonb_array_elements_text(cursors -> (kinds ->> word))) end));
    end loop;
    perform set_config('marketplace.tenant_id', case when random() < 0.02 then '' else tenant::text end, true), set_config('marketplace.user_id', case when random() < 0.02 then '' else me::text end, true);
    acting_tenant := case acting when 'marketplace_tenants_app' then nullif(current_setting('marketplace.tenant_id'), '')::bigint when 'marketplace_tenants_user' then 7 end;
    me := case acting when 'marketplace_tenants_app' then nullif(current_setting('marketplace.user_id'), '')::bigint when 'marketplace_tenants_user' then 7004 end;
    found := null;
    code := null;
    begin
      perform set_config('role', acting, true);
      execute 'select coalesce(jsonb_agg(q), ''[]'') from ' || statement || ' q' into found;
    exception when others then
      get stacked diagnostics code = returned_sqlstate, problem = message_text;
    end;
    perform set_config('role', 'none', true);
    wrong := pg_temp.foreign_columns(found, acting_tenant, (select t.numbers from takes_part t where t.tenant = acting_tenant and t.person = me));
    if code is not null then
      -- A message may say again what the caller said, and nothing else of others.
      wrong := array(select m[1] from regexp_matches(problem, 'mark[0-9]+x', 'g') m where position(m[1] in statement) = 0 and m[1] is distinct from format('mark%sx', acting_tenant));
      wrong := nullif(wrong, '{}');
    elsif cursors ? item.name and jsonb_array_length(found) > 0 then
      cursors := jsonb_set(cursors, array[item.name], jsonb_path_query_array(jsonb_build_array(found -> -1 -> 'next_cursor') || (cursors -> item.name), '$[0 to 40]'));
    end if;
    insert into outcome values (item.name, 1, jsonb_array_length(found), case when wrong is not null then array[format('%s as %s of %s: %s: %s', acting, me, acting_tenant, statement, array_to_string(wrong, ', '))] end,
      case when code is not null then array[format('%s %s: %s', code, problem, statement)] end);
  end loop;
  return (select count(*) from outcome o where o.foreign_rows is not null);
end $$;

select setseed(:seed) \g /dev/null
select is(pg_temp.fuzz(:calls), 0::bigint, :'calls' || ' random calls (seed ' || :'seed' || '): no row of another tenant or conversation');
select is_empty($$select unnest(foreign_rows) from outcome where foreign_rows is not null limit 10$$, 'nor one to show here');
select is_empty($$select name from outcome group by name having coalesce(sum(found), 0) = 0 and name not in ('database_roles', 'message_edits', 'attachments', 'compared_prices', 'personal_data', 'statistic_deltas') limit 20$$, 'every function and table shows its own rows');
select is_empty($$select left(e, 300) from outcome, unnest(errors) e where left(e, 5) <> all ('{22023,42501,02000,54000,22008,22003}') and e !~ '^22004 argument [0-9] must not be null' limit 10$$, 'what is refused is refused for its arguments, never for its syntax');
select is_empty($$select p.proname from pg_proc p where p.pronamespace = 'mp'::regnamespace and p.proretset and p.proname not in (select name from reading)
  and p.proname <> all ('{users_of_phone,erase_user,protection_advice,check_personal_data,take_feed,feed_chunks,dequeue,listings_to_score,add_up_statistics,refresh_tenant_stats}')$$, 'every function that gives rows is called here, but those that write and those for the owner');

-- The test sees it when a function forgets the tenant, or row security is off.
create function pg_temp.without(part text, instead text, function regprocedure) returns text language plpgsql as $$
begin
  if position(part in pg_get_functiondef(function)) = 0 then
    raise exception '% does not hold: %', function, part;
  end if;
  return replace(pg_get_functiondef(function), part, instead);
end $$;
-- How many calls show what isn't theirs while something is broken; then it is whole again.
create function pg_temp.caught(broken text) returns bigint language plpgsql as $$
declare
  caught text;
begin
  execute broken;
  raise sqlstate 'ZZ001' using message = pg_temp.fuzz(1500)::text;
exception when sqlstate 'ZZ001' then
  get stacked diagnostics caught = message_text;
  return caught::bigint;
end $$;
select cmp_ok(pg_temp.caught(b.statement), '>', 0::bigint, 'caught: ' || b.what) from (values
  ('search_products without its tenant', pg_temp.without('p.tenant_id = $1', 'p.tenant_id = p.tenant_id', 'mp.search_statement(text, text, text, text, int, boolean, text)')),
  ('search_walk without its tenant', pg_temp.without('p.tenant_id = tenant', 'p.tenant_id = p.tenant_id', 'mp.search_walk(bigint, text, text, bigint, bigint, int)')),
  ('similar_products without its tenant', pg_temp.without('p.tenant_id = $1', 'p.tenant_id = p.tenant_id', 'mp.similar_products(bigint, int)')),
  ('search_messages without its user', pg_temp.without('p.user_id = who.user_id', 'true', 'mp.search_messages(text, text, integer)')),
  ('best_offers with its owner''s rights and without its tenant', replace(pg_temp.without('p.tenant_id = tenant', 'true', 'mp.best_offers(bigint)'), 'SET search_path', 'SECURITY DEFINER SET search_path')),
  ('listings without row security', 'alter table mp.listings disable row level security'),
  ('a policy of messages that lets everybody of the tenant read', 'create policy all_of_us on mp.messages for select using (tenant_id = mp.current_tenant())')) b (what, statement);
select * from finish();
rollback;
