# Advice for a server without the extension: exported there with psql alone, imported elsewhere, the same advice. Names and
# values are as nasty as the server lets them be.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_stat_statements'\njit = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', q{
  create role seller login;
  create role reader login;
  create role importer login;
  create database source owner seller;
  create database elsewhere owner importer;
});
$node->safe_psql('source', 'create extension pg_stat_statements; grant create on database source to seller');
$node->safe_psql('elsewhere', 'create extension deal_advisor');

# A database of the seller's.
my $schema = <<'SQL';
set client_min_messages = warning;
create schema "we""ird
 \ 'schema";
set search_path = "we""ird
 \ 'schema", public;
create type state as enum ('new', 'it''s "paid"', 'back\slash');
create domain money_minor as bigint check (value >= 0);
create function folded(t text) returns text language sql immutable strict return lower(t);
create table "T""1 \ '," (id int primary key, "co""l \ '1" text not null, state state not null, price money_minor,
  at timestamptz not null, note text collate "C", doc jsonb, tags text[], words tsvector, span int4range, num numeric(12,2), u uuid);
insert into "T""1 \ '," select i,
    case i % 5 when 0 then 'back\slash' when 1 then 'quote "'' {a,b}' when 2 then E'new\nline' when 3 then 'NULL' else 'v' || i end,
    (array['new', 'it''s "paid"', 'back\slash'])[1 + (i % 7) % 3]::state, nullif(i % 900, 0), timestamptz '2024-01-01' + i * interval '1 min',
    'Note ' || i, jsonb_build_object('brand', 'b' || i % 50, 'size', i % 9), array['t' || i % 20, 'x' || i % 3],
    to_tsvector('simple', 'word' || i % 40 || ' other' || i % 7), int4range(i, i + i % 50), i / 7.0, md5(i::text)::uuid
  from generate_series(1, 30000) i;
create index "odd ON ONLY ""idx" on "T""1 \ '," (at);
create index on "T""1 \ '," (folded("co""l \ '1")) where price is not null;
create table parted (id bigint, at date not null, k int, primary key (id, at)) partition by range (at);
create table parted_1 (k int, at date not null, id bigint not null);
alter table parted attach partition parted_1 for values from ('2024-01-01') to ('2024-07-01');
create table parted_2 partition of parted for values from ('2024-07-01') to ('2025-01-01');
create index on parted (k);
insert into parted select i, date '2024-01-01' + i % 366, i % 800 from generate_series(1, 20000) i;
create view newest as select * from "T""1 \ '," where at > '2024-01-10';
create materialized view totals as select k, count(*) as n from parted group by k;
create table hidden (id int primary key, secret text);
insert into hidden select i, 'secret ' || i from generate_series(1, 5000) i;
create table guarded (id int primary key, tenant int, secret text);
insert into guarded select i, i % 40, 'guarded ' || i from generate_series(1, 9000) i;
alter table guarded enable row level security;
create policy own on guarded using (tenant = current_setting('app.tenant', true)::int);
create table base (a int, b int);
create table derived (c int) inherits (base);
insert into derived select i, i % 100, i from generate_series(1, 9000) i;
create table "%I $text$ :schemas -- ü" (id int, "%L$text$'' :x" text not null, pad text, day date);
insert into "%I $text$ :schemas -- ü" select i, case when g % 8 = 0 then 'Ä' else '' end || g || '-x' || i, repeat('x', 200), date '2020-01-01' + i / 40
    from generate_series(1, 45000) i cross join lateral (select 10 + i * 7919 % 25 as g) g;
alter table "%I $text$ :schemas -- ü" alter id set statistics 40;
delete from "%I $text$ :schemas -- ü" where id between 10000 and 16000;
SQL
$node->safe_psql('source', $schema, extra_params => [ '-U', 'seller' ]);
my $weird = qq{"we""ird\n \\ 'schema"};
$node->safe_psql('source', qq{vacuum (analyze) $weird."T""1 \\ ',", $weird.parted, $weird.totals, $weird.hidden, $weird.guarded, $weird.derived, $weird.base,
  $weird."%I \$text\$ :schemas -- ü"},
	extra_params => [ '-U', 'seller' ]);
