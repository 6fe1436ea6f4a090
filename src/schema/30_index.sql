-- Index: what-if planning, sizes, advice.

create function deal_advisor.index_size(definition text) returns bigint
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_index_size';
comment on function deal_advisor.index_size(text) is
'Bytes that an index would have right after CREATE INDEX, estimated from a sample of the table (from statistics where the caller may not read it). Builds nothing, keeps no lock. definition: one CREATE INDEX statement (btree). Errors: those of CREATE INDEX; 0A000 for other access methods. Example: select pg_size_pretty(deal_advisor.index_size(''create index on shop.products (tenant_id, created_at)''));';

create function deal_advisor.index_what_if(
  query text,
  indexes text[] default '{}',
  hide text[] default '{}',
  out cost_before float8,
  out cost_after float8,
  out benefit_pct float8,
  out used_indexes text[],
  out plan_before text,
  out plan_after text)
returns setof record
  language c volatile parallel unsafe rows 1
  as 'MODULE_PATHNAME', 'deal_advisor_index_what_if';
comment on function deal_advisor.index_what_if(text, text[], text[]) is
'Plans one statement without and with indexes that do not exist, and without existing ones that are hidden. query: a SELECT, INSERT, UPDATE, DELETE or MERGE, with $n parameters or not (then the generic plan); indexes: CREATE INDEX statements (btree); hide: names of existing indexes. Costs are the planner''s. Executes nothing, keeps no lock. Errors: those of the statement; 42501 without the right to run it. Example: select cost_before, cost_after, plan_after from deal_advisor.index_what_if(''select * from shop.products where brand_id = $1'', array[''create index on shop.products (brand_id)'']);';
