/// Stamps: who made a row and who changed it last, and when; which columns hold that, and the SQL that puts
/// them in place.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace deal::stamp {

/// What a stamp column holds.
enum class Part : char { created_at, updated_at, created_by, updated_by };
constexpr std::array kParts{Part::created_at, Part::updated_at, Part::created_by, Part::updated_by};
const char* name_of(Part part);
/// Nothing for a name that is none.
std::optional<Part> part_of(std::string_view name);
/// True for the two that hold a time; the others hold a name.
bool is_time(Part part);

/// Which time is "now".
enum class Clock : char { transaction, statement, clock };
std::optional<Clock> clock_of(std::string_view name);
const char* name_of(Clock clock);
/// The server's function for it.
const char* function_of(Clock clock);

/// How one table is stamped. The column of a part that is not kept is empty.
struct Settings {
  std::array<std::string, kParts.size()> columns;
  Clock clock = Clock::transaction;
  bool trust_insert = true;    ///< what an INSERT gives explicitly stays
  bool old_rows_null = false;  ///< rows that are there get NULL, not the time of enabling

  const std::string& column(Part part) const { return columns[static_cast<std::size_t>(part)]; }
};

/// ALTER TABLE for a column that is missing, or empty when none is. `table` is quoted. Never rewrites the
/// table: now() is the same for all its rows, so the server stores it once. A second statement changes the
/// default to the clock that later rows take.
std::vector<std::string> add_columns(const std::string& table, const Settings& settings,
                                     const std::vector<Part>& missing);

/// The two triggers of one table, quoted as `table`. The first has the stamp columns as its column list,
/// which the server keeps right through RENAME COLUMN, and says in its arguments which is which; it stamps
/// INSERTs. The second stamps UPDATEs of any column. Both come late in the order of names, after other
/// triggers have made their changes.
std::vector<std::string> create_triggers(const std::string& table, const Settings& settings);

/// The application's user in the JSON text of the setting deal_advisor.audit_context: its key "user", when
/// that is a string or number that says something. Never fails.
std::optional<std::string> user_of_context(std::string_view context);

}  // namespace deal::stamp
