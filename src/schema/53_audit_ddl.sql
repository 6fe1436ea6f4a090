-- Recording what DDL does to audited tables.

create function deal_advisor.audit_ddl_enable() returns text
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_ddl_enable';
comment on function deal_advisor.audit_ddl_enable() is
'Records every ALTER TABLE, new part and DROP of audited tables in this database from now on, as events with op alter in their logs: the command, what became of the columns, and the statement without its constants. New partitions and inheritance children get the triggers that the server doesn''t give them. Makes three event triggers (deal_audit_ddl_end, _start, _drop) and the function that they call, deal_advisor.audit_ddl_changed(): ordinary objects, which dumps carry; they never make a command fail. Calling it again mends them. Errors: 42501 unless the caller may make event triggers (a superuser). Example: select deal_advisor.audit_ddl_enable();';

create function deal_advisor.audit_ddl_disable() returns text
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_ddl_disable';
comment on function deal_advisor.audit_ddl_disable() is
'Stops recording what DDL does to audited tables; what was recorded stays. Errors: 42704 it is not recorded; 42501 unless the caller owns the event triggers. Example: select deal_advisor.audit_ddl_disable();';

create function deal_advisor.audit_ddl_capture(event text, tag text) returns void
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_ddl_capture';
comment on function deal_advisor.audit_ddl_capture(text, text) is
'What the event triggers of audit_ddl_enable call. event, tag: theirs. Errors: 39P03 when called otherwise. Example: perform deal_advisor.audit_ddl_capture(tg_event, tg_tag); in PL/pgSQL.';
