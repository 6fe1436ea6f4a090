-- Findings: rights, filters, names, fingerprints.
begin;
select no_plan();

create schema tap_shop;
create schema tap_hidden;
create role tap_reader;
create role tap_owner;
create role tap_monitor;
grant pg_monitor to tap_monitor;
grant usage on schema tap_shop to tap_reader, tap_owner;

create table tap_shop.buyers (id bigint primary key);
create table tap_shop.orders (id bigint primary key, buyer_id bigint references tap_shop.buyers);
alter table tap_shop.orders owner to tap_owner;
create table tap_hidden.secrets (what text);

create function pg_temp.objects(asked name[] default null) returns setof text language sql as
  $$select object from deal_advisor.findings_detail(schemas => asked)
    where status = 'open' and schema_name like 'tap%' order by 1$$;
create function pg_temp.key(wanted text) returns text language sql as
  $$select fingerprint from deal_advisor.findings_detail() where object = wanted$$;

-- The record.
select set_eq($$select attname::text from pg_attribute where attrelid = 'deal_advisor.finding'::regclass and attnum > 0$$,
  '{severity,check_id,object,title,schema_name,object_class,category,status,skip_reason,confidence,why,evidence,stats_since,impact,count,fix,fix_transactional,lock_level,blocks,est_seconds,rollback,verify,doc,fingerprint}'::text[],
  'a finding has the columns that every advisor fills');
select enum_has_labels('deal_advisor', 'severity', array['info', 'low', 'medium', 'high', 'critical'],
  'severities are ordered');
select ok('high'::deal_advisor.severity > 'medium' and 'critical'::deal_advisor.severity > 'high', 'and compare');
select is_empty($$select * from deal_advisor.findings_detail(schemas => '{tap_shop}')
  where check_id is null or object is null or title is null or status is null or why is null or evidence is null
     or doc is null or fingerprint !~ '^[0-9a-f]{16}$' or category is null or object_class is null
     or confidence not between 0 and 1 or (fix is not null and (verify is null or lock_level is null or blocks is null))$$,
  'no finding is incomplete');
select is_empty($$select e.key from deal_advisor.findings_detail() f, jsonb_each(f.evidence) e
  where not e.value ? 'value' or not e.value ? 'source'$$, 'every fact has a value and a source');

-- Who sees what.
select results_eq('select pg_temp.objects()', array['orders_buyer_id_fkey on tap_shop.orders', 'tap_hidden.secrets'],
  'a superuser sees every schema');
set local role tap_reader;
select results_eq('select * from pg_temp.objects()', array['orders_buyer_id_fkey on tap_shop.orders'],
  'a role without USAGE on a schema does not see what is in it');
select is((select status from deal_advisor.findings_detail() where check_id = 'GEN-001'), 'skipped',
  'and is told that something was left out');
select ok((select skip_reason ~ 'no USAGE' and evidence -> 'schemas' ->> 'value' ~ 'tap_hidden'
           from deal_advisor.findings_detail() where check_id = 'GEN-001'), 'what, and why');
select throws_ok($$select * from deal_advisor.findings(schemas => '{tap_hidden}')$$, '42501', null,
  'asking for it by name is refused');
select lives_ok('select deal_advisor.report()', 'it gets a report');
select throws_ok('select * from deal_advisor.accepted', '42501', null, 'nobody reads the table of accepted findings');
select throws_ok($$insert into deal_advisor.accepted (fingerprint, check_id, object, reason, accepted_by)
  values ('x', 'x', 'x', 'x', 'x')$$, '42501', null, 'nor writes it');
reset role;
set local role tap_monitor;
select results_eq('select * from pg_temp.objects()',
  array['orders_buyer_id_fkey on tap_shop.orders', 'tap_hidden.secrets'], 'a member of pg_monitor sees every schema');
select is_empty($$select 1 from deal_advisor.findings_detail() where check_id = 'GEN-001'$$, 'and nothing was left out');
reset role;

-- Who decides.
create temp table picked as select pg_temp.key('orders_buyer_id_fkey on tap_shop.orders') as key;
grant select on picked to public;
set local role tap_reader;
select throws_ok($$select deal_advisor.findings_accept(key, 'why') from picked$$, '42501', null,
  'only the owner of the object accepts its findings');
select throws_ok(format('call deal_advisor.findings_apply(array[%L])', (select key from picked)), '42501', null,
  'only the owner applies their fixes');
reset role;
set local role tap_owner;
select lives_ok($$select deal_advisor.findings_accept(key, 'rows are never deleted') from picked$$, 'the owner does');
select is((select status from deal_advisor.findings_detail() f, picked where fingerprint = key), 'accepted', 'accepted');
select matches((select skip_reason from deal_advisor.findings_detail() f, picked where fingerprint = key),
  '^accepted by tap_owner: rows are never deleted$', 'with name and reason');
