// Strings to and from gRPC's byte buffers without copying on the way out. Only edge files include this.
#pragma once
#include <string>

namespace grpc {
class ByteBuffer;
}  // namespace grpc

namespace etcdlite::rpc {

std::string ToString(const grpc::ByteBuffer& buffer);
grpc::ByteBuffer ToBuffer(std::string bytes);  // takes the string's memory over

}  // namespace etcdlite::rpc
