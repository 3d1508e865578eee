#include "etcdlite/apply/request.h"

#include "etcdlite/storage/byte_codec.h"

namespace etcdlite::apply {

std::string EncodeRequest(const Request& request) {
  std::string out;
  out.reserve(request.payload.size() + request.user.size() + 16);
  out.push_back(static_cast<char>(request.kind));
  storage::AppendFixed64(request.id, &out);
  storage::AppendBytes(request.user, &out);
  storage::AppendVarint(request.auth_revision, &out);
  out.append(request.payload.data(), request.payload.size());
  return out;
}

std::optional<Request> DecodeRequest(absl::string_view bytes) {
  storage::ByteReader in(bytes);
  Request request;
  const absl::string_view kind = in.Take(1);
  request.id = in.Fixed64();
  request.user = in.Bytes();
  request.auth_revision = in.Varint();
  if (!in.ok()) return std::nullopt;
  request.kind = static_cast<RequestKind>(kind[0]);
  request.payload = in.rest();
  return request;
}

}  // namespace etcdlite::apply
