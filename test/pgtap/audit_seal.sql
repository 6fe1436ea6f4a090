-- audit_seal, audit_verify, audit_forget: what is changed behind the log's back is told, what is erased in order is not. It commits, so nothing is rolled back.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists sealed, sealed_audit, plainly, plainly_audit cascade;
do $$ begin execute (select coalesce(string_agg(format('drop owned by %1$I; drop role %1$I', rolname), ';'), 'select 1') from pg_roles where rolname in ('seal_keeper', 'seal_stranger')); end $$;
create role seal_keeper nologin;
create role seal_stranger;
create schema sealed;
create table sealed.t (id int primary key, code text, note text);
select deal_advisor.audit_enable('sealed.t', log_owner => 'seal_keeper', statement => true) \g /dev/null
create function sealed.problems(anchor text default null) returns text language sql as $$
  select coalesce(string_agg(concat_ws(' ', 'seal ' || seal, relation, problem), '; ' order by seal, relation, problem), 'none')
  from deal_advisor.audit_verify('sealed_audit', anchor) where detail not like '% seals; %' $$;
create function sealed.after(statement text, anchor text default null) returns text language plpgsql as $$
declare found text;
begin
  -- what is told after an attack, which is then taken back
  begin
    execute statement;
    found := sealed.problems(anchor);
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then return found;
  end;
end $$;
select plan(68);

-- Sealing
select is(sealed.problems(), 'nothing is sealed', 'a log without seals is not called good');
insert into sealed.t select i, 'c' || i, 'note ' || i from generate_series(1, 20) i;
update sealed.t set note = 'changed' where id <= 5;
delete from sealed.t where id = 20;
select results_eq($$select sealed, seals, seal, length(digest) from deal_advisor.audit_seal('sealed_audit')$$, $$values (29::bigint, 1, 1::bigint, 64)$$, 'everything that is over is sealed: 26 events and 3 transactions');
select digest as first_digest from sealed_audit.audit_seal where seal = 1 \gset
select is(sealed.problems(), 'none', 'and is as it was sealed');
select results_eq($$select sealed, seals, seal, digest from deal_advisor.audit_seal('sealed_audit')$$, format($$values (0::bigint, 0, 1::bigint, %L)$$, :'first_digest'), 'sealing again makes no seal and gives the same digest');
select results_eq($$select ok, row_count from deal_advisor.audit_verify('sealed_audit', null)$$, $$values (true, 29::bigint)$$, 'verification says how many rows it compared');
insert into sealed.t values (21, 'c21', 'later');
select is(sealed.problems(), 'none', 'what is not sealed yet is no problem');
select matches((select detail from deal_advisor.audit_verify('sealed_audit')), '2 rows wait for the next seal', 'and is told');
select is((select seal from deal_advisor.audit_seal('sealed_audit')), 2::bigint, 'a second seal');
select digest as second_digest from sealed_audit.audit_seal where seal = 2 \gset
select is((select previous from sealed_audit.audit_seal where seal = 2), :'first_digest', 'is chained to the first');
begin;
insert into sealed.t values (22, 'c22', 'own');
select is((select sealed from deal_advisor.audit_seal('sealed_audit')), 0::bigint, 'the own transaction is not over, so not sealed');
rollback;

