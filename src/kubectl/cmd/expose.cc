// kubectl expose: a service for what another object selects.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/patch/patch.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/create_generators.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  std::string cluster_ip, external_ip, labels, load_balancer_ip, name, overrides,
      override_type = "merge", port, protocol;
  std::string selector, session_affinity, target_port, type;
  bool save_config = false;
};

struct Port {
  std::string port, protocol;
};

absl::StatusOr<Value> ParseMap(const std::string& text, absl::string_view what) {
  Value map = Value::MakeObject();
  for (const absl::string_view pair : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(pair, '=');
    if (parts.size() != 2) return Error(absl::StrCat("unexpected ", what, " spec: ", pair));
    map.Set(parts[0], parts[1]);
  }
  SortMembers(&map);
  return map;
}

bool CanExpose(const ApiResource& r) {
  return (r.group.empty() &&
          (r.kind == "ReplicationController" || r.kind == "Service" || r.kind == "Pod")) ||
         (r.group == "apps" && (r.kind == "Deployment" || r.kind == "ReplicaSet"));
}

absl::StatusOr<Value> SelectorFor(const Info& info) {
  const std::string& kind = info.resource.kind;
  const Value* found = nullptr;
  if (kind == "Pod") {
    found = info.object.At("metadata.labels");
    if (found == nullptr || found->empty())
      return Error(
          "couldn't retrieve selectors via --selector flag or introspection: the pod has no labels "
          "and cannot be exposed");
  } else if (kind == "Service" || kind == "ReplicationController") {
    found = info.object.At("spec.selector");
    if (kind == "Service" && (found == nullptr || found->empty())) {
      return Error(
          "couldn't retrieve selectors via --selector flag or introspection: the service has no "
          "pod selector set");
    }
  } else {
    if (!info.object.GetArray("spec.selector.matchExpressions").empty()) {
      return Error(
          absl::StrCat("couldn't retrieve selectors via --selector flag or introspection: couldn't "
                       "convert expressions - \"",
                       "\" to map-based selector format"));
    }
    found = info.object.At("spec.selector.matchLabels");
  }
  return found == nullptr ? Value::MakeObject() : *found;
}

std::vector<Port> PortsOf(const Info& info) {
  std::vector<Port> ports;
  if (info.resource.kind == "Service") {
    for (const Value& port : info.object.GetArray("spec.ports"))
      ports.push_back({absl::StrCat(port.GetInt("port")), port.GetString("protocol")});
    return ports;
  }
  const char* path =
      info.resource.kind == "Pod" ? "spec.containers" : "spec.template.spec.containers";
  for (const Value& container : info.object.GetArray(path)) {
    for (const Value& port : container.GetArray("ports"))
      ports.push_back(
          {absl::StrCat(port.GetInt("containerPort")), port.GetString("protocol", "TCP")});
  }
  return ports;
}

absl::StatusOr<Value> MakeService(const Options& o, const Info& info) {
  Value service = NewObject("v1", "Service", o.name.empty() ? info.name : o.name);
  Value labels, selector;
  if (!o.labels.empty()) {
    ASSIGN_OR_RETURN(labels, ParseMap(o.labels, "label"));
  } else if (const Value* own = info.object.At("metadata.labels"); own != nullptr) {
    labels = *own;
  }
  if (!labels.empty()) service["metadata"].Set("labels", labels);
  if (!o.selector.empty()) {
    ASSIGN_OR_RETURN(selector, ParseMap(o.selector, "selector"));
  } else {
    ASSIGN_OR_RETURN(selector, SelectorFor(info));
  }
  std::vector<Port> ports;
  const std::vector<Port> own_ports = PortsOf(info);
  if (!o.port.empty()) {
    for (const absl::string_view text : absl::StrSplit(o.port, ',')) {
      std::string protocol = "TCP";
      for (const Port& port : own_ports) {
        if (port.port == text) protocol = port.protocol;
      }
      ports.push_back({std::string(text), protocol});
    }
  } else {
    ports = own_ports;
  }
  if (ports.empty() && o.cluster_ip != "None")
    return Error("couldn't find port via --port flag or introspection");
  Value& spec = service["spec"];
  for (size_t i = 0; i < ports.size(); ++i) {
    Value entry;
    if (ports.size() > 1) entry.Set("name", absl::StrCat("port-", i + 1));
    int64_t number = 0;
    if (!absl::SimpleAtoi(ports[i].port, &number))
      return Error(absl::StrCat("strconv.Atoi: parsing \"", ports[i].port, "\": invalid syntax"));
    entry.Set("protocol", o.protocol.empty() ? ports[i].protocol : o.protocol);
    entry.Set("port", number);
    int64_t target = number;
    if (o.target_port.empty() || absl::SimpleAtoi(o.target_port, &target))
      entry.Set("targetPort", target);
    else
      entry.Set("targetPort", o.target_port);
    spec["ports"].Append(std::move(entry));
  }
  spec.Set("selector", selector);
  if (!o.cluster_ip.empty()) spec.Set("clusterIP", o.cluster_ip);
  if (!o.type.empty()) spec.Set("type", o.type);
  if (!o.external_ip.empty()) spec["externalIPs"].Append(o.external_ip);
  if (!o.session_affinity.empty()) spec.Set("sessionAffinity", o.session_affinity);
  if (!o.load_balancer_ip.empty()) spec.Set("loadBalancerIP", o.load_balancer_ip);
  service["status"].Set("loadBalancer", Value::MakeObject());
  return service;
}

