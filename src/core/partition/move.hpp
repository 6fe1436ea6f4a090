#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json_fwd.hpp"

namespace deal::partition {

/// Moving rows from partitions to others while everybody goes on reading and writing: the rows are copied to
/// tables that nobody sees, a trigger notes the keys of what changes meanwhile, and one short transaction
/// puts the new tables in the old ones' place. Here is what is to be moved, and the SQL for each step.
enum class MoveKind : std::uint8_t { drain, split, merge };
std::string_view name_of(MoveKind kind);

/// A column by which changed rows are found again in the copy. All rows with the same key are renewed
/// together, so a key need not be unique; it should be indexed.
struct MoveKey {
  std::string column;    ///< not quoted
  std::string equality;  ///< the operator of the index: pg_catalog.=
  bool nullable = false;
};

/// A partition whose rows are moved.
struct MoveSource {
  std::uint32_t oid = 0;
  std::uint32_t file = 0;  ///< its relfilenode: another one later means that rows changed their places
  std::string schema;
  std::string name;
  std::vector<int> key_numbers;           ///< attribute numbers of the key's columns
  std::vector<std::string> own_triggers;  ///< CREATE TRIGGER of those that don't come from the parent
  std::int64_t blocks = 0;                ///< as many hold rows that were there before changes were noted
};

/// The name of a source's index, and by what the new one is found.
struct MoveIndexName {
  std::uint32_t parent_index = 0;  ///< the index of the parent that it belongs to; 0: none
  std::string name;
  std::string form;  ///< without one: method, columns, condition
};

/// A table that rows move to.
struct MoveTarget {
  std::string name;     ///< in the end
  std::string working;  ///< until the swap: the same, unless a source has the name
  std::string like;     ///< the table whose columns, checks and defaults it takes, quoted
  std::string storage;  ///< what follows the column list: USING, WITH, TABLESPACE
  bool unlogged = false;
  std::string lower;  ///< boundary as SQL text; both are empty for a default partition
  std::string upper;
  std::string check;                 ///< the condition that spares the server the scan at the attach
  std::vector<std::string> dress;    ///< statements right after it is made (privileges, row security ...)
  std::vector<std::string> indexes;  ///< statements after its rows are copied: indexes of its own
  std::vector<std::string> finish;   ///< statements in the transaction that puts it in its place, at the end
  std::string
      replica_index;  ///< form of the index that is its replica identity (what follows USING); or empty
  std::vector<MoveIndexName> index_names;  ///< names that its indexes get once the old ones are gone
  bool is_default() const { return lower.empty() && upper.empty(); }
};

struct MoveForeignKey {
  std::string name;
  std::string definition;  ///< pg_get_constraintdef
  bool valid = true;
};

/// A whole move.
struct Move {
  MoveKind kind = MoveKind::drain;
  std::uint32_t parent = 0;
  std::string schema;  ///< of the parent
  std::string table;
  std::string target_schema;         ///< where new tables are made
  std::string shape;                 ///< a digest of the parent's columns, constraints and indexes
  std::string partition_key;         ///< pg_get_partkeydef: RANGE (at)
  std::vector<std::string> columns;  ///< without generated ones, not quoted
  std::vector<MoveKey> key;
  bool key_indexed = true;
  std::vector<MoveSource> sources;
  std::vector<MoveTarget> targets;
  std::vector<MoveForeignKey> foreign_keys;
  std::string default_table;  ///< split and merge: the default partition if it is worth a check, quoted
  std::string default_check;  ///< that none of its rows is in the range, which spares its scan under locks
  std::string keep_old;       ///< what the old partitions are called afterwards; empty: dropped
  bool analyze = true;
};

Json to_json(const Move& move);
/// Throws what the JSON library throws if the text is not what to_json made.
Move move_from_json(const Json& json);

/// Names of the helper tables, quoted and qualified.
std::string parent_table(const Move& move);
std::string source_table(const MoveSource& source);
std::string working_table(const Move& move, const MoveTarget& target);
std::string final_table(const Move& move, const MoveTarget& target);
/// deal_move_<parent's oid>_<part>, not quoted; quoted and qualified in helper_table. Parts: log, renewal,
/// staging, frame, old1, old2 ..., new1, new2 ...
std::string helper_name(std::uint32_t parent, std::string_view part);
std::string helper_table(const Move& move, std::string_view part);

/// Name of the trigger that notes changes, and of the check that proves a target's range.
inline constexpr std::string_view kCaptureTrigger = "deal_move_capture";
inline constexpr std::string_view kRangeCheck = "deal_move_range";
inline constexpr std::string_view kDefaultCheck = "deal_move_default";

/// Makes the helper tables and the targets, all empty and private.
std::vector<std::string> prepare_statements(const Move& move);
/// Notes every change of a source from now on (SHARE ROW EXCLUSIVE on it).
std::vector<std::string> capture_statements(const Move& move, const MoveSource& source);
/// Copies the rows of the blocks from $1 to before $2 (tid). Uncommitted helpers see them only.
std::string copy_statement(const Move& move, const MoveSource& source);

/// Takes the noted keys into the list of what is to be renewed.
std::string take_statement(const Move& move);
/// Renews the rows of those keys in `part` (staging or frame): out with them, and in again as the sources
/// have them. All must see one and the same snapshot, that of take_statement.
std::vector<std::string> renew_statements(const Move& move, std::string_view part);

/// Moves one target from the staging table to the frame, whose indexes it gets by that.
std::vector<std::string> frame_statements(const Move& move, const MoveTarget& target);

/// The locks of the swap, the parent's first.
std::vector<std::string> lock_statements(const Move& move);
/// The parent's foreign keys on one target, not valid as yet.
std::vector<std::string> foreign_key_statements(const Move& move, const MoveTarget& target);
/// Puts the default partition's check in place (ACCESS EXCLUSIVE on it for an instant), and proves it (reads
/// and writes go on); `default_table` is not empty.
std::string default_check_statement(const Move& move);
std::string validate_default_statement(const Move& move);
/// Takes it away again, if it is there.
std::string drop_default_check_statement(const Move& move);

/// Old partitions out, new ones in. A drained default partition is replaced by the frame with all its targets
/// in one step, however many they are; settle_statements then moves each to the parent.
std::vector<std::string> swap_statements(const Move& move);
/// Only for a drain: moves a target from the frame to the parent; of the default target (last) the frame's
/// place becomes its own.
std::vector<std::string> settle_statements(const Move& move, const MoveTarget& target);

/// What is left over in the end, or, before the swap, when a move is given up.
std::vector<std::string> drop_old_statements(const Move& move);
std::vector<std::string> drop_helper_statements(const Move& move);
/// Stops noting changes (ACCESS EXCLUSIVE on the source for an instant).
std::string uncapture_statement(const MoveSource& source);

}  // namespace deal::partition