-- Attacks on rows, each by a superuser
select is(sealed.after($$update sealed_audit.audit_event set image = image || '{"note": "forged"}' where row_key & 255 = 3 and op = 'I'$$), 'seal 1 audit_event rows were changed', 'an edited image');
select is(sealed.after($$update sealed_audit.audit_event set op = 'D' where row_key & 255 = 3 and op = 'I'$$), 'seal 1 audit_event rows were changed', 'another operation');
select is(sealed.after($$update sealed_audit.audit_event set layout = layout + 1 where row_key & 255 = 3 and op = 'I'$$), 'seal 1 audit_event rows were changed', 'another layout');
select is(sealed.after($$update sealed_audit.audit_event set ctx = ctx + 1 where row_key & 255 = 3 and op = 'I'$$), 'seal 1 audit_event rows were changed', 'another context');
select is(sealed.after($$update sealed_audit.audit_event set at = at + interval '1 us' where row_key & 255 = 3 and op = 'I'$$), 'seal 1 audit_event rows were changed', 'another time');
select is(sealed.after($$update sealed_audit.audit_event set at = at + interval '1 day' where row_key & 255 = 3 and op = 'I'$$), 'seal 1 audit_event rows are missing; seal 1 audit_event rows were added', 'another day');
select is(sealed.after($$update sealed_audit.audit_event set image = null where row_key & 255 = 3 and op = 'I'$$), 'seal 1 audit_event rows were changed', 'an emptied image that nobody asked to forget');
select is(sealed.after($$update sealed_audit.audit_event set seq = case seq when 1 then 2 else 1 end where seq in (1, 2) and op = 'I' and row_key & 255 in (1, 2)$$), 'seal 1 audit_event rows were changed', 'two events in the other order');
select is(sealed.after($$update sealed_audit.audit_event e set image = o.image from sealed_audit.audit_event o where o.op = 'I' and e.op = 'I' and (e.row_key & 255, o.row_key & 255) in ((1, 2), (2, 1))$$), 'seal 1 audit_event rows were changed', 'two events with their images swapped');
select is(sealed.after($$delete from sealed_audit.audit_event where row_key & 255 = 3 and op = 'I'$$), 'seal 1 audit_event rows are missing', 'a deleted event');
select is(sealed.after($$insert into sealed_audit.audit_event select * from sealed_audit.audit_event where row_key & 255 = 3 and op = 'I'$$), 'seal 1 audit_event rows were added', 'an event twice');
select is(sealed.after($$insert into sealed_audit.audit_overflow select at, xid, row_key, 1000, layout, ctx, op, image from sealed_audit.audit_event where row_key & 255 = 3 and op = 'I'$$), 'seal 1 audit_event rows were added', 'an invented event of a sealed transaction, in the overflow table');
select is(sealed.after($$with gone as (delete from sealed_audit.audit_event where row_key & 255 = 3 and op = 'I' returning *) insert into sealed_audit.audit_event select at, xid, row_key, seq, layout, ctx, op, '{"id": 3}' from gone$$), 'seal 1 audit_event rows were changed', 'an event exchanged for another');
select is(sealed.after($$delete from sealed_audit.audit_event where xid = (select max(xid) from sealed_audit.audit_event)$$), 'seal 2 audit_event rows are missing', 'the newest sealed events cut off');
select is(sealed.after($$update sealed_audit.audit_tx set role_name = 'somebody_else'$$), 'seal 1 audit_tx rows were changed; seal 2 audit_tx rows were changed', 'another role in the transactions');
select is(sealed.after($$update sealed_audit.audit_tx set statement = null where xid = (select min(xid) from sealed_audit.audit_tx)$$), 'seal 1 audit_tx rows were changed', 'a removed statement');
select is(sealed.after($$delete from sealed_audit.audit_tx where xid = (select min(xid) from sealed_audit.audit_tx)$$), 'seal 1 audit_tx rows are missing', 'a deleted transaction');
select is(sealed.after($$update sealed_audit.audit_layout set columns = replace(columns::text, '"note"', '"code2"')::jsonb$$), 'seal 1 audit_layout layouts were changed', 'columns renamed in a layout');
select is(sealed.after($$truncate sealed_audit.audit_event$$), 'seal 1 audit_event rows are missing; seal 2 audit_event rows are missing', 'an emptied log');

