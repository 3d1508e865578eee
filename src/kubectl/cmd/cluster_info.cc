// kubectl cluster-info and its dump: where the control plane is, and all that runs in some namespaces.
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

absl::Status Show(Factory& factory) {
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  const std::string& server = client->connection().server;
  ASSIGN_OR_RETURN(const std::vector<Value> services,
                   ListItems(*client, "/api/v1/namespaces/kube-system/services",
                             "labelSelector=kubernetes.io%2Fcluster-service%3Dtrue"));
  factory.io.Out(absl::StrCat("Kubernetes control plane is running at ", server, "\n"));
  for (const Value& service : services) {
    const std::string name = service.GetString("metadata.name");
    const Value* labels = service.At("metadata.labels");
    const Value* shown = labels == nullptr ? nullptr : labels->Find("kubernetes.io/name");
    std::string port;
    for (const Value& p : service.GetArray("spec.ports")) {
      if (port.empty() && !p.GetString("name").empty()) port = ":" + p.GetString("name");
    }
    factory.io.Out(absl::StrCat(shown == nullptr ? name : shown->as_string(), " is running at ", server,
                                "/api/v1/namespaces/kube-system/services/", name, port, "/proxy\n"));
  }
  factory.io.Out("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n");
  return absl::OkStatus();
}

struct DumpOptions {
  PrintOptions print;
  std::string directory;
  std::vector<std::string> namespaces;
  bool all_namespaces = false;
};

absl::Status MakeFolders(const std::string& path) {
  for (size_t at = path.find('/', 1); ; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (mkdir(part.c_str(), 0755) != 0 && errno != EEXIST)
      return Error(absl::StrCat("mkdir ", part, ": ", strerror(errno)));
    if (at == std::string::npos) return absl::OkStatus();
  }
}

class Dump {
 public:
  Dump(Factory& factory, DumpOptions options) : factory_(factory), o_(std::move(options)) {}

  absl::Status Run() {
    ASSIGN_OR_RETURN(client_, factory_.Client());
    if (o_.print.output.empty()) o_.print.output = "json";
    RETURN_IF_ERROR(List("/api/v1/nodes", "nodes"));
    std::vector<std::string> namespaces = o_.namespaces;
    if (o_.all_namespaces) {
      ASSIGN_OR_RETURN(const std::vector<Value> all, ListItems(*client_, "/api/v1/namespaces", ""));
      namespaces.clear();
      for (const Value& ns : all) namespaces.push_back(ns.GetString("metadata.name"));
    } else if (namespaces.empty()) {
      ASSIGN_OR_RETURN(const std::string own, factory_.Namespace());
      namespaces = {"kube-system", own};
    }
    struct Kind {
      const char *prefix, *plural, *file;
    };
    constexpr Kind kKinds[] = {{"/api/v1", "events", "events"},
                               {"/api/v1", "replicationcontrollers", "replication-controllers"},
                               {"/api/v1", "services", "services"},
                               {"/apis/apps/v1", "daemonsets", "daemonsets"},
                               {"/apis/apps/v1", "deployments", "deployments"},
                               {"/apis/apps/v1", "replicasets", "replicasets"},
                               {"/api/v1", "pods", "pods"}};
    for (const std::string& ns : namespaces) {
      for (const Kind& kind : kKinds) {
        RETURN_IF_ERROR(List(absl::StrCat(kind.prefix, "/namespaces/", ns, "/", kind.plural),
                             absl::StrCat(ns, "/", kind.file)));
      }
      RETURN_IF_ERROR(Logs(ns));
    }
    if (!o_.directory.empty() && o_.directory != "-")
      factory_.io.Out(absl::StrCat("Cluster info dumped to ", o_.directory, "\n"));
    return absl::OkStatus();
  }

 private:
  absl::Status Write(const std::string& name, absl::string_view text) {
    if (o_.directory.empty() || o_.directory == "-") {
      factory_.io.Out(text);
      return absl::OkStatus();
    }
    const std::string path = absl::StrCat(o_.directory, "/", name);
    RETURN_IF_ERROR(MakeFolders(path.substr(0, path.rfind('/'))));
    return base::WriteFileAtomic(path, text, 0644);
  }

  absl::Status List(const std::string& path, const std::string& name) {
    ASSIGN_OR_RETURN(const Value list, client_->Get(path));
    StringWriter text;
    ASSIGN_OR_RETURN(const auto printer, MakeObjectPrinter(o_.print));
    RETURN_IF_ERROR(printer->Print(list, &text));
    printer->Finish(&text);
    return Write(absl::StrCat(name, o_.print.output == "yaml" ? ".yaml" : ".json"), text.text());
  }

  absl::Status Logs(const std::string& ns) {
    const std::string base = absl::StrCat("/api/v1/namespaces/", ns, "/pods");
    ASSIGN_OR_RETURN(const std::vector<Value> pods, ListItems(*client_, base, ""));
    for (const Value& pod : pods) {
      const std::string name = pod.GetString("metadata.name");
      const bool single = pod.GetArray("spec.containers").size() == 1;
      for (const Value& container : pod.GetArray("spec.containers")) {
        const std::string container_name = container.GetString("name");
        const std::string text_name =
            absl::StrCat(ns, "/", name, "/", single ? "" : container_name + "/", "logs.txt");
        Request request;
        request.path = absl::StrCat(base, "/", name, "/log?container=", UrlEscape(container_name));
        request.accept = "*/*";
        const absl::StatusOr<Response> log = client_->Do(request);
        const std::string body =
            log.ok() ? log->body : absl::StrCat("Create log error: ", log.status().message(), "\n");
        RETURN_IF_ERROR(Write(text_name,
                              absl::StrCat("==== START logs for container ", container_name, " of pod ", ns, "/",
                                           name, " ====\n", body, "==== END logs for container ", container_name,
                                           " of pod ", ns, "/", name, " ====\n")));
      }
    }
    return absl::OkStatus();
  }

  Factory& factory_;
  DumpOptions o_;
  RestClient* client_ = nullptr;
};

}  // namespace

CommandPtr MakeClusterInfo(Factory& factory) {
  auto command = NewCommand("cluster-info", "Display cluster information", "[flags]");
  command->run = [&factory](const FlagSet::Parsed&) { return Show(factory); };
  auto o = std::make_shared<DumpOptions>();
  Command& dump = command->Add(
      NewCommand("dump", "Dump relevant information for debugging and diagnosis", "[flags]"));
  AddPrintFlags(&dump.flags, &o->print);
  dump.flags.String(&o->directory, "output-directory", "", "Write files below it instead of standard output.");
  dump.flags.List(&o->namespaces, "namespaces", "", "Which namespaces; kube-system and the current one without.");
  dump.flags.Bool(&o->all_namespaces, "all-namespaces", "A", "Every namespace.");
  dump.run = [&factory, o](const FlagSet::Parsed&) { return Dump(factory, *o).Run(); };
  return command;
}

}  // namespace kubectl
