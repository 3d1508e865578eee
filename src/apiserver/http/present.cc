#include "apiserver/http/present.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/yaml.h"
#include "apimachinery/stored.h"
#include "apiserver/cache/object_bytes.h"

namespace apiserver::http {
namespace {

using apimachinery::Kind;
using apimachinery::Message;
using apimachinery::Schema;
using apimachinery::Value;

constexpr size_t kManyItems = 16;    // of a list: what they have in common is worth remembering
constexpr size_t kChunk = 64 << 10;  // small enough for the allocator to use the same memory again

const Message& PartialMessage() {
  static const Message* message = Schema::Builtin().FindMessage("meta.v1.PartialObjectMetadata");
  return *message;
}

// The bytes of the object in the served version: the entry's own, or made in *spare.
absl::string_view Served(const cache::Entry& entry, const Kind& kind, std::string* spare) {
  if (entry.kind == &kind) return entry.bytes;
  Value tree = *entry.Decode();
  registry::Convert(*entry.kind, kind, tree);
  *spare = cache::EntryBytes(kind, tree);
  return *spare;
}

Value Tree(const cache::Entry& entry, const Kind& kind) {
  Value tree = *entry.Decode();
  registry::Convert(*entry.kind, kind, tree);
  return tree;
}

// Annotations that are members of the object in upstream's memory: they are not part of its metadata there.
absl::string_view BorrowedAnnotation(const Kind& kind) {
  return kind.kind == "DaemonSet" && kind.group == "apps" ? "deprecated.daemonset.template.generation" : "";
}

// metadata alone, as ObjectMeta: the entry's own bytes, or made in *spare.
absl::string_view Metadata(const cache::Entry& entry, std::string* spare) {
  if (entry.custom()) {
    *spare = entry.MetadataOnly();
    return cache::MetadataBytes(*spare);
  }
  const absl::string_view bytes = cache::MetadataBytes(entry.bytes);
  const absl::string_view borrowed = BorrowedAnnotation(*entry.kind);
  if (borrowed.empty()) return bytes;
  static const Message* const type = Schema::Builtin().FindMessage("meta.v1.ObjectMeta");
  auto tree = apimachinery::DecodeWire(*type, bytes);
  Value* annotations = tree.ok() ? tree->Find("annotations") : nullptr;
  if (annotations == nullptr || !annotations->Erase(borrowed)) return bytes;
  if (annotations->empty()) tree->Erase("annotations");
  spare->clear();
  apimachinery::EncodeWire(*type, *tree, spare);
  return *spare;
}

// As a PartialObjectMetadata: its field 1 is the object's.
std::string OnlyMetadata(const cache::Entry& entry) {
  std::string out, spare;
  cache::AppendBytesField(1, Metadata(entry, &spare), &out);
  return out;
}

void AppendJson(const Message& message, absl::string_view wire, absl::string_view api_version, absl::string_view kind,
                std::string* out) {
  if (apimachinery::CompletesStored(message)) {
    auto tree = apimachinery::DecodeWire(message, wire);
    if (tree.ok()) {
      apimachinery::CompleteStored(message, &*tree);
      if (!kind.empty()) tree->Set("kind", kind);
      if (!api_version.empty()) tree->Set("apiVersion", api_version);
      apimachinery::EncodeJson(message, *tree, out);
      return;
    }
  }
  if (!apimachinery::TranscodeWireToJson(message, wire, api_version, kind, out).ok()) out->append("null");
}

std::string ListMeta(const registry::ListAnswer& list) {
  std::string meta;
  cache::AppendBytesField(1, "", &meta);
  cache::AppendBytesField(2, list.revision > 0 ? absl::StrCat(list.revision) : "", &meta);  // 0: of what is not stored
  cache::AppendBytesField(3, list.continue_token, &meta);
  if (list.remaining) cache::AppendVarintField(4, static_cast<uint64_t>(*list.remaining), &meta);
  return meta;
}

Value ListMetaTree(const registry::ListAnswer& list) {
  Value meta = Value::MakeObject();
  if (list.revision > 0) meta.Set("resourceVersion", absl::StrCat(list.revision));
  if (!list.continue_token.empty()) meta.Set("continue", list.continue_token);
  if (list.remaining) meta.Set("remainingItemCount", *list.remaining);
  return meta;
}

std::string WatchEventBytes(absl::string_view type, absl::string_view enveloped) {
  std::string raw, event, framed;
  cache::AppendBytesField(1, enveloped, &raw);
  cache::AppendBytesField(1, type, &event);
  cache::AppendBytesField(2, raw, &event);
  for (int shift = 24; shift >= 0; shift -= 8) framed.push_back(static_cast<char>(event.size() >> shift));
  return framed + event;
}

std::string JsonFrame(absl::string_view type, absl::string_view object) {
  return absl::StrCat("{\"type\":\"", type, "\",\"object\":", object, "}\n");
}

// What a row of a Table carries of its object, as its JSON is, always-printed members included.
Value ObjectInTable(const cache::Entry& entry, const Kind& kind, const Negotiated& form, tables::IncludeObject include) {
  std::string json, spare;
  switch (include) {
    case tables::IncludeObject::kNone: return Value();
    case tables::IncludeObject::kObject:
      if (kind.custom != nullptr) return Value::Raw(std::string(Served(entry, kind, &spare)));
      AppendJson(*kind.message, Served(entry, kind, &spare), kind.api_version, kind.kind, &json);
      break;
    case tables::IncludeObject::kMetadata:
      AppendJson(PartialMessage(), OnlyMetadata(entry), form.MetaVersion(), "PartialObjectMetadata", &json);
      break;
  }
  return Value::Raw(std::move(json));
}

Value TableRow(const cache::Entry& entry, const Kind& kind, const Value& tree, const Negotiated& form,
               tables::IncludeObject include) {
  Value row = tables::RowOf(kind, tree, tables::IncludeObject::kNone, absl::Now());
  row.Set("object", ObjectInTable(entry, kind, form, include));
  return row;
}

std::string TableJson(const cache::Entry& entry, const Kind& kind, const Negotiated& form, tables::IncludeObject include,
                      bool columns) {
  const Value tree = Tree(entry, kind);
  Value meta = Value::MakeObject();
  const std::string version = tree.GetString("metadata.resourceVersion");
  if (!version.empty()) meta.Set("resourceVersion", version);
  Value table = tables::TableOf(kind, {}, std::move(meta), include, columns, absl::Now());
  table.Set("apiVersion", form.MetaVersion());
  table["rows"].Append(TableRow(entry, kind, tree, form, include));
  return apimachinery::WriteJson(table);
}

bool IsPartial(const Negotiated& form) { return form.as == As::kPartial || form.as == As::kPartialList; }

const Message& StatusMessage() {
  static const Message* message = Schema::Builtin().FindMessage("meta.v1.Status");
  return *message;
}

}  // namespace

std::string Dress(std::string json, const Negotiated& form) {
  if (form.format == Format::kYaml) {
    const auto tree = apimachinery::ParseJson(json);
    return tree.ok() ? apimachinery::WriteYaml(*tree) : json;
  }
  if (form.pretty) {
    const auto tree = apimachinery::ParseJson(json);
    if (tree.ok()) return apimachinery::WriteJsonIndented(*tree, "  ");
  }
  json += '\n';
  return json;
}

std::string PresentObject(const cache::Entry& entry, const Kind& kind, const Negotiated& form,
                          tables::IncludeObject include) {
  if (form.as == As::kTable && kind.role == apimachinery::Role::kResource) {
    return Dress(TableJson(entry, kind, form, include, true), form);
  }
  const bool partial = IsPartial(form) && kind.role == apimachinery::Role::kResource;
  std::string spare;
  if (partial) spare = OnlyMetadata(entry);
  const absl::string_view bytes = partial ? absl::string_view(spare) : Served(entry, kind, &spare);
  if (!partial && kind.custom != nullptr) return Dress(std::string(bytes), form);
  const absl::string_view api_version = partial ? form.MetaVersion() : kind.api_version;
  const absl::string_view name = partial ? "PartialObjectMetadata" : kind.kind;
  if (form.format == Format::kProtobuf) return apimachinery::EncodeEnvelope(api_version, name, bytes);
  std::string json;
  AppendJson(partial ? PartialMessage() : *kind.message, bytes, api_version, name, &json);
  return Dress(std::move(json), form);
}

std::string PresentStatus(const apimachinery::ApiStatus& status, const Negotiated& form) {
  if (form.format == Format::kProtobuf) return status.ToProtobuf();
  return Dress(status.ToJson(), form);
}

std::string PresentError(const absl::Status& error, const std::optional<Negotiated>& form) {
  Value status = apimachinery::ApiStatus::From(error).ToValue();
  if (const auto token = error.GetPayload(registry::kContinuePayload)) {
    status["metadata"].Set("continue", std::string(*token));
  }
  if (form && form->format == Format::kProtobuf) return apimachinery::EncodeObject(StatusMessage(), status);
  std::string json;
  apimachinery::EncodeJson(StatusMessage(), status, &json);
  if (form) return Dress(std::move(json), *form);
  const auto tree = apimachinery::ParseJson(json);  // no form fits: indented JSON
  return tree.ok() ? apimachinery::WriteJsonIndented(*tree, "  ") : json;
}

ListStream::ListStream(registry::ListAnswer list, const Negotiated& form, tables::IncludeObject include)
    : list_(std::move(list)), form_(form), include_(include) {}

bool ListStream::quick() const {
  if (form_.pretty || form_.format == Format::kYaml || form_.as == As::kTable) return false;
  const Kind& kind = *list_.resource->kind;
  return kind.custom == nullptr && !apimachinery::CompletesStored(*kind.message) &&
         (list_.items.empty() || list_.items.front()->kind == &kind);
}

// Upstream makes these lists by appending: one of nothing is null.
bool ListStream::NullWhenEmpty() const {
  if (!list_.items.empty()) return false;
  if (form_.as != As::kTable) return IsPartial(form_);
  return list_.resource->kind->custom == nullptr && tables::HasDefaultColumns(*list_.resource->kind);
}

std::string ListStream::Head() {
  const Kind& kind = *list_.resource->kind;
  if (form_.as == As::kTable) {
    return absl::StrCat("{\"kind\":\"Table\",\"apiVersion\":\"", form_.MetaVersion(), "\",\"metadata\":",
                        apimachinery::WriteJson(ListMetaTree(list_)), ",\"columnDefinitions\":",
                        apimachinery::WriteJson(
                            tables::ColumnDefinitions(tables::ColumnsOf(kind))),
                        ",\"rows\":", NullWhenEmpty() ? "null" : "[");
  }
  const bool partial = IsPartial(form_);
  // Custom resources have sorted members, their lists too: what names the list comes after its items.
  if (!partial && kind.custom != nullptr) return absl::StrCat("{\"apiVersion\":\"", kind.api_version, "\",\"items\":[");
  return absl::StrCat("{\"kind\":\"", partial ? absl::string_view("PartialObjectMetadataList") : kind.list_kind,
                      "\",\"apiVersion\":\"", partial ? form_.MetaVersion() : kind.api_version,
                      "\",\"metadata\":", apimachinery::WriteJson(ListMetaTree(list_)), ",\"items\":", NullWhenEmpty() ? "null" : "[");
}

std::string ListStream::Tail() {
  const Kind& kind = *list_.resource->kind;
  if (kind.custom == nullptr || form_.as != As::kObject) return NullWhenEmpty() ? "}" : "]}";
  Value meta = ListMetaTree(list_);
  if (!meta.Has("continue")) meta.Set("continue", "");
  apimachinery::SortKeys(&meta);
  return absl::StrCat("],\"kind\":\"", kind.list_kind, "\",\"metadata\":", apimachinery::WriteJson(meta), "}");
}

void ListStream::AppendItem(const cache::Entry& entry, std::string* out) {
  const Kind& kind = *list_.resource->kind;
  if (form_.as == As::kTable) {
    apimachinery::AppendJson(TableRow(entry, kind, Tree(entry, kind), form_, include_), out);
    return;
  }
  if (IsPartial(form_)) {
    return AppendJson(PartialMessage(), OnlyMetadata(entry), form_.MetaVersion(), "PartialObjectMetadata", out);
  }
  const absl::string_view bytes = Served(entry, kind, &spare_);
  if (kind.custom != nullptr) {
    absl::StrAppend(out, bytes);
  } else {
    AppendObject(*kind.message, bytes, out);
  }
}

void ListStream::AppendObject(const Message& message, absl::string_view wire, std::string* out) {
  if (apimachinery::CompletesStored(message)) return AppendJson(message, wire, "", "", out);
  if (memo_ == nullptr && list_.items.size() > kManyItems) memo_ = std::make_unique<apimachinery::TranscodeMemo>();
  if (!apimachinery::TranscodeWireToJson(message, wire, memo_.get(), out).ok()) out->append("null");
}

// The list's message says in front how long it is: the sizes of all items are added up first. Objects that are stored
// in the form they are served in go out as they lie in memory.
// A large list is read from memory that no cache holds: what comes soon is fetched meanwhile.
void ListStream::Prefetch() const {
  constexpr size_t kEntriesAhead = 12, kBytesAhead = 5, kFirstBytes = 3072, kLine = 64;
  const std::vector<cache::EntryPtr>& items = list_.items;
  if (at_ + kEntriesAhead < items.size()) __builtin_prefetch(items[at_ + kEntriesAhead].get());
  if (at_ + kBytesAhead >= items.size()) return;
  const std::string& bytes = items[at_ + kBytesAhead]->bytes;
  for (size_t i = 0; i < std::min(bytes.size(), kFirstBytes); i += kLine) __builtin_prefetch(bytes.data() + i, 0, 2);
}

bool ListStream::NextProtobuf(std::string* chunk) {
  const Kind& kind = *list_.resource->kind;
  const bool partial = IsPartial(form_);
  const auto item = [&](const cache::Entry& entry) {
    return partial ? Metadata(entry, &spare_) : Served(entry, kind, &spare_);
  };
  std::string out;
  if (at_ == 0) {
    std::string meta;
    cache::AppendBytesField(1, ListMeta(list_), &meta);
    size_t size = meta.size(), longest = 0;
    for (const cache::EntryPtr& entry : list_.items) {
      const size_t inner = item(*entry).size();
      const size_t whole = cache::BytesFieldSize(2, partial ? cache::BytesFieldSize(1, inner) : inner);
      size += whole;
      longest = std::max(longest, whole);
    }
    apimachinery::EnvelopeFrame frame =
        apimachinery::FrameEnvelope(partial ? form_.MetaVersion() : kind.api_version,
                                    partial ? absl::string_view("PartialObjectMetadataList") : kind.list_kind, size);
    tail_ = std::move(frame.tail);
    out.reserve(std::min(size + 256, kChunk + longest + 256));
    out = frame.head + meta;
  } else {
    out.reserve(kChunk + 4096);
  }
  while (at_ < list_.items.size() && out.size() < kChunk) {
    Prefetch();
    const absl::string_view bytes = item(*list_.items[at_++]);
    if (partial) {
      std::string meta;
      cache::AppendBytesField(1, bytes, &meta);
      cache::AppendBytesField(2, meta, &out);
    } else {
      cache::AppendBytesField(2, bytes, &out);
    }
  }
  const bool more = at_ < list_.items.size();
  if (!more) out += tail_;
  *chunk = std::move(out);
  return more;
}

bool ListStream::Next(std::string* chunk) {
  if (form_.format == Format::kProtobuf) return NextProtobuf(chunk);
  const bool dressed = form_.pretty || form_.format == Format::kYaml;
  std::string out;
  out.reserve(dressed || list_.items.size() - at_ < 8 ? 4096 : kChunk + 8192);
  if (at_ == 0) out += Head();
  while (at_ < list_.items.size() && (dressed || out.size() < kChunk)) {
    Prefetch();
    if (at_ > 0) out += ',';
    AppendItem(*list_.items[at_++], &out);
  }
  if (at_ < list_.items.size()) {
    *chunk = std::move(out);
    return true;
  }
  out += Tail();
  if (dressed) {
    *chunk = Dress(std::move(out), form_);
  } else {
    out += '\n';
    *chunk = std::move(out);
  }
  return false;
}

std::string WatchFrame(absl::string_view type, const cache::Entry& entry, const Kind& kind, const Negotiated& form,
                       tables::IncludeObject include, bool first_table) {
  if (form.as == As::kTable) return JsonFrame(type, TableJson(entry, kind, form, include, first_table));
  Negotiated plain = form;
  plain.pretty = false;
  if (form.format == Format::kProtobuf) return WatchEventBytes(type, PresentObject(entry, kind, plain, include));
  plain.format = Format::kJson;
  std::string object = PresentObject(entry, kind, plain, include);
  object.pop_back();  // the newline
  return JsonFrame(type, object);
}

std::string BookmarkFrame(const Kind& kind, int64_t revision, bool initial_end, const Negotiated& form) {
  cache::Entry entry;
  entry.kind = &kind;
  Value object = Value::MakeObject();
  object.Ensure("metadata").Set("resourceVersion", absl::StrCat(revision));
  if (initial_end) object.Ensure("metadata.annotations").Set("k8s.io/initial-events-end", "true");
  // An empty object of upstream's internal form has these set.
  if (kind.group == "apps" && kind.kind != "DaemonSet" && kind.kind != "ControllerRevision") {
    object.Ensure("spec").Set("replicas", int64_t{0});
  } else if (kind.kind == "DaemonSet" && kind.group == "apps") {
    object.Ensure("metadata.annotations").Set("deprecated.daemonset.template.generation", "0");
  }
  if (kind.custom != nullptr) {
    object.Set("apiVersion", kind.api_version);
    object.Set("kind", kind.kind);
  }
  entry.bytes = cache::EntryBytes(kind, object);
  return WatchFrame("BOOKMARK", entry, kind, form, tables::IncludeObject::kMetadata, false);
}

std::string ErrorFrame(const apimachinery::ApiStatus& status, const Negotiated& form) {
  if (form.format == Format::kProtobuf) return WatchEventBytes("ERROR", status.ToProtobuf());
  return JsonFrame("ERROR", status.ToJson());
}

}  // namespace apiserver::http
