# The audit log through crashes, prepared transactions, dumps, replication: no committed change is missing, none is invented.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Recovery qw(wait_until_back);
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('audit');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nrestart_after_crash = on\nmax_prepared_transactions = 8\nfsync = off\ntrack_commit_timestamp = on");
$node->start;
$node->safe_psql('postgres', q{
  create extension deal_advisor;
  create schema shop;
  create table shop.counter (id int primary key, v int not null, doc text);
  create table shop.typed (like shop.counter including all);
  insert into shop.counter select i, 0, repeat('x', 5000) from generate_series(1, 50) i;
  insert into shop.typed table shop.counter;
  select deal_advisor.audit_enable('shop.counter'), deal_advisor.audit_enable('shop.typed', 'typed');
});

# Every transaction counts rows up, often in savepoints that are taken back; so a row's value is the number of its events.
my $agreement = q{
  select (select coalesce(sum(v), 0) from shop.counter), (select count(*) from shop_audit.audit_log where op = 'U'),
    (select count(*) from shop.counter c where v <> (select count(*) from shop_audit.audit_log where op = 'U' and (image ->> 'id')::int = c.id)),
    (select coalesce(sum(v), 0) from shop.typed), (select count(*) from shop_audit.history_typed where audit_op = 'U'),
    (select count(*) from shop.typed c where v <> (select count(*) from shop_audit.history_typed where audit_op = 'U' and id = c.id)),
    (select count(*) from shop_audit.audit_log e where not exists (select from shop_audit.audit_transaction t where t.xid = e.xid and t.ctx = e.ctx))};
sub agrees {
	my ($name) = @_;
	my ($total, $events, $wrong, $typed_total, $typed_events, $typed_wrong, $without) = split /\|/, $node->safe_psql('postgres', $agreement);
	is("$events $wrong $typed_events $typed_wrong $without", "$total 0 $typed_total 0 0", "$name: as many events as changes ($total), row by row");
	return $total;
}

my $bench = $node->basedir . '/count.sql';
append_to_file($bench, q{
\set id random(1, 50)
\set undo random(0, 2)
begin;
update shop.counter set v = v + 1 where id in (:id, 1 + :id % 50);
savepoint s;
update shop.counter set v = v + 1 where id between :id and :id + 3;
update shop.typed set v = v + 1 where id = :id;
\if :undo
rollback to s;
\endif
update shop.typed set v = v + 1 where id = :id;
commit;
});
sub start_load {
	return IPC::Run::start([ 'pgbench', '-n', '-c', '4', '-T', '30', '-f', $bench, '-h', $node->host, '-p', $node->port, 'postgres' ], '>', '/dev/null', '2>', '/dev/null');
}
sub wait_for_events {
	my ($more) = @_;
	$node->poll_query_until('postgres', "select count(*) >= $more from shop_audit.audit_log") or die 'no load';
}

my $seen = 0;
for my $round (1 .. 4) {
	my $load = start_load();
	wait_for_events($seen + 300);
	if ($round % 2) {
		my $victim = $node->safe_psql('postgres', q{select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by state = 'idle' limit 1});
		kill 'KILL', $victim;
	} else {
		$node->stop('immediate');
	}
	$load->finish;
	$node->start unless $round % 2;
	wait_until_back($node);
	my $total = agrees($round % 2 ? "round $round, kill -9 of a backend" : "round $round, the server stopped at once");
	cmp_ok($total, '>', 0, 'and there were some');
	$seen = $node->safe_psql('postgres', 'select count(*) from shop_audit.audit_log');
}

