-- weight 10: a tenant's dashboard
\set tenant random_zipfian(1, 100, 1.05)
select /* orders_by_day */ date_trunc('day', created_at) as day, count(*), sum(amount_minor)
  from shop.orders
 where tenant_id = :tenant and created_at >= :today::timestamptz - interval '30 days'
 group by 1 order by 1;
select /* new_users */ count(*) from shop.users
 where tenant_id = :tenant and created_at >= :today::timestamptz - interval '30 days';
select /* active_conversations */ count(*), max(last_message_at) from shop.conversations
 where tenant_id = :tenant and last_message_at >= :today::timestamptz - interval '7 days';
