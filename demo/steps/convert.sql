-- A table of three million rows becomes a partition set while others write to it.
set client_min_messages = warning;
\pset border 1
\pset footer off
\pset linestyle unicode
\echo
\echo What stands in the way of partitioning shop.price_history by month, and how it would be done:
\pset format wrapped
\pset columns 100
select level, code, message
  from deal_advisor.partition_convert_plan('shop.price_history', 'observed_at', '1 month') order by number;
\pset format aligned
call deal_advisor.partition_convert('shop.price_history', 'observed_at', '1 month', '{"retention": "2 years"}');
insert into demo.stop values (true);
