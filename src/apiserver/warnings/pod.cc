// Pods and pod templates.
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "apiserver/validation/pod.h"
#include "apiserver/validation/warnings.h"
#include "apiserver/warnings/notes.h"

namespace apiserver::warnings {
namespace {

using apimachinery::Array;
using apimachinery::GoQuote;
using validation::Flag;
using validation::Int;
using validation::Items;
using validation::Sub;
using validation::Text;

constexpr char kNullSelector[] = "a null labelSelector results in matching no pod";
constexpr char kSeccomp[] = "non-functional in v1.27+; use the \"seccompProfile\" field instead";

// A pod's or template's parts and where they stand.
struct Subject {
  Notes& notes;
  const Path& p;
  bool is_template;
  const Value& spec;
  const Value& annotations;
};

void Placement(const Subject& s) {
  const Path spec = s.p / "spec";
  const Path selector = spec / "nodeSelector";
  for (const auto& [key, value] : validation::Entries(s.spec, "nodeSelector")) {
    if (const absl::string_view old = validation::DeprecatedNodeLabel(key); !old.empty()) s.notes.At(selector.Key(key), old);
  }
  const Value& node = Sub(Sub(s.spec, "affinity"), "nodeAffinity");
  const Path affinity = spec / "affinity.nodeAffinity";
  const Path required = affinity / "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
  const Array& terms = Items(Sub(node, "requiredDuringSchedulingIgnoredDuringExecution"), "nodeSelectorTerms");
  for (size_t i = 0; i < terms.size(); ++i) s.notes.NodeSelectorTerm(required[i], terms[i], false);
  const Path preferred = affinity / "preferredDuringSchedulingIgnoredDuringExecution";
  const Array& wishes = Items(node, "preferredDuringSchedulingIgnoredDuringExecution");
  for (size_t i = 0; i < wishes.size(); ++i) {
    const Path at = preferred[i];
    s.notes.NodeSelectorTerm(at / "preference", Sub(wishes[i], "preference"), true);
  }
  const Path spread = spec / "topologySpreadConstraints";
  const Array& constraints = Items(s.spec, "topologySpreadConstraints");
  for (size_t i = 0; i < constraints.size(); ++i) {
    const Path at = spread[i];
    const absl::string_view key = Text(constraints[i], "topologyKey");
    if (const absl::string_view old = validation::DeprecatedNodeLabel(key); !old.empty()) {
      s.notes.At(at / "topologyKey", absl::StrCat(key, " is ", old));
    }
    if (!constraints[i].Has("labelSelector")) s.notes.At(at / "labelSelector", kNullSelector);
  }
}

void OldAnnotations(const Subject& s) {
  const Path metadata = s.p / "metadata";
  const Path annotations = metadata / "annotations";
  static constexpr std::pair<absl::string_view, absl::string_view> kOld[] = {
      {"scheduler.alpha.kubernetes.io/critical-pod",
       "non-functional in v1.16+; use the \"priorityClassName\" field instead"},
      {"security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"},
      {"security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"},
  };
  for (const auto& [key, text] : kOld) {
    if (s.annotations.Has(key)) s.notes.At(annotations.Key(key), text);
  }
}

void OldVolumes(const Subject& s) {
  static constexpr std::pair<absl::string_view, absl::string_view> kOld[] = {
      {"photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
      {"gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"},
      {"scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
      {"flocker", "deprecated in v1.22, non-functional in v1.25+"},
      {"storageos", "deprecated in v1.22, non-functional in v1.25+"},
      {"quobyte", "deprecated in v1.22, non-functional in v1.25+"},
      {"glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
      {"ephemeral", ""},
      {"cephfs", "deprecated in v1.28, non-functional in v1.31+"},
      {"rbd", "deprecated in v1.28, non-functional in v1.31+"},
  };
  const Path spec = s.p / "spec";
  const Path list = spec / "volumes";
  const Array& volumes = Items(s.spec, "volumes");
  for (size_t i = 0; i < volumes.size(); ++i) {
    const Path at = list[i];
    for (const auto& [member, text] : kOld) {
      const Value* source = volumes[i].Find(member);
      if (source == nullptr) continue;
      if (member == "ephemeral") {
        if (const Value* claim = source->Find("volumeClaimTemplate")) {
          s.notes.ClaimSpec(at / "ephemeral.volumeClaimTemplate.spec", Sub(*claim, "spec"));
        }
      } else {
        s.notes.At(at / (member == "storageos" ? absl::string_view("storageOS") : member), text);
      }
    }
  }
}

void Repeated(const Subject& s, absl::string_view list_name, absl::string_view member, absl::string_view what) {
  const Path spec = s.p / "spec";
  const Path list = spec / list_name;
  const Array& items = Items(s.spec, list_name);
  std::set<absl::string_view> seen;
  for (size_t i = 0; i < items.size(); ++i) {
    const absl::string_view text = Text(items[i], member);
    const Path at = list[i];
    if (!seen.insert(text).second) s.notes.At(at / member, absl::StrCat("duplicate ", what, " ", GoQuote(text)));
  }
}

void PullSecrets(const Subject& s) {
  Repeated(s, "imagePullSecrets", "name", "name");
  const Path spec = s.p / "spec";
  const Path list = spec / "imagePullSecrets";
  const Array& items = Items(s.spec, "imagePullSecrets");
  for (size_t i = 0; i < items.size(); ++i) {
    const Path at = list[i];
    if (Text(items[i], "name").empty()) s.notes.At(at / "name", "invalid empty name \"\"");
  }
}

void Overhead(const Subject& s) {
  const Path spec = s.p / "spec";
  for (const char* resource : {"memory", "ephemeral-storage"}) {
    s.notes.WholeBytes(spec / "overhead", resource, Sub(s.spec, "overhead"));
  }
}

// What an AppArmor annotation means as a profile; null when it means none.
Value ProfileOf(absl::string_view annotation) {
  Value profile = Value::MakeObject();
  if (annotation == "unconfined") {
    profile.Set("type", "Unconfined");
  } else if (annotation == "runtime/default") {
    profile.Set("type", "RuntimeDefault");
  } else if (absl::StartsWith(annotation, "localhost/")) {
    const absl::string_view name = annotation.substr(sizeof("localhost/") - 1);
    if (name.empty()) return Value();
    profile.Set("type", "Localhost");
    profile.Set("localhostProfile", name);
  } else {
    return Value();
  }
  return profile;
}

// A repeated variable is fine when it adds to the one before: X=$(X):more.
void Environment(Notes& notes, const Path& p, const Value& container) {
  const Array& env = Items(container, "env");
  const Path list = p / "env";
  std::set<absl::string_view> seen;
  for (size_t i = 0; i < env.size(); ++i) {
    const absl::string_view name = Text(env[i], "name"), value = Text(env[i], "value");
    if (seen.insert(name).second) continue;
    const std::string reference = absl::StrCat("$(", name, ")");
    if (env[i].Has("valueFrom") || value == reference || !absl::StrContains(value, reference)) {
      notes.At(list[i], absl::StrCat("hides previous definition of ", GoQuote(name), ", which may be dropped when using apply"));
    }
  }
}

void Containers(const Subject& s) {
  const Path metadata = s.p / "metadata";
  const Path annotations = metadata / "annotations";
  const Value& pod_security = Sub(s.spec, "securityContext");
  if (!pod_security.Has("seccompProfile") && s.annotations.Has("seccomp.security.alpha.kubernetes.io/pod")) {
    s.notes.At(annotations.Key("seccomp.security.alpha.kubernetes.io/pod"), kSeccomp);
  }
  const Path spec = s.p / "spec";
  validation::VisitContainers(spec, s.spec, [&](const Path& at, const Value& container) {
    const absl::string_view name = Text(container, "name");
    const Value& security = Sub(container, "securityContext");
    const std::string seccomp = absl::StrCat("container.seccomp.security.alpha.kubernetes.io/", name);
    if (!security.Has("seccompProfile") && s.annotations.Has(seccomp)) s.notes.At(annotations.Key(seccomp), kSeccomp);
    const std::string app_armor = absl::StrCat("container.apparmor.security.beta.kubernetes.io/", name);
    const Value* annotation = s.annotations.Find(app_armor);
    if (s.is_template && annotation != nullptr && !security.Has("appArmorProfile")) {
      const Value* of_pod = pod_security.Find("appArmorProfile");
      if (of_pod == nullptr || !(*of_pod == ProfileOf(annotation->as_string()))) {
        s.notes.At(annotations.Key(app_armor), "deprecated since v1.30; use the \"appArmorProfile\" field instead");
      }
    }
    const Path resources = at / "resources";
    for (const char* resource : {"memory", "ephemeral-storage"}) {
      for (const char* list : {"limits", "requests"}) {
        s.notes.WholeBytes(resources / list, resource, Sub(Sub(container, "resources"), list));
      }
    }
    Environment(s.notes, at, container);
  });
}

void Ports(const Subject& s) {
  struct Seen {
    std::string path;
    const Value* port;
  };
  std::map<std::string, std::vector<Seen>> by_number;
  const Path spec = s.p / "spec";
  validation::VisitContainers(spec, s.spec, [&](const Path& at, const Value& container) {
    const Path list = at / "ports";
    const Array& ports = Items(container, "ports");
    for (size_t i = 0; i < ports.size(); ++i) {
      const Value& port = ports[i];
      const absl::string_view ip = Text(port, "hostIP");
      const int64_t host = Int(port, "hostPort");
      if (!ip.empty() && host == 0) {
        s.notes.At(list[i], absl::StrCat("hostIP set without hostPort: {Name:", Text(port, "name"),
                                         " HostPort:0 ContainerPort:", Int(port, "containerPort"),
                                         " Protocol:", Text(port, "protocol"), " HostIP:", ip, "}"));
      }
      auto& others = by_number[absl::StrCat(Int(port, "containerPort"), "/", Text(port, "protocol"))];
      for (const Seen& other : others) {
        const absl::string_view other_ip = Text(*other.port, "hostIP");
        const int64_t other_host = Int(*other.port, "hostPort");
        if (ip == other_ip && host == other_host) {
          s.notes.At(list[i], absl::StrCat("duplicate port definition with ", other.path));
        } else if (host == 0 || other_host == 0) {
          s.notes.At(list[i], absl::StrCat("overlapping port definition with ", other.path));
        } else if (host == other_host && ip.empty() != other_ip.empty()) {
          s.notes.At(list[i], absl::StrCat("dangerously ambiguous port definition with ", other.path));
        }
      }
      others.push_back({apimachinery::FieldPath(list[i]).ToString(), &port});
    }
  });
  std::map<std::string, std::string, std::less<>> by_name;
  validation::VisitContainers(spec, s.spec, [&](const Path& at, const Value& container) {
    const Path list = at / "ports";
    const Array& ports = Items(container, "ports");
    for (size_t i = 0; i < ports.size(); ++i) {
      const std::string name(Text(ports[i], "name"));
      if (name.empty()) continue;
      const auto [first, fresh] = by_name.emplace(name, apimachinery::FieldPath(list[i]).ToString());
      if (fresh) continue;
      s.notes.At(list[i], absl::StrCat("duplicate port name ", GoQuote(name), " with ", first->second,
                                       ", services and probes that select ports by name will use ", first->second));
    }
  });
}

void PodTerms(Notes& notes, const Path& p, const Value& affinity) {
  const Path required = p / "requiredDuringSchedulingIgnoredDuringExecution",
             preferred = p / "preferredDuringSchedulingIgnoredDuringExecution";
  const Array& terms = Items(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
  for (size_t i = 0; i < terms.size(); ++i) {
    const Path at = required[i];
    if (!terms[i].Has("labelSelector")) notes.At(at / "labelSelector", kNullSelector);
  }
  const Array& wishes = Items(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
  for (size_t i = 0; i < wishes.size(); ++i) {
    const Path at = preferred[i];
    if (!Sub(wishes[i], "podAffinityTerm").Has("labelSelector")) notes.At(at / "podAffinityTerm.labelSelector", kNullSelector);
  }
}

void Addresses(const Subject& s) {
  const Path spec = s.p / "spec";
  const Path servers = spec / "dnsConfig.nameservers", aliases = spec / "hostAliases";
  const Array& names = Items(Sub(s.spec, "dnsConfig"), "nameservers");
  for (size_t i = 0; i < names.size(); ++i) s.notes.Ip(servers[i], names[i].as_string());
  const Array& hosts = Items(s.spec, "hostAliases");
  for (size_t i = 0; i < hosts.size(); ++i) {
    const Path at = aliases[i];
    s.notes.Ip(at / "ip", Text(hosts[i], "ip"));
  }
}

}  // namespace

void Notes::PodOrTemplate(const Path& p, bool is_template, const Value& pod) {
  const Subject s{*this, p, is_template, Sub(pod, "spec"), Sub(Sub(pod, "metadata"), "annotations")};
  const Path spec = p / "spec";
  Placement(s);
  OldAnnotations(s);
  OldVolumes(s);
  VolumePaths(s.spec);
  Repeated(s, "hostAliases", "ip", "ip");
  PullSecrets(s);
  Overhead(s);
  Containers(s);
  Ports(s);
  if (Int(s.spec, "terminationGracePeriodSeconds") < 0) {
    At(spec / "terminationGracePeriodSeconds", "must be >= 0; negative values are invalid and will be treated as 1");
  }
  const Path affinity = spec / "affinity";
  for (const char* member : {"podAffinity", "podAntiAffinity"}) {
    PodTerms(*this, affinity / member, Sub(Sub(s.spec, "affinity"), member));
  }
  Addresses(s);
}

}  // namespace apiserver::warnings
