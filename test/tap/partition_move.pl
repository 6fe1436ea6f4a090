# Moving rows between partitions under load: nothing is lost, doubled or unseen, nobody deadlocks, and a move that was killed
# at any moment is finished by the next call.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Recovery qw(wait_until_back);
use Time::HiRes qw(sleep time);

my $rows = 40_000;    # of these, keys up to half of it are never deleted
my $kept = $rows / 2;
my $node = PostgreSQL::Test::Cluster->new('partition_move');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "jit = off\nmax_connections = 40\nrestart_after_crash = on");
$node->start;
my $db = 'postgres';
sub sql { return $node->safe_psql($db, shift) }

sql(q{
  create extension deal_advisor;
  create schema m;
  create table m.products (id int primary key);
  insert into m.products select generate_series(1, 100);
  create table m.t (id bigint generated always as identity, product int references m.products, at timestamptz not null,
    price int, twice int generated always as (price * 2) stored, primary key (id, at)) partition by range (at);
  create index on m.t (at);
  create index on m.t (product, at);
  create table m.ledger (rows int, price int);
  create table m.fired (what text);
  create function m.note() returns trigger language plpgsql as $$ begin insert into m.fired values (tg_op); return null; end $$;
  select deal_advisor.partition_enable('m.t', 'at', '1 month', premake => 1);
  create table m.t_default (gone int, at timestamptz not null, id bigint not null, price int, product int,
    twice int generated always as (price * 2) stored);
  alter table m.t_default drop gone;
  alter table m.t attach partition m.t_default default;
});

# All rows in the default partition, over eight months that are long past; the ledger says how many and what they sum up to.
sub refill {
	sql('truncate m.t, m.ledger, m.fired restart identity');
	for my $leaf (split /\n/, sql(q{select relid from pg_partition_tree('m.t') where isleaf and relid::text <> 'm.t_default' and relid::text < to_char(now(), '"m.t_p"YYYYMM')})) {
		sql("drop table $leaf");
	}
	sql(qq{insert into m.t (product, at, price) select 1 + i % 100, date_trunc('month', now()) - interval '3 months' - i * interval '240 days' / $rows, i % 77
	         from generate_series($rows, 1, -1) as i});
	sql('insert into m.ledger select count(*), sum(price) from m.t');
	sql('vacuum analyze m.t_default');
}

my $total = q{select count(*), sum(price), sum(twice), count(distinct id) from m.t};
my $expected = q{select sum(rows), sum(price), 2 * sum(price), sum(rows) from m.ledger};
my $checksum = q{select count(*), sum(hashtextextended((id, product, at, price, twice)::text, 0)) from m.t};
my $leftovers = q{select count(*) from pg_class where relname like 'deal\_move%'};
my $unfinished = q{select count(*) from deal_advisor_data.partition_move};
my $in_default = q{select count(*) from only m.t_default where isfinite(at) and at < now()};
my $deadlocks = q{select deadlocks from pg_stat_database where datname = current_database()};

sub start_psql {
	my ($statement) = @_;
	my ($in, $out, $err) = ('', '', '');
	my $handle = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db), '-c', $statement ], \$in, \$out, \$err, IPC::Run::timeout(120));
	return { handle => $handle, out => \$out, err => \$err };
}

# True if the background psql ended well.
sub ended_well {
	my ($psql) = @_;
	my $good = $psql->{handle}->finish;
	diag(${ $psql->{err} }) if !$good;
	return $good;
}

sub wait_for {
	my ($query, $want) = @_;
	for (1 .. 1200) {
		return 1 if sql($query) eq $want;
		sleep 0.05;
	}
	return 0;
}

