# A marketplace under its own workload: pgbench calls its functions as the application, then the advisors look at what
# pg_stat_statements saw, and have nothing to say at medium or worse.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('workload');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track = 'all'
pg_stat_statements.max = 10000
shared_buffers = '256MB'
random_page_cost = 1.1
jit = off
fsync = off
autovacuum = off
log_statement = none
});
$node->start;
$node->safe_psql('postgres', q{create role shop_owner login; create role shop_app login; create database shop owner shop_owner});
$node->safe_psql('shop', q{create extension pg_stat_statements; create extension pg_trgm; create extension deal_advisor; alter schema public owner to shop_owner});

# 40 tenants with 50 users, 500 products, 625 listings with 12 prices each, and 75 conversations of 20 messages each. Their
# rows lie mixed, as they came: the remainder of a number by 40 says whose it is.
sub as_owner { return $node->safe_psql('shop', $_[0], extra_params => [ '-U', 'shop_owner' ]) }
as_owner(q{
set client_min_messages = warning;
select deal_advisor.marketplace_install('mp');
select mp.ensure_partitions('mp.price_history', 6, 1);
grant usage on schema mp to shop_app;
grant select, insert, update, delete on all tables in schema mp to shop_app;
insert into mp.database_roles (role_name, kind) values ('shop_app', 'application');
insert into mp.tenants (name, slug) select 'Tenant ' || i, 'tenant-' || i from generate_series(1, 40) i;
insert into mp.retailers (name, slug) select 'Shop ' || i, 'shop-' || i from generate_series(1, 50) i;
insert into mp.brands (name, slug) select 'Brand ' || i, 'brand-' || i from generate_series(1, 200) i;
insert into mp.categories (parent_id, name, slug) select nullif((i - 1) / 10, 0), 'Category ' || i, 'category-' || i from generate_series(1, 110) i;
insert into mp.attribute_definitions (tenant_id, key, type) select t, k, 'text' from generate_series(1, 40) t, unnest(array['color', 'size']) k;
insert into mp.users (tenant_id, email, display_name, status) select 1 + (i - 1) % 40, 'user' || i || '@example.com', 'User ' || i, 'active' from generate_series(1, 2000) i;
create function mp.word(n bigint) returns text language sql immutable as
  $$select (array['red', 'blue', 'green', 'old', 'new', 'fine', 'small', 'large', 'light', 'dark'])[1 + n % 10] || ' ' || (array['phone', 'lamp', 'radio', 'chair', 'table', 'watch', 'shirt', 'shoe', 'bike', 'tent', 'knife', 'cup', 'book', 'clock', 'ring', 'bag'])[1 + n / 10 % 16] || ' w' || n % 997$$;
insert into mp.products (tenant_id, name, description, brand_id, category_id, attrs, created_at)
  select 1 + (i - 1) % 40, mp.word(i * 7), mp.word(i * 13) || ' with ' || mp.word(i * 29), 1 + i / 40 % 200, 1 + i / 40 * 11 % 110,
      jsonb_build_object('color', (array['red', 'blue', 'green', 'black', 'white'])[1 + i / 40 % 5], 'size', 's' || i / 40 % 12), now() - i * interval '7 minutes' from generate_series(1::bigint, 20000) i;
insert into mp.listings (tenant_id, product_id, retailer_id, condition)
  select 1 + (i - 1) % 40, 1 + (i - 1) % 20000, 1 + i / 40 % 50, case when i <= 20000 then 'new' else 'used' end::mp.listing_condition from generate_series(1::bigint, 25000) i;
});
as_owner("set marketplace.tenant_id = '$_'; select mp.record_prices(array_agg(l.id), array_agg(now() - d * interval '13 days 5 hours'), array_agg(1000 + l.id * (d + 7) * 31 % 50000), array_agg(case when l.id % 3 = 0 then 60000 end)) from mp.listings l, generate_series(1, 12) d where l.tenant_id = $_")
	for 1 .. 40;
