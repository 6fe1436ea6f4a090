-- Findings about partitions: what is found, that a fix clears it, and that well-kept tables have none. Fixes that commit or
-- build concurrently are in test/tap/partition_findings.pl.
begin;
select no_plan();

create schema tap_parts;
create role tap_reader;
create role tap_owner;
grant usage on schema tap_parts to tap_reader, tap_owner;

create function pg_temp.found(wanted text) returns setof deal_advisor.finding language sql as
  $$select * from deal_advisor.findings_detail('{partition}', '{tap_parts}') where check_id = wanted and status <> 'skipped'$$;
create function pg_temp.run(statements text[]) returns void language plpgsql as $$
declare
  statement text;
begin
  foreach statement in array statements loop
    execute statement;
  end loop;
end $$;
create function pg_temp.rows_of(query text) returns bigint language plpgsql as $$
declare
  found bigint;
begin
  execute 'select count(*) from (' || query || ') q' into found;
  return found;
end $$;
-- Three claims: the verification sees it, the fix clears finding and verification, the rollback brings it back.
create function pg_temp.mended(wanted text) returns setof text language plpgsql as $$
declare
  f deal_advisor.finding := pg_temp.found(wanted);
begin
  return next ok(pg_temp.rows_of(f.verify) > 0, wanted || ': the verification sees it');
  perform pg_temp.run(f.fix);
  return next is(pg_temp.rows_of(f.verify), 0::bigint, wanted || ': the fix clears it');
  return next is_empty(format('select 1 from pg_temp.found(%L)', wanted), wanted || ': and is no finding any more');
  if f.rollback is not null then
    perform pg_temp.run(f.rollback);
    return next isnt_empty(format('select 1 from pg_temp.found(%L)', wanted), wanted || ': the rollback takes it back');
  end if;
end $$;

-- A table that is kept well has no finding but that nothing calls its maintenance yet.
create table tap_parts.kept (id bigint, at timestamptz not null, primary key (id, at)) partition by range (at);
create index on tap_parts.kept (at);
select deal_advisor.partition_enable('tap_parts.kept', 'at', '1 day');
select set_eq($$select check_id from deal_advisor.findings_detail('{partition}', '{tap_parts}')$$, '{PAR-005}'::text[], 'a new set only lacks maintenance');
select is((select severity from pg_temp.found('PAR-005')), 'low', 'which is no alarm before its time');

-- Partitions run out.
create function pg_temp.drop_ahead(days int) returns void language plpgsql as $$
declare
  leaf regclass;
begin
  for leaf in select i.inhrelid from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'tap_parts.kept'::regclass
    and c.relname > to_char(now() at time zone 'UTC' + days * interval '1 day', '"kept_p"YYYYMMDD') loop
    execute format('drop table %s', leaf);
  end loop;
end $$;
select pg_temp.drop_ahead(1);
select is((select severity from pg_temp.found('CAP-007')), 'high', 'one day ahead of four is little');
select pg_temp.drop_ahead(0);
select is((select severity from pg_temp.found('CAP-007')), 'critical', 'the last partition is in use');
select is((select fix from pg_temp.found('CAP-007')), array[$$CALL deal_advisor.partition_maintain('tap_parts.kept')$$], 'maintenance makes what is missing');
select matches((select impact from pg_temp.found('CAP-007')), '^Rows from \d{4}-\d\d-\d\d 00:00:00\+00 on are refused', 'and it says from when rows are refused');
select deal_advisor.partition_ensure('tap_parts.kept');
select is_empty($$select 1 from pg_temp.found('CAP-007')$$, 'partition_ensure clears it as well');

-- A set whose table is gone, or belongs to another role now.
alter table tap_parts.kept owner to tap_owner;
select is((select title from pg_temp.found('PAR-004')), 'owner changed since enabled', 'a new owner is noticed');
grant create on schema tap_parts to tap_owner;
set local role tap_owner;
select * from pg_temp.mended('PAR-004');
reset role;
drop table tap_parts.kept;
select is((select severity from pg_temp.found('PAR-004')), 'low', 'so is that the table is gone');
select * from pg_temp.mended('PAR-004');

