# The backend is killed (kill -9, which restarts the server) at each step of a conversion and of a rollback, in the middle of the
# step and just after it is committed; what is left works, and is finished or rolled back.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Recovery qw(wait_until_back);
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nrestart_after_crash = on\nmax_worker_processes = 8\nfsync = off\nwal_level = replica");
$node->start;

# A step is held where its first DDL begins, or (analyze, enable: no DDL) where the table's index expression or the set's row is
# made; and, once it is committed, where it is noted in the log.
$node->safe_psql('postgres', q{
  create extension deal_advisor;
  create table hold (place text, step text);
  create function held(at_place text) returns void language plpgsql security definer set search_path = pg_catalog, public as $$
  begin
    if to_regclass('deal_advisor_data.partition_conversion') is null or not exists (select from hold where place = at_place) then return; end if;
    perform pg_sleep(100) from hold where place = at_place
      and step = (select current_step from deal_advisor_data.partition_conversion order by id desc limit 1);
  end $$;
  create function held_in_ddl() returns event_trigger language plpgsql as $$ begin perform public.held('in'); end $$;
  create event trigger hold_in on ddl_command_start when tag in ('ALTER TABLE', 'CREATE INDEX', 'CREATE TABLE', 'DROP TABLE', 'DROP TRIGGER') execute function held_in_ddl();
  create function held_in_row() returns trigger language plpgsql as $$ begin perform public.held(tg_argv[0]); return new; end $$;
  create trigger hold_set before insert on deal_advisor.partition_set for each row execute function held_in_row('in');
  create function watched(int) returns int immutable language plpgsql as $$ begin perform public.held('in'); return $1; end $$;
  create table warm (id int primary key, at date not null);
  call deal_advisor.partition_convert('warm', 'at', '1 month');
  create trigger hold_after before insert on deal_advisor_data.partition_log for each row execute function held_in_row('after');
});

my $rows = 3000;
sub make_table {
	$node->safe_psql('postgres', qq{
	  drop table if exists orders, buyers cascade;
	  truncate hold;
	  create table buyers (id int primary key);
	  insert into buyers select generate_series(1, 100);
	  create table orders (id bigint generated always as identity primary key, buyer_id int not null references buyers,
	    created_at timestamptz not null default now(), number serial, total int not null default 0);
	  create index on orders (created_at);
	  create function noted() returns trigger language plpgsql as \$\$ begin return new; end \$\$;
	  create trigger noted before insert on orders for each row execute function noted();
	  create view recent as select * from orders where created_at > now() - interval '1 day';
	  insert into orders (buyer_id, created_at) select 1 + i % 100, now() - i * interval '1 minute' from generate_series(1, $rows) i;
	});
}

my $convert = q{call deal_advisor.partition_convert('orders', 'created_at', '1 month')};
my $convert_by_copy = q{call deal_advisor.partition_convert('orders', 'created_at', '1 month', '{"mode": "copy"}')};
my $last = q{select max(id) from deal_advisor.partition_convert_status()};
sub roll_back { return 'call deal_advisor.partition_convert_rollback(' . $node->safe_psql('postgres', $last) . ')' }
sub state_now { return $node->safe_psql('postgres', 'select state from deal_advisor.partition_convert_status() order by id desc limit 1') }

# Runs the statement until it is held, and kills its backend; true if it was held.
sub kill_at {
	my ($statement, $place, $step) = @_;
	$node->safe_psql('postgres', "truncate hold; insert into hold values ('$place', '$step')");
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ 'psql', '-X', '-q', '-h', $node->host, '-p', $node->port, '-c', $statement, 'postgres' ], '<', \undef, '>', \$out, '2>', \$err);
	my $pid = '';
	for (my $end = time + 30; time < $end;) {
		$pid = $node->safe_psql('postgres', q{select a.pid from pg_stat_activity a where a.query like 'call deal_advisor.partition_convert%'
			and exists (select from pg_stat_activity where wait_event = 'PgSleep')});
		$run->pump_nb;
		last if $pid ne '' or !$run->pumpable;
		usleep(20_000);
	}
	diag($err) if $pid eq '';
	kill 'KILL', $pid if $pid ne '';
	$run->finish;
	return 0 if $pid eq '';
	wait_until_back($node);
	$node->safe_psql('postgres', 'truncate hold');
	return 1;
}

