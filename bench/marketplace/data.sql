-- Deterministic data for the marketplace: integer arithmetic modulo a prime, never random() or a hash of the server, so
-- the rows are the same on every run and every PostgreSQL version. Skewed like life: words, tags and brands after Zipf, tenant 1
-- owns a fifth, a few sellers get most of the mail; append-only tables lie in the order of time. The data end
-- at midnight of 2025-07-01 UTC.
\set ON_ERROR_STOP on
set timezone = 'UTC';
set synchronous_commit = off;
set work_mem = '256MB';

\ir ../lib/spread.sql
create function pg_temp.today() returns timestamptz language sql immutable return
  timestamptz '2025-07-01 00:00:00+00';
create function pg_temp.tenant_of(id bigint) returns bigint language sql immutable return
  pg_temp.pick(200, pg_temp.u(id, 1) * pg_temp.u(id, 1) * pg_temp.u(id, 1));
create function pg_temp.seller_of(product_id bigint) returns bigint language sql immutable return
  pg_temp.pick(4000, pg_temp.u(product_id, 2) * pg_temp.u(product_id, 2));
create function pg_temp.usual_price(product_id bigint) returns float8 language sql immutable return
  500 + 200000 * pg_temp.u(product_id, 3) * pg_temp.u(product_id, 3) * pg_temp.u(product_id, 3);

\echo '  tenants, categories, settings'
insert into market.tenants
select i, 'Tenant ' || i, 'tenant-' || i, (array['free', 'team', 'business'])[pg_temp.pick(3, pg_temp.u(i, 4))]
  from generate_series(1::bigint, 200) as i;
insert into market.categories
select i, nullif(i / 12, 0), 'Category ' || i, 'category-' || i from generate_series(1::bigint, 300) as i;
insert into market.settings select i, 'feature.' || i, 'on' from generate_series(1::bigint, 40) as i;

\echo '  sentences (temporary, 40,000)'
create temporary table sentences as
select s as id, string_agg(pg_temp.word(pg_temp.zipf(20000, pg_temp.u(s * 9 + w, 5))), ' ' order by w) as text
  from generate_series(0::bigint, 39999) as s, generate_series(1, 8) as w group by s;
create unique index on sentences (id);
analyze sentences;

\echo '  users (100,000)'
insert into market.users
select i, pg_temp.tenant_of(i),
       case i % 3 when 0 then initcap(name) || '.' || upper(left(pg_temp.word(i % 3000), 1)) || i || '@Mail.Example'
                  when 1 then name || i || '@mail.example' else upper(name) || i || '@MAIL.example' end,
       initcap(name) || ' ' || initcap(pg_temp.word(1 + i * 7 % 3000)), i <= 4000,
       case when i <= 4000 and pg_temp.u(i, 6) < 0.8 then round((1 + 4 * sqrt(pg_temp.u(i, 7)))::numeric, 1) end,
       pg_temp.today() - (100000 - i) * interval '15 minutes', pg_temp.today() - pg_temp.u(i, 8) * interval '60 days',
       case when pg_temp.u(i, 9) < 0.04 then pg_temp.today() - pg_temp.u(i, 10) * interval '200 days' end
  from generate_series(1::bigint, 100000) as i, lateral (values (pg_temp.word(1 + i % 4000))) as w (name);

\echo '  products (300,000)'
insert into market.products (id, tenant_id, seller_id, category_id, title, description, attrs, tags, status, price_minor,
                             view_count, created_at, deleted_at)
