#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/partition/conversion.hpp"

namespace deal::partition {

/// Purposes under which names are chosen.
inline constexpr const char* kStagedTable = "parent";    ///< the partitioned table until the swap
inline constexpr const char* kOldTable = "old table";    ///< what the table is called as a partition
inline constexpr const char* kCheck = "check";           ///< the proof that rows are before the cutoff
inline constexpr const char* kPutAside = "rolled back";  ///< the parent after a rollback, until dropped

inline const std::string kSequence = "sequence ";         ///< and the column's name
inline const std::string kParentIndex = "parent index ";  ///< and the index's name: until the swap
inline const std::string kParentKey = "parent key ";      ///< a key that grows, for good
inline const std::string kOldIndex = "old index ";        ///< what the index is called from the swap on
inline const std::string kOldKey = "old key ";            ///< the grown key, built on the old table
inline constexpr const char* kOldSuffix = "_pmin";

/// What the parent's own identity sequence is called until the swap.
std::string staged_sequence(const ColumnSequence& sequence, ConversionNames& names);
/// True if the index must have the key column added to hold on a partitioned table.
bool grows(const TableIndex& index, const Conversion& conversion);
/// What the parent's own index is called: for good if it grows, else until the swap.
std::string staged_index(const TableIndex& index, const Conversion& conversion, ConversionNames& names);
/// What the old table's index is called from the swap on, or the one that is built there because it grows.
std::string old_index(const TableIndex& index, const Conversion& conversion, ConversionNames& names);

/// CREATE POLICY, CREATE TRIGGER with what belongs to them. `table`: quoted.
void add_policy(const TablePolicy& policy, const std::string& table, std::vector<ConversionStatement>& out);
void add_trigger(const TableTrigger& trigger, const std::string& definition, const std::string& table,
                 std::vector<ConversionStatement>& out);

/// Everything that makes the parent and its future partitions.
std::vector<ConversionStatement> parent_statements(const ConvertedTable& table, const Conversion& conversion,
                                                   ConversionNames& names);

/// The swap: names exchanged, the old table attached, all that follows its identity bound anew.
ConversionStep swap_step(const ConvertedTable& table, const Conversion& conversion, ConversionNames& names);

}  // namespace deal::partition
