/// The texts of src/schema/marketplace: which there are, and how they are made ready for one schema.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace deal::marketplace {

/// One text. They are run in the order of their names.
struct Part {
  const char* name;                 ///< of its file, without .sql
  const char* module;               ///< what it belongs to
  const char* needs;                ///< another module; null: none
  const char* extension = nullptr;  ///< that must be there; null: none
};

/// The parts of some modules, with all that they need, in order. None: all parts. Errors: 22023 an unknown
/// module.
std::vector<Part> parts_of(const std::vector<std::string>& modules);
/// The modules of parts, each once.
std::vector<std::string> modules_of(const std::vector<Part>& parts);

/// What stands for what in a text.
struct ScriptValues {
  std::string schema;  ///< not quoted
  std::string currency;
  std::string step = "month";                      ///< of partitions by time: month or year
  std::string text_search = "pg_catalog.english";  ///< a configuration, with its schema, quoted as needed
  std::string crypto;                              ///< schema of pgcrypto, not quoted; empty: not there
  std::vector<std::string> flags;                  ///< names of conditions that hold
};

/// The text with @schema@, @schema_text@, @currency@, @text_search@, @step@ (the bare word) and @crypto@ (an
/// identifier) replaced (in a literal with their quotes doubled), and without the lines of conditions (--@if
/// NAME, --@unless NAME, to --@end) that don't hold; their places stay as empty lines, so that errors name
/// the file's lines. Errors: 22023 a schema with $ or a line break in its name, which could end a body or a
/// comment; XX000 a condition without its end, an end without its condition.
std::string expand_script(std::string_view text, const ScriptValues& values);

}  // namespace deal::marketplace
