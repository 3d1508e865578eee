#include "apiserver/cache/as_read.h"

#include "apimachinery/codec.h"
#include "apimachinery/wire.h"
#include "apiserver/cache/object_bytes.h"

namespace apiserver::cache {
namespace {

using apimachinery::Value;

bool HasLabels(absl::string_view object) {
  apimachinery::wire::Reader reader(MetadataBytes(object));
  apimachinery::wire::Token token;
  while (reader.Next(&token)) {
    if (token.number == static_cast<uint32_t>(MetaField::kLabels)) return true;
  }
  return false;
}

void CompleteClaim(Value& claim) { claim.Ensure("status").Set("phase", "Pending"); }

void CompleteJob(Value& job) {
  const Value* labels = job.At("spec.template.metadata.labels");
  if (labels == nullptr) return;
  Value copy = *labels;
  job.Ensure("metadata").Set("labels", std::move(copy));
}

struct Row {
  absl::string_view message;
  bool (*complete)(const apimachinery::Message& message, absl::string_view object);
  void (*fill)(Value& object);
};
constexpr Row kRows[] = {
    {"core.v1.PersistentVolumeClaim",
     [](const apimachinery::Message& message, absl::string_view object) {
       return !FieldText(message, object, "status.phase").empty();
     },
     CompleteClaim},
    {"batch.v1.Job", [](const apimachinery::Message&, absl::string_view object) { return HasLabels(object); }, CompleteJob},
};

const Row* Find(const apimachinery::Kind& kind) {
  if (kind.custom != nullptr) return nullptr;
  for (const Row& row : kRows) {
    if (kind.message->name == row.message) return &row;
  }
  return nullptr;
}

}  // namespace

bool IsCompletedAtReading(const apimachinery::Kind& kind) { return Find(kind) != nullptr; }

bool LacksAtReading(const apimachinery::Kind& kind, absl::string_view object) {
  const Row* row = Find(kind);
  return row != nullptr && !row->complete(*kind.message, object);
}

std::string AsRead(const apimachinery::Kind& kind, std::string object) {
  const Row* row = Find(kind);
  if (row == nullptr || row->complete(*kind.message, object)) return object;
  absl::StatusOr<Value> tree = apimachinery::DecodeWire(*kind.message, object);
  if (!tree.ok()) return object;
  row->fill(*tree);
  object.clear();
  apimachinery::EncodeWire(*kind.message, *tree, &object);
  return object;
}

}  // namespace apiserver::cache
