// Security contexts, operating systems, and the annotations that once carried them.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

constexpr char kSeccompPod[] = "seccomp.security.alpha.kubernetes.io/pod";
constexpr char kSeccompContainer[] = "container.seccomp.security.alpha.kubernetes.io/";
constexpr char kAppArmor[] = "container.apparmor.security.beta.kubernetes.io/";

void Id(FieldErrors& e, const Path& p, const Value* id) {
  if (id != nullptr && (id->as_int() < 0 || id->as_int() > 2147483647)) e.Invalid(p, *id, RangeText(0, 2147483647));
}

void Seccomp(FieldErrors& e, const Path& p, const Value* profile) {
  if (profile == nullptr) return;
  const absl::string_view type = Text(*profile, "type");
  if (type.empty()) {
    e.Required(p / "type", "type is required when seccompProfile is set");
  } else {
    OneOf(e, p / "type", type, {"Localhost", "RuntimeDefault", "Unconfined"});
  }
  const Value* local = profile->Find("localhostProfile");
  if (type == "Localhost") {
    if (local == nullptr) {
      e.Required(p / "localhostProfile", "must be set when seccomp type is Localhost");
    } else {
      RelativePath(e, p / "localhostProfile", local->as_string());
    }
  } else if (local != nullptr) {
    Value shown = Value::MakeObject();  // as upstream prints its inner type
    shown.Set("Type", Value(type));
    shown.Set("LocalhostProfile", *local);
    e.Invalid(p / "localhostProfile", shown, "can only be set when seccomp type is Localhost");
  }
}

void AppArmor(FieldErrors& e, const Path& p, const Value* profile) {
  if (profile == nullptr) return;
  const absl::string_view type = Text(*profile, "type");
  const Value* local = profile->Find("localhostProfile");
  if (type == "Localhost") {
    if (local == nullptr) return e.Required(p / "localhostProfile", "must be set when AppArmor type is Localhost");
    const absl::string_view text = local->as_string(), stripped = absl::StripAsciiWhitespace(text);
    if (stripped != text) {
      e.Invalid(p / "localhostProfile", *local, "must not be padded with whitespace");
    } else if (stripped.empty()) {
      e.Required(p / "localhostProfile", "must be set when AppArmor type is Localhost");
    }
    if (text.size() > 4095) e.TooLong(p / "localhostProfile", 4095);
  } else if (In(type, {"RuntimeDefault", "Unconfined"})) {
    if (local != nullptr) e.Invalid(p / "localhostProfile", *local, "can only be set when AppArmor type is Localhost");
  } else if (type.empty()) {
    e.Required(p / "type", "type is required when appArmorProfile is set");
  } else {
    OneOf(e, p / "type", type, {"Localhost", "RuntimeDefault", "Unconfined"});
  }
}

