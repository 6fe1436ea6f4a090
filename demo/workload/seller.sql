-- weight 50: a seller's desk
\set seller random_exponential(1, 3000, 4)
select /* pending_offers */ o.id, o.amount_minor, o.currency, o.created_at, u.display_name, c.subject
  from shop.offers as o
  join shop.users as u on u.id = o.buyer_id
  join shop.conversations as c on c.id = o.conversation_id
 where o.seller_id = :seller and o.state = 'pending'
 order by o.created_at desc limit 20;
select /* unanswered */ c.id, c.subject, c.last_message_at
  from shop.participants as p
  join shop.conversations as c on c.id = p.conversation_id
 where p.user_id = :seller and p.is_seller and c.last_message_at > p.last_read_at
 order by c.last_message_at limit 20;
