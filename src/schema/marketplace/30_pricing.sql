-- Prices over time: a step function for each listing, its daily summary, and the calls that record observations.

create type @schema@.price_source as enum ('crawl', 'feed', 'api', 'manual', 'import');
comment on type @schema@.price_source is 'How a price came to be known: crawl (read from a page), feed (a file of the retailer), api, manual (typed in by somebody), import (from another system).';

create table @schema@.price_history (
  tenant_id bigint not null,
  listing_id bigint not null,
  observed_at timestamptz not null constraint price_history_observed_at_finite check (isfinite(observed_at)),
  price_minor @schema@.price_minor,
  list_price_minor @schema@.price_minor,
  source @schema@.price_source not null default 'feed',
  primary key (tenant_id, listing_id, observed_at) include (price_minor),
  constraint price_history_listing_fkey foreign key (tenant_id, listing_id) references @schema@.listings
) partition by range (observed_at);
comment on table @schema@.price_history is 'Prices as a step function: a row holds from its time to that of the listing''s next row, and only changes have rows. Written by record_price() and record_prices().';
comment on column @schema@.price_history.tenant_id is 'The tenant of the listing.';
comment on column @schema@.price_history.listing_id is 'The listing.';
comment on column @schema@.price_history.observed_at is 'From when on the price is known to hold.';
comment on column @schema@.price_history.price_minor is 'The price, in the listing''s currency; null: not on offer.';
comment on column @schema@.price_history.list_price_minor is '"Was" price that the retailer showed with it; null: none.';
comment on column @schema@.price_history.source is 'How it came to be known.';

create table @schema@.price_daily (
  tenant_id bigint not null,
  listing_id bigint not null,
  day date not null,
  min_minor @schema@.price_minor,
  max_minor @schema@.price_minor,
  sum_minor bigint not null constraint price_daily_sum_range check (sum_minor >= 0),
  n integer not null constraint price_daily_n_range check (n >= 0),
  absent integer not null constraint price_daily_absent_range check (absent >= 0),
  last_minor @schema@.price_minor,
  last_at timestamptz not null,
  primary key (tenant_id, listing_id, day),
  constraint price_daily_listing_fkey foreign key (tenant_id, listing_id) references @schema@.listings,
  constraint price_daily_adds_up check (case when n = 0 then min_minor is null and max_minor is null and sum_minor = 0 and last_minor is null
    else min_minor is not null and max_minor is not null and sum_minor between min_minor::numeric * n and max_minor::numeric * n end),
  constraint price_daily_last_in_range check (last_minor between min_minor and max_minor),
  constraint price_daily_seen check (n + absent > 0),
  constraint price_daily_last_on_day check ((last_at at time zone 'UTC')::date = day)
) with (fillfactor = 70);
comment on table @schema@.price_daily is 'What was observed of a listing in a day, kept with every observation, also those that change nothing.';
comment on column @schema@.price_daily.tenant_id is 'The tenant of the listing.';
comment on column @schema@.price_daily.listing_id is 'The listing.';
comment on column @schema@.price_daily.day is 'The day, in UTC.';
comment on column @schema@.price_daily.min_minor is 'Lowest price observed; null: never on offer.';
comment on column @schema@.price_daily.max_minor is 'Highest price observed; null: never on offer.';
comment on column @schema@.price_daily.sum_minor is 'Sum of the prices observed: divided by n their mean.';
comment on column @schema@.price_daily.n is 'Observations with a price.';
comment on column @schema@.price_daily.absent is 'Observations that it was not on offer.';
comment on column @schema@.price_daily.last_minor is 'The last observation''s price; null: not on offer.';
comment on column @schema@.price_daily.last_at is 'The last observation''s time.';

select @schema@.ensure_partitions('@schema@.price_history');

create function @schema@.price_lows(tenant bigint, listing bigint, at timestamptz, out low_30 bigint, out low_90 bigint, out low_365 bigint)
  language sql stable parallel safe