void WindowsUser(FieldErrors& e, const Path& p, const Value& name) {
  const std::string& text = name.as_string();
  if (text.empty()) return e.Invalid(p, name, "runAsUserName cannot be an empty string");
  if (std::any_of(text.begin(), text.end(), absl::ascii_iscntrl)) {
    return e.Invalid(p, name, "runAsUserName cannot contain control characters");
  }
  const std::vector<std::string> parts = absl::StrSplit(text, '\\');
  if (parts.size() > 2) return e.Invalid(p, name, "runAsUserName cannot contain more than one backslash");
  const std::string& user = parts.back();
  if (parts.size() == 2) {
    const std::string& domain = parts[0];
    if (domain.size() >= 256) e.Invalid(p, name, "runAsUserName's Domain length must be under 256 characters");
    const bool netbios = !domain.empty() && domain.size() <= 15 && domain[0] != '.' &&
                         domain.find_first_of("\\/:*?\"<>|") == std::string::npos;
    bool dns = !domain.empty();
    for (absl::string_view label : absl::StrSplit(domain, '.')) {
      dns = dns && !label.empty() && label.size() <= 63 && absl::ascii_isalnum(label[0]) &&
            absl::ascii_isalnum(label.back()) &&
            std::all_of(label.begin(), label.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-'; });
    }
    if (!netbios && !dns) e.Invalid(p, name, "runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user.empty()) e.Invalid(p, name, "runAsUserName's User cannot be empty");
  if (user.size() > 104) e.Invalid(p, name, "runAsUserName's User length must not be longer than 104 characters");
  if (!user.empty() && user.find_first_not_of(". ") == std::string::npos) {
    e.Invalid(p, name, "runAsUserName's User cannot contain only periods or spaces");
  }
  if (user.find_first_of("\"/\\:;|=,+*?<>@[]") != std::string::npos) {
    e.Invalid(p, name, "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
  }
}

void Windows(FieldErrors& e, const Path& p, const Value* options) {
  if (options == nullptr) return;
  if (const Value* name = options->Find("gmsaCredentialSpecName")) {
    Named(e, p / "gmsaCredentialSpecName", name->as_string(), apimachinery::IsDns1123Subdomain(name->as_string()));
  }
  if (const Value* spec = options->Find("gmsaCredentialSpec")) {
    if (spec->as_string().empty()) {
      e.Invalid(p / "gmsaCredentialSpec", *spec, "gmsaCredentialSpec cannot be an empty string");
    } else if (spec->as_string().size() > 64 * 1024) {
      e.Invalid(p / "gmsaCredentialSpec", *spec, "gmsaCredentialSpec size must be under 64 KiB");
    }
  }
  if (const Value* user = options->Find("runAsUserName")) WindowsUser(e, p / "runAsUserName", *user);
}

bool IsSysctl(absl::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (absl::string_view part : absl::StrSplit(name, absl::ByAnyChar("./"))) {
    if (part.empty()) return false;
    const auto edge = [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); };
    if (!edge(part[0]) || !edge(part.back())) return false;
    if (!std::all_of(part.begin(), part.end(), [&](char c) { return edge(c) || c == '-' || c == '_'; })) return false;
  }
  return true;
}

void Sysctls(FieldErrors& e, const Path& p, const Array& sysctls, const Value& spec) {
  std::set<std::string> seen;
  for (size_t i = 0; i < sysctls.size(); ++i) {
    const Path at = p[i];
    std::string name(Text(sysctls[i], "name"));
    if (name.empty()) {
      e.Required(at / "name");
    } else if (!IsSysctl(name)) {
      e.Invalid(at / "name", name,
                "must have at most 253 characters and match regex "
                "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
    } else if (seen.count(name)) {
      e.Duplicate(at / "name", name);
    }
    std::string dotted = name;
    std::replace(dotted.begin(), dotted.end(), '/', '.');
    const bool ipc = absl::StartsWith(dotted, "kernel.shm") || absl::StartsWith(dotted, "kernel.msg") ||
                     dotted == "kernel.sem" || absl::StartsWith(dotted, "fs.mqueue.");
    if (Flag(spec, "hostNetwork") && absl::StartsWith(dotted, "net.")) {
      e.Invalid(at / "name", name, "may not be specified when 'hostNetwork' is true");
    } else if (Flag(spec, "hostIPC") && ipc) {
      e.Invalid(at / "name", name, "may not be specified when 'hostIPC' is true");
    }
    seen.insert(std::move(name));
  }
}

void SeccompText(FieldErrors& e, const Path& p, absl::string_view profile) {
  if (In(profile, {"runtime/default", "docker/default", "unconfined"})) return;
  if (absl::ConsumePrefix(&profile, "localhost/")) return RelativePath(e, p, profile);
  e.Invalid(p, Value(profile), "must be a valid seccomp profile");
}

}  // namespace

void PodSecurityContext(FieldErrors& e, const Path& p, const PodScope& scope) {
  const Value* context = scope.spec.Find("securityContext");
  const bool share = Flag(scope.spec, "shareProcessNamespace");
  const Value& c = context == nullptr ? Sub(scope.spec, "securityContext") : *context;
  Id(e, p / "fsGroup", c.Find("fsGroup"));
  Id(e, p / "runAsUser", c.Find("runAsUser"));
  Id(e, p / "runAsGroup", c.Find("runAsGroup"));
  const Path groups = p / "supplementalGroups";
  for (size_t i = 0; i < Items(c, "supplementalGroups").size(); ++i) {
    Id(e, groups[i], &Items(c, "supplementalGroups")[i]);
  }
  if (share && Flag(scope.spec, "hostPID")) {
    e.Invalid(p / "shareProcessNamespace", true, "ShareProcessNamespace and HostPID cannot both be enabled");
  }
  Sysctls(e, p / "sysctls", Items(c, "sysctls"), scope.spec);
  if (c.Has("fsGroupChangePolicy")) {
    OneOf(e, p / "fsGroupChangePolicy", Text(c, "fsGroupChangePolicy"), {"Always", "OnRootMismatch"});
  }
  Seccomp(e, p / "seccompProfile", c.Find("seccompProfile"));
  Windows(e, p / "windowsOptions", c.Find("windowsOptions"));
  AppArmor(e, p / "appArmorProfile", c.Find("appArmorProfile"));
  if (c.Has("supplementalGroupsPolicy")) {
    OneOf(e, p / "supplementalGroupsPolicy", Text(c, "supplementalGroupsPolicy"), {"Merge", "Strict"});
  }
  if (c.Has("seLinuxChangePolicy")) {
    OneOf(e, p / "seLinuxChangePolicy", Text(c, "seLinuxChangePolicy"), {"Recursive"});
  }
}

// The context as upstream holds it: its messages show that form.
Value AsHeld(const Value& context) {
  struct Member {
    const char* from;
    const char* to;
  };
  const auto copy = [](const Value& from, std::initializer_list<Member> members, const Value& absent) {
    Value out = Value::MakeObject();
    for (const Member& member : members) {
      const Value* value = from.Find(member.from);
      out.Set(member.to, value == nullptr ? absent : *value);
    }
    return out;
  };
  const auto part = [&](const char* name, std::initializer_list<Member> members, const Value& absent) {
    const Value* from = context.Find(name);
    return from == nullptr || !from->is_object() ? Value() : copy(*from, members, absent);
  };
  Value held = Value::MakeObject();
  held.Set("Capabilities", part("capabilities", {{"add", "Add"}, {"drop", "Drop"}}, Value()));
  const auto set = [&](const char* from, const char* to) {
    const Value* value = context.Find(from);
    held.Set(to, value == nullptr ? Value() : *value);
  };
  set("privileged", "Privileged");
  held.Set("SELinuxOptions", part("seLinuxOptions", {{"user", "User"}, {"role", "Role"}, {"type", "Type"}, {"level", "Level"}}, Value("")));
  held.Set("WindowsOptions", part("windowsOptions", {{"gmsaCredentialSpecName", "GMSACredentialSpecName"}, {"gmsaCredentialSpec", "GMSACredentialSpec"},
                                                     {"runAsUserName", "RunAsUserName"}, {"hostProcess", "HostProcess"}}, Value()));
  set("runAsUser", "RunAsUser");
  set("runAsGroup", "RunAsGroup");
  set("runAsNonRoot", "RunAsNonRoot");
  set("readOnlyRootFilesystem", "ReadOnlyRootFilesystem");
  set("allowPrivilegeEscalation", "AllowPrivilegeEscalation");
  set("procMount", "ProcMount");
  for (const auto& [from, to] : {Member{"seccompProfile", "SeccompProfile"}, Member{"appArmorProfile", "AppArmorProfile"}}) {
    held.Set(to, part(from, {{"type", "Type"}, {"localhostProfile", "LocalhostProfile"}}, Value()));
  }
  return held;
}

void ContainerSecurityContext(FieldErrors& e, const Path& p, const Value* context, bool host_users) {
  if (context == nullptr) return;
  const Value& c = *context;
  Id(e, p / "runAsUser", c.Find("runAsUser"));
  Id(e, p / "runAsGroup", c.Find("runAsGroup"));
  if (const Value* proc = c.Find("procMount")) {
    OneOf(e, p / "procMount", proc->as_string(), {"Default", "Unmasked"});
    if (host_users && proc->as_string() == "Unmasked") {
      e.Invalid(p / "procMount", *proc, "`hostUsers` must be false to use `Unmasked`");
    }
  }
  Seccomp(e, p / "seccompProfile", c.Find("seccompProfile"));
  if (c.Has("allowPrivilegeEscalation") && !Flag(c, "allowPrivilegeEscalation")) {
    if (Flag(c, "privileged")) {
      e.Invalid(p, AsHeld(c), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    }
    for (const Value& capability : Items(Sub(c, "capabilities"), "add")) {
      if (capability.as_string() == "CAP_SYS_ADMIN") {
        e.Invalid(p, AsHeld(c), "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
      }
    }
  }
  Windows(e, p / "windowsOptions", c.Find("windowsOptions"));
  AppArmor(e, p / "appArmorProfile", c.Find("appArmorProfile"));
}

void WindowsHostProcess(FieldErrors& e, const Path& p, const Value& spec) {
  const Value* of_pod = spec.At("securityContext.windowsOptions.hostProcess");
  int containers = 0, host_process = 0;
  VisitContainers(p, spec, [&](const Path& at, const Value& c) {
    ++containers;
    const Value* own = c.At("securityContext.windowsOptions.hostProcess");
    if (of_pod != nullptr && own != nullptr && of_pod->as_bool() != own->as_bool()) {
      e.Invalid(at / "securityContext.windowsOptions.hostProcess", *own,
                absl::StrCat("pod hostProcess value must be identical if both are specified, was ",
                             of_pod->as_bool() ? "true" : "false"));
    }
    const Value* which = own != nullptr ? own : of_pod;
    if (which != nullptr && which->as_bool()) ++host_process;
  });
  if (host_process == 0) return;
  if (host_process != containers) {
    e.Invalid(p, "", "If pod contains any hostProcess containers then all containers must be HostProcess containers");
  }
  if (!Flag(spec, "hostNetwork")) {
    e.Invalid(p / "hostNetwork", false, "hostNetwork must be true if pod contains any hostProcess containers");
  }
}

void OperatingSystem(FieldErrors& e, const Path& p, const Value& spec) {
  const Value* os = spec.Find("os");
  if (os == nullptr) return;
  const absl::string_view name = Text(*os, "name");
  if (name.empty()) return e.Required(p / "os.name");
  if (!In(name, {"linux", "windows"})) return OneOf(e, p / "os", name, {"linux", "windows"});
  const Value& context = Sub(spec, "securityContext");
  if (name == "linux") {
    constexpr char kText[] = "windows options cannot be set for a linux pod";
    if (context.Has("windowsOptions")) e.Forbidden(p / "securityContext.windowsOptions", kText);
    VisitContainers(p, spec, [&](const Path& at, const Value& c) {
      if (Sub(c, "securityContext").Has("windowsOptions")) e.Forbidden(at / "securityContext.windowsOptions", kText);
    });
    return;
  }
  constexpr char kText[] = "cannot be set for a windows pod";
  const Path of_context = p / "securityContext";
  const auto in_context = [&](absl::string_view key) {
    if (context.Has(key)) e.Forbidden(of_context / key, kText);
  };
  const auto in_spec = [&](absl::string_view key, bool set) {
    if (set) e.Forbidden(p / key, kText);
  };
  in_context("appArmorProfile");
  in_context("seLinuxOptions");
  in_spec("hostUsers", spec.Has("hostUsers"));
  in_spec("hostPID", Flag(spec, "hostPID"));
  in_spec("hostIPC", Flag(spec, "hostIPC"));
  in_context("seccompProfile");
  in_context("fsGroup");
  in_context("fsGroupChangePolicy");
  if (!Items(context, "sysctls").empty()) in_context("sysctls");
  in_spec("shareProcessNamespace", spec.Has("shareProcessNamespace"));
  for (const char* key : {"runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy",
                          "seLinuxChangePolicy"}) {
    in_context(key);
  }
  VisitContainers(p, spec, [&](const Path& at, const Value& c) {
    const Value* own = c.Find("securityContext");
    if (own == nullptr) return;
    const Path here = at / "securityContext";
    for (const char* key : {"appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities",
                            "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation", "procMount",
                            "runAsUser", "runAsGroup"}) {
      if (own->Has(key)) e.Forbidden(here / key, kText);
    }
  });
}

void PodAnnotations(FieldErrors& e, const Path& p, const Value* annotations, const Value& spec) {
  if (annotations == nullptr) return;
  const Value* mirror = annotations->Find("kubernetes.io/config.mirror");
  if (mirror != nullptr && Text(spec, "nodeName").empty()) {
    e.Invalid(p.Key("kubernetes.io/config.mirror"), *mirror,
              "must set spec.nodeName if mirror pod annotation is set");
  }
  if (const Value* cost = annotations->Find("controller.kubernetes.io/pod-deletion-cost")) {
    const std::string& text = cost->as_string();
    int64_t number = 0;
    const bool ok = absl::SimpleAtoi(text, &number) && number >= INT32_MIN && number <= INT32_MAX && text[0] != '+' &&
                    (text == "0" || text[text[0] == '-' ? 1 : 0] != '0');
    if (!ok) e.Invalid(p.Key("controller.kubernetes.io/pod-deletion-cost"), *cost, "must be a 32bit integer");
  }
  if (const Value* seccomp = annotations->Find(kSeccompPod)) SeccompText(e, p / kSeccompPod, seccomp->as_string());
  for (const auto& [key, value] : annotations->object()) {
    if (absl::StartsWith(key, kSeccompContainer)) SeccompText(e, p / key, value.as_string());
  }
  for (const auto& [key, value] : annotations->object()) {
    if (!absl::StartsWith(key, kAppArmor)) continue;
    const std::string name(absl::StripPrefix(key, kAppArmor));
    bool found = false;
    VisitContainers(Path("spec"), spec, [&](const Path&, const Value& c) { found = found || Text(c, "name") == name; });
    if (!found) e.Invalid(p.Key(key), name, "container not found");
    const std::string& profile = value.as_string();
    if (!In(profile, {"", "runtime/default", "unconfined"}) && !absl::StartsWith(profile, "localhost/")) {
      e.Invalid(p.Key(key), value, absl::StrCat("invalid AppArmor profile name: \"", profile, "\""));
    }
  }
}

void SeccompAndAppArmorAgree(FieldErrors& e, const Path& spec_path, const Value* annotations, const Value& spec) {
  if (annotations == nullptr) return;
  const auto agree = [&](const Path& p, const Value* annotation, const Value* profile, absl::string_view what) {
    if (annotation == nullptr || profile == nullptr) return;
    const absl::string_view text = annotation->as_string(), type = Text(*profile, "type");
    const std::string mismatch = absl::StrCat(what, " type in annotation and field must match");
    const bool seccomp = what == "seccomp";
    if (type == "Unconfined" && text != "unconfined") e.Forbidden(p / "type", mismatch);
    if (type == "RuntimeDefault" && text != "runtime/default" && !(seccomp && text == "docker/default")) {
      e.Forbidden(p / "type", mismatch);
    }
    if (type != "Localhost") return;
    if (!absl::StartsWith(text, "localhost/")) return e.Forbidden(p / "type", mismatch);
    if (absl::StripPrefix(text, "localhost/") != Text(*profile, "localhostProfile")) {
      e.Forbidden(p / "localhostProfile", absl::StrCat(what, " profile in annotation and field must match"));
    }
  };
  const Value& context = Sub(spec, "securityContext");
  agree(spec_path / "securityContext.seccompProfile", annotations->Find(kSeccompPod), context.Find("seccompProfile"),
        "seccomp");
  VisitContainers(spec_path, spec, [&](const Path& at, const Value& c) {
    agree(at / "securityContext.seccompProfile", annotations->Find(absl::StrCat(kSeccompContainer, Text(c, "name"))),
          Sub(c, "securityContext").Find("seccompProfile"), "seccomp");
  });
  if (Text(Sub(spec, "os"), "name") == "windows") return;
  VisitContainers(spec_path, spec, [&](const Path& at, const Value& c) {
    const Value* own = Sub(c, "securityContext").Find("appArmorProfile");
    agree(at / "securityContext.appArmorProfile", annotations->Find(absl::StrCat(kAppArmor, Text(c, "name"))),
          own != nullptr ? own : context.Find("appArmorProfile"), "apparmor");
  });
}

}  // namespace apiserver::validation