select i, pg_temp.tenant_of(pg_temp.seller_of(i)), pg_temp.seller_of(i), pg_temp.pick(300, pg_temp.u(i, 11) * pg_temp.u(i, 11)),
       initcap(pg_temp.word(pg_temp.zipf(3000, pg_temp.u(i, 12)))) || ' ' ||
       (array['kettle', 'lamp', 'drill', 'phone', 'chair', 'camera', 'tent', 'mixer', 'guitar', 'jacket', 'bicycle',
              'printer'])[pg_temp.pick(12, pg_temp.u(i, 13))] || ' ' ||
       pg_temp.word(pg_temp.zipf(12000, pg_temp.u(i, 14))) || ' ' || upper(left(pg_temp.word(i % 256), 2)) || '-' || 1000 + i % 9000,
       a.text || '. ' || b.text || '.' || case when i % 3 = 0 then ' ' || c.text || '.' else '' end,
       jsonb_build_object('brand', 'brand-' || pg_temp.zipf(2000, pg_temp.u(i, 18)),
                          'color', (array['black', 'white', 'grey', 'red', 'blue', 'green', 'silver', 'gold'])
                                     [pg_temp.pick(8, pg_temp.u(i, 19) * pg_temp.u(i, 19))],
                          'condition', (array['new', 'used', 'refurbished'])[pg_temp.pick(3, pg_temp.u(i, 20) * pg_temp.u(i, 20))],
                          'weight_g', 50 * pg_temp.pick(200, pg_temp.u(i, 21)))
         || case when i % 97 = 0 then '{"signed": true}' else '{}' end::jsonb,
       array['t' || pg_temp.zipf(1500, pg_temp.u(i, 22)), 't' || pg_temp.zipf(1500, pg_temp.u(i, 23)),
             't' || pg_temp.zipf(1500, pg_temp.u(i, 24))],
       case when pg_temp.u(i, 25) < 0.80 then 'active' when pg_temp.u(i, 25) < 0.88 then 'draft'
            when pg_temp.u(i, 25) < 0.995 then 'sold' else 'flagged' end,
       pg_temp.usual_price(i)::bigint, floor(1000 * pg_temp.u(i, 26) * pg_temp.u(i, 26))::bigint,
       pg_temp.today() - (300000 - i) * interval '4 minutes' - pg_temp.u(i, 27) * interval '1 hour',
       case when pg_temp.u(i, 28) < 0.03 then pg_temp.today() - pg_temp.u(i, 29) * interval '300 days' end
  from generate_series(1::bigint, 300000) as i
  join sentences as a on a.id = floor(40000 * pg_temp.u(i, 15))::bigint
  join sentences as b on b.id = floor(40000 * pg_temp.u(i, 16))::bigint
  join sentences as c on c.id = floor(40000 * pg_temp.u(i, 17))::bigint
 order by i;

\echo '  listings (350,000)'
insert into market.listings
select i, case when i <= 300000 then i else pg_temp.pick(300000, pg_temp.u(i, 30) * pg_temp.u(i, 30)) end,
       pg_temp.pick(400, pg_temp.u(i, 31) * pg_temp.u(i, 31)),
       upper(left(pg_temp.word(i % 2500), 3)) || '-' || (i * 7919 % 1000003)::text || '-' || chr(65 + (i % 26)::int),
       'https://shop-' || pg_temp.pick(400, pg_temp.u(i, 31) * pg_temp.u(i, 31)) || '.example/catalogue/2025/'
         || pg_temp.word(i % 3000) || '/' || pg_temp.word(i % 7000) || '-' || pg_temp.word(i % 11000)
         || '/item.html?ref=feed&campaign=summer-sale&currency=EUR&locale=en_GB&offer='
         || to_hex(i * 2654435761) || to_hex(i * 40503),
       pg_temp.usual_price(i)::bigint, pg_temp.u(i, 32) < 0.93,
       pg_temp.today() - interval '1 day' * (30 + 700 * pg_temp.u(i, 33)), pg_temp.today() - pg_temp.u(i, 34) * interval '20 days'
  from generate_series(1::bigint, 350000) as i;

\echo '  price_history (1,500,000)'
insert into market.price_history (listing_id, observed_at, price_minor, source)
select pg_temp.pick(350000, pg_temp.u(i, 35) * sqrt(pg_temp.u(i, 35))), pg_temp.today() - (1500000 - i) * interval '20 seconds',
       (50000 * pg_temp.u(i, 36) * pg_temp.u(i, 36))::bigint + 500, (array['feed', 'crawl', 'api'])[pg_temp.pick(3, pg_temp.u(i, 37))]
  from generate_series(1::bigint, 1500000) as i;

