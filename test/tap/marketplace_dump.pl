# A marketplace survives dump and restore in every form, with what users added to it, and DROP EXTENSION.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Recovery qw(wait_until_back);

my $node = PostgreSQL::Test::Cluster->new('marketplace');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = on");
$node->start;
$node->safe_psql('postgres', q{
  create role shop_app;
  create extension deal_advisor;
  create extension pgcrypto;
  create extension pg_trgm;
  select deal_advisor.marketplace_install('shop');
  select deal_advisor.marketplace_install('Second "shop"', '{"currency": "USD", "triggers": false, "encryption": true, "partition_step": "year"}');
  select deal_advisor.marketplace_create_roles('shop', 'clerks');
  grant usage on schema shop to shop_app;
  grant select, insert, update, delete on all tables in schema shop to shop_app;
  revoke all on shop.category_price_levels from shop_app;
  insert into shop.tenants (name, slug) values ('First', 'first'), ('Second', 'second');
  insert into shop.users (tenant_id, email, display_name) select 1 + i % 2, format('u%s@example.com', i), 'User ' || i from generate_series(1, 100) i;
  insert into shop.database_roles (role_name, kind) values ('shop_app', 'application');
  insert into "Second ""shop""".tenants (name, slug) values ('Other', 'other');
  set marketplace.tenant_id = '1';
  set marketplace.user_id = '2';
  insert into shop.retailers (name, slug) values ('Retailer', 'retailer');
  insert into shop.categories (name, slug) values ('Things', 'things');
  insert into shop.products (tenant_id, name, category_id, attrs) select 1, 'Thing ' || i, 1, '{"colour": "red"}' from generate_series(1, 50) i;
  insert into shop.listings (tenant_id, product_id, retailer_id) select 1, id, 1 from shop.products;
  select shop.ensure_partitions('shop.price_history', 3, 1);
  select shop.record_prices(array_agg(l.id), array_agg(now() - n * interval '10 days'), array_agg(1000 + (l.id * n) % 700)) from shop.listings l, generate_series(0, 6) n;
  select shop.record_price(id, now(), 500) from shop.listings where id % 10 = 0;
  select shop.refresh_deals();
  refresh materialized view concurrently shop.category_price_levels;
  select shop.fold_statistics(3);
  select shop.open_conversation(array[4], 'Hello');
  select shop.post_message(1, 'text ' || i) from generate_series(1, 20) i;
  select shop.make_offer(1, 900, 'EUR');
  -- what users add
  alter table shop.users add column favourite text default 'none';
  create index users_favourite on shop.users (favourite);
  create policy support on shop.users for select to shop_app using (favourite = 'everyone');
  create table shop.notes (tenant_id bigint, user_id bigint, note text, foreign key (tenant_id, user_id) references shop.users);
  insert into shop.notes select tenant_id, id, 'note' from shop.users;
  comment on table shop.notes is 'ours'
});

# Names of dumps and dates aside, all that pg_dump says of the schema.
sub schema_of {
	my ($database) = @_;
	my ($out, $err) = run_command([ 'pg_dump', '-s', '-d', $node->connstr($database) ]);
	return join "\n", grep { !/^--|^\\(un)?restrict|^SET |^SELECT pg_catalog.set_config|^$/ } split /\n/, $out;
}
sub rows_of {
	my ($database) = @_;
	my $tables = $node->safe_psql($database, q{select string_agg(format('select %L, count(*), md5(string_agg(t::text, E''\n'' order by t::text)) from %s t', oid::regclass, oid::regclass), ' union all ' order by oid::regclass::text) from pg_class where relkind in ('r', 'p', 'm') and not relispartition and relnamespace in (select oid from pg_namespace where nspname in ('shop', 'Second "shop"'))});
	return $node->safe_psql($database, "$tables order by 1") . $node->safe_psql($database, 'select * from deal_advisor.marketplace_status()');
}

