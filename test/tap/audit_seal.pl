# Seals under load, with prepared transactions, on a standby, and after dump and restore into other clusters.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('sealed');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nmax_prepared_transactions = 8\nfsync = off");
$node->start;
$node->safe_psql('postgres', q{
  create extension deal_advisor;
  create schema shop;
  create table shop.counter (id int primary key, v numeric not null, doc jsonb, seen timestamptz default now());
  create table shop.typed (like shop.counter including all);
  select deal_advisor.audit_enable('shop.counter'), deal_advisor.audit_enable('shop.typed', 'typed');
  insert into shop.counter select i, 1.50, '{"b": [1, 2.00, null], "aa": "\u00e9"}' from generate_series(1, 50) i;
  insert into shop.typed table shop.counter;
});
my $verdict = q{select string_agg(coalesce(problem, 'good'), '; ') from deal_advisor.audit_verify('shop_audit')};
my $seal = q{select seals from deal_advisor.audit_seal('shop_audit')};
my $waiting = q{select substring(detail from '(\d+) rows wait') from deal_advisor.audit_verify('shop_audit') order by row_count limit 1};
sub good { my ($on, $name) = @_; is($on->safe_psql('postgres', $verdict), 'good', $name); return; }

# A prepared transaction is not over: nothing after it is sealed before it is.
$node->safe_psql('postgres', $seal);
$node->safe_psql('postgres', q{begin; update shop.counter set v = v + 1 where id = 1; prepare transaction 'p'});
$node->safe_psql('postgres', q{update shop.counter set v = v + 1 where id = 2});
is($node->safe_psql('postgres', $seal), '0', 'what began after a prepared transaction waits for it');
$node->safe_psql('postgres', q{commit prepared 'p'});
is($node->safe_psql('postgres', $seal), '1', 'and is sealed with it when it is over');
is($node->safe_psql('postgres', $waiting), '0', 'nothing is left');
good($node, 'prepared');

# Seals and comparisons while many write, some for long.
my $bench = $node->basedir . '/count.sql';
append_to_file($bench, q{
\set id random(1, 50)
begin;
update shop.counter set v = v + 1 where id = :id;
select pg_sleep(random() * 0.02);
savepoint s;
update shop.typed set v = v + 1 where id = :id;
rollback to s;
update shop.typed set v = v + 1 where id = :id;
commit;
});
my $load = IPC::Run::start([ 'pgbench', '-n', '-c', '6', '-T', '6', '-f', $bench, '-h', $node->host, '-p', $node->port, 'postgres' ], '>', '/dev/null', '2>', '/dev/null');
my ($rounds, $seals, $bad) = (0, 0, 0);
while ($load->pumpable) {
	$seals += $node->safe_psql('postgres', $seal);
	$bad++ if $node->safe_psql('postgres', $verdict) ne 'good';
	$node->safe_psql('postgres', q{select deal_advisor.audit_maintain('shop_audit')}) if $rounds % 3 == 0;
	last if ++$rounds > 200;
}
$load->finish;
ok($seals >= 2, "seals were made under load ($seals in $rounds rounds)");
is($bad, 0, 'and the log was as it was sealed each time');
$node->safe_psql('postgres', $seal);
is($node->safe_psql('postgres', $waiting), '0', 'in the end everything is sealed');
good($node, 'load');
is($node->safe_psql('postgres', q{select (select sum(row_count) from shop_audit.audit_seal) - (select count(*) from shop_audit.audit_log) - (select count(*) from shop_audit.audit_transaction) - (select count(*) from shop_audit.history_typed)}), '0', 'each row once');

# A standby compares, too.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('sealed_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
good($standby, 'a standby');
my ($ok, $out, $err) = $standby->psql('postgres', $seal);
like($err, qr/read-only|recovery/, 'but makes no seals');
$standby->stop;

# Restored into another cluster, where transaction numbers start anew, with rows that no seal covered yet; and then once more.
$node->safe_psql('postgres', q{update shop.counter set v = v + 1});
my $from = $node;
for my $number (1, 2) {
	my $dump = $from->basedir . "/dump$number";
	command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-h', $from->host, '-p', $from->port, 'postgres' ], "dump $number");
	my $to = PostgreSQL::Test::Cluster->new("restored$number");
	$to->init;
	$to->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nfsync = off");
	$to->start;
	command_ok([ 'pg_restore', '-d', 'postgres', '-h', $to->host, '-p', $to->port, $dump ], "restore $number");
	good($to, "restored $number");
	$to->safe_psql('postgres', q{update shop.counter set v = v + 1 where id = 3; update shop.typed set v = v + 1 where id = 3});
	good($to, "restored $number and written to");
	is($to->safe_psql('postgres', $seal), '2', "the other cluster's rows are sealed to their end, then those of this one");
	is($to->safe_psql('postgres', $waiting), '0', 'nothing is left');
	good($to, "sealed in cluster $number");
	$to->safe_psql('postgres', q{update shop.counter set v = v + 1 where id = 4});
	is($to->safe_psql('postgres', $seal), '1', 'the next seal is an ordinary one');
	good($to, "sealed again in cluster $number");
	is($to->safe_psql('postgres', q{begin; delete from shop_audit.audit_event where xid = (select min(xid) from shop_audit.audit_event); } . $verdict . '; rollback') =~ /rows are missing/, 1, 'a deletion is still told');
	$from->stop;
	$from = $to;
}
$from->stop;
done_testing();
