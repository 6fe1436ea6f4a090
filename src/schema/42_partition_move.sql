-- Moving rows between partitions while everybody reads and writes.

create function deal_advisor.partition_capture() returns trigger
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_partition_capture';
comment on function deal_advisor.partition_capture() is
'Trigger that partition_drain, _split and _merge put on the partition whose rows they move, for as long as that takes: notes the keys of rows that change meanwhile, in a table of the partition''s owner. Never makes a write fail. Errors: 39P01 when called otherwise. Example: select tgrelid::regclass from pg_catalog.pg_trigger where tgname = ''deal_move_capture'';';

create procedure deal_advisor.partition_drain(
  parent regclass,
  batch integer default 10000,
  pause interval default '0',
  options jsonb default '{}')
  language c
  as 'MODULE_PATHNAME', 'deal_advisor_partition_drain';
comment on procedure deal_advisor.partition_drain(regclass, integer, interval, jsonb) is
'Moves the rows of the default partition to partitions of their own, those that are missing are made. Everybody goes on reading and writing: rows are copied in batches that commit, what changes meanwhile is noted and copied again, then one short transaction (ACCESS EXCLUSIVE for milliseconds, lock_timeout 50 ms, retried) puts the new partitions in place. No trigger of the table fires, its foreign keys stay. Called again after a crash or cancel, it goes on where it was. parent: a partition set with a default partition; batch: rows of one transaction, about; pause: between them. Keys that are null, infinite or beyond what the set keeps ready stay, and are told in a NOTICE. options: until (keys from here on stay; default: premake and horizon of the set), most_partitions (1000), keep_old (name that the old default partition, with its rows, gets; default: it is dropped), analyze (true), lock_timeout_ms (50), max_tries (240), cancel (true: gives up an unfinished move). Errors: 42704 no set or no default partition; 42501; 0A000 foreign keys that refer to the table, forced row security, publications of all tables; 2BP01 views on the default partition itself; 54000 too many partitions; 55006 another session is at it; 55P03 locks; 25001 in a transaction block. Example: call deal_advisor.partition_drain(''shop.price_history'', pause => ''10 ms'');';

create procedure deal_advisor.partition_split(
  partition regclass,
  at text[] default null,
  options jsonb default '{}')
  language c
  as 'MODULE_PATHNAME', 'deal_advisor_partition_split';
comment on procedure deal_advisor.partition_split(regclass, text[], jsonb) is
'Splits a partition in the way of partition_drain: by copy and one short swap, while everybody reads and writes. at: boundaries inside of it, as keys or times in the set''s zone; null: those of the set''s step, for a partition without lower or upper bound only around its rows. The parts look like the old one: privileges, comment, storage parameters, row security, replica identity, statistics targets, indexes. options: batch (rows of one transaction, 10000), most_partitions (1000), keep_old (name for the old one; default: it is dropped), analyze, lock_timeout_ms, max_tries, snapshot_wait_ms (how long to wait for older transactions before the swap; 0: all it takes), cancel. Errors: 22023 boundaries; and those of partition_drain. Example: call deal_advisor.partition_split(''shop.price_history_p20260301'', at => ''{2026-03-11, 2026-03-21}'');';

create procedure deal_advisor.partition_merge(
  partitions regclass[],
  options jsonb default '{}')
  language c
  as 'MODULE_PATHNAME', 'deal_advisor_partition_merge';
comment on procedure deal_advisor.partition_merge(regclass[], jsonb) is
'Makes one partition of neighbours in the way of partition_drain: by copy and one short swap, while everybody reads and writes. partitions: without a gap between them, in any order; the first one lends its name and its looks. options: name (another one), batch, keep_old (name for the old ones, with _1, _2 ... appended), analyze, lock_timeout_ms, max_tries, snapshot_wait_ms (how long to wait for older transactions before the swap; 0: all it takes), cancel. Errors: 22023 no neighbours; and those of partition_drain. Example: call deal_advisor.partition_merge(''{shop.price_history_p20260301, shop.price_history_p20260311}'');';
