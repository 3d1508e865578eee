#include <grpcpp/grpcpp.h>

#include <deque>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/fields.h"
#include "apiserver/grpc/grpc_door.h"
#include "apiserver/grpc/passage.h"
#include "apiserver/grpc/peer_identity.h"
#include "apiserver/pipeline/audit_trail.h"
#include "apiserver/registry/delete_options.h"
#include "base/file.h"
#include "base/http/worker_pool.h"
#include "base/listen_error.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "skiff/resources.grpc.pb.h"

namespace apiserver::grpc {
namespace {

namespace pb = skiff::v1;
using apimachinery::ApiStatus;
using apimachinery::Value;
using ::grpc::CallbackServerContext;
using pipeline::RequestContext;

constexpr int kWorkers = 32;
constexpr size_t kMaxQueued = 8192;
// A watch client that has so many bytes to take is told nothing new until most of them are gone.
constexpr size_t kWatchFull = 512 << 10, kWatchLow = 128 << 10;

::grpc::StatusCode CodeOf(const ApiStatus& s) {
  switch (s.code) {
    case 400:
    case 422: return ::grpc::StatusCode::INVALID_ARGUMENT;
    case 401: return ::grpc::StatusCode::UNAUTHENTICATED;
    case 403: return ::grpc::StatusCode::PERMISSION_DENIED;
    case 404: return ::grpc::StatusCode::NOT_FOUND;
    case 409: return s.Is("AlreadyExists") ? ::grpc::StatusCode::ALREADY_EXISTS : ::grpc::StatusCode::ABORTED;
    case 410: return ::grpc::StatusCode::OUT_OF_RANGE;
    case 405: return ::grpc::StatusCode::UNIMPLEMENTED;
    case 413:
    case 429: return ::grpc::StatusCode::RESOURCE_EXHAUSTED;
    case 503: return ::grpc::StatusCode::UNAVAILABLE;
    case 504: return ::grpc::StatusCode::DEADLINE_EXCEEDED;
    default: return ::grpc::StatusCode::INTERNAL;
  }
}

std::string StatusBytes(const ApiStatus& status) {
  const std::string enveloped = status.ToProtobuf();
  const auto envelope = apimachinery::DecodeEnvelope(enveloped);
  return envelope.ok() ? std::string(envelope->raw) : "";
}

::grpc::Status ToGrpc(CallbackServerContext* context, const absl::Status& error) {
  const ApiStatus status = ApiStatus::From(error);
  context->AddTrailingMetadata("skiff-status-bin", StatusBytes(status));
  return ::grpc::Status(CodeOf(status), status.message);
}

RequestContext ContextOf(const CallbackServerContext& grpc, const pb::Target& target, absl::string_view verb) {
  RequestContext c;
  c.info.is_resource_request = true;
  c.info.verb = std::string(verb);
  c.info.api_prefix = target.group().empty() ? "api" : "apis";
  c.info.group = target.group();
  c.info.version = target.version();
  c.info.resource = target.resource();
  c.info.ns = target.namespace_();
  c.info.name = target.name();
  c.info.subresource = target.subresource();
  if (c.info.resource == "namespaces" && c.info.ns.empty()) c.info.ns = c.info.name;
  c.info.parts = {c.info.resource};
  c.remote_address = grpc.peer();
  c.received = absl::Now();
  const auto agent = grpc.client_metadata().find("user-agent");
  if (agent != grpc.client_metadata().end()) c.user_agent = std::string(agent->second.data(), agent->second.size());
  const auto authorization = grpc.client_metadata().find("authorization");
  if (authorization != grpc.client_metadata().end()) {
    c.credentials.authorization = std::string(authorization->second.data(), authorization->second.size());
  }
  const auto auth = grpc.auth_context();
  if (auth != nullptr && auth->IsPeerAuthenticated()) {
    const auto pem = auth->FindPropertyValues("x509_pem_cert");
    pipeline::Credentials peer;
    if (!pem.empty() && ReadCertificate(absl::string_view(pem[0].data(), pem[0].size()), &peer)) {
      peer.authorization = c.credentials.authorization;
      c.credentials = std::move(peer);
    }
  }
  return c;
}

// The object in the version asked for, as bytes.
std::string BytesOf(const cache::Entry& entry, const apimachinery::Kind& kind) {
  if (kind.custom != nullptr) return entry.MetadataOnly();  // all that is protobuf of a custom resource
  if (entry.kind == &kind) return entry.bytes;
  Value tree = *entry.Decode();
  registry::Convert(*entry.kind, kind, tree);
  std::string bytes;
  apimachinery::EncodeWire(*kind.message, tree, &bytes);
  return bytes;
}

void Fill(const registry::Answer& answer, const RequestContext& context, pb::ObjectReply* reply) {
  TellAnswer(context, answer);
  if (answer.status) {
    reply->set_object(StatusBytes(*answer.status));
    reply->set_kind("Status");
    reply->set_api_version("v1");
  } else {
    reply->set_object(BytesOf(*answer.object, *answer.object->kind));
    reply->set_kind(std::string(answer.object->kind->kind));
    reply->set_api_version(std::string(answer.object->kind->api_version));
  }
  for (const std::string& warning : context.warnings) reply->add_warnings(warning);
}

template <typename Request>
void SetDryRun(const Request& request, RequestContext& context) {
  for (const std::string& d : request.dry_run()) context.options.dry_run |= d == "All";
}

// One watch: the cache's events in, messages out, one write at a time.
class WatchReactor final : public ::grpc::ServerWriteReactor<pb::WatchEvent> {
 public:
  void OnWriteDone(bool ok) override {
    std::shared_ptr<base::Turn> turn;
    {
      const std::lock_guard lock(mu_);
      writing_ = false;
      if (!ok) finished_ = true;
      if (backlog_ < kWatchLow) turn.swap(turn_);
      if (turn == nullptr) return PumpLocked();
      in_turn_ = true;  // nothing is sent, hence nothing is over, before it returns
    }
    turn->Run();
    const std::lock_guard lock(mu_);
    in_turn_ = false;
    PumpLocked();
  }
  void OnCancel() override {
    const std::lock_guard lock(mu_);
    ending_ = true;
    queue_.clear();
    status_ = ::grpc::Status::CANCELLED;
    PumpLocked();
  }
  void OnDone() override {
    { const std::lock_guard lock(mu_); }  // whoever called Finish with it held has let go of it
    ticket_.reset();
    if (trail_ != nullptr) trail_->Over();
    delete this;
  }

