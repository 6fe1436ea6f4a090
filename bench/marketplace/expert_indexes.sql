-- The yardstick of bench/index_marketplace: what a careful DBA makes of workload.sql by hand, with EXPLAIN on the built
-- indexes, and with an eye on calls, bytes and writes. Written before the advisor ever saw this workload.
--
-- On purpose there is none on products.view_count, listings.last_seen_at or conversations.last_message_at: each would end
-- heap-only updates of its table for the sake of a statement that runs forty times an hour or less. The inbox sorts some
-- hundred rows instead. Nor on tables of a few pages, nor messages (conversation_id, id): 18 MB to save a sort of
-- ten rows, nor a B-tree on time where BRIN needs a four-hundredth of the bytes.
\set ON_ERROR_STOP on
set maintenance_work_mem = '512MB';

-- users. Sign-in compares lower(email); the unique index on email as typed is no help. 5 MB.
create index users_email_lower_idx on market.users (lower(email));
-- The ranking: 3,800 sellers in exactly its order, nulls and all. 0.1 MB.
create index users_sellers_ranking_idx on market.users (rating desc nulls last, created_at)
  where is_seller and deleted_at is null;
-- A tenant's members by name. 4 MB.
create index users_members_idx on market.users (tenant_id, lower(display_name)) where deleted_at is null;
-- Sign-ups of one day, as the statement writes it; the day's rows share posting lists. 0.7 MB.
create index users_day_idx on market.users (date_trunc('day', created_at at time zone 'UTC'));

-- products. Containment only, never `?`: jsonb_path_ops. 4 MB.
create index products_attrs_idx on market.products using gin (attrs jsonb_path_ops);
-- The brand's facets; GIN can't answer ->>. 2 MB.
create index products_brand_idx on market.products ((attrs ->> 'brand'));
-- A part of the title in any case. 22 MB.
create index products_title_trgm_idx on market.products using gin (title gin_trgm_ops);
-- The beginning of the title, at every key stroke; LIKE needs the pattern opclass outside collation C. 14 MB.
create index products_title_prefix_idx on market.products (lower(title) text_pattern_ops);
-- Full text. 26 MB.
create index products_search_idx on market.products using gin (search);
-- Tags, any and all. 3 MB.
create index products_tags_idx on market.products using gin (tags);
-- The pages of a category, what is on sale: 7 and 9 MB.
create index products_category_newest_idx on market.products (category_id, created_at)
  where status = 'active' and deleted_at is null;
create index products_category_cheapest_idx on market.products (category_id, price_minor, id)
  where status = 'active' and deleted_at is null;
-- A tenant's own pages, drafts too. 11 MB.
create index products_tenant_newest_idx on market.products (tenant_id, created_at, id) where deleted_at is null;
-- Queues of some thousand rows: 0.3 MB.
create index products_flagged_idx on market.products (created_at) where status = 'flagged' and deleted_at is null;
create index products_deleted_idx on market.products (deleted_at) where deleted_at is not null;

-- listings. Unique texts of 170 bytes, equality only: 10 MB instead of 70.
create index listings_url_hash_idx on market.listings using hash (url);
-- 11 MB.
create index listings_sku_prefix_idx on market.listings (sku text_pattern_ops);
-- A retailer's pages; serves the foreign key too. 11 MB.
create index listings_retailer_id_id_idx on market.listings (retailer_id, id);
drop index market.listings_retailer_id_idx;

-- price_history. The chart, the lowest price and the last time without the table: it is never updated. 58 MB.
create index price_history_chart_idx on market.price_history (listing_id, observed_at) include (price_minor);
-- Reports over time on tables that lie in the order of time: 0.2 MB together.
create index price_history_time_idx on market.price_history using brin (observed_at) with (pages_per_range = 8);
create index events_time_idx on market.events using brin (occurred_at) with (pages_per_range = 8);

-- conversations. The support queue: without last_message_at, see above. 0.6 MB.
create index conversations_tenant_id_idx on market.conversations (tenant_id);

-- messages. Moderators search the text. 17 MB.
create index messages_search_idx on market.messages using gin (to_tsvector('pg_catalog.simple', body));
-- The badge in every page's head: 2 % are unread. Reading them ends heap-only updates, which the badge is worth. 0.2 MB.
create index messages_unread_idx on market.messages (recipient_id) where is_unread;
create index messages_review_idx on market.messages (created_at) where needs_review;

-- offers. 2 % are pending: 0.1 MB each.
create index offers_pending_idx on market.offers (seller_id, created_at) where state = 'pending';
create index offers_expiring_idx on market.offers (expires_at) where state = 'pending';
-- 5 MB.
create index offers_buyer_idx on market.offers (buyer_id, created_at);

-- deals. The few that are on, best first, then cheapest: two directions. 0.2 MB.
create index deals_best_idx on market.deals (score desc, price_minor) where ended_at is null;

-- watches. Whom a new price concerns, answered from the index. 8 MB.
create index watches_target_idx on market.watches (product_id, target_minor) include (user_id);

-- notifications. 15 MB; the badge 0.3 MB.
create index notifications_newest_idx on market.notifications (user_id, created_at);
create index notifications_unread_idx on market.notifications (user_id) where read_at is null;

-- outbox. What is to be sent next, 0.3 % of the table. 0.05 MB.
create index outbox_pending_idx on market.outbox (visible_at) where status = 'pending';

-- reservations. One index for all three statements, the range first: with the product first the planner's costs are the same, but a
-- search by time reads eighty times as many of its pages. 13 MB.
create index reservations_during_idx on market.reservations using gist (during, product_id);

-- The nearest first. 4 MB.
create index pickup_points_location_idx on market.pickup_points using gist (location);

-- orders, on the partitioned table. A buyer's newest, 12 MB; a tenant's revenue without the table, 16 MB.
create index orders_buyer_idx on market.orders (buyer_id, placed_at);
create index orders_tenant_idx on market.orders (tenant_id, placed_at) include (amount_minor);

-- Redundant: the primary key again, and prefixes of longer keys. 38 MB less.
drop index market.price_history_id_idx;
drop index market.watches_user_id_idx;
drop index market.offers_product_id_idx;

-- Statistics of the expressions.
analyze;
