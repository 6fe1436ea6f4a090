# Index advice where nothing can be written and where others wait: on a hot standby, under statement_timeout, beside a
# session that wants the table.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_stat_statements'\njit = off\nautovacuum = off");
$primary->start;
$primary->safe_psql('postgres', q{
  create extension pg_stat_statements;
  create extension deal_advisor;
  create table orders (id int primary key, customer_id int not null, note text);
  insert into orders select i, i * 7919::bigint % 5000, 'n' || i from generate_series(1, 50000) i;
  create unlogged table scratch (a int);
  insert into scratch select generate_series(1, 20000);
  create role reader login;
  grant select on orders to reader;
  grant pg_monitor to reader;
});
$primary->safe_psql('postgres', 'vacuum analyze orders');
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

# The same questions, the same answers
my $what_if = q{select round(cost_before::numeric, 2), round(cost_after::numeric, 2), used_indexes from deal_advisor.index_what_if(
  'select * from orders where customer_id = 7', '{create index ix on orders (customer_id)}', '{orders_pkey}')};
my $size = q{select deal_advisor.index_size('create index on orders (lower(note))')};
my $advice = q{select rank, action, ddl, est_bytes, round(cost_after::numeric, 2) from deal_advisor.index_advice('select * from orders where customer_id = $1')};
for my $question ([ 'index_what_if', $what_if ], [ 'index_size', $size ], [ 'index_advice', $advice ]) {
	my ($name, $sql) = @$question;
	my $answer = $primary->safe_psql('postgres', $sql);
	isnt($answer, '', "$name answers on the primary");
	is($standby->safe_psql('postgres', $sql), $answer, "$name answers the same on a hot standby");
	is($standby->safe_psql('postgres', $sql, extra_params => [ '-U', 'reader' ]), $answer, "$name answers a role that may only read");
}
like($standby->safe_psql('postgres', q{select plan_after from deal_advisor.index_what_if('update orders set note = null where customer_id = 7', '{create index ix on orders (customer_id)}')}),
	qr/ ix /, 'what-if of a writing statement on a hot standby');

# Expressions are evaluated over rows, and other access methods sampled, there as well
is($standby->safe_psql('postgres', q{select used_indexes from deal_advisor.index_what_if('select * from orders where lower(note) = ''n7''', '{create index ix on orders (lower(note))}')}),
	'{ix}', 'an expression index on a hot standby');
like($standby->safe_psql('postgres', q{select ddl from deal_advisor.index_advice('select * from orders where lower(note) = $1')}),
	qr/lower\(note\)/, 'advice on an expression on a hot standby');
cmp_ok($standby->safe_psql('postgres', "select deal_advisor.index_size('create index on orders using $_ (customer_id)')"), '>', 0,
	"size of a $_ index on a hot standby")
	for qw(hash brin);

# A workload that the standby itself saw
$standby->safe_psql('postgres', "select count(*) from orders where customer_id = $_") for 1 .. 20;
like($standby->safe_psql('postgres', 'select ddl from deal_advisor.index_advice()'), qr/orders \(customer_id\)/, 'advice on what the standby saw');

# What can't be read there: a word, not a crash
my ($code, $out, $err) = $standby->psql('postgres', q{select deal_advisor.index_size('create index on scratch (a)')});
isnt($code, 0, 'an unlogged table has no size on a standby');
like($err, qr/unlogged/, 'and the error says so');
is($standby->safe_psql('postgres', q{select action from deal_advisor.index_advice('select * from scratch where a = 1')}), 'skip', 'its statements are skipped');
is($standby->safe_psql('postgres', 'select 1'), '1', 'the standby goes on');

# What has to write says so
($code, $out, $err) = $standby->psql('postgres', q{select deal_advisor.index_verify('{create index on orders (note)}', '{}', '{"build": true}')}, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/25006: index_verify cannot run during recovery.*HINT:  Run it on the primary/s, 'index_verify on a hot standby');

# Building waits for writers no longer than it was told, and keeps them out no longer than it lasts
my $writer = $primary->background_psql('postgres');
$writer->query_safe('begin');
$writer->query_safe('update orders set note = note where id = 1');
($code, $out, $err) = $primary->psql('postgres', q{select deal_advisor.index_verify('{create index on orders (note)}', '{}', '{"build": true, "lock_timeout": "50ms"}')}, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/55P03: canceling statement due to lock timeout/, 'a writer in the way ends it soon');
$writer->query_safe('rollback');
$writer->query_safe('begin');
is($writer->query_safe(q{select factor between 0.9 and 1.1 from deal_advisor.index_verify('{create index on orders (note)}', '{}', '{"build": true}')}), 't', 'built in a transaction that stays open');
is($primary->safe_psql('postgres', q{set lock_timeout = '5s'; update orders set note = note where id = 2 returning id}), '2', 'another session writes meanwhile');
$writer->query_safe('commit');
$writer->quit;

# Cancel: the statement's time limit ends the work with the server's own error, and the session goes on
my $many = join(', ', map { "row('select * from orders o$_ join orders p using (customer_id) where o$_.note = ''$_'' and p.id > $_', 1, 1, null, null, null, null)::deal_advisor.statement" } 1 .. 60);
($code, $out, $err) = $primary->psql('postgres', qq{
  set statement_timeout = '5ms';
  select count(*) from deal_advisor.index_advice(workload => array[$many]);
});
like($err, qr/canceling statement due to statement timeout/, 'statement_timeout ends the advice');
my $session = $primary->background_psql('postgres', on_error_stop => 0);
$session->query("set statement_timeout = '5ms'");
$session->query("select count(*) from deal_advisor.index_advice(workload => array[$many])");
$session->query("set statement_timeout = 0");
is($session->query(q{select used_indexes from deal_advisor.index_what_if('select * from orders where customer_id = 7', '{create index ix on orders (customer_id)}')}),
	'{ix}', 'the same session advises again after a cancel');
is($session->query(q{select count(*) from deal_advisor.index_advice('select * from orders where customer_id = 7')}), '1', 'and again');

# Nobody waits for a transaction that asked for advice
$session->query('begin');
$session->query(q{select count(*) from deal_advisor.index_advice('select * from orders where customer_id = 7')});
$session->query($what_if);
$session->query($size);
is($session->query(q{select count(*) from pg_locks where pid = pg_backend_pid() and relation = 'orders'::regclass}), '0', 'no lock is kept');
is($primary->safe_psql('postgres', q{set lock_timeout = '5s'; alter table orders add column later int; select 'altered'}), 'altered',
	'a table can be altered while the transaction that advised on it is open');
$session->query('commit');
$session->quit;

# Long work says how far it is
my $workload = q{deal_advisor.index_advice(workload => array(select row('select * from orders where customer_id = ' || i, 1, 1, null, null, null, null)::deal_advisor.statement from generate_series(1, 50) i)};
my ($quiet, $loud, $none);
$primary->psql('postgres', "select count(*) from $workload)", stderr => \$quiet);
$primary->psql('postgres', "select count(*) from $workload, options => '{\"progress\": 0.000001}')", stderr => \$loud);
$primary->psql('postgres', "select count(*) from $workload, options => '{\"progress\": 0}')", stderr => \$none);
unlike($quiet, qr/index_advice/, 'short work is silent');
like($loud, qr/NOTICE:  index_advice: 20 statements planned after \d+ s/, 'statements');
like($loud, qr/NOTICE:  index_advice: \d+ candidates sized after/, 'candidates');
like($loud, qr/NOTICE:  index_advice: \d+ sets of indexes tried after/, 'sets of indexes');
is($none, '', 'or is told to be');

done_testing();
