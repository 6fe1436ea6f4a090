-- weight 130: a product's page
\set product random_exponential(1, 200000, 8)
select /* product_page */ p.name, p.description, p.best_price_minor, p.currency, b.name as brand, c.name as category
  from shop.products as p
  join shop.brands as b on b.id = p.brand_id
  join shop.categories as c on c.id = p.category_id
 where p.id = :product;
select /* product_listings */ l.id, r.name, l.price_minor, l.currency, l.in_stock
  from shop.listings as l join shop.retailers as r on r.id = l.retailer_id
 where l.product_id = :product
 order by l.price_minor;
select /* watchers */ count(*) from shop.watches where product_id = :product and is_active;
select /* similar_products */ s.id, s.name, s.best_price_minor
  from shop.products as p
  join shop.products as s on s.category_id = p.category_id and s.brand_id = p.brand_id
 where p.id = :product and s.id <> p.id
 order by s.rating desc limit 6;
