# A marketplace goes through pg_upgrade; two sessions that install the same one make one.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $old = PostgreSQL::Test::Cluster->new('old');
$old->init;
$old->append_conf('postgresql.conf', "fsync = off\nclient_min_messages = warning");
$old->start;
$old->safe_psql('postgres', 'create database shop');
$old->safe_psql('shop', 'create extension deal_advisor');

# Two sessions at once: the second waits for the first and finds its work done.
my $first = $old->background_psql('shop', on_error_stop => 0);
$first->query_safe('begin');
$first->query_safe(q{select deal_advisor.marketplace_install('shop')});
my $second = $old->background_psql('shop', on_error_stop => 0);
$second->query_until(qr/begun/, qq{\\echo begun\nselect deal_advisor.marketplace_install('shop');\n});
ok($old->poll_query_until('shop', q{select exists (select from pg_locks where locktype = 'advisory' and not granted)}), 'the second of two sessions that install waits');
is($old->safe_psql('shop', q{select count(*) from pg_namespace where nspname = 'shop'}), '0', 'nothing is there before the first has committed');
$first->query_safe('commit');
$first->quit;
like($second->query(q{select 'next'}), qr/has this marketplace already.*next/s, 'then it finds the work done');
$second->quit;
is($old->safe_psql('shop', q{select string_agg(state, ',') from deal_advisor.marketplace_status()}), 'ok', 'there is one, and it is whole');

# One that gives up leaves the way free for the other.
$first = $old->background_psql('shop', on_error_stop => 0);
$first->query_safe('begin');
$first->query_safe(q{select deal_advisor.marketplace_install('other', '{"modules": ["base"]}')});
$second = $old->background_psql('shop', on_error_stop => 0);
$second->query_until(qr/begun/, qq{\\echo begun\nselect deal_advisor.marketplace_install('other', '{"modules": ["base"]}');\n});
ok($old->poll_query_until('shop', q{select exists (select from pg_locks where locktype = 'advisory' and not granted)}), 'another pair waits');
$first->query_safe('rollback');
$first->quit;
like($second->query(q{select 'next'}), qr/schema other has a marketplace: modules base.*next/s, 'after a rollback the second makes it');
$second->quit;

$old->safe_psql('shop', q{
  create role shop_app;
  grant usage on schema shop to shop_app;
  grant select, insert, update, delete on all tables in schema shop to shop_app;
  insert into shop.database_roles (role_name, kind) values ('shop_app', 'application');
  insert into shop.tenants (name, slug) values ('First', 'first'), ('Second', 'second');
  insert into shop.retailers (name, slug) values ('Retailer', 'retailer');
  insert into shop.products (tenant_id, name) select 1, 'Thing ' || i from generate_series(1, 50) i;
  insert into shop.listings (tenant_id, product_id, retailer_id) select 1, id, 1 from shop.products;
  set marketplace.tenant_id = '1';
  select shop.record_prices(array_agg(l.id), array_agg(now() - n * interval '5 hours'), array_agg(1000 + (l.id * n) % 700)) from shop.listings l, generate_series(0, 6) n;
  alter table shop.users add column favourite text default 'none';
  create index users_favourite on shop.users (favourite);
});
sub told {
	my ($node) = @_;
	return $node->safe_psql('shop', q{
	  select string_agg(concat_ws(' ', state, object), ', ' order by object) from deal_advisor.marketplace_status('shop');
	  select count(*), md5(string_agg(t::text, ',' order by t::text)) from shop.price_history t;
	  select count(*), md5(string_agg(t::text, ',' order by t::text)) from shop.listings t;
	  select parent, key_column, step from deal_advisor.partition_status() order by 1;
	  set role shop_app;
	  select count(*) from shop.products;
	  set marketplace.tenant_id = '2';
	  select count(*) from shop.products;
	  set marketplace.tenant_id = '1';
	  select count(*) from shop.search_products('thing', lim => 1000);
	});
}
my $before = told($old);
like($before, qr/^added column users.favourite, added index users.users_favourite\n/, 'what users added is told before');
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$new->append_conf('postgresql.conf', 'fsync = off');
my $bin = $old->config_data('--bindir');
chdir $PostgreSQL::Test::Utils::tmp_check;
command_ok([ 'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bin, '-B', $bin, '-s', $new->host, '-p', $old->port, '-P', $new->port ],
	'pg_upgrade takes it along');
$new->start;
is(told($new), $before, 'with its rows, its rights, its state and its partition set');
is($new->safe_psql('shop', q{set marketplace.tenant_id = '1'; select shop.record_price(1, now(), 4321)}), 't', 'and it goes on');
$new->stop;
done_testing();
