-- The report: its sections, its statements, and names that try to break out of it.
begin;
select no_plan();
create schema tap_shop;
create table tap_shop.buyers (id bigint primary key, name text);
create table tap_shop.orders (id bigint primary key, buyer_id bigint not null references tap_shop.buyers);
create table tap_shop."<script>alert(1)</script>" (a int);
create table tap_shop."x
drop table tap_shop.buyers; --" (a int);
create table tap_shop."```
# heading" (a bigint references tap_shop.buyers);

create function pg_temp.sections(report text, pattern text) returns text[] language sql as
  $$select array_agg(m[1] order by n) from regexp_matches(report, pattern, 'gn') with ordinality r (m, n)$$;
create temp table written as
select deal_advisor.report('text', '{tap_shop}') as plain, deal_advisor.report('markdown', '{tap_shop}') as markdown,
  deal_advisor.report('text', '{}', '{"max_items": 1}') as short;

select is(pg_temp.sections(plain, '^[0-9]+[.] ([A-Z][A-Za-z ]+)\n-+$'), '{Analysis Summary,Proposed Solution,Implementation Steps,Performance Impact,Migration Plan,Monitoring Setup,Rollback Strategy,Code Examples,Testing Approach,Documentation}'::text[],
  'the text has the ten sections in order') from written;
select is(pg_temp.sections(markdown, '^## ([A-Z][A-Za-z ]+)$'), '{Analysis Summary,Proposed Solution,Implementation Steps,Performance Impact,Migration Plan,Monitoring Setup,Rollback Strategy,Code Examples,Testing Approach,Documentation}'::text[],
  'so has the Markdown') from written;
select is_empty($$select s from written, regexp_split_to_table(plain, '\n\n?[0-9]+[.] [A-Z][A-Za-z ]+\n-+\n') s where btrim(s) = ''$$,
  'no section is empty');
select ok(plain ~ 'CREATE INDEX CONCURRENTLY orders_buyer_id_idx ON tap_shop.orders \(buyer_id\);', 'it has the fix') from written;
select ok(plain ~ 'DROP INDEX CONCURRENTLY tap_shop.orders_buyer_id_idx;', 'the rollback') from written;
select ok(markdown ~ '"tap_shop.buyers" \|\|--o\{ "tap_shop.orders" : "orders_buyer_id_fkey"', 'and the diagram') from written;
select ok(markdown !~ E'\n  *drop table tap_shop.buyers' and plain !~ E'\n *drop table tap_shop.buyers; --"?\n',
  'a line break in a name starts no statement of its own outside quotes') from written;
select ok(regexp_replace(markdown, '(`{3,})[^\n]*\n.*?\n\1\n', '', 'g') !~ '<script', 'a name cannot be markup') from written;
select ok(regexp_replace(markdown, '(`{3,})[^\n]*\n.*?\n\1\n', '', 'g') !~ E'\n# heading', 'nor a heading') from written;
select ok(short ~ 'And [0-9]+ more', 'a long list says what is left out') from written;

-- Every statement of the monitoring section runs.
create function pg_temp.run_all(script text) returns int language plpgsql as $$
declare
  statement text;
  ran int := 0;
begin
  foreach statement in array regexp_split_to_array(script, ';\s*\n') loop
    if statement ~ 'select' then
      execute statement;
      ran := ran + 1;
    end if;
  end loop;
  return ran;
end $$;
select cmp_ok(pg_temp.run_all((regexp_match(markdown, '## Monitoring Setup.*?```sql\n(.*?)```'))[1]), '>=', 4,
  'the monitoring queries run') from written;
select cmp_ok(pg_temp.run_all((regexp_match(markdown, '## Testing Approach.*?````sql\n(.*?)````'))[1]), '>=', 3,
  'the verifications run') from written;

select throws_ok($$select deal_advisor.report('pdf')$$, '22023', null, 'unknown formats are refused');
select throws_ok($$select deal_advisor.report(options => '{"colour": 1}')$$, '22023', null, 'and unknown options');
select throws_ok($$select deal_advisor.report(options => '{"max_items": 0}')$$, '22023', null, 'and values out of range');
select throws_ok($$select deal_advisor.report(schemas => '{tap_nowhere}')$$, '3F000', null, 'and schemas that are not there');
select * from finish();
rollback;
