// Inside warnings: the texts so far, and what pods, workloads and core kinds have in common.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/value.h"
#include "apiserver/validation/checks.h"
#include "apiserver/validation/path.h"

namespace apiserver::warnings {

using apimachinery::Value;
using validation::Path;

class Notes {
 public:
  void Add(std::string text) { texts_.push_back(std::move(text)); }
  void At(const Path& p, absl::string_view text);  // "spec.x: text"
  std::vector<std::string> Take() { return std::move(texts_); }

  // Addresses that pass although they are not in the form they should have.
  void Ip(const Path& p, absl::string_view ip);
  void Cidr(const Path& p, absl::string_view cidr);

  void NodeSelectorTerm(const Path& p, const Value& term, bool check_values);
  // An amount of bytes with a fraction.
  void WholeBytes(const Path& list, absl::string_view resource, const Value& amounts);
  void ClaimSpec(const Path& p, const Value& spec);

  // pod.cc. `p` is empty for a pod itself.
  void PodOrTemplate(const Path& p, bool is_template, const Value& pod);
  void VolumePaths(const Value& spec);  // volume_paths.cc

 private:
  std::vector<std::string> texts_;
};

struct KindNotes {
  absl::string_view group, kind, subresource;
  void (*write)(Notes& notes, const Value& object, const Value* old);
};
absl::Span<const KindNotes> WorkloadNotes();  // workloads.cc
absl::Span<const KindNotes> CoreNotes();      // core.cc

}  // namespace apiserver::warnings
