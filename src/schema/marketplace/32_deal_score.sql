-- How good a price is: the one function here that the extension does, and that stops without it.

create function @schema@.deal_score(listing bigint, at timestamptz default now())
returns table (score double precision, verdict text, confidence double precision, prior_minor bigint, flags text[], components jsonb)
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  tenant constant bigint := @schema@.required_tenant();
  offer record;
  claimed bigint;
  times timestamptz[];
  prices bigint[];
  others bigint[];
begin
  select l.product_id, l.currency into offer from @schema@.listings l where l.tenant_id = tenant and l.id = listing and l.deleted_at is null;
  if not found then
    return;
  end if;
  -- A year on offer counts, and the same season a year before; the rest is for spans out of stock.
  select array_agg(h.observed_at order by h.observed_at), array_agg(h.price_minor::bigint order by h.observed_at),
      (array_agg(h.list_price_minor::bigint order by h.observed_at desc))[1]
    into times, prices, claimed
    from @schema@.price_history h
    where h.tenant_id = tenant and h.listing_id = listing and h.observed_at <= at
      and h.observed_at >= coalesce((select max(c.observed_at) from @schema@.price_history c
        where c.tenant_id = tenant and c.listing_id = listing and c.observed_at <= at - interval '800 days'), '-infinity');
  select array_agg(p.price_minor) into others
    from @schema@.listings o cross join lateral @schema@.prices_on(o.id, at) p
    where o.tenant_id = tenant and o.product_id = offer.product_id and o.id <> listing and o.currency = offer.currency and o.deleted_at is null
      and p.price_minor is not null;
  return query select s.score, s.verdict, s.confidence, s.prior_minor, s.flags, s.components
    from deal_advisor.deal_score(coalesce(times, '{}'), coalesce(prices, '{}'), at, claimed, others) s;
end
$function$;
comment on function @schema@.deal_score(bigint, timestamptz) is 'How good the price of a listing is by its own past and by what other shops ask for the product; see deal_advisor.deal_score, which it calls and without which it stops. listing: its number; at: the moment. No row: no such listing. Errors: 42501 the session acts for no tenant; 3F000, 42883 the extension is gone. Example: select score, verdict, flags from @schema@.deal_score(7);';
