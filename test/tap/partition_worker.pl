# Partition maintenance by background workers: the scheduled one (shared_preload_libraries) with its settings, its rights and
# its life among crashes, promotions and vanishing databases; and DETACH ... CONCURRENTLY on demand, cut off and finished.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Recovery qw(wait_until_back);

my $node = PostgreSQL::Test::Cluster->new('partition_worker');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'deal_advisor'
deal_advisor.maintenance_repeat = '1s'
autovacuum = off
restart_after_crash = on
max_worker_processes = 10
});
$node->start;
my $version = $node->safe_psql('postgres', 'show server_version_num');
my $launcher = q{select pid from pg_stat_activity where backend_type = 'deal_advisor launcher'};
my $visiting = q{exists (select from pg_stat_activity where backend_type = 'deal_advisor maintenance')};

sub eventually {
	my ($database, $condition, $name) = @_;
	ok($node->poll_query_until($database, "select $condition"), $name);
}
sub launcher_is_there { $node->poll_query_until('postgres', "select exists ($launcher)") or die 'no launcher' }
sub setting {
	my ($name, $value) = @_;
	$node->safe_psql('postgres', "alter system set $name = '$value'");
	$node->reload;
}
# Two visits of a database begin
sub visits_pass {
	my ($database) = @_;
	my $begin = qr/starting background worker process "deal_advisor maintenance of database $database"/;
	setting('log_min_messages', 'debug1');
	$node->wait_for_log(qr/$begin.*$begin/s, -s $node->logfile);
	setting('log_min_messages', 'warning');
}
sub make_due { $node->safe_psql($_[0], 'drop table ' . partition_of($_[1], $_[0])) }
sub partition_of {
	my ($table, $database) = @_;
	return $node->safe_psql($database, "select max(inhrelid::oid)::regclass from pg_inherits where inhparent = '$table'::regclass");
}
sub has_partitions { "(select count(*) = $_[1] from pg_inherits where inhparent = '$_[0]'::regclass)" }

launcher_is_there();
pass('the launcher starts with the server');
$node->safe_psql('postgres', q{
  create role keeper login;
  create role mallory login;
  create role sleeper;
  create database shop;
  create database plain;
});
$node->safe_psql('shop', q{
  create extension deal_advisor;
  create schema shop authorization keeper;
  set role keeper;
  create table shop.events (id int, at timestamptz not null) partition by range (at);
  select deal_advisor.partition_enable('shop.events', 'at', '1 day', premake => 2);
});

# What is due is done, by nobody's call, with the owner's rights
make_due('shop', 'shop.events');
eventually('shop', has_partitions('shop.events', 3), 'a missing partition is made by the scheduled worker');
is($node->safe_psql('shop', q{select count(*) from pg_class c join pg_inherits i on i.inhrelid = c.oid where i.inhparent = 'shop.events'::regclass and c.relowner <> 'keeper'::regrole}),
	'0', 'it belongs to the owner of the table');
is($node->safe_psql('shop', q{select count(*) from deal_advisor_data.partition_log where action = 'create' and outcome = 'done'}), '4', 'the log tells of it');
eventually('shop', q{(select last_ok > now() - interval '1 minute' from deal_advisor.partition_status())}, 'the status knows when it last went well');
is($node->safe_psql('plain', q{select count(*) from pg_namespace where nspname ~ 'deal_advisor'}), '0', 'a database without the extension stays as it is');

# One set that fails waits longer and longer, and stops nobody
$node->safe_psql('shop', q{
  create schema closed authorization keeper;
  set role keeper;
  create table closed.events (at timestamptz not null) partition by range (at);
  select deal_advisor.partition_enable('closed.events', 'at', '1 day', premake => 2);
});
make_due('shop', 'closed.events');
$node->safe_psql('shop', 'alter schema closed owner to sleeper');
eventually('shop', q{exists (select from deal_advisor_data.partition_run where schema_name = 'closed' and failures = 1)}, 'a failure is recorded');
make_due('shop', 'shop.events');
eventually('shop', has_partitions('shop.events', 3), 'the other set goes on');
is($node->safe_psql('shop', q{select failures || ' ' || (next_try > now()) || ' ' || last_error from deal_advisor_data.partition_run where schema_name = 'closed'}),
	'1 true 42501: permission denied for schema closed', 'the failed one is not tried again until its time');
