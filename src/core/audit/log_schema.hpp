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

/// A column of a history table that stands for one of the audited table.
struct HistoryColumn {
  std::string name;  ///< not quoted
  std::string type;  ///< as format_type writes it
};

/// Makes the history of a table (`history`: its name, not quoted) and its overflow.
std::vector<std::string> history_statements(const std::string& log, const std::string& history,
                                            const std::vector<HistoryColumn>& columns);
/// Adds columns to both.
std::vector<std::string> history_additions(const std::string& log, const std::string& history,
                                           const std::vector<HistoryColumn>& columns);
/// The name of a history's overflow table.
std::string history_overflow(const std::string& history);
/// A name in the history for a column: its own, with a number if that is taken or one of the history's own.
std::string history_column_name(const std::string& column, const std::vector<std::string>& taken);

}  // namespace deal::audit
