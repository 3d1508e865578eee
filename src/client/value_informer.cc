#include "client/value_informer.h"

#include "apimachinery/codec.h"
#include "client/wire.h"
#include "k8s/meta/v1/objectmeta.pb.h"

namespace client {

using apimachinery::Kind;
using apimachinery::Value;
using k8s::meta::v1::ObjectMeta;

struct ValueInformer::Object {
  Value tree;
  ObjectMeta metadata;
};

ValueInformer::ValueInformer(const ApiClient& client, const Kind& kind, TimerThread& timer)
    : ValueInformer(client, kind,
                    std::make_shared<Names>(Names{std::string(kind.group), std::string(kind.version), std::string(kind.plural),
                                                  std::string(kind.kind), {}}),
                    timer) {}

ValueInformer::ValueInformer(const ApiClient& client, const Kind& kind, std::shared_ptr<Names> names, TimerThread& timer)
    : InformerBase(client,
                   names->info = ResourceInfo{names->group.c_str(), names->version.c_str(), names->resource.c_str(),
                                              names->kind.c_str(), kind.namespaced},
                   "", {}, timer),
      kind_(kind), names_(names) {}

ValueInformer::~ValueInformer() { Stop(); }

void ValueInformer::OnChange(std::function<void(const Value&)> changed) {
  const auto tree = [](const Any& any) -> const Value& { return static_cast<const Object*>(any.get())->tree; };
  AddAnyHandler({[=](const Any& o) { changed(tree(o)); }, [=](const Any&, const Any& o) { changed(tree(o)); },
                 [=](const Any& o) { changed(tree(o)); }});
}

ValueInformer::Ptr ValueInformer::Get(absl::string_view key) const {
  const Any any = GetAny(key);
  return any == nullptr ? nullptr : Ptr(any, &static_cast<const Object*>(any.get())->tree);
}

std::vector<ValueInformer::Ptr> ValueInformer::List() const {
  std::vector<Ptr> out;
  for (const Any& any : ListAny()) out.emplace_back(any, &static_cast<const Object*>(any.get())->tree);
  return out;
}

InformerBase::Any ValueInformer::Parse(absl::string_view bytes) const {
  auto object = std::make_shared<Object>();
  absl::StatusOr<Value> tree = apimachinery::DecodeWire(*kind_.message, bytes);
  if (!tree.ok()) return nullptr;
  object->tree = *std::move(tree);
  const absl::string_view metadata = BytesField(bytes, 1);
  if (!object->metadata.ParsePartialFromArray(metadata.data(), static_cast<int>(metadata.size()))) return nullptr;
  return object;
}

const ObjectMeta& ValueInformer::Meta(const void* object) const { return static_cast<const Object*>(object)->metadata; }

absl::Status UpdateValue(const ApiClient& client, const Kind& kind, const Value& object, absl::string_view subresource) {
  Target target{std::string(kind.group), std::string(kind.version), std::string(kind.plural), "",
                object.GetString("metadata.name"), std::string(subresource)};
  if (kind.namespaced) target.ns = object.GetString("metadata.namespace");
  Object bytes{std::string(kind.api_version), std::string(kind.kind), ""};
  apimachinery::EncodeWire(*kind.message, object, &bytes.bytes);
  return client.transport().Update(target, bytes).status();
}

}  // namespace client
