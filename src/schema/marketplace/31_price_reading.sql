-- Reading prices: at a moment, in buckets, time-weighted statistics, the prior price of EU law, and what a discount is worth.

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

create function @schema@.price_stats(listing bigint, period interval default '90 days', at timestamptz default now(),
  out from_time timestamptz, out to_time timestamptz, out min_minor bigint, out max_minor bigint, out mean_minor numeric, out median_minor bigint, out mad_minor bigint,
  out p10_minor bigint, out p25_minor bigint, out p75_minor bigint, out p90_minor bigint, out in_stock_share double precision, out known_share double precision, out changes bigint)
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
declare
  on_offer numeric;
  known numeric;
begin
  if period is null or period <= interval '0' or period > interval '100 years' then
    raise exception using errcode = '22023', message = 'period must be a positive interval of at most 100 years';
  end if;
  if at is null or not isfinite(at) then
    raise exception using errcode = '22023', message = 'at must be a moment, not null or infinite';
  end if;
  from_time := at - period;
  to_time := at;
  with span as (
    select s.price_minor as price, extract(epoch from s.ends_at - s.starts_at) as seconds from @schema@.price_spans(listing, from_time, to_time) s),
  dear as (
    select s.price, sum(s.seconds) as seconds from span s where s.price is not null group by s.price),
  ranked as (
    select d.price, d.seconds, sum(d.seconds) over (order by d.price) as upto, sum(d.seconds) over () as total from dear d),
  middle as (
    select min(r.price) as median from ranked r where r.upto >= 0.5 * r.total),
  away as (
    select abs(r.price - m.median) as distance, sum(r.seconds) as seconds from ranked r cross join middle m group by 1),
  away_ranked as (
    select a.distance, sum(a.seconds) over (order by a.distance) as upto, sum(a.seconds) over () as total from away a)
  select min(r.price), max(r.price), sum(r.price * r.seconds) / sum(r.seconds), (select m.median from middle m), (select min(a.distance) from away_ranked a where a.upto >= 0.5 * a.total),
      min(r.price) filter (where r.upto >= 0.1 * r.total), min(r.price) filter (where r.upto >= 0.25 * r.total),
      min(r.price) filter (where r.upto >= 0.75 * r.total), min(r.price) filter (where r.upto >= 0.9 * r.total),
      sum(r.seconds), (select sum(s.seconds) from span s)
    into min_minor, max_minor, mean_minor, median_minor, mad_minor, p10_minor, p25_minor, p75_minor, p90_minor, on_offer, known
    from ranked r;
  in_stock_share := coalesce(on_offer, 0) / known;
  known_share := coalesce(known, 0) / extract(epoch from to_time - from_time);
  select count(*) into changes from @schema@.price_history h where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = listing and h.observed_at >= from_time and h.observed_at < to_time;
end
$function$;
comment on function @schema@.price_stats(bigint, interval, timestamptz) is 'Statistics of a listing''s prices over a time, weighted by how long each was on offer: what was carried into the time counts, time not on offer doesn''t, the last known price holds to the end. listing: its number; period: how long (days of 24 hours); at: its end, left out. The median and the percentiles are prices that were there (the lowest that at least that share of the time was not above); mad_minor: the median distance from the median, by the same rule; in_stock_share: of the known time; known_share: of the period; changes: points of the history in it. Prices are null where none was on offer. Errors: 22023 arguments. Example: select * from @schema@.price_stats(7, ''365 days'');';

create function @schema@.reduction_start(listing bigint, at timestamptz, progressive boolean default false,
  out price_minor bigint, out starts_at timestamptz, out steps int)
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  point record;
  run_price bigint;
  run_start timestamptz;
  in_progress boolean := false;
begin
  -- Back from run to run; time not on offer doesn't end one.
  for point in select h.observed_at, h.price_minor as price from @schema@.price_history h where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = listing and h.observed_at <= at order by h.observed_at desc loop
    if run_price is null and point.price is null then
      return;
    end if;
    continue when point.price is null;
    if run_price is null then
      price_minor := point.price;
      run_price := point.price;
    elsif point.price <> run_price then
      exit when in_progress and point.price < run_price;
      starts_at := run_start;
      steps := coalesce(steps, 0) + (point.price > run_price)::int;
      exit when not coalesce(progressive, false) or point.price < run_price;
      in_progress := true;
      run_price := point.price;
    end if;
    run_start := point.observed_at;
  end loop;
  starts_at := coalesce(starts_at, run_start);
  steps := coalesce(steps, 0);
end
$function$;
comment on function @schema@.reduction_start(bigint, timestamptz, boolean) is 'When the price of a listing at a moment began: the application of the reduction, if it was one. listing: its number; at: the moment; progressive: whether the first step of a row of reductions counts, not the last. steps: how many reductions in a row (0: the last change was none; 1: one, or progressive is false). All null: not on offer then. Errors: none. Example: select * from @schema@.reduction_start(7, now());';

create function @schema@.prior_price(listing bigint, at timestamptz default now(), days int default 30, progressive boolean default false) returns bigint
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  sale_start timestamptz;
  prior bigint;