-- A gap, in a table that is no set.
create table tap_parts.gappy (at date not null) partition by range (at);
create table tap_parts.gappy_1 partition of tap_parts.gappy for values from (minvalue) to ('2020-01-01');
create table tap_parts.gappy_2 partition of tap_parts.gappy for values from ('2021-01-01') to (maxvalue);
select * from pg_temp.mended('PAR-002');
select is((select count(*) from pg_class where relname ~ 'gappy_gap'), 0::bigint, 'and leaves nothing behind');
select is_empty($$select 1 from pg_temp.found('CAP-007')$$, 'an open end never runs out');
drop table tap_parts.gappy;

-- Rows in a default partition; nothing reads it.
create table tap_parts.caught (at date not null) partition by range (at);
create table tap_parts.caught_default partition of tap_parts.caught default;
insert into tap_parts.caught values ('2020-01-01');
analyze tap_parts.caught_default;
select is((select evidence -> 'rows' ->> 'value' from pg_temp.found('CAP-008')), '1', 'rows of the default partition are counted by statistics');
drop table tap_parts.caught;

-- Partitions that give more than their parent.
create table tap_parts.guarded (at date not null, buyer text) partition by range (at);
alter table tap_parts.guarded enable row level security;
create policy own on tap_parts.guarded using (buyer = current_user);
create table tap_parts.guarded_1 partition of tap_parts.guarded for values from (minvalue) to (maxvalue);
select is_empty($$select 1 from pg_temp.found('SEC-011')$$, 'a partition that only its owner may read is safe');
grant select on tap_parts.guarded_1 to tap_reader;
select is((select severity from pg_temp.found('SEC-011')), 'high', 'one that others may read past the policies is not');
select * from pg_temp.mended('SEC-011');
drop table tap_parts.guarded;

-- A parent without statistics.
create table tap_parts.counted (at date not null) partition by range (at);
create table tap_parts.counted_1 partition of tap_parts.counted for values from (minvalue) to (maxvalue);
insert into tap_parts.counted select date '2020-01-01' + i % 100 from generate_series(1, 20000) i;
analyze tap_parts.counted_1;
select * from pg_temp.mended('VAC-016');
drop table tap_parts.counted;

-- Keys of every kind of time have a runway.
create function pg_temp.uuid_at(at timestamptz) returns uuid language sql as
  $$select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid$$;
create table tap_parts.uuids (id uuid not null) partition by range (id);
select deal_advisor.partition_enable('tap_parts.uuids', 'id', '1 day', premake => 2);
create table tap_parts.epochs (at bigint not null) partition by range (at);
select deal_advisor.partition_enable('tap_parts.epochs', 'at', '1 day', premake => 2, options => '{"kind": "epoch_ms"}');
select is_empty($$select object from pg_temp.found('CAP-007')$$, 'sets of uuids and epochs are ready as far as they should be');
do $$
declare
  leaf regclass;
begin
  for leaf in select inhrelid from pg_inherits where inhparent in ('tap_parts.uuids'::regclass, 'tap_parts.epochs'::regclass) order by inhrelid desc limit 3 loop
    execute format('drop table %s', leaf);
  end loop;
end $$;
select isnt_empty($$select object from pg_temp.found('CAP-007') where object = 'tap_parts.epochs' and severity = 'critical'$$, 'and what they lack is seen');

-- Who may not see a schema hears nothing of its sets.
create schema tap_hidden;
create table tap_hidden.secret (at timestamptz not null) partition by range (at);
select deal_advisor.partition_enable('tap_hidden.secret', 'at', '1 day');
set local role tap_reader;
select is_empty($$select 1 from deal_advisor.findings_detail('{partition}') where object ~ 'secret'$$, 'sets of schemas without USAGE are not told');
reset role;
set local transaction_read_only = on;
select lives_ok($$select * from deal_advisor.findings('{partition}')$$, 'it works in a read-only transaction');

select * from finish();
rollback;
