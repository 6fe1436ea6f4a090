-- Soft deletes: rows that are deleted stay, marked; readers of the live view don't see them.

create function deal_advisor.soft_delete() returns trigger
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_soft_delete';
comment on function deal_advisor.soft_delete() is
'Trigger that soft_delete_enable puts on a table, its live view, and the tables that refer to it: marks rows instead of deleting them, does to referring rows what their foreign keys say, and keeps live rows from referring to marked ones. Errors: 23503; 39P01 when called otherwise. Example: select tgrelid::regclass from pg_catalog.pg_trigger where tgfoid = ''deal_advisor.soft_delete()''::regprocedure;';

create function deal_advisor.soft_delete_enable(
  rel regclass,
  deleted_at name default 'deleted_at',
  live_view name default null,
  options jsonb default '{}')
returns text
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_soft_delete_enable';
comment on function deal_advisor.soft_delete_enable(regclass, name, name, jsonb) is
'Makes DELETE on a table mark rows instead: sets the time in a column, which is added if it is missing; and makes a view of the rows that are live. rel: a table, its partitions and the tables that inherit from it follow; deleted_at: timestamptz; live_view: its name, in the table''s schema (null: the table''s and _live; '''': none). DELETE on the table reports 0 rows, on the view as many as it deleted (with a primary key). Foreign keys that refer to the table act as ever: NO ACTION and RESTRICT refuse while a live row refers (at the end of the statement), CASCADE marks the rows too, with the same time, SET NULL and SET DEFAULT do that; a row that a cascade takes along after its parent was really deleted goes as well. A live row can''t be made to refer to a marked one. Called again it takes new settings, foreign keys and columns (for the view) into account. options: unique (names of UNIQUE constraints that become partial unique indexes, for live rows only; ON CONFLICT (...) must then say where deleted_at is null), build_up_to (''1GB'': bigger tables need the index built concurrently before), cascade (refuse (default): tables whose rows go along must have soft deletes; delete: their rows are deleted for good), check_references (true; false: no trigger on the tables that refer), lock_timeout_ms (50), max_tries (60). Locks: SHARE ROW EXCLUSIVE, on the tables that refer too; ACCESS EXCLUSIVE for milliseconds where a column is added, or triggers or constraints are replaced; SHARE while an index is built. Errors: 42501 unless the caller owns the table (and the tables that refer to it); 42809 no table; 0A000 a partition, a partition key, a constraint that can''t be replaced; 22023 options; 42804 the column''s type; 55000 a table that goes along has no soft deletes, or is too big for an index; 42P07 the view''s name is taken; 42704 no such constraint; 55P03 locks. Example: select deal_advisor.soft_delete_enable(''shop.users'', options => ''{"unique": ["users_email_key"]}'');';

create function deal_advisor.soft_delete_disable(rel regclass) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_soft_delete_disable';
comment on function deal_advisor.soft_delete_disable(regclass) is
'Ends what soft_delete_enable began: drops its triggers, so that DELETE deletes. Column, marked rows, view and partial indexes stay. Errors: 42704 no soft deletes; 42501 unless the caller owns the table; 55P03 locks. Example: select deal_advisor.soft_delete_disable(''shop.users'');';

create function deal_advisor.soft_delete_restore(rel regclass, key jsonb) returns bigint
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_soft_delete_restore';
comment on function deal_advisor.soft_delete_restore(regclass, jsonb) is
'Brings a deleted row back, and exactly the rows that went with it; the number of rows, itself among them. key: an object of the primary key''s columns; without a primary key, of columns that tell the row. What SET NULL took away stays away. Errors: 42704 no soft deletes; 22023 the key; P0002 no deleted row has it; 21000 several have; 23503 its own parent is deleted; 23505 a live row has taken its place; 42501 without the right to update the table. Example: select deal_advisor.soft_delete_restore(''shop.users'', ''{"id": 42}'');';

create procedure deal_advisor.soft_delete_purge(rel regclass, older interval, batch integer default 1000)
  language c
  as 'MODULE_PATHNAME', 'deal_advisor_soft_delete_purge';
comment on procedure deal_advisor.soft_delete_purge(regclass, interval, integer) is
'Deletes rows for good that were deleted longer ago; commits after each batch, so it can be ended and called again at any time. older: an interval, ''0'' for all; batch: rows of one transaction. Foreign keys act as in any DELETE; rows that NO ACTION or RESTRICT keeps, because others refer to them, stay, which a WARNING tells: purge the tables that refer first. Skips rows that others have locked. Runs as the table''s owner, without row security. Errors: 42704 no soft deletes; 42501 unless the caller may act as the table''s owner; 22023 older, batch; 25001 in a transaction block. Example: call deal_advisor.soft_delete_purge(''shop.users'', ''90 days'');';
