/// What an audited relation looked like: the columns that the names in the log's images stand for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace deal::audit {

/// What the log keeps of a column's values.
enum class Treatment : std::uint8_t {
  plain,     ///< the value
  ignored,   ///< nothing; a change of it alone is no event
  redacted,  ///< that it changed: the value is null
  hashed     ///< a salted SHA-256 of its text
};

struct LayoutColumn {
  int id = 0;      ///< its identity within the audited table: stays over RENAME, ALTER TYPE, dump and restore
  int number = 0;  ///< attribute number
  std::string name;
  std::string type;  ///< as format_type writes it
  bool generated = false;
  Treatment treatment = Treatment::plain;

  bool operator==(const LayoutColumn&) const = default;
};

/// One relation (the table, a partition, an inheritance child) at one time.
struct Layout {
  std::int32_t number = 0;            ///< its number in the log; 0: not written yet
  int last_number = 0;                ///< the relation's greatest attribute number, dropped columns counted
  std::vector<LayoutColumn> columns;  ///< those that are not dropped, by attribute number

  const LayoutColumn* by_id(int id) const;
  const LayoutColumn* by_name(std::string_view name) const;
};

/// The layout's document, as it is stored: {"last_number": n, "columns": [{"id", "number", "name", "type"}]}.
std::string layout_json(const Layout& layout);
/// Errors: 22023 for anything that layout_json does not write.
Layout parse_layout(const std::string& json);

/// The identities of `current`'s columns (and their treatment) after those of an earlier layout of the same
/// relation in the same cluster: a column keeps its attribute number for life, so one that was renamed is
/// known by it and one that was dropped and added again is new. Two sessions that don't see each other's
/// layouts give the same column the same identity.
void continue_layout(Layout& current, const Layout& earlier);

/// The same after a layout from before a dump: by name. A column of an unknown name gets an identity of its
/// own. When a column that was to be redacted or hashed is not found by its name, it may be any of the
/// unknown ones: all of these are redacted.
void adopt_layout(Layout& current, const Layout& model);

/// Identities and treatment of a partition's or child's columns: by name those of the table itself as it is
/// now; what only a child has goes on as in its earlier layout (null: none), in a range of its own.
void follow_table(Layout& current, const Layout& table, const Layout* earlier);

/// True when an event of one layout can be read by the other: all but the layouts' numbers is equal.
bool same_layout(const Layout& one, const Layout& other);

}  // namespace deal::audit
