/// The file that export/deal_advisor_export.sql writes: one JSON document a line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace deal::index {

/// One line of an export.
struct ExportLine {
  std::string kind;    ///< setting, ddl, relation, column, inherited, hidden, sample, sampled, statement ...
  std::string schema;  ///< of the relation it is about; empty: about none
  std::string relation;
  std::string part;  ///< what tells it from others of the relation: a column, a setting's name, a number
  std::string body;  ///< the line as it is
};

/// One definition to be created.
struct ExportDefinition {
  std::string object_class;  ///< table, index, constraint ...
  std::string object;        ///< as messages call it
  std::string sql;           ///< one statement
};

/// A whole export.
struct ExportDocument {
  int server_version = 0;                     ///< as server_version_num
  std::string body;                           ///< the first line: which database, when, by whom
  std::vector<ExportDefinition> definitions;  ///< in the order of the file
  std::vector<ExportLine> lines;              ///< all others; (kind, schema, relation, part) is unique
};

/// Reads an export. Errors, 22023: not an export (names the line), one of another format, one that is cut
/// off. Lines of kinds that nobody knows are kept.
ExportDocument read_export(std::string_view text);

}  // namespace deal::index
