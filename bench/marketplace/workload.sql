-- What the marketplace asks in an hour. The statements are the application's own: $n is what it binds, a constant is
-- written in its source. Before each statement:
--   name    of the statement
--   calls   in an hour, as pg_stat_statements would count them
--   wants   the kinds of index, other than a plain B-tree, that the expert's access path has
--   sample  a query for values that were bound: one row a call, one column a parameter
-- Columns that frequent updates change, so that an index on them ends heap-only updates (HOT) of their table:
-- hot: products.view_count, listings.price_minor, listings.in_stock, listings.last_seen_at, users.last_seen_at
-- hot: conversations.last_message_at, messages.is_unread, watches.last_notified_at, notifications.read_at
-- hot: outbox.status, outbox.sent_at

-- name: sign_in
-- calls: 3000
-- wants: expression
-- sample: select email from market.users where id in (17, 25018, 50019, 75020, 99021)
select id, display_name, tenant_id from market.users where lower(email) = lower($1) and deleted_at is null;

-- name: session
-- calls: 6000
-- sample: select id from market.users where id in (17, 25018, 50019, 75020, 99021)
select id, display_name, is_seller from market.users where id = $1;

-- name: product_page
-- calls: 5000
-- sample: select id from market.products where id in (9, 60009, 120009, 180009, 299009)
select p.title, p.description, p.price_minor, p.attrs, c.name, u.display_name, u.rating
  from market.products as p join market.categories as c on c.id = p.category_id join market.users as u on u.id = p.seller_id
 where p.id = $1;

-- name: product_listings
-- calls: 6000
-- sample: select id from market.products where id in (9, 60009, 120009, 180009, 299009)
select id, retailer_id, price_minor, in_stock from market.listings where product_id = $1 order by price_minor;

-- name: products_by_ids
-- calls: 1000
-- sample: select array_agg(id) from market.products where id % 4001 < 5 and id < 40000 group by id % 5
select id, title, price_minor from market.products where id = any ($1::bigint[]);

-- name: category_by_slug
-- calls: 5000
-- sample: select slug from market.categories where id in (3, 33, 103, 203, 253)
select id, name from market.categories where slug = $1;

-- name: category_children
-- calls: 3000
-- sample: select id from market.categories where id in (1, 2, 3, 4, 5)
select id, name, slug from market.categories where parent_id = $1 order by name;

-- name: setting
-- calls: 2000
-- sample: select key from market.settings where id in (1, 11, 21, 31, 39)
select value from market.settings where key = $1;

-- name: attrs_filter
-- calls: 150
-- wants: gin
-- sample: select jsonb_build_object('brand', attrs -> 'brand', 'color', attrs -> 'color') from market.products where id in (7, 60007, 120007, 180007, 299007)
select id, title, price_minor from market.products
 where attrs @> $1::jsonb and status = 'active' and deleted_at is null order by price_minor limit 40;

-- name: brand_facets
-- calls: 100
-- wants: expression
-- sample: select attrs ->> 'brand' from market.products where id in (14, 70014, 130014, 190014, 289014)
select attrs ->> 'color' as color, count(*) from market.products
 where attrs ->> 'brand' = $1 and deleted_at is null group by 1;

-- name: title_contains
-- calls: 150
-- wants: gin
-- sample: select substr(title, length(title) - 14, 9) from market.products where id in (21, 60021, 120021, 180021, 299021)
select id, title, price_minor from market.products where title ilike '%' || $1 || '%' and deleted_at is null limit 50;

-- name: title_autocomplete
-- calls: 700
-- wants: expression opclass
-- sample: select lower(substr(title, 1, 8)) from market.products where id in (31, 60031, 120031, 180031, 299031)
select id, title from market.products where lower(title) like $1 || '%' and deleted_at is null limit 10;

-- name: search
-- calls: 400
-- wants: gin
-- sample: select split_part(description, ' ', 2) || ' ' || split_part(description, ' ', 5) || ' ' || split_part(description, ' ', 11) from market.products where id in (10, 60010, 120010, 180010, 299010)
select id, title, price_minor from market.products
 where search @@ websearch_to_tsquery('pg_catalog.english', $1) and deleted_at is null
 order by ts_rank(search, websearch_to_tsquery('pg_catalog.english', $1)) desc limit 20;

-- name: message_search
-- calls: 20
-- wants: gin expression
-- sample: select split_part(body, ' ', 3) || ' ' || split_part(body, ' ', 6) from market.messages where id in (40, 120040, 240040, 360040, 599040)
select id, conversation_id, created_at from market.messages
 where to_tsvector('pg_catalog.simple', body) @@ plainto_tsquery('pg_catalog.simple', $1) order by created_at desc limit 50;