as_owner(q{
insert into mp.conversations (tenant_id, kind, product_id, direct_low, direct_high, last_seq, last_message_at, created_by)
  select t, 'direct', 40 * (i % 500) + t, 40 * (i % 25) + t, 40 * (25 + i * 7 % 25) + t, 20, now() - i * interval '3 minutes', 40 * (i % 25) + t from generate_series(1, 75) i, generate_series(1, 40) t;
insert into mp.participants (tenant_id, conversation_id, user_id, last_read_seq) select c.tenant_id, c.id, u, 20 - c.id % 5 * 2 from mp.conversations c, unnest(array[direct_low, direct_high]) u;
update mp.participants p set own_since_read = (c.last_seq - p.last_read_seq) / 2 from mp.conversations c where c.tenant_id = p.tenant_id and c.id = p.conversation_id;
insert into mp.messages (tenant_id, conversation_id, seq, sender_id, body) select c.tenant_id, c.id, s, case s % 2 when 0 then direct_low else direct_high end, 'about the ' || mp.word(c.id * 20 + s) from mp.conversations c, generate_series(1, 20) s;
});
as_owner('drop function mp.word(bigint)');
$node->safe_psql('shop', 'vacuum analyze');

# The application: who acts stands first in each transaction.
my $begin = q{
\set tenant random(1, 40)
\set me 40 * random(0, 49) + :tenant
\set product 40 * random(0, 499) + :tenant
\set listing 40 * random(0, 624) + :tenant
\set n random(1, 10000)
begin;
select set_config('marketplace.tenant_id', :tenant::text, true), set_config('marketplace.user_id', :me::text, true);
};
my $talk = q{
select conversation_id as talk, last_seq as newest from mp.inbox(lim => 5) order by random() limit 1 \gset
};
my %script = (
	search => q{
\set category random(1, 110)
select product_id, name, best_price_minor, next_cursor from mp.search_products((array['red phone', 'blue lamp', 'old radio', 'chair', 'fine watch w7', 'light'])[1 + :n % 6]);
select count(*) from mp.search_products('phone', jsonb_build_object('price_max', 20000 + :n, 'in_stock', true), 'price_asc');
select count(*) from mp.search_products(null, jsonb_build_object('category', :category, 'attributes', '{"color": "red"}'::jsonb), 'price_desc');
select quote_literal(max(next_cursor)) as place from (select next_cursor from mp.search_products(null, '{}', 'price_asc') offset 19) s \gset
select count(*) from mp.search_products(null, '{}', 'price_asc', :place);
select count(*) from mp.search_products(null, jsonb_build_object('brand', 1 + :n % 200), 'newest');
select count(*) from mp.search_products('phnoe raido');
}, product => q{
select * from mp.best_offers(:product);
select * from mp.latest_prices(array[:product, :product % 19960 + 40]::bigint[]);
select * from mp.similar_products(:product);
select * from mp.price_history(:listing, now() - interval '90 days', now(), '1 week');
select * from mp.price_stats(:listing);
select * from mp.discount_check(:listing);
select * from mp.deal_score(:listing);
}, read => $talk . q{
select * from mp.unread_counts();
select * from mp.conversation_page(:talk);
select * from mp.conversation_page(:talk, :newest - 5);
select * from mp.thread_page(:talk, 1);
select mp.mark_read(:talk);
select * from mp.search_messages((array['phone', 'red lamp', 'w7', 'chair or bike'])[1 + :n % 4]);
}, write => $talk . q{
select mp.post_message(:talk, 'Is it still there? ' || :n) as mine \gset
select mp.react(:talk, 1, '+1');
select mp.edit_message(:talk, :mine, 'Is it there?');
select case when :n % 5 = 0 then mp.delete_message(:talk, :mine) end;
}, open => q{
\set other (:me + 40 * random(1, 49) - 1) % 2000 + 1
select mp.open_conversation(array[:other], 'About it', 'group', :product) as talk \gset
select mp.post_message(:talk, 'Hello');
select mp.make_offer(:talk, 1000 + :n, 'EUR', now() + interval '2 days') as offer \gset
select case when :n % 3 = 0 then mp.withdraw_offer(:talk, :offer) end;
select set_config('marketplace.user_id', :other::text, true);
select case :n % 3 when 1 then mp.accept_offer(:talk, :offer) when 2 then mp.decline_offer(:talk, :offer) end;
select mp.leave_conversation(:talk) where :n % 7 = 0;
}, crawl => q{
select mp.record_prices(array_agg((:listing + i * 480 - 1) % 25000 + 1), array_agg(clock_timestamp()), array_agg(case when i % 9 > 0 then 900 + (:n + i * 17) % 40000 end)) from generate_series(1::bigint, 50) i;
}, seller => q{
insert into mp.products (tenant_id, name, brand_id, category_id, attrs) values (:tenant, 'New phone ' || :n, 1 + :n % 200, 1 + :n % 110, '{"color": "blue"}') returning id as product \gset
insert into mp.listings (tenant_id, product_id, retailer_id) values (:tenant, :product, 1 + :n % 50) returning id as listing \gset
select mp.record_price(:listing, now(), 1000 + :n);
update mp.products set description = 'Better than new' where tenant_id = :tenant and id = :product;
update mp.listings set deleted_at = now() where :n % 4 = 0 and tenant_id = :tenant and id = :listing;
update mp.users set last_seen_at = now() where tenant_id = :tenant and id = :me;
});
my %weight = (search => 20, product => 20, read => 25, write => 10, open => 5, crawl => 5, seller => 3);
my $directory = $node->basedir;
my @files;
for my $name (sort keys %script) {
	append_to_file("$directory/$name.sql", "$begin$script{$name}commit;\n");
	push @files, '-f', "$directory/$name.sql\@$weight{$name}";
}
$node->safe_psql('shop', 'select pg_stat_statements_reset(), pg_stat_reset()');
$node->command_ok([ 'pgbench', '-n', '-M', 'simple', '-c', '2', '-j', '2', '-t', $ENV{WORKLOAD_TRANSACTIONS} // 600, '--random-seed=7', '--max-tries=10', '-U', 'shop_app', @files, 'shop' ], 'the workload runs');
as_owner('select mp.expire_offers()');
# As autovacuum would: else searches read what was not merged into the word indexes yet.
$node->safe_psql('shop', 'vacuum analyze');
cmp_ok($node->safe_psql('shop', q{select count(*) from pg_stat_statements s join pg_roles r on r.oid = s.userid where r.rolname in ('shop_app', 'shop_owner') and s.calls > 20}), '>', 80, 'pg_stat_statements saw what the functions do');

# Most of it are statements of PL/pgSQL functions, which stand there with the names of the functions' variables.
$node->safe_psql('shop', 'set client_min_messages = error; create table public.judged as select * from deal_advisor.workload_status()');
note($node->safe_psql('shop', q{select j.reason || ': ' || round((100 * j.share_of_time)::numeric, 2) || ' %: ' || regexp_replace(left(j.query, 600), '\s+', ' ', 'g') from public.judged j where j.status = 'skipped' order by j.share_of_time desc}));
cmp_ok($node->safe_psql('shop', q{select round(100 * coalesce(sum(share_of_time) filter (where status = 'skipped'), 0)) from public.judged}), '<=', 2, 'statements that could not be planned are at most 2 % of the time');

# Nothing at medium or worse; what there is stands in the message. The feed has no key: it is emptied, not looked up.
is($node->safe_psql('shop', q{select severity || ' ' || check_id || ' ' || object || ': ' || title || ': ' || why from deal_advisor.findings_detail(schemas => '{mp}', deep => true) where severity in ('medium', 'high', 'critical') and status = 'open'}), '', 'findings() says nothing at medium or worse');
# IDX-014 calls an index medium that is worth 1 % of the workload.
my $advice = q{
select a.action || ' ' || coalesce(a.ddl[1], a.index_name) || ': ' || round(a.benefit_pct::numeric, 1) || ' %: ' || a.why
  from deal_advisor.index_advice(schemas => '{mp}') a
 where a.action in ('create', 'replace') and a.benefit_pct >= 1 or a.action = 'drop'};
is($node->safe_psql('shop', $advice), '', 'index_advice() would create, replace or drop nothing that is worth 1 % of the workload');
$node->safe_psql('shop', 'drop index mp.participants_user');
like($node->safe_psql('shop', $advice), qr/create index concurrently \S+ on mp\.participants \(/, 'it would, if an index were missing');
$node->stop;
done_testing();
