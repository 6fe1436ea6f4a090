# Audit logs on a hot standby, with the server's commit timestamps, with transactions that overlap or are prepared, and
# after dump and restore into another database.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "track_commit_timestamp = on\nmax_prepared_transactions = 5\njit = off\nautovacuum = off");
$primary->start;
$primary->safe_psql('postgres', q{
  create extension deal_advisor;
  create schema shop;
  create table shop.t (id int primary key, v text);
});
$primary->safe_psql('postgres', q{select deal_advisor.audit_enable('shop.t')});
$primary->safe_psql('postgres', q{insert into shop.t values (1, 'one'), (2, 'two'), (3, 'three')});
is($primary->safe_psql('postgres', q{select exact, at = pg_xact_commit_timestamp(xid::xid) from deal_advisor.audit_history('shop.t', '1')}),
	't|t', 'the time is that of the commit');

# An older transaction that commits later
my $long = $primary->background_psql('postgres');
$long->query_safe(q{begin});
$long->query_safe(q{update shop.t set v = 'long' where id = 1});
$primary->safe_psql('postgres', q{update shop.t set v = 'short' where id = 2});
my $between = $primary->safe_psql('postgres', 'select clock_timestamp()');
$primary->safe_psql('postgres', 'select pg_sleep(0.01)');
$long->query_safe(q{commit});
$long->quit;
is($primary->safe_psql('postgres', qq{select string_agg(v, ',' order by id) from deal_advisor.audit_as_of(null::shop.t, '$between')}),
	'one,short,three', 'what was committed later has not happened yet');
is($primary->safe_psql('postgres', qq{select string_agg(v, ',') from deal_advisor.audit_as_of(null::shop.t, '$between', '1')}),
	'one', 'nor for the row alone');
is($primary->safe_psql('postgres', q{select string_agg(key ->> 'id', ',') from deal_advisor.audit_changes('shop.t', '-infinity', 'infinity') where op = 'update'}),
	'2,1', 'changes come in the order of commits');

# A prepared transaction counts from COMMIT PREPARED
$primary->safe_psql('postgres', q{begin; update shop.t set v = 'prepared' where id = 3; prepare transaction 'p'});
my $prepared = $primary->safe_psql('postgres', 'select clock_timestamp()');
$primary->safe_psql('postgres', 'select pg_sleep(0.01)');
$primary->safe_psql('postgres', q{commit prepared 'p'});
is($primary->safe_psql('postgres', qq{select string_agg(v, ',' order by id) from deal_advisor.audit_as_of(null::shop.t, '$prepared')}),
	'long,short,three', 'a transaction that was only prepared');
is($primary->safe_psql('postgres', q{select v from deal_advisor.audit_as_of(null::shop.t, clock_timestamp(), '3')}), 'prepared', 'and committed');

# Undo waits for who changes the row, and then sees it
my $xid = $primary->safe_psql('postgres', q{select xid from deal_advisor.audit_history('shop.t', '2') where op = 'update'});
my $writer = $primary->background_psql('postgres');
$writer->query_safe(q{begin});
$writer->query_safe(q{update shop.t set v = 'meanwhile' where id = 2});
my $undo = $primary->background_psql('postgres', on_error_stop => 0);
$undo->query_until(qr/begun/, qq{\\echo begun\nselect status from deal_advisor.audit_undo('$xid');\n});
$primary->poll_query_until('postgres', q{select exists (select from pg_stat_activity where wait_event_type = 'Lock')});
$writer->query_safe(q{commit});
$writer->quit;
$undo->query('select 1');
like($undo->{stderr}, qr/1 conflict/, 'a change that was under way when the undo began is a conflict');
$undo->quit;
is($primary->safe_psql('postgres', 'select v from shop.t where id = 2'), 'meanwhile', 'and stays');

# On a standby
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
my %questions = (
	history => q{select version, op, at, exact, old_row, new_row from deal_advisor.audit_history('shop.t', '1')},
	'as of' => qq{select * from deal_advisor.audit_as_of(null::shop.t, '$between') order by id},
	'as of in jsonb' => qq{select r from deal_advisor.audit_as_of_json('shop.t', '$between') r order by r ->> 'id'},
	changes => q{select * from deal_advisor.audit_changes('shop.t', '-infinity', 'infinity')});
for my $name (sort keys %questions)
{
	my $answer = $primary->safe_psql('postgres', $questions{$name});
	isnt($answer, '', "$name answers on the primary");
	is($standby->safe_psql('postgres', $questions{$name}), $answer, "$name answers the same on a hot standby");
}
my ($code, $out, $err) = $standby->psql('postgres', q{select * from deal_advisor.audit_undo('} . $xid . q{')}, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/25006/, 'undo needs the primary');

# After dump and restore: the same history, by names
$primary->safe_psql('postgres', 'create database restored');
my $dump = $primary->basedir . '/dump.sql';
$primary->command_ok([ 'pg_dump', '-d', $primary->connstr('postgres'), '-f', $dump ], 'dump');
$primary->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $primary->connstr('restored'), '-f', $dump ], 'restore');
my $versions = q{select version, op, old_row, new_row from deal_advisor.audit_history('shop.t', '1')};
is($primary->safe_psql('restored', $versions), $primary->safe_psql('postgres', $versions), 'the history is the same in a restored database');
$primary->safe_psql('restored', q{update shop.t set v = 'here' where id = 1});
$primary->safe_psql('restored', q{alter table shop.t rename v to value});
$primary->safe_psql('restored', q{update shop.t set value = 'restored' where id = 1});
is($primary->safe_psql('restored', q{select string_agg(new_row ->> 'value', ',' order by version) from deal_advisor.audit_history('shop.t', '1')}),
	'one,long,here,restored', 'and goes on there, a renamed column with it');

done_testing();
