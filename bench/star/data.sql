-- Deterministic data of 2021 to 2025: 1.5 million rows of sales and returns, each table in the order of its dates. Skewed like life:
-- some customers, items and stores have most of the trade, December sells twice a February, the web grows. And correlated:
-- customers live around their store, brands belong to a class and a manufacturer, toys sell before Christmas,
-- promotions last a month, clothes come back.
\set ON_ERROR_STOP on
set timezone = 'UTC';
set synchronous_commit = off;
set work_mem = '256MB';
\ir ../lib/spread.sql

-- The store around which an address lies; the address of a customer; what becomes of a store's state.
create function pg_temp.near_store(address bigint) returns bigint language sql immutable return
  pg_temp.zipf(60, pg_temp.u(address, 11));
create function pg_temp.lives_at(customer bigint) returns bigint language sql immutable return
  1 + customer * 7919 % 30000;
create function pg_temp.state(store bigint) returns text language sql immutable return
  (array['CA', 'TX', 'NY', 'FL', 'IL', 'OH', 'GA', 'MI', 'TN', 'WA', 'MN', 'CO', 'OR', 'KY', 'NM', 'ME', 'VT', 'SD'])
    [pg_temp.zipf(18, pg_temp.u(store, 12))];
create function pg_temp.utc_offset(state text) returns int language sql immutable return
  case when state in ('CA', 'WA', 'OR') then -8 when state in ('CO', 'NM') then -7
       when state in ('TX', 'IL', 'TN', 'MN', 'SD') then -6 else -5 end;
create function pg_temp.key(day date) returns int language sql immutable return
  extract(year from day)::int * 10000 + extract(month from day)::int * 100 + extract(day from day)::int;
create function pg_temp.month_seq(day date) returns int language sql immutable return
  (extract(year from day)::int - 2000) * 12 + extract(month from day)::int - 1;
-- Every twentieth item, from the eighth on, is a toy (see below).
create function pg_temp.toy_beside(item bigint) returns bigint language sql immutable return item - (item - 1) % 20 + 7;

\echo '  dimensions'
insert into star.calendar
select pg_temp.key(day), day, extract(year from day), extract(quarter from day), extract(month from day),
       extract(day from day), extract(isodow from day), (day - date '1999-12-27') / 7, pg_temp.month_seq(day),
       to_char(day, 'MMDD') in ('0101', '0704', '1111', '1224', '1225', '1226', '1231')
  from (select date '2000-01-01' + n as day from generate_series(0, 10956) as n) as days;

insert into star.item
select i, 'I' || lpad(i::text, 11, '0'), initcap(color) || ' ' || class || ' ' || i, category, class,
       class || ' ' || (array['prime', 'basic', 'select', 'union', 'nova'])[pg_temp.zipf(5, pg_temp.u(i, 22))],
       class_number * 5 + pg_temp.zipf(5, pg_temp.u(i, 22)), pg_temp.pick(60, pg_temp.u(i, 23)), color,
       (array['small', 'medium', 'large', 'extra large', 'petite', 'n/a'])[pg_temp.pick(6, pg_temp.u(i, 24))],
       price, price * (0.4 + 0.4 * pg_temp.u(i, 25))
  from (select i, category, category || ' ' || chr((97 + kind)::int) as class, (i - 1) % 20 * 6 + kind as class_number,
               (array['red', 'blue', 'black', 'white', 'green', 'ivory', 'navy', 'plum', 'khaki', 'salmon', 'indian', 'peru',
                      'orchid', 'sienna', 'thistle', 'linen', 'powder', 'burnished', 'pale', 'misty'])
                 [pg_temp.zipf(20, pg_temp.u(i, 26))] as color,
               (4 + base * power(pg_temp.u(i, 27), 2))::numeric(9, 2) as price
          from (select i, pg_temp.zipf(6, pg_temp.u(i, 21)) - 1 as kind,
                       (array['women', 'women', 'women', 'men', 'men', 'shoes', 'shoes', 'toys', 'home', 'home', 'home',
                              'sports', 'sports', 'books', 'books', 'books', 'music', 'electronics', 'electronics',
                              'jewelry'])[1 + (i - 1) % 20] as category,
                       (array[80, 80, 80, 90, 90, 120, 120, 60, 150, 150, 150, 200, 200, 30, 30, 30, 25, 600, 600, 900])
                         [1 + (i - 1) % 20] as base
                  from generate_series(1::bigint, 12000) as i) as kinds) as items;

insert into star.store
select s, 'Store ' || s, pg_temp.pick(30000, pg_temp.u(s, 31)), 'City ' || s % 40, 'County ' || s % 25, pg_temp.state(s),
       (10000 + s * 150)::text, pg_temp.utc_offset(pg_temp.state(s)), 1 + s % 8, 40 + pg_temp.pick(200, pg_temp.u(s, 32))
  from generate_series(1::bigint, 60) as s;

