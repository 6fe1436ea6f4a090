#include "server/audit/encode.hpp"

#include <algorithm>

#include "server/audit/encode_object.hpp"
#include "server/audit/jsonb_output.hpp"

namespace deal::server {

namespace {

constexpr size_t kFirstCapacity = 4096;
constexpr size_t kKeptCapacity = 256 * 1024;  ///< a larger buffer is given back

}  // namespace

JsonbOutput make_output(MemoryContext context, size_t capacity) {
  JsonbOutput out;
  out.data = static_cast<char*>(MemoryContextAlloc(context, capacity));
  out.at = out.data;
  out.end = out.data + capacity;
  return out;
}

void grow(JsonbOutput& out, size_t bytes) {
  size_t const used = out.offset();
  size_t const capacity = std::max(2 * out.capacity(), used + bytes);
  out.data = static_cast<char*>(repalloc_huge(out.data, capacity));
  out.at = out.data + used;
  out.end = out.data + capacity;
}

struct RowEncoder {
  ObjectShape* shape;
  int attributes;
  Salt salt;
  MemoryContext context;
  JsonbOutput buffer;
  bool foreign_code;  ///< may come back to this encoder: then each call has a buffer of its own
};

namespace {

/// Starts a value in `out`.
void begin(JsonbOutput& out) {
  out.at = out.data + VARHDRSZ;
  out.too_large = false;
}

struct varlena* end(JsonbOutput& out) {
  SET_VARSIZE(out.data, out.offset());
  return reinterpret_cast<struct varlena*>(out.data);
}

/// The encoder's own buffer, without what a large row has left.
JsonbOutput& own_buffer(RowEncoder& encoder) {
  JsonbOutput& buffer = encoder.buffer;
  if (buffer.capacity() > kKeptCapacity) {
    pfree(buffer.data);
    buffer = JsonbOutput{};
  }
  if (buffer.data == nullptr) buffer = make_output(encoder.context, kFirstCapacity);
  return buffer;
}

AttrNumber largest_member(const ObjectShape& shape) {
  const size_t* const largest = std::max_element(shape.sizes, shape.sizes + shape.count);
  return shape.members[largest - shape.sizes].attribute;
}

/// Writes the object anew, with one more of its largest values as null each time, until it fits.
void put_without_largest(JsonbOutput& out, RowEncoder& encoder, const Datum* values, const bool* nulls,
                         const uint64_t* chosen) {
  auto const attributes = static_cast<size_t>(encoder.attributes);
  bool* const left_out = static_cast<bool*>(palloc(attributes));
  memcpy(left_out, nulls, attributes);
  while (out.too_large) {  // ends: keys and nulls alone always fit
    CHECK_FOR_INTERRUPTS();
    left_out[largest_member(*encoder.shape)] = true;
    begin(out);
    put_object(out, *encoder.shape, values, left_out, chosen);
  }
  pfree(left_out);
}

}  // namespace

RowEncoder* make_row_encoder(TupleDesc shape, const EncodedColumn* columns, int count, const void* salt,
                             size_t salt_size, MemoryContext context) {
  auto* const encoder = static_cast<RowEncoder*>(MemoryContextAllocZero(context, sizeof(RowEncoder)));
  encoder->context = context;
  encoder->attributes = shape->natts;
  char* const bytes = static_cast<char*>(MemoryContextAlloc(context, salt_size + 1));
  if (salt_size > 0) memcpy(bytes, salt, salt_size);
  encoder->salt = {bytes, salt_size};
  encoder->shape = make_object_shape(shape, columns, count, &encoder->salt, context);
  for (int i = 0; i < encoder->shape->count; ++i)
    encoder->foreign_code = encoder->foreign_code || runs_foreign_code(encoder->shape->members[i].value);
  return encoder;
}

struct varlena* encode_row(RowEncoder* encoder, const Datum* values, const bool* nulls,
                           const uint64_t* chosen) {
  JsonbOutput of_this_call;
  if (encoder->foreign_code) of_this_call = make_output(CurrentMemoryContext, kFirstCapacity);
  // by reference: the encoder must know where its buffer is also when an error ends this call
  JsonbOutput& out = encoder->foreign_code ? of_this_call : own_buffer(*encoder);
  begin(out);
  put_object(out, *encoder->shape, values, nulls, chosen);
  if (out.too_large) [[unlikely]]
    put_without_largest(out, *encoder, values, nulls, chosen);
  return end(out);
}

}  // namespace deal::server
