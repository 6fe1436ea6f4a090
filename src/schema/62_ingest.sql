-- Recording many prices: what record_prices() of a marketplace hands over to the extension.

create function deal_advisor.marketplace_record_prices(
  schema name,
  tenant bigint,
  listings bigint[],
  times timestamptz[],
  prices bigint[],
  list_prices bigint[],
  source text,
  out stored bigint,
  out rest integer[])
returns setof record
  language c volatile strict parallel unsafe rows 1
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_record_prices';
comment on function deal_advisor.marketplace_record_prices(name, bigint, bigint[], timestamptz[], bigint[], bigint[], text) is
'A part of record_prices() of a marketplace, which is what to call: writes prices past the executor, with the caller''s rights, if marketplace_record_obstacle says nothing. No row: nothing was done, and SQL has to do all. stored: points that the history got; rest: which observations, from 1, are still to be recorded by SQL, late ones above all; their listings are locked. schema: of the marketplace; tenant: whose listings; the other arguments as in record_prices(), no array null. Errors: those of record_prices(); 40001 somebody writes price_daily without locking the listing. Example: select stored from deal_advisor.marketplace_record_prices(''shop'', 1, ''{7}'', array[now()], ''{1999}'', ''{null}'', ''feed'');';

create function deal_advisor.marketplace_record_obstacle(schema name, tenant bigint) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_record_obstacle';
comment on function deal_advisor.marketplace_record_obstacle(name, bigint) is
'Why record_prices() of a marketplace takes the slow way for the caller; null: it doesn''t. It does where a trigger, rule, CHECK, foreign key, unique index, policy or column has been added that the executor must see to, where the caller lacks a right on a whole table, and where tables are distributed; also in REPEATABLE READ and above. Locks the tables as a write does. schema: of the marketplace; tenant: whose listings. Errors: none. Example: select deal_advisor.marketplace_record_obstacle(''shop'', 1);';
