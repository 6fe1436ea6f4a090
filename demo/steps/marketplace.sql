-- What an application does with it, in a role that row security holds for: a search, deals, an alert, a conversation.
\pset border 1
\pset footer off
\pset linestyle unicode
\pset null '-'
create role market_app;
grant usage on schema market to market_app;
grant select, insert, update, delete on all tables in schema market to market_app;
revoke all on market.category_price_levels from market_app;
insert into market.database_roles (role_name, kind) values ('market_app', 'application');
create table demo.market_claims (claim text, wanted text, got text, passed boolean);
grant insert on demo.market_claims to market_app;
grant usage on schema demo to market_app;
set role market_app;
\echo
\echo Somebody of tenant 1 looks for wireless headphones in black or red, the cheapest first:
begin;
set local marketplace.tenant_id = '1';
set local marketplace.user_id = '2';
select product_id, name, brand_name, round(best_price_minor / 100.0, 2) as best_price, currency
  from market.search_products('wireless headphones', '{"category": 1, "in_stock": true, "attributes": {"color": ["black", "red"]}}', 'price_asc', lim => 5);
insert into demo.market_claims
select 'rows of another tenant that a search finds', '0', count(*)::text, count(*) = 0
  from market.search_products('headphones', lim => 1000) as s join market.products as p on p.id = s.product_id where p.tenant_id <> 1;
commit;
\echo All of these shops claim "30 % off". What each offer is worth, by its own past:
begin;
set local marketplace.tenant_id = '1';
select l.id as offer, round(l.last_price_minor / 100.0, 2) as price, round(l.list_price_minor / 100.0, 2) as claimed_before, round(s.prior_minor / 100.0, 2) as prior_by_law,
       round(s.score) as score, s.verdict, array_to_string(s.flags, ', ') as flags
  from market.listings as l cross join lateral market.deal_score(l.id) as s
 where l.id in (62, 66, 70, 82, 86) order by s.score desc;
insert into demo.market_claims
select b.* from (
  select avg(s.score) filter (where l.id % 20 in (2, 3)) as real, max(s.score) filter (where l.id % 20 in (6, 7)) as fake
    from market.listings as l cross join lateral market.deal_score(l.id) as s where l.id between 1 and 400) as s,
  lateral (values ('mean score of prices that came down', '>= 70', round(s.real)::text, s.real >= 70),
                  ('highest score of prices raised before the sale', '<= 50', round(s.fake)::text, s.fake <= 50)) as b;
commit;
\echo The same buyer watches a product; a shop then asks for less:
begin;
set local marketplace.tenant_id = '1';
set local marketplace.user_id = '2';
select market.watch(product_id, 'target', target_minor => (last_price_minor * 0.9)::bigint) as watch, id as cheapened, (last_price_minor * 0.85)::bigint as cheaper
  from market.listings where product_id = 62 order by last_price_minor limit 1 \gset
commit;
begin;
set local marketplace.tenant_id = '1';
select market.record_price(:cheapened, now(), :cheaper) \g /dev/null
select changes, alerts from market.match_alerts();
select market.deliver_alerts() \g /dev/null
commit;
begin;
set local marketplace.tenant_id = '1';
set local marketplace.user_id = '2';
select n.kind, n.template, a.product_id, round(a.price_minor / 100.0, 2) as price, round(a.old_minor / 100.0, 2) as before, round(a.reference_minor / 100.0, 2) as wanted
  from market.my_notifications() as n join market.alerts as a on a.id = (n.payload ->> 'alert_id')::bigint;
insert into demo.market_claims select 'alerts of one change, for one watch', '1', count(*)::text, count(*) = 1 from market.my_notifications();
commit;
\echo A buyer (user 2) asks the seller (user 10) about a product, and they agree on a price:
begin;
set local marketplace.tenant_id = '1';
set local marketplace.user_id = '2';
select market.open_conversation(array[10], 'Still there?', product => 62) as talk \gset
select market.post_message(:talk, 'Hello, is it still there? I could fetch it today.') \g /dev/null
select market.make_offer(:talk, 4200, 'EUR', now() + interval '2 days', 'Cash in hand') as offer \gset
set local marketplace.user_id = '10';
select conversation_id, subject, unread, other_names, last_kind from market.inbox();
select market.counter_offer(:talk, :offer, 4600, note => 'With the original box') as counter \gset
set local marketplace.user_id = '2';
select market.accept_offer(:talk, :counter) \g /dev/null
select seq, sender_id as user_id, kind, body from market.conversation_page(:talk) order by seq;
commit;
reset role;
