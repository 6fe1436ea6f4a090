-- Deterministic data for the marketplace: the same rows on every run and every PostgreSQL version, because all
-- "randomness" is integer arithmetic modulo a prime, never random() or a hash of the server. Skewed like life: tenant 1
-- owns 22 % of the users, some listings are crawled a hundred times as often as others, and price history and
-- messages lie in the heap in the order of time. The data end at midnight of 2025-07-01 UTC, "today" in the demo.
\set ON_ERROR_STOP on
set timezone = 'UTC';
set synchronous_commit = off;
set work_mem = '256MB';

-- u(i, salt): a number in [0, 1) for row i, another sequence for each salt: Weyl's, (a i^2 + b i)/p mod 1.
create function pg_temp.u(i bigint, salt bigint) returns float8 language sql immutable return
  (((i * i % 2147483647) * (salt * 742938285 % 2147483647) + i * (salt * salt % 10007 * 950706376 % 2147483647))
    % 2147483647) / 2147483647.0::float8;
-- pick(n, x): 1..n, evenly for even x. Square or cube x for skew towards 1.
create function pg_temp.pick(n bigint, x float8) returns bigint language sql immutable return
  1 + floor(n * x)::bigint;
create function pg_temp.today() returns timestamptz language sql immutable return
  timestamptz '2025-07-01 00:00:00+00';
create function pg_temp.tenant_of(user_id bigint) returns bigint language sql immutable return
  pg_temp.pick(100, pg_temp.u(user_id, 1) * pg_temp.u(user_id, 1) * pg_temp.u(user_id, 1));
create function pg_temp.retailer_of(listing_id bigint) returns bigint language sql immutable return
  1 + (listing_id % 400) * (listing_id % 400) / 400;
-- A listing's usual price: 5.00 to 2005.00, most of them cheap.
create function pg_temp.usual_price(listing_id bigint) returns float8 language sql immutable return
  500 + 200000 * pg_temp.u(listing_id, 2) * pg_temp.u(listing_id, 2) * pg_temp.u(listing_id, 2);

\echo '  tenants, categories, brands, retailers'
insert into shop.tenants
select i, 'Tenant ' || i, (array['free', 'team', 'business'])[pg_temp.pick(3, pg_temp.u(i, 3))],
       pg_temp.today() - (1500 - i * 10) * interval '1 day'
  from generate_series(1::bigint, 100) as i;
insert into shop.categories
select i, nullif(i / 12, 0), 'Category ' || i, 'category-' || i from generate_series(1::bigint, 300) as i;
insert into shop.brands select i, 'Brand ' || i from generate_series(1::bigint, 2000) as i;
insert into shop.retailers
select i, 'Shop ' || i, 'shop-' || i, (array['DE', 'FR', 'IT', 'NL', 'PL'])[pg_temp.pick(5, pg_temp.u(i, 4))]
  from generate_series(1::bigint, 400) as i;

\echo '  price_history (3,000,000)'
insert into shop.price_history (listing_id, observed_at, price_minor, currency, in_stock)
select l.id, pg_temp.today() - (3000000 - i) * interval '10.5 seconds' + pg_temp.u(i, 5) * interval '10 seconds',
       (pg_temp.usual_price(l.id) * (0.8 + 0.3 * pg_temp.u(i, 6)))::bigint, 'EUR', pg_temp.u(i, 7) < 0.93
  from generate_series(1::bigint, 3000000) as i,
       lateral (select pg_temp.pick(250000, pg_temp.u(i, 8) * sqrt(pg_temp.u(i, 8))) as id) as l;

\echo '  listings (250,000)'
with latest as (select listing_id, max(id) as id from shop.price_history group by listing_id)
insert into shop.listings
select i, case when i <= 200000 then i else pg_temp.pick(200000, pg_temp.u(i, 9) * pg_temp.u(i, 9)) end,
       pg_temp.retailer_of(i), (100000 + i)::text, 'https://shop.example/item/' || (100000 + i),
       coalesce(h.price_minor, pg_temp.usual_price(i)::bigint), 'EUR', coalesce(h.in_stock, true),
       pg_temp.today() - interval '1 day' * (30 + 700 * pg_temp.u(i, 10)),
       coalesce(h.observed_at, pg_temp.today() - interval '400 days')
  from generate_series(1::bigint, 250000) as i
  left join latest on latest.listing_id = i
  left join shop.price_history as h on h.id = latest.id
 order by i;

