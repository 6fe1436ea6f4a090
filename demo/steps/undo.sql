-- Somebody sets 200,000 prices to zero. The audit log says who, shows the table as it was, and takes it back.
\pset border 1
\pset footer off
\pset linestyle unicode
\echo
\echo Auditing of shop.listings, which fingers slip on:
select deal_advisor.audit_enable('shop.listings');
create function demo.prices() returns text language sql as
  $$ select pg_catalog.md5(pg_catalog.string_agg(l.id || ':' || l.price_minor, ',' order by l.id)) from shop.listings as l $$;
create table demo.accident as select demo.prices() as before, clock_timestamp() as at;
begin;
select deal_advisor.audit_set_context('intern@example.com', '{"ticket": "free shipping"}');
update shop.listings set price_minor = 0 where id <= 200000;
commit;
alter table demo.accident add column broken text;
update demo.accident set broken = demo.prices();
\echo What happened to listing 4711, and who it was:
select version, op, app_user, context ->> 'ticket' as ticket, changed, old_row -> 'price_minor' as old, new_row -> 'price_minor' as new
  from deal_advisor.audit_history('shop.listings', '{"id": 4711}');
\echo The table as it was before (its average price then, and now):
select round(avg(l.price_minor)) as then, (select round(avg(price_minor)) from shop.listings) as now
  from demo.accident as a, deal_advisor.audit_as_of(null::shop.listings, a.at) as l;
\echo Taking the transaction back:
create table demo.undone as
select u.* from (select h.xid from deal_advisor.audit_history('shop.listings', '{"id": 4711}') as h order by h.version desc limit 1) as h,
  deal_advisor.audit_undo(h.xid) as u;
select relation, action, status, count(*) from demo.undone group by 1, 2, 3;