  // False: the client is gone.
  bool Push(pb::WatchEvent event) {
    const std::lock_guard lock(mu_);
    if (ending_ || finished_) return false;
    backlog_ += event.object().size() + 64;
    queue_.push_back(std::move(event));
    PumpLocked();
    return true;
  }
  // When it is, WhenLow follows; nothing is sent in between, so that there is a write whose end runs the turn.
  bool Full() {
    const std::lock_guard lock(mu_);
    return full_ = backlog_ > kWatchFull;
  }
  void WhenLow(std::shared_ptr<base::Turn> turn) {
    const std::lock_guard lock(mu_);
    full_ = false;
    if (!ending_) turn_ = std::move(turn);
    PumpLocked();
  }
  void End(::grpc::Status status) {
    const std::lock_guard lock(mu_);
    if (ending_) return;
    ending_ = true;
    status_ = std::move(status);
    PumpLocked();
  }
  // Keeps what the audit log is told; it hears of the end when the reactor is done.
  void Audit(std::shared_ptr<pipeline::AuditTrail> trail) { trail_ = std::move(trail); }
  // The reactor may be done already: then the ticket is dropped when it is.
  void Keep(std::unique_ptr<cache::WatchTicket> ticket) {
    ticket_ = std::move(ticket);
    const std::lock_guard lock(mu_);
    ready_ = true;
    PumpLocked();
  }

 private:
  // StartWrite and Finish may be called with the lock held: reactions come on other stacks.
  void PumpLocked() {
    if (writing_ || in_turn_ || full_ || !ready_) return;
    if (!queue_.empty()) {
      current_ = std::move(queue_.front());
      queue_.pop_front();
      backlog_ -= std::min<size_t>(backlog_, current_.object().size() + 64);
      writing_ = true;
      StartWrite(&current_);
      return;
    }
    if (ending_ && !finished_sent_) {
      finished_sent_ = true;
      Finish(status_);
    } else if (finished_ && !finished_sent_) {
      finished_sent_ = true;
      ending_ = true;
      Finish(::grpc::Status::CANCELLED);
    }
  }