$node->safe_psql('shop', q{select deal_advisor.partition_disable('closed.events')});

# Somebody else's code runs with their rights
my @as_mallory = (extra_params => [ '-U', 'mallory' ]);
$node->safe_psql('shop', 'create schema trap authorization mallory');
$node->safe_psql('shop', q{
  create table trap.armed (yes boolean);
  create table trap.seen (what text, as_role text, as_session text, outcome text);
  create function trap.grab(what text) returns boolean language plpgsql volatile as $$
  declare
    tried text;
    outcomes text := '';
  begin
    if not exists (select from trap.armed) or (select count(*) > 20 from trap.seen s where s.what = grab.what and s.as_session = session_user) then return true; end if;
    foreach tried in array '{select, reset role, set role none, set session authorization default}'::text[] loop
      begin
        execute tried;
        execute 'alter role mallory superuser';
        outcomes := outcomes || ' done';
      exception when others then outcomes := outcomes || ' ' || sqlstate;
      end;
    end loop;
    insert into trap.seen values (what, current_user, session_user, outcomes);
    return true;
  end $$;
  create function trap.folded(what text) returns boolean language plpgsql immutable as $$ begin return trap.grab(what); end $$;
  create function trap.indexed(id int) returns int language plpgsql immutable as $$ begin perform trap.grab('index'); return id; end $$;
  create function trap.fired() returns trigger language plpgsql as $$ begin perform trap.grab('trigger'); return new; end $$;
  create table trap.events (
    id int default (case when trap.grab('default') then 1 end),
    at timestamptz not null,
    check (id > 0 or trap.folded('check'))) partition by range (at);
  create index on trap.events (trap.indexed(id));
  create trigger fired after insert on trap.events for each row execute function trap.fired();
  select deal_advisor.partition_enable('trap.events', 'at', '1 day', premake => 2, retention => '1 day', options => '{"detach_concurrently": true}');
  insert into trap.events select g, now() from generate_series(1, 2000) g;
}, @as_mallory);
$node->safe_psql('shop', 'analyze trap.events_p' . $node->safe_psql('shop', q{select to_char(now() at time zone 'UTC', 'YYYYMMDD')}), @as_mallory);
$node->safe_psql('shop', q{insert into trap.armed values (true); create table trap.old partition of trap.events for values from ('2000-01-01') to ('2000-02-01')}, @as_mallory);
eventually('shop', q{to_regclass('trap.old') is null}, 'a planted set is maintained');
eventually('shop', q{exists (select from deal_advisor_data.partition_log where schema_name = 'trap' and action = 'analyze')}, 'and analysed');
is($node->safe_psql('shop', q{select string_agg(distinct what, ' ' order by what) from trap.seen}), 'check index', 'its functions were run');
is($node->safe_psql('shop', q{select count(*) from trap.seen where as_role <> 'mallory'}), '0', 'only ever as its owner');
is($node->safe_psql('shop', q{select count(*) from trap.seen where outcome ~ 'done'}), '0', 'no statement of theirs got through');
cmp_ok($node->safe_psql('shop', q{select count(*) from trap.seen where as_session = 'mallory'}), '>', 0, 'the concurrent detach ran in a session of the owner');
is($node->safe_psql('shop', q{select rolsuper from pg_roles where rolname = 'mallory'}), 'f', 'nothing was gained');

