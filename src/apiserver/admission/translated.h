// A write as another group or version of its resource shows it: what a rule with matchPolicy Equivalent looks at.
#pragma once
#include <memory>

#include "apiserver/admission/admission.h"

namespace apiserver::admission {

class Translated {
 public:
  // `as` nullptr: as it was asked for. What `asked` refers to must outlive the result.
  static absl::StatusOr<std::unique_ptr<Translated>> Make(const Attributes& asked, pipeline::KindPtr as,
                                                          const pipeline::ObjectReader& reader);
  Attributes& attributes() { return attributes_; }
  // Puts the object, changed in this form, into `asked`.
  absl::Status TakeBack(Attributes& asked, const pipeline::ObjectReader& reader);

 private:
  Translated() = default;
  Attributes attributes_;
  pipeline::RequestInfo info_;
  pipeline::KindPtr kind_;  // nullptr: not translated
  Value object_, old_;
};

}  // namespace apiserver::admission