$node->safe_psql('source', qq{grant usage on schema $weird to reader; grant select on $weird."T""1 \\ ',", $weird.parted, $weird.parted_1,
  $weird.parted_2, $weird.totals, $weird.newest, $weird.guarded, $weird.derived, $weird.base to reader}, extra_params => [ '-U', 'seller' ]);

# What the application asks; pg_stat_statements notes it.
my $table = qq{$weird."T""1 \\ ',"};
my @statements = (
	qq{select id from $table where "co""l \\ '1" = 'v999'},
	qq{select id, price from $table where price = 77 order by at desc limit 5},
	qq{select * from $table where note = 'Note 5'},
	qq{select * from $table where doc \@> '{"brand": "b7"}'},
	qq{select count(*) from $table where state = 'new' and num between 10 and 20},
	qq{select * from $weird.parted where id = 7},
	qq{select count(*) from $weird.parted where at = '2024-03-03' and k = 7},
	qq{select * from $weird.newest where u = '6512bd43-d9ca-a6e0-2c99-0b0a82652dca'},
	qq{select * from $weird.totals where n > 3},
	qq{select * from $weird.base where b = 3},
	qq{update $table set price = price + 1 where id = 5});
for my $statement (@statements) {
	$node->safe_psql('source', $statement, extra_params => [ '-U', 'seller' ]) for 1 .. 3;
}
# The visibility map is not exported, only what vacuum counted.
$node->safe_psql('source', "vacuum $table", extra_params => [ '-U', 'seller' ]);
$node->safe_psql('source', 'create extension deal_advisor');

# Exports DATABASE as ROLE; the text and what was said on the side.
my ($share) = run_command([ 'pg_config', '--sharedir' ]);
my $script = "$share/extension/deal_advisor_export.sql";

sub export_as {
	my ($role, @more) = @_;
	return run_command([ 'psql', '-X', '-d', $node->connstr('source'), '-U', $role, @more, '-f', $script ]);
}

sub import_as {
	my ($role, $text) = @_;
	my $file = $node->basedir . '/export.jsonl';
	append_to_file($file, '');
	open my $handle, '>:raw', $file or die $!;
	print $handle $text;
	close $handle;
	return $node->psql('elsewhere', "\\set document `cat '$file'`\nselect object_class || '|' || object || '|' || status || '|' || coalesce(reason, '') from deal_advisor.index_import(:'document')",
		extra_params => [ '-U', $role ]);
}

my ($export, $said) = export_as('seller', '-v', 'statistic_rows=30000');
is($said, '', 'the export has nothing to complain about');
like($export, qr/\n\{"kind": "end"\}$/, 'the export is whole');
is($node->safe_psql('source', 'select count(*) from pg_locks where pid <> pg_backend_pid() and relation > 16384'), '0', 'no lock is left');

my ($code, $out, $err) = import_as('importer', $export);
is($code, 0, 'the export is imported by a role without further rights') or diag $err;
is(join("\n", grep { /\|(failed|skipped)\|/ } split /\n(?=[a-z ]+\|)/, $out), '', 'all of it');
like($out, qr/^import\|source\|imported\|exported .* statements: \d\d/m, 'the import says what it took in');

