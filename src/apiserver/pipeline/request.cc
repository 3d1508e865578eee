#include "apiserver/pipeline/request.h"

#include <algorithm>

namespace apiserver::pipeline {

void RequestContext::AddWarning(absl::string_view text) {
  if (std::find(warnings.begin(), warnings.end(), text) == warnings.end()) {
    warnings.emplace_back(text);
  }
}

}  // namespace apiserver::pipeline
