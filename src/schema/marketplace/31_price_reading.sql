-- Reading prices: at a moment, in buckets, time-weighted statistics, the prior price of EU law, and what a discount is worth.
-- What judges prices is the extension's, so that there is one truth: price_stats, prior_price and discount_check read and ask.

create function @schema@.price_spans(listing bigint, from_time timestamptz, to_time timestamptz)
returns table (starts_at timestamptz, ends_at timestamptz, price_minor bigint, list_price_minor bigint)
  language sql stable parallel safe
begin atomic
  select greatest(s.observed_at, $2), s.ends_at, s.price_minor, s.list_price_minor
    from (
      select h.observed_at, lead(h.observed_at, 1, $3) over (order by h.observed_at) as ends_at, h.price_minor, h.list_price_minor
        from @schema@.price_history h
        where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = $1 and h.observed_at < $3
          and h.observed_at >= coalesce((select max(c.observed_at) from @schema@.price_history c where c.tenant_id = (select @schema@.current_tenant()) and c.listing_id = $1 and c.observed_at <= $2), '-infinity')) s
    where s.ends_at > $2;
end;
comment on function @schema@.price_spans(bigint, timestamptz, timestamptz) is 'The history of a listing between two moments as spans with one price each (null: not on offer); the price that held at the first moment counts, time before the first observation has no span. listing: its number; from_time, to_time: the moments, the second left out. Errors: none. Example: select * from @schema@.price_spans(7, now() - interval ''30 days'', now());';

create function @schema@.prices_on(listing bigint, at timestamptz)
returns table (price_minor bigint, list_price_minor bigint, in_stock boolean, since timestamptz, source @schema@.price_source)
  language sql stable parallel safe
begin atomic
  select h.price_minor, h.list_price_minor, h.price_minor is not null, h.observed_at, h.source
    from @schema@.price_history h where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = $1 and h.observed_at <= $2 order by h.observed_at desc limit 1;
end;
comment on function @schema@.prices_on(bigint, timestamptz) is 'What a listing cost at a moment; no row: nothing was known yet. listing: its number; at: the moment. since: from when on. Errors: none. Example: select * from @schema@.prices_on(7, ''2026-11-27'');';

create function @schema@.price_history(listing bigint, from_time timestamptz, to_time timestamptz, bucket interval default '1 day')
returns table (bucket_start timestamptz, bucket_end timestamptz, first_minor bigint, last_minor bigint, min_minor bigint, max_minor bigint, mean_minor numeric, in_stock_share double precision, changes bigint)
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
begin
  if from_time is null or to_time is null or not isfinite(from_time) or not isfinite(to_time) then
    raise exception using errcode = '22023', message = 'from_time and to_time must be moments, not null or infinite';
  end if;
  if bucket is null or bucket < interval '1 second' then
    raise exception using errcode = '22023', message = 'bucket must be at least one second';
  end if;
  if extract(epoch from to_time - from_time) / extract(epoch from bucket) > 10000 then
    raise exception using errcode = '54000', message = 'more than 10000 buckets', hint = 'Take a larger bucket or a shorter time.';
  end if;
  return query
    with span as materialized (
      select s.* from @schema@.price_spans(listing, from_time, to_time) s),
    slot as (
      select g as starts_at, least(g + bucket, to_time) as ends_at from pg_catalog.generate_series(from_time, to_time, bucket) g where g < to_time),
    piece as (
      select b.starts_at as slot_start, b.ends_at as slot_end, greatest(s.starts_at, b.starts_at) as starts_at, s.price_minor,
          extract(epoch from least(s.ends_at, b.ends_at) - greatest(s.starts_at, b.starts_at)) as seconds
        from slot b left join span s on s.starts_at < b.ends_at and s.ends_at > b.starts_at)
    select p.slot_start, p.slot_end,
        (array_agg(p.price_minor order by p.starts_at) filter (where p.price_minor is not null))[1],
        (array_agg(p.price_minor order by p.starts_at desc) filter (where p.price_minor is not null))[1],
        min(p.price_minor), max(p.price_minor),
        sum(p.price_minor * p.seconds) / nullif(sum(p.seconds) filter (where p.price_minor is not null), 0),
        (coalesce(sum(p.seconds) filter (where p.price_minor is not null), 0) / nullif(sum(p.seconds), 0))::double precision,
        (select count(*) from @schema@.price_history h where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = listing and h.observed_at >= p.slot_start and h.observed_at < p.slot_end)
      from piece p group by p.slot_start, p.slot_end order by p.slot_start;