\echo '  events (2,000,000)'
insert into market.events (occurred_at, tenant_id, user_id, product_id, kind, session_key)
select pg_temp.today() - (2000000 - i) * interval '8 seconds' + pg_temp.u(i, 38) * interval '40 seconds',
       pg_temp.tenant_of(pg_temp.pick(100000, pg_temp.u(i, 39))),
       case when pg_temp.u(i, 40) < 0.6 then pg_temp.pick(100000, pg_temp.u(i, 39)) end,
       case when pg_temp.u(i, 41) < 0.8 then pg_temp.pick(300000, pg_temp.u(i, 42) * pg_temp.u(i, 42)) end,
       (array['view', 'view', 'view', 'search', 'search', 'click', 'share', 'report'])[pg_temp.pick(8, pg_temp.u(i, 43))],
       to_hex(i / 6 * 2654435761)
  from generate_series(1::bigint, 2000000) as i;

\echo '  messages (600,000), conversations (80,000)'
insert into market.messages (conversation_id, sender_id, recipient_id, body, is_unread, needs_review, created_at)
select c.id, case when i % 2 = 0 then p.buyer_id else p.seller_id end, case when i % 2 = 0 then p.seller_id else p.buyer_id end,
       s.text, i > 560000 and pg_temp.u(i, 44) < 0.25 or pg_temp.u(i, 44) < 0.003, pg_temp.u(i, 45) < 0.003,
       pg_temp.today() - (600000 - i) * interval '50 seconds'
  from generate_series(1::bigint, 600000) as i
 cross join lateral (select pg_temp.pick(80000, pg_temp.u(i, 46) * pg_temp.u(i, 46)) as id) as c
 cross join lateral (select pg_temp.pick(100000, pg_temp.u(c.id, 47)) as buyer_id,
                            pg_temp.seller_of(pg_temp.pick(300000, pg_temp.u(c.id, 48))) as seller_id) as p
  join sentences as s on s.id = floor(40000 * pg_temp.u(i, 49))::bigint
 order by i;
insert into market.conversations
select i, pg_temp.tenant_of(pg_temp.seller_of(p.id)), p.id, pg_temp.pick(100000, pg_temp.u(i, 47)), pg_temp.seller_of(p.id),
       pg_temp.u(i, 50) < 0.4, coalesce(m.first_at, pg_temp.today() - interval '1 year'),
       coalesce(m.last_at, pg_temp.today() - interval '1 year')
  from generate_series(1::bigint, 80000) as i
 cross join lateral (values (pg_temp.pick(300000, pg_temp.u(i, 48)))) as p (id)
  left join (select conversation_id, min(created_at) as first_at, max(created_at) as last_at
               from market.messages group by conversation_id) as m on m.conversation_id = i
 order by i;

\echo '  offers (150,000)'
insert into market.offers (conversation_id, product_id, buyer_id, seller_id, amount_minor, state, created_at, expires_at)
select c.id, c.product_id, c.buyer_id, c.seller_id, (pg_temp.usual_price(c.product_id) * (0.6 + 0.4 * pg_temp.u(o.i, 51)))::bigint,
       case when pg_temp.u(o.i, 52) < 0.02 then 'pending' when pg_temp.u(o.i, 52) < 0.3 then 'accepted'
            when pg_temp.u(o.i, 52) < 0.8 then 'declined' else 'expired' end,
       pg_temp.today() - (150000 - o.i) * interval '3 minutes',
       pg_temp.today() - (150000 - o.i) * interval '3 minutes' + interval '2 days' + pg_temp.u(o.i, 53) * interval '9 days'
  from (select i, pg_temp.pick(80000, pg_temp.u(i, 54)) as conversation_id from generate_series(1::bigint, 150000) as i) as o
  join market.conversations as c on c.id = o.conversation_id
 order by o.i;

\echo '  deals (120,000), watches (200,000), reservations (150,000), pickup points (60,000)'
insert into market.deals
select i, pg_temp.pick(350000, pg_temp.u(i, 55)), floor(101 * pg_temp.u(i, 56))::smallint, pg_temp.usual_price(i)::bigint,
       pg_temp.today() - (120000 - i) * interval '4 minutes',
       case when pg_temp.u(i, 57) < 0.96 then pg_temp.today() - (120000 - i) * interval '4 minutes' + interval '3 hours' end
  from generate_series(1::bigint, 120000) as i;
