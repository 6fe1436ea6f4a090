# Waiting for a server that recovers from a crash.
package Recovery;
use strict;
use warnings;
use Exporter 'import';
use IPC::Run;
use Time::HiRes qw(usleep);
our @EXPORT_OK = qw(wait_until_back);

# Returns when the server takes connections again, dies after three minutes. poll_query_until can't do that: it writes the query
# to psql, and dies when psql could not connect and has ended before it reads it.
sub wait_until_back {
	my ($node) = @_;
	my @psql = ('psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', 'select');
	for (1 .. 1800) {
		return if IPC::Run::run(\@psql, '<', '/dev/null', '>', '/dev/null', '2>', '/dev/null');
		usleep(100_000);
	}
	die 'the server does not come back';
}

1;
