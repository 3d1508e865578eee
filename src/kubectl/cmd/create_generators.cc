#include "kubectl/cmd/create_generators.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/names.h"
#include "apimachinery/quantity.h"
#include "base/status_macros.h"
#include "kubectl/cmd/common.h"

namespace kubectl {

struct GeneratorOptions {
  WriteOptions write;
  bool save_config = false;
};

Value NewObject(absl::string_view api_version, absl::string_view kind, absl::string_view name) {
  Value object;
  object.Set("kind", kind);
  object.Set("apiVersion", api_version);
  object["metadata"].Set("name", name);
  return object;
}

void SetNamespace(Value* object, const std::string& ns) {
  apimachinery::Object& members = object->Ensure("metadata").object();
  object->Ensure("metadata").Erase("namespace");
  members.insert(members.begin() + std::min<size_t>(1, members.size()),
                 apimachinery::Member{"namespace", Value(ns)});
}

Value StringArray(const std::vector<std::string>& strings) {
  Value array = Value::MakeArray();
  for (const std::string& s : strings) array.Append(s);
  return array;
}

std::string ImageBaseName(const std::string& image) {
  std::string name = image.substr(image.rfind('/') == std::string::npos ? 0 : image.rfind('/') + 1);
  name = name.substr(0, name.find('@'));
  name = name.substr(0, name.find(':'));
  for (char& c : name) c = c == '_' || c == '.' ? '-' : static_cast<char>(tolower(c));
  return name;
}

absl::StatusOr<Value> ParseTcpPort(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  int64_t port = 0, target = 0;
  if (!absl::SimpleAtoi(parts[0], &port) || port < 0 || port > 65535) {
    return Error(absl::StrCat("strconv.ParseUint: parsing \"", parts[0], "\": invalid syntax"));
  }
  Value result;
  std::string name = parts[0];
  Value target_value = port;
  if (parts.size() == 2) {
    name = absl::StrCat(parts[0], "-", parts[1]);
    if (absl::SimpleAtoi(parts[1], &target))
      target_value = target;
    else
      target_value = parts[1];
  }
  result.Set("name", name);
  result.Set("protocol", "TCP");
  result.Set("port", port);
  result.Set("targetPort", target_value);
  return result;
}

absl::StatusOr<std::pair<std::string, std::string>> ParseLiteral(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return Error(absl::StrCat("invalid literal source ", text, ", expected key=value"));
  }
  if (equals == 0)
    return Error(absl::StrCat("invalid literal source ", text, ", expected key=value"));
  return std::make_pair(text.substr(0, equals), text.substr(equals + 1));
}

Command& AddGenerator(Factory& factory, Command* parent, absl::string_view kind,
                      std::vector<std::string> aliases, absl::string_view summary,
                      absl::string_view usage, absl::string_view noun, Generator make) {
  Command& command = parent->Add(NewCommand(kind, summary, usage));
  command.aliases = std::move(aliases);
  auto o = std::make_shared<GeneratorOptions>();
  AddPrintFlags(&command.flags, &o->write.print);
  o->write.print.json_order = KeyOrder::kAsIs;
  o->write.AddDryRun(&command.flags);
  o->write.AddValidate(&command.flags);
  o->write.AddFieldManager(&command.flags, "kubectl-create");
  command.flags.Bool(&o->save_config, "save-config", "",
                     "Keep the configuration in the object's annotation, as kubectl apply does.");
  command.run = [&factory, &command, o, make = std::move(make),
                 noun = std::string(noun)](const FlagSet::Parsed& parsed) -> absl::Status {
    const size_t names = parsed.dash_at >= 0 ? parsed.dash_at : parsed.args.size();
    if (names != 1) {
      return UsageError(command.Path(), absl::StrCat("exactly one NAME is required, got ", names));
    }
    RETURN_IF_ERROR(o->write.Complete(factory));
    ASSIGN_OR_RETURN(Value object, make(parsed.args[0], parsed));
    ASSIGN_OR_RETURN(const Connection* connection, factory.Resolved());
    ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
    ASSIGN_OR_RETURN(const ApiResource resource,
                     discovery->ForKind(object.GetString("apiVersion"), object.GetString("kind")));
    if (resource.namespaced && connection->ns_explicit) SetNamespace(&object, connection->ns);
    if (o->save_config) {  // as it is made, not sorted as files are
      const std::string text = WriteJson(object) + "\n";
      object["metadata"]["annotations"].Set(kLastApplied, text);
    }
    if (o->write.dry_run != DryRun::kClient) {
      ASSIGN_OR_RETURN(RestClient * client, factory.Client());
      Request request;
      request.method = "POST";
      request.path = resource.Path(connection->ns) + o->write.Query();
      request.body = WriteJson(object);
      absl::StatusOr<Value> created = client->Json(request);
      if (!created.ok()) {
        if (!IsApiError(created.status()) || noun == "namespace") return created.status();
        // Wrapped, it is no refusal of the server any more to whoever prints it.
        return Error(absl::StrCat("failed to create ", noun, ": ", created.status().message()));
      }
      object = *std::move(created);
    }
    return PrintResult(factory, o->write.print, o->write.Operation("created"), object);
  };
  return command;
}

