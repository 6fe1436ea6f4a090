#include "core/report/document.hpp"

#include <algorithm>

namespace deal::report {

Section& Section::paragraph(std::string text) {
  Block block;
  block.text = std::move(text);
  blocks.push_back(std::move(block));
  return *this;
}

Section& Section::list(std::vector<std::string> items) {
  if (items.empty()) return *this;
  Block block;
  block.kind = Block::Kind::list;
  block.items = std::move(items);
  blocks.push_back(std::move(block));
  return *this;
}

Section& Section::table(std::vector<std::string> heads, std::vector<std::vector<std::string>> rows) {
  if (rows.empty()) return *this;
  Block block;
  block.kind = Block::Kind::table;
  block.items = std::move(heads);
  block.rows = std::move(rows);
  blocks.push_back(std::move(block));
  return *this;
}

Section& Section::code(std::string language, std::string text) {
  if (text.empty()) return *this;
  Block block;
  block.kind = Block::Kind::code;
  block.language = std::move(language);
  block.text = std::move(text);
  blocks.push_back(std::move(block));
  return *this;
}

namespace {

constexpr size_t kWidth = 100;

/// Characters, not bytes: good enough to align columns.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line;
}

void wrap(std::string& out, std::string_view text, std::string_view first, std::string_view rest) {
  std::string line(first);
  size_t used = width_of(line);
  bool empty = true;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find(' ', begin);
    if (end == std::string_view::npos) end = text.size();
    std::string_view const word = text.substr(begin, end - begin);
    begin = end + 1;
    if (word.empty()) continue;
    if (!empty && used + 1 + width_of(word) > kWidth) {
      out.append(line).push_back('\n');
      line = rest;
      used = width_of(line);
      empty = true;
    }
    if (!empty) line += ' ';
    used += width_of(word) + (empty ? 0 : 1);
    line += word;
    empty = false;
  }
  out.append(line).push_back('\n');
}

void text_row(std::string& out, const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string line = "  ";
  for (size_t i = 0; i < cells.size(); ++i) {
    std::string const cell = on_one_line(cells[i]);
    line += cell;
    if (i + 1 < cells.size()) line.append(widths[i] - width_of(cell) + 2, ' ');
  }
  out.append(line).push_back('\n');
}

void text_table(std::string& out, const Block& block) {
  std::vector<size_t> widths;
  for (auto const& head : block.items)
    widths.push_back(width_of(head));
  for (auto const& row : block.rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  text_row(out, block.items, widths);
  std::vector<std::string> rule;
  rule.reserve(widths.size());
  for (size_t const width : widths)
    rule.emplace_back(width, '-');
  text_row(out, rule, widths);
  for (auto const& row : block.rows)
    text_row(out, row, widths);
}

void text_block(std::string& out, const Block& block) {
  switch (block.kind) {
    case Block::Kind::paragraph:
      wrap(out, on_one_line(block.text), "", "");
      break;
    case Block::Kind::list:
      for (auto const& item : block.items)
        wrap(out, on_one_line(item), "- ", "  ");
      break;
    case Block::Kind::table:
      text_table(out, block);
      break;
    case Block::Kind::code:
      for (size_t begin = 0; begin < block.text.size();) {
        size_t end = block.text.find('\n', begin);
        if (end == std::string::npos) end = block.text.size();
        out.append("    ").append(block.text, begin, end - begin).push_back('\n');
        begin = end + 1;
      }
      break;
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : on_one_line(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\\':
      case '`':
      case '*':
      case '_':
      case '[':
      case ']':
      case '|':
      case '#':
      case '~':
        out += '\\';
        out += c;
        break;
      default:
        out += c;
    }
  }
  return out;
}

void markdown_row(std::string& out, const std::vector<std::string>& cells) {
  for (auto const& cell : cells)
    out.append("| ").append(escaped(cell)).push_back(' ');
  out += "|\n";
}

void markdown_code(std::string& out, const Block& block) {
  size_t longest = 2;
  size_t run = 0;
  for (const char c : block.text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  std::string const fence(longest + 1, '`');
  out.append(fence).append(block.language).append("\n").append(block.text);
  if (!block.text.ends_with('\n')) out += '\n';
  out.append(fence).push_back('\n');
}

void markdown_block(std::string& out, const Block& block) {
  switch (block.kind) {
    case Block::Kind::paragraph:
      out.append(escaped(block.text)).push_back('\n');
      break;
    case Block::Kind::list:
      for (auto const& item : block.items)
        out.append("- ").append(escaped(item)).push_back('\n');
      break;
    case Block::Kind::table: {
      markdown_row(out, block.items);
      for (size_t i = 0; i < block.items.size(); ++i)
        out += "|---";
      out += "|\n";
      for (auto const& row : block.rows)
        markdown_row(out, row);
      break;
    }
    case Block::Kind::code:
      markdown_code(out, block);
      break;
  }
}

}  // namespace

std::string as_text(const Document& document) {
  std::string out = on_one_line(document.title) + '\n';
  out.append(width_of(document.title), '=').push_back('\n');
  int number = 0;
  for (auto const& section : document.sections) {
    std::string const heading = std::to_string(++number) + ". " + section.title;
    out.append("\n").append(heading).append("\n").append(width_of(heading), '-').push_back('\n');
    for (auto const& block : section.blocks) {
      if (&block != &section.blocks.front()) out += '\n';
      text_block(out, block);
    }
  }
  return out;
}

std::string as_markdown(const Document& document) {
  std::string out = "# " + escaped(document.title) + '\n';
  for (auto const& section : document.sections) {
    out.append("\n## ").append(section.title).push_back('\n');
    for (auto const& block : section.blocks) {
      out += '\n';
      markdown_block(out, block);
    }
  }
  return out;
}

}  // namespace deal::report
