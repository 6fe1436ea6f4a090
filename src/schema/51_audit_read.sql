-- Auditing: reading the log, and taking changes back.

create type deal_advisor.audit_version as (
  version integer,
  op text,
  at timestamptz,
  exact boolean,
  xid xid8,
  seq integer,
  session_user_name name,
  role_name name,
  app_user text,
  context jsonb,
  client_addr inet,
  application_name text,
  query_id bigint,
  statement text,
  changed text[],
  old_row jsonb,
  new_row jsonb
);
comment on type deal_advisor.audit_version is
'One change of a row. version: from 1, the oldest that is recorded; op: insert, update, delete, truncate, baseline, key change (under the old key the row ends, under the new one it begins); at: when it was committed (exact: by track_commit_timestamp; else just before; of an open transaction: now); xid, seq: transaction and order within it; then who it was, as the server saw it, but for app_user and context, which the application claimed; changed: the columns of an update, under their names of today; old_row, new_row: the row before and after, with the columns of then under their names of today. Example: select version, op, at, changed from deal_advisor.audit_history(''shop.orders'', ''{"id": 5}'');';

create function deal_advisor.audit_history(rel regclass, key jsonb, options jsonb default '{}')
returns setof deal_advisor.audit_version
  language c volatile parallel unsafe rows 20
  as 'MODULE_PATHNAME', 'deal_advisor_audit_history';
comment on function deal_advisor.audit_history(regclass, jsonb, jsonb) is
'Every recorded change of one row, oldest first; of a row that is gone, too. rel: the audited table; key: {"id": 5}, or just 5 where the key is one column; the whole row where the table has no key. options: limit (the newest so many). Needs SELECT on the table or all its columns; where row security applies to the caller, audit_grant_read by the owner. Works read-only and on a standby. Errors: 42704 not audited; 42809 part of an audited table; 22023 key or options; 42501. Example: select version, op, at, role_name, changed, old_row, new_row from deal_advisor.audit_history(''shop.orders'', ''{"id": 5}'');';

create function deal_advisor.audit_as_of(rel anyelement, at timestamptz, key jsonb default null, options jsonb default '{}')
returns setof anyelement
  language c volatile parallel unsafe rows 1000
  as 'MODULE_PATHNAME', 'deal_advisor_audit_as_of';
comment on function deal_advisor.audit_as_of(anyelement, timestamptz, jsonb, jsonb) is
'The table as it was at a time, in its own row type: with all that was committed by then. rel: a NULL of the table''s row type; at: since auditing began; key: one row only, as for audit_history. Columns that weren''t there then, and those that the log ignores, redacts or hashes where they changed since, are null. A change of the table''s columns is noticed by the first write after it. options: incomplete (true: what the log knows where that isn''t all, instead of error DA002), look_back_ms (with track_commit_timestamp: how long a transaction may stay prepared, default 600000). Current rows are read with the caller''s rights. Works read-only and on a standby. Errors: 22023 a time in the future or before auditing, key, options; DA002 TRUNCATE whose rows were not recorded, or auditing was disabled; 22P02 and others of class 22: an old value is none of the column''s type now (see audit_as_of_json); 42501, 42704, 42804. Example: select * from deal_advisor.audit_as_of(null::shop.orders, now() - interval ''1 hour'') where total > 100;';

create function deal_advisor.audit_as_of_json(rel regclass, at timestamptz, key jsonb default null, options jsonb default '{}')
returns setof jsonb
  language c volatile parallel unsafe rows 1000
  as 'MODULE_PATHNAME', 'deal_advisor_audit_as_of_json';
comment on function deal_advisor.audit_as_of_json(regclass, timestamptz, jsonb, jsonb) is
'As audit_as_of, but each row as jsonb with the columns of that time under their names of that time; a value of a column that was dropped since is there if the log has it. Arguments and errors as audit_as_of. Example: select r ->> ''total'' from deal_advisor.audit_as_of_json(''shop.orders'', now() - interval ''1 hour'') r;';