  std::mutex mu_;
  std::deque<pb::WatchEvent> queue_;
  pb::WatchEvent current_;
  size_t backlog_ = 0;
  std::shared_ptr<base::Turn> turn_;  // waits until most is sent
  bool full_ = false, in_turn_ = false, writing_ = false, ending_ = false, finished_ = false, finished_sent_ = false, ready_ = false;
  ::grpc::Status status_;
  std::unique_ptr<cache::WatchTicket> ticket_;
  std::shared_ptr<pipeline::AuditTrail> trail_;  // set before the watch starts
};

class ReactorSink final : public cache::WatchSink {
 public:
  ReactorSink(WatchReactor* reactor, registry::ResourcePtr resource)
      : reactor_(reactor), resource_(std::move(resource)), kind_(resource_->kind) {}
  bool OnEvent(const cache::Event& event, const cache::Event::View& view) override {
    pb::WatchEvent message;
    message.set_type(view.type == cache::EventType::kAdded      ? pb::WatchEvent::ADDED
                     : view.type == cache::EventType::kModified ? pb::WatchEvent::MODIFIED
                                                                : pb::WatchEvent::DELETED);
    message.set_object(BytesOf(*view.object, *kind_));
    message.set_resource_version(absl::StrCat(view.object->revision));
    return reactor_->Push(std::move(message));
  }
  bool OnBookmark(int64_t revision, bool initial_end) override {
    pb::WatchEvent message;
    message.set_type(pb::WatchEvent::BOOKMARK);
    message.set_resource_version(absl::StrCat(revision));
    message.set_initial_events_end(initial_end);
    return reactor_->Push(std::move(message));
  }
  void OnEnd(absl::Status status) override {
    if (absl::IsResourceExhausted(status)) {
      return reactor_->End(::grpc::Status(::grpc::StatusCode::RESOURCE_EXHAUSTED, std::string(status.message())));
    }
    if (!status.ok()) {
      pb::WatchEvent message;
      message.set_type(pb::WatchEvent::ERROR);
      message.set_object(StatusBytes(apimachinery::Expired(status.message())));
      reactor_->Push(std::move(message));
    }
    reactor_->End(::grpc::Status::OK);
  }
  bool Full() const override { return reactor_->Full(); }
  void OnFull(std::shared_ptr<base::Turn> turn) override { reactor_->WhenLow(std::move(turn)); }

 private:
  WatchReactor* const reactor_;
  const registry::ResourcePtr resource_;  // keeps the kind
  const apimachinery::Kind* const kind_;
};

class ResourcesService final : public pb::Resources::CallbackService {
 public:
  ResourcesService(registry::Registry& registry, const GrpcDoorOptions& options)
      : registry_(registry), passage_(registry, options.flow, options.auditor), pool_(kWorkers, kMaxQueued) {}

  ::grpc::ServerUnaryReactor* Get(CallbackServerContext* context, const pb::GetRequest* request,
                                  pb::ObjectReply* reply) override {
    return Unary(context, request->target(), "get", [=, this](RequestContext& c) -> absl::Status {
      c.options.resource_version = request->resource_version();
      ASSIGN_OR_RETURN(const registry::Answer answer, registry_.Get(c));
      Fill(answer, c, reply);
      return absl::OkStatus();
    });
  }

  ::grpc::ServerUnaryReactor* List(CallbackServerContext* context, const pb::ListRequest* request,
                                   pb::ListReply* reply) override {
    const auto prepare = [request](RequestContext& c) {
      Select(request->label_selector(), request->field_selector(), c);
      c.options.resource_version = request->resource_version();
      c.options.resource_version_match = request->resource_version_match();
      c.options.limit = request->limit();
      c.options.continue_token = request->continue_();
    };
    return Unary(context, request->target(), "list", prepare, [=, this](RequestContext& c) -> absl::Status {
      ASSIGN_OR_RETURN(const registry::ListAnswer list, registry_.List(c));
      TellAnswer(c, list);
      Fill(list, reply);
      return absl::OkStatus();
    });
  }

  ::grpc::ServerUnaryReactor* Create(CallbackServerContext* context, const pb::WriteRequest* request,
                                     pb::ObjectReply* reply) override {
    return Write(context, request, reply, "create");
  }
  ::grpc::ServerUnaryReactor* Update(CallbackServerContext* context, const pb::WriteRequest* request,
                                     pb::ObjectReply* reply) override {
    return Write(context, request, reply, "update");
  }