begin atomic
  select min(s.price_minor) filter (where s.ends_at is null or s.ends_at > $3 - interval '720 hours')::bigint,
      min(s.price_minor) filter (where s.ends_at is null or s.ends_at > $3 - interval '2160 hours')::bigint,
      min(s.price_minor)::bigint
    from (
      select h.price_minor, lead(h.observed_at) over (order by h.observed_at) as ends_at
        from @schema@.price_history h
        where h.tenant_id = $1 and h.listing_id = $2 and h.observed_at <= $3
          and h.observed_at >= coalesce(
            (select max(c.observed_at) from @schema@.price_history c where c.tenant_id = $1 and c.listing_id = $2 and c.observed_at <= $3 - interval '8760 hours'), '-infinity')) s;
end;
comment on function @schema@.price_lows(bigint, bigint, timestamptz) is 'The lowest prices of a listing in the 30, 90 and 365 days (of 24 hours) up to a moment, with the price that held when they began. tenant: whose it is; listing: its number; at: the moment. Errors: none. Example: select * from @schema@.price_lows(1, 7, now());';

create function @schema@.queue_price_changes(tenant bigint, listings bigint[], times timestamptz[], old_prices bigint[], new_prices bigint[]) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  -- Nobody waits for changes yet.
  return;
end
$function$;
comment on function @schema@.queue_price_changes(bigint, bigint[], timestamptz[], bigint[], bigint[]) is 'A part of prices_changed(): module alerts puts one here that queues. Errors: none. Example: see prices_changed().';

create function @schema@.count_price_changes(tenant bigint, listings bigint[], times timestamptz[], old_prices bigint[], new_prices bigint[]) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  -- Nobody counts changes yet.
  return;
end
$function$;
comment on function @schema@.count_price_changes(bigint, bigint[], timestamptz[], bigint[], bigint[]) is 'A part of prices_changed(): module statistics puts one here that counts. Errors: none. Example: see prices_changed().';

create function @schema@.prices_changed(tenant bigint, listings bigint[], times timestamptz[], old_prices bigint[], new_prices bigint[]) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  perform @schema@.queue_price_changes(tenant, listings, times, old_prices, new_prices);
  perform @schema@.count_price_changes(tenant, listings, times, old_prices, new_prices);
end
$function$;
comment on function @schema@.prices_changed(bigint, bigint[], timestamptz[], bigint[], bigint[]) is 'Called once by each record_prices() that changes prices, for whoever waits for changes. tenant: whose; listings, times, old_prices, new_prices: of one length, by listing and time; a null price: not on offer. Of late observations only those that change the latest price count. Errors: none. Example: select @schema@.prices_changed(1, ''{7}'', array[now()], ''{2499}'', ''{1999}'');';

create function @schema@.compared_prices(tenant bigint, listings bigint[], times timestamptz[], prices bigint[], list_prices bigint[])
returns table (listing bigint, at timestamptz, price bigint, list_price bigint, is_point boolean, is_change boolean, price_before bigint)
  language sql stable parallel safe
begin atomic
  select c.listing, c.at, c.price, c.list_price, c.starts or (c.price, c.list_price) is distinct from (c.price_before, c.list_before),
      c.starts or c.price is distinct from c.price_before, c.price_before
    from (
      select o.listing, o.at, o.price, o.list_price, o.n = 1 and l.last_seen_at is null as starts,
          case when o.n = 1 then l.last_price_minor else o.price_before end as price_before,
          case when o.n = 1 then l.list_price_minor else o.list_before end as list_before
        from (
          select u.listing, u.at, u.price, u.list_price, row_number() over by_listing as n,
              lag(u.price) over by_listing as price_before, lag(u.list_price) over by_listing as list_before
            from unnest($2, $3, $4, $5) u (listing, at, price, list_price)
            window by_listing as (partition by u.listing order by u.at)) o
        join @schema@.listings l on l.tenant_id = $1 and l.id = o.listing) c;
end;
comment on function @schema@.compared_prices(bigint, bigint[], timestamptz[], bigint[], bigint[]) is 'A part of record_prices(): new observations, each with what it changes. is_point: price or "was" price differ from before; is_change: the price does. All observations are newer than what the listings have. Errors: none. Example: select * from @schema@.compared_prices(1, ''{7}'', array[now()], ''{1999}'', ''{null}'');';

create function @schema@.record_new_prices(tenant bigint, listings bigint[], times timestamptz[], prices bigint[], list_prices bigint[], source @schema@.price_source)
returns bigint
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  stored bigint;
  moved record;
