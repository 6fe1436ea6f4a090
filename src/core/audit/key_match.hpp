/// Conditions that find the events of a row by its key.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/audit/layout.hpp"

namespace deal::audit {

/// A row's key: of each key column (by id) its value as JSON text.
using KeyValues = std::map<int, std::string>;

/// Reads a key as the user writes it: an object of the key columns by their names in `layout`, or of a single
/// one just the value. `ids`: of the key columns; empty: the whole row is the key, and any of its columns may
/// be given. Errors: 22023 with the columns' names.
KeyValues parse_key(const std::string& json, const std::vector<int>& ids, const Layout& layout);

/// The key in an event's image, by the names of `today`: an object as JSON.
std::string key_in_image(const std::string& image, const std::vector<int>& ids, const Layout& layout,
                         const Layout& today);

/// For the jsonb log: true of the events in whose images the key is, each by the names of its layout.
std::string image_condition(const KeyValues& key, const std::vector<Layout>& layouts);

/// A typed history's own column, and which column of the audited table it stands for.
struct HistoryPlace {
  int id = 0;
  std::string name;  ///< not quoted
};
/// The same for a typed history, whose values may also be in audit_rest.
std::string history_condition(const KeyValues& key, const std::vector<HistoryPlace>& places,
                              const std::vector<Layout>& layouts);

}  // namespace deal::audit
