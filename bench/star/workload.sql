-- The workload of bench/index_star: what a retailer's analysts and service desk ask of the warehouse, one block a statement, in
-- the order they came to mind. Written down before any advisor saw it; only that no statement may be more than a tenth of the
-- cost without indexes was seen to, so that none decides alone. Shapes: star joins with narrow and wide dimension
-- filters, ranges of dates, correlated subqueries, EXISTS and NOT EXISTS, top-N, windows, unions of channels, returns
-- beside their sales, self-joins, look-ups.

-- s01: what a manufacturer's brands brought in in one December
select it_brand, sum(ss_net_paid) as revenue
  from star.store_sales
  join star.calendar on cal_id = ss_date
  join star.item on it_id = ss_item
 where it_manufacturer = 41 and cal_year = 2024 and cal_month = 12
 group by it_brand
 order by revenue desc, it_brand
 limit 100

-- s02: revenue of the western stores by weekday, one year
select st_name, st_id,
       sum(ss_sales_price) filter (where cal_weekday = 1) as monday,
       sum(ss_sales_price) filter (where cal_weekday = 5) as friday,
       sum(ss_sales_price) filter (where cal_weekday = 6) as saturday,
       sum(ss_sales_price) filter (where cal_weekday = 7) as sunday
  from star.store_sales
  join star.calendar on cal_id = ss_date
  join star.store on st_id = ss_store
 where st_utc_offset = -8 and cal_year = 2023
 group by st_name, st_id
 order by st_name
 limit 100

-- s03: customers who return far more than is usual at their store (correlated with an aggregate)
with totals as (
  select sr_customer as customer, sr_store as place, sum(sr_amount) as returned
    from star.store_returns
    join star.calendar on cal_id = sr_date
   where cal_year = 2024 and cal_quarter = 3 and sr_customer is not null
   group by sr_customer, sr_store)
select cu_code
  from totals
  join star.store on st_id = place
  join star.customer on cu_id = customer
 where st_state = 'TN'
   and returned > (select avg(others.returned) * 1.2 from totals as others where others.place = totals.place)
 order by cu_code
 limit 100

-- s04: who the customers of some counties are that buy in both channels in a quarter
select cu_gender, cu_marital, cu_education, count(*)
  from star.customer
  join star.address on ad_id = cu_address
 where ad_county in ('County 7', 'County 11', 'County 19')
   and exists (select 1 from star.store_sales join star.calendar on cal_id = ss_date
                where ss_customer = cu_id and cal_year = 2024 and cal_quarter = 1)
   and exists (select 1 from star.web_sales join star.calendar on cal_id = wb_date
                where wb_customer = cu_id and cal_year = 2024 and cal_quarter = 1)
 group by cu_gender, cu_marital, cu_education
 order by count(*) desc
 limit 100

-- s05: customers of small states who came to a store in spring and have not been on the web since
select cu_education, cu_gender, count(*), avg(cu_birth_year)
  from star.customer
  join star.address on ad_id = cu_address
 where ad_state in ('ME', 'NM', 'KY')
   and exists (select 1 from star.store_sales where ss_customer = cu_id and ss_date between 20250401 and 20250531)
   and not exists (select 1 from star.web_sales where wb_customer = cu_id and wb_date >= 20250401)
 group by cu_education, cu_gender
 order by cu_education, cu_gender

-- s06: mean prices of items sold under promotions that ran in print only, to young divorced men
select it_code, avg(ss_quantity), avg(ss_list_price), avg(ss_discount), avg(ss_sales_price)
  from star.store_sales
  join star.calendar on cal_id = ss_date
  join star.item on it_id = ss_item
  join star.promotion on pr_id = ss_promotion
  join star.customer on cu_id = ss_customer
 where cu_gender = 'M' and cu_marital = 'D' and cu_birth_year >= 1990
   and not pr_email and not pr_tv
   and cal_year = 2022
 group by it_code
 order by it_code
 limit 100

-- s07: states where a manager's items at a fifth over their class's mean price sell in a month (correlated subquery)
with chosen as materialized (
  select it_id as product, it_class as class, it_price as price
    from star.item
   where it_category = 'jewelry' and it_manager = 12)
select ad_state, count(*)
  from chosen
  join star.store_sales on ss_item = product
  join star.address on ad_id = ss_address
  join star.calendar on cal_id = ss_date
 where cal_month_seq = 295
   and price > 1.2 * (select avg(peers.it_price) from star.item as peers where peers.it_class = class)
 group by ad_state
 order by count(*), ad_state

