-- weight 1: what management reads on Monday
\set days random(20, 40)
select /* revenue_by_category */ c.name, count(*) as orders, sum(o.amount_minor) as revenue_minor
  from shop.orders as o
  join shop.listings as l on l.id = o.listing_id
  join shop.products as p on p.id = l.product_id
  join shop.categories as c on c.id = p.category_id
 where o.state <> 'returned' and o.created_at >= :today::timestamptz - :days * interval '1 day'
 group by c.name order by revenue_minor desc limit 20;
select /* stock_by_country */ r.country, count(*) filter (where l.in_stock) as in_stock, count(*) as listings,
       avg(l.price_minor)::bigint as mean_minor
  from shop.listings as l join shop.retailers as r on r.id = l.retailer_id
 group by r.country order by r.country;
select /* messages_by_tenant */ t.name, count(*) as messages
  from shop.messages as m
  join shop.conversations as c on c.id = m.conversation_id
  join shop.tenants as t on t.id = c.tenant_id
 group by t.name order by messages desc limit 10;
select /* price_index */ date_trunc('week', observed_at) as week, avg(price_minor)::bigint as mean_minor
  from shop.price_history
 where in_stock and observed_at >= :today::timestamptz - :days * interval '1 day'
 group by 1 order by 1;
