-- weight 100: the inbox of a buyer or seller, newest conversation first
\set user random_exponential(1, 60000, 4)
select /* inbox */ c.id, c.subject, c.last_message_at, p.last_read_at
  from shop.participants as p join shop.conversations as c on c.id = p.conversation_id
 where p.user_id = :user
 order by c.last_message_at desc limit 20;
select /* unread_by_conversation */ m.conversation_id, count(*) as unread
  from shop.participants as p
  join shop.messages as m on m.conversation_id = p.conversation_id and m.created_at > p.last_read_at
 where p.user_id = :user and m.sender_id <> :user
 group by m.conversation_id;
