#include "server/audit/row_identity.hpp"

#include "server/bridge/memory.hpp"

namespace deal::server {

RowIdentity identity_of(const LogSource& source, MemoryContext keep) {
  std::vector<int> slots = source.key;
  bool const whole_row = slots.empty();
  for (int slot = 0; whole_row && slot < source.columns->count(); ++slot)
    if (source.recorded[static_cast<size_t>(slot)]) slots.push_back(slot);
  int* const copy = pg::call([&] {
    auto* const out = static_cast<int*>(MemoryContextAlloc(keep, sizeof(int) * (slots.size() + 1)));
    memcpy(out, slots.data(), sizeof(int) * slots.size());
    return out;
  });
  return {whole_row, static_cast<int>(slots.size()), copy};
}

StringInfoData identity_text(const RowIdentity& identity, const ImageFields& image) {
  constexpr int kUsual = 64;  // the server's default of 1 kB for each of many rows is too much
  StringInfoData text;
  text.data = static_cast<char*>(palloc(kUsual));
  text.maxlen = kUsual;
  resetStringInfo(&text);
  for (int i = 0; i < identity.count; ++i) {
    const JsonbValue* value = nullptr;
    for (int field = 0; field < image.count && value == nullptr; ++field)
      if (image.fields[field].slot == identity.slots[i]) value = &logged(image.fields[field].value).value;
    bool const null = value == nullptr || value->type == jbvNull;
    if (identity.whole_row && null) continue;
    if (identity.whole_row) appendStringInfo(&text, "%d=", identity.slots[i]);
    if (null)
      append_key_null(&text);
    else
      append_key_text(&text, *value);
  }
  return text;
}

}  // namespace deal::server