# After DROP EXTENSION a procedure of that name is not called, nor anything else done
$node->safe_psql('shop', 'drop extension deal_advisor');
$node->safe_psql('shop', q{
  alter schema deal_advisor owner to mallory;
  create procedure deal_advisor.partition_maintain() language plpgsql as $$ begin insert into trap.seen values ('procedure', current_user); end $$;
  alter procedure deal_advisor.partition_maintain() owner to mallory;
});
my $before = $node->safe_psql('shop', 'select count(*) from trap.seen');
setting('deal_advisor.databases_maintain', 'shop');
visits_pass('shop');
is($node->safe_psql('shop', q{select count(*) from trap.seen where what = 'procedure'}), '0', 'without the extension a procedure of its name is left alone');
$node->safe_psql('shop', q{drop schema deal_advisor cascade; drop schema trap cascade; create extension deal_advisor});
$node->safe_psql('shop', q{set role keeper; select deal_advisor.partition_enable('shop.events', 'at', '1 day', premake => 2)});
make_due('shop', 'shop.events');
eventually('shop', has_partitions('shop.events', 3), 'with the extension back, maintenance is too');

# Settings
my $log = -s $node->logfile;
setting('deal_advisor.databases_maintain', 'postgres, shopp');
$node->wait_for_log(qr/WARNING:.*databases_maintain names "shopp"/, $log);
pass('a misspelt database is told in the log');
$node->poll_query_until('postgres', "select not $visiting");
make_due('shop', 'shop.events');
my $last = $node->safe_psql('shop', q{select last_run from deal_advisor_data.partition_run where schema_name = 'shop'});
$log = -s $node->logfile;
visits_pass('postgres');
is($node->safe_psql('shop', q{select last_run from deal_advisor_data.partition_run where schema_name = 'shop'}), $last, 'a database that is not listed is not visited');
unlike(slurp_file($node->logfile, $log), qr/maintenance of database (shop|plain)/, 'nobody goes there');
setting('deal_advisor.databases_maintain', '*');
eventually('shop', has_partitions('shop.events', 3), 'listed again, it is');
$node->safe_psql('postgres', q{alter database shop set deal_advisor.maintenance_repeat = 0});
$node->safe_psql('plain', q{
  create extension deal_advisor;
  create table events (at timestamptz not null) partition by range (at);
  select deal_advisor.partition_enable('events', 'at', '1 day', premake => 2);
});
$node->poll_query_until('postgres', "select not $visiting");
make_due('shop', 'shop.events');
for (1 .. 2) {
	make_due('plain', 'events');
	eventually('plain', has_partitions('events', 3), 'the other database is visited');
}
is($node->safe_psql('shop', 'select ' . has_partitions('shop.events', 2)), 't', 'ALTER DATABASE ... SET switches one database off');
$node->safe_psql('postgres', q{alter database shop reset deal_advisor.maintenance_repeat});
eventually('shop', has_partitions('shop.events', 3), 'and on again');
isnt($node->psql('shop', q{alter database shop set deal_advisor.maintenance_repeat = 1}, extra_params => [ '-U', 'keeper' ]), 0, 'only a superuser may');
$node->safe_psql('postgres', q{alter database shop set default_transaction_read_only = on; alter database shop set search_path = 'nowhere'; alter database shop set row_security = off});
$node->safe_psql('shop', 'begin read write; drop table ' . partition_of('shop.events', 'shop') . '; commit');
eventually('shop', has_partitions('shop.events', 3), 'what is set for a database does not keep maintenance from it');
$node->safe_psql('postgres', 'alter database shop reset all');

# Nothing stays connected between runs
is($node->psql('postgres', 'drop database plain'), 0, 'DROP DATABASE works');
$node->safe_psql('postgres', 'create database plain');

# The launcher and a run are terminated, killed, and come back
sub launcher_comes_back {
	my ($signal, $name) = @_;
	my $pid = $node->safe_psql('postgres', $launcher);
	kill $signal, $pid;
	if ($signal eq 'KILL') {    # the server ends all sessions and recovers
		sleep 1;
		wait_until_back($node);
	}
	ok($node->poll_query_until('postgres', "select exists ($launcher and pid <> $pid)"), $name);
}
$log = -s $node->logfile;
launcher_comes_back('TERM', 'a terminated launcher comes back');
unlike(slurp_file($node->logfile, $log), qr/FATAL|ERROR/, 'its end is nothing to worry about');
launcher_comes_back('KILL', 'after a crash it comes back');
make_due('shop', 'shop.events');
eventually('shop', has_partitions('shop.events', 3), 'and works');

