# Deals and figures while six sessions record prices, refresh, fold, and come and go; one is killed: nothing is lost or counted twice.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Recovery qw(wait_until_back);

my $node = PostgreSQL::Test::Cluster->new('marketplace_deals');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = on\ndeadlock_timeout = '100ms'");
$node->start;
$node->safe_psql('postgres', q{
  create extension deal_advisor;
  select deal_advisor.marketplace_install('shop', '{"modules": ["statistics"]}');
  insert into shop.tenants (name, slug) values ('First', 'first');
  insert into shop.retailers (name, slug) select 'Retailer ' || i, 'retailer-' || i from generate_series(1, 2) i;
  insert into shop.categories (name, slug) values ('Things', 'things'), ('Others', 'others');
  insert into shop.products (tenant_id, name, category_id) select 1, 'Thing ' || i, 1 from generate_series(1, 100) i;
  insert into shop.listings (tenant_id, product_id, retailer_id) select 1, 1 + i % 100, 1 + i / 100 from generate_series(0, 199) i;
  select shop.ensure_partitions('shop.price_history', 12, 1);
  set marketplace.tenant_id = '1';
  select shop.record_prices(array_agg(l.id), array_agg(now() - n * interval '20 days'), array_agg(950 + (l.id * 7 + n * 13) % 100)) from shop.listings l, generate_series(1, 15) n
});

sub script {
	my ($name, $text) = @_;
	my $file = $node->basedir . "/$name.sql";
	append_to_file($file, "begin;\nset local marketplace.tenant_id = '1';\n$text;\ncommit;\n");
	return ('-f', $file . ($name =~ /^re|^fold/ ? '@1' : '@2'));
}
my @scripts = (
	script('record', q{select shop.record_prices(array_agg(id), array_agg(clock_timestamp()), array_agg(case when random() < 0.9 then 500 + floor(random() * 600)::bigint end)) from (select distinct 1 + floor(random() * 200)::bigint as id from generate_series(1, 10)) l}),
	script('refresh', 'select * from shop.refresh_deals(lim => 30)'),
	script('refresh_some', 'select * from shop.refresh_deals(array(select distinct 1 + floor(random() * 200)::bigint from generate_series(1, 20)))'),
	script('fold', 'select shop.fold_statistics(50)'),
	script('recount', 'select count(*) from shop.refresh_tenant_stats()'),
	script('people', q{insert into shop.users (tenant_id, email, display_name) values (1, gen_random_uuid() || '@example.com', 'Somebody')}),
	script('leave', q{update shop.users set deleted_at = now() where id in (select id from shop.users where deleted_at is null order by random() limit 1 for update skip locked)}),
	script('move', q{update shop.products set category_id = 3 - category_id where id = 1 + floor(random() * 100)::bigint}),
);
sub load {
	my ($seconds) = @_;
	my ($out, $err) = ('', '');
	return (IPC::Run::start([ 'pgbench', '-n', '-c', 6, '-j', 2, '-T', $seconds, @scripts, $node->connstr('postgres') ], '<', \undef, '>', \$out, '2>', \$err), \$out, \$err);
}
sub value {
	my ($query) = @_;
	return $node->safe_psql('postgres', "set marketplace.tenant_id = '1'; $query");
}
# What must hold at any moment, and what must after the last round.
sub all_is_right {
	my ($when) = @_;
	is(value('select count(*) from shop.refresh_tenant_stats() where known <> counted'), '0', "$when: the figures are those that counting finds");
	value('do $$ begin for i in 1 .. 100 loop exit when (select scored from shop.refresh_deals()) = 0; end loop; end $$');
	is(value('select scored from shop.refresh_deals()'), '0', "$when: the rounds come to an end");
	is(value('select count(*) from shop.deals d join shop.listings l on l.id = d.listing_id where d.ended_at is null and d.price_minor is distinct from l.last_price_minor'), '0', "$when: open deals have the price that the listing has");
	is(value('select count(*) from shop.listings l cross join lateral shop.deal_score(l.id) s left join shop.deals d on d.listing_id = l.id and d.ended_at is null where case when d.id is null then s.score > 65.01 else s.score < 54.99 end'), '0', "$when: what scores so is a deal, and nothing else");
	is(value('select open_deals - (select count(*) from shop.deals where ended_at is null) from shop.tenant_statistics()'), '0', "$when: as many as were counted");
	is(value('select count(*) from shop.deals d join shop.products p on p.id = d.product_id where d.ended_at is null and p.category_id is distinct from d.category_id'), '0', "$when: in the category of their product") if $when eq 'in peace';
}

my ($run, $out, $err) = load(6);
ok($run->finish, 'six sessions go on without an error or a deadlock') or diag($$err);
cmp_ok(value('select count(*) from shop.deals'), '>', 20, 'deals came');
cmp_ok(value('select count(*) from shop.deals where ended_at is not null'), '>', 10, 'and went');
all_is_right('after the load');

($run, $out, $err) = load(20);
sleep 2;
my $victim = '';
$victim = $node->safe_psql('postgres', q{select pid from pg_stat_activity where query like '%refresh_deals%' and state = 'active' and pid <> pg_backend_pid() limit 1}) while $victim eq '';
kill 'KILL', $victim;
$run->finish;
wait_until_back($node);
all_is_right('after a kill');

$node->safe_psql('postgres', q{update shop.listing_scores set scored_at = now() - interval '30 days'});
all_is_right('in peace');
$node->stop;
done_testing();