# The table takes rows under its name and has all that it had.
my $written = 0;
sub works {
	my ($when) = @_;
	my $id = $node->safe_psql('postgres', 'insert into orders (buyer_id) values (1) returning id');
	$written++;
	is($node->safe_psql('postgres', 'select count(*), count(distinct id), count(distinct number), max(id) >= ' . $id . ', (select count(*) > 1 from recent) from orders'),
		join('|', ($rows + $written) x 3, 't', 't'), "$when: all rows are there, ids and views go on");
}

my $whole = q{select string_agg(relname::text || relkind::text, ' ' order by relname) from pg_class where relname like 'orders%'};
my $clean = 'ordersr orders_created_at_idxi orders_id_seqS orders_number_seqS orders_pkeyi';
my $added = '';
sub converted {
	my ($when) = @_;
	is(state_now(), 'converted', "$when: converted");
	is($node->safe_psql('postgres', "select relkind, (select count(*) > 0 from deal_advisor.partition_status() where parent = 'public.orders' and state = 'ok'), (select count(*) from pg_inherits where inhparent = 'orders'::regclass) > 2, (select count(*) from pg_trigger where tgrelid = 'orders'::regclass and tgname = 'noted'), pg_get_serial_sequence('orders', 'number'), (select count(*) from pg_constraint where contype <> 'n' and conname like '%cutoff%') from pg_class where oid = 'orders'::regclass"),
		'p|t|t|1|public.orders_number_seq|0', "$when: a set, with all its parts");
	works($when);
}
sub rolled_back {
	my ($when) = @_;
	is(state_now(), 'rolled back', "$when: rolled back");
	is($node->safe_psql('postgres', $whole), $clean . $added, "$when: nothing is left behind");
	is($node->safe_psql('postgres', "select (select count(*) from pg_trigger where tgrelid = 'orders'::regclass and tgname = 'noted'), pg_get_serial_sequence('orders', 'number'), pg_get_serial_sequence('orders', 'id'), (select count(*) from pg_constraint where contype <> 'n' and conrelid = 'orders'::regclass)"),
		'1|public.orders_number_seq|public.orders_id_seq|2', "$when: what it had it has again");
	works($when);
}
sub fresh {
	my ($step) = @_;
	$node->safe_psql('postgres', 'drop function if exists noted cascade');
	make_table();
	$written = 0;
	$added = '';
	return if ($step // '') ne 'analyze';
	$node->safe_psql('postgres', 'create index orders_watched on orders (watched(total))');
	$added = ' orders_watchedi';
}

for my $step (qw(index key parent check validate swap drop_check analyze enable divide)) {
	my $call = $step eq 'divide' ? $convert_by_copy : $convert;
	for my $place ('in', 'after') {
		next if $step eq 'enable' && $place eq 'after';
		fresh($step);
		ok(kill_at($call, $place, $step), "killed $place $step");
		works("killed $place $step");
		$node->safe_psql('postgres', $call);
		converted("killed $place $step, called again");
		next if $place eq 'after' && $step =~ /^(key|check|validate|divide)$/;    # a divided table can't be taken back
		fresh($step);
		kill_at($call, $place, $step);
		$node->safe_psql('postgres', roll_back());
		rolled_back("killed $place $step, taken back");
	}
}

# A rollback that has rows to move
for my $step (qw(swap_back move_back clean)) {
	fresh();
	$node->safe_psql('postgres', $convert);
	$node->safe_psql('postgres', "insert into orders (buyer_id, created_at) select 1, cutoff::timestamptz + i * interval '1 second' from deal_advisor.partition_convert_status() s, generate_series(1, 1500) i where s.id = ($last)");
	$written = 1500;
	my $statement = roll_back();
	for my $place ($step eq 'move_back' ? ('in') : ('in', 'after')) {
		ok(kill_at($statement, $place, $step), "killed $place $step");
		works("killed $place $step");
		is(state_now(), 'rolling back', "killed $place $step: it is to go on") if $step ne 'swap_back' || $place ne 'in';
	}
	$node->safe_psql('postgres', $statement);
	rolled_back("killed at $step, called again");
}

done_testing();