# Prepared transactions
$node->safe_psql('postgres', q{begin; update shop.counter set v = v + 1 where id = 1; prepare transaction 'kept'});
$node->safe_psql('postgres', q{begin; update shop.counter set v = v + 1 where id = 2; prepare transaction 'dropped'});
my $before = $node->safe_psql('postgres', 'select count(*) from shop_audit.audit_log');
$node->stop('immediate');
$node->start;
$node->safe_psql('postgres', q{commit prepared 'kept'});
$node->safe_psql('postgres', q{rollback prepared 'dropped'});
is($node->safe_psql('postgres', 'select count(*) from shop_audit.audit_log') - $before, 1, 'a prepared transaction is in the log once it is committed, over a crash; one that is rolled back is not');
agrees('prepared');
is($node->safe_psql('postgres', q{select count(*) from shop_audit.audit_transaction where pg_xact_commit_timestamp(xid::xid) is null}), '0', 'every transaction of the log has its commit time where the server keeps them');

# Several sessions whose transactions overlap
my $slow = $node->background_psql('postgres');
$slow->query_safe(q{begin; update shop.counter set v = v + 1 where id = 10});
$node->safe_psql('postgres', q{update shop.counter set v = v + 1 where id = 11});
usleep(20_000);
$slow->query_safe('commit');
$slow->quit;
is($node->safe_psql('postgres', q{select string_agg(image ->> 'id', ' ' order by t.at) from shop_audit.audit_log e join shop_audit.audit_transaction t using (xid, ctx) where image ->> 'id' in ('10', '11') and e.at > now() - interval '1 minute' and e.xid in (select distinct xid from shop_audit.audit_log order by xid desc limit 2)}), '11 10', 'order is that of commits, not of begins');

# Dump and restore
my $dumps = $node->basedir;
sub contents {
	my ($database) = @_;
	return $node->safe_psql($database, q{
	  select count(*), md5(string_agg(e::text, ',' order by e.xid, e.seq)) from shop_audit.audit_log e;
	  select count(*), md5(string_agg(t::text, ',' order by t.xid, t.ctx)) from shop_audit.audit_transaction t;
	  select count(*), md5(string_agg(h::text, ',' order by h.audit_xid, h.audit_seq)) from shop_audit.history_typed h;
	  select tgrelid::regclass, tgname, tgenabled from pg_trigger where tgname ~ 'deal_audit' order by 1, 2;
	  select evtname, evtenabled from pg_event_trigger order by 1;
	  select table_id, schema_name, table_name, key_columns from shop_audit.audit_table order by 1});
}
$node->safe_psql('postgres', 'select deal_advisor.audit_ddl_enable()');
my $original = contents('postgres');
$node->safe_psql('postgres', 'create database plain');
$node->command_ok([ 'pg_dump', '-f', "$dumps/plain.sql", 'postgres' ], 'plain dump');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/plain.sql", 'plain' ], 'is restored without an error');
is(contents('plain'), $original, 'the log is the same, nothing was logged by the restore');
$node->safe_psql('postgres', 'create database parallel');
$node->command_ok([ 'pg_dump', '-Fd', '-j4', '-f', "$dumps/directory", 'postgres' ], 'parallel dump');
$node->command_ok([ 'pg_restore', '-e', '-j4', '-d', 'parallel', "$dumps/directory" ], 'is restored as well');
is(contents('parallel'), $original, 'with the same log');

# Auditing goes on in the copy, where OIDs and column numbers differ
$node->safe_psql('plain', q{update shop.counter set v = v + 1 where id = 3; update shop.typed set v = v + 1 where id = 3});
is($node->safe_psql('plain', q{select string_agg(op::text || (image ->> 'id'), ' ') from shop_audit.audit_log where xid = (select max(xid) from shop_audit.audit_log where at > now() - interval '1 minute' and op = 'U')}), 'U3', 'a change in the copy is recorded there');
is($node->safe_psql('plain', q{select count(distinct c ->> 'id') from shop_audit.audit_layout l, jsonb_array_elements(l.columns -> 'columns') c where l.table_id = 1 and c ->> 'name' = 'v'}), '1', 'its columns are the same columns');
is($node->safe_psql('plain', q{select state from deal_advisor.audit_status() where relation = 'shop.counter'}), 'ok', 'its state is ok');

