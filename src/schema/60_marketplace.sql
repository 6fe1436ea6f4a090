-- The marketplace: a schema for products, buyers, conversations and prices, made by one call and owned by the caller.

create table deal_advisor.marketplace (
  schema_name name primary key,
  version integer not null,
  modules text[] not null,
  options jsonb not null,
  server_major integer not null,
  objects jsonb not null,
  installed_at timestamptz not null default pg_catalog.now()
);
comment on table deal_advisor.marketplace is
'The marketplaces of this database: one row for each call of marketplace_install, keyed by name, so that dumps carry it. objects: what was made, with a digest of each definition. Written by marketplace_install, marketplace_upgrade and marketplace_uninstall only; nobody has rights on it. Example: select schema_name, version, state from deal_advisor.marketplace_status();';
select pg_catalog.pg_extension_config_dump('deal_advisor.marketplace', '');

create function deal_advisor.marketplace_install(
  schema name default 'marketplace',
  options jsonb default '{}')
returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_install';
comment on function deal_advisor.marketplace_install(name, jsonb) is
'Makes a marketplace in a schema of its own: tables, functions, row security. All of it is ordinary objects that the caller owns; DROP EXTENSION leaves them, and they go on working. Called again it adds modules that are asked for and not there yet, with the options of the first call, else does nothing. schema: its name; it must not exist, or be empty and the caller''s. options: modules (array of base, catalog, pricing, statistics, conversations, alerts, auth, privacy; default all, without those whose extension isn''t there; what they need comes with them), triggers (true), row_security (true), currency (EUR), partition_step (month or year), text_search (a configuration: english), audit (false), encryption (false; needs pgcrypto). Errors: 0A000 an extension is missing; 55000 the schema holds something else, or what was installed there is gone; 42501 schemas of others; 22023 options. Example: select deal_advisor.marketplace_install(''shop'', ''{"currency": "USD"}'');';

create function deal_advisor.marketplace_upgrade(schema name default 'marketplace') returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_upgrade';
comment on function deal_advisor.marketplace_upgrade(name) is
'Brings a marketplace to the version that this extension knows; says so when there is nothing to do. ALTER EXTENSION UPDATE never touches a marketplace. schema: where it is. Errors: 42704 none there; 42501 unless the caller owns it; 55000 it is newer than the extension. Example: select deal_advisor.marketplace_upgrade(''shop'');';

create type deal_advisor.marketplace_state as (
  schema_name text,
  version integer,
  modules text[],
  state text,
  object text,
  detail text
);
comment on type deal_advisor.marketplace_state is
'How a marketplace differs from what was installed. state: ok (one row, nothing differs), missing and changed (object: what), added (a column, index, ... that was made since), old (marketplace_upgrade has something to do), gone (the schema is not there). Example: select object, state from deal_advisor.marketplace_status() where state in (''missing'', ''changed'');';

create function deal_advisor.marketplace_status(schema name default null)
returns setof deal_advisor.marketplace_state
  language c stable parallel unsafe rows 10
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_status';
comment on function deal_advisor.marketplace_status(name) is
'The marketplaces of this database and what has drifted in them since they were installed: those on whose schema the caller has USAGE; all for members of pg_monitor. Definitions are compared on the major version of the server that they were noted on; on another one only what is missing or added is told. Changes nothing. schema: only this one. Errors: 42704 none there. Example: select * from deal_advisor.marketplace_status(''shop'');';

create function deal_advisor.marketplace_uninstall(schema name, confirm text) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_uninstall';
comment on function deal_advisor.marketplace_uninstall(name, text) is
'Drops a marketplace with all of its data, and whatever else is in its schema: the only call that does. schema: where it is; confirm: the schema''s name again. Errors: 22023 confirm is another text; 2BP01 objects in other schemas depend on it; 42704 none there; 42501 unless the caller owns it; 55P03 locks. Example: select deal_advisor.marketplace_uninstall(''shop'', ''shop'');';

do $$ begin
  raise notice 'select deal_advisor.marketplace_install(''marketplace''); makes a marketplace schema of your own';
end $$;
