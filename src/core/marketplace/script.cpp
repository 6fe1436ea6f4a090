#include "core/marketplace/script.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"

namespace deal::marketplace {

namespace {

constexpr Part kParts[] = {
    {"10_base", "base", nullptr},
    {"11_profiles", "base", nullptr},
    {"20_catalog", "catalog", "base"},
    {"21_search", "catalog", "base"},
    {"30_pricing", "pricing", "catalog"},
    {"31_price_reading", "pricing", "catalog"},
    {"32_deal_score", "pricing", "catalog"},
    {"33_deals", "pricing", "catalog"},
    {"34_statistics", "statistics", "pricing"},
    {"35_price_feed", "pricing", "catalog"},
    {"40_conversations", "conversations", "base"},
    {"41_messages", "conversations", "base"},
    {"42_offers", "conversations", "base"},
    {"50_outbox", "alerts", "pricing"},
    {"51_watches", "alerts", "pricing"},
    {"52_alerts", "alerts", "pricing"},
    {"53_notifications", "alerts", "pricing"},
    {"60_identities", "auth", "base", "pgcrypto"},
    {"61_sessions", "auth", "base", "pgcrypto"},
    {"62_api_tokens", "auth", "base", "pgcrypto"},
    {"63_roles", "auth", "base", "pgcrypto"},
    {"70_privacy", "privacy", "base"},
};

void add_with_needs(std::vector<std::string>& modules, const std::string& module) {
  if (std::ranges::find(modules, module) != modules.end()) return;
  auto const part =
      std::ranges::find(kParts, module, [](const Part& each) { return std::string(each.module); });
  if (part == std::end(kParts)) {
    std::string known;
    for (std::string const& each : modules_of({std::begin(kParts), std::end(kParts)}))
      known += (known.empty() ? "" : ", ") + each;
    throw Error("22023", "there is no module \"" + module + "\"").hint("Modules: " + known + ".");
  }
  modules.push_back(module);
  if (part->needs != nullptr) add_with_needs(modules, part->needs);
}

/// A line's directive, such as --@if triggers; the second word may be empty.
struct Directive {
  std::string_view word;
  std::string_view name;
};

std::optional<Directive> directive_of(std::string_view line) {
  constexpr std::string_view kMark = "--@";
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (!line.starts_with(kMark)) return std::nullopt;
  line.remove_prefix(kMark.size());
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r'))
    line.remove_suffix(1);
  size_t const space = std::min(line.find(' '), line.size());
  return Directive{line.substr(0, space), line.substr(std::min(space + 1, line.size()))};
}

/// Puts names in, in one pass: what was put in is not looked at again. Within a string literal a name's own
/// quotes are doubled. Bodies of functions are read as what they are, code with literals and comments.
class Expander {
 public:
  explicit Expander(const ScriptValues& values)
      : names_{{{"@schema@", quote_identifier(values.schema)},
                {"@schema_text@", quote_literal(values.schema)},
                {"@currency@", quote_literal(values.currency)},
                {"@text_search@", quote_literal(values.text_search)},
                {"@step@", values.step},
                {"@crypto@", quote_identifier(values.crypto)}}} {}

  std::string expand(std::string_view text) {
    while (!text.empty())
      text.remove_prefix(take(text));
    return std::move(result_);
  }

 private:
  enum class Inside { code, literal, comment };

  /// Takes a piece of the text; its length.
  size_t take(std::string_view text) {
    auto const name =
        std::ranges::find_if(names_, [&](const Name& each) { return text.starts_with(each.first); });
    if (name != names_.end()) {
      put(name->second);
      return name->first.size();
    }
    if (inside_ == Inside::code && text.starts_with("--")) inside_ = Inside::comment;
    if (inside_ == Inside::comment && text.front() == '\n') inside_ = Inside::code;
    // A doubled quote leaves the literal and enters it again.
    if (inside_ != Inside::comment && text.front() == '\'')
      inside_ = inside_ == Inside::code ? Inside::literal : Inside::code;
    result_ += text.front();
    return 1;
  }

  void put(const std::string& value) {
    for (char const c : value) {
      result_ += c;
      if (c == '\'' && inside_ == Inside::literal) result_ += c;
    }
  }

  using Name = std::pair<std::string_view, std::string>;
  std::array<Name, 6> names_;
  std::string result_;
  Inside inside_ = Inside::code;
};

/// Keeps the lines whose condition holds.
class Lines {
 public:
  explicit Lines(const std::vector<std::string>& flags) : flags_(flags) {}

  void add(std::string_view line) {
    if (std::optional<Directive> const directive = directive_of(line))
      follow(*directive);
    else if (keep_)
      text_ += line;
    text_ += '\n';
  }
  std::string finish() {
    if (inside_) throw Error("XX000", "a condition of the script has no end");
    return std::move(text_);
  }

 private:
  void follow(const Directive& directive) {
    bool const begins = directive.word == "if" || directive.word == "unless";
    if (begins == inside_ || (!begins && directive.word != "end"))
      throw Error("XX000", "a condition of the script is out of place: " + std::string(directive.word));
    inside_ = begins;
    bool const holds = std::ranges::find(flags_, directive.name) != flags_.end();
    keep_ = !begins || holds == (directive.word == "if");
  }

  const std::vector<std::string>& flags_;
  std::string text_;
  bool inside_ = false;
  bool keep_ = true;
};

}  // namespace

std::vector<Part> parts_of(const std::vector<std::string>& modules) {
  std::vector<std::string> wanted;
  for (std::string const& module : modules)
    add_with_needs(wanted, module);
  std::vector<Part> parts;
  for (Part const& part : kParts)
    if (modules.empty() || std::ranges::find(wanted, part.module) != wanted.end()) parts.push_back(part);
  return parts;
}

std::vector<std::string> modules_of(const std::vector<Part>& parts) {
  std::vector<std::string> modules;
  for (Part const& part : parts)
    if (std::ranges::find(modules, part.module) == modules.end()) modules.emplace_back(part.module);
  return modules;
}

std::string expand_script(std::string_view text, const ScriptValues& values) {
  if (values.schema.find_first_of("$\r\n") != std::string::npos)
    throw Error("22023", "a marketplace's schema can't have $ or a line break in its name")
        .hint("Take another name.");
  Lines lines(values.flags);
  while (!text.empty()) {
    size_t const end = std::min(text.find('\n'), text.size());
    lines.add(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return Expander(values).expand(lines.finish());
}

}  // namespace deal::marketplace
