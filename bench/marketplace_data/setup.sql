-- An installed marketplace in schema mp that is about to be filled: its application role, and out of the way whatever would be
-- done row by row (triggers, foreign keys, index entries): what triggers keep right, the other files here keep right set by set.
\set ON_ERROR_STOP on
set client_min_messages = warning;
create extension if not exists pg_trgm;
select deal_advisor.marketplace_install('mp') \g /dev/null
select mp.ensure_partitions('mp.price_history', 13, 1) \g /dev/null

do $$ begin
  if not exists (select from pg_roles where rolname = 'marketplace_bench_app') then
    create role marketplace_bench_app;
  end if;
end $$;
insert into mp.database_roles (role_name, kind) values ('marketplace_bench_app', 'application');
grant usage on schema mp to marketplace_bench_app;
grant select, insert, update, delete on all tables in schema mp to marketplace_bench_app;
revoke all on mp.database_roles from marketplace_bench_app;

-- What finish.sql makes again.
create schema load;
create unlogged table load.later (n int generated always as identity, statement text);
insert into load.later (statement)
  select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class t on t.oid = i.indrelid
   where t.relnamespace = 'mp'::regnamespace and t.relname in ('products', 'listings', 'users', 'messages', 'conversations')
     and not exists (select from pg_constraint c where c.conindid = i.indexrelid);
insert into load.later (statement)
  select format('alter table mp.price_history add constraint %I %s', conname, pg_get_constraintdef(oid))
    from pg_constraint where conrelid = 'mp.price_history'::regclass and contype = 'p';
do $$
declare
  name text;
begin
  for name in select i.indexrelid::regclass from pg_index i join pg_class t on t.oid = i.indrelid
    where t.relnamespace = 'mp'::regnamespace and t.relname in ('products', 'listings', 'users', 'messages', 'conversations')
      and not exists (select from pg_constraint c where c.conindid = i.indexrelid) loop
    execute 'drop index ' || name;
  end loop;
  alter table mp.price_history drop constraint price_history_pkey;
end $$;
