-- Findings: one record for all advice, one list, one gate.

create type deal_advisor.severity as enum ('info', 'low', 'medium', 'high', 'critical');
comment on type deal_advisor.severity is
'How much a finding matters, in this order. Example: select * from deal_advisor.findings() where severity >= ''high'';';

create type deal_advisor.finding as (
  severity deal_advisor.severity,
  check_id text,
  object text,
  title text,
  schema_name text,
  object_class text,
  category text,
  status text,
  skip_reason text,
  confidence real,
  why text,
  evidence jsonb,
  stats_since timestamptz,
  impact text,
  count integer,
  fix text[],
  fix_transactional boolean,
  lock_level text,
  blocks text,
  est_seconds numrange,
  rollback text[],
  verify text,
  doc text,
  fingerprint text
);
comment on type deal_advisor.finding is
'What an advisor found on one object. status: open, accepted or skipped (skip_reason says why or by whom); evidence: facts with unit and source; fix and rollback: one statement per element, to be run in order, outside a transaction block unless fix_transactional; lock_level and blocks: of the fix; est_seconds: of the fix, at 10 to 200 MB/s; verify: a query that returns no row once the fix is done; fingerprint: made of names, the same after dump and restore. Example: select fix, rollback from deal_advisor.findings_detail() where check_id = ''SCH-003'';';

create table deal_advisor.accepted (
  fingerprint text primary key,
  check_id text not null,
  object text not null,
  reason text not null,
  accepted_until timestamptz,
  accepted_by text not null,
  accepted_at timestamptz not null default pg_catalog.now()
);
comment on table deal_advisor.accepted is
'Findings that may stay: who said so, why, and until when (null: for ever). Written by findings_accept and findings_reopen only; nobody has rights on it. Example: select object, skip_reason from deal_advisor.findings_detail() where status = ''accepted'';';
select pg_catalog.pg_extension_config_dump('deal_advisor.accepted', '');

create function deal_advisor.findings_detail(
  areas text[] default null,
  schemas name[] default null,
  deep boolean default false,
  options jsonb default '{}')
returns setof deal_advisor.finding
  language c stable parallel unsafe rows 100
  as 'MODULE_PATHNAME', 'deal_advisor_findings_detail';
comment on function deal_advisor.findings_detail(text[], name[], boolean, jsonb) is
'Everything the checks find, most severe first, with evidence, fix, rollback and verification. areas: general, audit, index, partition, schema, server (null: all); schemas: by name (null: all that the caller may see: those with USAGE, or every one for members of pg_monitor); deep: also checks that plan the statements of pg_stat_statements and sample tables (IDX-014, missing indexes); options: checks (array of ids), min_stats_age (interval, default 7 days: an index is not called unused before), accepted (false leaves accepted findings out). Reads catalogs and statistics only, keeps no lock, works read-only and on a standby. A check that cannot run gives a row with status skipped. Errors: 22023 unknown area, check or option; 3F000, 42501 for schemas. Example: select check_id, object, fix, rollback, verify from deal_advisor.findings_detail(areas => ''{index}'');';

create function deal_advisor.findings(
  areas text[] default null,
  schemas name[] default null,
  deep boolean default false,
  options jsonb default '{}',
  out severity deal_advisor.severity,
  out check_id text,
  out object text,
  out title text,
  out fix text)
returns setof record
  language sql stable parallel unsafe rows 100
  set search_path = pg_catalog, deal_advisor, pg_temp