absl::Status ExposeOne(Factory& factory, const Options& o, const Connection* connection, const Info& info) {
  if (!CanExpose(info.resource)) {
    return Error(absl::StrCat("cannot expose a ",
                              info.resource.group.empty()
                                  ? info.resource.kind
                                  : absl::StrCat(info.resource.kind, ".", info.resource.group)));
  }
  ASSIGN_OR_RETURN(Value service, MakeService(o, info));
  if (!o.overrides.empty()) {
    absl::StatusOr<Value> patch = ParseYaml(o.overrides);
    if (!patch.ok())
      return Error(absl::StrCat("invalid JSON in --overrides: ", patch.status().message()));
    apimachinery::patch::ApplyMergePatch(&service, *patch);
  }
  if (connection->ns_explicit) SetNamespace(&service, connection->ns);
  if (o.save_config) SetLastApplied(&service);
  if (o.write.dry_run != DryRun::kClient) {
    ASSIGN_OR_RETURN(RestClient * client, factory.Client());
    Request request;
    request.method = "POST";
    request.path =
        absl::StrCat("/api/v1/namespaces/", connection->ns, "/services", o.write.Query(false));
    request.body = WriteJson(service);
    ASSIGN_OR_RETURN(service, client->Json(request));
  }
  return PrintResult(factory, o.write.print, o.write.Operation("exposed"), service);
}

absl::Status Run(Factory& factory, Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (args.empty() && o.write.files.empty()) {
    return Error(
        "You must provide one or more resources by argument or filename.\nExample resource "
        "specifications include:\n   '-f "
        "rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
  }
  Selection selection;
  selection.args = args;
  selection.files = o.write.files;
  std::vector<Info> infos;  // what a file holds is exposed as it stands there
  if (selection.files.empty()) {
    ASSIGN_OR_RETURN(infos, FetchObjects(factory, selection));
  } else {
    ASSIGN_OR_RETURN(infos, ReadFiles(factory, selection.files));
  }
  ASSIGN_OR_RETURN(const Connection* connection, factory.Resolved());
  std::vector<absl::Status> errors;
  for (const Info& info : infos) {
    if (const absl::Status status = ExposeOne(factory, o, connection, info); !status.ok()) errors.push_back(status);
  }
  return Aggregate(errors);
}

}  // namespace

CommandPtr MakeExpose(Factory& factory) {
  auto command = NewCommand("expose",
                            "Take a replication controller, service, deployment or pod and expose "
                            "it as a new Kubernetes service",
                            "(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] "
                            "[--target-port=number-or-name] [--name=name] "
                            "[--external-ip=external-ip-of-service] [--type=type]",
                            "  # A service for a deployment's pods\n  kubectl expose deployment "
                            "web --port=80 --target-port=8080");
  command->about =
      "Expose a resource as a new Kubernetes service.\n\n The service selects the pods that the "
      "deployment, replica set, replication "
      "controller, service or pod stands for. Without --port its ports are those of the "
      "containers.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  o->write.print.json_order = KeyOrder::kAsIs;
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the object to expose.");
  o->write.AddDryRun(&f);
  o->write.AddFieldManager(&f, "kubectl-expose");
  f.String(&o->cluster_ip, "cluster-ip", "", "The service's own address; None makes it headless.");
  f.String(&o->external_ip, "external-ip", "", "A further address the service answers on.");
  f.String(&o->labels, "labels", "l", "Labels of the service.");
  f.String(&o->load_balancer_ip, "load-balancer-ip", "", "Address to ask a load balancer for.");
  f.String(&o->name, "name", "", "Name of the service; by default the object's.");
  f.String(&o->overrides, "overrides", "", "JSON that changes the generated object.");
  f.String(&o->override_type, "override-type", "", "How to apply it.");
  f.String(&o->port, "port", "", "The service's port.");
  f.String(&o->protocol, "protocol", "", "TCP, UDP or SCTP.");
  f.String(&o->selector, "selector", "", "Select these pods instead.");
  f.String(&o->session_affinity, "session-affinity", "", "None or ClientIP.");
  f.String(&o->target_port, "target-port", "", "The containers' port, by number or name.");
  f.String(&o->type, "type", "", "ClusterIP, NodePort, LoadBalancer or ExternalName.");
  f.Bool(&o->save_config, "save-config", "",
         "Keep the configuration in the object's annotation, as kubectl apply does.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Run(factory, *o, parsed.args);
  };
  return command;
}

}  // namespace kubectl
