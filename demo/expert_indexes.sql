-- What an expert would do by hand for this workload with plain B-trees, within the index bytes of day one: every
-- drop is for redundancy or a replacement. Written before the advisor first saw the demo. Indexes that are merely
-- unused (products_name_idx, listings_url_idx, ...) stay: a few minutes of statistics don't prove that nobody
-- needs them. Nor is there one on messages (conversation_id, created_at): 11 MB more than
-- messages_conversation_id_idx for pages that take 0.1 ms.
\set ON_ERROR_STOP on
set maintenance_work_mem = '256MB';

-- Redundant: the primary key a second time (64 MB).
drop index concurrently shop.price_history_id_idx;

-- price_chart, latest_price, lowest_90_days: one listing, then time. It replaces the index in the wrong order;
-- reports over a span of time keep the narrow index on observed_at, which is no longer anybody's prefix.
create index concurrently on shop.price_history (listing_id, observed_at);
drop index concurrently shop.price_history_observed_at_listing_id_idx;

-- unread_badge and notifications: a user's rows, newest first; no index led by user_id existed.
create index concurrently on shop.notifications (user_id, created_at);

-- inbox, unread_by_conversation, unanswered: the primary key leads with the conversation. Narrow on purpose:
-- duplicates share posting lists, and last_read_at changes all the time.
create index concurrently on shop.participants (user_id);

-- moderation_queue: 2000 of 500,000. With created_at as a second column it would be five times as large to save a
-- small sort.
create index concurrently on shop.messages (needs_review);

-- watches_to_alert is equality and a range; watchers profits from the first column.
create index concurrently on shop.watches (product_id, target_minor);

-- category_newest and category_cheapest: equality, then the order of the page. Either one covers the foreign key.
create index concurrently on shop.products (category_id, created_at);
create index concurrently on shop.products (category_id, best_price_minor);
drop index concurrently shop.products_category_id_idx;

-- brand_best: the same.
create index concurrently on shop.products (brand_id, rating);
drop index concurrently shop.products_brand_id_idx;

-- listing_by_sku: a retailer's own number; retailer_newest: the order of the page. Either one covers the foreign
-- key.
create index concurrently on shop.listings (retailer_id, sku);
create index concurrently on shop.listings (retailer_id, first_seen_at);
drop index concurrently shop.listings_retailer_id_idx;

-- deals_of_the_day: the open ones of a tenant (7 %).
create index concurrently on shop.deals (tenant_id, ended_at);
drop index concurrently shop.deals_tenant_id_idx;

-- pending_offers: two equalities, then the order.
create index concurrently on shop.offers (seller_id, state, created_at);

-- my_orders: a buyer's newest orders.
create index concurrently on shop.orders (buyer_id, created_at);

-- orders_by_day, new_users: a tenant's last 30 days; the largest tenant owns a fifth of the table.
create index concurrently on shop.orders (tenant_id, created_at);
drop index concurrently shop.orders_tenant_id_idx;
create index concurrently on shop.users (tenant_id, created_at);
drop index concurrently shop.users_tenant_id_idx;