# The same answers.
my $array = 'array[' . join(', ', map { my $text = s/'/''/gr; $text =~ s/\\/\\\\/g; qq{row(E'$text', 3, null, null, null, null, null)::deal_advisor.statement} } @statements) . ']';
sub in_place { return $node->safe_psql('source', $_[0], extra_params => [ '-U', 'seller' ]) }
sub offline { return $node->safe_psql('elsewhere', $_[0], extra_params => [ '-U', 'importer' ]) }
my $advice = "select rank, action, relation, ddl, est_bytes, round(cost_after::numeric, 0) from deal_advisor.index_advice(workload => $array, time_limit => null)";
my $expected = in_place($advice);
like($expected, qr/create index concurrently/, 'there is advice in place');
is(offline($advice), $expected, 'the advice is the same from the export');
my $budget = $advice =~ s/time_limit/budget => '1MB', time_limit/r;
is(offline($budget), in_place($budget), 'and under a budget');
like(offline('select ddl from deal_advisor.index_advice(time_limit => null)'), qr/create index concurrently/, 'advice on the exported workload');
is(offline("select count(*) from deal_advisor.workload() where query like '%co\"\"l%'"), '1', 'workload() gives the exported statements');

for my $definition ("$table (\"co\"\"l \\ '1\", id)", "$table (price) where state = 'new'", "$weird.parted (k, id)", "$table (num, u)", "$table using hash (note)") {
	my $size = qq{select deal_advisor.index_size(\$d\$create index on $definition\$d\$)};
	is(offline($size), in_place($size), "the size of $definition is the same");
}
for my $statement (@statements) {
	my $cost = qq{select round(cost_before::numeric, 1) from deal_advisor.index_what_if(\$q\$$statement\$q\$)};
	is(offline($cost), in_place($cost), 'the cost is the same of ' . ($statement =~ s/\s+/ /gr));
}
is(offline(qq{select reltuples <= 0 from pg_class where relname = 'hidden'}), 't', 'the catalog is left alone');
unlike(offline(qq{explain select * from $table}), qr/rows=30000/, 'plans outside of the advisor see the empty table');

# Both sample the same rows, block by block and row by row, whatever is asked of them: sizes and statistics are equal to the
# last digit, also where vacuum left empty blocks, and where an expression sees no more of a text than it begins with.
my $coded = qq{$weird."%I \$text\$ :schemas -- ü"};
my $column = q{"%L$text$'' :x"};
my $unlike = "select round(avg(cost_after)::numeric, 9), sum(est_bytes), count(*), string_agg(ddl[1], ';') from deal_advisor.index_advice(workload =>"
	. qq{ array[row(\$q\$select id from $coded where left($column, 2) = '17' and day > '2021-01-01'\$q\$, 9, null, null, null, null, null)::deal_advisor.statement],}
	. ' time_limit => null, options => jsonb_build_object(\'sample_rows\', %d))';
for my $rows (100000, 10000, 3000, 700) {
	my $question = sprintf($unlike =~ s/%(?!d)/%%/gr, $rows);
	my $truth = in_place($question);
	like($truth, qr/left/i, "an index on an expression, with $rows rows sampled");
	is(offline($question), $truth, 'is advised elsewhere at the same cost and size');
}
for my $definition ("(left($column, 2))", "($column)", '(day, id)', '(id) where day < \'2022-03-01\'', "(day) include ($column)") {
	my $size = qq{select deal_advisor.index_size(\$d\$create index on $coded $definition\$d\$)};
	is(offline($size), in_place($size), "the size of $definition is the same, with a name that looks like code");
}
my $what_if = qq{select round(cost_after::numeric, 9) from deal_advisor.index_what_if(\$q\$select * from $coded a join $coded b on left(a.$column, 2) = left(b.$column, 2) and a.id = 7\$q\$,}
	. qq{ array[\$d\$create index on $coded (left($column, 2))\$d\$])};
is(offline($what_if), in_place($what_if), 'a join on the expression costs the same');

# What the sampled rows tell
my %values = map { $_ => 1 } $export =~ /-x\d+/g;
cmp_ok(scalar(keys %values), '<=', 101, 'no value leaves but those that pg_stats shows');
like($export, qr/"kind": "row_sampled".*"alike": \[[-\d, ]*\b[23]\b/, 'though it is said what many begin with');
unlike($export, qr/"alike": \[[-\d, ]*\b(?:9|[1-9]\d+)\b/, 'up to eight characters');
my $text = slurp_file($script);
my ($now, $before) = map { s/\\'/'/gr } $text =~ /^ *\\set row_hash '(.*)'$/mg;
is($node->safe_psql('source', "select count(*) filter (where ($now) = ($before)) || ' of ' || count(*) from $coded as t"), '38999 of 38999',
	'PostgreSQL 13, without a hash of row identifiers, chooses the same rows');

# Whether the other server could serve searches by trigrams is not asked here
my $requires = qq{select coalesce(string_agg(requires::text, ';'), 'nothing') from deal_advisor.index_advice(\$q\$select id from $coded where $column ilike '%7-x1%'\$q\$) where cardinality(requires) > 0};
like(in_place($requires), qr/create extension pg_trgm/, 'a search inside a text');
is(offline($requires), in_place($requires), 'asks for the same extension elsewhere');
(my $without = $export) =~ s/"offers_trigrams": true/"offers_trigrams": false/;
import_as('importer', $without);
is(offline($requires), 'nothing', 'unless it was not to be had there');
import_as('importer', $export);

# Row security counts for an importer who is no superuser, as for the application's role there
my $guarded = "select ddl[1] from deal_advisor.index_advice(\$q\$select * from $weird.guarded where secret = 'guarded 7'\$q\$)";
like(offline($guarded), qr/\(.*(tenant|secret).*\)/, 'advice on a table with row security');
like(offline("select plan_before from deal_advisor.index_what_if('select * from $weird.guarded where id < 0'::text)" =~ s/'select/\$q\$select/r =~ s/< 0'/< 0\$q\$/r),
	qr/app\.tenant/, 'whose predicates are planned');

# What was scanned, and since when that is counted, was exported too
my $unused = $advice =~ s/time_limit => null/time_limit => null, options => '{"unused_after": 0}'/r;
like(in_place($unused), qr/drop index/, 'an index that nobody scans');
is(offline($unused), in_place($unused), 'is the same from the export');

# A smaller sample is a part of the exported one
my $smaller = $advice =~ s/time_limit => null/time_limit => null, options => '{"sample_rows": 2000}'/r;
is(offline($smaller), in_place($smaller), 'the advice is the same from fewer rows');

# Whose the import is
($code, $out, $err) = $node->psql('elsewhere', 'select count(*) from deal_advisor.imported', extra_params => [ '-U', 'reader' ]);
like($err, qr/permission denied for table imported/, 'nobody reads the figures');
($code, $out, $err) = $node->psql('elsewhere', 'select * from deal_advisor.workload()', extra_params => [ '-U', 'reader' ]);
like($err, qr/permission denied to read the workload that role "importer" imported/, 'nor the statements of others');
($code, $out, $err) = import_as('reader', $export);
like($err, qr/permission denied to import into this database.*HINT/s, 'only the owner of a database imports into it');

# Again, and with less
($code, $out, $err) = import_as('importer', $export);
unlike($out, qr/\|failed\||^table\|[^|]*\|created\|/m, 'importing again creates no table anew') or diag $out;
is(offline($advice), $expected, 'and changes nothing');
$node->safe_psql('source', 'create table later (a int)', extra_params => [ '-U', 'postgres' ]);
my ($partial) = export_as('reader', '-v', 'sample_rows=0', '-v', 'functions=off');
unlike($partial, qr/secret \d|guarded \d/, 'nothing leaves that the exporting role may not read');
($code, $out, $err) = import_as('importer', $partial);
like($out, qr/^statistics\|[^|]*hidden\|skipped\|the exporting role may not read \["id","secret"\]/m, 'the import says which statistics are missing');
like($out, qr/^statistics\|[^|]*guarded\|skipped\|row security/m, 'and which row security kept back');
like(offline("select ddl, confidence from deal_advisor.index_advice(workload => $array)"), qr/create index/, 'advice without sampled rows');
like(offline('select count(*) from deal_advisor.workload_status() where reason like \'%text of the statement is hidden%\''), qr/^[1-9]/, 'texts that the exporting role was not shown are counted as skipped');

# What is no export
for my $case (
	[ substr($export, 0, length($export) / 2), qr/is no JSON|is cut off after line/, 'half a file' ],
	[ ($export =~ s/\{"kind": "end"\}\s*$//r), qr/the export is cut off after line \d+.*HINT:  Export again/s, 'a file without its end' ],
	[ ($export =~ s/"format": 2,/"format": 9,/r), qr/an export of format 9 cannot be read/, 'another format' ],
	[ "hello\n", qr/line 1 is not of an export/, 'something else' ],
	[ '', qr/this is no export/, 'nothing' ]) {
	my ($text, $message, $name) = @$case;
	($code, $out, $err) = import_as('importer', $text);
	like($err, $message, "$name is refused");
}
my $planted = $export;
$planted =~ s/"sql": "create schema/"sql": "drop schema/;
($code, $out, $err) = import_as('importer', $planted);
like($out, qr/\|failed\|not a statement that an export holds/, 'nothing but definitions is run');

# Tables with rows of their own
$node->safe_psql('elsewhere', "insert into $weird.hidden values (1, 'mine')", extra_params => [ '-U', 'importer' ]);
($code, $out, $err) = import_as('importer', $export);
like($out, qr/hidden\|skipped\|the table holds rows of its own here/, 'a table that holds rows keeps its own figures');

done_testing();
