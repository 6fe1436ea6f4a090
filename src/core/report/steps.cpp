/// The statements: in which order, under which locks, and how to go back.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/base/text.hpp"
#include "core/report/report.hpp"

namespace deal::report {

namespace {

/// What a finding or proposal is about, for a comment in a script: on one line, so that a line break in a
/// name can't end the comment and turn the rest of the name into a statement.
std::string remark(const std::string& object) {
  return one_line(object, 200);
}

std::string script(const std::vector<std::string>& statements) {
  std::string text;
  for (auto const& statement : statements)
    text += statement + ";\n";
  return text;
}

bool takes_blocking_lock(const Finding& finding) {
  return finding.lock_level == "ACCESS EXCLUSIVE" || finding.lock_level == "SHARE";
}

bool needs_restart(const Finding& finding) {
  return std::any_of(finding.fix.begin(), finding.fix.end(),
                     [](const std::string& statement) { return statement.starts_with("ALTER SYSTEM"); });
}

std::string seconds_of(const Finding& finding) {
  if (!finding.est_seconds) return "";
  return fmt::format("{:.1f} to {:.1f} s", finding.est_seconds->first,
                     std::max(finding.est_seconds->second, 0.1));
}

/// The advisors differ in the case of keywords only when they propose the same thing.
bool same_statement(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// A finding has the same statement already: a second one would fail.
bool stands_in_findings(const Input& input, const AdviceRow& row) {
  auto const list = fixable(input);
  return !row.ddl.empty() && std::any_of(list.begin(), list.end(), [&](const Finding* finding) {
    return same_statement(finding->fix.front(), row.ddl.front());
  });
}

template <class Wanted>
void add_phase(Section& section, const Input& input, std::string_view title, Wanted wanted) {
  std::vector<std::vector<std::string>> rows;
  int count = 0;
  for (const Finding* const finding : fixable(input)) {
    if (!wanted(*finding)) continue;
    if (++count > input.max_items) continue;
    rows.push_back(
        {finding->check_id, finding->object, finding->lock_level, finding->blocks, seconds_of(*finding)});
  }
  if (rows.empty()) return;
  section.paragraph(std::string(title));
  section.table({"check", "object", "strongest lock", "blocks", "estimate"}, std::move(rows));
  if (count > input.max_items) section.paragraph(fmt::format("And {} more.", count - input.max_items));
}

}  // namespace

std::vector<const Finding*> fixable(const Input& input) {
  std::vector<const Finding*> list;
  for (auto const& finding : input.findings)
    if (finding.status == Status::open && !finding.fix.empty()) list.push_back(&finding);
  return list;
}

Section implementation_steps(const Input& input) {
  Section section{"Implementation Steps", {}};
  std::string text;
  int count = 0;
  for (const Finding* const finding : fixable(input)) {
    if (++count > input.max_items) continue;
    text += fmt::format("-- {} {}: {} [{}]\n{}", finding->check_id, remark(finding->object), finding->title,
                        finding->fingerprint, script(finding->fix));
  }
  if (count > input.max_items) text += fmt::format("-- and {} more\n", count - input.max_items);
  for (auto const& row : input.advice)
    if (stands_in_findings(input, row))
      text += fmt::format("-- index advice, rank {}: {}, see above\n", row.rank, remark(row.relation));
    else
      text +=
          fmt::format("-- index advice, rank {}: {}\n{}", row.rank, remark(row.relation), script(row.ddl));
  if (text.empty()) {
    section.paragraph("Nothing to do: no finding has a fix, and no index is proposed.");
    return section;
  }
  section.paragraph(
      "In this order, each statement by itself: CONCURRENTLY can't run inside a transaction block. CALL "
      "deal_advisor.findings_apply(fingerprints) runs the fixes of findings for you.");
  section.code("sql", std::move(text));
  return section;
}

Section migration_plan(const Input& input) {
  Section section{"Migration Plan", {}};
  add_phase(section, input,
            "1. At any time, while the application runs (nothing waits, vacuum and DDL apart):",
            [](const Finding& f) { return !takes_blocking_lock(f) && !needs_restart(f); });
  if (!input.advice.empty())
    section.paragraph("The advised indexes belong here too: they are built and dropped CONCURRENTLY.");
  add_phase(
      section, input,
      "2. In a quiet hour, with lock_timeout set and retried (others wait for as long as the lock is held):",
      [](const Finding& f) { return takes_blocking_lock(f) && !needs_restart(f); });
  add_phase(section, input, "3. With the next restart of the server:", needs_restart);
  if (section.blocks.empty()) {
    section.paragraph("Nothing to plan: no finding has a fix, and no index is proposed.");
    return section;
  }
  auto const list = fixable(input);
  if (std::any_of(list.begin(), list.end(), [](const Finding* f) { return takes_blocking_lock(*f); })) {
    section.paragraph("Before a statement that needs a blocking lock:");
    section.code("sql", "set lock_timeout = '2s';\n");
  }
  return section;
}

Section rollback_strategy(const Input& input) {
  Section section{"Rollback Strategy", {}};
  std::string text;
  std::vector<std::string> without;
  auto const list = fixable(input);
  for (auto row = input.advice.rbegin(); row != input.advice.rend(); ++row)
    if (!stands_in_findings(input, *row))
      text += fmt::format("-- index advice, rank {}: {}\n{}", row->rank, remark(row->relation),
                          script(row->rollback));
  size_t const shown = std::min(list.size(), static_cast<size_t>(input.max_items));
  for (size_t i = shown; i-- > 0;) {
    const Finding& finding = *list[i];
    if (finding.rollback.empty()) {
      without.push_back(fmt::format("{} {}", finding.check_id, finding.object));
      continue;
    }
    text += fmt::format("-- {} {}\n{}", finding.check_id, remark(finding.object), script(finding.rollback));
  }
  if (text.empty() && without.empty()) {
    section.paragraph("Nothing to roll back: no change is proposed.");
    return section;
  }
  section.paragraph("The inverse of the steps above, last step first:");
  section.code("sql", std::move(text));
  if (!without.empty()) {
    section.paragraph("Without an inverse:");
    section.list(std::move(without));
  }
  return section;
}

Section testing_approach(const Input& input) {
  Section section{"Testing Approach", {}};
  std::string text;
  int count = 0;
  for (auto const& finding : input.findings) {
    if (finding.status != Status::open || finding.verify.empty()) continue;
    if (++count > input.max_items) continue;
    text += fmt::format("-- {} {}\n{};\n", finding.check_id, remark(finding.object), finding.verify);
  }
  if (text.empty()) {
    section.paragraph("No query verifies anything: there is no open finding.");
  } else {
    section.paragraph(
        "Try the steps on a copy of the database first. After a fix, its query returns no row:");
    section.code("sql", std::move(text));
    if (count > input.max_items) section.paragraph(fmt::format("And {} more.", count - input.max_items));
  }
  section.paragraph("In continuous integration, fail when something of weight is open:");
  section.code("sql", "select deal_advisor.findings_gate('high');\n");
  return section;
}

}  // namespace deal::report
