-- Indexes of day one: foreign keys as an ORM makes them (some forgotten), uniqueness, and three that are redundant.
\set ON_ERROR_STOP on
set maintenance_work_mem = '512MB';

create unique index tenants_slug_key on market.tenants (slug);
create unique index categories_slug_key on market.categories (slug);
create unique index users_email_key on market.users (email);
create index users_tenant_id_idx on market.users (tenant_id);
create index products_tenant_id_idx on market.products (tenant_id);
create index products_seller_id_idx on market.products (seller_id);
create index products_category_id_idx on market.products (category_id);
create index listings_product_id_idx on market.listings (product_id);
create index listings_retailer_id_idx on market.listings (retailer_id);
create index conversations_buyer_id_idx on market.conversations (buyer_id);
create index conversations_seller_id_idx on market.conversations (seller_id);
create index messages_conversation_id_idx on market.messages (conversation_id);
create index messages_sender_id_idx on market.messages (sender_id);
create index offers_conversation_id_idx on market.offers (conversation_id);
create index offers_product_id_idx on market.offers (product_id);
create index deals_listing_id_idx on market.deals (listing_id);
create index reservations_product_id_idx on market.reservations (product_id);
create index orders_tenant_id_idx on market.orders (tenant_id);
create index notifications_product_id_idx on market.notifications (product_id);
-- Redundant: the primary key again; a prefix of the primary key; a prefix of the index before it.
create index price_history_id_idx on market.price_history (id);
create index watches_user_id_idx on market.watches (user_id);
create index offers_product_id_state_idx on market.offers (product_id, state);
