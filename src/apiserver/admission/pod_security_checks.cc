#include "apiserver/admission/pod_security_checks.h"

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace apiserver::admission {
namespace {

using apimachinery::Value;
using Names = std::vector<std::string>;
using Set = std::set<std::string>;

template <typename List>
std::string Quoted(const List& list) {
  return absl::StrCat("\"", absl::StrJoin(list, "\", \""), "\"");
}
std::string Containers(const Names& names) {
  return absl::StrCat(names.size() == 1 ? "container " : "containers ", Quoted(names));
}
std::string Plural(absl::string_view word, size_t count) { return absl::StrCat(word, count == 1 ? "" : "s"); }
bool Is(const Value& v, absl::string_view path, absl::string_view text) { return v.GetString(path) == text; }

class Checks {
 public:
  Checks(const Value& metadata, const Value& spec, bool restricted, int minor)
      : metadata_(metadata), spec_(spec), restricted_(restricted), minor_(minor),
        windows_(Is(spec, "os.name", "windows") && minor >= 25),
        own_users_(spec.Has("hostUsers") && !spec.GetBool("hostUsers") && minor >= 35) {
    for (const char* list : {"initContainers", "containers", "ephemeralContainers"}) {
      for (const Value& c : spec.GetArray(list)) containers_.push_back(&c);
    }
  }

  // In the order of upstream's check names; what a check of a level replaces is left out.
  std::vector<SecurityViolation> Run() {
    const bool strict_capabilities = restricted_ && minor_ >= 22, strict_seccomp = restricted_ && minor_ >= 19;
    AppArmor();
    if (!strict_capabilities) Capabilities();
    HostNamespaces();
    if (!restricted_) HostPaths();
    HostPorts();
    if (minor_ >= 34) ProbeHosts();
    const Names privileged = Bad([](const Value& c) { return c.GetBool("securityContext.privileged"); });
    if (!privileged.empty()) {
      Add("privileged", absl::StrCat(Containers(privileged), " must not set securityContext.privileged=true"));
    }
    if (!(restricted_ && minor_ >= 35)) ProcMount();
    SeLinux();
    if (!strict_seccomp) Seccomp();
    Sysctls();
    HostProcess();
    if (restricted_) {
      if (minor_ >= 8) Escalation();
      if (strict_capabilities) RestrictedCapabilities();
      if (minor_ >= 35) ProcMount();
      VolumeTypes();
      if (!own_users_) NonRoot();
      if (minor_ >= 23 && !own_users_) RootUser();
      if (strict_seccomp && !windows_) Seccomp();
    }
    return std::move(found_);
  }

 private:
  void Add(absl::string_view reason, absl::string_view detail) {
    found_.push_back({std::string(reason), std::string(detail)});
  }
  Names Bad(const std::function<bool(const Value&)>& test) const {
    Names names;
    for (const Value* c : containers_) {
      if (test(*c)) names.push_back(c->GetString("name"));
    }
    return names;
  }
  // "pod" and the containers for which `test` holds of their security context, joined by " and ".
  std::string Setters(const std::function<bool(const Value&)>& test) const {
    Names setters;
    const Value* pod = spec_.Find("securityContext");
    if (pod != nullptr && test(*pod)) setters.push_back("pod");
    const Names bad = Bad([&](const Value& c) {
      const Value* context = c.Find("securityContext");
      return context != nullptr && test(*context);
    });
    if (!bad.empty()) setters.push_back(Containers(bad));
    return absl::StrJoin(setters, " and ");
  }

  void AppArmor() {
    Set types;
    std::string setters = Setters([&](const Value& context) {
      if (context.At("appArmorProfile") == nullptr) return false;
      const std::string type = context.GetString("appArmorProfile.type");
      if (type == "RuntimeDefault" || type == "Localhost") return false;
      types.insert(type);
      return true;
    });
    Names values(types.begin(), types.end());
    size_t annotations = 0;
    if (const Value* list = metadata_.Find("annotations"); list != nullptr && list->is_object()) {
      for (const auto& [key, value] : list->object()) {
        if (!absl::StartsWith(key, "container.apparmor.security.beta.kubernetes.io/") || !value.is_string()) continue;
        const std::string& text = value.as_string();
        if (text.empty() || text == "runtime/default" || absl::StartsWith(text, "localhost/")) continue;
        values.push_back(absl::StrCat(key, "=\"", text, "\""));
        ++annotations;
      }
    }
    if (annotations > 0) absl::StrAppend(&setters, setters.empty() ? "" : " and ", Plural("annotation", annotations));
    if (setters.empty()) return;
    Add(Plural("forbidden AppArmor profile", values.size()),
        absl::StrCat(setters, " must not set AppArmor profile type to ", Quoted(values)));
  }

  void Capabilities() {
    static const Set& kDefault = *new Set{"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE", "FOWNER",   "FSETID",
                                          "KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                                          "SETPCAP",     "SETUID", "SYS_CHROOT"};
    Set added;
    const Names bad = Bad([&](const Value& c) {
      bool any = false;
      for (const Value& name : c.GetArray("securityContext.capabilities.add")) {
        if (kDefault.count(name.as_string())) continue;
        added.insert(name.as_string());
        any = true;
      }
      return any;
    });
    if (bad.empty()) return;
    Add("non-default capabilities", absl::StrCat(Containers(bad), " must not include ", Quoted(added),
                                                 " in securityContext.capabilities.add"));
  }

  void HostNamespaces() {
    Names set;
    for (const char* key : {"hostNetwork", "hostPID", "hostIPC"}) {
      if (spec_.GetBool(key)) set.push_back(absl::StrCat(key, "=true"));
    }
    if (!set.empty()) Add("host namespaces", absl::StrJoin(set, ", "));
  }

  void HostPaths() {
    Names names;
    for (const Value& volume : spec_.GetArray("volumes")) {
      if (volume.Has("hostPath")) names.push_back(volume.GetString("name"));
    }
    if (!names.empty()) Add("hostPath volumes", absl::StrCat(Plural("volume", names.size()), " ", Quoted(names)));
  }

  void HostPorts() {
    Set ports;
    const Names bad = Bad([&](const Value& c) {
      bool any = false;
      for (const Value& port : c.GetArray("ports")) {
        if (port.GetInt("hostPort") == 0) continue;
        ports.insert(absl::StrCat(port.GetInt("hostPort")));
        any = true;
      }
      return any;
    });
    if (bad.empty()) return;
    Add("hostPort", absl::StrCat(Containers(bad), bad.size() == 1 ? " uses " : " use ",
                                 Plural("hostPort", ports.size()), " ", absl::StrJoin(ports, ", ")));
  }

  void ProbeHosts() {
    Set hosts, bad;
    for (const Value* c : containers_) {
      for (const char* handler : {"livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart",
                                  "lifecycle.preStop"}) {
        for (const char* action : {".httpGet.host", ".tcpSocket.host"}) {
          const std::string host = c->GetString(absl::StrCat(handler, action));
          if (host.empty()) continue;
          hosts.insert(host);
          bad.insert(c->GetString("name"));
        }
      }
    }
    if (bad.empty()) return;
    Add("probe or lifecycle host",
        absl::StrCat(Containers(Names(bad.begin(), bad.end())), bad.size() == 1 ? " uses " : " use ",
                     Plural("probe or lifecycle host", hosts.size()), " ", Quoted(hosts)));
  }

  void ProcMount() {
    if (!restricted_ && own_users_) return;
    Set types;
    const Names bad = Bad([&](const Value& c) {
      const std::string type = c.GetString("securityContext.procMount");
      if (type.empty() || type == "Default") return false;
      types.insert(type);
      return true;
    });
    if (bad.empty()) return;
    Add("procMount", absl::StrCat(Containers(bad), " must not set securityContext.procMount to ", Quoted(types)));
  }

  void SeLinux() {
    Set types;
    bool user = false, role = false;
    const std::string setters = Setters([&](const Value& context) {
      const Value* options = context.Find("seLinuxOptions");
      if (options == nullptr) return false;
      const std::string type = options->GetString("type");
      const bool known = type.empty() || type == "container_t" || type == "container_init_t" ||
                         type == "container_kvm_t" || (type == "container_engine_t" && minor_ >= 31);
      const bool has_user = !options->GetString("user").empty(), has_role = !options->GetString("role").empty();
      if (!known) types.insert(type);
      user = user || has_user;
      role = role || has_role;
      return !known || has_user || has_role;
    });
    if (setters.empty()) return;
    Names data;
    if (!types.empty()) data.push_back(absl::StrCat(Plural("type", types.size()), " ", Quoted(types)));
    if (user) data.push_back("user may not be set");
    if (role) data.push_back("role may not be set");
    Add("seLinuxOptions", absl::StrCat(setters, " set forbidden securityContext.seLinuxOptions: ",
                                       absl::StrJoin(data, "; ")));
  }

  // Restricted asks for a profile; baseline refuses to do without one when something is said.
  void Seccomp() {
    if (minor_ < 19) return SeccompAnnotations();
    const auto fine = [](absl::string_view type) { return type == "RuntimeDefault" || type == "Localhost"; };
    Set values;
    const std::string setters = Setters([&](const Value& context) {
      if (context.At("seccompProfile") == nullptr) return false;
      const std::string type = context.GetString("seccompProfile.type");
      if (fine(type)) return false;
      values.insert(type);
      return true;
    });
    if (!setters.empty()) {
      return Add("seccompProfile",
                 absl::StrCat(setters, " must not set securityContext.seccompProfile.type to ", Quoted(values)));
    }
    if (!restricted_ || fine(spec_.GetString("securityContext.seccompProfile.type"))) return;
    const Names bad = Bad([](const Value& c) { return c.At("securityContext.seccompProfile") == nullptr; });
    if (bad.empty()) return;
    Add("seccompProfile",
        absl::StrCat("pod or ", Containers(bad),
                     " must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""));
  }

  // Before there was a field for it.
  void SeccompAnnotations() {
    Names bad;
    for (const auto& [key, value] : metadata_.GetObject("annotations")) {
      const bool of_pod = key == "seccomp.security.alpha.kubernetes.io/pod";
      if (!of_pod && !absl::StartsWith(key, "container.seccomp.security.alpha.kubernetes.io/")) continue;
      const std::string text = value.is_string() ? value.as_string() : "";
      if (text == "runtime/default" || text == "docker/default" || absl::StartsWith(text, "localhost/")) continue;
      if (of_pod && text.empty()) continue;
      bad.push_back(absl::StrCat(key, "=\"", text, "\""));
    }
    if (bad.empty()) return;
    Add("seccompProfile", absl::StrCat(Plural("forbidden annotation", bad.size()), " ", absl::StrJoin(bad, ", ")));
  }

  void Sysctls() {
    static const auto& kSafeSince = *new std::map<std::string, int>{  // minor versions
        {"kernel.shm_rmid_forced", 0}, {"net.ipv4.ip_local_port_range", 0}, {"net.ipv4.ip_unprivileged_port_start", 0},
        {"net.ipv4.tcp_syncookies", 0}, {"net.ipv4.ping_group_range", 0}, {"net.ipv4.ip_local_reserved_ports", 27},
        {"net.ipv4.tcp_keepalive_time", 29}, {"net.ipv4.tcp_fin_timeout", 29}, {"net.ipv4.tcp_keepalive_intvl", 29},
        {"net.ipv4.tcp_keepalive_probes", 29}, {"net.ipv4.tcp_rmem", 32}, {"net.ipv4.tcp_wmem", 32}};
    Names bad;
    for (const Value& sysctl : spec_.GetArray("securityContext.sysctls")) {
      const auto known = kSafeSince.find(sysctl.GetString("name"));
      if (known == kSafeSince.end() || known->second > minor_) bad.push_back(sysctl.GetString("name"));
    }
    if (!bad.empty()) Add("forbidden sysctls", absl::StrJoin(bad, ", "));
  }

  void HostProcess() {
    const std::string setters =
        Setters([](const Value& context) { return context.GetBool("windowsOptions.hostProcess"); });
    if (setters.empty()) return;
    Add("hostProcess", absl::StrCat(setters, " must not set securityContext.windowsOptions.hostProcess=true"));
  }

  void Escalation() {
    if (windows_) return;
    const Names bad = Bad([](const Value& c) {
      const Value* allowed = c.At("securityContext.allowPrivilegeEscalation");
      return allowed == nullptr || !allowed->is_bool() || allowed->as_bool();
    });
    if (bad.empty()) return;
    Add("allowPrivilegeEscalation != false",
        absl::StrCat(Containers(bad), " must set securityContext.allowPrivilegeEscalation=false"));
  }

  void RestrictedCapabilities() {
    if (windows_) return;
    Set added;
    const Names keeping = Bad([](const Value& c) {
      for (const Value& name : c.GetArray("securityContext.capabilities.drop")) {
        if (name.as_string() == "ALL") return false;
      }
      return true;
    });
    const Names adding = Bad([&](const Value& c) {
      bool any = false;
      for (const Value& name : c.GetArray("securityContext.capabilities.add")) {
        if (name.as_string() == "NET_BIND_SERVICE") continue;
        added.insert(name.as_string());
        any = true;
      }
      return any;
    });
    Names details;
    if (!keeping.empty()) {
      details.push_back(absl::StrCat(Containers(keeping), " must set securityContext.capabilities.drop=[\"ALL\"]"));
    }
    if (!adding.empty()) {
      details.push_back(absl::StrCat(Containers(adding), " must not include ", Quoted(added),
                                     " in securityContext.capabilities.add"));
    }
    if (!details.empty()) Add("unrestricted capabilities", absl::StrJoin(details, "; "));
  }

  void VolumeTypes() {
    static const Set& kAllowed = *new Set{"configMap", "downwardAPI", "emptyDir", "projected", "secret",
                                          "persistentVolumeClaim", "ephemeral", "csi", "image", "name"};
    Names bad;
    Set types;
    for (const Value& volume : spec_.GetArray("volumes")) {
      for (const auto& [key, source] : volume.object()) {
        if (kAllowed.count(key)) continue;
        bad.push_back(volume.GetString("name"));
        types.insert(key);
        break;
      }
    }
    if (bad.empty()) return;
    Add("restricted volume types",
        absl::StrCat(Plural("volume", bad.size()), " ", Quoted(bad), bad.size() == 1 ? " uses " : " use ",
                     Plural("restricted volume type", types.size()), " ", Quoted(types)));
  }

  void NonRoot() {
    const auto said = [](const Value& context) {
      const Value* v = context.Find("runAsNonRoot");
      return v != nullptr && v->is_bool() ? (v->as_bool() ? 1 : -1) : 0;
    };
    const std::string setters = Setters([&](const Value& context) { return said(context) < 0; });
    if (!setters.empty()) {
      return Add("runAsNonRoot != true", absl::StrCat(setters, " must not set securityContext.runAsNonRoot=false"));
    }
    if (spec_.GetBool("securityContext.runAsNonRoot")) return;
    const Names bad = Bad([](const Value& c) { return !c.GetBool("securityContext.runAsNonRoot"); });
    if (bad.empty()) return;
    Add("runAsNonRoot != true",
        absl::StrCat("pod or ", Containers(bad), " must set securityContext.runAsNonRoot=true"));
  }

  void RootUser() {
    const std::string setters = Setters([](const Value& context) {
      const Value* user = context.Find("runAsUser");
      return user != nullptr && user->is_int() && user->as_int() == 0;
    });
    if (!setters.empty()) Add("runAsUser=0", absl::StrCat(setters, " must not set runAsUser=0"));
  }

  const Value& metadata_;
  const Value& spec_;
  const bool restricted_;
  const int minor_;
  const bool windows_, own_users_;  // own_users_: in a user namespace, where that counts
  std::vector<const Value*> containers_;
  std::vector<SecurityViolation> found_;
};

}  // namespace

std::vector<SecurityViolation> FindSecurityViolations(const SecurityPolicy& policy, const Value& metadata,
                                                      const Value& spec) {
  if (policy.level != "baseline" && policy.level != "restricted") return {};
  return Checks(metadata, spec, policy.level == "restricted", policy.minor).Run();
}

std::string DescribeViolations(const std::vector<SecurityViolation>& violations, bool details) {
  return absl::StrJoin(violations, ", ", [&](std::string* out, const SecurityViolation& v) {
    absl::StrAppend(out, v.reason);
    if (details && !v.detail.empty()) absl::StrAppend(out, " (", v.detail, ")");
  });
}

}  // namespace apiserver::admission