-- What is no attack
select is(sealed.after($$update sealed_audit.audit_event set image = image::text::jsonb$$), 'none', 'images that went through text, as dump and restore do, are the same');
select is(sealed.after($$with moved as (delete from sealed_audit.audit_event where row_key & 255 < 9 returning *) insert into sealed_audit.audit_overflow select * from moved$$), 'none', 'rows that wait in the overflow table are the same');
select is(sealed.after($$create temp table kept as table sealed_audit.audit_event; truncate sealed_audit.audit_event; insert into sealed_audit.audit_event select * from kept order by image desc$$), 'none', 'how rows lie about does not matter');

-- Attacks on seals
select is(sealed.after($$update sealed_audit.audit_seal set sealed_by = 'x' where seal = 1$$), 'seal 1 the seal was changed', 'an edited seal');
select is(sealed.after($$update sealed_audit.audit_seal set digest = repeat('0', 64) where seal = 1$$), 'seal 1 the seal was changed; seal 2 the seal does not follow the one before', 'another digest breaks the chain');
select matches(sealed.after($$delete from sealed_audit.audit_seal where seal = 1$$), 'seal 2 seals are missing', 'a deleted first seal');
select is(sealed.after($$delete from sealed_audit.audit_seal where seal = 2$$), 'none', 'a chain cut at its end looks good');
select is(sealed.after($$delete from sealed_audit.audit_seal where seal = 2$$, :'second_digest'), 'the anchor is no seal of this log', 'but not with the anchor');
create function sealed.forge() returns void language plpgsql as $$ begin
  update sealed_audit.audit_event set image = image || '{"note": "forged"}' where row_key & 255 = 3 and op = 'I';
  delete from sealed_audit.audit_seal;
  perform deal_advisor.audit_seal('sealed_audit');
end $$;
select is(sealed.after($$select sealed.forge()$$), 'none', 'a whole chain made anew looks good');
select is(sealed.after($$select sealed.forge()$$, :'second_digest'), 'the anchor is no seal of this log', 'but not with the anchor');
select is(sealed.problems(:'first_digest'), 'none', 'an older anchor is good as long as its seal is there');
select is(sealed.after($$drop table sealed_audit.audit_seal$$, :'first_digest'), 'the anchor is no seal of this log', 'seals that are gone altogether are missed by the anchor');

-- Forgetting
select results_eq($$select events, statements > 0, other_keys, seal > 2 from deal_advisor.audit_forget('sealed.t', '{"id": 3}', '{"reason": "request 1"}')$$, $$values (2::bigint, true, '[]'::jsonb, true)$$, 'a row is forgotten: its insert and its update');
select is_empty($$select from sealed_audit.audit_log where image @> '{"id": 3}'$$, 'no image of it is left');
select is((select count(*) from sealed_audit.audit_log where image is not null and op = 'I'), 20::bigint, 'all others are');
select is(sealed.problems(:'second_digest'), 'none', 'and the log is as it was sealed');
select results_eq($$select reason, erased_by, count(*) from sealed_audit.audit_erased where relation = 'audit_event' group by 1, 2$$, $$select 'request 1', current_user::text collate "default", 2::bigint$$, 'who erased it and why is kept');
select is(sealed.after($$update sealed_audit.audit_event set op = 'D' where image is null and op = 'I'$$), 'seal 1 audit_event rows were changed', 'what is left of an erased event is still guarded');
select is(sealed.after($$update sealed_audit.audit_event set image = '{"id": 3, "note": "invented"}' where image is null and op = 'I'$$), 'seal 1 audit_event rows were changed', 'so is that it is empty');
select matches(sealed.after($$delete from sealed_audit.audit_erased where relation = 'audit_event'$$), 'audit_erased erasures were changed', 'an erasure that was removed');
select matches(sealed.after($$update sealed_audit.audit_erased set reason = 'other'$$), 'audit_erased erasures were changed', 'an erasure that was edited');
create function sealed.erase_by_hand() returns void language plpgsql as $$ begin
  insert into sealed_audit.audit_erased (relation, at, xid, seq, before, after, erased, erased_by)
    select 'audit_event', at, xid, seq, sha256('a'), sha256('b'), now(), 'me' from sealed_audit.audit_event where image @> '{"id": 4}' and op = 'I';
  update sealed_audit.audit_event set image = null where image @> '{"id": 4}' and op = 'I';