-- s08: the share of each item in its class on the web, thirty days (window over an aggregate)
select it_code, it_class, it_category, sum(wb_net_paid) as revenue,
       sum(wb_net_paid) * 100 / sum(sum(wb_net_paid)) over (partition by it_class) as share
  from star.web_sales
  join star.calendar on cal_id = wb_date
  join star.item on it_id = wb_item
 where it_category in ('music', 'books', 'electronics')
   and cal_date between date '2024-02-22' and date '2024-03-22'
 group by it_code, it_class, it_category
 order by it_class, share desc
 limit 200

-- s09: both channels' revenue of rare colours in one month (union of channels)
select it_code, sum(revenue) as total
  from (select it_code, ss_net_paid as revenue
          from star.store_sales
          join star.calendar on cal_id = ss_date
          join star.item on it_id = ss_item
         where it_color in ('misty', 'pale', 'burnished') and cal_year = 2023 and cal_month = 2
         union all
        select it_code, wb_net_paid
          from star.web_sales
          join star.calendar on cal_id = wb_date
          join star.item on it_id = wb_item
         where it_color in ('misty', 'pale', 'burnished') and cal_year = 2023 and cal_month = 2) as channels
 group by it_code
 order by total, it_code
 limit 100

-- s10: large tickets of certain households in the first days of a month
select cu_last_name, cu_first_name, ss_ticket, pieces
  from (select ss_ticket, ss_customer, count(*) as pieces
          from star.store_sales
          join star.calendar on cal_id = ss_date
          join star.store on st_id = ss_store
          join star.household on hh_id = ss_household
         where cal_day between 1 and 3 and cal_year = 2023
           and hh_potential = '>10000' and hh_vehicles > 2
           and st_county in ('County 4', 'County 5', 'County 6')
         group by ss_ticket, ss_customer) as tickets
  join star.customer on cu_id = ss_customer
 where pieces between 10 and 12
 order by pieces desc, cu_last_name, ss_ticket

-- s11: a store's weeks against the same weeks a year before (self-join of an aggregate)
with weeks as (
  select cal_week_seq as week, ss_store as place, sum(ss_net_paid) as revenue
    from star.store_sales
    join star.calendar on cal_id = ss_date
   where cal_year in (2024, 2025)
   group by cal_week_seq, ss_store)
select st_name, this.week, this.revenue / before.revenue
  from weeks as this
  join weeks as before on before.place = this.place and before.week = this.week - 52
  join star.store on st_id = this.place
 where st_market = 5
 order by st_name, this.week

-- s12: bought in a store, brought back, and bought again on the web by the same customer
select it_code, st_name, sum(ss_quantity), sum(sr_quantity), sum(wb_quantity)
  from star.store_sales
  join star.store_returns on sr_ticket = ss_ticket and sr_item = ss_item and sr_customer = ss_customer
  join star.web_sales on wb_customer = sr_customer and wb_item = sr_item
  join star.calendar as sold on sold.cal_id = ss_date
  join star.calendar as returned on returned.cal_id = sr_date
  join star.calendar as again on again.cal_id = wb_date
  join star.item on it_id = ss_item
  join star.store on st_id = ss_store
 where sold.cal_month = 4 and sold.cal_year = 2024
   and returned.cal_month between 4 and 10 and returned.cal_year = 2024
   and again.cal_year in (2024, 2025)
 group by it_code, st_name
 order by it_code, st_name
 limit 100

-- s13: orders to one state from more than one warehouse, of which nothing came back (EXISTS on itself, NOT EXISTS)
select count(distinct o.wb_order), sum(o.wb_shipping), sum(o.wb_net_profit)
  from star.web_sales as o
  join star.address on ad_id = o.wb_address
  join star.calendar on cal_id = o.wb_ship_date
 where cal_date between date '2025-02-01' and date '2025-04-01'
   and ad_state = 'IL'
   and o.wb_site = 3
   and exists (select 1 from star.web_sales as other
                where other.wb_order = o.wb_order and other.wb_warehouse <> o.wb_warehouse)
   and not exists (select 1 from star.web_returns where wr_order = o.wb_order)