select throws_ok(format('call deal_advisor.findings_apply(array[%L])', (select key from picked)), '22023', null,
  'an accepted finding is not applied');
reset role;
set local role tap_reader;
select throws_ok('select deal_advisor.findings_reopen(key) from picked', '42501', null, 'others do not reopen it');
reset role;
select lives_ok('select deal_advisor.findings_reopen(key) from picked', 'a superuser does');
select is((select status from deal_advisor.findings_detail() f, picked where fingerprint = key), 'open', 'open again');
select ok((select count(*) = 1 from pg_extension where extname = 'deal_advisor'
           and 'deal_advisor.accepted'::regclass::oid = any (extconfig)), 'acceptances are dumped');

-- Fingerprints are made of names.
create table tap_shop.notes (what text);
create temp table before as select check_id, fingerprint from deal_advisor.findings_detail(schemas => '{tap_shop}')
  where schema_name is not null;
drop table tap_shop.notes, tap_shop.orders, tap_shop.buyers;
create table tap_shop.notes (what text);
insert into tap_shop.notes select repeat('x', 100) from generate_series(1, 1000);
create table tap_shop.buyers (id bigint primary key);
create table tap_shop.orders (id bigint primary key, buyer_id bigint references tap_shop.buyers);
select set_eq($$select check_id, fingerprint from deal_advisor.findings_detail(schemas => '{tap_shop}')
  where schema_name is not null$$, 'select * from before', 'the same objects made anew have the same fingerprints');

-- Names of every kind are quoted as the server quotes them, and the fix can be run.
do $$
declare name text;
begin
  for name in select word from pg_get_keywords() where catcode <> 'U'
              union all values ('Mixed'), ('with space'), ('quo"te'), ('naïve'), ('1st'), ('back\slash'), ('a''b') loop
    execute format('create table tap_shop.%I (%I int)', name, name);
  end loop;
end $$;
select set_eq($$select object from deal_advisor.findings_detail(schemas => '{tap_shop}') where check_id = 'SCH-001'$$,
  $$select c.oid::regclass::text from pg_class c
    where relnamespace = 'tap_shop'::regnamespace and relkind = 'r' and relname not in ('orders', 'buyers')$$,
  'names are quoted like the server''s');
do $$
declare f record;
begin
  for f in select fix[1] as fix, verify from deal_advisor.findings_detail(schemas => '{tap_shop}') where check_id = 'SCH-001' loop
    execute f.fix;
  end loop;
end $$;
select is_empty($$select object from deal_advisor.findings_detail(schemas => '{tap_shop}') where check_id = 'SCH-001'$$,
  'and every fix ran');

-- The parameters of an opclass are part of the key: signatures of other lengths are other indexes.
create table tap_shop.texts (id int primary key, words tsvector);
create index texts_short on tap_shop.texts using gist (words tsvector_ops (siglen = 32));
create index texts_usual on tap_shop.texts using gist (words);
select is_empty($$select 1 from deal_advisor.findings_detail(schemas => '{tap_shop}') where check_id like 'IDX-00_' and object ~ 'texts_' and status = 'open' and check_id < 'IDX-007'$$,
  'indexes that differ in the parameters of an opclass are no duplicates');
create index texts_again on tap_shop.texts using gist (words tsvector_ops (siglen = 32));
select is((select array_agg(object) from deal_advisor.findings_detail(schemas => '{tap_shop}') where check_id = 'IDX-001'), '{tap_shop.texts_short}',
  'the same parameters: duplicates, and the first by name stays');
drop table tap_shop.texts;

-- What is not reviewed.
create temp table scratch (what text);
create table tap_shop.member (what text);
alter extension deal_advisor add table tap_shop.member;
create table tap_shop.plain (what text);
select is_empty($$select 1 from deal_advisor.findings_detail() where object in ('tap_shop.member', 'pg_temp.scratch')
  or object ~ 'scratch'$$, 'temporary tables and members of extensions are left alone');
select isnt_empty($$select 1 from deal_advisor.findings_detail() where object = 'tap_shop.plain'$$, 'others are not');
alter extension deal_advisor drop table tap_shop.member;

-- Partitions are their parent's business.
create table tap_shop.parts (at date, buyer bigint references tap_shop.buyers) partition by range (at);
create table tap_shop.parts_1 partition of tap_shop.parts for values from ('2020-01-01') to ('2021-01-01');
select results_eq($$select check_id, object from deal_advisor.findings_detail('{schema}', '{tap_shop}')
  where object ~ 'parts' order by 1$$, $$values ('SCH-001', 'tap_shop.parts'),
  ('SCH-003', 'parts_buyer_fkey on tap_shop.parts')$$, 'a partitioned table is one object');