  ::grpc::ServerUnaryReactor* Patch(CallbackServerContext* context, const pb::PatchRequest* request,
                                    pb::ObjectReply* reply) override {
    return Unary(context, request->target(), "patch", [=, this](RequestContext& c) -> absl::Status {
      SetDryRun(*request, c);
      c.options.field_manager = request->field_manager();
      c.options.force = request->force();
      c.options.field_validation = pipeline::FieldValidation::kIgnore;
      apimachinery::patch::PatchType type;
      if (!apimachinery::patch::PatchTypeFromMediaType(request->content_type(), &type)) {
        return apimachinery::UnsupportedMediaType(absl::StrCat("unknown patch type ", request->content_type()));
      }
      registry::Body body;
      body.bytes = request->patch();
      ASSIGN_OR_RETURN(const registry::Answer answer, registry_.Patch(c, type, body));
      Fill(answer, c, reply);
      return absl::OkStatus();
    });
  }

  ::grpc::ServerUnaryReactor* Delete(CallbackServerContext* context, const pb::DeleteRequest* request,
                                     pb::ObjectReply* reply) override {
    return Unary(context, request->target(), "delete", [=, this](RequestContext& c) -> absl::Status {
      ASSIGN_OR_RETURN(const Value options, Options(*request, c));
      ASSIGN_OR_RETURN(const registry::Answer answer, registry_.Delete(c, options));
      Fill(answer, c, reply);
      return absl::OkStatus();
    });
  }

  ::grpc::ServerUnaryReactor* DeleteCollection(CallbackServerContext* context, const pb::DeleteRequest* request,
                                               pb::ListReply* reply) override {
    const auto select = [request](RequestContext& c) { Select(request->label_selector(), request->field_selector(), c); };
    return Unary(context, request->target(), "deletecollection", select, [=, this](RequestContext& c) -> absl::Status {
      ASSIGN_OR_RETURN(const Value options, Options(*request, c));
      ASSIGN_OR_RETURN(const registry::ListAnswer list, registry_.DeleteCollection(c, options));
      TellAnswer(c, list);
      Fill(list, reply);
      return absl::OkStatus();
    });
  }

  ::grpc::ServerWriteReactor<pb::WatchEvent>* Watch(CallbackServerContext* context,
                                                    const pb::WatchRequest* request) override {
    auto* reactor = new WatchReactor;
    const bool queued = pool_.Submit([=, this, r = *request] {
      auto c = std::make_shared<RequestContext>(ContextOf(*context, r.target(), "watch"));
      c->audit_id = base::NewUid();
      c->options.watch = true;
      Select(r.label_selector(), r.field_selector(), *c);
      c->options.resource_version = r.resource_version();
      c->options.allow_bookmarks = r.allow_bookmarks() || r.send_initial_events();
      c->options.timeout_seconds = r.timeout_seconds();
      if (r.send_initial_events()) {
        c->options.has_send_initial_events = c->options.send_initial_events = true;
        c->options.resource_version_match = "NotOlderThan";
      }
      passage_.Enter(
          c, [=, this](RequestContext& admitted) { return StartWatch(admitted, reactor); },
          [=](const absl::Status& status) {
            if (status.ok()) return;
            reactor->End(ToGrpc(context, status));
            reactor->Keep(nullptr);
          });
    });
    if (!queued) {
      reactor->End(::grpc::Status(::grpc::StatusCode::RESOURCE_EXHAUSTED, "server is overloaded"));
      reactor->Keep(nullptr);
    }
    return reactor;
  }

  void Stop() { pool_.Stop(); }

 private:
  absl::Status StartWatch(RequestContext& c, WatchReactor* reactor) {
    ASSIGN_OR_RETURN(const registry::ResourcePtr resource, registry_.Resolve(c.info));
    reactor->Audit(c.audit);
    ASSIGN_OR_RETURN(registry::WatchAnswer watch,
                     registry_.Watch(c, std::make_unique<ReactorSink>(reactor, resource)));
    reactor->Keep(std::move(watch.ticket));
    return absl::OkStatus();
  }

  // What a request selects counts when it is authorized: a node may read its own pods and its own object only.
  static void Select(const std::string& labels, const std::string& fields, RequestContext& c) {
    c.options.label_selector = c.info.label_selector = labels;
    c.options.field_selector = c.info.field_selector = fields;
    const auto parsed = apimachinery::FieldSelector::Parse(fields);
    if (!parsed.ok() || !c.info.name.empty()) return;
    if (const std::string* name = parsed->RequiresExactMatch("metadata.name")) c.info.name = *name;
  }

  template <typename F>
  ::grpc::ServerUnaryReactor* Unary(CallbackServerContext* context, const pb::Target& target, absl::string_view verb,
                                    F run) {
    return Unary(context, target, verb, [](RequestContext&) {}, run);
  }

