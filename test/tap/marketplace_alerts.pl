# Alerts and the outbox with four workers at once, and with workers that are killed: everything once, nothing lost, in order.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Recovery qw(wait_until_back);

my $node = PostgreSQL::Test::Cluster->new('alerts');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = on");
$node->start;
$node->safe_psql('postgres', q{
  create extension deal_advisor;
  select deal_advisor.marketplace_install('shop');
  insert into shop.tenants (name, slug) values ('First', 'first');
  insert into shop.users (tenant_id, email, display_name) select 1, format('u%s@example.com', i), 'User ' || i from generate_series(1, 3) i;
  insert into shop.retailers (name, slug) values ('Retailer', 'retailer');
  insert into shop.products (tenant_id, name) select 1, 'Thing ' || i from generate_series(1, 2000) i;
  insert into shop.listings (tenant_id, product_id, retailer_id) select 1, id, 1 from shop.products;
  insert into shop.watches (tenant_id, user_id, product_id, kind) select 1, u.id, p.id, 'any_change' from shop.users u, shop.products p;
  alter database postgres set marketplace.tenant_id = '1';
  create table done (message bigint, worker int);
  -- Works until it has found nothing a few times; each round is a transaction.
  create procedure match(size int) language plpgsql as $$
  declare
    got record;
    idle int := 0;
  begin
    while idle < 5 loop
      select * into got from shop.match_alerts(size);
      commit;
      idle := case when got.changes = 0 then idle + 1 else 0 end;
      perform pg_sleep(case when got.changes = 0 then 0.02 else 0 end);
    end loop;
  end $$;
  create procedure work(size int) language plpgsql as $$
  declare
    taken bigint[];
    token uuid;
    idle int := 0;
  begin
    while idle < 5 loop
      select array_agg(d.id), min(d.claim::text)::uuid into taken, token from shop.dequeue('work', size) d;
      insert into done select m, pg_backend_pid() from unnest(taken) m;
      perform shop.ack(taken, token) where taken is not null;
      commit;
      idle := case when taken is null then idle + 1 else 0 end;
      perform pg_sleep(case when taken is null then 0.02 else 0 end);
    end loop;
  end $$;
});

sub record_round {
	my ($price) = @_;
	$node->safe_psql('postgres', "select shop.record_prices(array_agg(id), array_agg(clock_timestamp()), array_agg($price + id)) from shop.listings");
}

# Four sessions (or so many) that do the same; what they say against it.
sub together {
	my ($statement, $sessions) = @_;
	my @runs = map {
		my ($out, $err) = ('', '');
		my $run = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $statement ], '>', \$out, '2>', \$err);
		{ run => $run, err => \$err };
	} 1 .. $sessions // 4;
	return @runs;
}

sub complaints {
	my @runs = @_;
	$_->{run}->finish for @runs;
	return join '', map { ${ $_->{err} } } @runs;
}

# A session that is killed in the middle of what it does; all others go down with the server, which comes back.
sub killed_after {
	my ($statement) = @_;
	my ($code) = $node->psql('postgres', "begin; $statement; select format('copy (select 1) to program %L', 'kill -9 ' || pg_backend_pid()) \\gexec");
	isnt($code, 0, "killed after $statement");
	wait_until_back($node);
}

