#include "etcdlite/ctl/client.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "etcd/auth.pb.h"
#include "etcd/maintenance.pb.h"

namespace etcdlite::ctl {
namespace {

absl::Status InClientWords(const absl::Status& status) {
  if (absl::IsDeadlineExceeded(status) && status.message().find("etcdserver") == absl::string_view::npos) {
    return absl::DeadlineExceededError("context deadline exceeded");
  }
  return status;
}

// Worth another endpoint: the server could not be reached, or says that it cannot now.
bool Unreachable(const absl::Status& status) {
  return absl::IsUnavailable(status) && status.message().find("etcdserver:") == absl::string_view::npos;
}

}  // namespace

absl::StatusOr<rpc::Channel*> Client::ChannelTo(const std::string& endpoint) {
  std::unique_ptr<rpc::Channel>& channel = channels_[endpoint];
  if (channel == nullptr) {
    const bool tls = !options_.tls.certificate.empty() || !options_.tls.trusted_ca.empty();
    const std::string url = endpoint.find("://") != std::string::npos ? endpoint : absl::StrCat(tls ? "https://" : "http://", endpoint);
    ASSIGN_OR_RETURN(channel, rpc::Channel::Open(url, options_.tls));
  }
  return channel.get();
}

absl::StatusOr<rpc::CallOptions> Client::Options(const std::string& endpoint, absl::Duration timeout) {
  rpc::CallOptions options;
  options.timeout = timeout;
  if (!options_.user.empty() && token_.empty()) {
    etcdserverpb::AuthenticateRequest request;
    request.set_name(options_.user);
    request.set_password(options_.password);
    etcdserverpb::AuthenticateResponse response;
    ASSIGN_OR_RETURN(rpc::Channel * channel, ChannelTo(endpoint));
    ASSIGN_OR_RETURN(const std::string bytes, channel->CallAndWait("/etcdserverpb.Auth/Authenticate", request.SerializeAsString(), options));
    if (!response.ParseFromString(bytes)) return absl::InternalError("malformed answer");
    token_ = response.token();
  }
  if (!token_.empty()) options.metadata["token"] = token_;
  return options;
}

absl::Status Client::CallAt(const std::string& endpoint, const std::string& path, const google::protobuf::MessageLite& request,
                            google::protobuf::MessageLite* response) {
  ASSIGN_OR_RETURN(rpc::Channel * channel, ChannelTo(endpoint));
  absl::StatusOr<rpc::CallOptions> options = Options(endpoint, options_.timeout);
  if (!options.ok()) return InClientWords(options.status());
  options->wait_for_ready = options_.endpoints.size() == 1;
  const absl::StatusOr<std::string> bytes = channel->CallAndWait(path, request.SerializeAsString(), *options);
  if (!bytes.ok()) return InClientWords(bytes.status());
  if (!response->ParseFromString(*bytes)) return absl::InternalError("malformed answer");
  return absl::OkStatus();
}

absl::Status Client::Call(const std::string& path, const google::protobuf::MessageLite& request, google::protobuf::MessageLite* response) {
  const absl::Time until = absl::Now() + options_.timeout;
  absl::Status last = absl::UnavailableError("no endpoints available");
  do {
    for (const std::string& endpoint : options_.endpoints) {
      last = CallAt(endpoint, path, request, response);
      if (!Unreachable(last)) return last;
    }
    absl::SleepFor(absl::Milliseconds(100));
  } while (absl::Now() < until);
  return absl::DeadlineExceededError("context deadline exceeded");
}

absl::StatusOr<std::shared_ptr<rpc::ClientStream>> Client::Open(const std::string& path, bool limited, rpc::StreamCallbacks callbacks) {
  absl::Status last = absl::UnavailableError("no endpoints available");
  for (const std::string& endpoint : options_.endpoints) {
    etcdserverpb::StatusResponse status;  // is it there at all?
    if (options_.endpoints.size() > 1) {
      last = CallAt(endpoint, "/etcdserverpb.Maintenance/Status", etcdserverpb::StatusRequest(), &status);
      if (!last.ok()) continue;
    }
    ASSIGN_OR_RETURN(rpc::Channel * channel, ChannelTo(endpoint));
    ASSIGN_OR_RETURN(rpc::CallOptions options, Options(endpoint, limited ? options_.timeout : absl::InfiniteDuration()));
    options.wait_for_ready = true;
    return channel->OpenStream(path, options, std::move(callbacks));
  }
  return last;
}

}  // namespace etcdlite::ctl
