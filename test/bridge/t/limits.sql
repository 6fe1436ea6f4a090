-- Time limits of our own end any work, are told from a user's cancel, and leave no cancel behind.
select plan(15);
select is(deal_test.limited(30), 'expired: 57014', 'an endless loop in C++');
select is(deal_test.limited(30, 'select count(*) from generate_series(1, 1e12)'), 'expired: 57014', 'an endless query');
select is(deal_test.limited(30, 'select pg_sleep(1000)'), 'expired: 57014', 'a query that waits');
select is(deal_test.limited(30, $sql$do $do$ begin loop perform 1; end loop; end $do$ $sql$), 'expired: 57014', 'an endless PL/pgSQL loop');
select is(deal_test.limited(600000, 'select 1'), 'done', 'work that ends in time');
select is(deal_test.limited(0, 'select 1'), 'done', 'no limit');
select is(deal_test.limited(-1, 'select 1'), 'done', 'no limit either');
select is(deal_test.limited(9223372036854775807, 'select 1'), 'done', 'a limit beyond the timer''s range');
select is((select state from deal_test.diagnose(
             $$select deal_test.limited(600000, 'select pg_cancel_backend(pg_backend_pid()), pg_sleep(1000)')$$)), '57014',
          'a user''s cancel under a limit stays a cancel');
select is(deal_test.nested_limits(), 'still expired, XX000, still expired', 'limits do not disturb one another');
select is(deal_test.late_limit(false), false, 'a limit that passes after the last poll cancels nothing else');
select is((select state from deal_test.diagnose('select deal_test.late_limit(true), pg_sleep(1)')), '57014', 'but a user''s cancel after it does');
select is(deal_test.limited(600000, 'select pg_sleep(0.05)'), 'done', 'later work is not cancelled');
select throws_ok($$select deal_test.limited(20, null), deal_test.limited(600000, 'select 1/0')$$, '22012', null,
                 'other errors under a limit stay what they are');
select is(deal_test.live(), 0::bigint, 'no C++ object is left');
select * from finish();
