-- weight 9: the moderator's queue, oldest first, and one message let through
\set message random(1, 500000)
select /* moderation_queue */ m.id, m.body, m.created_at, u.display_name
  from shop.messages as m join shop.users as u on u.id = m.sender_id
 where m.needs_review
 order by m.created_at limit 50;
update /* approve_message */ shop.messages set needs_review = false where id = :message;
