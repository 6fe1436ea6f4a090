-- weight 60: a message and what follows from it
\set conversation 1 + int(50000 * pow(random(0, 999999) / 1000000.0, 2))
\set user random_exponential(1, 60000, 4)
\set product random_exponential(1, 200000, 8)
insert /* send_message */ into shop.messages (conversation_id, sender_id, body, created_at)
values (:conversation, :user, 'Is it still available?', now());
update /* touch_conversation */ shop.conversations set last_message_at = now() where id = :conversation;
insert /* notify */ into shop.notifications (user_id, product_id, kind, body, created_at)
values (:user, :product, 'message', 'You have a new message', now());
