// Answers as bytes: objects, Tables, partial metadata, lists piece by piece, watch frames. Pure; any thread.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/api_error.h"
#include "apimachinery/schema.h"
#include "apimachinery/transcode_memo.h"
#include "apiserver/cache/event.h"
#include "apiserver/http/negotiate.h"
#include "apiserver/registry/registry.h"
#include "apiserver/tables/table.h"

namespace apiserver::http {

// An object as `kind` (its own, or the served version it is converted to).
std::string PresentObject(const cache::Entry& entry, const apimachinery::Kind& kind, const Negotiated& form,
                          tables::IncludeObject include);
std::string PresentStatus(const apimachinery::ApiStatus& status, const Negotiated& form);
// `form`: nullopt when the client accepts none of those that errors come in; they are told in JSON then.
std::string PresentError(const absl::Status& error, const std::optional<Negotiated>& form);
// Compact JSON in the asked form ("pretty", YAML).
std::string Dress(std::string json, const Negotiated& form);

// A list in pieces: what the response writer pulls. Small lists come in one piece.
class ListStream {
 public:
  ListStream(registry::ListAnswer list, const Negotiated& form, tables::IncludeObject include);
  bool Next(std::string* chunk);  // false: that was the last piece
  bool quick() const;  // whether all pieces are made straight from the bytes of the cache

 private:
  void AppendItem(const cache::Entry& entry, std::string* out);
  void Prefetch() const;
  bool NextProtobuf(std::string* chunk);
  void AppendObject(const apimachinery::Message& message, absl::string_view wire, std::string* out);
  std::string Head();
  std::string Tail();
  bool NullWhenEmpty() const;

  const registry::ListAnswer list_;
  const Negotiated form_;
  const tables::IncludeObject include_;
  size_t at_ = 0;
  std::unique_ptr<apimachinery::TranscodeMemo> memo_;  // of what the items have in common
  std::string spare_;  // an item that had to be converted
  std::string tail_;   // what closes the protobuf form
};

// One frame of a watch stream. `first_table`: the frame carries the column definitions.
std::string WatchFrame(absl::string_view type, const cache::Entry& entry, const apimachinery::Kind& kind,
                       const Negotiated& form, tables::IncludeObject include, bool first_table);
std::string BookmarkFrame(const apimachinery::Kind& kind, int64_t revision, bool initial_end, const Negotiated& form);
std::string ErrorFrame(const apimachinery::ApiStatus& status, const Negotiated& form);

}  // namespace apiserver::http
