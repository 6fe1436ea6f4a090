# Findings about partitions whose fixes commit or build concurrently: each is run as it stands and seen to help.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('partition_findings');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
$node->safe_psql('postgres', 'create extension deal_advisor; create schema shop');

# The only finding of one check: fix, rollback, verify and fingerprint, one statement a line each
sub finding {
	my ($check, $object) = @_;
	my @parts = map { $node->safe_psql('postgres', qq{select unnest($_) from deal_advisor.findings_detail('{partition}') where status = 'open' and check_id = '$check' and object = '$object'}) }
		('fix', 'rollback', 'array[verify]', 'array[fingerprint]');
	return map { [ split /\n/, $_ ] } @parts;
}

sub run_all {
	$node->safe_psql('postgres', $_) for @_;
}

# The finding is there, its fix clears it; afterwards the verification has no row
sub mends {
	my ($check, $object, $what) = @_;
	my ($fix, $rollback, $verify) = finding($check, $object);
	isnt(scalar @$fix, 0, "$check: $what");
	isnt($node->safe_psql('postgres', $verify->[0]), '', "$check: the verification sees it");
	run_all(@$fix);
	is($node->safe_psql('postgres', $verify->[0]), '', "$check: the fix clears it");
	is(scalar @{ (finding($check, $object))[3] }, 0, "$check: it is found no more");
	return $rollback;
}

# Indexes: on one partition only, and one of the parent that was never completed
$node->safe_psql('postgres', q{
  create table shop.events (id bigint, at date not null, note text) partition by range (at);
  create table shop.events_1 partition of shop.events for values from ('2024-01-01') to ('2025-01-01');
  create table shop.events_2 partition of shop.events for values from ('2025-01-01') to (maxvalue);
  create index by_note on shop.events_1 (lower(note)) where id > 5;
});
my $indexes = q{select indrelid::regclass || ' ' || regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '') || ' ' || indisvalid from pg_index where indrelid in (select relid from pg_partition_tree('shop.events')) order by 1};
my $before = $node->safe_psql('postgres', $indexes);
my $rollback = mends('IDX-024', 'shop.events', 'an index that one partition lacks');
is($node->safe_psql('postgres', 'select bool_and(indisvalid) and count(*) = 3 from pg_index where indrelid in (select relid from pg_partition_tree(\'shop.events\'))'), 't', 'IDX-024: every partition and the parent have it now, valid');
run_all(@$rollback);
is($node->safe_psql('postgres', $indexes), $before, 'IDX-024: the rollback leaves what was there');
$node->safe_psql('postgres', 'drop index shop.by_note; create index only_parent on only shop.events (id)');
mends('IDX-024', 'shop.events', 'an index of the parent that no partition has');
$node->safe_psql('postgres', 'drop index shop.only_parent');

# A key that holds in each partition only
$node->safe_psql('postgres', 'create unique index on shop.events_1 (id); create unique index on shop.events_2 (id)');
mends('PAR-003', 'shop.events', 'a key without the partition key');
is($node->safe_psql('postgres', q{select count(*) from pg_index where indisunique and indisvalid and indrelid = 'shop.events'::regclass}), '1', 'PAR-003: the longer key holds in the whole table');

# A detach that was cut off while it waited for a reader
my $reader = $node->background_psql('postgres', on_error_stop => 0);
$reader->query('begin isolation level repeatable read');
$reader->query('select count(*) from shop.events');
$node->psql('postgres', q{set statement_timeout = '1s'; alter table shop.events detach partition shop.events_1 concurrently});
$reader->query('commit');
$reader->quit;
$rollback = mends('PAR-001', 'shop.events', 'a detach left half done');
run_all(@$rollback);
is($node->safe_psql('postgres', q{select count(*) from pg_inherits where inhparent = 'shop.events'::regclass}), '2', 'PAR-001: the rollback attaches the partition again');

# A large default partition that each new partition reads
$node->safe_psql('postgres', q{
  create table shop.prices (at timestamptz not null, price text) partition by range (at);
  select deal_advisor.partition_enable('shop.prices', 'at', '1 day', use_default => true);
  insert into shop.prices select '2020-01-01', repeat('x', 1000) from generate_series(1, 8000);
  vacuum analyze shop.prices;
});
$rollback = mends('PAR-006', 'shop.prices_default', 'a default partition without CHECK');
run_all(@$rollback);
is(scalar @{ (finding('PAR-006', 'shop.prices_default'))[3] }, 1, 'PAR-006: the rollback drops it');

# Maintenance: it never ran, partitions are missing, the retention is not kept
$node->safe_psql('postgres', q{
  create table shop.log (at timestamptz not null) partition by range (at);
  select deal_advisor.partition_enable('shop.log', 'at', '1 day', premake => 2, options => jsonb_build_object('start', now() - interval '9 days'));
  select deal_advisor.partition_enable('shop.log', 'at', '1 day', premake => 2, retention => '3 days');
});
my $last = $node->safe_psql('postgres', q{select max(inhrelid::regclass::text) from pg_inherits where inhparent = 'shop.log'::regclass});
$node->safe_psql('postgres', "drop table $last");
my @numbers = map { scalar @{ (finding($_, 'shop.log'))[3] } } ('CAP-007', 'PAR-005', 'PAR-007');
is_deeply(\@numbers, [1, 1, 1], 'all three are found');
mends('PAR-007', 'shop.log', 'partitions past their retention');
@numbers = map { scalar @{ (finding($_, 'shop.log'))[3] } } ('CAP-007', 'PAR-005', 'PAR-007');
is_deeply(\@numbers, [0, 0, 0], 'one pass of maintenance clears all three');

done_testing();
