#include "client/rest_transport.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "client/curl_loop.h"
#include "client/request_series.h"
#include "client/wire.h"

namespace client {
namespace {

constexpr char kProtobuf[] = "application/vnd.kubernetes.protobuf";
constexpr int kMaxRetries = 10;  // as upstream's client, when the server says Retry-After

std::string Escape(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(c);
    } else {
      absl::StrAppend(&out, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return out;
}

class Query {
 public:
  void Add(absl::string_view name, absl::string_view value) {
    if (value.empty()) return;
    absl::StrAppend(&text_, text_.empty() ? "?" : "&", name, "=", Escape(value));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string PathOf(const Target& target) {
  std::string path = target.group.empty() ? absl::StrCat("/api/", target.version)
                                          : absl::StrCat("/apis/", target.group, "/", target.version);
  if (!target.ns.empty()) absl::StrAppend(&path, "/namespaces/", Escape(target.ns));
  absl::StrAppend(&path, "/", target.resource);
  if (!target.name.empty()) absl::StrAppend(&path, "/", Escape(target.name));
  if (!target.subresource.empty()) absl::StrAppend(&path, "/", target.subresource);
  return path;
}

std::string Accept(bool metadata_only, bool list) {
  if (!metadata_only) return absl::StrCat(kProtobuf, ",application/json");
  return absl::StrCat(kProtobuf, ";as=PartialObjectMetadata", list ? "List" : "", ";g=meta.k8s.io;v=v1");
}

absl::Status ErrorOf(int code, absl::string_view body) {
  Envelope envelope;
  if (OpenEnvelope(body, envelope) && envelope.kind == "Status") return StatusFromApi(envelope.raw);
  return StatusFromHttp(code, body);
}

// Cuts a watch answer into events: 4 bytes of big-endian length, then a meta.v1.WatchEvent whose object is an
// envelope.
class WatchParser {
 public:
  explicit WatchParser(WatchCallbacks callbacks) : callbacks_(std::move(callbacks)) {}

  bool Data(int code, absl::string_view bytes) {
    code_ = code;
    buffer_.append(bytes.data(), bytes.size());
    if (code != 200) return buffer_.size() < (1 << 20);
    absl::string_view rest = buffer_;
    while (rest.size() >= 4) {
      uint32_t size = 0;
      for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<uint8_t>(rest[i]);
      if (rest.size() - 4 < size) break;
      const absl::string_view frame = rest.substr(4, size);
      rest.remove_prefix(4 + size);
      if (!Frame(frame)) return false;
    }
    buffer_.erase(0, buffer_.size() - rest.size());
    return true;
  }

  void Done(absl::Status status) {
    if (!error_.ok()) {
      status = error_;
    } else if (status.ok() && code_ != 200) {
      status = ErrorOf(code_, buffer_);
    }
    callbacks_.done(std::move(status));
  }

 private:
  bool Frame(absl::string_view frame) {
    Envelope outer;
    if (OpenEnvelope(frame, outer)) frame = outer.raw;
    const absl::string_view type = BytesField(frame, 1);
    Envelope object;
    object.raw = BytesField(BytesField(frame, 2), 1);
    OpenEnvelope(object.raw, object);
    WatchEvent event{EventType::kAdded, object.raw};
    if (type == "MODIFIED") {
      event.type = EventType::kModified;
    } else if (type == "DELETED") {
      event.type = EventType::kDeleted;
    } else if (type == "BOOKMARK") {
      event.type = EventType::kBookmark;
    } else if (type != "ADDED") {
      error_ = object.kind == "Status" ? StatusFromApi(object.raw)
                                       : absl::InternalError(absl::StrCat("unknown watch event type \"", type, "\""));
      return false;
    }
    callbacks_.event(event);
    return true;
  }

  const WatchCallbacks callbacks_;
  std::string buffer_;
  int code_ = 0;
  absl::Status error_;
};

class RestWatch final : public Watch {
 public:
  explicit RestWatch(std::unique_ptr<HttpStream> stream) : stream_(std::move(stream)) {}

 private:
  std::unique_ptr<HttpStream> stream_;
};

class RestTransport final : public Transport {
 public:
  RestTransport(const std::string& server, std::unique_ptr<CurlLoop> loop) : series_(server), loop_(std::move(loop)) {}

  absl::StatusOr<Object> Get(const Target& target, absl::string_view resource_version) override {
    Query query;
    query.Add("resourceVersion", resource_version);
    return ObjectOf(Do("GET", PathOf(target) + query.text(), Accept(false, false)));
  }

  absl::StatusOr<ListMeta> List(const Target& target, const ListOptions& options,
                                absl::FunctionRef<void(absl::string_view)> item) override {
    Query query;
    query.Add("labelSelector", options.select.label_selector);
    query.Add("fieldSelector", options.select.field_selector);
    query.Add("resourceVersion", options.resource_version);
    query.Add("resourceVersionMatch", options.resource_version_match);
    query.Add("continue", options.continue_token);
    if (options.limit > 0) query.Add("limit", absl::StrCat(options.limit));
    ASSIGN_OR_RETURN(const HttpReply reply,
                     Do("GET", PathOf(target) + query.text(), Accept(options.metadata_only, true)));
    Envelope envelope;
    if (!OpenEnvelope(reply.body, envelope)) {
      return absl::InternalError(absl::StrCat("list of ", target.resource, ": not protobuf: ", reply.content_type));
    }
    ListMeta meta;
    WireField field;
    absl::string_view rest = envelope.raw;
    while (NextField(rest, field)) {
      if (field.number == 2) item(field.bytes);
      if (field.number != 1) continue;
      absl::string_view inner = field.bytes;
      while (NextField(inner, field)) {
        if (field.number == 2) meta.resource_version = std::string(field.bytes);
        if (field.number == 3) meta.continue_token = std::string(field.bytes);
        if (field.number == 4) meta.remaining_item_count = static_cast<int64_t>(field.varint);
      }
    }
    return meta;
  }

  std::unique_ptr<Watch> StartWatch(const Target& target, const WatchOptions& options,
                                    WatchCallbacks callbacks) override {
    Query query;
    query.Add("watch", "1");
    query.Add("allowWatchBookmarks", "true");
    query.Add("labelSelector", options.select.label_selector);
    query.Add("fieldSelector", options.select.field_selector);
    query.Add("resourceVersion", options.resource_version);
    if (options.timeout > absl::ZeroDuration()) {
      query.Add("timeoutSeconds", absl::StrCat(absl::ToInt64Seconds(options.timeout)));
    }
    if (options.send_initial_events) {
      query.Add("sendInitialEvents", "true");
      query.Add("resourceVersionMatch", "NotOlderThan");
    }
    HttpRequest request;
    request.path = PathOf(target) + query.text();
    request.headers = {{"Accept", options.metadata_only ? Accept(true, false) + ";stream=watch"
                                                        : absl::StrCat(kProtobuf, ";stream=watch")}};
    request.timeout = absl::ZeroDuration();
    auto parser = std::make_shared<WatchParser>(std::move(callbacks));
    const absl::Time began = absl::Now();
    const auto answered = std::make_shared<bool>(false);
    return std::make_unique<RestWatch>(loop_->Stream(
        std::move(request),
        {[parser, answered, began, this](int code, absl::string_view, absl::string_view bytes) {
           if (!std::exchange(*answered, true)) series_.Ended("GET", code, absl::Now() - began);
           return parser->Data(code, bytes);
         },
         [parser, answered, began, this](absl::Status status) {
           if (!std::exchange(*answered, true)) series_.Ended("GET", CodeOf("GET", status), absl::Now() - began);
           parser->Done(std::move(status));
         }}));
  }

  absl::StatusOr<Object> Create(const Target& target, const Object& object, const WriteOptions& options) override {
    return Write("POST", target, kProtobuf, SealEnvelope(object.api_version, object.kind, object.bytes), options);
  }

  absl::StatusOr<Object> Update(const Target& target, const Object& object, const WriteOptions& options) override {
    return Write("PUT", target, kProtobuf, SealEnvelope(object.api_version, object.kind, object.bytes), options);
  }

  absl::StatusOr<Object> Patch(const Target& target, absl::string_view content_type, absl::string_view patch,
                               const WriteOptions& options) override {
    return Write("PATCH", target, content_type, std::string(patch), options);
  }

  absl::StatusOr<Object> Delete(const Target& target, absl::string_view delete_options) override {
    return ObjectOf(Do("DELETE", PathOf(target), Accept(false, false), kProtobuf,
                       SealEnvelope("v1", "DeleteOptions", delete_options)));
  }

  absl::Status DeleteCollection(const Target& target, const Selection& select,
                                absl::string_view delete_options) override {
    Query query;
    query.Add("labelSelector", select.label_selector);
    query.Add("fieldSelector", select.field_selector);
    return Do("DELETE", PathOf(target) + query.text(), Accept(true, true), kProtobuf,
              SealEnvelope("v1", "DeleteOptions", delete_options))
        .status();
  }

  absl::StatusOr<std::string> GetRaw(absl::string_view path, absl::string_view accept) override {
    ASSIGN_OR_RETURN(HttpReply reply, Do("GET", std::string(path), std::string(accept)));
    return std::move(reply.body);
  }

 private:
  absl::StatusOr<Object> Write(absl::string_view method, const Target& target, absl::string_view content_type,
                               std::string body, const WriteOptions& options) {
    Query query;
    query.Add("fieldManager", options.field_manager);
    if (options.dry_run) query.Add("dryRun", "All");
    if (options.force) query.Add("force", "true");
    return ObjectOf(
        Do(method, PathOf(target) + query.text(), Accept(false, false), content_type, std::move(body),
           /*retry_when_told=*/target.subresource != "eviction"));
  }

  static absl::StatusOr<Object> ObjectOf(absl::StatusOr<HttpReply> reply) {
    if (!reply.ok()) return reply.status();
    Object object;
    Envelope envelope;
    if (OpenEnvelope(reply->body, envelope)) {  // custom resources answer JSON: nobody here reads it
      object.api_version = std::string(envelope.api_version);
      object.kind = std::string(envelope.kind);
      object.bytes = std::string(envelope.raw);
    }
    return object;
  }

  // Retries what the server refused with a Retry-After. Anything but 2xx is an error.
  absl::StatusOr<HttpReply> Do(absl::string_view method, std::string path, std::string accept,
                               absl::string_view content_type = "", std::string body = "",
                               bool retry_when_told = true) {
    for (int attempt = 0;; ++attempt) {
      HttpRequest request;
      request.method = std::string(method);
      request.path = path;
      request.headers = {{"Accept", accept}};
      if (!content_type.empty()) request.headers.push_back({"Content-Type", std::string(content_type)});
      request.body = body;
      const absl::Time began = absl::Now();
      absl::StatusOr<HttpReply> reply = loop_->Do(std::move(request));
      series_.Ended(method, reply.ok() ? reply->code : 0, absl::Now() - began);
      series_.Sent(method, body.size());
      if (!reply.ok()) return reply.status();
      series_.Received(method, reply->body.size());
      if (reply->code >= 200 && reply->code < 300) return reply;
      int seconds = 0;
      if ((reply->code == 429 || reply->code >= 500) && retry_when_told && attempt < kMaxRetries &&
          absl::SimpleAtoi(reply->retry_after, &seconds) && seconds > 0) {
        absl::SleepFor(absl::Seconds(std::min(seconds, 10)));
        series_.Retried(method, reply->code);
        continue;
      }
      return ErrorOf(reply->code, reply->body);
    }
  }

  const RequestSeries series_;
  std::unique_ptr<CurlLoop> loop_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> NewRestTransport(const ClientConfig& config) {
  ASSIGN_OR_RETURN(auto loop, CurlLoop::Start(config));
  return std::make_unique<RestTransport>(config.server, std::move(loop));
}

}  // namespace client
