#include "core/bloat/estimate.hpp"

#include <cmath>

#include "core/base/random.hpp"

namespace deal::bloat {

namespace {

constexpr int kPageHeader = 24;
constexpr int kMostRowsOfPage = 291;  ///< MaxHeapTuplesPerPage of pages of 8 kB
constexpr double kInterval = 1.96;    ///< standard errors around the mean that hold 19 of 20

/// Fills in the gain and its interval from what is kept, a share of the pages with a standard error.
void set_gain(Estimate& estimate, double pages, double page_size, double kept_pages, double error_pages) {
  estimate.gain = (pages - kept_pages) * page_size;
  estimate.gain_low = (pages - kept_pages - kInterval * error_pages) * page_size;
  estimate.gain_high = std::min(pages, pages - kept_pages + kInterval * error_pages) * page_size;
}

}  // namespace

std::vector<std::uint32_t> choose_pages(std::uint32_t pages, std::uint32_t wanted, std::uint64_t again) {
  std::vector<std::uint32_t> chosen;
  wanted = std::min(pages, wanted);
  chosen.reserve(wanted);
  Random random(0x70616765ULL + again);
  for (std::uint64_t i = 0; i < wanted; ++i) {
    std::uint64_t const first = i * pages / wanted;
    std::uint64_t const next = (i + 1) * pages / wanted;
    chosen.push_back(static_cast<std::uint32_t>(first + random.below(next - first)));
  }
  return chosen;
}

double PageMean::mean() const {
  double sum = 0;
  for (double const value : values_)
    sum += value;
  return values_.empty() ? 0 : sum / static_cast<double>(values_.size());
}

double PageMean::error(double pages) const {
  auto const count = static_cast<double>(values_.size());
  if (count >= pages) return 0;
  if (values_.size() < 2) return mean();
  double squares = 0;
  for (std::size_t i = 1; i < values_.size(); ++i)
    squares += (values_[i] - values_[i - 1]) * (values_[i] - values_[i - 1]);
  double const variance = squares / (2 * (count - 1));
  return std::sqrt(variance / count * (1 - count / pages));
}

TableBloat::TableBloat(int page_size, int fillfactor)
    : page_size_(page_size),
      reserve_(page_size * (100 - fillfactor) / 100),
      free_space_(page_size - kPageHeader) {}

// As raw_heap_insert of rewriteheap.c fills pages.
void TableBloat::add(const TablePage& page) {
  double bytes = 0;
  for (std::uint16_t const length : page.rows) {
    int const row = index::align8(length);
    bytes += row + index::line_pointer_bytes;
    bool const fits = row + reserve_ <= free_space_ - index::line_pointer_bytes &&
                      rows_on_page_ < kMostRowsOfPage * page_size_ / 8192;
    if (!fits && rows_on_page_ > 0) {
      ++finished_;
      free_space_ = page_size_ - kPageHeader;
      rows_on_page_ = 0;
    }
    free_space_ -= row + index::line_pointer_bytes;
    ++rows_on_page_;
  }
  bytes_ += bytes;
  need_.add(bytes);
  dead_ += page.dead;
  held_ += page.held;
  free_ += page.free;
}

double TableBloat::pages_per_byte() const {
  if (bytes_ <= 0) return 0;
  double const room = page_size_ - kPageHeader - reserve_;
  double const current = std::min(1.0, (page_size_ - kPageHeader - free_space_) / room);
  return (finished_ + current) / bytes_;
}

double TableBloat::uncertainty(double pages) const {
  return kInterval * need_.error(pages) * pages_per_byte();
}

Estimate TableBloat::estimate(double pages) const {
  Estimate estimate;
  auto const read = static_cast<double>(need_.count());
  if (read == 0) return estimate;
  double kept = need_.mean() * pages * pages_per_byte();
  if (read >= pages) kept = std::ceil(kept - 1e-9);
  estimate.dead = dead_ / read * pages;
  estimate.held = held_ / read * pages;
  estimate.free = free_ / read * pages;
  set_gain(estimate, pages, page_size_, kept, need_.error(pages) * pages * pages_per_byte());
  return estimate;
}

void LiveShare::add(double live, double dead) {
  live_.push_back(live);
  all_.push_back(live + dead);
}

double LiveShare::share() const {
  double live = 0;
  double all = 0;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    live += live_[i];
    all += all_[i];
  }
  return all > 0 ? live / all : 1;
}

