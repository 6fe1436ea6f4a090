# Fixes that need more than one transaction can show: what a failed REINDEX CONCURRENTLY leaves behind, an unused index of a
# partitioned table, a restart for pg_stat_statements. Each fix is run as it stands, seen to help, and taken back.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('fixes');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'auto_explain'\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', q{
  create extension deal_advisor;
  create schema shop;
  create table shop.products (id int primary key, price int, note text);
  insert into shop.products select i, i % 100, 'n' || i from generate_series(1, 1000) i;
  create index products_price on shop.products (price);
  create function shop.checked(price int) returns int immutable language plpgsql as 'begin return price; end';
  create index products_checked on shop.products (shop.checked(price));
});

# The finding of one check about one object: fix, rollback and verify, one statement a line each
sub finding {
	my ($check, $object) = @_;
	my @parts = map { $node->safe_psql('postgres', qq{select unnest($_) from deal_advisor.findings_detail(options => '{"min_stats_age": "0"}') where status = 'open' and check_id = '$check' and object = '$object'}) }
		('fix', 'rollback', 'array[verify]', 'array[fingerprint]');
	return map { [ split /\n/, $_ ] } @parts;
}

sub run_all {
	$node->safe_psql('postgres', $_) for @_;
}

# A rebuild that fails leaves name_ccnew
$node->safe_psql('postgres', q{create or replace function shop.checked(price int) returns int immutable language plpgsql as 'begin raise exception ''no''; end'});
$node->psql('postgres', 'reindex index concurrently shop.products_checked');
my ($fix, $rollback, $verify, $key) = finding('IDX-007', 'shop.products_checked_ccnew');
is_deeply($fix, ['DROP INDEX CONCURRENTLY shop.products_checked_ccnew'], '_ccnew: the leftover is to be dropped');
is($node->safe_psql('postgres', $verify->[0]), '1', 'the verification sees it');
$node->safe_psql('postgres', "call deal_advisor.findings_apply('{$key->[0]}')");
is($node->safe_psql('postgres', $verify->[0]), '', 'applied: gone');
is($node->safe_psql('postgres', "select to_regclass('shop.products_checked') is not null"), 't', 'the index that works stays');

# One that is ended while it waits for readers of the old index leaves name_ccold
my $reader = $node->background_psql('postgres', on_error_stop => 0);
$reader->query('begin');
$reader->query('select count(*) from shop.products where price = 7');
$node->psql('postgres', "set statement_timeout = '2s'; reindex index concurrently shop.products_price");
$reader->query('commit');
$reader->quit;
($fix, $rollback, $verify, $key) = finding('IDX-007', 'shop.products_price_ccold');
is_deeply($fix, ['DROP INDEX CONCURRENTLY shop.products_price_ccold'], '_ccold: the leftover is to be dropped');
run_all(@$fix);
is($node->safe_psql('postgres', $verify->[0]), '', 'its fix runs');
is($node->safe_psql('postgres', "select indisvalid from pg_index where indexrelid = 'shop.products_price'::regclass"), 't', 'the new one stays');

# An index of that name made by hand is no leftover of a REINDEX: valid, so no finding
$node->safe_psql('postgres', 'create index by_hand_ccnew on shop.products (note)');
is($node->safe_psql('postgres', q{select count(*) from deal_advisor.findings_detail() where check_id = 'IDX-007'}), '0', 'a valid index of such a name is left alone');
$node->safe_psql('postgres', 'drop index shop.by_hand_ccnew');

# An unused index of a partitioned table goes and comes back with all its parts
$node->safe_psql('postgres', q{
  create table shop.prices (at date not null, price int) partition by range (at);
  create table shop.prices_1 partition of shop.prices for values from ('2024-01-01') to ('2025-01-01');
  create table shop.prices_2 partition of shop.prices for values from ('2025-01-01') to ('2026-01-01') partition by hash (price);
  create table shop.prices_2_0 partition of shop.prices_2 for values with (modulus 1, remainder 0);
  insert into shop.prices select date '2024-01-01' + i % 700, i from generate_series(1, 5000) i;
  create index prices_price on shop.prices (price) include (at);
  analyze shop.prices;
});
my $indexes = q{select pg_get_indexdef(indexrelid) || indisvalid from pg_index where indrelid in (select relid from pg_partition_tree('shop.prices')) order by 1};
my $before = $node->safe_psql('postgres', $indexes);
($fix, $rollback, $verify) = finding('IDX-008', 'shop.prices_price');
is_deeply($fix, ['DROP INDEX shop.prices_price'], 'the whole index is to be dropped, not concurrently: that is refused');
run_all(@$fix);
is($node->safe_psql('postgres', $indexes), '', 'dropped with its parts');
is($node->safe_psql('postgres', $verify->[0]), '', 'verified');
run_all(@$rollback);
is($node->safe_psql('postgres', $indexes), $before, 'the rollback makes all of them again, valid');

# SRV-018: ALTER SYSTEM keeps what is preloaded already; after a restart the extension can be created
my $database = $node->safe_psql('postgres', 'select quote_ident(current_database())');
($fix, $rollback, $verify, $key) = finding('SRV-018', $database);
is_deeply($fix, ["ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', 'pg_stat_statements'"], 'the fix keeps the other library');
isnt($node->safe_psql('postgres', $verify->[0]), '', 'not yet done');
$node->safe_psql('postgres', "call deal_advisor.findings_apply('{$key->[0]}')");
$node->restart;
is($node->safe_psql('postgres', 'show shared_preload_libraries'), 'auto_explain, pg_stat_statements', 'two libraries, not one name with a comma');
is($node->safe_psql('postgres', $verify->[0]), '', 'verified');
my ($create, $take_back) = finding('SRV-018', $database);
is_deeply($create, ['CREATE EXTENSION pg_stat_statements'], 'then the extension is to be created');
run_all(@$create);
is($node->safe_psql('postgres', q{select count(*) from deal_advisor.findings_detail() where check_id = 'SRV-018'}), '0', 'done');
run_all(@$take_back, @$rollback);
$node->restart;
is($node->safe_psql('postgres', 'show shared_preload_libraries'), 'auto_explain', 'the rollback leaves what was there');

done_testing();
