# Partition sets survive dump and restore, and partitions survive DROP EXTENSION.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('sets');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
  create extension deal_advisor;
  create schema shop;
  create table shop.seen (id bigint generated always as identity, at timestamptz not null, v int check (v > 0), primary key (id, at)) partition by range (at);
  create index on shop.seen (v);
  select deal_advisor.partition_enable('shop.seen', 'at', '1 day', premake => 2, retention => '5 days', zone => 'Asia/Tokyo',
    options => jsonb_build_object('start', now() - interval '4 days', 'storage', 'fillfactor=80'));
  insert into shop.seen (at, v) select now() - i * interval '1 hour', i from generate_series(1, 90) i;
});

sub state_of {
	my ($database) = @_;
	return $node->safe_psql($database, q{
	  select to_jsonb(s) from deal_advisor.partition_set s;
	  select c.relname, pg_get_expr(c.relpartbound, c.oid), c.reloptions from pg_class c where relname like 'seen%' order by 1;
	  select count(*), sum(v), sum(hashtext(at::text)::bigint) from shop.seen;
	});
}

my $before = state_of('postgres');
my $dumps = $node->basedir;
my %restore = (
	plain => sub { my ($to) = @_; $node->command_ok([ 'pg_dump', '-f', "$dumps/plain.sql", 'postgres' ], 'plain dump'); $node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/plain.sql", $to ], 'plain restore') },
	custom => sub { my ($to) = @_; $node->command_ok([ 'pg_dump', '-Fc', '-f', "$dumps/custom", 'postgres' ], 'custom dump'); $node->command_ok([ 'pg_restore', '-e', '-d', $to, "$dumps/custom" ], 'custom restore') },
	parallel => sub { my ($to) = @_; $node->command_ok([ 'pg_dump', '-Fd', '-j4', '-f', "$dumps/directory", 'postgres' ], 'parallel dump'); $node->command_ok([ 'pg_restore', '-e', '-j4', '-d', $to, "$dumps/directory" ], 'parallel restore') },
	root => sub { my ($to) = @_; $node->command_ok([ 'pg_dump', '-Fc', '--load-via-partition-root', '-f', "$dumps/root", 'postgres' ], 'dump for the root'); $node->command_ok([ 'pg_restore', '-e', '-d', $to, "$dumps/root" ], 'restore through the root') },
);
for my $way (sort keys %restore) {
	$node->safe_psql('postgres', "create database $way");
	$restore{$way}->($way);
	is(state_of($way), $before, "$way: sets, partitions and rows are the same");
	is($node->safe_psql($way, q{select state from deal_advisor.partition_status()}), 'ok', "$way: and the set goes on");
}

# Maintenance of the copy makes what is due there
$node->safe_psql('custom', q{select deal_advisor.partition_enable('shop.seen', 'at', '1 day', premake => 4, zone => 'Asia/Tokyo')});
$node->safe_psql('custom', 'call deal_advisor.partition_maintain()');
is($node->safe_psql('custom', q{select count(*) from pg_inherits where inhparent = 'shop.seen'::regclass}) - $node->safe_psql('postgres', q{select count(*) from pg_inherits where inhparent = 'shop.seen'::regclass}), 2, 'the copy is kept on its own');

# What the extension made for the user is the user's
my $rows = $node->safe_psql('postgres', 'select count(*), sum(v) from shop.seen');
$node->safe_psql('postgres', 'drop extension deal_advisor cascade');
is($node->safe_psql('postgres', 'select count(*), sum(v) from shop.seen'), $rows, 'DROP EXTENSION takes no row');
is($node->safe_psql('postgres', q{insert into shop.seen (at, v) values (now() + interval '1 day', 5) returning v}), '5', 'and the partitions take new ones');

$node->stop;
done_testing();
