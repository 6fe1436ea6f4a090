/// A GiST opclass's decisions for a simulated build.
#pragma once

#include <span>
#include <vector>

#include "core/base/random.hpp"
#include "core/index/gist_build.hpp"
#include "server/index/hypothetical.hpp"

extern "C" {
#include "access/gist.h"
#include "fmgr.h"
#include "utils/relcache.h"
}

namespace deal::server {

/// The support functions of one key column. Lives in a memory context of the caller, where results go too.
/// Every method raises what the opclass's code raises.
class GistOpclass {
 public:
  GistOpclass(const Hypothetical& index, int key);

  /// What the index stores for a value of a row (`stored`), and the key as the opclass compares it.
  struct Leaf {
    Datum stored;
    Datum key;
  };
  Leaf leaf(Datum value);
  Oid stored_type() const { return stored_type_; }
  /// Bytes of each tuple besides this key: header, alignment apart, further columns, line pointer.
  void set_overhead(double bytes) { overhead_ = bytes; }
  /// True if the index is built sorted; `sort` then puts leaf keys into that order.
  bool sorts() const { return sort_function_ != InvalidOid; }
  void sort(std::vector<Leaf>& leaves);

  std::size_t choose(std::span<const index::GistItem> entries, const index::GistItem& item);
  index::GistItem join(const index::GistItem& entry, const index::GistItem& item);
  index::GistItem cover(std::span<const index::GistItem> items);
  std::vector<bool> split(std::span<const index::GistItem> items);

 private:
  GISTENTRY entry_of(Datum key, bool leaf) const;
  index::GistItem sealed(Datum key);

  Oid collation_;
  Oid stored_type_;
  Oid sort_function_;
  bool compresses_ = false;
  bool decompresses_ = false;
  FmgrInfo compress_{};
  FmgrInfo decompress_{};
  FmgrInfo penalty_{};
  FmgrInfo union_{};
  FmgrInfo split_{};
  Relation relation_ = nullptr;
  char* page_ = nullptr;  ///< for opclasses that ask whether an entry is a leaf's
  double overhead_ = 12;
  Random random_{20250101};
};

}  // namespace deal::server