$node->safe_psql('plain', 'alter table shop.counter add column only_here int; alter table shop.counter drop column only_here');
is($node->safe_psql('plain', q{select string_agg(image ->> 'columns', ' ' order by seq) from shop_audit.audit_log where op = 'A'}), '["only_here added: integer"] ["only_here dropped"]', 'and so is what DDL does there');

# Only data, triggers off: what pg_restore does to tables that are there
$node->command_ok([ 'pg_dump', '-Fc', '--data-only', '-t', 'shop.counter', '-f', "$dumps/data", 'postgres' ], 'dump of data');
my $events = $node->safe_psql('plain', q{select count(*) from shop_audit.audit_log where op <> 'A'});
$node->safe_psql('plain', 'alter table shop.counter disable trigger all; delete from shop.counter; alter table shop.counter enable trigger all');
$node->command_ok([ 'pg_restore', '-e', '--data-only', '--disable-triggers', '-d', 'plain', "$dumps/data" ], 'is restored with triggers off');
is($node->safe_psql('plain', q{select count(*) from shop_audit.audit_log where op <> 'A'}), $events, 'without events of rows');
is($node->safe_psql('plain', q{select string_agg(image ->> 'statement', ' ' order by at, seq) from shop_audit.audit_log where op = 'A' and image ->> 'statement' ~ 'DISABLE|ENABLE'}), 'ALTER TABLE shop.counter DISABLE TRIGGER ALL; ALTER TABLE shop.counter ENABLE TRIGGER ALL;', 'but that triggers were off is one');
is($node->safe_psql('plain', q{select state from deal_advisor.audit_status() where relation = 'shop.counter'}), 'origin only', 'and the status tells that the triggers were demoted');

# A subscriber records what is applied
$node->safe_psql('postgres', 'create publication p for table shop.counter');
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->start;
$subscriber->safe_psql('postgres', q{create extension deal_advisor; create schema shop; create table shop.counter (id int primary key, v int not null, doc text); select deal_advisor.audit_enable('shop.counter')});
my $source = $node->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "create subscription s connection '$source' publication p");
$subscriber->wait_for_subscription_sync($node, 's');
is($subscriber->safe_psql('postgres', q{select count(*) from shop_audit.audit_log where op = 'I'}), '50', 'a subscriber records the rows that it is given');
$node->safe_psql('postgres', 'update shop.counter set v = v + 1 where id <= 5');
$node->wait_for_catchup('s');
$subscriber->poll_query_until('postgres', q{select count(*) = 5 from shop_audit.audit_log where op = 'U'});
is($subscriber->safe_psql('postgres', q{select count(*) from shop_audit.audit_log e join shop_audit.audit_transaction t using (xid, ctx) where op = 'U'}), '5', 'and the changes that it applies, with their transaction');
$subscriber->stop;

# The log belongs to its owner
my $kept = $node->safe_psql('postgres', 'select count(*) from shop_audit.audit_log');
$node->safe_psql('postgres', 'drop extension deal_advisor cascade');
is($node->safe_psql('postgres', 'select count(*) from shop_audit.audit_log'), $kept, 'DROP EXTENSION takes no row of the log');
is($node->safe_psql('postgres', 'update shop.counter set v = v + 1 where id = 1 returning id'), '1', 'and the tables take writes');
my ($status, $out, $err) = $node->psql('postgres', 'alter table shop.counter add column extra int; create table shop.short (a int); drop table shop.short');
is("$status$err", '0', 'and DDL, whose event triggers are still there, without a word');
$node->safe_psql('postgres', q{create extension deal_advisor; select deal_advisor.audit_enable('shop.counter')});
$node->safe_psql('postgres', 'update shop.counter set v = v + 1 where id = 2');
is($node->safe_psql('postgres', 'select count(*) from shop_audit.audit_log') - $kept, 1, 'enabled again, the same log goes on');
is($node->safe_psql('postgres', q{select count(*) from shop_audit.audit_table}), '2', 'with the same tables');

$node->stop;
done_testing();
