-- weight 70: a buyer's orders, an offer and an order
\set buyer random_exponential(1, 60000, 4)
\set seller random_exponential(1, 3000, 4)
\set tenant random_zipfian(1, 100, 1.05)
\set listing random_exponential(1, 250000, 8)
\set conversation random_exponential(1, 50000, 8)
\set price random(500, 60000)
select /* my_orders */ o.id, o.state, o.amount_minor, o.created_at, p.name
  from shop.orders as o
  join shop.listings as l on l.id = o.listing_id
  join shop.products as p on p.id = l.product_id
 where o.buyer_id = :buyer
 order by o.created_at desc limit 20;
insert /* make_offer */ into shop.offers
  (conversation_id, listing_id, buyer_id, seller_id, amount_minor, currency, state, created_at)
values (:conversation, :listing, :buyer, :seller, :price, 'EUR', 'pending', now());
insert /* place_order */ into shop.orders
  (tenant_id, buyer_id, listing_id, amount_minor, currency, state, created_at)
values (:tenant, :buyer, :listing, :price, 'EUR', 'placed', now());
