/// Telling a DELETE from an UPDATE that moves a row to another partition: the server calls BEFORE DELETE
/// triggers for both, and tells them nothing.
#pragma once

#include "server/bridge/row_trigger.hpp"

namespace deal::server {

/// Called before each UPDATE of a row: remembers which row, for as long as this execution lasts.
void note_update(const TriggerData& data, FmgrInfo& function);

/// True if the same execution was about to update the row that it deletes now.
bool is_moving(const TriggerData& data, const FmgrInfo& function);

}  // namespace deal::server
