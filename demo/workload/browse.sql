-- weight 100: browsing a category and a brand
\set category random_zipfian(1, 300, 1.05)
\set brand random_zipfian(1, 2000, 1.05)
\set price random(2000, 60000)
select /* category_newest */ id, name, best_price_minor, currency
  from shop.products
 where category_id = :category and is_active
 order by created_at desc limit 24;
select /* category_cheapest */ id, name, best_price_minor, currency
  from shop.products
 where category_id = :category and best_price_minor >= :price
 order by best_price_minor limit 24;
select /* brand_best */ id, name, best_price_minor, rating
  from shop.products
 where brand_id = :brand and is_active
 order by rating desc limit 24;