-- name: tags_any
-- calls: 60
-- wants: gin
-- sample: select array[tags[1], 't900'] from market.products where tags[1] > 't8' and id in (select id from market.products where tags[1] > 't8' order by id limit 5)
select id, title, created_at from market.products where tags && $1::text[] and deleted_at is null order by created_at desc limit 40;

-- name: tags_all
-- calls: 120
-- wants: gin
-- sample: select array[tags[1], tags[2]] from market.products where id in (50, 60050, 120050, 180050, 299050)
select id, title, price_minor from market.products where tags @> $1::text[] and status = 'active' limit 40;

-- name: category_newest
-- calls: 1500
-- wants: partial
-- sample: select id from market.categories where id in (3, 33, 103, 203, 253)
select id, title, price_minor, created_at from market.products
 where category_id = $1 and status = 'active' and deleted_at is null order by created_at desc limit 24;

-- name: category_cheapest
-- calls: 900
-- wants: partial
-- sample: select category_id, price_minor, id from market.products where id in (60, 60060, 120060, 180060, 299060)
select id, title, price_minor from market.products
 where category_id = $1 and status = 'active' and deleted_at is null and (price_minor, id) > ($2, $3)
 order by price_minor, id limit 24;

-- name: tenant_catalogue
-- calls: 400
-- wants: partial
-- sample: select tenant_id, created_at, id from market.products where id in (70, 60070, 120070, 180070, 299070)
select id, title, status, price_minor from market.products
 where tenant_id = $1 and deleted_at is null and (created_at, id) < ($2, $3) order by created_at desc, id desc limit 50;

-- name: flagged_products
-- calls: 60
-- wants: partial
select id, title, seller_id from market.products where status = 'flagged' and deleted_at is null order by created_at limit 50;

-- name: purge_deleted
-- calls: 4
-- wants: partial
-- sample: select v from unnest(array['2024-09-10', '2024-09-20', '2024-10-01', '2024-10-10', '2024-10-20']) as v
select id from market.products where deleted_at is not null and deleted_at < $1 order by deleted_at limit 500;

-- name: most_viewed
-- calls: 1
select id, title, view_count from market.products where status = 'active' order by view_count desc limit 20;

-- name: sellers_ranking
-- calls: 500
-- wants: partial direction
select id, display_name, rating from market.users
 where is_seller and deleted_at is null order by rating desc nulls last, created_at limit 20;

-- name: members
-- calls: 60
-- wants: expression
-- sample: select v from unnest(array[1, 3, 20, 90, 180]) as v
select id, display_name, last_seen_at from market.users
 where tenant_id = $1 and deleted_at is null order by lower(display_name) limit 50;

-- name: sign_ups_of_day
-- calls: 30
-- wants: expression
-- sample: select v from unnest(array['2024-01-05', '2024-05-05', '2024-09-01', '2025-01-20', '2025-06-30']) as v
select tenant_id, count(*) from market.users
 where date_trunc('day', created_at at time zone 'UTC') = $1 group by tenant_id;

-- name: listing_by_url
-- calls: 5000
-- wants: hash
-- sample: select url from market.listings where id in (80, 60080, 120080, 180080, 349080)
select id, product_id, price_minor from market.listings where url = $1;

-- name: listings_by_sku
-- calls: 200
-- wants: opclass
-- sample: select left(sku, 8) from market.listings where id in (90, 60090, 120090, 180090, 349090)
select id, sku, product_id from market.listings where sku like $1 || '%' order by sku limit 20;

-- name: stale_listings
-- calls: 1
-- sample: select v from unnest(array['2025-06-11 05:00', '2025-06-11 07:00', '2025-06-11 09:00', '2025-06-11 11:00', '2025-06-11 13:00']) as v
select id from market.listings where last_seen_at < $1 order by last_seen_at limit 1000;

-- name: price_chart
-- calls: 2500
-- wants: include
-- sample: select listing_id, timestamptz '2025-04-01' from market.price_history where id in (100, 400100, 800100, 1200100, 1499100)
select observed_at, price_minor from market.price_history where listing_id = $1 and observed_at >= $2 order by observed_at;

-- name: lowest_of_listings
-- calls: 800
-- wants: include
-- sample: select array_agg(listing_id), timestamptz '2025-06-01' from market.price_history where id between 1000000 and 1000099 group by id % 5
select listing_id, min(price_minor) from market.price_history
 where listing_id = any ($1::bigint[]) and observed_at >= $2 group by listing_id;