begin
  insert into @schema@.price_history (tenant_id, listing_id, observed_at, price_minor, list_price_minor, source)
    select tenant, c.listing, c.at, c.price, c.list_price, record_new_prices.source
      from @schema@.compared_prices(tenant, listings, times, prices, list_prices) c where c.is_point order by c.listing, c.at;
  get diagnostics stored = row_count;
  with compared as (
    select c.* from @schema@.compared_prices(tenant, listings, times, prices, list_prices) c),
  news as (
    select c.listing, max(c.at) as seen_at,
        (array_agg(c.price order by c.at desc))[1] as price, (array_agg(c.list_price order by c.at desc))[1] as list_price,
        max(c.at) filter (where c.is_change) as changed_at,
        (array_agg(c.price_before order by c.at desc) filter (where c.is_change))[1] as price_before,
        min(c.price) as low, count(*) filter (where c.is_change) as changes
      from compared c group by c.listing),
  changed as (
    select array_agg(c.listing order by c.listing, c.at) as listings, array_agg(c.at order by c.listing, c.at) as times,
        array_agg(c.price_before order by c.listing, c.at) as old_prices, array_agg(c.price order by c.listing, c.at) as new_prices
      from compared c where c.price is distinct from c.price_before),
  written as (
    update @schema@.listings l set
        last_price_minor = n.price, list_price_minor = n.list_price, in_stock = n.price is not null, last_seen_at = n.seen_at,
        last_changed_at = coalesce(n.changed_at, l.last_changed_at),
        prev_price_minor = case when n.changes > 0 then n.price_before else l.prev_price_minor end,
        low_30_minor = case when n.is_low then n.price when n.changes > 0 then s.low_30 else l.low_30_minor end,
        low_90_minor = case when n.is_low then n.price when n.changes > 0 then s.low_90 else l.low_90_minor end,
        low_365_minor = case when n.is_low then n.price when n.changes > 0 then s.low_365 else l.low_365_minor end,
        low_all_minor = least(l.low_all_minor, n.low)
      from (select n.*, n.changes > 0 and n.price <= least(o.low_365_minor, n.low) as is_low
              from news n join @schema@.listings o on o.tenant_id = tenant and o.id = n.listing) n
      -- A new lowest price needs no look at the history: whatever leaves the windows is dearer.
      left join lateral (select p.low_30, p.low_90, p.low_365 from @schema@.price_lows(tenant, n.listing, n.changed_at) p where n.is_low is not true and n.changes > 0) s on true
      where l.tenant_id = tenant and l.id = n.listing
      returning l.product_id, l.id, l.last_price_minor::bigint as price, n.changes)
  select m.*, c.* into moved
    from (select array_agg(w.product_id) as of_products, array_agg(w.id) as of_listings, array_agg(w.price) as to_prices from written w where w.changes > 0) m, changed c;
  if moved.of_products is not null then
    perform @schema@.refresh_moved_prices(tenant, moved.of_products, moved.of_listings, moved.to_prices);
  end if;
  if moved.listings is not null then
    perform @schema@.prices_changed(tenant, moved.listings, moved.times, moved.old_prices, moved.new_prices);
  end if;
  return stored;
end
$function$;
comment on function @schema@.record_new_prices(bigint, bigint[], timestamptz[], bigint[], bigint[], @schema@.price_source) is 'A part of record_prices(), which has locked the listings: observations that are newer than what the listings have. Errors: those of record_prices(). Example: see record_prices().';

create function @schema@.record_late_prices(tenant bigint, listings bigint[], times timestamptz[], prices bigint[], list_prices bigint[], source @schema@.price_source)
returns bigint
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  stored bigint;
  moved record;
