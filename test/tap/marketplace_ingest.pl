# Prices that are recorded past the executor, and kill -9: what was committed is whole after recovery, what was not is gone; every index
# agrees with its table; a standby has the same rows.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Recovery qw(wait_until_back);
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('ingest');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nrestart_after_crash = on\nshared_buffers = 64MB\ncheckpoint_timeout = 30s");
$node->start;
$node->safe_psql('postgres', q{
  create extension deal_advisor;
  create extension amcheck;
  select deal_advisor.marketplace_install('mp');
  alter database postgres set marketplace.tenant_id = '1';
});
$node->safe_psql('postgres', q{
  insert into mp.tenants (id, name, slug) values (1, 'One', 'one');
  insert into mp.retailers (id, name, slug) select i, 'Shop ' || i, 'shop-' || i from generate_series(1, 3) i;
  insert into mp.products (tenant_id, id, name) select 1, i, 'Thing ' || i from generate_series(1, 4000) i;
  insert into mp.listings (tenant_id, id, product_id, retailer_id) select 1, i, 1 + i % 4000, 1 + i / 4000 from generate_series(1, 11999) i;
  select mp.ensure_partitions('mp.price_history', 3, 1);
});

# Batch k: a third of the listings gets the price 1000 * k + something, an hour after batch k - 1. Products start at 100000.
sub batch {
	my ($k) = @_;
	return qq{select mp.record_prices(array_agg(i), array_agg(date_trunc('day', now()) - interval '20 days' + $k * interval '1 hour'), array_agg(1000 * $k + i % 500)) from generate_series(1, 11999) i where i % 3 = $k % 3};
}
# What must hold whatever has been killed.
my %whole = (
	'the history ends with the latest price' => q{select count(*) from mp.listings l where l.last_changed_at is not null and not exists
		(select from mp.price_history h where h.tenant_id = 1 and h.listing_id = l.id and h.observed_at = l.last_changed_at and h.price_minor is not distinct from l.last_price_minor)},
	'nothing is in the history that no listing knows' => q{select count(*) from mp.price_history h join mp.listings l on l.tenant_id = 1 and l.id = h.listing_id where h.observed_at > l.last_seen_at or l.last_seen_at is null},
	'the days have as many observations as the history' => q{select abs((select sum(n) from mp.price_daily) - (select count(*) from mp.price_history))},
	'the best prices are right' => q{select count(*) from mp.products p where p.best_price_minor is distinct from (select min(l.last_price_minor) from mp.listings l where l.tenant_id = 1 and l.product_id = p.id)},
	'every listing of a batch has it, or none' => q{select count(*) from (select observed_at from mp.price_history group by observed_at having count(*) not in (3999, 4000)) x},
);
my $indexes = q{select count(bt_index_check(c.oid, true)) > 15 from pg_class c join pg_index i on i.indexrelid = c.oid
	where c.relnamespace = 'mp'::regnamespace and c.relkind = 'i' and c.relam = (select oid from pg_am where amname = 'btree') and c.relpersistence = 'p'};
sub holds {
	my ($at, $when) = @_;
	is($at->safe_psql('postgres', $whole{$_}), '0', "$when: $_") for sort keys %whole;
}

is($node->safe_psql('postgres', "select deal_advisor.marketplace_record_obstacle('mp', 1) is null"), 't', 'prices are written directly');
$node->safe_psql('postgres', batch($_)) for 1 .. 4;
holds($node, 'before anything is killed');

# Two sessions with the same listings: the second waits, and then goes on from what the first has written.
my $days = $node->safe_psql('postgres', 'select sum(n) from mp.price_daily');
for my $second ('read committed', 'repeatable read') {
	my $first = $node->background_psql('postgres', on_error_stop => 1);
	$first->query_safe('begin; ' . batch($second eq 'read committed' ? 5 : 7));
	my ($out, $err) = ('', '');
	# Late by an hour in the first round: it comes after the first session's. A snapshot of its own in the second.
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=sqlstate', '-h', $node->host, '-p', $node->port, '-d', 'postgres',
		'-c', "begin isolation level $second", '-c', 'select 1 from mp.tenants', '-c', batch($second eq 'read committed' ? 8 : 10), '-c', 'commit' ], '<', \undef, '>', \$out, '2>', \$err);
	$node->poll_query_until('postgres', q{select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%record_prices%')});
	$first->query_safe('commit');
	$first->quit;
	$run->finish;
	if ($second eq 'read committed') {
		is($err, '', 'the second goes on when the first has committed');
		is($node->safe_psql('postgres', 'select sum(n) from mp.price_daily'), $days + 2 * 4000, 'and every observation counts once');
		holds($node, 'after both');
	} else {
		like($err, qr/40001/, 'in REPEATABLE READ it can not');
	}
}

my $k = 11;
my $killed = 0;
for my $pause (0, 20, 40, 60, 90, 130, 180, 240) {
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-h', $node->host, '-p', $node->port, '-d', 'postgres' ], '<', \(join(";\n", 'select pg_backend_pid()', map { batch($_) } $k .. $k + 9) . ";\n"), '>', \$out, '2>', \$err);
	for (1 .. 100) { $run->pump_nb; last if $out =~ /^\d+\n/; usleep(10_000) }
	my ($pid) = $out =~ /^(\d+)\n/;
	usleep(1000 * ($pause + 50));
	kill 9, $pid if defined $pid;
	$killed++ if defined $pid;
	$run->finish;
	wait_until_back($node);
	$k += 10;
}
is($killed, 8, 'eight times a backend was killed while it recorded prices');
holds($node, 'after recovery');
is($node->safe_psql('postgres', $indexes), 't', 'every index agrees with its table');
cmp_ok($node->safe_psql('postgres', 'select count(distinct observed_at) from mp.price_history'), '>', 4, 'some of what was recorded meanwhile is there');

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', batch($_)) for $k .. $k + 5;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
holds($standby, 'on a standby');
my $sums = q{select (select md5(string_agg(l::text, ',' order by id)) from mp.listings l), (select md5(string_agg(h::text, ',' order by h.listing_id, h.observed_at)) from mp.price_history h),
	(select md5(string_agg(d::text, ',' order by d.listing_id, d.day)) from mp.price_daily d), (select md5(string_agg(format('%s %s', p.best_price_minor, p.best_listing_id), ',' order by id)) from mp.products p)};
is($standby->safe_psql('postgres', $sums), $node->safe_psql('postgres', $sums), 'a standby has the same rows');
is($standby->safe_psql('postgres', $indexes), 't', 'and whole indexes');
like($standby->safe_psql('postgres', "select deal_advisor.marketplace_record_obstacle('mp', 1)"), qr/read-only/, 'and says that nothing is recorded there');
done_testing();
