#include "core/base/visit_schedule.hpp"

#include <algorithm>

namespace deal {

VisitSchedule::Entry* VisitSchedule::find(std::uint32_t oid) {
  auto const found =
      std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.database.oid == oid; });
  return found == entries_.end() ? nullptr : &*found;
}

VisitSchedule::Milliseconds VisitSchedule::interval_of(const Entry& entry) const {
  Milliseconds const own = entry.own_interval.value_or(0);
  return own > 0 ? own : interval_;
}

// Computed anew from the last begin, so that a changed interval counts at once.
void VisitSchedule::settle(Entry& entry, Milliseconds not_before) const {
  Milliseconds const after = entry.visited_once ? interval_of(entry) : std::min(interval_, kFirst);
  entry.next = std::max(entry.begun + after, not_before);
}

void VisitSchedule::update(const std::vector<Database>& databases, Milliseconds interval, Milliseconds now) {
  bool const changed = interval != interval_;
  interval_ = interval;
  for (Entry& entry : entries_)
    entry.gone = true;
  for (auto const& database : databases) {
    if (Entry* const known = find(database.oid)) {
      known->gone = false;
      known->database.name = database.name;
      if (changed && !known->running) settle(*known, 0);
    } else {
      Entry& entry = entries_.emplace_back();
      entry.database = database;
      entry.begun = now;
      settle(entry, 0);
    }
  }
  std::erase_if(entries_, [](const Entry& entry) { return entry.gone && !entry.running; });
}

std::size_t VisitSchedule::free_places() const {
  auto const running = static_cast<std::size_t>(std::ranges::count_if(entries_, &Entry::running));
  return running < most_at_once_ ? most_at_once_ - running : 0;
}

std::vector<VisitSchedule::Database> VisitSchedule::due(Milliseconds now) const {
  std::vector<const Entry*> waiting;
  if (interval_ > 0) {
    for (auto const& entry : entries_) {
      if (!entry.running && entry.next <= now) waiting.push_back(&entry);
    }
  }
  std::ranges::stable_sort(waiting, {}, &Entry::next);
  if (waiting.size() > free_places()) waiting.resize(free_places());
  std::vector<Database> databases;
  databases.reserve(waiting.size());
  for (const Entry* const entry : waiting)
    databases.push_back(entry->database);
  return databases;
}

void VisitSchedule::begun(std::uint32_t oid, Milliseconds now) {
  Entry* const entry = find(oid);
  if (entry == nullptr) return;
  entry->begun = now;
  entry->visited_once = entry->running = true;
}

void VisitSchedule::refused(std::uint32_t oid, Milliseconds now) {
  if (Entry* const entry = find(oid)) entry->next = now + kRefused;
}

void VisitSchedule::ended(std::uint32_t oid, std::optional<Milliseconds> interval, Milliseconds now) {
  Entry* const entry = find(oid);
  if (entry == nullptr) return;
  entry->running = false;
  entry->own_interval = interval;
  settle(*entry, now + kRest);
}

VisitSchedule::Milliseconds VisitSchedule::pause(Milliseconds now) const {
  Milliseconds longest = kLongest;
  if (interval_ == 0 || free_places() == 0) return longest;
  for (auto const& entry : entries_) {
    if (!entry.running) longest = std::min(longest, entry.next - now);
  }
  return std::max<Milliseconds>(longest, 0);
}

}  // namespace deal