insert into star.address
select a, pg_temp.pick(900, pg_temp.u(a, 41)) || ' ' || (array['Oak', 'Main', 'Park', 'Lake', 'Hill', 'Mill', 'Elm'])
         [pg_temp.pick(7, pg_temp.u(a, 42))] || ' Street',
       'City ' || store % 40, 'County ' || store % 25, state, (10000 + store * 150 + pg_temp.pick(140, pg_temp.u(a, 43)))::text,
       pg_temp.utc_offset(state)
  from (select a, pg_temp.near_store(a) as store,
               pg_temp.state(case when pg_temp.u(a, 44) < 0.9 then pg_temp.near_store(a)
                                  else pg_temp.pick(60, pg_temp.u(a, 45)) end) as state
          from generate_series(1::bigint, 30000) as a) as addresses;

insert into star.household
select h, 1 + h % 20, (array['unknown', '0-500', '501-1000', '1001-5000', '5001-10000', '>10000'])[1 + h / 20 % 6],
       h / 120 % 10, h / 1200 % 6 - 1
  from generate_series(0::bigint, 7199) as h;

insert into star.customer
select c, 'C' || lpad(c::text, 15, '0'),
       (array['Anna', 'James', 'Mary', 'John', 'Linda', 'Robert', 'Susan', 'David', 'Karen', 'Paul', 'Nina', 'Omar'])
         [pg_temp.pick(12, pg_temp.u(c, 51))] || case when c % 3 = 0 then ' ' || chr((65 + c % 26)::int) else '' end,
       'Name' || pg_temp.zipf(4000, pg_temp.u(c, 52)), pg_temp.lives_at(c), pg_temp.pick(7200, pg_temp.u(c, 53)) - 1,
       case when c % 2 = 0 then 'F' else 'M' end,
       (array['M', 'S', 'D', 'W', 'U'])[pg_temp.zipf(5, pg_temp.u(c, 54))],
       (array['college', 'secondary', '2 yr degree', '4 yr degree', 'primary', 'advanced', 'unknown'])
         [pg_temp.zipf(7, pg_temp.u(c, 55))],
       1935 + pg_temp.pick(70, pg_temp.u(c, 56)), pg_temp.pick(12, pg_temp.u(c, 57)), pg_temp.u(c, 58) < 0.3,
       case when pg_temp.u(c, 59) < 0.8 then 'c' || c || '@mail.example' end
  from generate_series(1::bigint, 60000) as c;

insert into star.promotion
select p, 'Promotion ' || p, 252 + p % 60, pg_temp.u(p, 62) < 0.4, pg_temp.u(p, 63) < 0.2,
       pg_temp.u(p, 64) < 0.5, 500 + pg_temp.pick(4000, pg_temp.u(p, 61))
  from generate_series(1::bigint, 600) as p;

analyze star.item;

\echo '  store sales'
-- As many tickets a day as season and weekday give.
create temporary table tickets as
select row_number() over (order by day, n) as ticket, day
  from (select day, (array[0.8, 0.7, 0.85, 0.9, 1.0, 0.9, 0.85, 0.95, 0.95, 1.05, 1.4, 1.9])[extract(month from day)::int]
               * (array[0.8, 0.75, 0.8, 0.9, 1.2, 1.5, 1.1])[extract(isodow from day)::int] as weight
          from (select date '2021-01-01' + n as day from generate_series(0, 1825) as n) as every) as days,
       generate_series(1, (79 * weight)::int) as n;

create temporary table lines as
select ticket, day, customer, household, address, store, hour, item, quantity, promotion,
       pg_temp.u(line, 82) * case when promotion is null then 0.1 else 0.45 end as discount
  from (select t.*, ticket * 16 + n as line, pg_temp.pick(20, power(pg_temp.u(ticket * 16 + n, 81), 3)) as quantity,
               case when extract(month from day) >= 11 and pg_temp.u(ticket * 16 + n, 83) < 0.3
                    then pg_temp.toy_beside(popular) else popular end as item,
               case when pg_temp.u(ticket * 16 + n, 84) < 0.18
                    then 1 + (pg_temp.month_seq(day) - 252 + 60 * pg_temp.pick(10, pg_temp.u(ticket * 16 + n, 85)) - 61) % 600 end
                 as promotion
          from (select t.*, n, 1 + pg_temp.pick(12000, power(pg_temp.u(ticket * 16 + n, 86), 2)) * 7919 % 12000 as popular
                  from (select ticket, day, customer, pg_temp.pick(7200, pg_temp.u(customer, 53)) - 1 as household,
                               pg_temp.lives_at(customer) as address, 8 + pg_temp.pick(14, pg_temp.u(ticket, 74)) as hour,
                               case when pg_temp.u(ticket, 72) < 0.8 then pg_temp.near_store(pg_temp.lives_at(customer))
                                    else pg_temp.zipf(60, pg_temp.u(ticket, 73)) end as store,
                               pg_temp.pick(11, pg_temp.u(ticket, 75)) as length
                          from (select ticket, day, pg_temp.pick(60000, power(pg_temp.u(ticket, 71), 2)) as customer
                                  from tickets) as t) as t,
                       generate_series(1, length) as n) as t) as t;