  // `prepare` runs before the request is authorized, `run` after.
  template <typename P, typename F>
  ::grpc::ServerUnaryReactor* Unary(CallbackServerContext* context, const pb::Target& target, absl::string_view verb,
                                    P prepare, F run) {
    ::grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const bool queued = pool_.Submit([=, this, &target, verb = std::string(verb)] {
      auto c = std::make_shared<RequestContext>(ContextOf(*context, target, verb));
      c->audit_id = base::NewUid();
      prepare(*c);
      passage_.Enter(c, run, [=](const absl::Status& status) {
        reactor->Finish(status.ok() ? ::grpc::Status::OK : ToGrpc(context, status));
      });
    });
    if (!queued) reactor->Finish(::grpc::Status(::grpc::StatusCode::RESOURCE_EXHAUSTED, "server is overloaded"));
    return reactor;
  }

  ::grpc::ServerUnaryReactor* Write(CallbackServerContext* context, const pb::WriteRequest* request,
                                    pb::ObjectReply* reply, absl::string_view verb) {
    const bool create = verb == "create";
    return Unary(context, request->target(), verb, [=, this](RequestContext& c) -> absl::Status {
      SetDryRun(*request, c);
      c.options.field_manager = request->field_manager();
      const registry::Body body{registry::BodyFormat::kBareWire, request->object()};
      ASSIGN_OR_RETURN(const registry::Answer answer, create ? registry_.Create(c, body) : registry_.Update(c, body));
      Fill(answer, c, reply);
      return absl::OkStatus();
    });
  }

  absl::StatusOr<Value> Options(const pb::DeleteRequest& request, RequestContext& c) {
    ASSIGN_OR_RETURN(Value options,
                     registry::DecodeDeleteOptions({registry::BodyFormat::kBareWire, request.options()}));
    if (c.audit != nullptr) c.audit->RequestOptions(options);
    c.options.dry_run |= registry::IsDryRun(options);
    return options;
  }

  static void Fill(const registry::Answer& answer, const RequestContext& c, pb::ObjectReply* reply) {
    ::apiserver::grpc::Fill(answer, c, reply);
  }
  static void Fill(const registry::ListAnswer& list, pb::ListReply* reply) {
    reply->set_resource_version(absl::StrCat(list.revision));
    reply->set_continue_(list.continue_token);
    reply->set_remaining_item_count(list.remaining.value_or(0));
    reply->mutable_items()->Reserve(static_cast<int>(list.items.size()));
    for (const cache::EntryPtr& entry : list.items) {
      if (entry->kind == list.resource->kind && !entry->custom()) {
        reply->add_items(entry->bytes);
      } else {
        reply->add_items(BytesOf(*entry, *list.resource->kind));
      }
    }
  }

  registry::Registry& registry_;
  const Passage passage_;
  base::http::WorkerPool pool_;
};

class GrpcDoorImpl final : public GrpcDoor {
 public:
  GrpcDoorImpl(registry::Registry& registry, const GrpcDoorOptions& options) : service_(registry, options) {}
  ~GrpcDoorImpl() override { Stop(); }

  absl::Status Open(const GrpcDoorOptions& options) {
    std::shared_ptr<::grpc::ServerCredentials> credentials = ::grpc::InsecureServerCredentials();
    if (!options.cert_file.empty()) {
      ::grpc::SslServerCredentialsOptions ssl(options.client_ca_file.empty()
                                                  ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                  : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
      ::grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
      ASSIGN_OR_RETURN(pair.cert_chain, base::ReadFile(options.cert_file));
      ASSIGN_OR_RETURN(pair.private_key, base::ReadFile(options.key_file));
      ssl.pem_key_cert_pairs.push_back(std::move(pair));
      if (!options.client_ca_file.empty()) {
        ASSIGN_OR_RETURN(ssl.pem_root_certs, base::ReadFile(options.client_ca_file));
      }
      credentials = ::grpc::SslServerCredentials(ssl);
    }
    ::grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(options.address, credentials, &port);
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(4 << 20);
    builder.SetMaxSendMessageSize(-1);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::UnavailableError(base::ListenError(options.address));
    }
    return absl::OkStatus();
  }

  void Stop() override {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    service_.Stop();
  }

 private:
  ResourcesService service_;
  std::unique_ptr<::grpc::Server> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcDoor>> OpenGrpcDoor(const GrpcDoorOptions& options, registry::Registry& registry) {
  auto door = std::make_unique<GrpcDoorImpl>(registry, options);
  RETURN_IF_ERROR(door->Open(options));
  return door;
}

}  // namespace apiserver::grpc