begin
  with observed as (
    select u.* from unnest(listings, times, prices, list_prices) u (listing, at, price, list_price)),
  touched as (
    select o.listing, min(o.at) as first_at from observed o group by o.listing),
  -- From the point before the first observation on: what is stored, what was seen last, and what comes now.
  kept as (
    select h.listing_id as listing, h.observed_at as at, h.price_minor as price, h.list_price_minor as list_price
      from touched t
      join @schema@.price_history h on h.tenant_id = tenant and h.listing_id = t.listing and h.observed_at >= coalesce(
        (select max(b.observed_at) from @schema@.price_history b where b.tenant_id = tenant and b.listing_id = t.listing and b.observed_at < t.first_at), t.first_at)),
  known as (
    select distinct on (k.listing, k.at) k.listing, k.at, k.price, k.list_price
      from (
        select 1 as rank, o.* from observed o
        union all
        select 2, k.* from kept k
        union all
        select 3, l.id, l.last_seen_at, l.last_price_minor, l.list_price_minor from touched t join @schema@.listings l on l.tenant_id = tenant and l.id = t.listing
          where l.last_seen_at is not null) k
      order by k.listing, k.at, k.rank),
  lined as (
    select k.*, row_number() over by_listing = 1 as starts, lag(k.price) over by_listing as price_before, lag(k.list_price) over by_listing as list_before
      from known k window by_listing as (partition by k.listing order by k.at)),
  points as (
    select p.listing, p.at, p.price, p.list_price from lined p
      where p.starts or (p.price, p.list_price) is distinct from (p.price_before, p.list_before)),
  gone as (
    delete from @schema@.price_history h using kept k
      where h.tenant_id = tenant and h.listing_id = k.listing and h.observed_at = k.at and not exists (select from points p where p.listing = k.listing and p.at = k.at))
  insert into @schema@.price_history as h (tenant_id, listing_id, observed_at, price_minor, list_price_minor, source)
    select tenant, p.listing, p.at, p.price, p.list_price, record_late_prices.source
      from points p left join kept k on k.listing = p.listing and k.at = p.at
      where k.listing is null or (k.price, k.list_price) is distinct from (p.price, p.list_price)
      order by p.listing, p.at
    on conflict (tenant_id, listing_id, observed_at) do update
      set price_minor = excluded.price_minor, list_price_minor = excluded.list_price_minor, source = excluded.source;
  get diagnostics stored = row_count;
  with touched as (
    select u.listing, max(u.at) as last_at from unnest(listings, times) u (listing, at) group by u.listing),
  lined as (
    select h.listing_id as listing, h.observed_at as at, h.price_minor as price, h.list_price_minor as list_price,
        lag(h.price_minor) over by_listing as price_before, row_number() over by_listing = 1 as starts
      from touched t join @schema@.price_history h on h.tenant_id = tenant and h.listing_id = t.listing
      window by_listing as (partition by h.listing_id order by h.observed_at)),
  state as (
    select p.listing, max(t.last_at) as last_at, (array_agg(p.price order by p.at desc))[1] as price, (array_agg(p.list_price order by p.at desc))[1] as list_price,
        max(p.at) filter (where p.is_change) as changed_at, (array_agg(p.price_before order by p.at desc) filter (where p.is_change))[1] as price_before,
        min(p.price) as low
      from (select l.*, l.starts or l.price is distinct from l.price_before as is_change from lined l) p join touched t on t.listing = p.listing group by p.listing),
  written as (
    update @schema@.listings l set
        last_price_minor = s.price, list_price_minor = s.list_price, in_stock = s.price is not null, last_seen_at = greatest(l.last_seen_at, s.last_at),
        last_changed_at = s.changed_at, prev_price_minor = s.price_before,
        low_30_minor = s.low_30, low_90_minor = s.low_90, low_365_minor = s.low_365, low_all_minor = s.low
      from (select s.*, p.low_30, p.low_90, p.low_365, o.last_price_minor::bigint as old_price
              from state s cross join lateral @schema@.price_lows(tenant, s.listing, s.changed_at) p join @schema@.listings o on o.tenant_id = tenant and o.id = s.listing) s
      where l.tenant_id = tenant and l.id = s.listing
      returning l.product_id, l.id, l.last_changed_at as at, s.old_price, l.last_price_minor::bigint as new_price)
  select m.*, c.* into moved
    from (select array_agg(distinct w.product_id) as products from written w) m,
      (select array_agg(w.id order by w.id) as listings, array_agg(w.at order by w.id) as times, array_agg(w.old_price order by w.id) as old_prices, array_agg(w.new_price order by w.id) as new_prices
        from written w where w.old_price is distinct from w.new_price) c;
  if moved.products is not null then
    perform @schema@.refresh_best_prices(tenant, moved.products);
  end if;
  if moved.listings is not null then
    perform @schema@.prices_changed(tenant, moved.listings, moved.times, moved.old_prices, moved.new_prices);
  end if;
  return stored;
