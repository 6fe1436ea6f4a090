/// Takes in what deal_advisor_export.sql wrote elsewhere.
#pragma once

#include <string>
#include <vector>

namespace deal::server {

/// What became of one object of the file.
struct ImportRow {
  std::string object_class;  ///< table, index ..., statistics, sample, workload, import
  std::string object;
  std::string status;  ///< created, present, imported, skipped or failed
  std::string reason;  ///< why not, or what is worth knowing
};

/// Creates the definitions of an export as empty objects of the current role, as far as they aren't there,
/// and keeps its figures in place of those of an earlier import. One definition that fails fails alone.
/// Raises 42501 for roles that are not the database's owner, 22023 for what is no whole export.
std::vector<ImportRow> index_import(const std::string& document);

}  // namespace deal::server
