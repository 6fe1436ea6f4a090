-- weight 50: deals of the day for a tenant, and the deals a listing has had
\set tenant random_zipfian(1, 100, 1.05)
\set listing random_exponential(1, 250000, 8)
select /* deals_of_the_day */ d.id, d.score, d.price_minor, d.prior_minor, p.name, r.name as retailer
  from shop.deals as d
  join shop.listings as l on l.id = d.listing_id
  join shop.products as p on p.id = l.product_id
  join shop.retailers as r on r.id = l.retailer_id
 where d.tenant_id = :tenant and d.ended_at is null
 order by d.score desc limit 20;
select /* deals_of_listing */ started_at, ended_at, price_minor, score
  from shop.deals
 where listing_id = :listing
 order by started_at desc;
