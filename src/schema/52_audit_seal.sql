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

create type deal_advisor.audit_erasure as (
  events bigint,
  statements bigint,
  other_keys jsonb,
  seal bigint,
  digest text
);
comment on type deal_advisor.audit_erasure is
'What audit_forget has erased. events: changes of the row whose contents are gone; statements: texts of statements of the same transactions; other_keys: keys that the same row had before or after, whose events are still there; seal, digest: of the newest seal, null if the log has none. Example: select events, other_keys from deal_advisor.audit_forget(''shop.customers'', ''{"id": 7}'');';

create function deal_advisor.audit_forget(rel regclass, key jsonb, options jsonb default '{}')
returns setof deal_advisor.audit_erasure
  language c volatile parallel unsafe rows 1
  as 'MODULE_PATHNAME', 'deal_advisor_audit_forget';
comment on function deal_advisor.audit_forget(regclass, jsonb, jsonb) is
'Erases from the audit log what it keeps of one row: the images of all its changes, and the texts of the statements of their transactions. That there was a change, when and by whom, stays; so does a number made of the key. audit_verify goes on to hold: the rows'' hashes are kept in the log''s table audit_erased and sealed at once if the log has seals. The row itself is not touched, nor are copies elsewhere (WAL, backups, replicas); dead row versions go with the next VACUUM. rel: the audited table; key: an object of its key columns, values as JSON, or the bare value of a single one; options: reason (kept). Errors: 42704 not audited; 42501 unless the caller may act as the log''s owner; 22023 key, options. Example: select events from deal_advisor.audit_forget(''shop.customers'', ''{"id": 7}'', ''{"reason": "request 4711"}'');';

create type deal_advisor.audit_pruning as (
  relation text,
  dropped text,
  from_time timestamptz,
  to_time timestamptz,
  row_count bigint,
  bytes bigint
);
comment on type deal_advisor.audit_pruning is
'A partition of an audit log that audit_prune has dropped. relation: of the log; dropped: the partition; from_time, to_time: its bounds; row_count, bytes: what was in it. Example: select dropped, bytes from deal_advisor.audit_prune(''shop_audit'', ''2 years'');';

create function deal_advisor.audit_prune(log_schema name, older_than interval, options jsonb default '{}')
returns setof deal_advisor.audit_pruning
  language c volatile strict parallel unsafe rows 10
  as 'MODULE_PATHNAME', 'deal_advisor_audit_prune';
comment on function deal_advisor.audit_prune(name, interval, jsonb) is
'Drops the partitions of an audit log all of whose rows are older than that, and notes what went, so that audit_verify tells it from a deletion; if the log has seals, it seals before. As of and undo then reach back only that far. log_schema: the schema that holds the log; older_than: an interval, a month counts as 30 days; options: reason (kept), dry_run (false: only says what it would drop). Partitions that don''t hold whole days (UTC) are left. Writers to the audited tables wait while it drops, from the first partition to the end of the transaction: call it on its own. Errors: 42704 no log there; 42501 unless the caller may act as the log''s owner; 22023 options; 55P03 locks. Example: select dropped from deal_advisor.audit_prune(''shop_audit'', ''2 years'');';

create function deal_advisor.audit_maintain(log_schema name default null) returns bigint
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_audit_maintain';
comment on function deal_advisor.audit_maintain(name) is
'Makes the partitions of an audit log that are due and moves there what waited in its overflow tables; how many rows were moved. Maintenance of partitions (deal_advisor.partition_maintain) makes the partitions as well, so this is for logs that had none for a while. log_schema: one log (default: all that the caller may act for). Errors: 42704 no log there; 42501 unless the caller may act as the log''s owner. Example: select deal_advisor.audit_maintain();';
