#include "apimachinery/schema.h"

#include <algorithm>
#include <deque>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/schema_builder.h"
#include "k8s/schema_blob.h"

namespace apimachinery {
namespace {

// Distinguishes member names well enough for tables at most half full; names are compared afterwards.
uint32_t HashName(absl::string_view name) {
  const size_t n = name.size();
  if (n == 0) return 0;
  const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(name[i])); };
  uint32_t hash = static_cast<uint32_t>(n) * 0x9e3779b1u;
  hash ^= at(0) | at(n / 3) << 8 | at(n / 2) << 16 | at(n - 1) << 24;
  hash *= 0x85ebca6bu;
  return hash ^ hash >> 15;
}

void IndexNames(Message* message) {
  size_t size = 4;
  while (size < message->flat.size() * 2) size *= 2;
  message->name_table.assign(size, 0);
  for (size_t i = 0; i < message->flat.size(); ++i) {
    size_t at = HashName(message->flat[i]->json) & (size - 1);
    while (message->name_table[at] != 0) at = (at + 1) & (size - 1);
    message->name_table[at] = static_cast<uint16_t>(i + 1);
  }
}

void IndexNumbers(Message* message) {
  for (const Field& field : message->fields) {
    if (field.number == 0) continue;
    message->wire_order.push_back(&field);
    if (field.number >= message->by_number.size()) message->by_number.resize(field.number + 1);
    message->by_number[field.number] = &field;
  }
  std::sort(message->wire_order.begin(), message->wire_order.end(),
            [](const Field* a, const Field* b) { return a->number < b->number; });
}

// Inlined messages first: theirs must be flat before ours can be. Inlining nests two levels at most.
void Flatten(Message* message) {
  if (!message->flat.empty()) return;
  for (Field& field : message->fields) {
    field.flat_begin = static_cast<uint32_t>(message->flat.size());
    if (field.inlined) {
      Flatten(const_cast<Message*>(field.message));  // every message is still ours to build
      message->flat.insert(message->flat.end(), field.message->flat.begin(), field.message->flat.end());
    } else {
      message->flat.push_back(&field);
    }
  }
}

}  // namespace

int Message::FindFlat(absl::string_view json) const {
  const size_t mask = name_table.size() - 1;
  for (size_t at = HashName(json) & mask; name_table[at] != 0; at = (at + 1) & mask) {
    if (flat[name_table[at] - 1]->json == json) return name_table[at] - 1;
  }
  return -1;
}

bool Kind::HasVerb(absl::string_view verb) const { return std::find(verbs.begin(), verbs.end(), verb) != verbs.end(); }
bool Kind::HasSubresource(absl::string_view name) const {
  return std::find(subresources.begin(), subresources.end(), name) != subresources.end();
}

struct Schema::Impl {
  SchemaTables tables;
  absl::flat_hash_map<absl::string_view, const Message*> by_name;
  absl::flat_hash_map<std::string, const Kind*> by_kind;        // "group/version/Kind"
  absl::flat_hash_map<std::string, const Kind*> by_resource;    // "group/version/plural"
  absl::flat_hash_map<std::string, const Message*> list_kinds;  // "group/version/PodList"
};

const Schema& Schema::Builtin() {
  static const Schema* const schema = new Schema;
  return *schema;
}

Schema::Schema() : impl_(new Impl) {
  SchemaTables& tables = impl_->tables;
  BuildSchemaTables(k8s_schema::DescriptorSet(), &tables);
  for (Message& message : tables.messages) Flatten(&message);
  for (Message& message : tables.messages) {
    IndexNames(&message);
    IndexNumbers(&message);
    impl_->by_name.emplace(message.name, &message);
  }
  for (Kind& kind : tables.kinds) {
    impl_->by_kind.emplace(absl::StrCat(kind.group, "/", kind.version, "/", kind.kind), &kind);
    if (!kind.plural.empty()) {
      impl_->by_resource.emplace(absl::StrCat(kind.group, "/", kind.version, "/", kind.plural), &kind);
    }
    if (!kind.list_kind.empty()) {
      const absl::string_view package = kind.message->name.substr(0, kind.message->name.rfind('.') + 1);
      kind.list_message = FindMessage(absl::StrCat(package, kind.list_kind));
      impl_->list_kinds.emplace(absl::StrCat(kind.group, "/", kind.version, "/", kind.list_kind), kind.list_message);
    }
  }
}

const Kind* Schema::FindKind(absl::string_view group, absl::string_view version, absl::string_view kind) const {
  auto found = impl_->by_kind.find(absl::StrCat(group, "/", version, "/", kind));
  if (found == impl_->by_kind.end()) found = impl_->by_kind.find(absl::StrCat("(any)/", version, "/", kind));
  return found == impl_->by_kind.end() ? nullptr : found->second;
}

const Kind* Schema::FindKind(absl::string_view api_version, absl::string_view kind) const {
  const size_t slash = api_version.find('/');
  if (slash == absl::string_view::npos) return FindKind("", api_version, kind);
  return FindKind(api_version.substr(0, slash), api_version.substr(slash + 1), kind);
}

const Kind* Schema::FindResource(absl::string_view group, absl::string_view version, absl::string_view plural) const {
  const auto found = impl_->by_resource.find(absl::StrCat(group, "/", version, "/", plural));
  return found == impl_->by_resource.end() ? nullptr : found->second;
}

const Message* Schema::FindMessage(absl::string_view name) const {
  const auto found = impl_->by_name.find(name);
  return found == impl_->by_name.end() ? nullptr : found->second;
}

const Message* Schema::FindMessage(absl::string_view api_version, absl::string_view kind) const {
  if (const Kind* found = FindKind(api_version, kind)) return found->message;
  const auto list = impl_->list_kinds.find(
      absl::StrCat(absl::StrContains(api_version, '/') ? "" : "/", api_version, "/", kind));
  return list == impl_->list_kinds.end() ? nullptr : list->second;
}

absl::Span<const Kind> Schema::kinds() const { return impl_->tables.kinds; }
absl::Span<const Message> Schema::messages() const { return impl_->tables.messages; }

namespace {

// The comment in the sorted lines "name<TAB>comment".
std::string FindDoc(const std::string& name) {
  const absl::string_view docs = k8s_schema::Docs();
  size_t low = 0, high = docs.size();  // line starts
  while (low < high) {
    size_t begin = docs.rfind('\n', (low + high) / 2);
    begin = begin == absl::string_view::npos || begin < low ? low : begin + 1;
    size_t end = docs.find('\n', begin);
    if (end == absl::string_view::npos) end = docs.size();
    const absl::string_view line = docs.substr(begin, end - begin);
    const size_t tab = line.find('\t');
    const int order = line.substr(0, tab).compare(name);
    if (order == 0) return std::string(line.substr(tab + 1));
    if (order < 0) {
      low = end + 1;
    } else {
      high = begin;
    }
  }
  return "";
}

}  // namespace

std::string Schema::Doc(const Message& message) const { return FindDoc(absl::StrCat("k8s.", message.name)); }
std::string Schema::Doc(const Message& message, const Field& field) const {
  return FindDoc(absl::StrCat("k8s.", message.name, ".", field.json));
}

}  // namespace apimachinery
