-- Help lists what there is, and the examples are real.
begin;
select plan(7);
select set_eq($$select split_part(function, '(', 1) from deal_advisor.help()$$,
  $$select p.proname::text from pg_depend d join pg_extension e on e.oid = d.refobjid and e.extname = 'deal_advisor'
    join pg_proc p on p.oid = d.objid
    where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'$$,
  'every function of the extension is listed');
select is((select count(*) from deal_advisor.help())::int,
  (select count(*) from pg_depend d join pg_extension e on e.oid = d.refobjid and e.extname = 'deal_advisor'
   where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e')::int,
  'once');
select is_empty($$select function from deal_advisor.help() h
  where not exists (select from pg_proc p where p.pronamespace = 'deal_advisor'::regnamespace
                    and p.proname = split_part(h.function, '(', 1) and p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype))
    and example !~ ('deal_advisor\.' || split_part(function, '(', 1))$$, 'each has an example that calls it');
select is_empty($$select capability from deal_advisor.help()
  where capability not in ('general', 'index', 'query', 'review', 'metrics', 'migration', 'partition', 'audit', 'orm', 'report', 'marketplace')$$,
  'capabilities are those of the documentation');
select ok((select bool_and(capability = 'index') from deal_advisor.help('index')), 'a topic is a capability');
select is((select function from deal_advisor.help('findings_reopen')), 'findings_reopen(fingerprint)', 'or a function');
select throws_ok($$select * from deal_advisor.help('weather')$$, '22023', null, 'unknown topics are refused');
select * from finish();
rollback;
