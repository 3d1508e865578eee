#include "client/metadata_informer.h"

#include <utility>

#include "client/wire.h"
#include "k8s/meta/v1/objectmeta.pb.h"

namespace client {

using k8s::meta::v1::ObjectMeta;
using k8s::meta::v1::PartialObjectMetadata;

MetadataInformer::MetadataInformer(const ApiClient& client, std::string group, std::string version,
                                   std::string resource, TimerThread& timer, Handler handler)
    : MetadataInformer(client,
                       std::make_shared<Names>(Names{std::move(group), std::move(version), std::move(resource), {}}),
                       timer, std::move(handler)) {}

MetadataInformer::MetadataInformer(const ApiClient& client, std::shared_ptr<Names> names, TimerThread& timer,
                                   Handler handler)
    : InformerBase(client,
                   names->info = ResourceInfo{names->group.c_str(), names->version.c_str(), names->resource.c_str(), "",
                                              true},
                   "", {}, timer, /*metadata_only=*/true),
      names_(names) {
  const auto metadata = [](const Any& object) -> const ObjectMeta& {
    return static_cast<const PartialObjectMetadata*>(object.get())->metadata();
  };
  AddAnyHandler({[=](const Any& o) { handler.changed(metadata(o)); },
                 [=](const Any&, const Any& o) { handler.changed(metadata(o)); },
                 [=](const Any& o) { handler.deleted(metadata(o)); }});
}

MetadataInformer::~MetadataInformer() { Stop(); }

InformerBase::Any MetadataInformer::Parse(absl::string_view bytes) const {
  // Whatever else the server sent is skipped, and of the metadata labels, annotations and managed fields.
  absl::string_view metadata = BytesField(bytes, 1);
  std::string wanted;
  WireField field;
  for (absl::string_view before = metadata; NextField(metadata, field); before = metadata) {
    switch (field.number) {
      case 1:   // name
      case 3:   // namespace
      case 5:   // uid
      case 6:   // resourceVersion
      case 9:   // deletionTimestamp
      case 13:  // ownerReferences
      case 14:  // finalizers
        wanted.append(before.data(), before.size() - metadata.size());
        break;
      default:
        break;
    }
  }
  auto object = std::make_shared<PartialObjectMetadata>();
  if (!object->mutable_metadata()->ParsePartialFromString(wanted)) return nullptr;
  return object;
}

const ObjectMeta& MetadataInformer::Meta(const void* object) const {
  return static_cast<const PartialObjectMetadata*>(object)->metadata();
}

}  // namespace client