-- s14: how long orders of a site wait until they are shipped, by way of shipping
select wb_warehouse, wb_ship_mode,
       count(*) filter (where shipped.cal_date - ordered.cal_date <= 30) as month,
       count(*) filter (where shipped.cal_date - ordered.cal_date between 31 and 60) as two,
       count(*) filter (where shipped.cal_date - ordered.cal_date > 60) as longer
  from star.web_sales
  join star.calendar as ordered on ordered.cal_id = wb_date
  join star.calendar as shipped on shipped.cal_id = wb_ship_date
 where shipped.cal_month_seq between 292 and 294
   and wb_site = 7
 group by wb_warehouse, wb_ship_mode
 order by wb_warehouse, wb_ship_mode

-- s15: a store's ten best and ten worst items by mean profit (two rankings beside each other)
with means as (
  select ss_item as product, avg(ss_net_profit) as profit
    from star.store_sales
   where ss_store = 17
   group by ss_item)
select best.place, b.it_name as best, w.it_name as worst
  from (select product, rank() over (order by profit desc) as place from means) as best
  join (select product, rank() over (order by profit) as place from means) as worst on worst.place = best.place
  join star.item as b on b.it_id = best.product
  join star.item as w on w.it_id = worst.product
 where best.place <= 10
 order by best.place

-- s16: manufacturers whose months are far from their year's mean (window over an aggregate)
select *
  from (select it_manufacturer, cal_month, sum(ss_sales_price) as sales,
               avg(sum(ss_sales_price)) over (partition by it_manufacturer) as mean
          from star.store_sales
          join star.calendar on cal_id = ss_date
          join star.item on it_id = ss_item
         where cal_month_seq between 276 and 287
           and it_class in ('books a', 'electronics b', 'sports c')
         group by it_manufacturer, cal_month) as months
 where abs(sales - mean) > 0.1 * mean
 order by it_manufacturer, sales
 limit 100

-- s17: web lines of a manufacturer whose discount is far over what the item got that quarter (correlated subquery)
select sum(l.wb_discount)
  from star.web_sales as l
  join star.item on it_id = l.wb_item
 where it_manufacturer = 77
   and l.wb_date between 20240110 and 20240115
   and l.wb_discount > (select 1.3 * avg(q.wb_discount) from star.web_sales as q
                         where q.wb_item = it_id and q.wb_date between 20240101 and 20240331)

-- s18: profit by state and store with subtotals, and the rank within (rollup)
select st_state, st_name, sum(ss_net_profit) as profit,
       rank() over (partition by grouping(st_state) + grouping(st_name), st_state order by sum(ss_net_profit) desc) as place
  from star.store_sales
  join star.calendar on cal_id = ss_date
  join star.store on st_id = ss_store
 where cal_year = 2025 and cal_quarter = 4
 group by rollup (st_state, st_name)
 order by st_state, place

-- s19: the service desk: what one customer bought last, in either channel
select * from (
  (select ss_date as day, 'store' as channel, ss_item as product, ss_net_paid as paid
     from star.store_sales where ss_customer = 23475 order by ss_date desc limit 20)
  union all
  (select wb_date, 'web', wb_item, wb_net_paid
     from star.web_sales where wb_customer = 23475 order by wb_date desc limit 20)) as bought
  join star.item on it_id = product
 order by day desc
 limit 20

-- s20: the service desk: the lines of a ticket and what came back of each
select it_name, ss_quantity, ss_net_paid, sr_quantity, sr_amount
  from star.store_sales
  join star.item on it_id = ss_item
  left join star.store_returns on sr_ticket = ss_ticket and sr_item = ss_item
 where ss_ticket = 98123

-- s21: a manager's brands sold to customers from outside the store's postal area
select it_brand, it_manufacturer, sum(ss_net_paid) as revenue
  from star.store_sales
  join star.calendar on cal_id = ss_date
  join star.item on it_id = ss_item
  join star.customer on cu_id = ss_customer
  join star.address on ad_id = cu_address
  join star.store on st_id = ss_store
 where it_manager = 8
   and cal_month = 11 and cal_year = 2023
   and left(ad_zip, 3) <> left(st_zip, 3)
 group by it_brand, it_manufacturer
 order by revenue desc, it_brand
 limit 100

-- s22: what customers really paid after they returned goods for one reason
select ss_customer, sum((ss_quantity - sr_quantity) * ss_sales_price) as paid
  from star.store_sales
  join star.store_returns on sr_item = ss_item and sr_ticket = ss_ticket
 where sr_reason = 28
 group by ss_customer
 order by paid, ss_customer
 limit 100