create type deal_advisor.audit_change as (
  at timestamptz,
  exact boolean,
  xid xid8,
  seq integer,
  op text,
  key jsonb,
  changed text[],
  old_values jsonb,
  new_values jsonb,
  role_name name,
  app_user text
);
comment on type deal_advisor.audit_change is
'One change of an audited table. at, exact, xid, seq, op, changed: as in audit_version; key: of the row; old_values, new_values: of an update the columns that changed, else the whole row; under names of today. op alter (after audit_ddl_enable): new_values says what became of the table. Example: select at, op, key, old_values, new_values from deal_advisor.audit_changes(''shop.orders'', now() - interval ''1 day'', now());';

create function deal_advisor.audit_changes(
  rel regclass,
  from_time timestamptz,
  to_time timestamptz,
  options jsonb default '{}')
returns setof deal_advisor.audit_change
  language c volatile parallel unsafe rows 1000
  as 'MODULE_PATHNAME', 'deal_advisor_audit_changes';
comment on function deal_advisor.audit_changes(regclass, timestamptz, timestamptz, jsonb) is
'What was changed in a table between two times, in the order of commits. rel: the audited table; from_time: inclusive; to_time: exclusive. options: look_back_ms as for audit_as_of. Rights as for audit_history. Works read-only and on a standby. Errors: 42704 not audited; 42809 part of an audited table; 22023 times or options; 42501. Example: select at, op, key, old_values, new_values, role_name from deal_advisor.audit_changes(''shop.orders'', now() - interval ''1 day'', now());';

create function deal_advisor.audit_restore(rel regclass, key jsonb, at timestamptz) returns text
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_restore';
comment on function deal_advisor.audit_restore(regclass, jsonb, timestamptz) is
'Brings one row back to what it was at a time: inserts, updates or deletes it, as the caller; returns what was done (inserted, updated: columns, deleted, unchanged). Keeps the row''s identity values; generated columns follow; columns that the log doesn''t have (ignored, redacted, hashed, dropped) stay, or get their default. That is audited like any write. rel: the audited table; key: as for audit_history; at: as for audit_as_of. Errors: those of audit_as_of; what the server says to the write. Example: select deal_advisor.audit_restore(''shop.orders'', ''{"id": 5}'', now() - interval ''1 hour'');';

create type deal_advisor.audit_undone as (
  relation text,
  key jsonb,
  action text,
  status text,
  detail text
);
comment on type deal_advisor.audit_undone is
'One thing that audit_undo did or left. action: insert, update, delete, or none; status: undone, conflict (left as it is), skipped (there was nothing to do it to); detail: why, or which values the log doesn''t have. Example: select relation, key, status, detail from deal_advisor.audit_undo(''1234'', ''{"conflicts": "skip"}'') where status <> ''undone'';';

create function deal_advisor.audit_undo(xid xid8, options jsonb default '{}')
returns setof deal_advisor.audit_undone
  language c volatile parallel unsafe rows 100
  as 'MODULE_PATHNAME', 'deal_advisor_audit_undo';
comment on function deal_advisor.audit_undo(xid8, jsonb) is
'Takes back what a transaction did to all audited tables whose log the caller may read: the last change first, in few statements, as the caller. That is audited like any write, so it can be undone as well. xid: of the transaction, as audit_history and audit_changes tell it. options: conflicts (rows that a later transaction changed, that are gone, or that exist already: error (default; nothing is done, the DETAIL lists 20), skip, force), relation (only these tables: ["shop.orders"]). Rows of a transaction are locked first. Errors: DA003 conflicts; 42704 no such transaction; 22023 options; 55000 row security or triggers keep rows from being written; what the server says to the writes. Example: select * from deal_advisor.audit_undo(''1234'');';

create function deal_advisor.audit_grant_read(rel regclass, role name) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_grant_read';
comment on function deal_advisor.audit_grant_read(regclass, name) is
'Lets a role (and its members) read the audit log of a table although row security hides rows of the table from it: the log shows all of them. SELECT on the table is needed all the same. rel: the audited table; role: its name. Errors: 42501 unless the caller owns the table; 42704 no such role, or not audited. Example: select deal_advisor.audit_grant_read(''shop.orders'', ''auditor'');';

create function deal_advisor.audit_revoke_read(rel regclass, role name) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_revoke_read';
comment on function deal_advisor.audit_revoke_read(regclass, name) is
'Takes audit_grant_read back. rel: the audited table; role: its name. Errors: 42501 unless the caller owns the table; 42704 no such role, or not audited. Example: select deal_advisor.audit_revoke_read(''shop.orders'', ''auditor'');';
