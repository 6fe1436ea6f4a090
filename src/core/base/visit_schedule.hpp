#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace deal {

/// When which database is to be visited by the scheduled worker: plain bookkeeping without a clock or a
/// server. Times are milliseconds on any clock that never goes back.
class VisitSchedule {
 public:
  using Milliseconds = std::int64_t;

  /// A database that there is to visit.
  struct Database {
    std::uint32_t oid = 0;
    std::string name;
  };

  /// A new database is visited after one interval, but after a minute at the latest: not at once, so that a
  /// visit that crashes the server doesn't do so again and again without leaving time to switch it off.
  static constexpr Milliseconds kFirst = 60'000;
  /// After no worker could be had.
  static constexpr Milliseconds kRefused = 10'000;
  /// Between the end of one visit and the begin of the next, whatever the interval: visits never overlap.
  static constexpr Milliseconds kRest = 1'000;
  /// How long to sleep when nothing is due: databases come and go.
  static constexpr Milliseconds kLongest = 60'000;

  /// At most this many visits at a time: a long one must not keep the other databases waiting.
  explicit VisitSchedule(std::size_t most_at_once) : most_at_once_(most_at_once) {}

  /// Takes note of the databases that are there and of the interval between the begins of two visits, which
  /// holds unless a database has told its own; 0: no visits. Those that are gone are forgotten, unless they
  /// are being visited.
  void update(const std::vector<Database>& databases, Milliseconds interval, Milliseconds now);

  /// Whom to visit now, the one that waits longest first; no more than may be visited at once.
  std::vector<Database> due(Milliseconds now) const;

  /// A visit has begun, or no worker could be had for it.
  void begun(std::uint32_t oid, Milliseconds now);
  void refused(std::uint32_t oid, Milliseconds now);
  /// A visit has ended. `interval`: what the database wants for itself (0: it wants none, and is asked again
  /// after the general interval); nothing if it didn't say.
  void ended(std::uint32_t oid, std::optional<Milliseconds> interval, Milliseconds now);

  /// How long to sleep before asking `due` again, if no visit ends before; at most kLongest.
  Milliseconds pause(Milliseconds now) const;

 private:
  struct Entry {
    Database database;
    Milliseconds next = 0;   ///< when it is due
    Milliseconds begun = 0;  ///< when its last visit began
    std::optional<Milliseconds> own_interval;
    bool visited_once = false;
    bool running = false;
    bool gone = false;
  };

  Entry* find(std::uint32_t oid);
  Milliseconds interval_of(const Entry& entry) const;
  void settle(Entry& entry, Milliseconds not_before) const;
  std::size_t free_places() const;

  std::size_t most_at_once_;
  Milliseconds interval_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace deal
