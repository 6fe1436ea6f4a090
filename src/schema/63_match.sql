--- Alerts: what match_alerts() of a marketplace hands over to the extension.

create function deal_advisor.marketplace_match_watches(schema name, tenant bigint, taken tid[], moment timestamptz) returns setof record
  language c volatile strict parallel unsafe rows 1000
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_match_watches';
comment on function deal_advisor.marketplace_match_watches(name, bigint, tid[], timestamptz) is
'A part of match_alerts() of a marketplace, which is what to call: finds the watches that changes of prices make fire, writes what they tell into them past the executor, with the caller''s rights, and returns the alerts that are to be made, if marketplace_match_obstacle says nothing; else one row of nulls, and nothing was done. Its columns are those that match_directly() of the marketplace names in its column definition list. schema: of the marketplace; tenant: whose; taken: where in price_changes the changes are; moment: for pauses, caps and what time arms again. Errors: 42804 the column definition list does not fit. Example: select watch_id, listing_id from deal_advisor.marketplace_match_watches(''shop'', 1, array(select ctid from shop.price_changes), now()) f (watch_id bigint, user_id bigint, change_id bigint, product_id bigint, listing_id bigint, kind shop.watch_kind, price shop.price_minor, was shop.price_minor, reference shop.price_minor, currency shop.currency_code, changed_at timestamptz).';

create function deal_advisor.marketplace_match_obstacle(schema name, tenant bigint) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_match_obstacle';
comment on function deal_advisor.marketplace_match_obstacle(name, bigint) is
'Why match_alerts() of a marketplace takes the slow way for the caller; null: it doesn''t. It does where the caller lacks a right on a whole table, where policies have been added or changed, where an index or a column is missing, where a trigger, rule, CHECK, foreign key or generated column has been added that the executor must see to, and where tables are distributed; also in REPEATABLE READ and above. Locks the tables as a write of watches does. schema: of the marketplace; tenant: whose watches. Errors: none. Example: select deal_advisor.marketplace_match_obstacle(''shop'', 1);';
