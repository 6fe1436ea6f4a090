/// SQL entry point of the import.

#include "server/bridge/bridge.hpp"
#include "server/index/import.hpp"

DEAL_FUNCTION(deal_advisor_index_import) {
  pg::RowSet rows(args);
  for (auto const& row : deal::server::index_import(args.text(0)))
    rows.add({pg::value(row.object_class), pg::value(row.object), pg::value(row.status),
              row.reason.empty() ? pg::Value{} : pg::value(row.reason)});
  return rows.result();
}
