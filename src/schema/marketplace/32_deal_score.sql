-- How good prices are, by the extension's deal score. Like the other functions that ask the extension, these stop without it.

create function @schema@.deal_scores(listings bigint[], at timestamptz default now())
returns table (listing_id bigint, score double precision, verdict text, confidence double precision, prior_minor bigint, flags text[], components jsonb)
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $function$
declare
  tenant constant bigint := @schema@.required_tenant();
begin
  return query
    -- What a listing costs and claims says itself, but for moments in its past.
    select l.id, s.score, s.verdict, s.confidence, s.prior_minor, s.flags, s.components
      from (
        select l.id, l.product_id, l.currency, case when l.last_seen_at > at then (select p.list_price_minor from @schema@.prices_on(l.id, at) p) else l.list_price_minor::bigint end as claimed
          from @schema@.listings l where l.tenant_id = tenant and l.id = any (listings) and l.deleted_at is null) l
      cross join lateral (
        select array_agg(case when o.last_changed_at > at then (select p.price_minor from @schema@.prices_on(o.id, at) p) else o.last_price_minor::bigint end) as prices
          from @schema@.listings o where o.tenant_id = tenant and o.product_id = l.product_id and o.id <> l.id and o.currency = l.currency and o.deleted_at is null) others
      cross join lateral @schema@.judged_points(l.id, at) p
      cross join lateral deal_advisor.deal_score(coalesce(p.times, '{}'), coalesce(p.prices, '{}'), at, l.claimed, others.prices) s;
end
$function$;
comment on function @schema@.deal_scores(bigint[], timestamptz) is 'How good the prices of listings are, each by its own past and by what other shops ask for the product; see deal_advisor.deal_score, which it calls and without which it stops. listings: their numbers, those that don''t exist have no row; at: the moment. Rows come in no order. Errors: 42501 the session acts for no tenant; 3F000, 42883 the extension is gone. Example: select * from @schema@.deal_scores(''{7,8}'') order by score desc;';

create function @schema@.deal_score(listing bigint, at timestamptz default now())
returns table (score double precision, verdict text, confidence double precision, prior_minor bigint, flags text[], components jsonb)
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
  return query select s.score, s.verdict, s.confidence, s.prior_minor, s.flags, s.components from @schema@.deal_scores(array[listing], at) s;
end
$function$;
comment on function @schema@.deal_score(bigint, timestamptz) is 'How good the price of a listing is, as deal_scores() says. listing: its number; at: the moment. No row: no such listing. Errors: those of deal_scores(). Example: select score, verdict, flags from @schema@.deal_score(7);';
