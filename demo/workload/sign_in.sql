-- weight 40: somebody opens the app
\set user random_exponential(1, 60000, 4)
select /* sign_in */ u.id, u.tenant_id, u.display_name, t.plan
  from shop.users as u join shop.tenants as t on t.id = u.tenant_id
 where u.email = 'user' || :user || '@mail.example';
update /* seen_now */ shop.users set last_seen_at = now() where id = :user;
select /* unread_badge */ count(*) from shop.notifications where user_id = :user and read_at is null;
select /* notifications */ n.id, n.kind, n.body, n.created_at, n.read_at is null as unread
  from shop.notifications as n
 where n.user_id = :user
 order by n.created_at desc limit 20;
