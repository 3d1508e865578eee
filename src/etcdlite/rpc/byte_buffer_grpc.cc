#include "etcdlite/rpc/byte_buffer_grpc.h"

#include <grpcpp/support/byte_buffer.h>

#include <vector>

namespace etcdlite::rpc {

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::string out;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return out;
  out.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return out;
}

grpc::ByteBuffer ToBuffer(std::string bytes) {
  if (bytes.size() < 256) {  // small ones fit or are cheaper to copy than to track
    const grpc::Slice slice(bytes);
    return grpc::ByteBuffer(&slice, 1);
  }
  auto* owned = new std::string(std::move(bytes));
  const grpc::Slice slice(
      owned->data(), owned->size(), [](void* string) { delete static_cast<std::string*>(string); }, owned);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace etcdlite::rpc
