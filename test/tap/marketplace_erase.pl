# Nothing of a person who was erased is in a full dump; the other side goes on reading the conversation.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('erase');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nclient_min_messages = warning");
$node->start;
$node->safe_psql('postgres', q{create extension deal_advisor; create extension pgcrypto; create extension pg_trgm});

sub traces {
	my ($out, $err) = run_command([ 'pg_dump', '--inserts', '-d', $node->connstr('postgres') ]);
	my @found = $out =~ /zzq|7a7a71/gi; # bytea is written in hexadecimal
	return scalar @found;
}

for my $encryption ('false', 'true') {
	my $schema = "shop_$encryption";
	my $as = sub { qq{set marketplace.encryption_key = '${\ ('ab' x 32)}'; set marketplace.tenant_id = '1'; set marketplace.user_id = '$_[0]';} };
	$node->safe_psql('postgres', qq{
	  select deal_advisor.marketplace_install('$schema', '{"audit": true, "encryption": $encryption}');
	  insert into $schema.tenants (name, slug) values ('First', 'first');
	  insert into $schema.products (tenant_id, name) values (1, 'Lamp');
	  ${\ $as->('')}
	  select $schema.add_user(1, 'zzqmail\@example.com', 'Zzqname'), $schema.add_user(1, 'other\@example.com', 'Other');
	});
	my $person = $node->safe_psql('postgres', "select min(id) from $schema.users");
	my $other = $node->safe_psql('postgres', "select max(id) from $schema.users");
	$node->safe_psql('postgres', qq{
	  ${\ $as->($person)}
	  select $schema.set_phone(1, $person, '+49 555 0199'), $schema.set_address(1, $person, '{"street": "Zzqstreet 1"}');
	  update $schema.user_profiles set about = 'zzqabout' where user_id = $person;
	  select $schema.open_conversation(array[$other]::bigint[], 'Zzqsubject', product => 1);
	  select $schema.post_message(1, 'zzq first'), $schema.post_message(1, 'zzq second');
	  select $schema.edit_message(1, 1, 'zzq changed');
	  select $schema.make_offer(1, 100, 'EUR', note => 'zzq note');
	  select $schema.watch(1, 'any_change');
	});
	$node->safe_psql('postgres', "${\ $as->($other)} select $schema.post_message(1, 'an answer')");
	cmp_ok(traces(), '>', 5, "encryption $encryption: traces everywhere, in the history too");
	like($node->safe_psql('postgres', "${\ $as->($person)} select $schema.export_user($person)"), qr/zzqmail\@example.com.*zzq/s, 'all of it is exported');
	my ($code, $out, $err) = $node->psql('postgres', "${\ $as->('')} set default_transaction_isolation = 'repeatable read'; select count(*) from $schema.erase_user($person)");
	like($err, qr/erase_user can't work in a transaction that is repeatable read/, 'not with an old snapshot');
	$node->safe_psql('postgres', "${\ $as->('')} select count(*) from $schema.erase_user($person)");
	is(traces(), 0, 'none when the person is erased');
	is($node->safe_psql('postgres', "${\ $as->($other)} select string_agg(body, ', ' order by seq) from $schema.conversation_page(1) where sender_id = $other"), 'an answer', 'the other one reads on');
	is($node->safe_psql('postgres', "${\ $as->($other)} select count(*) from $schema.conversation_page(1)"), '4', 'in a conversation without gaps');
	($code, $out, $err) = $node->psql('postgres', "${\ $as->($person)} select $schema.post_message(1, 'a ghost')");
	like($err, qr/is closed/, 'who is erased writes no more');
}

# Somebody who writes while they are erased
my $writer = $node->background_psql('postgres', on_error_stop => 0);
$node->safe_psql('postgres', q{
  set marketplace.tenant_id = '1'; select shop_false.add_user(1, 'third@example.com', 'Third');
  set marketplace.user_id = '3'; select shop_false.open_conversation('{2}');
});
my $holder = $node->background_psql('postgres', on_error_stop => 0);
$holder->query_safe(q{begin; select from shop_false.conversations where id = 2 for no key update});
$writer->query_safe(q{set marketplace.tenant_id = '1'; set marketplace.user_id = '3'});
$writer->query_until(qr/begun/, qq{\\echo begun\nselect shop_false.post_message(2, 'zzq late');\n});
$node->poll_query_until('postgres', q{select exists (select from pg_stat_activity where query ~ 'zzq late' and wait_event_type = 'Lock' and pid <> pg_backend_pid())}) or die 'the writer does not wait';
$holder->query_safe(q{set marketplace.tenant_id = '1'; update shop_false.users set status = 'closed', deleted_at = now() where id = 3; commit});
like($writer->query('select 1'), qr/1/, 'the writer is through');
is($node->safe_psql('postgres', q{select count(*) from shop_false.messages where body ~ 'zzq late'}), '0', 'and has written nothing');
$holder->quit;
$writer->quit;
$node->stop;
done_testing();
