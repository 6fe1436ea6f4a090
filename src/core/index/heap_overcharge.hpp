/// What the planner charges for heap pages that a search by block ranges won't read.
#pragma once

namespace deal::index {

/// What a page costs.
struct PageCosts {
  double random = 4;
  double sequential = 1;
};

/// Part of what the planner charges a bitmap heap scan, in its unit, that is no work to come. The planner
/// takes the rows it finds to lie anywhere in the table (compute_bitmap_pages in costsize.c), so that each of
/// the first thousands is a page of its own. BRIN finds ranges of pages: what it reads of the table is as
/// large a share of its pages as of its rows, and lies together. A day of a table in the order of time is
/// charged up to eighty times its pages, while a B-tree on the same column, read in its order, is not.
///
/// `found`: rows in the ranges that match, of `rows` on `pages` pages. 0 if there is nothing wrong.
double heap_overcharge(double found, double rows, double pages, const PageCosts& costs);

}  // namespace deal::index
