# A table is converted and taken back under load: nothing fails, nothing is lost, names and ids go on.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('convert');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nmax_worker_processes = 8");
$node->start;

my $rows = 60_000;
$node->safe_psql('postgres', qq{
  create extension deal_advisor;
  create table buyers (id int primary key);
  insert into buyers select generate_series(1, 100);
  create table orders (gone int, id bigint generated always as identity primary key, buyer_id int not null references buyers,
    created_at timestamptz not null default now(), total int not null, loud text generated always as ('T' || total) stored);
  alter table orders drop column gone;
  create index on orders (created_at);
  create index on orders (buyer_id);
  insert into orders (buyer_id, created_at, total) select 1 + i % 100, now() - i * interval '1 minute', 0 from generate_series(1, $rows) i;
  create view recent as select * from orders where created_at > now() - interval '1 day';
  create table changes (id bigint);
  create table fired (id bigint, what text);
  create function note_change() returns trigger language plpgsql as \$\$ begin insert into fired values (new.id, tg_op); return null; end \$\$;
  create trigger noted after insert or update on orders for each row execute function note_change();
  vacuum analyze orders;
});

# A row that was seen must be there to be changed: an update that finds nothing is a lost one.
$node->safe_psql('postgres', q{
  create procedure change_later(n int) language plpgsql as $$
  declare chosen bigint;
  begin
    select id into chosen from orders where created_at >= (select cutoff::timestamptz from cutoff) order by id offset n limit 1;
    if chosen is null then return; end if;
    update orders set total = total + 1 where id = chosen;
    if not found then raise exception 'update of row % lost', chosen; end if;
    insert into changes values (chosen);
  end $$;
});

my $directory = PostgreSQL::Test::Utils::tempdir();
my %scripts = (
	writer => q{\set row random(1, 60000)
\set buyer random(1, 100)
begin;
insert into orders (buyer_id, total) values (:buyer, 1);
update orders set total = total + 1 where id = :row;
commit;
},
	later => q{\set buyer random(1, 100)
\set minute random(1, 1000)
insert into orders (buyer_id, total, created_at) select :buyer, 1, cutoff::timestamptz + :minute * interval '1 minute' from cutoff;
},
	changer => q{\set n random(0, 200)
call change_later(:n);
},
	reader => q{\set row random(1, 60000)
select total from orders where id = :row;
select count(*) from recent where buyer_id = 7;
});
append_to_file("$directory/$_.sql", $scripts{$_}) for keys %scripts;

sub start_load {
	my ($script, $clients, $seconds, $mode) = @_;
	my %job = (name => $script, out => '', err => '');
	$job{run} = IPC::Run::start([ 'pgbench', '-n', '-M', $mode, '-c', $clients, '-T', $seconds, '-R', 40 * $clients, '-f', "$directory/$script.sql",
			'-h', $node->host, '-p', $node->port, 'postgres' ], '<', \undef, '>', \$job{out}, '2>', \$job{err});
	return \%job;
}

# The number of transactions that were committed; a client that met an error ends pgbench with a failure.
sub end_load {
	my ($job) = @_;
	ok($job->{run}->finish, "$job->{name}: no statement failed") or diag($job->{err});
	return $job->{out} =~ /transactions actually processed: (\d+)/ ? $1 : 0;
}

my $last = q{select max(id) from deal_advisor.partition_convert_status()};
my $kind = q{select relkind from pg_class where oid = 'orders'::regclass};

