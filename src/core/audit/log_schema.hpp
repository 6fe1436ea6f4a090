/// The statements that make an audit log: ordinary tables in a schema of their own.
#pragma once

#include <string>
#include <vector>

namespace deal::audit {

/// Names of the log's relations, not quoted.
constexpr const char* kTables = "audit_table";
constexpr const char* kLayouts = "audit_layout";
constexpr const char* kEvents = "audit_event";
constexpr const char* kOverflow = "audit_overflow";
constexpr const char* kTransactions = "audit_tx";
constexpr const char* kTransactionOverflow = "audit_tx_overflow";

/// Makes the log's relations in schema `log` (not quoted), which exists; run as the log's owner. The
/// partitions are not among them.
std::vector<std::string> log_statements(const std::string& log);

}  // namespace deal::audit
