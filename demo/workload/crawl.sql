-- weight 100: the crawler saw a price: store it, and whom does it alert?
\set listing random_exponential(1, 250000, 8)
\set retailer 1 + (:listing % 400) * (:listing % 400) / 400
\set sku 100000 + :listing
\set price random(500, 60000)
select /* listing_by_sku */ id, product_id, price_minor
  from shop.listings
 where retailer_id = :retailer and sku = :sku;
insert /* add_price */ into shop.price_history (listing_id, observed_at, price_minor, currency, in_stock)
values (:listing, now(), :price, 'EUR', true);
update /* update_listing */ shop.listings
   set price_minor = :price, in_stock = true, last_seen_at = now()
 where id = :listing;
select /* watches_to_alert */ w.user_id, w.target_minor
  from shop.watches as w
 where w.product_id = :listing and w.target_minor >= :price and w.is_active;