end
$function$;
comment on function @schema@.price_history(bigint, timestamptz, timestamptz, interval) is 'The prices of a listing in equal buckets of time, each with what was carried into it. listing: its number; from_time, to_time: the whole time, the end left out; bucket: at least a second; days and months are those of the session''s time zone. first_minor, last_minor: the first and last price on offer; mean_minor: weighted by time; in_stock_share: of the known time; changes: points of the history inside. All null: nothing was known yet. Errors: 22023 arguments; 54000 over 10000 buckets. Example: select * from @schema@.price_history(7, now() - interval ''90 days'', now(), ''1 week'');';

create function @schema@.price_points(listing bigint, from_time timestamptz, to_time timestamptz)
returns table (times timestamptz[], prices bigint[], list_price_minor bigint)
  language sql stable parallel safe
begin atomic
  select array_agg(p.observed_at), array_agg(p.price_minor::bigint),
      (select h.list_price_minor::bigint from @schema@.price_history h where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = $1 and h.observed_at <= $3 order by h.observed_at desc limit 1)
    from (
      -- No other column: the index has these.
      select h.observed_at, h.price_minor
        from @schema@.price_history h
        where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = $1 and h.observed_at <= $3
          and h.observed_at >= coalesce((select max(c.observed_at) from @schema@.price_history c where c.tenant_id = (select @schema@.current_tenant()) and c.listing_id = $1 and c.observed_at <= $2), '-infinity')
        order by h.observed_at) p;
end;
comment on function @schema@.price_points(bigint, timestamptz, timestamptz) is 'The history of a listing in arrays, as the extension''s functions take it: from the point that holds at one moment to the last one at another. listing: its number; from_time, to_time: the moments. list_price_minor: the "was" price at to_time. One row; null arrays: nothing is known. Errors: none. Example: select * from @schema@.price_points(7, ''-infinity'', now());';

create function @schema@.judged_points(listing bigint, at timestamptz)
returns table (times timestamptz[], prices bigint[], list_price_minor bigint)
  language sql stable parallel safe
begin atomic
  -- A year on offer counts, and the same season a year before; the rest is for spans out of stock. Where the present price may be older than
  -- that, so is what was before it.
  select p.times, p.prices, p.list_price_minor
    from (
      select case when exists (select from @schema@.price_history h where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = $1 and h.observed_at <= $2 - interval '800 days')
          and not exists (
            select from @schema@.price_history h where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = $1 and h.observed_at > $2 - interval '760 days' and h.observed_at <= $2
              and h.price_minor <> (select n.price_minor from @schema@.price_history n where n.tenant_id = (select @schema@.current_tenant()) and n.listing_id = $1 and n.observed_at <= $2
                and n.price_minor is not null order by n.observed_at desc limit 1))
          then '-infinity' else $2 - interval '800 days' end as since
      offset 0) s
    cross join lateral @schema@.price_points($1, s.since, $2) p;
end;
comment on function @schema@.judged_points(bigint, timestamptz) is 'What of the history of a listing counts when its price at a moment is judged; see price_points. listing: its number; at: the moment. Errors: 22008 the moment is out of range. Example: select * from @schema@.judged_points(7, now());';

create function @schema@.price_stats(listing bigint, period interval default '90 days', at timestamptz default now(),
  out from_time timestamptz, out to_time timestamptz, out min_minor bigint, out max_minor bigint, out mean_minor double precision, out median_minor bigint, out mad_minor bigint,
  out p10_minor bigint, out p25_minor bigint, out p75_minor bigint, out p90_minor bigint, out in_stock_share double precision, out known_share double precision, out changes bigint)
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp set timezone = 'UTC' set plan_cache_mode = force_generic_plan as $function$
begin
  if period is null or period <= interval '0' or period > interval '100 years' then
    raise exception using errcode = '22023', message = 'period must be a positive interval of at most 100 years';
  end if;
  if at is null or not isfinite(at) then
    raise exception using errcode = '22023', message = 'at must be a moment, not null or infinite';
  end if;
  from_time := at - period;
  to_time := at;
  select s.min_minor, s.max_minor, s.mean_minor, s.median_minor, s.mad_minor, s.p10_minor, s.p25_minor, s.p75_minor, s.p90_minor, s.in_stock_share, s.known_share, s.changes
    into min_minor, max_minor, mean_minor, median_minor, mad_minor, p10_minor, p25_minor, p75_minor, p90_minor, in_stock_share, known_share, changes
    from @schema@.price_points(listing, from_time, to_time) p
    cross join lateral deal_advisor.price_stats(coalesce(p.times, '{}'), coalesce(p.prices, '{}'), price_stats.from_time, price_stats.to_time) s;
