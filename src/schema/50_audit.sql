-- Auditing: recording every change of a table.

create function deal_advisor.audit_capture() returns trigger
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_capture';
comment on function deal_advisor.audit_capture() is
'Trigger that audit_enable puts on the tables that it audits: records each change in the log that its arguments name. Never makes a write fail for a log that is gone or broken: a WARNING says so. Errors: 39P01 when called otherwise. Example: select tgrelid::regclass from pg_catalog.pg_trigger where tgfoid = ''deal_advisor.audit_capture''::regproc;';

create function deal_advisor.audit_enable(
  rel regclass,
  mode text default 'jsonb',
  ignore text[] default '{}',
  redact text[] default '{}',
  hash text[] default '{}',
  baseline boolean default false,
  truncate_rows boolean default false,
  statement boolean default false,
  insert_image boolean default true,
  fire text default 'always',
  log_owner name default null,
  options jsonb default '{}')
returns text
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_enable';
comment on function deal_advisor.audit_enable(regclass, text, text[], text[], text[], boolean, boolean, boolean, boolean, text, name, jsonb) is
'Records every change of a table from now on, with who made it and when; calling it again changes the settings and mends what is missing. rel: a table, partitioned or not; its partitions and inheritance children are audited with it. mode: jsonb (one log for the tables of a schema) or typed (a history table of the table''s own columns: faster and smaller). ignore: columns that are not recorded, a change of them alone is no event; redact: columns of which only is recorded that they changed; hash: of which a salted SHA-256 is kept; baseline: records the rows that there are; truncate_rows: TRUNCATE records the rows that it takes; statement: keeps the statements'' text (without its constants where columns are redacted or hashed); insert_image: whether INSERT records the new row (else only its key); fire: always, or origin (not what replication applies); log_owner: a role that owns the log (default: the table''s owner; a role of its own keeps the owner from changing it). options: log_schema (default: the table''s schema with _audit), key (columns that tell rows apart; default: the primary key or replica identity), identity (row: the whole row is the key), lock_timeout_ms (50), max_tries (60). Locks the table (SHARE ROW EXCLUSIVE) for a moment. Errors: 42501 unless the caller owns the table; 42809 what can''t be audited; 0A000 temporary, foreign and distributed tables; 55000 no key, or another log; 42703, 22023 columns and options; 55P03 locks. Example: select deal_advisor.audit_enable(''shop.orders'', redact => ''{card_number}'');';

create function deal_advisor.audit_disable(rel regclass) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_disable';
comment on function deal_advisor.audit_disable(regclass) is
'Stops recording changes of a table; what was recorded stays. rel: the table. Locks it (ACCESS EXCLUSIVE) for a moment. Errors: 42704 not audited; 42501 unless the caller owns the table; 55P03 locks. Example: select deal_advisor.audit_disable(''shop.orders'');';

create function deal_advisor.audit_set_context(app_user text default null, context jsonb default null)
returns void
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_set_context';
comment on function deal_advisor.audit_set_context(text, jsonb) is
'Says who is acting on the application''s side and why, for the rest of the transaction; the audit log keeps it beside the database''s roles. It ends with the transaction, so a pooled connection never carries it on. app_user: any name; context: a JSON object (request id, reason). Both null take it back. The log calls it claimed: nothing verifies it. Without it, the "sub" of a JSON web token in request.jwt.claims (setting deal_advisor.audit_claims) is the user. Errors: 22023 context is no object. Example: select deal_advisor.audit_set_context(''jane@example.com'', ''{"request": "7f3a"}'');';

create type deal_advisor.audit_state as (
  relation text,
  state text,
  detail text,
  log_schema text,
  mode text,
  ignored text[],
  redacted text[],
  hashed text[],
  since timestamptz,
  log_owner text,
  log_rows float8,
  log_bytes bigint,
  overflow_rows bigint,
  ready_until text,
  enable_call text
);
comment on type deal_advisor.audit_state is
'How an audited table fares. state: ok, disabled (by audit_disable), missing (its triggers are gone), off (somebody switched them off), origin only (they don''t fire for replicas and should), partly (a partition or child has none), gone (no table of this name), overflow (the log lacks partitions); detail: more about it; log_rows, log_bytes: of the whole log, by statistics; ready_until: the log''s last partition ends there; enable_call: the call of audit_enable with the settings that the table has, to mend it (null: the table is gone). Example: select relation, state, detail from deal_advisor.audit_status() where state <> ''ok'';';

create function deal_advisor.audit_status()
returns setof deal_advisor.audit_state
  language c stable parallel unsafe rows 20
  as 'MODULE_PATHNAME', 'deal_advisor_audit_status';
comment on function deal_advisor.audit_status() is
'The tables that are audited, or were, and how they fare: those that the caller may act for, or whose log it may act for; all for members of pg_monitor. Changes nothing. Errors: none of its own. Example: select relation, state, detail from deal_advisor.audit_status();';