insert into market.watches
select user_id, product_id, (pg_temp.usual_price(product_id) * (0.5 + 0.6 * pg_temp.u(min(i), 58)))::bigint,
       pg_temp.u(min(i), 59) < 0.85, pg_temp.today() - pg_temp.u(min(i), 60) * interval '300 days', null
  from (select i, pg_temp.pick(100000, pg_temp.u(i, 61) * sqrt(pg_temp.u(i, 61))) as user_id,
               pg_temp.pick(300000, pg_temp.u(i, 62) * pg_temp.u(i, 62)) as product_id
          from generate_series(1::bigint, 200000) as i) as drawn
 group by user_id, product_id;
insert into market.reservations (product_id, user_id, during, status)
select pg_temp.pick(3000, pg_temp.u(i, 63) * pg_temp.u(i, 63)), pg_temp.pick(100000, pg_temp.u(i, 64)),
       tstzrange(t.starts_at, t.starts_at + interval '2 hours' * pg_temp.pick(24, pg_temp.u(i, 65))),
       (array['held', 'confirmed', 'confirmed', 'confirmed', 'cancelled'])[pg_temp.pick(5, pg_temp.u(i, 66))]
  from generate_series(1::bigint, 150000) as i,
       lateral (values (pg_temp.today() - (140000 - i) * interval '5 minutes' + pg_temp.u(i, 67) * interval '40 days')) as t (starts_at);
insert into market.pickup_points
select i, 'Point ' || i, point(5 + 10 * pg_temp.u(i, 68), 47 + 8 * pg_temp.u(i, 69)), pg_temp.u(i, 70) < 0.9
  from generate_series(1::bigint, 60000) as i;

\echo '  notifications (500,000), outbox (400,000)'
insert into market.notifications (user_id, product_id, kind, body, created_at, read_at)
select n.user_id, n.product_id, (array['price_drop', 'back_in_stock', 'message', 'offer'])[pg_temp.pick(4, pg_temp.u(n.i, 71))],
       'News about product ' || n.product_id, n.created_at,
       case when pg_temp.u(n.i, 72) < 0.97 then n.created_at + pg_temp.u(n.i, 73) * interval '2 days' end
  from (select i, pg_temp.pick(100000, pg_temp.u(i, 74) * sqrt(pg_temp.u(i, 74))) as user_id,
               pg_temp.pick(300000, pg_temp.u(i, 75) * pg_temp.u(i, 75)) as product_id,
               pg_temp.today() - (500000 - i) * interval '60 seconds' as created_at
          from generate_series(1::bigint, 500000) as i) as n;
insert into market.outbox (channel, payload, status, attempts, visible_at, sent_at)
select (array['email', 'push', 'webhook'])[pg_temp.pick(3, pg_temp.u(i, 76))],
       jsonb_build_object('user', pg_temp.pick(100000, pg_temp.u(i, 77)), 'template', 'tpl-' || i % 20),
       case when i > 398800 then 'pending' when pg_temp.u(i, 78) < 0.004 then 'failed' else 'sent' end, 1 + (i % 3)::int,
       pg_temp.today() - (400000 - i) * interval '30 seconds',
       case when i <= 398800 then pg_temp.today() - (400000 - i) * interval '30 seconds' + interval '4 seconds' end
  from generate_series(1::bigint, 400000) as i;

\echo '  orders (400,000 in 12 of 13 months)'
insert into market.orders (tenant_id, buyer_id, product_id, amount_minor, state, placed_at)
select pg_temp.tenant_of(pg_temp.seller_of(o.product_id)), o.buyer_id, o.product_id, pg_temp.usual_price(o.product_id)::bigint,
       (array['placed', 'paid', 'shipped', 'delivered', 'delivered', 'delivered', 'returned'])[pg_temp.pick(7, pg_temp.u(o.i, 79))],
       pg_temp.today() - (400000 - o.i) * interval '78 seconds' - interval '1 second'
  from (select i, pg_temp.pick(100000, pg_temp.u(i, 80) * sqrt(pg_temp.u(i, 80))) as buyer_id,
               pg_temp.pick(300000, pg_temp.u(i, 81) * pg_temp.u(i, 81)) as product_id
          from generate_series(1::bigint, 400000) as i) as o;