end
$function$;
comment on function @schema@.record_late_prices(bigint, bigint[], timestamptz[], bigint[], bigint[], @schema@.price_source) is 'A part of record_prices(), which has locked the listings: observations of which some are not newer than what their listings have. Errors: those of record_prices(). Example: see record_prices().';

create function @schema@.check_prices(listings bigint[], times timestamptz[], prices bigint[], list_prices bigint[]) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  n constant int := cardinality(listings);
  wrong record;
begin
  if n is null or n > 0 and array_ndims(listings) <> 1 then
    raise exception using errcode = '22023', message = 'listings must be a one-dimensional array, not null';
  end if;
  if (cardinality(times), cardinality(prices), cardinality(list_prices)) is distinct from (n, n, n) then
    raise exception using errcode = '2202E', message = 'the arrays must have the same number of elements',
      detail = pg_catalog.format('listings: %s, times: %s, prices: %s, list_prices: %s.', n, cardinality(times), cardinality(prices), cardinality(list_prices)),
      hint = 'A null element of prices says "not on offer", one of list_prices "no price shown".';
  end if;
  select u.* into wrong from unnest(listings, times) with ordinality u (listing, at, i) where u.listing is null or u.at is null order by u.i limit 1;
  if found then
    raise exception using errcode = '22004', message = pg_catalog.format('observation %s has no %s', wrong.i, case when wrong.listing is null then 'listing' else 'time' end),
      hint = 'Only prices and list_prices may have null elements.';
  end if;
  select u.* into wrong from unnest(listings, times) with ordinality u (listing, at, i)
    where not isfinite(u.at) or u.at > pg_catalog.clock_timestamp() + interval '1 hour' order by u.i limit 1;
  if found then
    raise exception using errcode = '22008', message = pg_catalog.format('observation %s of listing %s is in the future or at no time: %s', wrong.i, wrong.listing, wrong.at),
      hint = 'A time is at most one hour ahead of the server''s clock, or later observations would count as late.';
  end if;
  select u.* into wrong from unnest(listings, prices, list_prices) with ordinality u (listing, price, list_price, i)
    where u.price not between 1 and 10000000000000 or u.list_price not between 1 and 10000000000000 order by u.i limit 1;
  if found then
    raise exception using errcode = '22003', message = pg_catalog.format('observation %s of listing %s has a price out of range: %s', wrong.i, wrong.listing, case when wrong.price between 1 and 10000000000000 then wrong.list_price else coalesce(wrong.price, wrong.list_price) end),
      hint = 'Prices are 1 to 10000000000000, in the smallest unit of the currency. "Not on offer" is null.';
  end if;
  select u.listing, u.at into wrong from unnest(listings, times) u (listing, at) group by u.listing, u.at having count(*) > 1 order by u.listing, u.at limit 1;
  if found then
    raise exception using errcode = '21000', message = pg_catalog.format('listing %s is observed twice at %s', wrong.listing, wrong.at),
      hint = 'Give each listing and time once in a call.';
  end if;
end
$function$;
comment on function @schema@.check_prices(bigint[], timestamptz[], bigint[], bigint[]) is 'A part of record_prices(): refuses observations that can''t be. Errors: 22023, 2202E the arrays; 22004 nulls; 22008 times; 22003 prices; 21000 twice the same listing and time. Example: select @schema@.check_prices(''{7}'', array[now()], ''{1999}'', ''{null}'');';

