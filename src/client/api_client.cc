#include "client/api_client.h"

#include <google/protobuf/message_lite.h>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/wire.h"

namespace client {
namespace {

std::string ApiVersion(const ResourceInfo& info) {
  return info.group[0] == 0 ? info.version : absl::StrCat(info.group, "/", info.version);
}

}  // namespace

std::string Encode(const DeleteOptions& options) {
  std::string out;
  if (options.grace_period_seconds.has_value()) {
    out.push_back(1 << 3);
    uint64_t value = static_cast<uint64_t>(*options.grace_period_seconds);
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
  }
  if (!options.uid.empty() || !options.resource_version.empty()) {
    std::string preconditions;
    if (!options.uid.empty()) AppendBytesField(preconditions, 1, options.uid);
    if (!options.resource_version.empty()) AppendBytesField(preconditions, 2, options.resource_version);
    AppendBytesField(out, 2, preconditions);
  }
  if (!options.propagation.empty()) AppendBytesField(out, 4, options.propagation);
  return out;
}

Target ApiClient::TargetOf(const ResourceInfo& info, absl::string_view ns, absl::string_view name,
                           absl::string_view subresource) {
  return Target{info.group,        info.version,      info.resource, std::string(info.namespaced ? ns : ""),
                std::string(name), std::string(subresource)};
}

absl::Status ApiClient::Decode(absl::string_view bytes, google::protobuf::MessageLite& out) {
  if (!out.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InternalError(absl::StrCat("the server's answer is no ", out.GetTypeName()));
  }
  return absl::OkStatus();
}

absl::Status ApiClient::GetInto(const ResourceInfo& info, absl::string_view ns, absl::string_view name,
                                absl::string_view resource_version, google::protobuf::MessageLite& out) const {
  ASSIGN_OR_RETURN(const Object object, transport_->Get(TargetOf(info, ns, name), resource_version));
  return Decode(object.bytes, out);
}

absl::StatusOr<std::string> ApiClient::ListEach(const ResourceInfo& info, absl::string_view ns, ListOptions options,
                                                absl::FunctionRef<absl::Status(absl::string_view)> item) const {
  while (true) {
    absl::Status decoded;
    ASSIGN_OR_RETURN(ListMeta meta, transport_->List(TargetOf(info, ns, ""), options, [&](absl::string_view bytes) {
      if (decoded.ok()) decoded = item(bytes);
    }));
    RETURN_IF_ERROR(decoded);
    if (meta.continue_token.empty()) return std::move(meta.resource_version);
    options.continue_token = std::move(meta.continue_token);
    options.resource_version.clear();
    options.resource_version_match.clear();
  }
}

absl::Status ApiClient::WriteInto(Verb verb, const ResourceInfo& info, absl::string_view ns, absl::string_view name,
                                  absl::string_view subresource, const google::protobuf::MessageLite& object,
                                  google::protobuf::MessageLite& out) const {
  const Object body{ApiVersion(info), info.kind, object.SerializePartialAsString()};
  const WriteOptions options{field_manager_};
  const absl::StatusOr<Object> reply =
      verb == Verb::kCreate ? transport_->Create(TargetOf(info, ns, "", subresource), body, options)
                            : transport_->Update(TargetOf(info, ns, name, subresource), body, options);
  RETURN_IF_ERROR(reply.status());
  return Decode(reply->bytes, out);
}

absl::Status ApiClient::PatchInto(const ResourceInfo& info, absl::string_view ns, absl::string_view name,
                                  absl::string_view content_type, absl::string_view patch,
                                  absl::string_view subresource, google::protobuf::MessageLite& out) const {
  const WriteOptions options{field_manager_};
  ASSIGN_OR_RETURN(const Object reply,
                   transport_->Patch(TargetOf(info, ns, name, subresource), content_type, patch, options));
  return Decode(reply.bytes, out);
}

absl::Status ApiClient::PostSubresource(const ResourceInfo& info, absl::string_view ns, absl::string_view name,
                                        absl::string_view subresource, absl::string_view api_version,
                                        absl::string_view kind, const google::protobuf::MessageLite& body,
                                        google::protobuf::MessageLite* reply) const {
  const Object object{std::string(api_version), std::string(kind), body.SerializePartialAsString()};
  const WriteOptions options{field_manager_};
  ASSIGN_OR_RETURN(const Object answer, transport_->Create(TargetOf(info, ns, name, subresource), object, options));
  return reply == nullptr ? absl::OkStatus() : Decode(answer.bytes, *reply);
}

}  // namespace client