-- s23: people who bought in both channels on the same day (intersection of channels)
select count(*)
  from (select cu_last_name, cu_first_name, cal_date
          from star.store_sales
          join star.calendar on cal_id = ss_date
          join star.customer on cu_id = ss_customer
         where cal_month_seq between 288 and 293
        intersect
        select cu_last_name, cu_first_name, cal_date
          from star.web_sales
          join star.calendar on cal_id = wb_date
          join star.customer on cu_id = wb_customer
         where cal_month_seq between 288 and 293) as both_channels

-- s24: jewelry that sold well on the web in a season and never came back there
select it_code, it_name, sum(wb_quantity) as sold
  from star.web_sales
  join star.item on it_id = wb_item
 where it_category = 'jewelry' and it_price > 700
   and wb_date between 20241101 and 20241231
   and not exists (select 1 from star.web_returns where wr_item = it_id and wr_date >= 20241101)
 group by it_code, it_name
having sum(wb_quantity) > 5
 order by sold desc
 limit 50

-- s25: days on which an item's web sales since the month began passed its store sales (running sums, outer join)
with web as (
  select wb_item as product, wb_date as day, sum(sum(wb_sales_price)) over (partition by wb_item order by wb_date) as running
    from star.web_sales
   where wb_date between 20240501 and 20240531
   group by wb_item, wb_date),
shop as (
  select ss_item as product, ss_date as day, sum(sum(ss_sales_price)) over (partition by ss_item order by ss_date) as running
    from star.store_sales
   where ss_date between 20240501 and 20240531
   group by ss_item, ss_date)
select product, day, web.running, shop.running
  from web full join shop using (product, day)
 where web.running > shop.running
 order by product, day
 limit 100

-- s26: which part of a month's toys in one time zone went under promotions by mail or television
select sum(ss_net_paid) filter (where pr_mail or pr_tv) / sum(ss_net_paid) as part
  from star.store_sales
  join star.calendar on cal_id = ss_date
  join star.store on st_id = ss_store
  join star.item on it_id = ss_item
  left join star.promotion on pr_id = ss_promotion
 where it_category = 'toys' and st_utc_offset = -5 and cal_year = 2024 and cal_month = 6

-- s27: what is bought together with an item (self-join)
select other.ss_item, count(*) as together
  from star.store_sales as this
  join star.store_sales as other on other.ss_ticket = this.ss_ticket and other.ss_item <> this.ss_item
 where this.ss_item = 4711
 group by other.ss_item
 order by together desc, other.ss_item
 limit 10

-- s28: the three best customers of each store in the last week of the year (top-N per group)
select st_name, cu_code, paid
  from (select ss_store, ss_customer, sum(ss_net_paid) as paid,
               row_number() over (partition by ss_store order by sum(ss_net_paid) desc) as place
          from star.store_sales
         where ss_date between 20251225 and 20251231 and ss_customer is not null
         group by ss_store, ss_customer) as ranked
  join star.store on st_id = ss_store
  join star.customer on cu_id = ss_customer
 where place <= 3
 order by st_name, place

-- s29: losses by reason of web goods that came back soon from one state
select wr_reason, count(*), sum(wr_loss), avg(wb_quantity)
  from star.web_returns
  join star.web_sales on wb_order = wr_order and wb_item = wr_item
  join star.address on ad_id = wb_address
  join star.calendar on cal_id = wr_date
 where ad_state = 'NM' and cal_year = 2025 and cal_month in (1, 2)
 group by wr_reason
 order by sum(wr_loss) desc

-- s30: the dearest lines of a week on the web (top-N)
select wb_order, wb_item, wb_net_paid
  from star.web_sales
 where wb_date between 20251124 and 20251130
 order by wb_net_paid desc, wb_order
 limit 50

-- s31: evening business of a store by hour, with households of many dependents
select ss_hour, count(*)
  from star.store_sales
  join star.household on hh_id = ss_household
  join star.store on st_id = ss_store
 where ss_hour between 19 and 21 and hh_dependents = 7 and st_name = 'Store 9'
 group by ss_hour
 order by ss_hour

-- s32: a family name at the help desk: addresses, and the number of orders not shipped
select cu_code, cu_first_name, ad_street, ad_city,
       (select count(*) from star.web_sales where wb_customer = cu_id and wb_ship_date is null) as open
  from star.customer
  join star.address on ad_id = cu_address
 where cu_last_name = 'Name3111' and cu_birth_month = 5
 order by cu_code
