-- Stamps: when a row was made and changed, and by whom.

create function deal_advisor.stamp() returns trigger
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_stamp';
comment on function deal_advisor.stamp() is
'Trigger that stamp_enable puts on a table: fills the columns of its column list. Never makes a write fail. Errors: 39P01 when called otherwise. Example: select tgrelid::regclass from pg_catalog.pg_trigger where tgfoid = ''deal_advisor.stamp()''::regprocedure;';

create function deal_advisor.stamp_enable(
  rel regclass,
  created_at name default 'created_at',
  updated_at name default 'updated_at',
  created_by name default null,
  updated_by name default null,
  options jsonb default '{}')
returns text
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_stamp_enable';
comment on function deal_advisor.stamp_enable(regclass, name, name, name, name, jsonb) is
'Keeps the columns that say when a row was made and last changed, and by whom; adds those that are missing, without rewriting the table. rel: a table, its partitions and the tables that inherit from it follow; created_at, updated_at: columns of type timestamptz or timestamp, null: not kept; created_by, updated_by: of type text, varchar or name. An INSERT keeps what it brings along and gets the rest; an UPDATE can''t change created_*, and gets new updated_* when any other column really changed. By whom: key "user" of the JSON text in the setting deal_advisor.audit_context, else the role of the session (SET ROLE counts). options: clock (transaction (default): now(); statement; clock), trust_insert (true; false: an INSERT can''t bring stamps along), old_rows (of columns that are added: now (default): the time of this call, not null; null: unknown), lock_timeout_ms (50), max_tries (60). Locks: SHARE ROW EXCLUSIVE; ACCESS EXCLUSIVE for milliseconds where a column is added or triggers are replaced. Errors: 42501 unless the caller owns the table; 42809 no table; 0A000 a partition, or trust_insert false on a partitioned table; 22023 options, columns; 42804 a column''s type; 428C9 a generated column; 55P03 locks. Example: select deal_advisor.stamp_enable(''shop.orders'', updated_by => ''updated_by'');';

create function deal_advisor.stamp_disable(rel regclass) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_stamp_disable';
comment on function deal_advisor.stamp_disable(regclass) is
'Ends what stamp_enable began: drops its triggers. The columns stay, with their defaults and values. Errors: 42704 no stamps; 42501 unless the caller owns the table; 55P03 locks. Example: select deal_advisor.stamp_disable(''shop.orders'');';