end
$function$;
comment on function @schema@.price_stats(bigint, interval, timestamptz) is 'Statistics of a listing''s prices over a time, weighted by how long each was on offer; see deal_advisor.price_stats, which it calls and without which it stops: what was carried into the time counts, time not on offer doesn''t, the last known price holds to the end. listing: its number; period: how long (days of 24 hours); at: its end, left out. The median and the percentiles are prices that were there; mad_minor: the median distance from the median; in_stock_share: of the known time; known_share: of the period; changes: from one price to another in it. Prices are null where none was on offer. Errors: 22023 arguments; 3F000, 42883 the extension is gone. Example: select * from @schema@.price_stats(7, ''365 days'');';

create function @schema@.prior_price(listing bigint, at timestamptz default now(), days int default 30, progressive boolean default false) returns bigint
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $function$
begin
  if days is null or days not between 1 and 3650 then
    raise exception using errcode = '22023', message = 'days must be between 1 and 3650', hint = 'The directive says at least 30; less only where national law allows it.';
  end if;
  return (
    select s.prior_minor from @schema@.price_points(listing, '-infinity', at) p
      cross join lateral deal_advisor.prior_price(p.times, p.prices, at, days, coalesce(progressive, false)) s);
end
$function$;
comment on function @schema@.prior_price(bigint, timestamptz, int, boolean) is 'The prior price by Directive 98/6/EC Art. 6a: the lowest price that the shop applied in the days before the reduction that holds at a moment began; see deal_advisor.prior_price, which it calls and without which it stops. The price that held when those days began counts, time not on offer doesn''t. listing: its number, one shop and channel; at: the moment; days: at least 30 by the directive (of 24 hours); progressive: reductions step by step, where national law allows it: the days end before the first step of a row without a raise. null: not on offer at the moment, or no price before. Errors: 22023 days; 3F000, 42883 the extension is gone. Example: select @schema@.prior_price(7, now());';

create function @schema@.discount_check(listing bigint, at timestamptz default now())
returns table (price_minor bigint, list_price_minor bigint, prior_minor bigint, claimed_percent numeric, real_percent numeric, reduced_at timestamptz, flags text[])
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $function$
begin
  return query
    select r.current_minor, p.list_price_minor, r.prior_minor,
        case when r.current_minor is not null then pg_catalog.round(100.0 * (p.list_price_minor - r.current_minor) / p.list_price_minor, 1) end,
        pg_catalog.round(100.0 * (r.prior_minor - r.current_minor) / r.prior_minor, 1),
        case when r.reduced then r.since end, s.flags
      from @schema@.judged_points(listing, at) p
      cross join lateral deal_advisor.prior_price(p.times, p.prices, at) r
      cross join lateral deal_advisor.deal_score(p.times, p.prices, at, p.list_price_minor) s
      where p.times is not null;
end
$function$;
comment on function @schema@.discount_check(bigint, timestamptz) is
'What the discount of a listing is worth at a moment; see deal_advisor.prior_price and deal_score, which it calls and without which it stops. listing: its number; at: the moment. claimed_percent: below the "was" price that the shop shows; real_percent: below the prior price (see prior_price; negative: dearer); reduced_at: when the last reduction began, null: the last change was none. flags, those of the deal score: raised_before_sale (the sale undoes a raise of at least 8 % that came at most 90 days before it, and is not below the usual price), claimed_above_prior (the "was" price is above the prior price), dearer_than_prior, insufficient_history (under 30 days on offer, or not the whole time of the prior price), suspected_glitch (a price that has held under two days, under 0.45 or over 2.2 times the usual), always_on_sale (it came down to about this price three times in a year and was there for a quarter of it), progressive (several reductions in a row). No row: nothing is known of the listing then; price_minor null: not on offer. Errors: 22008 times out of range; 3F000, 42883 the extension is gone. Example: select * from @schema@.discount_check(7);';
