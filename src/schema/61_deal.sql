-- Judging prices: pure functions on a price over time, given as arrays.

create type deal_advisor.price_stats_result as (
  min_minor bigint,
  max_minor bigint,
  mean_minor double precision,
  median_minor bigint,
  mad_minor bigint,
  p10_minor bigint,
  p25_minor bigint,
  p75_minor bigint,
  p90_minor bigint,
  in_stock_share double precision,
  known_share double precision,
  changes bigint
);
comment on type deal_advisor.price_stats_result is
'Statistics of a price over a window, weighted by time on offer. Median and percentiles: the lowest price with at least that share of the time at or below it; mad_minor: the median distance from the median, by the same rule; all these are null if it never was on offer. in_stock_share: time on offer, of the known time (null: none is); known_share: time from the first point on, of the window; changes: from one price to another within it, over spans out of stock too. Example: select median_minor, in_stock_share from deal_advisor.price_stats(array[now() - interval ''40 days'', now() - interval ''1 day''], array[1000, 800], now() - interval ''30 days'', now());';

create function deal_advisor.price_stats(
  times timestamptz[],
  prices bigint[],
  from_time timestamptz,
  to_time timestamptz default pg_catalog.now())
returns setof deal_advisor.price_stats_result
  language c immutable strict parallel safe rows 1
  as 'MODULE_PATHNAME', 'deal_advisor_price_stats';
comment on function deal_advisor.price_stats(timestamptz[], bigint[], timestamptz, timestamptz) is
'Statistics of a price over a time, weighted by how long it held: how often somebody looked doesn''t matter. times, prices: change points, sorted by time; a price holds until the next point, null: not on offer; minor units; from_time, to_time: the time, its end left out; the price carried into it counts, and the last one holds to its end. One row. Errors: 22023 times out of order, negative prices, an empty time; 22004 a time is null; 2202E the arrays. Example: select median_minor from deal_advisor.price_stats(array[now() - interval ''40 days'', now() - interval ''1 day''], array[1000, 800], now() - interval ''30 days'');';

create type deal_advisor.prior_price_result as (
  prior_minor bigint,
  current_minor bigint,
  reduced boolean,
  since timestamptz,
  from_time timestamptz,
  to_time timestamptz,
  flags text[]
);
comment on type deal_advisor.prior_price_result is
'What prior_price found. prior_minor: the prior price, null if nothing was on offer in the period; current_minor: the price at the time asked for, since when in since; reduced: it came down to that; from_time, to_time: the period that counts; flags: insufficient_history, progressive, shorter_period. Example: select prior_minor, flags from deal_advisor.prior_price(array[now() - interval ''40 days'', now()], array[1000, 800]);';

create function deal_advisor.prior_price(
  times timestamptz[],
  prices bigint[],
  at timestamptz default pg_catalog.now(),
  days integer default 30,
  progressive boolean default false,
  new_goods boolean default false)
returns setof deal_advisor.prior_price_result
  language c immutable strict parallel safe rows 1
  as 'MODULE_PATHNAME', 'deal_advisor_prior_price';
comment on function deal_advisor.prior_price(timestamptz[], bigint[], timestamptz, integer, boolean, boolean) is
'The prior price of a price reduction by Directive 98/6/EC Art. 6a: the lowest price that one shop applied in the days before the reduction that holds at a time began; what a percentage must be computed from (CJEU C-330/23). The price carried into the period counts, spans out of stock don''t. times, prices: change points, sorted by time; a price holds until the next point, null: not on offer; minor units; at: the time; days: of the period; progressive: in a row of reductions the period ends where the first began; new_goods: the goods came on the market with the first point, and a shorter period counts. One row. Errors: 22023 times out of order, negative prices, days; 22004 a time is null; 2202E the arrays. Example: select prior_minor from deal_advisor.prior_price(array[now() - interval ''40 days'', now()], array[1000, 800]);';

create type deal_advisor.deal_score_result as (
  score double precision,
  verdict text,
  confidence double precision,
  prior_minor bigint,
  flags text[],
  components jsonb
);
comment on type deal_advisor.deal_score_result is
'How good a price is. score: 0 to 100, 50 says nothing; verdict: excellent (from 80), good, fair, usual, overpriced, or unknown; confidence: 0 to 1, the score is shrunk to 50 by it; prior_minor: see prior_price; flags: raised_before_sale, claimed_above_prior, dearer_than_prior, insufficient_history, suspected_glitch, always_on_sale, progressive; components: what the score is made of. Example: select score, verdict, flags from deal_advisor.deal_score(array[now() - interval ''100 days'', now()], array[1000, 700]);';

create function deal_advisor.deal_score(
  times timestamptz[],
  prices bigint[],
  at timestamptz default pg_catalog.now(),
  claimed bigint default null,
  others bigint[] default null)
returns setof deal_advisor.deal_score_result
  language c immutable parallel safe rows 1
  as 'MODULE_PATHNAME', 'deal_advisor_deal_score';
comment on function deal_advisor.deal_score(timestamptz[], bigint[], timestamptz, bigint, bigint[]) is
'How good a listing''s price is by its own past of a year on offer, by robust statistics weighted by time: how rarely it was as cheap, how far below the usual and the prior price, in multiples of how much it varies; a glitch in the past or a raise before the sale doesn''t help. times, prices: as in prior_price; at: the time; claimed: the "was" price that the shop shows; others: what other shops ask now. One row. Errors: as in prior_price; 22004 times, prices or at is null. Example: select score, verdict, flags from deal_advisor.deal_score(array[now() - interval ''100 days'', now()], array[1000, 700]);';