-- Usage counters that are too young say nothing.
select is((select status from deal_advisor.findings_detail(options => '{"min_stats_age": "1000 years"}') where check_id = 'IDX-008'),
  'skipped', 'no index is called unused by young statistics');
create index plain_what_idx on tap_shop.plain (what);
select isnt_empty($$select 1 from deal_advisor.findings_detail(options => '{"min_stats_age": "0 s"}')
  where check_id = 'IDX-008' and object = 'tap_shop.plain_what_idx'$$, 'old enough ones do');
select throws_ok($$select deal_advisor.findings_gate('low', schemas => '{tap_shop}')$$, 'DA001', null, 'the gate closes');
select is(deal_advisor.findings_gate('critical', schemas => '{tap_shop}'), 0, 'and opens');

-- Other tools' formats.
create table tap_shop."<b>&""x""" (a int);
select is((select count(*) from jsonb_array_elements(deal_advisor.findings_export('json', schemas => '{tap_shop}')::jsonb)),
  (select count(*) from deal_advisor.findings_detail(schemas => '{tap_shop}')), 'the JSON export has every finding');
select set_eq($$select e ->> 'fingerprint' from jsonb_array_elements(deal_advisor.findings_export('json', schemas => '{tap_shop}')::jsonb) e$$,
  $$select fingerprint from deal_advisor.findings_detail(schemas => '{tap_shop}')$$, 'by its fingerprint');
select is((select count(*) from jsonb_array_elements(
    deal_advisor.findings_export('sarif', schemas => '{tap_shop}')::jsonb #> '{runs,0,results}') r
  where r ->> 'ruleId' is not null and r #>> '{message,text}' is not null
    and r ->> 'level' in ('none', 'note', 'warning', 'error')),
  (select count(*) from deal_advisor.findings_detail(schemas => '{tap_shop}')), 'so has SARIF');
select is(array_length(xpath('/testsuite/testcase', deal_advisor.findings_export('junit', schemas => '{tap_shop}')::xml), 1),
  (select count(*)::int from deal_advisor.findings_detail(schemas => '{tap_shop}')), 'and JUnit, which is well-formed');
select matches(deal_advisor.findings_export('markdown', schemas => '{tap_shop}'), '&lt;b&gt;', 'Markdown is escaped');
select throws_ok($$select deal_advisor.findings_export('excel')$$, '22023', null, 'unknown formats are refused');

-- Contradictory advice: an index that makes another one redundant is not called unused.
create table tap_shop.pairs (id int primary key, a int, b int);
create index pairs_a on tap_shop.pairs (a);
create index pairs_ab on tap_shop.pairs (a, b);
select results_eq($$select check_id, object from deal_advisor.findings_detail('{index}', '{tap_shop}', options => '{"min_stats_age": "0"}')
  where object ~ 'pairs' order by 1$$, $$values ('IDX-002', 'tap_shop.pairs_a')$$, 'two findings never drop both of two indexes');

-- pg_stat_statements: loaded, but not created here.
create function pg_temp.statements_fix() returns setof text language plpgsql as $$
declare
  f record;
  found int;
begin
  if not exists (select from pg_settings where name = 'pg_stat_statements.max') then
    return next skip('pg_stat_statements is not loaded', 3);
    return;
  end if;
  drop extension if exists pg_stat_statements;
  select * into f from deal_advisor.findings_detail('{server}') where check_id = 'SRV-018';
  return next is(f.fix, '{CREATE EXTENSION pg_stat_statements}'::text[], 'the extension is missed');
  call deal_advisor.findings_apply(array[f.fingerprint]);
  execute 'select count(*)::int from (' || f.verify || ') v' into found;
  return next is(found, 0, 'its fix is verified');
  execute f.rollback[1];
  execute 'select count(*)::int from (' || f.verify || ') v' into found;
  return next is(found, 1, 'and can be rolled back');
end $$;
select * from pg_temp.statements_fix();

-- Read only; a transaction cannot go back from that, so it comes last.
set local transaction_read_only = on;
set local role tap_monitor;
select lives_ok('select * from deal_advisor.findings()', 'findings work in a read-only transaction');
select lives_ok($$select deal_advisor.report('markdown')$$, 'so does the report');
select lives_ok('select * from deal_advisor.help()', 'and help');
reset role;
select throws_ok($$select deal_advisor.findings_accept(key, 'why') from picked$$, '25006', null, 'accepting writes');

select * from finish();
rollback;
