-- Partition sets: what the calls print, what errors say.
\set VERBOSITY default
set client_min_messages = warning;
set timezone = 'UTC';
create schema shop;
create table shop.orders (id bigint not null, placed date not null, total int) partition by range (id);
create table shop.flat (id int);

select deal_advisor.partition_enable('shop.orders', 'id', '1000', premake => 2);
select parent, state, partitions, oldest, ready_until, key_column, step, zone from deal_advisor.partition_status();
insert into shop.orders select i, '2026-01-01', 1 from generate_series(1, 2500) i;
select action, partition, lower_bound, upper_bound, lock_level, blocks from deal_advisor.partition_plan('shop.orders') where action = 'create';
select unnest(sql) from deal_advisor.partition_plan('shop.orders') where action = 'create' and partition = 'shop.orders_p3000';
select deal_advisor.partition_ensure('shop.orders', '3500');
call deal_advisor.partition_maintain('shop.orders');
select state, partitions, ready_until from deal_advisor.partition_status();
select action, partition, outcome from deal_advisor_data.partition_log order by id;

-- retention by number of keys
select deal_advisor.partition_enable('shop.orders', 'id', '1000', premake => 2, retention => '600');
select action, partition, sql from deal_advisor.partition_plan() where action = 'drop';
call deal_advisor.partition_maintain();
select min(id), max(id) from shop.orders;

-- where steps begin and end
select * from deal_advisor.partition_bounds('1 month', '2026-01-15', '2026-03-15', 'Europe/Berlin', 'offers');
select * from deal_advisor.partition_bounds('1 day', '2011-12-29 12:00+00', '2011-12-31 12:00+00', 'Pacific/Apia', 'offers');
select * from deal_advisor.partition_bounds('1 week', '2026-11-27', '2026-11-28');

-- errors
select deal_advisor.partition_enable('shop.flat', 'id', '10');
select deal_advisor.partition_enable('shop.orders', 'placed', '1 day');
select deal_advisor.partition_enable('shop.orders', 'id', '1 day');
select deal_advisor.partition_enable('shop.orders', 'id', '0');
select deal_advisor.partition_enable('shop.orders', 'id', '1000', retire => 'export');
select deal_advisor.partition_enable('shop.orders', 'id', '1000', options => '{"storage": 90}');
select deal_advisor.partition_bounds('1 hour', '2000-01-01', '2020-01-01');
select deal_advisor.partition_bounds('1 day', '2000-01-01', '2000-01-02', 'CET-1CEST');
select deal_advisor.partition_ensure('shop.flat');
begin;
call deal_advisor.partition_maintain();
rollback;
select deal_advisor.partition_disable('shop.orders');
select deal_advisor.partition_forget('shop', 'orders');
drop schema shop cascade;
drop schema deal_advisor_data cascade;