# 1. Under load
refill();
my $script = $node->basedir . '/load.sql';
append_to_file($script, qq{
\\set k random(1, $kept)
\\set d random($kept + 1, $rows)
\\set w random(1, 7)
\\if :w = 1
with n as (insert into m.t (product, at, price) values (:k % 100 + 1, now() - random() * interval '400 days', 5) returning price) insert into m.ledger select 1, price from n;
\\elif :w = 2
with u as (update m.t set price = price + 1 where id = :k returning 1) insert into m.ledger select 0, 1 from u;
\\elif :w = 3
with u as (update m.t set at = at + interval '20 days', price = price + 1 where id = :k returning 1) insert into m.ledger select 0, 1 from u;
\\elif :w = 4
with d as (delete from m.t where id = :d returning price) insert into m.ledger select -1, -price from d;
\\elif :w = 5
with u as (update only m.t_default set price = price + 1 where id = :k returning 1) insert into m.ledger select 0, 1 from u;
\\elif :w = 6
with u as (update m.t set product = product % 100 + 1 where id = :k returning 1) insert into m.ledger select 0, 0 from u;
\\else
select 1 / (count(*) = $kept)::int from m.t where id <= $kept;
\\endif
});
my $deadlocks_before = sql($deadlocks);
my ($load_out, $load_err) = ('', '');
my $load = IPC::Run::start([ 'pgbench', '-n', '-c', 6, '-j', 2, '-T', 300, '--max-tries=100', '-f', $script, $node->connstr($db) ], \undef, \$load_out, \$load_err);
sleep 1;
my $statement = q{call deal_advisor.partition_drain('m.t', batch => 1000, pause => '20 ms')};
ok(ended_well(start_psql($statement)), "under load: $statement");
my ($leaf) = split /\n/, sql(q{select relid from pg_partition_tree('m.t') where isleaf and relid::text like 'm.t\_p%' order by pg_relation_size(relid) desc});
my ($year, $month) = $leaf =~ /p(\d{4})(\d{2})/;
$statement = "call deal_advisor.partition_split('$leaf', '{$year-$month-09, $year-$month-17}', '{\"batch\": 1000}')";
ok(ended_well(start_psql($statement)), "under load: $statement");
my @leaves = split /\n/, sql(q{select relid from pg_partition_tree('m.t') where isleaf and relid::text like 'm.t\_p%' order by relid::text});
my $merge = "call deal_advisor.partition_merge('{$leaves[1], $leaves[2]}', '{\"batch\": 1000}')";
ok(ended_well(start_psql($merge)), "under load: $merge");
ok($load->pumpable, 'the load went on all the time');
$load->signal('INT');
eval { $load->finish };
unlike($load_err, qr/aborted|ERROR/, 'no write failed and no reader missed a row');
is(sql($total), sql($expected), 'every change is there, once');
is(sql($deadlocks) - $deadlocks_before, 0, 'no deadlock');
ok(ended_well(start_psql(q{call deal_advisor.partition_drain('m.t')})), 'a last drain without load');
is(sql($in_default), 0, 'the default partition is empty');
is(sql($leftovers), 0, 'nothing is left over');
is(sql($unfinished), 0, 'no move is unfinished');

# 2. Triggers of the table don't fire for moved rows, but work on in the new partitions.
refill();
sql('create trigger noting after insert or update or delete on m.t for each row execute function m.note()');
sql(q{call deal_advisor.partition_drain('m.t')});
is(sql('select count(*) from m.fired'), 0, 'no trigger fired for a moved row');
sql('update m.t set price = 3 where id = 17');
is(sql('select string_agg(what, \',\') from m.fired'), 'UPDATE', 'a change in a new partition fires it once');
sql('drop trigger noting on m.t');

# 3. Killed at any moment: within each phase that runs DDL (there an event trigger sleeps), and at some times in between.
sql(q{
  create table m.stop_at (phase text);
  create function m.stop() returns event_trigger language plpgsql as $$
  begin
    if exists (select from deal_advisor_data.partition_move join m.stop_at using (phase)) then perform pg_sleep(60); end if;
  end $$;
  create event trigger stopping on ddl_command_end execute function m.stop();
});

# Ends the drain as a crash would, and lets the server recover.
sub crash {
	my ($drain) = @_;
	my $pid = sql(q{select pid from pg_stat_activity where query like 'call deal%'});
	if ($pid ne '') {
		kill 'KILL', $pid;    # the server ends all sessions and recovers
		eval { $drain->{handle}->finish };
		sleep 0.3;
		wait_until_back($node);
		return;
	}
	$node->stop('immediate');
	eval { $drain->{handle}->finish };
	$node->start;
}

# Whichever of the two is called next finishes a move.
my $finisher = q{call deal_advisor.partition_drain('m.t')};

# Everything is there, and changes made meanwhile are too when the next call has finished the move.
sub check_after_crash {
	my ($before, $when) = @_;
	is(sql($checksum), $before, "killed $when: all rows are there");
	sql('update m.t set price = price + 1 where id % 1000 = 7');
	sql(q{insert into m.t (product, at, price) values (1, now() - interval '150 days', 1)});
	sql('delete from m.t where id % 1000 = 8');
	$before = sql($checksum);
	sql($finisher);
	is(sql($checksum), $before, 'the next call finishes it');
	is(sql($in_default), 0, 'and the default partition is empty');
	is(sql($leftovers), 0, 'nothing is left over');
}

