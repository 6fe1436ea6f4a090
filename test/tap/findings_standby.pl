# What the advisors say where nothing can be written: findings, report, index advice and what-if on a hot standby made with
# pg_basebackup, in a read-only transaction, by a role that may only read. No lock is kept.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('findings_primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_stat_statements'\njit = off\nautovacuum = off");
$primary->start;
$primary->safe_psql('postgres', q{
  create extension pg_stat_statements;
  create extension deal_advisor;
  create schema shop;
  create table shop.buyers (id int primary key, name text);
  create table shop.orders (id int primary key, buyer_id int references shop.buyers, total int);
  insert into shop.buyers select i, 'b' || i from generate_series(1, 1000) i;
  insert into shop.orders select i, i % 1000 + 1, i from generate_series(1, 30000) i;
  create index twin_a on shop.orders (total);
  create index twin_b on shop.orders (total);
  create index unused on shop.orders (id, total);
  create unlogged table shop.scratch (id int primary key);
  create table shop.keyless (note text);
  insert into shop.keyless select 'n' || i from generate_series(1, 5000) i;
  create role watcher login in role pg_monitor;
  grant usage on schema shop to watcher;
  grant select on all tables in schema shop to watcher;
});
$primary->safe_psql('postgres', 'delete from shop.orders where id % 3 = 0');
$primary->safe_psql('postgres', 'vacuum analyze shop.orders, shop.buyers, shop.keyless');
my $accepted = $primary->safe_psql('postgres', q{select fingerprint from deal_advisor.findings_detail() where object = 'shop.keyless' and check_id = 'SCH-001'});
$primary->safe_psql('postgres', qq{select deal_advisor.findings_accept('$accepted', 'append only')});

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('findings_standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', 'select pg_is_in_recovery()'), 't', 'the standby is one');

# The same findings of the same objects. What counters would have to prove is skipped, and says why.
my $open = q{select check_id, object, fix, rollback, fingerprint from deal_advisor.findings_detail(schemas => '{shop}') where status = 'open' and object ~ 'shop' and check_id <> 'IDX-008' order by 1, 2};
my $found = $primary->safe_psql('postgres', $open);
like($found, qr/IDX-001\|shop\.twin_b/, 'the primary has findings');
like($found, qr/SCH-003/, 'of several kinds');
is($standby->safe_psql('postgres', $open), $found, 'the standby finds the same');
is($standby->safe_psql('postgres', $open, extra_params => [ '-U', 'watcher' ]), $found, 'for a role with pg_monitor too');
is($standby->safe_psql('postgres', q{select status || ': ' || (skip_reason ~ 'standby')::text from deal_advisor.findings_detail(options => '{"min_stats_age": "0"}') where check_id = 'IDX-008'}),
	'skipped: true', 'unused indexes are not judged by the counters of a standby');
is($standby->safe_psql('postgres', q{select status from deal_advisor.findings_detail() where object = 'shop.keyless' and check_id = 'SCH-001'}), 'accepted',
	'what was accepted on the primary is accepted');
cmp_ok($standby->safe_psql('postgres', 'select count(*) from deal_advisor.findings()'), '>=', 3, 'the short list');
is($standby->safe_psql('postgres', q{select deal_advisor.findings_gate('critical')}), '0', 'the gate');
for my $format (qw(json markdown sarif junit)) {
	like($standby->safe_psql('postgres', "select deal_advisor.findings_export('$format')"), qr/twin.?_b/, "export as $format");
}

# Bloat
my $bloat = q{select part, bytes, gain_bytes, withheld from deal_advisor.table_bloat('shop.orders')};
my $bloated = $primary->safe_psql('postgres', $bloat);
like($bloated, qr/^shop\.orders\|\d+\|[1-9]\d+\|$/m, 'the primary has bloat');
is($standby->safe_psql('postgres', $bloat, extra_params => [ '-U', 'watcher' ]), $bloated, 'the standby measures the same');
like($standby->safe_psql('postgres', q{select withheld from deal_advisor.table_bloat('shop.scratch') where kind = 'table'}), qr/unlogged/, 'but of what it has no pages of');

# The report and the index advisor
for my $format (qw(text markdown)) {
	like($standby->safe_psql('postgres', "select deal_advisor.report('$format')"), qr/Analysis Summary.*twin_b/s, "report as $format");
}
my $advice = q{select action, ddl, rollback from deal_advisor.index_advice('select * from shop.orders where buyer_id = $1')};
like($standby->safe_psql('postgres', $advice), qr/create index concurrently/, 'index advice');
is($standby->safe_psql('postgres', $advice), $primary->safe_psql('postgres', $advice), 'the same as on the primary');
like($standby->safe_psql('postgres', q{select used_indexes from deal_advisor.index_what_if('select * from shop.orders where buyer_id = 7', '{create index ix on shop.orders (buyer_id)}')}),
	qr/ix/, 'what-if');

# What has to write says so
my ($code, $out, $err) = $standby->psql('postgres', qq{select deal_advisor.findings_accept('$accepted', 'again')});
isnt($code, 0, 'accepting a finding is refused');
like($err, qr/recovery|read-only/, 'and says why');

# Read only, on both: the same, and no lock stays while the transaction is open
for my $node ($primary, $standby) {
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	$session->query('begin read only');
	for my $call (
		'select count(*) from deal_advisor.findings()', 'select count(*) from deal_advisor.findings_detail(deep => true)',
		q{select count(*) from deal_advisor.index_advice('select * from shop.orders where buyer_id = 7')},
		q{select count(*) from deal_advisor.index_what_if('select * from shop.orders where buyer_id = 7', '{create index ix on shop.orders (buyer_id)}', '{shop.twin_a}')},
		q{select length(deal_advisor.report('markdown')) > 1000}) {
		$session->query($call);
		is($session->query(q{select coalesce(string_agg(distinct c.oid::regclass::text, ', '), '') from pg_locks l join pg_class c on c.oid = l.relation
			where l.pid = pg_backend_pid() and c.relnamespace = 'shop'::regnamespace}), '', $node->name . ": no lock stays after $call");
	}
	$session->query('commit');
	$session->quit;
}

# A table can be changed on the primary, and the change replayed, beside an open transaction that asked on the standby
my $session = $standby->background_psql('postgres', on_error_stop => 0);
$session->query('begin');
$session->query('select count(*) from deal_advisor.findings()');
$primary->safe_psql('postgres', q{set lock_timeout = '5s'; alter table shop.keyless add column later int});
$primary->wait_for_catchup($standby);
is($session->query('select count(*) from pg_stat_activity where wait_event_type = \'Lock\''), '0', 'replay waits for nobody');
$session->query('commit');
$session->quit;

done_testing();