as $$
  with found as (
    select d.severity, d.check_id, d.object,
      case d.status when 'open' then d.title else d.status || ': ' || d.title end as title,
      case d.status when 'open' then pg_catalog.array_to_string(d.fix, '; ') else d.skip_reason end as fix
    from deal_advisor.findings_detail(areas, schemas, deep, options) d
    where d.status <> 'accepted' or coalesce((options ->> 'accepted')::boolean, false)
  ), room as (
    -- 100 columns less the two short columns and psql's frame; the fix gets what the widest names leave
    select greatest(14, 70 - max(pg_catalog.length(f.object)) - max(pg_catalog.length(f.title))) as columns
    from found f
  )
  select f.severity, f.check_id, f.object, f.title,
    case when pg_catalog.length(f.fix) > r.columns
      then pg_catalog.left(f.fix, r.columns - 3) || '...' else f.fix end
  from found f cross join room r
  order by f.severity desc, f.check_id, f.object
$$;
comment on function deal_advisor.findings(text[], name[], boolean, jsonb) is
'What the checks find, most severe first, in five columns that fit a terminal; fix is shortened (of a skipped check: the reason). Arguments and errors as findings_detail, which has everything else; accepted findings are listed with options {"accepted": true} only. Example: select * from deal_advisor.findings() where severity >= ''medium'';';

create function deal_advisor.findings_gate(
  severity deal_advisor.severity default 'high',
  areas text[] default null,
  schemas name[] default null,
  deep boolean default false,
  options jsonb default '{}')
returns integer
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_findings_gate';
comment on function deal_advisor.findings_gate(deal_advisor.severity, text[], name[], boolean, jsonb) is
'For scripts and CI: 0 when no open finding has this severity or more, else error DA001, whose DETAIL lists them (psql with ON_ERROR_STOP then exits with 3). Accepted findings pass. Checks that could not run are listed in a WARNING, or are an error as well with options {"skipped": "fail"}. Other arguments and errors as findings_detail. Example: select deal_advisor.findings_gate(''medium'', schemas => ''{shop}'');';

create function deal_advisor.findings_export(
  format text default 'json',
  areas text[] default null,
  schemas name[] default null,
  deep boolean default false,
  options jsonb default '{}')
returns text
  language c stable parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_findings_export';
comment on function deal_advisor.findings_export(text, text[], name[], boolean, jsonb) is
'What the checks find as one document for other tools. format: json (array of objects named as in the type finding), markdown, sarif (2.1.0, for code scanning), junit (XML, for test reports). Other arguments and errors as findings_detail; 22023 for an unknown format. Example: select deal_advisor.findings_export(''sarif'', schemas => ''{shop}'');';

create function deal_advisor.findings_accept(fingerprint text, reason text, until timestamptz default null)
returns text
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_findings_accept';
comment on function deal_advisor.findings_accept(text, text, timestamptz) is
'Records that a finding may stay, why, and until when (null: for ever); it then has status accepted and the gate lets it pass. Accepting again replaces. Writes, so not in a read-only transaction. Errors: 42704 unknown fingerprint; 42501 unless the caller owns the object or the database; 22023 empty reason or a time that is past. Example: select deal_advisor.findings_accept(''0123456789abcdef'', ''the table is loaded once a year'', now() + interval ''1 year'');';

create function deal_advisor.findings_reopen(fingerprint text)
returns text
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_findings_reopen';
comment on function deal_advisor.findings_reopen(text) is
'Takes the acceptance of a finding back. Errors: 42704 when none was accepted under this fingerprint; 42501 unless the caller accepted it, owns the object or owns the database. Example: select deal_advisor.findings_reopen(''0123456789abcdef'');';

create procedure deal_advisor.findings_apply(fingerprints text[])
  language c
  as 'MODULE_PATHNAME', 'deal_advisor_findings_apply';
comment on procedure deal_advisor.findings_apply(text[]) is
'Runs the fix of each finding, in the order given, as the caller. Statements that may not run in a transaction (CONCURRENTLY) run in a background worker and are committed one by one: CALL it outside a transaction block then. Runs nothing unless the caller owns every object and every finding has a fix. Errors: 42704, 42501, 22023; 25001 in a transaction block; 53400 when no worker slot is free; those of the statements. Example: call deal_advisor.findings_apply(''{0123456789abcdef}'');';