for my $phase (qw(capture index swap settle clean)) {
	refill();
	my $before = sql($checksum);
	sql("insert into m.stop_at values ('$phase')");
	my $drain = start_psql(q{call deal_advisor.partition_drain('m.t', batch => 5000)});
	ok(wait_for(q{select count(*) from pg_stat_activity where wait_event = 'PgSleep'}, 1), "the drain is in phase $phase");
	crash($drain);
	sql('delete from m.stop_at');
	$finisher = $phase eq 'index' || $phase eq 'settle' ? 'call deal_advisor.partition_maintain()' : q{call deal_advisor.partition_drain('m.t')};
	check_after_crash($before, "in phase $phase");
}
$finisher = q{call deal_advisor.partition_drain('m.t')};
refill();
my $began = time;
sql(q{call deal_advisor.partition_drain('m.t', batch => 1000)});
my $whole = time - $began;
for my $round (1 .. 4) {
	refill();
	my $before = sql($checksum);
	my $drain = start_psql(q{call deal_advisor.partition_drain('m.t', batch => 1000)});
	sleep $whole * $round / 5;
	my $phase = sql(q{select coalesce((select phase from deal_advisor_data.partition_move), 'none')});
	crash($drain);
	check_after_crash($before, "after $round fifths ($phase)");
}
sql('drop event trigger stopping');

# 4. A transaction that began before holds the swap back, and sees every row until its end.
refill();
my ($in, $out, $err) = ('', '', '');
my $old = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr($db) ], \$in, \$out, \$err, IPC::Run::timeout(120));
$in .= "begin isolation level repeatable read; select 'began' from m.products limit 1;\n";
$old->pump until $out =~ /began/;
my $drain = start_psql(q{call deal_advisor.partition_drain('m.t')});
ok(wait_for(q{select phase from deal_advisor_data.partition_move}, 'swap'), 'the drain comes to the swap');
sleep 1;
is(sql(q{select phase from deal_advisor_data.partition_move}), 'swap', 'and waits there for the older snapshot');
$out = '';
$in .= "select 'rows ' || count(*) from m.t;\n";
$old->pump until $out =~ /rows/;
like($out, qr/rows $rows/, 'which sees all rows');
$in .= "commit;\n\\q\n";
$old->finish;
ok(ended_well($drain), 'then the drain ends');
is(sql($total), sql($expected), 'and nothing is lost');

# 5. What changes places or shape of the rows makes a move begin anew.
for my $disturbance ('vacuum full m.t_default', 'alter table m.t add column more int default 7', 'truncate m.t_default') {
	refill();
	my $disturbed = start_psql(q{call deal_advisor.partition_drain('m.t', batch => 500, pause => '30 ms')});
	ok(wait_for(q{select coalesce((select rows > 2000 from deal_advisor_data.partition_move), false)}, 't'), "copying while: $disturbance");
	sql($disturbance);
	my $before = sql($checksum);
	ok(ended_well($disturbed), 'the drain ends well');
	is(sql($checksum), $before, 'with all rows');
	is(sql($in_default), 0, 'and an empty default partition');
	is(sql($leftovers), 0, 'nothing is left over');
}

# 6. Giving up
refill();
my $given_up = start_psql(q{call deal_advisor.partition_drain('m.t', batch => 500, pause => '1 s')});
ok(wait_for(q{select coalesce((select rows > 0 from deal_advisor_data.partition_move), false)}, 't'), 'copying');
my ($code, $o, $e) = $node->psql($db, q{call deal_advisor.partition_drain('m.t')});
like($e, qr/being moved by another session|has gone on/, 'a second session is told so') if $code;
$given_up->{handle}->signal('INT');
eval { $given_up->{handle}->finish };
sql(q{call deal_advisor.partition_drain('m.t', options => '{"cancel": true}')});
is(sql($leftovers), 0, 'a move that is given up leaves nothing behind');
is(sql(q{select count(*) from pg_trigger where tgname like 'deal\_%'}), 0, 'no trigger either');
is(sql($total), sql($expected), 'and no row was moved or lost');

$node->stop;
done_testing();