-- name: last_observed
-- calls: 1500
-- wants: include
-- sample: select listing_id from market.price_history where id in (101, 400101, 800101, 1200101, 1499101)
select max(observed_at) from market.price_history where listing_id = $1;

-- name: prices_of_hour
-- calls: 30
-- wants: brin
-- sample: select t, t + interval '1 hour' from unnest(array['2024-08-09 10:00', '2024-10-09 11:00', '2025-01-09 12:00', '2025-04-09 13:00', '2025-06-29 14:00']::timestamptz[]) as t
select source, count(*), avg(price_minor) from market.price_history where observed_at >= $1 and observed_at < $2 group by source;

-- name: events_of_hour
-- calls: 60
-- wants: brin
-- sample: select t, t + interval '1 hour' from unnest(array['2024-12-29 10:00', '2025-02-09 11:00', '2025-04-09 12:00', '2025-05-19 13:00', '2025-06-30 14:00']::timestamptz[]) as t
select kind, count(*), count(distinct user_id) from market.events where occurred_at >= $1 and occurred_at < $2 group by kind;

-- name: events_by_hour
-- calls: 12
-- wants: brin
-- sample: select v.t, t + interval '1 day', v.tenant from (values (timestamptz '2025-01-10', 1), ('2025-02-20', 5), ('2025-04-02', 20), ('2025-05-20', 90), ('2025-06-29', 2)) as v (t, tenant)
select date_trunc('hour', occurred_at) as hour, kind, count(*) from market.events
 where occurred_at >= $1 and occurred_at < $2 and tenant_id = $3 group by 1, 2 order by 1;

-- name: inbox
-- calls: 1500
-- sample: select seller_id from market.conversations where id in (110, 20110, 40110, 60110, 79110)
select id, product_id, buyer_id, last_message_at from market.conversations
 where seller_id = $1 and not is_archived order by last_message_at desc limit 20;

-- name: support_queue
-- calls: 40
-- sample: select v from unnest(array[1, 3, 20, 90, 180]) as v
select id, product_id, buyer_id, seller_id, last_message_at from market.conversations
 where tenant_id = $1 order by last_message_at desc limit 50;

-- name: conversation_page
-- calls: 3000
-- sample: select conversation_id, id from market.messages where id in (590100, 592200, 594300, 596400, 599500)
select id, sender_id, body, created_at from market.messages where conversation_id = $1 and id < $2 order by id desc limit 30;

-- name: unread_badge
-- calls: 5000
-- wants: partial
-- sample: select recipient_id from market.messages where id in (590100, 592201, 594300, 596401, 599500)
select count(*) from market.messages where recipient_id = $1 and is_unread;

-- name: review_queue
-- calls: 60
-- wants: partial
select id, conversation_id, body from market.messages where needs_review order by created_at limit 50;

-- name: pending_offers
-- calls: 900
-- wants: partial
-- sample: select seller_id from market.offers where state = 'pending' order by id limit 5
select id, product_id, buyer_id, amount_minor, expires_at from market.offers
 where seller_id = $1 and state = 'pending' order by created_at desc;

-- name: offers_to_expire
-- calls: 60
-- wants: partial
-- sample: select v from unnest(array['2024-08-26', '2024-08-28', '2024-08-29', '2024-08-30', '2024-08-31']) as v
select id from market.offers where state = 'pending' and expires_at < $1 order by expires_at limit 200;

-- name: my_offers
-- calls: 400
-- sample: select buyer_id from market.offers where id in (120, 40120, 80120, 120120, 149120)
select o.id, o.amount_minor, o.state, p.title, u.display_name
  from market.offers as o join market.products as p on p.id = o.product_id join market.users as u on u.id = o.seller_id
 where o.buyer_id = $1 order by o.created_at desc limit 20;

-- name: deals_of_the_day
-- calls: 1200
-- wants: partial direction
select d.id, d.listing_id, d.score, d.price_minor, l.retailer_id
  from market.deals as d join market.listings as l on l.id = d.listing_id
 where d.ended_at is null order by d.score desc, d.price_minor limit 20;

-- name: watches_to_alert
-- calls: 3000
-- wants: include
-- sample: select product_id, target_minor from market.watches where user_id in (130, 20130, 40130, 60130, 99130) order by user_id, product_id limit 5
select user_id, target_minor from market.watches where product_id = $1 and target_minor >= $2;

-- name: my_watches
-- calls: 600
-- sample: select user_id from market.watches where user_id in (130, 20130, 40130, 60130, 99130) order by user_id, product_id limit 5
select w.product_id, w.target_minor, p.title, p.price_minor
  from market.watches as w join market.products as p on p.id = w.product_id where w.user_id = $1 and w.is_active;