\echo '  products (200,000)'
with best as (select product_id, min(price_minor) as price from shop.listings group by product_id)
insert into shop.products
select i, pg_temp.pick(300, pg_temp.u(i, 11) * pg_temp.u(i, 11)),
       pg_temp.pick(2000, pg_temp.u(i, 12) * pg_temp.u(i, 12)),
       (array['Quiet', 'Bright', 'Compact', 'Classic', 'Smart', 'Solid', 'Light'])
         [pg_temp.pick(7, pg_temp.u(i, 13))] || ' ' ||
       (array['kettle', 'lamp', 'drill', 'phone', 'chair', 'camera', 'tent', 'mixer'])
         [pg_temp.pick(8, pg_temp.u(i, 14))] || ' ' || i,
       repeat('Made to last and easy to return. ', 1 + (i % 5)::int),
       best.price, 'EUR', 1 + 4 * pg_temp.u(i, 15), pg_temp.u(i, 16) < 0.97,
       pg_temp.today() - (200000 - i) * interval '5 minutes' - pg_temp.u(i, 17) * interval '30 days'
  from generate_series(1::bigint, 200000) as i
  join best on best.product_id = i
 order by i;

\echo '  users (60,000)'
insert into shop.users
select i, pg_temp.tenant_of(i), 'user' || i || '@mail.example', 'User ' || i, i <= 3000,
       pg_temp.today() - (60000 - i) * interval '20 minutes', pg_temp.today() - pg_temp.u(i, 18) * interval '60 days'
  from generate_series(1::bigint, 60000) as i;

\echo '  watches (100,000)'
insert into shop.watches
select w.user_id, w.product_id, (p.best_price_minor * (0.7 + 0.35 * pg_temp.u(w.i, 19)))::bigint, 'EUR',
       pg_temp.u(w.i, 20) < 0.9, pg_temp.today() - pg_temp.u(w.i, 21) * interval '300 days', null
  from (select min(i) as i, user_id, product_id
          from (select i, pg_temp.pick(60000, pg_temp.u(i, 22) * sqrt(pg_temp.u(i, 22))) as user_id,
                       pg_temp.pick(200000, pg_temp.u(i, 23) * pg_temp.u(i, 23)) as product_id
                  from generate_series(1::bigint, 100500) as i) as drawn
         group by user_id, product_id) as w
  join shop.products as p on p.id = w.product_id
 order by w.i;

\echo '  deals (40,000)'
insert into shop.deals
select i, pg_temp.pick(100, pg_temp.u(i, 24) * pg_temp.u(i, 24) * pg_temp.u(i, 24)), l.id,
       l.price_minor, (l.price_minor * (1.05 + 0.5 * pg_temp.u(i, 25)))::bigint, 'EUR', floor(101 * pg_temp.u(i, 26)),
       t.started_at, case when i <= 37000 then t.started_at + (0.5 + pg_temp.u(i, 27)) * interval '3 days' end
  from (select i, pg_temp.pick(250000, pg_temp.u(i, 28) * pg_temp.u(i, 28)) as listing_id,
               pg_temp.today() - (40000 - i) * interval '13 minutes' as started_at
          from generate_series(1::bigint, 40000) as i) as t
  join shop.listings as l on l.id = t.listing_id
 order by i;

\echo '  messages (500,000)'
insert into shop.messages (conversation_id, sender_id, body, needs_review, created_at)
select c.id, -- the buyer of the conversation or its seller, see participants
       case when pg_temp.u(i, 29) < 0.5 then pg_temp.pick(60000, pg_temp.u(c.id, 31))
            else pg_temp.pick(3000, pg_temp.u(c.id, 32) * pg_temp.u(c.id, 32)) end,
       (array['Is it still available?', 'Could you ship it tomorrow?', 'My last price, sorry.',
              'Thank you, it arrived!', 'Does it come with the box and a bill?', 'I can pick it up on Saturday.'])
         [pg_temp.pick(6, pg_temp.u(i, 33))]
         || repeat(' Please tell me.', (i % 4)::int),
       pg_temp.u(i, 34) < 0.004, pg_temp.today() - (500000 - i) * interval '63 seconds'
  from generate_series(1::bigint, 500000) as i,
       lateral (select pg_temp.pick(50000, pg_temp.u(i, 35) * pg_temp.u(i, 35)) as id) as c;

