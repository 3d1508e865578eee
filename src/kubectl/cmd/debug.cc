// kubectl debug: an ephemeral container in a pod, a changed copy of a pod, or a pod on a node's namespaces.
#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "kubectl/cmd/attach.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/debug_profile.h"

namespace kubectl {
namespace {

struct Options {
  std::string container, copy_to, image, pull_policy, profile = "legacy", target;
  std::vector<std::string> env, set_images;
  KeepFlags keep;
  bool args_only = false, attach = false, interactive = false, quiet = false, replace = false,
       same_node = false, share_processes = true, tty = false, share_changed = false,
       attach_changed = false;
};

class Debug {
 public:
  Debug(Factory& factory, Options options) : factory_(factory), o_(std::move(options)) {}

  absl::Status Run(const FlagSet::Parsed& parsed) {
    const size_t names = parsed.dash_at >= 0 ? parsed.dash_at : parsed.args.size();
    command_.assign(parsed.args.begin() + names, parsed.args.end());
    RETURN_IF_ERROR(Check(names));
    if (o_.profile == "legacy") {
      factory_.io.Err(
          "--profile=legacy is deprecated and will be removed in the future. It is recommended to "
          "explicitly specify a profile, for example \"--profile=general\".\n");
    }
    Selection selection;
    selection.args.assign(parsed.args.begin(), parsed.args.begin() + names);
    if (std::none_of(selection.args.begin(), selection.args.end(),
                     [](const std::string& arg) { return absl::StrContains(arg, '/'); }))
      selection.args.insert(selection.args.begin(), "pods");
    ASSIGN_OR_RETURN(client_, factory_.Client());
    ASSIGN_OR_RETURN(const std::vector<Info> infos, FetchObjects(factory_, selection));
    for (const Info& info : infos) {
      if (info.resource.kind == "Node") {
        RETURN_IF_ERROR(OnNode(info));
      } else if (info.resource.kind == "Pod") {
        RETURN_IF_ERROR(o_.copy_to.empty() ? Inside(info) : Copy(info));
      } else {
        return Error(absl::StrCat("\"", info.resource.group, "/", info.resource.version, ", Kind=", info.resource.kind,
                                  "\" not supported by debug"));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Check(size_t names) {
    if (o_.image.empty() && o_.copy_to.empty())
      return Error("you must specify --image when not using --copy-to.");
    if (names == 0) return Error("NAME is required for debug");
    if (!o_.target.empty() && !o_.copy_to.empty())
      return Error("--target is incompatible with --copy-to. Use --share-processes instead.");
    if (o_.tty && !o_.interactive) return Error("-i/--stdin is required for containers with -t/--tty=true");
    if (!o_.set_images.empty() && o_.copy_to.empty())
      return Error("--set-image may only be used with --copy-to.");
    return CheckProfile(o_.profile);
  }

  // The debug container without its name.
  Value Container(const std::string& name) const {
    Value container;
    container.Set("name", name);
    container.Set("image", o_.image);
    if (!command_.empty()) container.Set(o_.args_only ? "args" : "command", Words());
    for (const std::string& pair : o_.env) {
      Value entry;
      const size_t equals = pair.find('=');
      entry.Set("name", pair.substr(0, equals));
      if (equals != std::string::npos) entry.Set("value", pair.substr(equals + 1));
      container["env"].Append(std::move(entry));
    }
    if (!o_.pull_policy.empty()) container.Set("imagePullPolicy", o_.pull_policy);
    if (o_.interactive) container.Set("stdin", true);
    if (o_.tty) container.Set("tty", true);
    container.Set("terminationMessagePolicy", "File");
    return container;
  }

  Value Words() const {
    Value list = Value::MakeArray();
    for (const std::string& word : command_) list.Append(word);
    return list;
  }

  std::string NameFor(absl::string_view noun) {
    if (!o_.container.empty()) return o_.container;
    const std::string name = absl::StrCat("debugger-", base::NameSuffix());
    if (!o_.quiet) factory_.io.Out(absl::StrCat("Defaulting ", noun, " name to ", name, ".\n"));
    return name;
  }

  absl::Status Inside(const Info& pod) {
    if (!o_.quiet && !o_.target.empty()) {
      factory_.io.Out(absl::StrCat(
          "Targeting container \"", o_.target,
          "\". If you don't see processes from this container it may be because the container "
          "runtime doesn't support this feature.\n"));
    }
    const std::string name = NameFor("debug container");
    Value container = Container(name), none;
    if (!o_.target.empty()) container.Set("targetContainerName", o_.target);
    ApplyProfile(o_.profile, DebugStyle::kEphemeral, o_.keep, &none, &container);
    Value patch;  // the new one comes last
    Value& order = patch["spec"]["$setElementOrder/ephemeralContainers"];
    const auto add = [&order](const std::string& of) {
      Value element;
      element.Set("name", of);
      order.Append(std::move(element));
    };
    for (const Value& present : pod.object.GetArray("spec.ephemeralContainers")) add(present.GetString("name"));
    add(name);
    patch["spec"]["ephemeralContainers"].Append(std::move(container));
    RETURN_IF_ERROR(PatchObject(*client_, pod.Path("ephemeralcontainers"), "strategic", WriteJson(patch)).status());
    return AttachTo(pod.ns, pod.name, name);
  }

  absl::Status Copy(const Info& pod) {
    Value copy;
    copy.Set("kind", "Pod");
    copy.Set("apiVersion", "v1");
    copy["metadata"].Set("name", o_.copy_to);
    copy["metadata"].Set("namespace", pod.ns);
    for (const char* field : {"annotations", "labels"}) {
      if (const Value* map = pod.object.At(absl::StrCat("metadata.", field)))
        copy["metadata"].Set(field, *map);
    }
    copy.Set("spec", *pod.object.Find("spec"));
    Value& spec = copy["spec"];
    spec.Erase("ephemeralContainers");
    if (o_.share_changed) spec.Set("shareProcessNamespace", o_.share_processes);
    if (!o_.same_node) spec.Erase("nodeName");
    std::map<std::string, std::string> images;
    for (const std::string& pair : o_.set_images) {
      const size_t equals = pair.find('=');
      if (equals == std::string::npos) return Error(absl::StrCat("invalid set-image: ", pair));
      images[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    for (Value& container : spec["containers"].array()) {
      auto image = images.find(container.GetString("name"));
      if (image == images.end()) image = images.find("*");
      if (image != images.end()) container.Set("image", image->second);
    }
    const auto find = [&](const std::string& name) -> Value* {
      for (Value& container : spec["containers"].array()) {
        if (container.GetString("name") == name) return &container;
      }
      return nullptr;
    };
    std::string name = o_.container;
    Value* container = name.empty() ? nullptr : find(name);
    if (container != nullptr) {
      if (!command_.empty()) {
        container->Set(o_.args_only ? "args" : "command", Words());
        if (!o_.args_only) container->Erase("args");
      }
      if (!o_.image.empty()) container->Set("image", o_.image);
      if (!o_.pull_policy.empty()) container->Set("imagePullPolicy", o_.pull_policy);
      container->Set("stdin", o_.interactive);
      container->Set("tty", o_.tty);
    } else if (!o_.image.empty()) {
      name = NameFor("debug container");
      spec["containers"].Append(Container(name));
      container = &spec["containers"].array().back();
    } else if (images.empty()) {
      return Error("you must specify image when creating new container");
    }
    if (container != nullptr || o_.profile != "legacy")
      ApplyProfile(o_.profile, DebugStyle::kCopy, o_.keep, &copy, container);
    const std::string pods = pod.resource.Path(pod.ns);
    if (o_.replace) {
      Request request;
      request.method = "DELETE";
      request.path = pod.Path() + "?gracePeriodSeconds=0";
      RETURN_IF_ERROR(client_->Json(request).status());
    }
    RETURN_IF_ERROR(Create(pods, copy));
    return name.empty() ? absl::OkStatus() : AttachTo(pod.ns, o_.copy_to, name);
  }

  absl::Status OnNode(const Info& node) {
    ASSIGN_OR_RETURN(const std::string ns, factory_.Namespace());
    const std::string name = o_.container.empty() ? "debugger" : o_.container;
    std::string pod_name = absl::StrCat("node-debugger-", node.name, "-", base::NameSuffix());
    Value pod;
    pod.Set("kind", "Pod");
    pod.Set("apiVersion", "v1");
    pod["metadata"].Set("name", pod_name);
    pod["metadata"]["labels"].Set("app.kubernetes.io/managed-by", "kubectl-debug");
    Value& spec = pod["spec"];
    spec["containers"].Append(Container(name));
    spec.Set("nodeName", node.name);
    spec.Set("restartPolicy", "Never");
    Value toleration;
    toleration.Set("operator", "Exists");
    spec["tolerations"].Append(std::move(toleration));
    Value container = spec["containers"].array()[0];
    ApplyProfile(o_.profile, DebugStyle::kNode, o_.keep, &pod, &container);
    pod["spec"]["containers"].array()[0] = std::move(container);
    if (!o_.quiet) {
      factory_.io.Out(absl::StrCat("Creating debugging pod ", pod_name, " with container ", name,
                                   " on node ", node.name, ".\n"));
    }
    RETURN_IF_ERROR(Create(absl::StrCat("/api/v1/namespaces/", ns, "/pods"), pod));
    return AttachTo(ns, pod_name, name);
  }

  absl::Status Create(const std::string& path, const Value& pod) {
    Request request;
    request.method = "POST";
    request.path = path;
    request.body = WriteJson(pod);
    return client_->Json(request).status();
  }

  absl::Status AttachTo(const std::string& ns, const std::string& pod, const std::string& container) {
    if (!(o_.attach_changed ? o_.attach : o_.interactive)) return absl::OkStatus();
    AttachOptions attach;
    attach.container = container;
    attach.stdin = o_.interactive;
    attach.tty = o_.tty;
    attach.quiet = o_.quiet;
    return AttachToPod(factory_, ns, pod, attach);
  }

  Factory& factory_;
  Options o_;
  RestClient* client_ = nullptr;
  std::vector<std::string> command_;
};

}  // namespace

CommandPtr MakeDebug(Factory& factory) {
  auto command = NewCommand("debug", "Create debugging sessions for troubleshooting workloads and nodes",
                            "(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]",
                            "  # A shell beside the containers of a pod\n  kubectl debug web-0 -it "
                            "--image=busybox:1");
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  f.Bool(&o->args_only, "arguments-only", "", "What follows -- is arguments, not the command.");
  f.Bool(&o->attach, "attach", "", "Wait for the container and attach to it; as -i without.");
  f.String(&o->container, "container", "c", "Name of the debug container.");
  f.String(&o->copy_to, "copy-to", "", "Debug a copy of the pod with this name.");
  f.Array(&o->env, "env", "", "Variables of the container, KEY=VALUE.");
  f.String(&o->image, "image", "", "Image of the debug container.");
  f.String(&o->pull_policy, "image-pull-policy", "", "Always, IfNotPresent or Never.");
  f.Bool(&o->keep.annotations, "keep-annotations", "", "The copy keeps annotations.");
  f.Bool(&o->keep.init_containers, "keep-init-containers", "", "The copy runs init containers.");
  f.Bool(&o->keep.labels, "keep-labels", "", "The copy keeps labels.");
  f.Bool(&o->keep.liveness, "keep-liveness", "", "The copy keeps liveness probes.");
  f.Bool(&o->keep.readiness, "keep-readiness", "", "The copy keeps readiness probes.");
  f.Bool(&o->keep.startup, "keep-startup", "", "The copy keeps startup probes.");
  f.String(&o->profile, "profile", "",
           "Rights of the container: legacy, general, baseline, netadmin, restricted, sysadmin.");
  f.Bool(&o->quiet, "quiet", "q", "Say nothing about what is made.");
  f.Bool(&o->replace, "replace", "", "With --copy-to: delete the original.");
  f.Bool(&o->same_node, "same-node", "", "With --copy-to: on the original's node.");
  f.List(&o->set_images, "set-image", "", "With --copy-to: NAME=IMAGE pairs, * for all.");
  f.Bool(&o->share_processes, "share-processes", "", "With --copy-to: one process namespace.");
  f.Bool(&o->interactive, "stdin", "i", "Keep standard input open.");
  f.String(&o->target, "target", "", "Container whose processes to see.");
  f.Bool(&o->tty, "tty", "t", "A terminal.");
  Command* self = command.get();
  command->run = [&factory, o, self](const FlagSet::Parsed& parsed) {
    o->share_changed = self->flags.Changed("share-processes");
    o->attach_changed = self->flags.Changed("attach");
    return Debug(factory, *o).Run(parsed);
  };
  return command;
}

}  // namespace kubectl
