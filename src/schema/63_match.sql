--- Alerts: what match_alerts() of a marketplace hands over to the extension.

create function deal_advisor.marketplace_firing_watches(schema name, tenant bigint, taken tid[], moment timestamptz) returns setof record
  language c volatile strict parallel unsafe rows 1000
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_firing_watches';
comment on function deal_advisor.marketplace_firing_watches(name, bigint, tid[], timestamptz) is
'A part of match_alerts() of a marketplace, which is what to call: the watches that changes of prices make fire, read past the executor, with the caller''s rights, if marketplace_match_obstacle says nothing. Columns as in firing_watches() of the marketplace, whose column definition list it needs. schema: of the marketplace; tenant: whose; taken: where in price_changes the changes are; moment: for pauses, caps and what time arms again. Errors: 55000 there is an obstacle; 42804 the column definition list does not fit. Example: see function firing_watches in the schema of a marketplace.';

create function deal_advisor.marketplace_match_obstacle(schema name, tenant bigint) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_match_obstacle';
comment on function deal_advisor.marketplace_match_obstacle(name, bigint) is
'Why match_alerts() of a marketplace takes the slow way for the caller; null: it doesn''t. It does where the caller lacks a right on a whole table, where policies have been added or changed, where an index or a column is missing, and where tables are distributed; also in REPEATABLE READ and above. Locks the tables as a read does. schema: of the marketplace; tenant: whose watches. Errors: none. Example: select deal_advisor.marketplace_match_obstacle(''shop'', 1);';