my $deals = $node->safe_psql('postgres', 'select count(*) from shop.deals where ended_at is null');
cmp_ok($deals, '>=', 5, 'there are deals');
my $schema = schema_of('postgres');
my $rows = rows_of('postgres');
my $dumps = $node->basedir;
my @dump = ('pg_dump', '-d', 'postgres');
my %restore = (
	plain => [ [ @dump, '-f', "$dumps/plain.sql" ], [ 'psql', '-Xq1', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/plain.sql" ] ],
	custom => [ [ @dump, '-Fc', '-f', "$dumps/custom" ], [ 'pg_restore', '-1', "$dumps/custom" ] ],
	two_jobs => [ [ @dump, '-Fc', '-f', "$dumps/two" ], [ 'pg_restore', '-e', '-j2', "$dumps/two" ] ],
	four_jobs => [ [ @dump, '-Fd', '-j4', '-f', "$dumps/four" ], [ 'pg_restore', '-e', '-j4', "$dumps/four" ] ],
	root => [ [ @dump, '-Fc', '--load-via-partition-root', '-f', "$dumps/root" ], [ 'pg_restore', '-e', "$dumps/root" ] ],
	root_jobs => [ [ @dump, '-Fd', '-j4', '--load-via-partition-root', '-f', "$dumps/root4" ], [ 'pg_restore', '-e', '-j4', "$dumps/root4" ] ],
);
for my $way (sort keys %restore) {
	$node->safe_psql('postgres', "create database $way");
	my ($dump, $restore) = @{ $restore{$way} };
	$node->command_ok($dump, "$way: dump");
	$node->command_ok([ @$restore, '-d', $way ], "$way: restored without an error");
	is(schema_of($way), $schema, "$way: the same schema");
	is(rows_of($way), $rows, "$way: the same rows, the same state");
}

# The copy goes on as a marketplace
is($node->safe_psql('custom', q{select string_agg(state || ' ' || object, ', ' order by object) from deal_advisor.marketplace_status('shop')}),
	'added column users.favourite, added index users.users_favourite, added policy users.support, added table notes', 'only what users added is told');
like($node->safe_psql('custom', q{select deal_advisor.marketplace_install('shop')}), qr/has this marketplace already/, 'it is known by its name');
is($node->safe_psql('custom', q{select string_agg(concat_ws(' ', role_name, state, granted), ', ') from deal_advisor.marketplace_create_roles('shop')}),
	'clerks_app found 0, clerks_worker found 0, clerks_analyst found 0, clerks_support found 0', 'its roles are known, with their rights');
is($node->safe_psql('custom', q{insert into shop.users (tenant_id, email, display_name) values (1, 'new@example.com', 'New') returning id > 100}), 't', 'identities go on where they were');

is($node->safe_psql('custom', q{set marketplace.tenant_id = '1'; select shop.record_price(1, now(), 77)}), 't', 'prices are recorded');
is($node->safe_psql('custom', q{set marketplace.tenant_id = '1'; set marketplace.user_id = '4'; select unread from shop.unread_counts()}), '21', 'unread counts are as they were');
is($node->safe_psql('custom', q{set marketplace.tenant_id = '1'; select count(*) from shop.top_deals(); select products, open_deals from shop.tenant_statistics()}), "$deals\n50|$deals", 'deals are listed and figures told');
is($node->safe_psql('custom', q{set marketplace.tenant_id = '1'; insert into shop.products (tenant_id, name) values (1, 'New'); select products from shop.tenant_statistics()}), '51', 'which go on to be counted');
is($node->safe_psql('custom', q{select state from deal_advisor.partition_status()}) =~ tr/k//, 6, 'partitions are kept');

# kill -9 in the middle of installing: nothing is left, and it can be done again
my ($killed, $said, $why) = $node->psql('postgres', q{
  begin;
  select deal_advisor.marketplace_install('half');
  select format('copy (select 1) to program %L', 'kill -9 ' || pg_backend_pid()) \gexec
});
isnt($killed, 0, 'the backend was killed');
wait_until_back($node);
is($node->safe_psql('postgres', q{select to_regnamespace('half') is null, count(*) from deal_advisor.marketplace_status() where schema_name = 'half'}), 't|0', 'nothing is left behind');
is($node->safe_psql('postgres', q{select count(*) from deal_advisor.partition_status() where parent like 'half%'}), '0', 'no partition set either');
like($node->safe_psql('postgres', q{select deal_advisor.marketplace_install('half')}), qr/has a marketplace/, 'it is made the next time');

# A standby
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', q{select state from deal_advisor.marketplace_status('half')}), 'ok', 'a standby tells the state');
is($standby->safe_psql('postgres', q{set marketplace.tenant_id = '1'; select count(*) from shop.search_products('thing', lim => 10)}), '10', 'finds products');
my $score = q{set marketplace.tenant_id = '1'; select * from shop.deal_score(1, (select max(observed_at) from shop.price_history))};
my $known = $node->safe_psql('postgres', $score);
isnt($known, '', 'a price has a score');
is($standby->safe_psql('postgres', $score), $known, 'and the same there');
my ($refused, $nothing, $error) = $standby->psql('postgres', q{select deal_advisor.marketplace_install('more')});
like($error, qr/read-only/, 'and installs nothing');
$standby->stop;

# Without the extension
my $people = $node->safe_psql('postgres', 'select count(*) from shop.users');
$node->safe_psql('postgres', 'drop extension deal_advisor cascade');
is($node->safe_psql('postgres', 'select count(*) from shop.users'), $people, 'DROP EXTENSION takes no row');
is($node->safe_psql('postgres', q{set role shop_app; set marketplace.tenant_id = '2'; select count(*) from shop.users}), '50', 'row security shows a tenant its own');
is($node->safe_psql('postgres', q{set role shop_app; select count(*) from shop.users}), '0', 'and nobody all');
is($node->safe_psql('postgres', q{set role shop_app; set marketplace.tenant_id = '2'; insert into shop.users (tenant_id, email, display_name) values (2, 'later@example.com', 'Later') returning favourite}), 'none', 'tables take writes');
my ($status, $out, $err) = $node->psql('postgres', q{set role shop_app; set marketplace.tenant_id = '2'; insert into shop.users (tenant_id, email, display_name) values (1, 'wrong@example.com', 'Wrong')});
like($err, qr/row-level security/, 'but not of another tenant');
is($node->safe_psql('postgres', q{set marketplace.tenant_id = '1'; select shop.record_price(1, now(), 66); select count(*) from shop.search_products('thing', lim => 10)}), "t\n10", 'prices are recorded and products found');
is($node->safe_psql('postgres', q{set marketplace.tenant_id = '1'; set marketplace.user_id = '4'; select shop.post_message(1, 'still here')}), '22', 'people talk');
is($node->safe_psql('postgres', q{update shop.users set display_name = 'Changed' where email = 'later@example.com' returning updated_at > created_at}), 't', 'triggers stamp changes');
for my $call ('price_stats(1)', 'prior_price(1)', 'discount_check(1)', 'deal_score(1)', q{deal_scores('{1}')}, 'refresh_deals()') {
	($status, $out, $err) = $node->psql('postgres', "set marketplace.tenant_id = '1'; update shop.listing_scores set scored_at = '2020-01-01'; select * from shop.$call");
	like($err, qr/deal_advisor.*does not exist/, "$call stops, since the extension judges");
}
is($node->safe_psql('postgres', q{set marketplace.tenant_id = '1'; select count(*) > 0 from shop.price_history(1, now() - interval '60 days', now(), '1 week'); select count(*) from shop.top_deals()}), "t\n$deals", 'prices are read and deals listed');
is($node->safe_psql('postgres', q{set marketplace.tenant_id = '1'; insert into shop.products (tenant_id, name) values (1, 'Late'); select shop.fold_statistics() > 0, (select products from shop.tenant_statistics()), (select count(*) from shop.market_levels())}), 't|51|1', 'figures are kept');
$node->safe_psql('postgres', 'create extension deal_advisor');
($status, $out, $err) = $node->psql('postgres', q{select deal_advisor.marketplace_install('shop')});
like($err, qr/schema shop holds something else/, 'a new extension leaves what it does not know alone');

$node->stop;
done_testing();
