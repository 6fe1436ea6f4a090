-- The data of bench/alerts, in schema mp. Variables: products (five watches each; a quarter of them has a second listing).
-- A tenth of the watches has told something before, so that its listing's history decides whether it may again.
set client_min_messages = warning;
set session_replication_role = replica;
insert into mp.tenants (id, name, slug) values (1, 'Bench', 'bench');
insert into mp.retailers (id, name, slug) select i, 'Shop ' || i, 'shop-' || i from generate_series(1, 20) i;
insert into mp.users (tenant_id, id, email, display_name, status) select 1, i, 'u' || i || '@example.com', 'User ' || i, 'active' from generate_series(1, :products / 2) i;
insert into mp.products (tenant_id, id, name) select 1, i, 'Thing ' || i from generate_series(1, :products) i;
insert into mp.listings (tenant_id, id, product_id, retailer_id) select 1, i, 1 + i % :products, 1 + i % 17 from generate_series(1, :products * 5 / 4) i;
set session_replication_role = origin;
set marketplace.tenant_id = '1';
-- Prices of forty days; they were higher for twenty of them; one listing in twenty is out of stock.
select mp.record_prices(array_agg(i::bigint), array_agg(date_trunc('day', now()) - make_interval(days => 40 - 10 * n)), array_agg(((10000 + (i * 7919) % 50000) * case when n = 3 and hashint8(11 * i) % 20 = 0 then null else 1 + 0.03 * n * (3 - n) end)::bigint))
  from generate_series(0, 3) n, generate_series(1, :products * 5 / 4) i group by n order by n \g /dev/null
set session_replication_role = replica;
-- Of each product five, of different users. Of twenty: nine targets, of which few are near the price, and one or two each of the others but silence.
insert into mp.watches (tenant_id, user_id, product_id, kind, target_minor, percent, reference_minor, days, min_change_minor, hysteresis_percent, max_per_day, rearm_after, retailers, last_notified_minor, last_notified_at, last_notified_listing_id, last_notified_price_at)
  select 1, 1 + (w.i * 31 + w.i / (:products / 2)) % (:products / 2), w.product, w.kind,
      case w.kind when 'target' then w.price * (0.4 + 0.55 * (hashint8(w.i) & 1023) / 1024) when 'back_in_stock' then w.price * 1.1 end::bigint,
      case w.kind when 'pct_vs_prev' then 15 when 'pct_vs_ref' then 20 when 'rise' then 15 end,
      case w.kind when 'pct_vs_ref' then w.price end, case w.kind when 'lowest_in_n_days' then case when w.draw % 3 = 0 then 7 else 90 end end,
      case w.kind when 'any_change' then w.price * 0.06 else 0 end,
      2, 10, case when w.draw % 4 = 1 then interval '7 days' end, case when w.draw % 20 = 7 then array[1 + (w.product - 1 + w.draw % 3) % 17] end,
      case when w.told then w.price * 0.9 end, case when w.told then now() - interval '25 days' end, case when w.told then w.product - 1 + case w.product when 1 then :products else 0 end end, case when w.told then now() - interval '25 days' end
    from (select i, 1 + (i * 7) % :products as product, (10000 + ((i * 7) % :products * 7919) % 50000)::bigint as price, hashint8(-i) % 10 = 0 as told, hashint8(5 * i) & 65535 as draw,
        (array['target', 'target', 'target', 'target', 'target', 'target', 'target', 'target', 'target', 'pct_vs_prev', 'pct_vs_prev', 'pct_vs_ref', 'pct_vs_ref', 'lowest_in_n_days', 'historical_low',
          'back_in_stock', 'back_in_stock', 'rise', 'rise', 'any_change'])[1 + (hashint8(3 * i) & 1048575) % 20]::mp.watch_kind as kind
      from generate_series(1, 5 * :products) i) w
    on conflict do nothing;
reset session_replication_role;
vacuum analyze;