# A run that can't get its lock ends when it is told to
setting('deal_advisor.maintenance_repeat', '0');
$node->poll_query_until('postgres', "select not $visiting");
make_due('shop', 'shop.events');
my $holder = $node->background_psql('shop');
$holder->query_safe(q{begin; lock table shop.events in share update exclusive mode});
setting('deal_advisor.maintenance_repeat', '1s');
eventually('postgres', $visiting, 'a run waits for a lock, again and again');
my $pid = $node->safe_psql('postgres', q{select pg_terminate_backend(pid), pid from pg_stat_activity where backend_type = 'deal_advisor maintenance'});
$pid =~ s/.*\|//;
eventually('postgres', "not exists (select from pg_stat_activity where pid = $pid)", 'and ends when it is terminated');
$holder->query_safe('rollback');
eventually('shop', has_partitions('shop.events', 3), 'the next one does what it did not');
setting('deal_advisor.maintenance_repeat', '0');
$node->poll_query_until('postgres', "select not $visiting");

# DETACH ... CONCURRENTLY by CALL: done, cut off, finished
my $maintain = q{call deal_advisor.partition_maintain('shop.kept')};
my $pending = q{(select count(*) from pg_inherits where inhparent = 'shop.kept'::regclass and inhdetachpending)};
sub with_old_partition {
	$node->safe_psql('shop', q{
	  drop table if exists shop.kept, shop.old;
	  set role keeper;
	  create table shop.kept (at timestamptz not null) partition by range (at);
	  select deal_advisor.partition_enable('shop.kept', 'at', '1 day', premake => 1, retention => '1 day', options => '{"detach_concurrently": true, "max_tries": 3}');
	  create table shop.old partition of shop.kept for values from ('2000-01-01') to ('2000-02-01');
	  insert into shop.kept values ('2000-01-02');
	});
}
sub old_snapshot {
	my $session = $node->background_psql('shop', on_error_stop => 0);
	$session->query_safe('begin isolation level repeatable read; select count(*) from shop.kept');
	return $session;
}
with_old_partition();
my ($code, $out, $err) = $node->psql('shop', $maintain);
is($code, 0, 'a partition past its retention is detached concurrently');
like($err, qr/NOTICE:  running alter table shop.kept detach partition shop.old concurrently/, 'in a background worker');
is($node->safe_psql('shop', q{select to_regclass('shop.old') is null}), 't', 'and dropped');
is($node->safe_psql('shop', 'select count(*) from deal_advisor_data.partition_retirement'), '0', 'nothing is left to remember');

for my $victim ('client backend', 'deal_advisor worker') {
	with_old_partition();
	my $reader = old_snapshot();
	my $caller = $node->background_psql('shop', on_error_stop => 0);
	$caller->query_until(qr/begun/, "\\echo begun\n$maintain;\n");
	$node->poll_query_until('shop', q{select exists (select from pg_stat_activity where backend_type = 'deal_advisor worker' and wait_event_type = 'Lock')}) or die 'the detach does not wait';
	is($node->safe_psql('shop', "select $pending"), '1', 'a detach waits for a transaction that may use the partition');
	my $target = $node->safe_psql('shop', qq{select pid from pg_stat_activity where backend_type = '$victim' and (query ~ 'partition_maintain' or backend_type <> 'client backend') and pid <> pg_backend_pid()});
	$log = -s $node->logfile;
	kill 'KILL', $target;
	# The reader keeps its lock until the server has ended everybody: a worker that it lets go may finish before its own end comes.
	$node->wait_for_log(qr/terminated by signal 9/, $log);
	wait_until_back($node);
	eval { $caller->quit };
	eval { $reader->quit };
	launcher_is_there();
	is($node->safe_psql('shop', "select $pending"), '1', "kill -9 of the $victim leaves it pending");
	is($node->safe_psql('shop', $maintain . '; select count(*) from shop.kept'), '0', 'the next maintenance goes through');
	is($node->safe_psql('shop', "select $pending"), '0', 'it has finished the detach');
	is($node->safe_psql('shop', q{select to_regclass('shop.old') is null}), 't', 'and what was to follow it');
}