double LiveShare::error(double pages) const {
  double const whole = share();
  PageMean rest;
  PageMean all;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    rest.add(live_[i] - whole * all_[i]);
    all.add(all_[i]);
  }
  return all.mean() > 0 ? rest.error(pages) / all.mean() : 0;
}

BtreeBloat::BtreeBloat(const index::BtreeShape& shape, double live_share, double live_error)
    : shape_(shape), live_share_(live_share), live_error_(live_error), level_(shape) {}

int BtreeBloat::most_rows(const LeafGroup& group) const {
  return shape_.deduplicate ? index::max_posting_rows(group.tuple_bytes, shape_.page_size) : 1;
}

void BtreeBloat::add_leaf(std::span<const LeafGroup> groups, double dead, double free, int pivot_bytes) {
  double bytes = 0;
  for (LeafGroup const& group : groups) {
    // An update leaves the entry of its old row beside that of the new one, so one of several is kept first;
    // pages_per_byte() sees to it that no more are kept than the table has.
    auto const kept = std::max(1, static_cast<int>(std::lround(group.rows * live_share_)));
    int const most = most_rows(group);
    int const lists = (kept + most - 1) / most;
    bytes += lists * (group.tuple_bytes + index::line_pointer_bytes);
    if (most > 1) bytes += kept * index::heap_tid_bytes;
    // What is first or last on a page may have more on another one.
    bool const goes_on = most > 1 && &group == &groups.back() && group.key != 0;
    lay_out({group.tuple_bytes, kept, &group == &groups.front() || goes_on ? group.key : 0}, goes_on);
    rows_ += group.rows;
    kept_rows_ += kept;
  }
  if (pivot_bytes > 0) {
    ++pivots_;
    pivot_bytes_ += pivot_bytes;
  }
  bytes_ += bytes;
  need_.add(bytes);
  dead_ += dead;
  free_ += free;
}

void BtreeBloat::add_inner(double free) {
  need_.add(0);
  free_ += free;
}

void BtreeBloat::add_deleted() {
  need_.add(0);
  free_ += shape_.page_size;
}

void BtreeBloat::lay_out(LeafGroup group, bool goes_on) {
  int const most = most_rows(group);
  // Begun on another page, which may have been read too.
  if (auto const begun = open_.find(group.key); begun != open_.end()) {
    group.rows += begun->second.rows;
    open_.erase(begun);
  }
  for (; group.rows >= most; group.rows -= most)
    level_.add(index::leaf_tuple(group.tuple_bytes, most));
  if (group.rows == 0) return;
  if (goes_on)
    open_.emplace(group.key, group);
  else
    level_.add(index::leaf_tuple(group.tuple_bytes, group.rows));
}

double BtreeBloat::pages_per_byte() const {
  if (bytes_ <= 0) return 0;
  index::LeafLevel level = level_;
  for (auto const& [key, open] : open_)
    level.add(index::leaf_tuple(open.tuple_bytes, open.rows));
  return level.pages() / bytes_ * std::min(1.0, live_share_ * rows_ / kept_rows_);
}

double BtreeBloat::rebuilt_pages(double pages) const {
  index::BtreePages built;
  built.leaf_pages = need_.mean() * pages * pages_per_byte();
  if (static_cast<double>(need_.count()) >= pages) built.leaf_pages = std::ceil(built.leaf_pages - 1e-9);
  if (built.leaf_pages > 0)
    index::add_inner_levels(built, pivots_ > 0 ? pivot_bytes_ / pivots_ : 16, shape_.page_size);
  return 1 + built.leaf_pages + built.inner_pages;  // and the first one, which says where the root is
}

double BtreeBloat::uncertainty(double pages) const {
  double const of_table = live_share_ > 0 ? need_.mean() * live_error_ / live_share_ : 0;
  return kInterval * std::hypot(need_.error(pages), of_table) * pages_per_byte();
}

Estimate BtreeBloat::estimate(double pages) const {
  Estimate estimate;
  auto const read = static_cast<double>(need_.count());
  if (read == 0) return estimate;
  // A row's entry takes as much as another's.
  double const row_bytes = kept_rows_ > 0 ? bytes_ / kept_rows_ : 0;
  estimate.dead = (dead_ + rows_ * (1 - live_share_) * row_bytes) / read * pages;
  estimate.free = free_ / read * pages;
  set_gain(estimate, pages, shape_.page_size, rebuilt_pages(pages), uncertainty(pages) / kInterval * pages);
  return estimate;
}

}  // namespace deal::bloat
