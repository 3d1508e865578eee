#include "apiserver/apiextensions/conditions.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/time.h"

namespace apiserver::apiextensions {
namespace {

using apimachinery::Value;

const Value* FindCondition(const Value& crd, absl::string_view type) {
  for (const Value& condition : crd.GetArray("status.conditions")) {
    if (condition.GetString("type") == type) return &condition;
  }
  return nullptr;
}

std::vector<std::string> Strings(const Value& parent, absl::string_view path) {
  std::vector<std::string> out;
  for (const Value& item : parent.GetArray(path)) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

// What the definitions of a group have been given.
struct Taken {
  std::set<std::string> resources, kinds;
};
Taken NamesOfGroup(absl::Span<const Value* const> all, const std::string& group) {
  Taken taken;
  for (const Value* crd : all) {
    if (crd->GetString("spec.group") != group) continue;
    const Value* names = crd->At("status.acceptedNames");
    if (names == nullptr) continue;
    for (const char* name : {"plural", "singular"}) taken.resources.insert(names->GetString(name));
    for (const std::string& name : Strings(*names, "shortNames")) taken.resources.insert(name);
    for (const char* name : {"kind", "listKind"}) taken.kinds.insert(names->GetString(name));
  }
  return taken;
}

std::string InUse(const std::string& name) { return absl::StrCat(apimachinery::GoQuote(name), " is already in use"); }

}  // namespace

bool ConditionIsTrue(const Value& crd, absl::string_view type) {
  const Value* condition = FindCondition(crd, type);
  return condition != nullptr && condition->GetString("status") == "True";
}

bool SetCondition(Value& crd, absl::string_view type, bool status, absl::string_view reason, absl::string_view message,
                  absl::Time now) {
  Value& conditions = crd.Ensure("status")["conditions"];
  if (!conditions.is_array()) conditions = Value::MakeArray();
  Value* found = nullptr;
  for (Value& condition : conditions.array()) {
    if (condition.GetString("type") == type) found = &condition;
  }
  if (found == nullptr) {
    conditions.Append(Value::MakeObject());
    found = &conditions.array().back();
    found->Set("type", type);
  }
  const absl::string_view text = status ? "True" : "False";
  const Value before = *found;
  if (found->GetString("status") != text) {
    found->Set("status", text);
    found->Set("lastTransitionTime", apimachinery::FormatTime(now));
  }
  found->Set("reason", reason);
  found->Set("message", message);
  return !(before == *found);
}

bool AcceptNames(absl::Span<const Value* const> all, Value& crd, absl::Time now) {
  const Taken taken = NamesOfGroup(all, crd.GetString("spec.group"));
  const Value before = crd.At("status") == nullptr ? Value() : *crd.At("status");
  std::string reason = "NoConflicts", message = "no conflicts found";
  bool accepted = true;
  const auto conflict = [&](absl::string_view why, std::string text) {
    accepted = false;
    reason = std::string(why);
    message = std::move(text);
  };
  const auto take = [&](const char* name, const std::set<std::string>& used, absl::string_view why) {
    const std::string wanted = crd.GetString(absl::StrCat("spec.names.", name));
    const std::string have = crd.GetString(absl::StrCat("status.acceptedNames.", name));
    if (wanted != have && used.count(wanted) > 0) return conflict(why, InUse(wanted));
    if (!wanted.empty()) crd.Ensure("status.acceptedNames").Set(name, wanted);
  };
  take("plural", taken.resources, "PluralConflict");
  take("singular", taken.resources, "SingularConflict");
  const std::vector<std::string> wanted = Strings(crd, "spec.names.shortNames"), have = Strings(crd, "status.acceptedNames.shortNames");
  if (wanted != have) {
    std::vector<std::string> problems;
    for (const std::string& name : wanted) {
      if (std::find(have.begin(), have.end(), name) == have.end() && taken.resources.count(name) > 0) problems.push_back(InUse(name));
    }
    if (problems.size() == 1) {
      conflict("ShortNamesConflict", problems[0]);
    } else if (!problems.empty()) {
      conflict("ShortNamesConflict", absl::StrCat("[", absl::StrJoin(problems, ", "), "]"));
    } else if (const Value* names = crd.At("spec.names.shortNames"); names != nullptr) {
      const Value copy = *names;
      crd.Ensure("status.acceptedNames").Set("shortNames", copy);
    } else {
      crd.EraseAt("status.acceptedNames.shortNames");
    }
  }
  take("kind", taken.kinds, "KindConflict");
  take("listKind", taken.kinds, "ListKindConflict");
  if (const Value* categories = crd.At("spec.names.categories"); categories != nullptr) {
    const Value copy = *categories;
    crd.Ensure("status.acceptedNames").Set("categories", copy);
  } else {
    crd.EraseAt("status.acceptedNames.categories");
  }
  SetCondition(crd, "NamesAccepted", accepted, reason, message, now);
  if (!ConditionIsTrue(crd, "Established")) {
    if (accepted) {
      SetCondition(crd, "Established", true, "InitialNamesAccepted", "the initial names have been accepted", now);
    } else if (FindCondition(crd, "Established") == nullptr) {
      SetCondition(crd, "Established", false, "NotAccepted", "not all names are accepted", now);
    }
  }
  return !(before == *crd.At("status"));
}

bool JudgeApproval(Value& crd, absl::Time now) {
  const std::string group = crd.GetString("spec.group");
  const bool ours = group == "k8s.io" || absl::EndsWith(group, ".k8s.io") || group == "kubernetes.io" ||
                    absl::EndsWith(group, ".kubernetes.io");
  if (!ours) return false;
  constexpr char kAnnotation[] = "api-approved.kubernetes.io";
  constexpr char kSee[] = ", see https://github.com/kubernetes/enhancements/pull/1111";
  const std::string must = absl::StrCat("protected groups must have approval annotation ", apimachinery::GoQuote(kAnnotation));
  const Value* annotations = crd.At("metadata.annotations");
  const Value* found = annotations == nullptr ? nullptr : annotations->Find(kAnnotation);
  const std::string said = found != nullptr && found->is_string() ? found->as_string() : "";
  const auto set = [&](bool status, absl::string_view reason, std::string message) {
    return SetCondition(crd, "KubernetesAPIApprovalPolicyConformant", status, reason, message, now);
  };
  if (said.empty()) return set(false, "MissingAnnotation", absl::StrCat(must, kSee));
  if (absl::StartsWith(said, "unapproved")) {
    return set(false, "UnapprovedAnnotation", absl::StrCat("not approved: ", apimachinery::GoQuote(said)));
  }
  // A URL with a scheme and a host.
  const size_t scheme = said.find("://");
  const bool url = scheme != std::string::npos && scheme > 0 && scheme + 3 < said.size() && said[scheme + 3] != '/';
  if (url) return set(true, "ApprovedAnnotation", absl::StrCat("approved in ", said));
  return set(false, "InvalidAnnotation", absl::StrCat(must, " with either a URL or a reason starting with \"unapproved\"", kSee));
}

bool HasCleanupFinalizer(const Value& crd) {
  const std::vector<std::string> finalizers = Strings(crd, "metadata.finalizers");
  return std::find(finalizers.begin(), finalizers.end(), kCleanupFinalizer) != finalizers.end();
}

void DropCleanupFinalizer(Value& crd) {
  Value* finalizers = crd.At("metadata.finalizers");
  if (finalizers == nullptr || !finalizers->is_array()) return;
  std::erase_if(finalizers->array(), [](const Value& f) { return f.is_string() && f.as_string() == kCleanupFinalizer; });
  if (finalizers->empty()) crd.EraseAt("metadata.finalizers");
}

void MarkForDeletion(Value& crd, absl::Time now) {
  crd.Ensure("metadata").Set("deletionTimestamp", apimachinery::FormatTime(now));
  if (!HasCleanupFinalizer(crd)) crd["metadata"]["finalizers"].Append(kCleanupFinalizer);
  SetCondition(crd, "Terminating", true, "InstanceDeletionPending",
               "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon", now);
}

}  // namespace apiserver::apiextensions
