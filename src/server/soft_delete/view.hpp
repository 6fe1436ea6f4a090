/// DELETE on the live view.
#pragma once

#include "server/bridge/row_trigger.hpp"

namespace deal::server {

/// INSTEAD OF DELETE: deletes the row from the view's table by its primary key, with the caller's own rights,
/// and returns it if it was deleted, so that the statement counts it and RETURNING shows it. Errors: 55000
/// when the view lacks columns of the key.
Datum delete_by_view(const TriggerData& data, Oid function);

}  // namespace deal::server