my @load = (start_load('writer', 2, 20, 'simple'), start_load('writer', 2, 20, 'prepared'), start_load('reader', 1, 20, 'prepared'), start_load('reader', 1, 20, 'simple'));
$node->safe_psql('postgres', q{call deal_advisor.partition_convert('orders', 'created_at', '1 month')});
is($node->safe_psql('postgres', $kind), 'p', 'converted under load');
$node->safe_psql('postgres', "create view cutoff as select cutoff from deal_advisor.partition_convert_status() where id = ($last)");
my $bulk = 8_000;
$node->safe_psql('postgres', "insert into orders (buyer_id, total, created_at) select 1, 1, cutoff::timestamptz + i * interval '1 second' from cutoff, generate_series(1, $bulk) i");
my @later = (start_load('later', 1, 12, 'simple'), start_load('changer', 1, 12, 'simple'), start_load('changer', 1, 12, 'prepared'));
$node->poll_query_until('postgres', qq{select count(*) > $bulk + 100 from orders where created_at >= (select cutoff::timestamptz from cutoff)}) or die;
cmp_ok($node->safe_psql('postgres', 'select count(*) from only orders_pmin'), '>', $rows, 'the old table takes rows of today');
my $beyond = $node->safe_psql('postgres', 'select count(*) from orders where tableoid <> \'orders_pmin\'::regclass');
cmp_ok($beyond, '>', 100, 'the next partition those past the cutoff');
my $id = $node->safe_psql('postgres', $last);
$node->safe_psql('postgres', "call deal_advisor.partition_convert_rollback($id)");
is($node->safe_psql('postgres', $kind), 'r', 'rolled back under load');
my $inserted = 0;
$inserted += $_ for map { end_load($_) } @load[ 0, 1 ];
end_load($_) for @load[ 2, 3 ];
my $later = $bulk + end_load($later[0]);
end_load($_) for @later[ 1, 2 ];
cmp_ok($inserted, '>', 500, 'there was load');
my $changes = $node->safe_psql('postgres', 'select count(*) from changes');
cmp_ok($changes, '>', 50, 'also on rows that were moved back');
is($node->safe_psql('postgres', 'select count(*) from only orders'), $rows + $inserted + $later, 'no insert was lost: all rows are in the table');
is($node->safe_psql('postgres', 'select sum(total) from orders'), 2 * $inserted + $later + $changes, 'no update was lost');
is($node->safe_psql('postgres', 'select count(*) - count(distinct id) from orders'), '0', 'no id was given twice');
is($node->safe_psql('postgres', "select count(*) filter (where what = 'INSERT') || ' ' || count(*) filter (where what = 'UPDATE') from fired where id > $rows or what = 'UPDATE'"),
	($inserted + $later) . ' ' . ($inserted + $changes), 'triggers fired for each change and for no move');
is($node->safe_psql('postgres', "select string_agg(relname, ' ' order by relname) from pg_class where relname like 'orders%'"),
	'orders orders_buyer_id_idx orders_created_at_idx orders_id_seq orders_pkey', 'nothing is left behind');

# By mode copy: rows are copied to partitions of their own while they are changed.
my $before = $node->safe_psql('postgres', 'select count(*) from orders');
my $total = $node->safe_psql('postgres', 'select sum(total) from orders');
$node->safe_psql('postgres', 'truncate fired');
my @copying = (start_load('writer', 2, 15, 'simple'), start_load('writer', 2, 15, 'prepared'), start_load('reader', 2, 15, 'prepared'));
$node->safe_psql('postgres', q{call deal_advisor.partition_convert('orders', 'created_at', '1 month', '{"mode": "copy"}')});
is($node->safe_psql('postgres', 'select count(distinct (tableoid, date_trunc(\'month\', created_at, \'UTC\'))) = count(distinct date_trunc(\'month\', created_at, \'UTC\')) from orders'), 't', 'mode copy under load: each month in its partition');
my $written = end_load($copying[0]) + end_load($copying[1]);
end_load($copying[2]);
cmp_ok($written, '>', 200, 'there was load');
is($node->safe_psql('postgres', 'select count(*), sum(total), count(*) - count(distinct id) from orders'), join('|', $before + $written, $total + 2 * $written, 0), 'mode copy: nothing was lost');
is($node->safe_psql('postgres', 'select count(*) from fired'), 2 * $written, 'triggers fired for each change and for no copy');

done_testing();
