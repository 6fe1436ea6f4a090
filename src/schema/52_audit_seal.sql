-- Audit logs: seals, verification, erasing, pruning, upkeep.

create type deal_advisor.audit_sealing as (
  sealed bigint,
  seals integer,
  seal bigint,
  digest text
);
comment on type deal_advisor.audit_sealing is
'What audit_seal has done. sealed: rows that no seal had covered; seals: how many it made; seal: number of the newest; digest: its digest, 64 hexadecimal digits, which stands for the whole log up to then: keep it where whoever may change the log can''t. Example: select digest from deal_advisor.audit_seal(''shop_audit'');';

create function deal_advisor.audit_seal(log_schema name, options jsonb default '{}')
returns setof deal_advisor.audit_sealing
  language c volatile parallel unsafe rows 1
  as 'MODULE_PATHNAME', 'deal_advisor_audit_seal';
comment on function deal_advisor.audit_seal(name, jsonb) is
'Seals what an audit log has recorded: a digest of every row that no seal covers yet, chained to the seal before, so that audit_verify shows whatever is changed afterwards. Only transactions that are over and began before all that still run; the others wait for the next seal. Call it regularly, and keep the digest elsewhere. log_schema: the schema that holds the log; options: max_rows (1000000: about how many rows one seal takes, which bounds memory; more seals are made for more rows). Writers are not blocked; other calls of audit_seal, audit_forget and audit_prune wait for the transaction''s end. Errors: 42704 no log there; 42501 unless the caller may act as the log''s owner; 22023 options; 25006 read only. Example: select seal, digest from deal_advisor.audit_seal(''shop_audit'');';

create type deal_advisor.audit_verification as (
  ok boolean,
  problem text,
  seal bigint,
  relation text,
  day text,
  row_count bigint,
  detail text
);
comment on type deal_advisor.audit_verification is
'What audit_verify found. A row for each problem (ok false), then one row about the whole (ok: there is no problem). problem: in a few words; seal: the seal that tells it; relation, day (UTC): where in the log; row_count: sealed rows compared, in the last row; detail: more about it. Example: select * from deal_advisor.audit_verify(''shop_audit'') where not ok;';

create function deal_advisor.audit_verify(log_schema name, anchor text default null, options jsonb default '{}')
returns setof deal_advisor.audit_verification
  language c stable parallel unsafe rows 2
  as 'MODULE_PATHNAME', 'deal_advisor_audit_verify';
comment on function deal_advisor.audit_verify(name, text, jsonb) is
'Compares a whole audit log with its seals: tells rows that were changed, deleted, inserted, renumbered or given another time since they were sealed, layouts that were changed, seals that were changed or removed, erasures and prunings that audit_forget and audit_prune did not make. log_schema: the schema that holds the log; anchor: a digest that audit_seal gave and that was kept elsewhere: without it, a chain that somebody cut at its end or made anew looks good; options: none. Changes nothing; works on a standby. What was not sealed yet can''t be compared. Errors: 42704 no log there; 42501 unless the caller may act as the log''s owner; 22023 options. Example: select bool_and(ok) from deal_advisor.audit_verify(''shop_audit'', ''9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'');';
