/// A simulated build of a GiST index over a part of its rows: how full its pages get depends on the opclass's
/// own decisions, and nothing but taking them tells.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace deal::index {

/// A key as the opclass knows it, and the bytes of its tuple with line pointer.
struct GistItem {
  std::uintptr_t key = 0;
  double bytes = 0;
};

/// How full pages were and how large tuples.
struct GistProfile {
  double leaf_fill = 0;    ///< share of the room that is used; 0: nothing was inserted
  double inner_bytes = 0;  ///< mean tuple above the leaves, line pointer included; 0: there was one leaf only
};

/// Room on a page.
struct GistRoom {
  double whole = 8152;   ///< what halves of a split may take
  double filled = 7333;  ///< what inserting may take, by the fillfactor
};

/// Builds by insertion. `Ops` are the opclass's decisions:
///   size_t choose(std::span<const GistItem> entries, const GistItem& item);    where the item belongs
///   GistItem join(const GistItem& entry, const GistItem& item);                covers both
///   GistItem cover(std::span<const GistItem> items);                           covers all
///   std::vector<bool> split(std::span<const GistItem> items);                  true: to the right
template <class Ops>
class GistBuild {
 public:
  GistBuild(Ops& ops, GistRoom room) : ops_(ops), room_(room) { nodes_.emplace_back(); }

  /// Inserts one row's item where the opclass wants it.
  void insert(const GistItem& item) {
    std::vector<Step> path;
    std::size_t node = root_;
    while (!nodes_[node].children.empty()) {
      const std::size_t slot = ops_.choose(nodes_[node].items, item);
      replace(node, slot, ops_.join(nodes_[node].items[slot], item));
      path.push_back({node, slot});
      node = nodes_[node].children[slot];
    }
    append(node, item);
    settle(node, path);
  }

  /// Profile of the tree as it is now.
  GistProfile profile() const {
    double leaves = 0;
    double leaf_bytes = 0;
    double inner_items = 0;
    double inner_bytes = 0;
    for (const Node& node : nodes_) {
      if (node.children.empty()) {
        leaves += 1;
        leaf_bytes += node.bytes;
      } else {
        inner_items += static_cast<double>(node.items.size());
        inner_bytes += node.bytes;
      }
    }
    return {leaf_bytes / (leaves * room_.whole), inner_items > 0 ? inner_bytes / inner_items : 0};
  }

  /// On how many pages a run of items ends that is too large for one; sorted builds split such runs.
  std::size_t pages_of(const std::vector<GistItem>& items) {
    return divide(items, total(items) > room_.whole).size();
  }

 private:
  struct Node {
    std::vector<GistItem> items{};
    std::vector<std::size_t> children{};  // empty: a leaf
    double bytes = 0;
  };
  struct Step {
    std::size_t node;
    std::size_t slot;
  };

  static double total(const std::vector<GistItem>& items) {
    double bytes = 0;
    for (const GistItem& item : items)
      bytes += item.bytes;
    return bytes;
  }

  void append(std::size_t node, const GistItem& item) {
    nodes_[node].items.push_back(item);
    nodes_[node].bytes += item.bytes;
  }

  void replace(std::size_t node, std::size_t slot, const GistItem& item) {
    nodes_[node].bytes += item.bytes - nodes_[node].items[slot].bytes;
    nodes_[node].items[slot] = item;
  }

  // The opclass's halves; an opclass that leaves one side empty gets the items cut in the middle, as the
  // server does.
  std::vector<bool> halves(const std::vector<GistItem>& items) {
    std::vector<bool> right = ops_.split(items);
    const auto count = static_cast<std::size_t>(std::count(right.begin(), right.end(), true));
    if (right.size() != items.size() || count == 0 || count == items.size()) {
      right.assign(items.size(), false);
      for (std::size_t i = items.size() / 2; i < items.size(); ++i)
        right[i] = true;
    }
    return right;
  }

  using Slots = std::vector<std::size_t>;

  // Cuts items in two (at least once if `cut`) until every part fits a page.
  std::vector<Slots> divide(const std::vector<GistItem>& items, bool cut) {
    Slots all(items.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::vector<Slots> fitting;
    std::vector<Slots> open{all};
    while (!open.empty()) {
      const Slots slots = std::move(open.back());
      open.pop_back();
      std::vector<GistItem> chosen;
      chosen.reserve(slots.size());
      for (const std::size_t slot : slots)
        chosen.push_back(items[slot]);
      if (slots.size() < 2 || (!cut && total(chosen) <= room_.whole)) {
        fitting.push_back(slots);
        continue;
      }
      cut = false;
      const std::vector<bool> right = halves(chosen);
      Slots parts[2];
      for (std::size_t i = 0; i < slots.size(); ++i)
        parts[right[i] ? 1 : 0].push_back(slots[i]);
      open.push_back(std::move(parts[1]));
      open.push_back(std::move(parts[0]));
    }
    return fitting;
  }

  // Splits a node into the parts that fit; returns them, the node itself first.
  std::vector<std::size_t> split_node(std::size_t node) {
    const Node whole = std::move(nodes_[node]);
    nodes_[node] = Node{};
    std::vector<std::size_t> parts;
    for (const Slots& slots : divide(whole.items, true)) {
      parts.push_back(parts.empty() ? node : nodes_.size());
      if (parts.size() > 1) nodes_.emplace_back();
      for (const std::size_t slot : slots) {
        append(parts.back(), whole.items[slot]);
        if (!whole.children.empty()) nodes_[parts.back()].children.push_back(whole.children[slot]);
      }
    }
    return parts;
  }

  // Splits upwards from a node that may have outgrown its page.
  void settle(std::size_t node, std::vector<Step>& path) {
    while (nodes_[node].bytes > room_.filled && nodes_[node].items.size() > 1) {
      const std::vector<std::size_t> parts = split_node(node);
      if (path.empty()) {
        root_ = nodes_.size();
        nodes_.emplace_back();
        for (const std::size_t part : parts)
          adopt(root_, part);
        return;
      }
      const Step up = path.back();
      path.pop_back();
      replace(up.node, up.slot, ops_.cover(nodes_[node].items));
      for (std::size_t i = 1; i < parts.size(); ++i)
        adopt(up.node, parts[i]);
      node = up.node;
    }
  }

  void adopt(std::size_t parent, std::size_t child) {
    append(parent, ops_.cover(nodes_[child].items));
    nodes_[parent].children.push_back(child);
  }

  Ops& ops_;
  GistRoom room_;
  std::vector<Node> nodes_;
  std::size_t root_ = 0;
};

}  // namespace deal::index
