/// Reads what is audited and how the logs fare.
#pragma once

#include "core/model/catalog.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

/// Fills the audit arrays of a catalog whose tables are there: of tables in the model, as far as
/// audit_status() shows them to the caller. What goes wrong is told in Catalog::audits_unknown.
void read_audits(pg::Spi& spi, Catalog& catalog);

}  // namespace deal::server