\echo '  conversations (50,000), participants'
insert into shop.conversations
select i, pg_temp.tenant_of(pg_temp.pick(60000, pg_temp.u(i, 31))),
       pg_temp.pick(250000, pg_temp.u(i, 36) * pg_temp.u(i, 36)), 'About listing no. ' || i,
       coalesce(m.first_at, pg_temp.today() - interval '1 year'),
       coalesce(m.last_at, pg_temp.today() - interval '1 year')
  from generate_series(1::bigint, 50000) as i
  left join (select conversation_id, min(created_at) as first_at, max(created_at) as last_at
               from shop.messages group by conversation_id) as m on m.conversation_id = i
 order by i;
insert into shop.participants
select c.id, p.user_id, p.is_seller, c.last_message_at - pg_temp.u(c.id * 2 + p.is_seller::int, 37) * interval '20 days'
  from shop.conversations as c,
       lateral (values (pg_temp.pick(60000, pg_temp.u(c.id, 31)), false),
                       (pg_temp.pick(3000, pg_temp.u(c.id, 32) * pg_temp.u(c.id, 32)), true)) as p (user_id, is_seller)
 order by c.id, p.is_seller
on conflict do nothing;

\echo '  offers (80,000)'
insert into shop.offers (conversation_id, listing_id, buyer_id, seller_id, amount_minor, currency, state, created_at)
select c.id, c.listing_id, pg_temp.pick(60000, pg_temp.u(c.id, 31)),
       pg_temp.pick(3000, pg_temp.u(c.id, 32) * pg_temp.u(c.id, 32)),
       (pg_temp.usual_price(c.listing_id) * (0.6 + 0.4 * pg_temp.u(o.i, 38)))::bigint, 'EUR',
       (array['pending', 'accepted', 'declined', 'declined', 'expired'])[pg_temp.pick(5, pg_temp.u(o.i, 39))],
       pg_temp.today() - (80000 - o.i) * interval '6 minutes'
  from (select i, pg_temp.pick(50000, pg_temp.u(i, 40)) as conversation_id
          from generate_series(1::bigint, 80000) as i) as o
  join shop.conversations as c on c.id = o.conversation_id
 order by o.i;

\echo '  orders (120,000)'
insert into shop.orders (tenant_id, buyer_id, listing_id, amount_minor, currency, state, created_at)
select pg_temp.tenant_of(o.buyer_id), o.buyer_id, o.listing_id, pg_temp.usual_price(o.listing_id)::bigint, 'EUR',
       (array['placed', 'paid', 'shipped', 'delivered', 'delivered', 'delivered', 'returned'])
         [pg_temp.pick(7, pg_temp.u(o.i, 41))],
       pg_temp.today() - (120000 - o.i) * interval '4 minutes'
  from (select i, pg_temp.pick(60000, pg_temp.u(i, 42) * sqrt(pg_temp.u(i, 42))) as buyer_id,
               pg_temp.pick(250000, pg_temp.u(i, 43) * pg_temp.u(i, 43)) as listing_id
          from generate_series(1::bigint, 120000) as i) as o
 order by o.i;

\echo '  notifications (400,000)'
insert into shop.notifications (user_id, product_id, kind, body, created_at, read_at)
select n.user_id, n.product_id,
       (array['price_drop', 'price_drop', 'back_in_stock', 'message', 'offer'])[pg_temp.pick(5, pg_temp.u(n.i, 44))],
       'News about product ' || n.product_id, n.created_at,
       case when pg_temp.u(n.i, 45) < 0.85 then n.created_at + pg_temp.u(n.i, 46) * interval '2 days' end
  from (select i, pg_temp.pick(60000, pg_temp.u(i, 47) * sqrt(pg_temp.u(i, 47))) as user_id,
               pg_temp.pick(200000, pg_temp.u(i, 48) * pg_temp.u(i, 48)) as product_id,
               pg_temp.today() - (400000 - i) * interval '75 seconds' as created_at
          from generate_series(1::bigint, 400000) as i) as n
 order by n.i;