-- name: notifications
-- calls: 1500
-- sample: select user_id from market.notifications where id in (140, 100140, 200140, 300140, 499140)
select id, kind, body, created_at, read_at from market.notifications where user_id = $1 order by created_at desc limit 20;

-- name: notifications_badge
-- calls: 4000
-- wants: partial
-- sample: select user_id from market.notifications where id in (140, 100140, 200140, 300140, 499140)
select count(*) from market.notifications where user_id = $1 and read_at is null;

-- name: outbox_next
-- calls: 2000
-- wants: partial
-- sample: select v from unnest(array['2025-06-30 15:00', '2025-06-30 16:00', '2025-06-30 17:00', '2025-06-30 18:00', '2025-06-30 19:00']) as v
select id, channel, payload from market.outbox
 where status = 'pending' and visible_at <= $1 order by visible_at limit 100 for update skip locked;

-- name: reservation_conflicts
-- calls: 800
-- wants: gist
-- sample: select product_id, t, t + interval '4 hours' from market.reservations cross join lateral (select lower(during) as t) as l where id in (150, 40150, 80150, 120150, 149150)
select id, during, status from market.reservations
 where product_id = $1 and during && tstzrange($2, $3) and status <> 'cancelled';

-- name: reservations_of_day
-- calls: 100
-- wants: gist
-- sample: select t, t + interval '1 day' from unnest(array['2024-03-09', '2024-06-09', '2024-10-09', '2025-03-09', '2025-07-20']::timestamptz[]) as t
select product_id, count(*) from market.reservations where during && tstzrange($1, $2) group by product_id;

-- name: reserved_now
-- calls: 100
-- wants: gist
-- sample: select v from unnest(array['2024-03-09 10:00', '2024-06-09 11:00', '2024-10-09 12:00', '2025-03-09 13:00', '2025-07-20 14:00']) as v
select product_id, user_id, upper(during) from market.reservations where during @> $1::timestamptz and status = 'confirmed';

-- name: nearest_pickup_points
-- calls: 400
-- wants: gist
-- sample: select location from market.pickup_points where id in (160, 12160, 24160, 36160, 59160)
select id, name, location <-> $1::point as distance from market.pickup_points where is_open order by location <-> $1::point limit 10;

-- name: my_orders
-- calls: 700
-- sample: select buyer_id from market.orders where id in (170, 100170, 200170, 300170, 399170)
select id, product_id, amount_minor, state, placed_at from market.orders where buyer_id = $1 order by placed_at desc limit 20;

-- name: tenant_revenue
-- calls: 300
-- wants: include
-- sample: select v.tenant, t, t + interval '14 days' from (values (timestamptz '2024-08-10', 1), ('2024-10-20', 5), ('2025-01-02', 20), ('2025-03-20', 90), ('2025-06-09', 2)) as v (t, tenant)
select date_trunc('day', placed_at) as day, count(*), sum(amount_minor) from market.orders
 where tenant_id = $1 and placed_at >= $2 and placed_at < $3 group by 1;

-- name: retailer_catalogue
-- calls: 100
-- sample: select retailer_id, id from market.listings where id in (180, 60180, 120180, 180180, 349180)
select id, sku, price_minor from market.listings where retailer_id = $1 and id > $2 order by id limit 100;

-- name: revenue_by_category
-- calls: 0.05
select c.name, date_trunc('month', o.placed_at) as month, sum(o.amount_minor)
  from market.orders as o join market.products as p on p.id = o.product_id join market.categories as c on c.id = p.category_id
 group by 1, 2;

-- name: record_price
-- calls: 12000
-- sample: select listing_id, timestamptz '2025-07-01 00:00', price_minor from market.price_history where id in (100, 400100, 800100, 1200100, 1499100)
insert into market.price_history (listing_id, observed_at, price_minor, source) values ($1, $2, $3, 'crawl');

-- name: refresh_listing
-- calls: 12000
-- sample: select id, price_minor + 1, timestamptz '2025-07-01 00:00' from market.listings where id in (80, 60080, 120080, 180080, 349080)
update market.listings set price_minor = $2, in_stock = true, last_seen_at = $3 where id = $1;

-- name: record_event
-- calls: 20000
-- sample: select timestamptz '2025-07-01 00:00', tenant_id, user_id, product_id, session_key from market.events where user_id is not null and product_id is not null and id between 100 and 140 order by id limit 5
insert into market.events (occurred_at, tenant_id, user_id, product_id, kind, session_key) values ($1, $2, $3, $4, 'view', $5);