begin
  if days is null or days not between 1 and 3650 then
    raise exception using errcode = '22023', message = 'days must be between 1 and 3650', hint = 'The directive says at least 30; less only where national law allows it.';
  end if;
  select r.starts_at into sale_start from @schema@.reduction_start(listing, at, progressive) r;
  select min(s.price_minor) into prior from @schema@.price_spans(listing, sale_start - pg_catalog.make_interval(hours => 24 * days), sale_start) s;
  return prior;
end
$function$;
comment on function @schema@.prior_price(bigint, timestamptz, int, boolean) is 'The prior price by Directive 98/6/EC Art. 6a: the lowest price that the shop applied in the days before the reduction that holds at a moment began. The price that held when those days began counts, time not on offer doesn''t. listing: its number, one shop and channel; at: the moment; days: at least 30 by the directive (of 24 hours); progressive: reductions step by step, where national law allows it: the days end before the first step of a row without a raise. null: not on offer at the moment, or no price before. Errors: 22023 days. Example: select @schema@.prior_price(7, now());';

create function @schema@.discount_check(listing bigint, at timestamptz default now())
returns table (price_minor bigint, list_price_minor bigint, prior_minor bigint, claimed_percent numeric, real_percent numeric, reduced_at timestamptz, flags text[])
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $function$
declare
  sale record;
  steps int;
  first_seen timestamptz;
  before bigint;
  usual record;
  tolerance numeric;
  glitch boolean;
  cheap_share numeric;
begin
  select p.price_minor, p.list_price_minor into price_minor, list_price_minor from @schema@.prices_on(listing, at) p;
  if not found then
    return;
  end if;
  flags := '{}';
  if price_minor is null then
    return next;
    return;
  end if;
  select * into sale from @schema@.reduction_start(listing, at);
  reduced_at := case when sale.steps > 0 then sale.starts_at end;
  prior_minor := @schema@.prior_price(listing, at);
  claimed_percent := pg_catalog.round(100.0 * (list_price_minor - price_minor) / list_price_minor, 1);
  real_percent := pg_catalog.round(100.0 * (prior_minor - price_minor) / prior_minor, 1);
  select min(h.observed_at) into first_seen from @schema@.price_history h where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = listing;
  select h.price_minor into before from @schema@.price_history h
    where h.tenant_id = (select @schema@.current_tenant()) and h.listing_id = listing and h.observed_at < sale.starts_at and h.price_minor is not null order by h.observed_at desc limit 1;
  select s.median_minor, s.mad_minor into usual from @schema@.price_stats(listing, interval '90 days', sale.starts_at) s;
  tolerance := 6 * greatest(1.4826 * usual.mad_minor, 0.02 * usual.median_minor);
  select coalesce(bool_or(s.price_minor < 0.5 * usual.median_minor and usual.median_minor - s.price_minor > tolerance), false) into glitch
    from @schema@.price_spans(listing, sale.starts_at - interval '720 hours', sale.starts_at) s where s.ends_at - s.starts_at < interval '48 hours';
  glitch := glitch or coalesce(at - sale.starts_at < interval '48 hours' and abs(price_minor - usual.median_minor) > tolerance
    and price_minor not between 0.5 * usual.median_minor and 2 * usual.median_minor, false);
  select sum(extract(epoch from s.ends_at - s.starts_at)) filter (where s.price_minor <= 1.002 * discount_check.price_minor)
      / nullif(sum(extract(epoch from s.ends_at - s.starts_at)), 0) into cheap_share
    from @schema@.price_spans(listing, at - interval '8760 hours', at) s where s.price_minor is not null;
  select r.steps into steps from @schema@.reduction_start(listing, at, progressive => true) r;
  select coalesce(array_agg(f.flag order by f.n), '{}') into flags
    from (values
      (1, 'raised_before_sale', price_minor < before and before > 1.05 * usual.median_minor),
      (2, 'claimed_above_prior', list_price_minor > prior_minor and list_price_minor > price_minor),
      (3, 'dearer_than_prior', price_minor > prior_minor),
      (4, 'insufficient_history', prior_minor is null or first_seen > sale.starts_at - interval '720 hours'),
      (5, 'suspected_glitch', glitch),
      (6, 'always_on_sale', list_price_minor > price_minor and at - first_seen >= interval '1440 hours' and cheap_share > 0.5),
      (7, 'progressive', steps > 1)) f (n, flag, holds)
    where f.holds;
  return next;
end
$function$;
comment on function @schema@.discount_check(bigint, timestamptz) is
'What the discount of a listing is worth at a moment. listing: its number; at: the moment. claimed_percent: below the "was" price that the shop shows; real_percent: below the prior price (see prior_price; negative: dearer); reduced_at: when the last reduction began, null: the last change was none. flags: raised_before_sale (the price just before the reduction was over 5 % above the median of the 90 days before it), claimed_above_prior (the "was" price is above the prior price), dearer_than_prior, insufficient_history (the history does not reach 30 days back from the reduction), suspected_glitch (a price that held under 48 hours, over 6 MAD and a factor of 2 away from the median, now or as the prior price''s rival), always_on_sale (a "was" price is shown, but for over half of the last 365 days the price was no higher than now; from 60 days of history on), progressive (several reductions in a row). No row: nothing is known of the listing then; price_minor null: not on offer. Errors: 22008 times out of range. Example: select * from @schema@.discount_check(7);';
