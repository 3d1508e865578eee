#include "apiserver/admission/translated.h"

#include "base/status_macros.h"

namespace apiserver::admission {

absl::StatusOr<std::unique_ptr<Translated>> Translated::Make(const Attributes& asked, pipeline::KindPtr as,
                                                             const pipeline::ObjectReader& reader) {
  std::unique_ptr<Translated> out(new Translated);
  out->attributes_ = asked;
  if (as == nullptr) return out;
  out->kind_ = std::move(as);
  const apimachinery::Kind& kind = *out->kind_;
  out->info_ = *asked.info;
  out->info_.group = std::string(kind.group);
  out->info_.version = std::string(kind.version);
  out->info_.resource = std::string(kind.plural);
  Attributes& a = out->attributes_;
  a.asked_info = asked.info;
  a.asked_kind = asked.kind;
  a.info = &out->info_;
  a.kind = &kind;
  if (asked.object != nullptr) {
    out->object_ = *asked.object;
    RETURN_IF_ERROR(reader.ConvertObject(*asked.kind, kind, out->object_));
    a.object = &out->object_;
  }
  if (asked.old != nullptr) {
    out->old_ = *asked.old;
    RETURN_IF_ERROR(reader.ConvertObject(*asked.kind, kind, out->old_));
    a.old = &out->old_;
  }
  return out;
}

absl::Status Translated::TakeBack(Attributes& asked, const pipeline::ObjectReader& reader) {
  if (kind_ == nullptr || asked.object == nullptr) return absl::OkStatus();
  Value object = object_;
  RETURN_IF_ERROR(reader.ConvertObject(*kind_, *asked.kind, object));
  *asked.object = std::move(object);
  return absl::OkStatus();
}

}  // namespace apiserver::admission
