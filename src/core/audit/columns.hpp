/// The columns that an audited table has and ever had, whatever they were called.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/audit/layout.hpp"

namespace deal::audit {

/// A column of any time, at a fixed place ("slot") among all of them.
struct Column {
  int id = 0;
  std::string name;  ///< today's; of a dropped one its last, with a suffix where that is another's today
  int number = 0;    ///< attribute number today; 0: dropped
  std::string type;  ///< today's, or its last
  bool generated = false;
  Treatment treatment = Treatment::plain;
  bool in_log = false;  ///< some layout of the log has it; else it was added since the last write
};

/// A name of a layout and what it stands for.
struct NamedSlot {
  std::string name;
  int slot = 0;
};

/// All columns of a table: those of today first, by number, then those that were dropped.
class Columns {
 public:
  /// `current`: the table as it is now, with the identities that the log gives its columns. `layouts`: all
  /// that the log has of it and its partitions, by number.
  Columns(const Layout& current, std::span<const Layout> layouts);

  int count() const { return static_cast<int>(columns_.size()); }
  const Column& at(int slot) const { return columns_[static_cast<std::size_t>(slot)]; }
  /// -1: there never was one.
  int slot_of_id(int id) const;
  /// By today's name; -1: none.
  int slot_of_name(std::string_view name) const;
  /// By today's attribute number; -1: none.
  int slot_of_number(int number) const;
  /// True if a column was dropped.
  bool any_dropped() const;

  /// The names of a layout in the order in which jsonb has them (by length, then bytes).
  std::vector<NamedSlot> names_of(const Layout& layout) const;

 private:
  void add(const LayoutColumn& column, bool in_log);
  void name_dropped();

  std::vector<Column> columns_;
};

/// Orders names as jsonb does.
bool jsonb_less(std::string_view one, std::string_view other) noexcept;

}  // namespace deal::audit
