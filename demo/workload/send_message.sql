-- weight 40: a message and what follows from it
\set conversation random_zipfian(1, 50000, 1.05)
\set user random_zipfian(1, 60000, 1.05)
\set product random_zipfian(1, 200000, 1.05)
insert /* send_message */ into shop.messages (conversation_id, sender_id, body, created_at)
values (:conversation, :user, 'Is it still available?', now());
update /* touch_conversation */ shop.conversations set last_message_at = now() where id = :conversation;
insert /* notify */ into shop.notifications (user_id, product_id, kind, body, created_at)
values (:user, :product, 'message', 'You have a new message', now());