-- name: count_view
-- calls: 8000
-- sample: select id from market.products where id in (9, 60009, 120009, 180009, 299009)
update market.products set view_count = view_count + 1 where id = $1;

-- name: send_message
-- calls: 4000
-- sample: select conversation_id, sender_id, recipient_id, body, timestamptz '2025-07-01 00:00' from market.messages where id in (190, 120190, 240190, 360190, 599190)
insert into market.messages (conversation_id, sender_id, recipient_id, body, created_at) values ($1, $2, $3, $4, $5);

-- name: touch_conversation
-- calls: 4000
-- sample: select id, timestamptz '2025-07-01 00:00' from market.conversations where id in (110, 20110, 40110, 60110, 79110)
update market.conversations set last_message_at = $2, is_archived = false where id = $1;

-- name: mark_read
-- calls: 1500
-- sample: select conversation_id, recipient_id from market.messages where is_unread and id >= 590000 order by id limit 5
update market.messages set is_unread = false where conversation_id = $1 and recipient_id = $2 and is_unread;

-- name: touch_user
-- calls: 4000
-- sample: select id, timestamptz '2025-07-01 00:00' from market.users where id in (17, 25018, 50019, 75020, 99021)
update market.users set last_seen_at = $2 where id = $1;

-- name: add_product
-- calls: 100
-- sample: select 1000000 + id, tenant_id, seller_id, category_id, title, description, attrs, tags, price_minor, timestamptz '2025-07-01 00:00' from market.products where id in (9, 60009, 120009, 180009, 299009)
insert into market.products (id, tenant_id, seller_id, category_id, title, description, attrs, tags, status, price_minor, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9, $10);

-- name: edit_product
-- calls: 150
-- sample: select id, title || ' new', price_minor from market.products where id in (9, 60009, 120009, 180009, 299009)
update market.products set title = $2, price_minor = $3 where id = $1;

-- name: delete_product
-- calls: 20
-- sample: select id, timestamptz '2025-07-01 00:00' from market.products where id in (10, 60010, 120010, 180010, 299010)
update market.products set deleted_at = $2 where id = $1;

-- name: make_offer
-- calls: 300
-- sample: select conversation_id, product_id, buyer_id, seller_id, amount_minor from market.offers where id in (120, 40120, 80120, 120120, 149120)
insert into market.offers (conversation_id, product_id, buyer_id, seller_id, amount_minor, state, created_at, expires_at)
values ($1, $2, $3, $4, $5, 'pending', '2025-07-01 00:00+00', '2025-07-04 00:00+00');

-- name: answer_offer
-- calls: 250
-- sample: select id from market.offers where state = 'pending' order by id limit 5
update market.offers set state = 'accepted' where id = $1;

-- name: notify
-- calls: 3000
-- sample: select user_id, product_id, kind, body from market.notifications where id in (140, 100140, 200140, 300140, 499140)
insert into market.notifications (user_id, product_id, kind, body, created_at) values ($1, $2, $3, $4, '2025-07-01 00:00+00');

-- name: read_notifications
-- calls: 600
-- sample: select user_id from market.notifications where read_at is null order by id limit 5
update market.notifications set read_at = '2025-07-01 00:00+00' where user_id = $1 and read_at is null;

-- name: enqueue
-- calls: 4000
-- sample: select channel, payload from market.outbox where id in (140, 100140, 200140, 300140, 399140)
insert into market.outbox (channel, payload, status, visible_at) values ($1, $2, 'pending', '2025-07-01 00:00+00');

-- name: delivered
-- calls: 4000
-- sample: select id from market.outbox where status = 'pending' order by id limit 5
update market.outbox set status = 'sent', sent_at = '2025-07-01 00:00+00' where id = $1;

-- name: alerted
-- calls: 800
-- sample: select user_id, product_id from market.watches where user_id in (130, 20130, 40130, 60130, 99130) order by user_id, product_id limit 5
update market.watches set last_notified_at = '2025-07-01 00:00+00' where user_id = $1 and product_id = $2;

-- name: place_order
-- calls: 250
-- sample: select tenant_id, buyer_id, product_id, amount_minor from market.orders where id in (170, 100170, 200170, 300170, 399170)
insert into market.orders (tenant_id, buyer_id, product_id, amount_minor, state, placed_at)
values ($1, $2, $3, $4, 'placed', '2025-07-01 00:00+00');

-- name: reserve
-- calls: 100
-- sample: select product_id, user_id, during from market.reservations where id in (150, 40150, 80150, 120150, 149150)
insert into market.reservations (product_id, user_id, during, status) values ($1, $2, $3, 'held');