# Alerts, as SQL makes them and as the extension does
my @runs;
for my $way ([ 'by SQL', 2147483647 ], [ 'past the executor', 1 ]) {
	my ($name, $rows) = @$way;
	my $before = $node->safe_psql('postgres', 'select count(*) from shop.alerts');
	my $counts = sub { join '|', map { $_ + $before } @_ };
	my $price = $rows == 1 ? 20000 : 10000;
	$node->safe_psql('postgres', "alter database postgres set deal_advisor.match_rows = $rows");
	record_round($price);
	is($node->safe_psql('postgres', 'select count(*) from shop.price_changes'), '2000', "$name: all changes wait");
	is(complaints(together('call match(100)')), '', "$name: four workers take them");
	is($node->safe_psql('postgres', 'select count(*), count(distinct (watch_id, change_id)) from shop.alerts'), $counts->(6000, 6000), "$name: each watch is told once");
	is($node->safe_psql('postgres', q{select count(*), count(distinct a) from shop.outbox cross join jsonb_array_elements(payload -> 'alert_ids') a where topic = 'alert'}), $counts->(6000, 6000), "$name: and each alert is in one message");
	is($node->safe_psql('postgres', 'select count(*) from shop.price_changes'), '0', "$name: nothing waits");

	record_round($price + 2000);
	@runs = together('call match(10)');
	killed_after('select shop.match_alerts(500)');
	complaints(@runs);
	cmp_ok($node->safe_psql('postgres', 'select count(*) from shop.price_changes'), '>', 0, "$name: what the killed one had taken waits again");
	is(complaints(together('call match(100)')), '', "$name: and is taken by others");
	is($node->safe_psql('postgres', 'select count(*), count(distinct (watch_id, change_id)), count(distinct (watch_id, price_minor)) from shop.alerts'), $counts->(12000, 12000, 12000), "$name: each watch is told once, whoever was killed");
	is($node->safe_psql('postgres', q{select count(*), count(distinct a) from shop.outbox cross join jsonb_array_elements(payload -> 'alert_ids') a where topic = 'alert'}), $counts->(12000, 12000), "$name: and each alert is in one message");

	# Order, while prices go on changing
	@runs = together('call match(200)');
	record_round($price + 3000 + 10 * $_) for 1 .. 8;
	is(complaints(@runs), '', "$name: workers beside whoever records prices: no deadlock");
	is(complaints(together('call match(1000)')), '', "$name: and the rest");
	is($node->safe_psql('postgres', 'select count(*) from (select price_at < lag(price_at) over (partition by watch_id order by id) as wrong from shop.alerts) a where wrong'), '0', "$name: nobody was told an older price after a newer one");
	is($node->safe_psql('postgres', 'select count(*) from shop.watches w join shop.listings l on l.product_id = w.product_id where w.last_notified_minor is distinct from l.last_price_minor'), '0', "$name: and everybody was told the last");
	is($node->safe_psql('postgres', 'select count(*) - count(distinct (watch_id, change_id)) from shop.alerts'), '0', "$name: nothing twice");

	# A watch that its user changes while a worker is about to write into it
	record_round($price + 5000);
	my ($changing) = together("begin; update shop.watches set min_change_minor = min_change_minor + 1 where id = 1; select pg_sleep(2) /* holds it */; commit", 1);
	$node->poll_query_until('postgres', q{select exists (select from pg_stat_activity where query like '%holds it%' and wait_event = 'PgSleep')});
	is($node->safe_psql('postgres', 'select alerts from shop.match_alerts(100000)'), '6000', "$name: a worker waits for who changes a watch");
	is(complaints($changing), '', "$name: who is not disturbed");
	is($node->safe_psql('postgres', 'select count(*) from shop.watches w join shop.listings l on l.product_id = w.product_id where w.last_notified_minor is distinct from l.last_price_minor'), '1', "$name: that one watch starts anew, the others know what they told");
	$node->safe_psql('postgres', 'update shop.watches w set last_notified_minor = l.last_price_minor from shop.listings l where w.id = 1 and l.product_id = w.product_id');
}

# The outbox
$node->safe_psql('postgres', q{select shop.enqueue_many('work', array_agg(jsonb_build_object('n', i))) from generate_series(1, 20000) i});
@runs = together('call work(100)');
killed_after(q{with d as materialized (select * from shop.dequeue('work', 300)) insert into done select id, 0 from d});
complaints(@runs);
# One that is killed when it has taken some for good, and not done them yet.
$node->safe_psql('postgres', q{select count(*) from shop.dequeue('work', 300, '2 seconds')});
is(complaints(together('call work(100)')), '', 'four workers take messages');
is($node->safe_psql('postgres', 'select count(*), count(distinct message) from done'), '19700|19700', 'each is done once, but those that somebody holds');
$node->poll_query_until('postgres', q{select count(*) = 300 from shop.outbox where topic = 'work' and done_at is null and visible_at < now()});
is(complaints(together('call work(100)')), '', 'when their time is over');
is($node->safe_psql('postgres', 'select count(*), count(distinct message) from done'), '20000|20000', 'all are done, once');
is($node->safe_psql('postgres', q{select count(*) from shop.outbox where topic = 'work' and done_at is null}), '0', 'none is left');

# Waking up
like($node->safe_psql('postgres', q{listen outbox_shop; select shop.enqueue_many('work', array_agg(jsonb_build_object('n', i))) from generate_series(1, 1000) i; select 1}),
	qr/Asynchronous notification "outbox_shop"/, 'one ping wakes who listens');

$node->stop;
done_testing();
