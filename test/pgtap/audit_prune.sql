-- audit_prune and audit_maintain: old partitions go and verification knows it; the overflow empties. It commits, so nothing is rolled back.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists pruned, pruned_audit cascade;
do $$ begin execute (select coalesce(string_agg(format('drop owned by %1$I; drop role %1$I', rolname), ';'), 'select 1') from pg_roles where rolname = 'prune_stranger'); end $$;
create role prune_stranger;
create schema pruned;
create table pruned.t (id int primary key, note text);
select deal_advisor.audit_enable('pruned.t') \g /dev/null
insert into pruned.t select i, 'note ' || i from generate_series(1, 3) i;
-- The two months before this one, as if auditing had been on then.
create function pruned.month(ago int) returns timestamptz language sql as $$
  select (date_trunc('month', now() at time zone 'UTC') - make_interval(months => ago)) at time zone 'UTC' $$;
create function pruned.make_month(relation text, ago int) returns void language plpgsql as $$
begin
  execute format('create table pruned_audit.%I (like pruned_audit.%I including defaults)', relation || '_ago_' || ago, relation);
  execute format('alter table pruned_audit.%I attach partition pruned_audit.%I for values from (%L) to (%L)', relation, relation || '_ago_' || ago, pruned.month(ago), pruned.month(ago - 1));
end $$;
select pruned.make_month(relation, ago) from unnest(array['audit_event', 'audit_tx']) relation, unnest(array[1, 2]) ago \g /dev/null
insert into pruned_audit.audit_event select pruned.month(ago) + interval '14 days', e.xid, e.row_key, e.seq + 10 * ago, layout, ctx, op, image from pruned_audit.audit_event e, unnest(array[1, 2]) ago;
select (pruned.month(2) + interval '14 days') at time zone 'UTC' as day2, pruned.month(0) as this_month \gset
create function pruned.told() returns text language sql as $$
  select coalesce(string_agg(concat_ws(' ', relation, day, problem), '; ' order by relation, day, problem), 'none') from deal_advisor.audit_verify('pruned_audit') where row_count is null $$;
select plan(25);

-- Maintain
insert into pruned_audit.audit_overflow select at, xid, row_key, seq + 50, layout, ctx, op, image from pruned_audit.audit_event where at >= pruned.month(0);
insert into pruned_audit.audit_overflow select '1999-01-01', xid, row_key, seq + 90, layout, ctx, op, image from pruned_audit.audit_event where at >= pruned.month(0) limit 1;
select is((select sealed from deal_advisor.audit_seal('pruned_audit')), 14::bigint, 'events in partitions and overflow and a transaction are sealed');
select is(deal_advisor.audit_maintain('pruned_audit'), 3::bigint, 'rows of the overflow go to their partitions');
select is((select count(*) from pruned_audit.audit_overflow), 1::bigint, 'one of a time that no partition takes stays');
select is(pruned.told(), 'none', 'and the log is as it was sealed');
select is(deal_advisor.audit_maintain(), 0::bigint, 'a second time there is nothing to do');
delete from deal_advisor.partition_set where schema_name = 'pruned_audit';
select deal_advisor.audit_maintain('pruned_audit') \g /dev/null
select is((select count(*) from deal_advisor.partition_status() where parent like 'pruned\_audit.%'), 2::bigint, 'partition sets that are gone are made again');

-- Prune
select results_eq($$select relation, row_count from deal_advisor.audit_prune('pruned_audit', '0 days', '{"dry_run": true}') order by from_time, relation$$, $$values ('audit_event', 3::bigint), ('audit_tx', 0), ('audit_event', 3), ('audit_tx', 0)$$, 'a dry run tells the old partitions');
select is((select count(*) from pruned_audit.audit_event where at < pruned.month(0)), 6::bigint, 'and leaves them');
select is_empty($$select from deal_advisor.audit_prune('pruned_audit', '100 years')$$, 'nothing is as old as that');
begin;
truncate pruned_audit.audit_event_ago_2;
select is(pruned.told(), 'audit_event ' || :'day2'::timestamp::date || ' rows are missing', 'rows that are deleted are missed');
rollback;
begin;
drop table pruned_audit.audit_event_ago_2;
select is(pruned.told(), 'audit_event ' || :'day2'::timestamp::date || ' rows are missing', 'so is a partition that is dropped by hand');
insert into pruned_audit.audit_pruned (relation, from_time, to_time, row_count, pruned, pruned_by) values ('audit_event', pruned.month(2), pruned.month(1), 3, now(), 'me');
select is(pruned.told(), 'audit_pruned prunings without a seal', 'and a pruning that was written by hand is told');
rollback;
select results_eq($$select relation, dropped, row_count, bytes > 0 from deal_advisor.audit_prune('pruned_audit', '0 days', '{"reason": "policy"}') where relation = 'audit_event' order by from_time$$, $$values ('audit_event', 'pruned_audit.audit_event_ago_2', 3::bigint, true), ('audit_event', 'pruned_audit.audit_event_ago_1', 3, true)$$, 'the old partitions are dropped');
select is((select count(*) from pruned_audit.audit_event), 6::bigint, 'the others stay');
select is(pruned.told(), 'none', 'what was pruned is no problem');
select matches((select detail from deal_advisor.audit_verify('pruned_audit') where ok), '8 sealed rows compared, 6 pruned', 'but told');
select results_eq($$select reason, count(*) from pruned_audit.audit_pruned group by reason$$, $$values ('policy', 4::bigint)$$, 'who pruned what and why is kept');
begin;
delete from pruned_audit.audit_pruned;
select matches(pruned.told(), 'rows are missing.*audit_pruned prunings were changed', 'without that it is a deletion');
rollback;
begin;
update pruned_audit.audit_pruned set to_time = to_time + interval '1 day';
select matches(pruned.told(), 'prunings were changed', 'a pruning can''t be stretched');
rollback;
delete from pruned_audit.audit_event where at >= pruned.month(0) and seq = 1;
select matches(pruned.told(), '^audit_event [0-9-]+ rows are missing$', 'deletions in what stays are still told');

-- Partitions that seals could not tell apart
create table pruned_audit.half (like pruned_audit.audit_event);
select format('alter table pruned_audit.audit_event attach partition pruned_audit.half for values from (%L) to (%L)', pruned.month(3) + interval '12 hours', pruned.month(2)) \gexec
select count(*) as dropped from deal_advisor.audit_prune('pruned_audit', '0 days') \gset
select has_table('pruned_audit', 'half', 'a partition that does not hold whole days is left');

-- Rights and arguments
set role prune_stranger;
select throws_ok($$select deal_advisor.audit_prune('pruned_audit', '0 days')$$, '42501', null, 'a stranger can''t prune');
select throws_ok($$select deal_advisor.audit_maintain('pruned_audit')$$, '42501', null, 'nor maintain');
select is(deal_advisor.audit_maintain(), 0::bigint, 'without a name only own logs are looked after');
reset role;
select throws_ok($$select deal_advisor.audit_prune('pruned_audit', '-1 year')$$, '22023', null, 'an age can''t be negative');
drop schema pruned, pruned_audit cascade;
drop role prune_stranger;
select * from finish();
