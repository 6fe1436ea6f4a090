/// A document in blocks, written as plain text or Markdown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace deal::report {

struct Block {
  enum class Kind { paragraph, list, table, code };
  Kind kind = Kind::paragraph;
  std::string text;                            ///< paragraph, or code
  std::string language;                        ///< of code: sql, mermaid
  std::vector<std::string> items;              ///< of a list, or the heads of a table's columns
  std::vector<std::vector<std::string>> rows;  ///< of a table
};

struct Section {
  std::string title;
  std::vector<Block> blocks;

  Section& paragraph(std::string text);
  Section& list(std::vector<std::string> items);
  Section& table(std::vector<std::string> heads, std::vector<std::vector<std::string>> rows);
  /// `text` is printed as it is. SQL statements: each ends in a semicolon.
  Section& code(std::string language, std::string text);
};

struct Document {
  std::string title;
  std::vector<Section> sections;
};

/// Plain text: headings underlined, paragraphs wrapped at 100 columns, tables aligned.
std::string as_text(const Document& document);

/// Markdown (CommonMark with tables). Whatever comes from the database is escaped, so that no object name or
/// comment can become markup, HTML or the end of a code block.
std::string as_markdown(const Document& document);

}  // namespace deal::report