create function @schema@.add_to_price_daily(tenant bigint, listings bigint[], times timestamptz[], prices bigint[], list_prices bigint[]) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  insert into @schema@.price_daily as d (tenant_id, listing_id, day, min_minor, max_minor, sum_minor, n, absent, last_minor, last_at)
    select tenant, u.listing, (u.at at time zone 'UTC')::date as day, min(u.price), max(u.price), coalesce(sum(u.price), 0)::bigint, count(u.price), count(*) - count(u.price),
        (array_agg(u.price order by u.at desc))[1], max(u.at)
      from unnest(listings, times, prices, list_prices) u (listing, at, price, list_price)
      join @schema@.listings l on l.tenant_id = tenant and l.id = u.listing
      -- What is known already counts once.
      where not (u.at <= coalesce(l.last_seen_at, '-infinity')
        and (u.at = l.last_seen_at and (u.price, u.list_price) is not distinct from (l.last_price_minor, l.list_price_minor)
          or exists (select from @schema@.price_history h where h.tenant_id = tenant and h.listing_id = u.listing and h.observed_at = u.at
            and (h.price_minor, h.list_price_minor) is not distinct from (u.price, u.list_price))))
      group by u.listing, day order by u.listing, day
    on conflict (tenant_id, listing_id, day) do update set
      min_minor = least(d.min_minor, excluded.min_minor), max_minor = greatest(d.max_minor, excluded.max_minor),
      sum_minor = d.sum_minor + excluded.sum_minor, n = d.n + excluded.n, absent = d.absent + excluded.absent,
      last_minor = case when excluded.last_at >= d.last_at then excluded.last_minor else d.last_minor end,
      last_at = greatest(d.last_at, excluded.last_at);
end
$function$;
comment on function @schema@.add_to_price_daily(bigint, bigint[], timestamptz[], bigint[], bigint[]) is 'A part of record_prices(), which has locked the listings: adds observations to price_daily, before they are in the history. One that is known already (same time, same prices) counts once; one that replaces another counts like one more. Errors: 22003 a day''s sum is too large. Example: see record_prices().';

create function @schema@.record_directly(tenant bigint, listings bigint[], times timestamptz[], prices bigint[], list_prices bigint[], source text, out stored bigint, out rest int[])
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  if not @schema@.goes_directly('marketplace_record_prices', 'deal_advisor.ingest_rows', cardinality(listings)) then
    return;
  end if;
  execute 'select d.stored, d.rest from deal_advisor.marketplace_record_prices($1, $2, $3, $4, $5, $6, $7) d'
    into stored, rest using @schema_text@::name, tenant, listings, times, prices, list_prices, source;
end
$function$;
comment on function @schema@.record_directly(bigint, bigint[], timestamptz[], bigint[], bigint[], text) is 'A part of record_prices(): lets the extension write what it can; see deal_advisor.marketplace_record_prices. stored: null: it is not there, or has done nothing; rest: which observations are left, from 1. Errors: those of record_prices(). Example: see record_prices().';

create function @schema@.record_prices(listings bigint[], times timestamptz[], prices bigint[], list_prices bigint[] default null, source @schema@.price_source default 'feed')
returns bigint
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  tenant constant bigint := @schema@.required_tenant();
  given_listings bigint[] := listings; given_times timestamptz[] := times; given_prices bigint[] := prices;
  shown bigint[] := coalesce(list_prices, array_fill(null::bigint, array[coalesce(cardinality(listings), 0)]));
  direct record;
  all_listings bigint[]; all_times timestamptz[]; all_prices bigint[]; all_shown bigint[];
  late_listings bigint[]; late_times timestamptz[]; late_prices bigint[]; late_shown bigint[];
  missing bigint;
  stored bigint := 0;