end $$;
select matches(sealed.after($$select sealed.erase_by_hand()$$), 'audit_erased erasures without a seal; seal 1 audit_event rows were changed|seal 1 audit_event rows were changed; audit_erased erasures without a seal', 'an erasure by hand is told');
select is_empty($$select from deal_advisor.audit_history('sealed.t', '3')$$, 'the forgotten row has no history any more');
select is((select count(*) from deal_advisor.audit_history('sealed.t', '4')), 2::bigint, 'other rows have theirs');
update sealed.t set id = 100 where id = 7;
select results_eq($$select events, other_keys from deal_advisor.audit_forget('sealed.t', '100')$$, $$values (1::bigint, '[{"id": 7}]'::jsonb)$$, 'a bare key; the key that the row had before is told');
select is(sealed.problems(), 'none', 'what was erased before it was sealed is sealed as it is');
select throws_ok($$select deal_advisor.audit_forget('sealed.t', '{"code": "c1"}')$$, '22023', null, 'another column is no key');
select throws_ok($$select deal_advisor.audit_forget('sealed.t', '[1]')$$, '22023', null, 'nor is an array');

-- Rights
set role seal_stranger;
select throws_ok($$select deal_advisor.audit_seal('sealed_audit')$$, '42501', 'must be owner of the audit log in schema sealed_audit', 'a stranger can''t seal');
select throws_ok($$select deal_advisor.audit_verify('sealed_audit')$$, '42501', null, 'nor verify');
select throws_ok($$select deal_advisor.audit_forget('sealed.t', '1')$$, '42501', null, 'nor forget');
reset role;
select throws_ok($$select deal_advisor.audit_seal('sealed')$$, '42704', 'there is no audit log in schema sealed', 'a schema without a log');
select is((select tableowner::text from pg_tables where schemaname = 'sealed_audit' and tablename = 'audit_seal'), 'seal_keeper', 'seals belong to the log''s owner');
drop schema sealed, sealed_audit cascade;

-- Typed history, and seals divided by rows
create schema plainly;
create table plainly.t (id int primary key, price numeric(10, 2), made timestamptz, mood text[]);
select deal_advisor.audit_enable('plainly.t', mode => 'typed') \g /dev/null
insert into plainly.t select i, i * 1.5, '2026-01-01', '{a,b}' from generate_series(1, 10) i;
insert into plainly.t select i, i * 1.5, '2026-01-01', '{a,b}' from generate_series(11, 20) i;
update plainly.t set price = 1 where id = 3;
select results_eq($$select sealed, seals from deal_advisor.audit_seal('plainly_audit', '{"max_rows": 5}')$$, $$values (24::bigint, 3)$$, 'more rows than one seal takes make several, transactions whole');
set timezone = 'Asia/Tokyo';
set datestyle = 'German';
select ok((select bool_and(ok) from deal_advisor.audit_verify('plainly_audit')), 'a typed history is as it was sealed, whatever the session''s settings');
reset timezone;
reset datestyle;
begin;
update plainly_audit.history_t set price = 2 where id = 5;
select is((select string_agg(relation || ' ' || problem, '; ') from deal_advisor.audit_verify('plainly_audit') where relation is not null), 'history_t rows were changed', 'an edit of it is told');
rollback;
select is((select events from deal_advisor.audit_forget('plainly.t', '{"id": 3}')), 2::bigint, 'a row is forgotten there, too');
select is_empty($$select from plainly_audit.history_t where id = 3 or (audit_row_key & 255 = 3 and price is not null)$$, 'its columns are empty');
select ok((select bool_and(ok) from deal_advisor.audit_verify('plainly_audit')), 'and the log is as it was sealed');
drop schema plainly, plainly_audit cascade;
drop role seal_keeper, seal_stranger;
select * from finish();
