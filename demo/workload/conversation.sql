-- weight 150: a page of a conversation, who takes part, and "read"
\set conversation 1 + int(50000 * pow(random(0, 999999) / 1000000.0, 2))
\set day random(0, 60)
select /* participants */ u.id, u.display_name, p.is_seller, p.last_read_at
  from shop.participants as p join shop.users as u on u.id = p.user_id
 where p.conversation_id = :conversation;
select /* message_page */ id, sender_id, body, created_at
  from shop.messages
 where conversation_id = :conversation and created_at < :today::timestamptz - :day * interval '1 day'
 order by created_at desc limit 50;
update /* mark_read */ shop.participants set last_read_at = now() where conversation_id = :conversation;