# A detach that can't be finished keeps nobody waiting, and no partition from being made
with_old_partition();
my $reader = old_snapshot();
($code, $out, $err) = $node->psql('shop', "set lock_timeout = '200ms'; $maintain");
like($err, qr/canceling statement due to lock timeout/, 'a detach waits as long as lock_timeout says');
($code, $out, $err) = $node->psql('shop', $maintain);
like($err, qr/canceling statement due to lock timeout/, 'finishing it is given up after a few tries');
is($node->safe_psql('shop', "select $pending"), '1', 'it stays pending');
$reader->query_safe('commit');
$reader->quit;
is($node->psql('shop', $maintain), 0, 'once the transaction is over, it is finished');
is($node->safe_psql('shop', q{select to_regclass('shop.old') is null}), 't', 'and the partition dropped');

# A user's own detach is finished but not followed by a drop
with_old_partition();
$reader = old_snapshot();
$node->psql('shop', q{set lock_timeout = '200ms'; alter table shop.kept detach partition shop.old concurrently}, on_error_stop => 0);
is($node->safe_psql('shop', "select $pending"), '1', 'a detach that a user has begun');
$reader->query_safe('commit');
$reader->quit;
$node->safe_psql('shop', $maintain);
is($node->safe_psql('shop', "select $pending || ' ' || (select count(*) from shop.old)"), '0 1', 'is finished, and its table stays');

# An owner who may not log in
$node->safe_psql('shop', 'alter role keeper nologin');
with_old_partition();
($code, $out, $err) = $node->psql('shop', $maintain);
if ($version >= 170000) {
	is($code, 0, 'from version 17 on, the owner need not be able to log in');
} else {
	like($err, qr/no background worker can act as role "keeper".*alter table shop.kept detach partition shop.old concurrently;/s, 'an owner who may not log in: the statements for psql');
}
$node->safe_psql('shop', 'alter role keeper login');

# By schedule
with_old_partition();
setting('deal_advisor.maintenance_repeat', '1s');
eventually('shop', q{to_regclass('shop.old') is null}, 'the scheduled worker detaches concurrently as well');

# A standby has no launcher until it is promoted
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('partition_worker_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $launcher), '', 'a standby has no launcher');
setting('deal_advisor.maintenance_repeat', '0');
$node->poll_query_until('postgres', "select not $visiting");
make_due('shop', 'shop.events');
$node->wait_for_catchup($standby);
$node->stop('fast');
pass('a fast shutdown');
$standby->promote;
ok($standby->poll_query_until('shop', 'select ' . has_partitions('shop.events', 3)), 'once promoted, it maintains');
$standby->stop('fast');
unlike(slurp_file($standby->logfile), qr/PANIC|terminated by signal/, 'no trouble in its log');

# No free slot
my $starved = PostgreSQL::Test::Cluster->new('partition_worker_starved');
$starved->init;
$starved->append_conf('postgresql.conf', "max_worker_processes = 1");
$starved->start;
$starved->safe_psql('postgres', q{
  create extension deal_advisor;
  create table kept (at timestamptz not null) partition by range (at);
  select deal_advisor.partition_enable('kept', 'at', '1 day', premake => 1, retention => '1 day', options => '{"detach_concurrently": true}');
  create table old partition of kept for values from ('2000-01-01') to ('2000-02-01');
});
($code, $out, $err) = $starved->psql('postgres', q{\set VERBOSITY verbose} . qq{\ncall deal_advisor.partition_maintain('kept')});
like($err, qr/ERROR:  53400: no background worker slot is free.*HINT:.*\n  alter table public.kept detach partition public.old concurrently;/s, 'without a free slot: the statements for psql');
is($starved->safe_psql('postgres', q{select count(*) from pg_inherits where inhrelid = 'old'::regclass and not inhdetachpending}), '1', 'and nothing done');
$starved->stop;
done_testing();
