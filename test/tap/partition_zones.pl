# The module's time zones (the server's) and the unit tests' (the system's) give the same partitions, with the same names,
# around every change of an offset that the database knows.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dump = $ENV{PARTITION_BOUNDS_DUMP} // '';
plan skip_all => 'no partition_bounds_dump: cmake or the date library is not installed here' unless -x $dump;
my $configure = qx{pg_config --configure};
plan skip_all => 'the server brings its own time zones' unless $configure =~ m{--with-system-tzdata=/usr/share/zoneinfo};

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# One row for each stretch of time, with a digest of its partitions.
my $file = "$PostgreSQL::Test::Utils::tmp_check/told";
my (%zones, %first, $stretches);
open my $told, '<', \scalar run_dump() or die $!;
open my $rows, '>', $file or die $!;
while (my $line = <$told>) {
	chomp $line;
	my ($zone, $step, $since, $until, $partitions) = split /\t/, $line;
	print $rows join("\t", $zone, $step, $since, $until, md5_hex($partitions)), "\n";
	$first{"$zone|$step|$since"} = $partitions;
	$zones{$zone} = 1;
	++$stretches;
}
close $rows or die $!;

sub run_dump {
	my ($out, $err) = run_command([$dump]);
	die "$dump: $err" if $err ne '';
	return $out;
}

$node->safe_psql('postgres', qq{
  create extension deal_advisor;
  create table told (zone text, step text, since bigint, until bigint, digest text);
  copy told from '$file';
});
cmp_ok(scalar keys %zones, '>', 500, 'there are the zones of the whole database');
cmp_ok($stretches, '>', 100_000, 'and the changes of their offsets');

is($node->safe_psql('postgres', q{
  select count(distinct zone) from told where not exists (select from pg_timezone_names where name = zone)
}), '0', 'the server knows every zone');

my $different = $node->safe_psql('postgres', q{
  select zone || '|' || step || '|' || since || '|' || coalesce(partitions, 'none') from (
    select t.*, (select string_agg(extract(epoch from lower_bound)::bigint || '=' || partition, ' ' order by lower_bound)
      from deal_advisor.partition_bounds(step, to_timestamp(since), to_timestamp(until), zone, 't')) as partitions
    from told t) as both_sides
  where md5(partitions) is distinct from digest order by 1 limit 3
});
is($different, '', 'the module has the same partitions and names in every zone');
for my $line (split /\n/, $different) {
	my ($zone, $step, $since, $partitions) = split /\|/, $line;
	diag("module: $zone, $step: $partitions");
	diag("core:   $zone, $step: " . $first{"$zone|$step|$since"});
}

is($node->safe_psql('postgres', q{
  select count(*) from told t, deal_advisor.partition_bounds(step, to_timestamp(since), to_timestamp(until), zone) b
  where step = '1 day' and lower_bound >= upper_bound
}), '0', 'no partition is empty');

done_testing();
