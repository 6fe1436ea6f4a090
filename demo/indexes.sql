-- The foreign keys and indexes that a careful team has on its first day. As in life they are not perfect:
-- two indexes are redundant, one has its columns in the wrong order for the queries, a few foreign keys
-- were forgotten, and some indexes serve queries that nobody runs.
\set ON_ERROR_STOP on
set maintenance_work_mem = '256MB';

\echo '  foreign keys'
alter table shop.categories add foreign key (parent_id) references shop.categories;
alter table shop.products add foreign key (category_id) references shop.categories,
  add foreign key (brand_id) references shop.brands;
alter table shop.listings add foreign key (product_id) references shop.products,
  add foreign key (retailer_id) references shop.retailers;
alter table shop.price_history add foreign key (listing_id) references shop.listings;
alter table shop.users add foreign key (tenant_id) references shop.tenants;
alter table shop.watches add foreign key (user_id) references shop.users,
  add foreign key (product_id) references shop.products;
alter table shop.deals add foreign key (tenant_id) references shop.tenants,
  add foreign key (listing_id) references shop.listings;
alter table shop.conversations add foreign key (tenant_id) references shop.tenants,
  add foreign key (listing_id) references shop.listings;
alter table shop.participants add foreign key (conversation_id) references shop.conversations,
  add foreign key (user_id) references shop.users;
alter table shop.messages add foreign key (conversation_id) references shop.conversations,
  add foreign key (sender_id) references shop.users;
alter table shop.offers add foreign key (conversation_id) references shop.conversations,
  add foreign key (listing_id) references shop.listings,
  add foreign key (buyer_id) references shop.users,
  add foreign key (seller_id) references shop.users;
alter table shop.orders add foreign key (tenant_id) references shop.tenants,
  add foreign key (buyer_id) references shop.users,
  add foreign key (listing_id) references shop.listings;
alter table shop.notifications add foreign key (user_id) references shop.users,
  add foreign key (product_id) references shop.products;

\echo '  indexes'
create unique index users_email_key on shop.users (email);
create unique index categories_slug_key on shop.categories (slug);
create unique index retailers_slug_key on shop.retailers (slug);
create unique index brands_name_key on shop.brands (name);
create index categories_parent_id_idx on shop.categories (parent_id);
create index users_tenant_id_idx on shop.users (tenant_id);
create index products_category_id_idx on shop.products (category_id);
create index products_brand_id_idx on shop.products (brand_id);
create index products_name_idx on shop.products (name);  -- the search box went elsewhere
create index listings_product_id_idx on shop.listings (product_id);
create index listings_retailer_id_idx on shop.listings (retailer_id);
create index listings_url_idx on shop.listings (url);  -- the first crawler looked listings up by URL
create index deals_tenant_id_idx on shop.deals (tenant_id);
create index deals_listing_id_idx on shop.deals (listing_id);
create index conversations_tenant_id_idx on shop.conversations (tenant_id);
create index conversations_listing_id_idx on shop.conversations (listing_id);
create index messages_conversation_id_idx on shop.messages (conversation_id);
create index messages_sender_id_idx on shop.messages (sender_id);
create index offers_conversation_id_idx on shop.offers (conversation_id);
create index offers_listing_id_idx on shop.offers (listing_id);
create index offers_buyer_id_idx on shop.offers (buyer_id);
create index orders_tenant_id_idx on shop.orders (tenant_id);
create index orders_listing_id_idx on shop.orders (listing_id);
create index notifications_product_id_idx on shop.notifications (product_id);
-- Wrong order: every chart asks for one listing over some time, not for some time over all listings.
create index price_history_observed_at_listing_id_idx on shop.price_history (observed_at, listing_id);
-- Redundant: the left prefix of the index above.
create index price_history_observed_at_idx on shop.price_history (observed_at);
-- Redundant: the primary key again (an ORM's "primary_key=True, index=True").
create index price_history_id_idx on shop.price_history (id);

\echo '  vacuum and analyze'
vacuum (analyze);
