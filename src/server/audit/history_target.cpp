#include "server/audit/history_target.hpp"

#include "server/audit/sink.hpp"

extern "C" {
#include "access/table.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

bool fits(TupleDesc shape, size_t own_columns) {
  if (shape->natts != HistoryTarget::kHeader + static_cast<int>(own_columns)) return false;
  for (int i = 0; i < HistoryTarget::kHeader; ++i)
    if (TupleDescAttr(shape, i)->atttypid != HistoryTarget::kHeaderTypes[i]) return false;
  return true;
}

template <class T>
T* zeroed(size_t count) {
  return static_cast<T*>(palloc0(sizeof(T) * count));
}

/// Plain arrays that describe the columns of the audited relation's layout.
struct LayoutColumns {
  const int* ids;
  const AttrNumber* numbers;
  const bool* plain;
  int count;
};

HistoryTarget* make(const HistoryTable& history, const LayoutColumns& layout, TupleDesc shape,
                    TupleDesc own) {
  auto* const target = zeroed<HistoryTarget>(1);
  auto const columns = history.columns.size();
  target->columns = static_cast<int>(columns);
  target->sources = zeroed<AttrNumber>(columns + 1);
  target->rest_columns = zeroed<uint64_t>(static_cast<size_t>(column_words(shape->natts)) + 1);
  target->values = zeroed<Datum>(HistoryTarget::kHeader + columns);
  target->nulls = zeroed<bool>(HistoryTarget::kHeader + columns);
  size_t const bytes = VARHDRSZ + (columns + 7) / 8;
  target->changed_bits = static_cast<struct varlena*>(palloc0(bytes));
  SET_VARSIZE(target->changed_bits, bytes);
  for (int i = 0; i < layout.count; ++i) {
    int place = -1;  // the newest column of that identity and type
    Oid const type = TupleDescAttr(shape, layout.numbers[i] - 1)->atttypid;
    for (size_t column = 0; column < columns; ++column)
      if (history.columns[column] == layout.ids[i] &&
          TupleDescAttr(own, HistoryTarget::kHeader + static_cast<int>(column))->atttypid == type)
        place = static_cast<int>(column);
    if (layout.plain[i] && place >= 0) {
      target->sources[place] = layout.numbers[i];
    } else {
      add_column(target->rest_columns, layout.numbers[i] - 1);
      target->has_rest = true;
    }
  }
  target->sink = find_sink(history.relation, history.overflow, own);
  return target;
}

}  // namespace

HistoryTarget* make_history_target(const HistoryTable& history, const audit::Layout& layout, TupleDesc shape,
                                   MemoryContext context) {
  std::vector<int> ids;
  std::vector<AttrNumber> numbers;
  std::unique_ptr<bool[]> const plain(new bool[layout.columns.size() + 1]);
  for (audit::LayoutColumn const& column : layout.columns) {
    if (column.treatment == audit::Treatment::ignored) continue;
    plain[ids.size()] = column.treatment == audit::Treatment::plain;
    ids.push_back(column.id);
    numbers.push_back(static_cast<AttrNumber>(column.number));
  }
  LayoutColumns const columns{ids.data(), numbers.data(), plain.get(), static_cast<int>(ids.size())};
  return pg::call([&]() -> HistoryTarget* {
    Relation const relation =
        history.relation == InvalidOid ? nullptr : try_table_open(history.relation, AccessShareLock);
    if (relation == nullptr) return nullptr;
    MemoryContext const outer = MemoryContextSwitchTo(context);
    HistoryTarget* target = nullptr;
    if (fits(RelationGetDescr(relation), history.columns.size()))
      target = make(history, columns, shape, RelationGetDescr(relation));
    MemoryContextSwitchTo(outer);
    table_close(relation, NoLock);
    return target;
  });
}

}  // namespace deal::server