begin
  if source is null then
    raise exception using errcode = '22004', message = 'source must not be null';
  end if;
  select d.stored, d.rest into direct from @schema@.record_directly(tenant, listings, times, prices, shown, source::text) d;
  if direct.stored is null then
    perform @schema@.check_prices(listings, times, prices, shown);
  elsif direct.rest = '{}' then
    return direct.stored;
  else
    stored := direct.stored;
    select array_agg(u.listing), array_agg(u.at), array_agg(u.price), array_agg(u.list_price) into given_listings, given_times, given_prices, shown
      from unnest(listings, times, prices, shown) with ordinality u (listing, at, price, list_price, i) where u.i = any (direct.rest);
  end if;
  -- The locks first, in a statement of their own: the next ones then see what the session that held them has written.
  perform from @schema@.listings l where l.tenant_id = tenant and l.id = any (given_listings) order by l.id for no key update;
  select u.listing into missing from unnest(given_listings) u (listing)
    where not exists (select from @schema@.listings l where l.tenant_id = tenant and l.id = u.listing and l.deleted_at is null) order by 1 limit 1;
  if found then
    raise exception using errcode = '23503', message = pg_catalog.format('listing %s does not exist', missing),
      hint = 'It may be deleted, or another tenant''s.', constraint = 'price_history_listing_fkey';
  end if;
  with observed as (
    select u.*, coalesce(min(u.at) over (partition by u.listing) <= l.last_seen_at, false) as is_late
      from unnest(given_listings, given_times, given_prices, shown) u (listing, at, price, list_price)
      join @schema@.listings l on l.tenant_id = tenant and l.id = u.listing)
  select array_agg(o.listing order by o.listing, o.at) filter (where not o.is_late), array_agg(o.at order by o.listing, o.at) filter (where not o.is_late),
      array_agg(o.price order by o.listing, o.at) filter (where not o.is_late), array_agg(o.list_price order by o.listing, o.at) filter (where not o.is_late),
      array_agg(o.listing order by o.listing, o.at) filter (where o.is_late), array_agg(o.at order by o.listing, o.at) filter (where o.is_late),
      array_agg(o.price order by o.listing, o.at) filter (where o.is_late), array_agg(o.list_price order by o.listing, o.at) filter (where o.is_late)
    into all_listings, all_times, all_prices, all_shown, late_listings, late_times, late_prices, late_shown
    from observed o;
  perform @schema@.add_to_price_daily(tenant, all_listings || late_listings, all_times || late_times, all_prices || late_prices, all_shown || late_shown);
  begin
    if all_listings is not null then
      stored := stored + @schema@.record_new_prices(tenant, all_listings, all_times, all_prices, all_shown, source);
    end if;
    if late_listings is not null then
      stored := stored + @schema@.record_late_prices(tenant, late_listings, late_times, late_prices, late_shown, source);
    end if;
  exception when check_violation then
    -- What the server says when a row has no partition names no constraint.
    declare
      of_constraint text;
    begin
      get stacked diagnostics of_constraint = constraint_name;
      if of_constraint <> '' then
        raise;
      end if;
      raise exception using errcode = '23514', message = pg_catalog.format('price_history has no partition for a time between %s and %s', (select min(t) from unnest(times) t), (select max(t) from unnest(times) t)),
        hint = $hint$Make it first: select @schema@.ensure_partitions('@schema@.price_history', 12).$hint$;
    end;
  end;
  return stored;
end
$function$;
comment on function @schema@.record_prices(bigint[], timestamptz[], bigint[], bigint[], @schema@.price_source) is
'Records what was observed of listings and says how many points that wrote in price_history: one for each change of the price or "was" price. The history is what comes out when the stored points, the last observation and the new ones stand in order of time and repetitions are left out; so late observations come in at their place, hold until the next thing that is known, and a second observation of the same moment replaces the first. Keeps the latest prices and lows of the listings, the best prices of their products, and price_daily. listings, times: of one length, without nulls; prices: null elements mean "not on offer"; list_prices: "was" prices that were shown (default: none); source: how it came to be known. Locks the listings, then the products, in the order of their numbers. Errors: 22023, 2202E arrays; 22004 nulls; 22008 times; 22003 prices; 21000 the same listing and time twice; 23503 no such listing; 23514 no partition; 42501 no tenant. Example: select @schema@.record_prices(''{7,8}'', array[now(), now()], ''{1999,null}'');';

create function @schema@.record_price(listing bigint, at timestamptz, price bigint, list_price bigint default null, source @schema@.price_source default 'feed')
returns boolean
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  return @schema@.record_prices(array[listing], array[at], array[price], array[list_price], source) > 0;
end
$function$;
comment on function @schema@.record_price(bigint, timestamptz, bigint, bigint, @schema@.price_source) is 'Records one observation of a listing, as record_prices() does for many; true if it was a change. listing: its number; at: when it was observed; price: null means "not on offer"; list_price: the "was" price shown; source: how it came to be known. Errors: those of record_prices(). Example: select @schema@.record_price(7, now(), 1999);';

--@if row_security
alter table @schema@.price_history enable row level security;
create policy own_tenant on @schema@.price_history using (tenant_id = (select @schema@.current_tenant()));
alter table @schema@.price_daily enable row level security;
create policy own_tenant on @schema@.price_daily using (tenant_id = (select @schema@.current_tenant()));
--@end
