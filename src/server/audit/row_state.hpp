/// States of rows on the way back through their history, as jsonb under today's names.
#pragma once

#include "core/audit/row_walk.hpp"
#include "server/audit/event_log.hpp"

namespace deal::server {

/// By slot: whether a layout has the column; all for a layout that isn't known.
std::vector<bool> columns_of_layout(const LogSource& source, int32 layout);

/// The state, or the part of it in `columns`, as jsonb in the current memory context; NULL for a row that
/// does not exist.
pg::Value row_object(const LogSource& source, const audit::RowWalk& state, const std::vector<bool>& columns);

/// The same of fields.
pg::Value field_object(const LogSource& source, std::span<const audit::Field> fields,
                       const std::vector<bool>& columns);

/// The columns that an update changed: those of its image but the key. By slot.
std::vector<bool> changed_columns(const LogSource& source, const LoggedEvent& event);
/// Their names of today as text[]; NULL for anything but an update.
pg::Value changed_names(const LogSource& source, const LoggedEvent& event);

}  // namespace deal::server
