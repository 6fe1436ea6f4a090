#include "server/audit/logged_value.hpp"

extern "C" {
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
}

namespace deal::server {

namespace {

/// Children of a jsonb object, one after the other.
class Children {
 public:
  Children(const JsonbContainer* container, int count)
      : container_(container), base_(reinterpret_cast<const char*>(container->children + 2 * count)) {}

  JEntry entry(int i) const { return container_->children[i]; }
  const char* at(uint32 offset) const { return base_ + offset; }
  uint32 offset_of(int i) const { return getJsonbOffset(container_, i); }

 private:
  const JsonbContainer* container_;
  const char* base_;
};

void read_value(const Children& children, int i, uint32 offset, JsonbValue& value) {
  JEntry const entry = children.entry(i);
  if (JBE_ISNULL(entry)) {
    value.type = jbvNull;
  } else if (JBE_ISSTRING(entry)) {
    value.type = jbvString;
    value.val.string.val = const_cast<char*>(children.at(offset));
    value.val.string.len = JBE_HAS_OFF(entry) ? static_cast<int>(JBE_OFFLENFLD(entry) - offset)
                                              : static_cast<int>(JBE_OFFLENFLD(entry));
  } else if (JBE_ISNUMERIC(entry)) {
    value.type = jbvNumeric;
    value.val.numeric = reinterpret_cast<Numeric>(const_cast<char*>(children.at(INTALIGN(offset))));
  } else if (JBE_ISBOOL(entry)) {
    value.type = jbvBool;
    value.val.boolean = JBE_ISBOOL_TRUE(entry);
  } else {
    uint32 const padding = INTALIGN(offset) - offset;
    uint32 const length = JBE_HAS_OFF(entry) ? JBE_OFFLENFLD(entry) - offset : JBE_OFFLENFLD(entry);
    value.type = jbvBinary;
    value.val.binary.data =
        reinterpret_cast<JsonbContainer*>(const_cast<char*>(children.at(INTALIGN(offset))));
    value.val.binary.len = static_cast<int>(length - padding);
  }
}

int compare_names(const char* one, int one_size, const ImageColumn& column) {
  if (one_size != column.name_size) return one_size - column.name_size;
  return memcmp(one, column.name, static_cast<size_t>(one_size));
}

/// Small whole numbers, which most keys are, without a call: their digits to the base 10000 as the server
/// stores them (numeric.c, short form). False: not such a number.
bool small_number(Numeric stored, int64* result) {
  constexpr uint16 kFormMask = 0xC000;
  constexpr uint16 kShort = 0x8000;
  constexpr uint16 kScaleMask = 0x1F80;
  constexpr uint16 kNegative = 0x2000;
  constexpr int kDigitBytes = sizeof(int16);
  const char* const data = VARDATA_ANY(stored);
  auto const size = static_cast<int>(VARSIZE_ANY_EXHDR(stored));
  uint16 header = 0;
  memcpy(&header, data, sizeof header);
  int const weight = header & 0x7F;  // below 0 it is greater than 63
  int const digits = size / kDigitBytes - 1;
  if ((header & kFormMask) != kShort || (header & kScaleMask) != 0 || weight > 3 || digits > weight + 1)
    return false;
  int64 number = 0;
  for (int i = 0; i <= weight; ++i) {
    int16 digit = 0;
    if (i < digits) memcpy(&digit, data + kDigitBytes * (i + 1), sizeof digit);
    number = number * 10000 + digit;
  }
  *result = (header & kNegative) != 0 ? -number : number;
  return true;
}

}  // namespace

ImageFields read_image(Jsonb* image, const ImageShape& shape) {
  if (image == nullptr || !JB_ROOT_IS_OBJECT(image)) return {nullptr, 0};
  int const count = static_cast<int>(JB_ROOT_COUNT(image));
  Children const children(&image->root, count);
  auto* const fields =
      static_cast<audit::Field*>(palloc(sizeof(audit::Field) * static_cast<size_t>(count) + 1));
  auto* const values =
      static_cast<LoggedValue*>(palloc(sizeof(LoggedValue) * static_cast<size_t>(count) + 1));
  ImageFields result{fields, 0};
  uint32 key_offset = 0;
  uint32 value_offset = count > 0 ? children.offset_of(count) : 0;
  int column = 0;
  for (int i = 0; i < count; ++i) {
    JsonbValue key{};
    read_value(children, i, key_offset, key);
    int order = 1;
    while (column < shape.count &&
           (order = compare_names(key.val.string.val, key.val.string.len, shape.columns[column])) > 0)
      ++column;
    if (column < shape.count && order == 0) {
      ImageColumn const& known = shape.columns[column];
      LoggedValue& value = values[result.count];
      read_value(children, count + i, value_offset, value.value);
      value.hidden = known.hidden;
      value.same_type = known.same_type;
      fields[result.count++] = {known.slot, &value};
    }
    JBE_ADVANCE_OFFSET(key_offset, children.entry(i));
    JBE_ADVANCE_OFFSET(value_offset, children.entry(count + i));
  }
  return result;
}

bool same_value(const JsonbValue& one, const JsonbValue& other) {
  if (one.type != other.type) return false;
  switch (one.type) {
    case jbvString:
      return one.val.string.len == other.val.string.len &&
             memcmp(one.val.string.val, other.val.string.val, static_cast<size_t>(one.val.string.len)) == 0;
    case jbvNumeric:
      return VARSIZE_ANY(one.val.numeric) == VARSIZE_ANY(other.val.numeric) &&
             memcmp(one.val.numeric, other.val.numeric, VARSIZE_ANY(one.val.numeric)) == 0;
    case jbvBool:
      return one.val.boolean == other.val.boolean;
    case jbvBinary:
      return one.val.binary.len == other.val.binary.len &&
             memcmp(one.val.binary.data, other.val.binary.data, static_cast<size_t>(one.val.binary.len)) == 0;
    default:
      return true;
  }
}

void append_key_null(StringInfo text) {
  appendStringInfoString(text, "-:");
}

void append_key_text(StringInfo text, const JsonbValue& value) {
  const char* bytes = nullptr;
  int size = 0;
  int64 number = 0;
  char decimals[MAXINT8LEN + 1];
  switch (value.type) {
    case jbvString:
      bytes = value.val.string.val;
      size = value.val.string.len;
      break;
    case jbvNumeric:  // 1.0 and 1.00 are one key
      if (small_number(value.val.numeric, &number)) {
        bytes = decimals;
        size = pg_lltoa(number, decimals);
        break;
      }
      bytes = numeric_normalize(value.val.numeric);
      size = static_cast<int>(strlen(bytes));
      break;
    case jbvBool:
      bytes = value.val.boolean ? "true" : "false";
      size = static_cast<int>(strlen(bytes));
      break;
    case jbvBinary:
      bytes = JsonbToCString(nullptr, value.val.binary.data, value.val.binary.len);
      size = static_cast<int>(strlen(bytes));
      break;
    default:
      append_key_null(text);
      return;
  }
  char length[MAXINT8LEN + 1];
  appendBinaryStringInfo(text, length, pg_ltoa(size, length));
  appendStringInfoChar(text, ':');
  appendBinaryStringInfo(text, bytes, size);
}

ObjectBuilder begin_object() {
  ObjectBuilder object{nullptr};
  (void)pushJsonbValue(&object.state, WJB_BEGIN_OBJECT, nullptr);
  return object;
}

void add_to_object(ObjectBuilder& object, const char* key, int key_size, const JsonbValue& value) {
  JsonbValue name;
  name.type = jbvString;
  name.val.string.val = const_cast<char*>(key);
  name.val.string.len = key_size;
  (void)pushJsonbValue(&object.state, WJB_KEY, &name);
  JsonbValue copy = value;
  (void)pushJsonbValue(&object.state, WJB_VALUE, &copy);
}

Jsonb* end_object(ObjectBuilder& object) {
  return JsonbValueToJsonb(pushJsonbValue(&object.state, WJB_END_OBJECT, nullptr));
}

}  // namespace deal::server