insert into star.store_sales
select pg_temp.key(day), hour, store, promotion, item, case when ticket % 25 > 0 then customer end,
       case when ticket % 25 > 0 then household end, case when ticket % 25 > 0 then address end, ticket, quantity, it_cost,
       it_price, price, (it_price - price) * quantity, price * quantity, (price - it_cost) * quantity
  from (select lines.*, it_cost, it_price, (it_price * (1 - discount)::numeric)::numeric(9, 2) as price
          from lines join star.item on it_id = item) as priced order by day, ticket;

\echo '  web sales'
create temporary table orders as
select row_number() over (order by day, n) as number, day
  from (select day, (array[0.8, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9, 1.0, 1.1, 1.7, 2.0])[extract(month from day)::int]
               * (0.6 + 0.2 * (extract(year from day) - 2021)) as weight
          from (select date '2021-01-01' + n as day from generate_series(0, 1825) as n) as every) as days,
       generate_series(1, (37 * weight)::int) as n;

insert into star.web_sales
select pg_temp.key(day), case when pg_temp.u(line, 91) > 0.004 then pg_temp.key(day + lag::int) end, site, warehouse,
       mode, promotion, it_id, customer, address, number, quantity, it_cost, it_price, price, (it_price - price) * quantity,
       shipping, price * quantity, (price - it_cost) * quantity - shipping
  from (select l.*, it_id, it_cost, it_price, (it_price * (1 - pg_temp.u(line, 92) * (0.1 + 0.3 * (l.promotion is not null)::int))::numeric)
                 ::numeric(9, 2) as price,
               (quantity * (1 + 3 * pg_temp.u(line, 93)))::numeric(9, 2) as shipping,
               1 + mode * pg_temp.pick(30, power(pg_temp.u(line, 94), 2)) as lag
          from (select o.*, pg_temp.pick(30, power(pg_temp.u(line, 95), 3)) as quantity,
                       pg_temp.zipf(8, pg_temp.u(case when pg_temp.u(line, 96) < 0.7 then number else line end, 97)) as warehouse,
                       case when pg_temp.u(line, 98) < 0.25
                            then 1 + (pg_temp.month_seq(day) - 252 + 60 * pg_temp.pick(10, pg_temp.u(line, 99)) - 61) % 600 end
                         as promotion,
                       case when extract(month from day) >= 11 and pg_temp.u(line, 100) < 0.35 then pg_temp.toy_beside(popular)
                            else popular end as item
                  from (select o.*, number * 16 + n as line,
                               1 + pg_temp.pick(12000, power(pg_temp.u(number * 16 + n, 101), 3)) * 7727 % 12000 as popular
                          from (select number, day, customer, pg_temp.zipf(12, pg_temp.u(number, 102)) as site,
                                       pg_temp.pick(5, pg_temp.u(number, 103)) as mode,
                                       case when pg_temp.u(number, 104) < 0.85 then pg_temp.lives_at(customer)
                                            else pg_temp.pick(30000, pg_temp.u(number, 105)) end as address,
                                       pg_temp.pick(11, pg_temp.u(number, 106)) as length
                                  from (select number, day, 1 + (pg_temp.pick(60000, power(pg_temp.u(number, 107), 3)) * 13) % 60000
                                                 as customer
                                          from orders) as o) as o,
                               generate_series(1, length) as n) as o) as l
          join star.item on it_id = item) as priced order by day, number;

\echo '  returns'
insert into star.store_returns
select pg_temp.key(day), ss_item, ss_customer, ss_ticket,
       case when pg_temp.u(line, 111) < 0.9 then ss_store else pg_temp.pick(60, pg_temp.u(line, 112)) end,
       pg_temp.zipf(30, pg_temp.u(line, 113)), returned, returned * ss_sales_price, returned * ss_sales_price * 0.2 + 3
  from (select s.*, cal_date + pg_temp.pick(70, power(pg_temp.u(line, 114), 2))::int as day,
               pg_temp.pick(ss_quantity, pg_temp.u(line, 115)) as returned
          from (select s.*, ss_ticket::bigint * 12007 + ss_item as line from star.store_sales as s) as s
          join star.calendar on cal_id = ss_date
         where pg_temp.u(line, 116) < case when (ss_item - 1) % 20 < 7 then 0.2 else 0.07 end) as r order by day, ss_ticket;

insert into star.web_returns
select pg_temp.key(day), wb_item, wb_customer, wb_order, pg_temp.zipf(30, pg_temp.u(line, 121)), returned,
       returned * wb_sales_price, returned * wb_sales_price * 0.25 + 5
  from (select s.*, cal_date + pg_temp.pick(60, power(pg_temp.u(line, 122), 2))::int as day,
               pg_temp.pick(wb_quantity, pg_temp.u(line, 123)) as returned
          from (select s.*, wb_order::bigint * 12011 + wb_item as line from star.web_sales as s) as s
          join star.calendar on cal_id = wb_date
         where pg_temp.u(line, 124) < case when (wb_item - 1) % 20 < 7 then 0.3 else 0.1 end) as r order by day, wb_order;
