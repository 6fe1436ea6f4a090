-- A million server errors caught in C++ in one backend: no growth, no object left.
select plan(13);
create temp table growth as
select 'no subtransaction'::text as kind, s.* from deal_test.storm(1000000, false) s;
select is(caught, 1000000::bigint, 'errors caught: ' || kind) from growth;
select cmp_ok(resident, '<=', 262144::bigint, format('resident memory grew by %s bytes', resident)) from growth;
select cmp_ok(allocated, '<=', 262144::bigint, format('malloc grew by %s bytes', allocated)) from growth;
select cmp_ok(contexts, '<=', 262144::bigint, format('memory contexts grew by %s bytes', contexts)) from growth;
select is(live, 0::bigint, 'no C++ object is left') from growth;
truncate growth;
insert into growth select 'subtransaction each', s.* from deal_test.storm(100000, true) s;
select is(caught, 100000::bigint, 'errors caught: ' || kind) from growth;
select cmp_ok(resident, '<=', 262144::bigint, format('resident memory grew by %s bytes', resident)) from growth;
select cmp_ok(allocated, '<=', 262144::bigint, format('malloc grew by %s bytes', allocated)) from growth;
select cmp_ok(contexts, '<=', 262144::bigint, format('memory contexts grew by %s bytes', contexts)) from growth;
select is(live, 0::bigint, 'no C++ object is left') from growth;
select cmp_ok(deal_test.made(), '>=', 1100000::bigint, 'and there was one for each error');

-- errors that leave us and are caught by PL/pgSQL
create procedure deal_test.catch_outside(turns int) language plpgsql as $$
begin
  for i in 1 .. turns loop
    begin
      if i % 2 = 0 then perform deal_test.throw_plain(); else perform deal_test.relay('select 1/0'); end if;
    exception when others then null;
    end;
  end loop;
end $$;
call deal_test.catch_outside(2000);
create temp table started as select deal_test.resident();
call deal_test.catch_outside(30000);
select cmp_ok(deal_test.resident() - resident, '<=', 262144::bigint,
              format('30000 errors caught by PL/pgSQL: resident memory grew by %s bytes', deal_test.resident() - resident))
  from started;
select is(deal_test.live(), 0::bigint, 'no C++ object is left');
select * from finish();
drop procedure deal_test.catch_outside(int);
