-- Sets are materialised: the same rows in FROM and in the select list.
select plan(21);
select is(count(*), 10::bigint, 'rows in FROM') from deal_test.rows(10);
select results_eq('select * from deal_test.rows(7)', 'select (deal_test.rows(7)).*', 'the same rows in the select list');
select results_eq('select r from deal_test.rows(7) r', 'select deal_test.rows(7)', 'the same whole rows');
select results_eq('select a, b, c, d, e from deal_test.rows(3)',
  $$values (1, null, '{"i": 1}'::jsonb, '{e}'::text[], 0.5::float8), (2, '2', '{"i": 1}', '{e,e}', 1.0), (3, null, '{"i": 1}', '{}', 1.5)$$,
  'values and NULLs of each type');
select is_empty('select * from deal_test.rows(0)', 'no rows in FROM');
select is_empty('select deal_test.rows(0)', 'no rows in the select list');
select is((select count(*) from (select deal_test.rows(1000) limit 5) l), 5::bigint, 'a LIMIT above the select list');
select is((select sum(r.a) from generate_series(1, 3) g, lateral deal_test.rows(g) r), 10::bigint, 'LATERAL, run again for each row');
select is((select count(*) from rows from (deal_test.rows(3), deal_test.rows(5)) as r), 5::bigint, 'ROWS FROM');
select is((select count(*) from deal_test.rows(3) with ordinality), 3::bigint, 'WITH ORDINALITY');
select is((select count(*) from deal_test.anonymous_rows(4) as r(a int, b text, c jsonb, d text[], e float8)), 4::bigint,
          'a column definition list');
select throws_ok($$select * from deal_test.rows(1, 4)$$, 'XX000', 'result row has 4 values for 5 columns', 'too few values');
select throws_ok($$select * from deal_test.rows(1, 6)$$, 'XX000', 'result row has 6 values for 5 columns', 'too many values');
select throws_ok($$select deal_test.rows(1, 6)$$, 'XX000', null, 'too many values in the select list');
select throws_ok($$select deal_test.not_a_set(1)$$, '0A000', null, 'a set where none is accepted');
select throws_ok($$select deal_test.anonymous_rows(1)$$, '0A000', null, 'a set of unknown columns');
select results_eq('select * from deal_test.numbers(3)', 'values (1), (2), (3)', 'a single column in FROM');
select results_eq('select deal_test.numbers(3)', 'values (1), (2), (3)', 'a single column in the select list');
select is((select sum(a)::text || max(length(c::text)) from deal_test.rows(100000)), '50000500008', 'many rows, spilled to disk');
begin;
declare c scroll cursor for select a from deal_test.rows(3);
move forward all in c;
select results_eq('fetch backward 1 from c', 'values (3)', 'a cursor goes backward');
commit;
select is(deal_test.live(), 0::bigint, 'no C++ object is left');
select * from finish();
