-- weight 15: a retailer looks at its offers: the newest, and those that it has not shown for long
\set retailer random_zipfian(1, 400, 1.05)
select /* retailer_newest */ l.id, l.sku, l.price_minor, p.name, l.first_seen_at
  from shop.listings as l join shop.products as p on p.id = l.product_id
 where l.retailer_id = :retailer
 order by l.first_seen_at desc limit 50;
select /* retailer_stock */ l.in_stock, count(*), min(l.last_seen_at) as stalest
  from shop.listings as l
 where l.retailer_id = :retailer
 group by l.in_stock;