namespace {

Value Labels(const std::string& key, const std::string& value) {
  Value labels;
  labels.Set(key, value);
  return labels;
}

struct DeploymentOptions {
  std::vector<std::string> images;
  int64_t port = -1, replicas = 1;
};

absl::StatusOr<Value> MakeDeployment(const DeploymentOptions& o, const std::string& name,
                                     const FlagSet::Parsed& parsed) {
  const std::vector<std::string> command(parsed.args.begin() + 1, parsed.args.end());
  if (o.images.size() > 1 && !command.empty())
    return Error("cannot specify multiple --image options and command");
  Value object = NewObject("apps/v1", "Deployment", name);
  object["metadata"].Set("labels", Labels("app", name));
  Value& spec = object["spec"];
  spec.Set("replicas", o.replicas);
  spec["selector"].Set("matchLabels", Labels("app", name));
  spec["template"]["metadata"].Set("labels", Labels("app", name));
  Value containers = Value::MakeArray();
  for (const std::string& image : o.images) {
    Value container;
    container.Set("name", ImageBaseName(image));
    container.Set("image", image);
    if (!command.empty()) container.Set("command", StringArray(command));
    if (o.port >= 0) {
      Value port;
      port.Set("containerPort", o.port);
      container["ports"].Append(std::move(port));
    }
    container.Set("resources", Value::MakeObject());
    containers.Append(std::move(container));
  }
  spec["template"]["spec"].Set("containers", std::move(containers));
  spec.Set("strategy", Value::MakeObject());
  object.Set("status", Value::MakeObject());
  return object;
}

Value PodTemplate(const std::string& name, const std::string& image,
                  const std::vector<std::string>& command, const std::string& restart) {
  Value container;
  container.Set("name", name);
  container.Set("image", image);
  if (!command.empty()) container.Set("command", StringArray(command));
  container.Set("resources", Value::MakeObject());
  Value result;
  result.Set("metadata", Value::MakeObject());
  result["spec"]["containers"].Append(std::move(container));
  result["spec"].Set("restartPolicy", restart);
  return result;
}

struct ServiceOptions {
  std::vector<std::string> tcp;
  std::string cluster_ip, external_name;
  int64_t node_port = 0;
};

absl::StatusOr<Value> MakeService(const ServiceOptions& o, const std::string& type,
                                  const std::string& name) {
  if (o.tcp.empty() && o.cluster_ip != "None" && type != "ExternalName")
    return Error("at least one tcp port specifier must be provided");
  Value object = NewObject("v1", "Service", name);
  object["metadata"].Set("labels", Labels("app", name));
  Value& spec = object["spec"];
  for (const std::string& text : o.tcp) {
    ASSIGN_OR_RETURN(Value port, ParseTcpPort(text));
    if (o.node_port > 0) port.Set("nodePort", o.node_port);
    spec["ports"].Append(std::move(port));
  }
  spec.Set("selector", Labels("app", name));
  if (!o.cluster_ip.empty()) spec.Set("clusterIP", o.cluster_ip);
  spec.Set("type", type);
  if (!o.external_name.empty()) spec.Set("externalName", o.external_name);
  object["status"].Set("loadBalancer", Value::MakeObject());
  return object;
}

void AddServices(Factory& factory, Command* create) {
  Command& service = create->Add(
      NewCommand("service", "Create a service using a specified subcommand", "[flags]"));
  service.aliases = {"svc"};
  struct Kind {
    const char* name;
    const char* type;
    const char* usage;
  };
  const Kind kinds[] = {
      {"clusterip", "ClusterIP", "NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none]"},
      {"nodeport", "NodePort", "NAME [--tcp=port:targetPort] [--dry-run=server|client|none]"},
      {"loadbalancer", "LoadBalancer",
       "NAME [--tcp=port:targetPort] [--dry-run=server|client|none]"},
      {"externalname", "ExternalName",
       "NAME --external-name external.name [--dry-run=server|client|none]"}};
  for (const Kind& kind : kinds) {
    auto o = std::make_shared<ServiceOptions>();
    const std::string type = kind.type;
    Command& command = AddGenerator(
        factory, &service, kind.name, {}, absl::StrCat("Create a ", type, " service"), kind.usage,
        absl::StrCat(type, " service"), [o, type](const std::string& name, const FlagSet::Parsed&) {
          return MakeService(*o, type, name);
        });
    command.flags.List(&o->tcp, "tcp", "", "Ports as port or port:targetPort.");
    if (type == "ClusterIP")
      command.flags.String(&o->cluster_ip, "clusterip", "",
                           "The service's own address; None makes it headless.");
    if (type == "NodePort")
      command.flags.Int(&o->node_port, "node-port", "", "The port on every node.");
    if (type == "ExternalName")
      command.flags.String(&o->external_name, "external-name", "", "The name it stands for.")
          .required = true;
  }
}

void AddWorkloads(Factory& factory, Command* create) {
  auto d = std::make_shared<DeploymentOptions>();
  Command& deployment = AddGenerator(factory, create, "deployment", {"deploy"},
                                     "Create a deployment with the specified name",
                                     "NAME --image=image -- [COMMAND] [args...]", "deployment",
                                     [d](const std::string& name, const FlagSet::Parsed& parsed) {
                                       return MakeDeployment(*d, name, parsed);
                                     });
  deployment.flags.List(&d->images, "image", "", "Image of a container; may be repeated.")
      .required = true;
  deployment.flags.Int(&d->port, "port", "", "Port the containers listen on.");
  deployment.flags.Int(&d->replicas, "replicas", "r", "How many pods.");

  struct JobOptions {
    std::string image, from, schedule, restart;
  };
  auto j = std::make_shared<JobOptions>();
  Command& job = AddGenerator(
      factory, create, "job", {}, "Create a job with the specified name",
      "NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]", "job",
      [j, &factory](const std::string& name,
                    const FlagSet::Parsed& parsed) -> absl::StatusOr<Value> {
        const std::vector<std::string> words(parsed.args.begin() + 1, parsed.args.end());
        if (j->image.empty() == j->from.empty())
          return Error("either --image or --from must be specified");
        Value object = NewObject("batch/v1", "Job", name);
        if (!j->from.empty()) {
          if (!words.empty()) return Error("cannot specify --from and command");
          Selection selection;
          selection.args = {j->from};
          ASSIGN_OR_RETURN(const std::vector<Info> infos, FetchObjects(factory, selection));
          if (infos.size() != 1 || infos[0].resource.kind != "CronJob")
            return Error("from must be an existing cronjob");
          const Value& cron = infos[0].object;
          object["metadata"]["annotations"].Set("cronjob.kubernetes.io/instantiate", "manual");
          if (const Value* labels = cron.At("spec.jobTemplate.metadata.labels"))
            object["metadata"].Set("labels", *labels);
          Value owner;
          owner.Set("apiVersion", "batch/v1");
          owner.Set("kind", "CronJob");
          owner.Set("name", infos[0].name);
          owner.Set("uid", cron.GetString("metadata.uid"));
          owner.Set("controller", true);
          object["metadata"]["ownerReferences"].Append(std::move(owner));
          if (const Value* spec = cron.At("spec.jobTemplate.spec")) object.Set("spec", *spec);
        } else {
          object["spec"].Set("template", PodTemplate(name, j->image, words, "Never"));
        }
        object.Set("status", Value::MakeObject());
        return object;
      });
  job.flags.String(&j->image, "image", "", "Image to run.");
  job.flags.String(&j->from, "from", "", "The cronjob to take the job from: cronjob/NAME.");

  auto c = std::make_shared<JobOptions>();
  c->restart = "";
  Command& cron = AddGenerator(
      factory, create, "cronjob", {"cj"}, "Create a cron job with the specified name",
      "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags]", "cronjob",
      [c](const std::string& name, const FlagSet::Parsed& parsed) -> absl::StatusOr<Value> {
        Value object = NewObject("batch/v1", "CronJob", name);
        object["spec"].Set("schedule", c->schedule);
        object["spec"]["jobTemplate"]["metadata"].Set("name", name);
        object["spec"]["jobTemplate"]["spec"].Set(
            "template", PodTemplate(name, c->image, {parsed.args.begin() + 1, parsed.args.end()},
                                    c->restart.empty() ? "OnFailure" : c->restart));
        object.Set("status", Value::MakeObject());
        return object;
      });
  cron.flags.String(&c->image, "image", "", "Image to run.").required = true;
  cron.flags.String(&c->schedule, "schedule", "", "When to run, as in crontab.").required = true;
  cron.flags.String(&c->restart, "restart", "", "Restart policy of the pods: OnFailure, Never.");
}

void AddSmallKinds(Factory& factory, Command* create) {
  AddGenerator(factory, create, "namespace", {"ns"}, "Create a namespace with the specified name",
               "NAME [--dry-run=server|client|none]", "namespace",
               [](const std::string& name, const FlagSet::Parsed&) -> absl::StatusOr<Value> {
                 Value object = NewObject("v1", "Namespace", name);
                 object.Set("spec", Value::MakeObject());
                 object.Set("status", Value::MakeObject());
                 return object;
               });
  AddGenerator(factory, create, "serviceaccount", {"sa"},
               "Create a service account with the specified name",
               "NAME [--dry-run=server|client|none]", "serviceaccount",
               [](const std::string& name, const FlagSet::Parsed&) -> absl::StatusOr<Value> {
                 return NewObject("v1", "ServiceAccount", name);
               });
  struct QuotaOptions {
    std::string hard, scopes;
  };
  auto q = std::make_shared<QuotaOptions>();
  Command& quota = AddGenerator(
      factory, create, "quota", {"resourcequota"}, "Create a quota with the specified name",
      "NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] "
      "[--dry-run=server|client|none]",
      "quota", [q](const std::string& name, const FlagSet::Parsed&) -> absl::StatusOr<Value> {
        Value object = NewObject("v1", "ResourceQuota", name);
        Value spec = Value::MakeObject();
        for (const absl::string_view pair : absl::StrSplit(q->hard, ',', absl::SkipEmpty())) {
          const std::vector<std::string> parts = absl::StrSplit(pair, '=');
          if (parts.size() != 2)
            return Error(
                absl::StrCat("Invalid argument syntax ", pair, ", expected <resource>=<value>"));
          ASSIGN_OR_RETURN(const std::string canonical, apimachinery::CanonicalQuantity(parts[1]));
          spec["hard"].Set(parts[0], canonical);
        }
        for (const absl::string_view scope : absl::StrSplit(q->scopes, ',', absl::SkipEmpty()))
          spec["scopes"].Append(scope);
        object.Set("spec", std::move(spec));
        object.Set("status", Value::MakeObject());
        return object;
      });
  quota.flags.String(&q->hard, "hard", "", "Limits, such as cpu=1,memory=1G,pods=2.");
  quota.flags.String(&q->scopes, "scopes", "", "What the quota applies to, by comma.");

  struct PriorityOptions {
    int64_t value = 0;
    bool global_default = false;
    std::string description, preemption = "PreemptLowerPriority";
  };
  auto p = std::make_shared<PriorityOptions>();
  Command& priority = AddGenerator(
      factory, create, "priorityclass", {"pc"}, "Create a priority class with the specified name",
      "NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none]", "priorityclass",
      [p](const std::string& name, const FlagSet::Parsed&) -> absl::StatusOr<Value> {
        Value object = NewObject("scheduling.k8s.io/v1", "PriorityClass", name);
        object.Set("value", p->value);
        if (p->global_default) object.Set("globalDefault", true);
        if (!p->description.empty()) object.Set("description", p->description);
        object.Set("preemptionPolicy", p->preemption);
        return object;
      });
  priority.flags.Int(&p->value, "value", "", "The priority.");
  priority.flags.Bool(&p->global_default, "global-default", "",
                      "Use it for pods that name no class.");
  priority.flags.String(&p->description, "description", "", "When to use the class.");
  priority.flags.String(&p->preemption, "preemption-policy", "", "PreemptLowerPriority or Never.");
}

}  // namespace

void AddGenerators(Factory& factory, Command* create) {
  AddWorkloads(factory, create);
  AddServices(factory, create);
  AddSmallKinds(factory, create);
  AddConfigGenerators(factory, create);
  AddPolicyGenerators(factory, create);
  AddRbacGenerators(factory, create);
}

}  // namespace kubectl
