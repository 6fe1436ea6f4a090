-- weight 60: a user's watch list, and one more watch
\set user random_exponential(1, 60000, 4)
\set product random_exponential(1, 200000, 8)
\set target random(500, 60000)
select /* watch_list */ p.id, p.name, p.best_price_minor, w.target_minor, w.currency
  from shop.watches as w join shop.products as p on p.id = w.product_id
 where w.user_id = :user and w.is_active
 order by w.created_at desc limit 50;
insert /* add_watch */ into shop.watches (user_id, product_id, target_minor, currency, is_active, created_at)
values (:user, :product, :target, 'EUR', true, now())
on conflict (user_id, product_id) do update set target_minor = excluded.target_minor, is_active = true;
