-- Report: the ten sections of an architect's review.

create function deal_advisor.report(
  format text default 'text',
  schemas name[] default null,
  options jsonb default '{}')
returns text
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_report';
comment on function deal_advisor.report(text, name[], jsonb) is
'A review of the database in ten sections: Analysis Summary, Proposed Solution, Implementation Steps, Performance Impact, Migration Plan, Monitoring Setup, Rollback Strategy, Code Examples, Testing Approach, Documentation. format: text or markdown; schemas: as findings_detail; options: max_items (entries per list, default 50), budget and time_limit (of the index advice, default no limit and 30 s), min_stats_age (as findings_detail). Shows what the caller may see; a section with nothing to say says why. Changes nothing, works read-only and on a standby. Errors: 22023 unknown format or option; 3F000, 42501 for schemas. Example: select deal_advisor.report(''markdown'', schemas => ''{shop}'');';
