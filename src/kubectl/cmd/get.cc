// kubectl get: lists, tables, watches.
#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/labels.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/printers/sorter.h"
#include "kubectl/printers/table.h"

namespace kubectl {
namespace {

constexpr char kTableAccept[] =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/"
    "json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

struct Options {
  PrintOptions print;
  FileOptions files;
  std::string raw, selector, field_selector, sort_by, subresource;
  std::vector<std::string> label_columns;
  bool all_namespaces = false, ignore_not_found = false, no_headers = false, watch_events = false;
  bool server_print = true, show_kind = false, show_labels = false, watch = false,
       watch_only = false;
  int64_t chunk_size = 500;
};

// One page, list or object as the server sent it, and what it is of.
struct Fetched {
  Info info;
  Value answer;
};

class Get {
 public:
  Get(Factory& factory, Options options) : factory_(factory), options_(std::move(options)) {
    const std::string& o = options_.print.output;
    human_ = (o.empty() || o == "wide") && options_.print.template_text.empty();
    options_.print.no_headers = options_.no_headers;
  }

  absl::Status Run(const std::vector<std::string>& args) {
    if (!options_.raw.empty()) return Raw(args);
    if (args.empty() && options_.files.empty()) {
      factory_.io.Err(
          "You must specify the type of resource to get. Use \"kubectl api-resources\" for a "
          "complete list of supported resources.\n\n");
      return UsageError("kubectl get",
                        "Required resource not specified.\nUse \"kubectl explain <resource>\" for "
                        "a detailed description of "
                        "that resource (e.g. kubectl explain pods).");
    }
    if (options_.watch_events && !options_.watch && !options_.watch_only) {
      return UsageError(
          "kubectl get",
          "--output-watch-events option can only be used with --watch or --watch-only");
    }
    if (options_.show_labels && !human_) {
      return Error("--show-labels option cannot be used with " + options_.print.output +
                   " printer");
    }
    RETURN_IF_ERROR(Resolve(args));
    if (options_.watch || options_.watch_only) return Watch();
    std::vector<absl::Status> errors;
    std::vector<Fetched> fetched;
    const std::string query = Query();
    ASSIGN_OR_RETURN(RestClient * client, factory_.Client());
    for (const Info& info : wanted_) {
      absl::Status status;
      if (!info.name.empty()) {
        Request request;
        request.path =
            info.Path(options_.subresource) + (IncludeObject() ? "?includeObject=Object" : "");
        request.accept = Accept();
        absl::StatusOr<Value> answer = client->Json(request);
        status = answer.status();
        if (answer.ok()) fetched.push_back({info, *std::move(answer)});
      } else {
        status = ListPages(*client, info.Path(options_.subresource), query, Accept(), ChunkSize(),
                           [&](Value page) {
                             fetched.push_back({info, std::move(page)});
                             return absl::OkStatus();
                           });
        status = ListError(status, info.resource, SelectionOf());
      }
      if (status.ok() || (options_.ignore_not_found && ApiNotFound(status))) continue;
      errors.push_back(status);
    }
    if (!human_) return PrintObjects(std::move(fetched), errors);
    return PrintTables(fetched, errors);
  }

 private:
  absl::Status Raw(const std::vector<std::string>& args) {
    if (!args.empty()) return Error("arguments may not be passed when --raw is specified");
    if (!absl::StartsWith(options_.raw, "/"))
      return Error(absl::StrCat("--raw must be a valid URL path: parse \"", options_.raw, "\": invalid URI for request"));
    if (!options_.print.output.empty()) return Error("--raw and --output are mutually exclusive");
    ASSIGN_OR_RETURN(RestClient * client, factory_.Client());
    Request request;
    request.path = options_.raw;
    request.accept = "*/*";
    return client->Stream(request, [&](absl::string_view chunk) {
      factory_.io.Out(chunk);
      factory_.io.out->Flush();
      return true;
    });
  }

  absl::Status Resolve(const std::vector<std::string>& args) {
    if (!options_.files.empty()) {
      if (!args.empty()) {
        return Error(
            "when paths, URLs, or stdin is provided as input, you may not specify resource "
            "arguments as well");
      }
      absl::StatusOr<std::vector<Info>> read = ReadFiles(factory_, options_.files);
      if (!read.ok() && (!options_.files.kustomize.empty() || absl::StartsWith(read.status().message(), "error parsing")))
        return absl::StrContains(read.status().message(), "only one of") ? read.status() : Rendered(read.status().message());
      ASSIGN_OR_RETURN(wanted_, std::move(read));
      ASSIGN_OR_RETURN(const auto selector, apimachinery::LabelSelector::Parse(options_.selector));
      std::erase_if(wanted_, [&](const Info& info) { return !selector.Matches(info.object.At("metadata.labels")); });
      single_ = wanted_.size() == 1;
      return absl::OkStatus();
    }
    Selection selection;
    selection.args = args;
    selection.selector = options_.selector;
    selection.field_selector = options_.field_selector;
    selection.all_namespaces = options_.all_namespaces;
    selection.all = true;
    selection.single_type = options_.watch || options_.watch_only;
    ASSIGN_OR_RETURN(wanted_, ResolveArgs(factory_, selection, &single_));
    return absl::OkStatus();
  }

  bool IncludeObject() const {
    return human_ && options_.server_print && !options_.sort_by.empty();
  }
  std::string Accept() const {
    return human_ && options_.server_print ? kTableAccept : "application/json";
  }
  // Sorting needs everything at once.
  int64_t ChunkSize() const { return options_.sort_by.empty() ? options_.chunk_size : 0; }

  Selection SelectionOf() const {
    Selection selection;
    selection.selector = options_.selector;
    selection.field_selector = options_.field_selector;
    return selection;
  }

  std::string Query() const {
    std::string query = SelectorQuery(SelectionOf());
    if (IncludeObject())
      query = absl::StrCat("includeObject=Object", query.empty() ? "" : "&", query);
    return query;
  }

  absl::Status PrintObjects(std::vector<Fetched> fetched, std::vector<absl::Status> errors) {
    if (fetched.empty() && errors.empty() && options_.ignore_not_found) return absl::OkStatus();
    if (fetched.empty() && !errors.empty()) return Aggregate(errors);
    ASSIGN_OR_RETURN(const auto printer, MakeObjectPrinter(options_.print, true));
    Value output;
    if (single_ && fetched.size() == 1) {
      output = std::move(fetched[0].answer);
    } else {
      std::vector<Value> items;
      for (Fetched& f : fetched) {
        Value* list = f.answer.Find("items");
        if (list == nullptr || !list->is_array()) {
          items.push_back(std::move(f.answer));
          continue;
        }
        for (Value& item : list->array()) {
          if (!item.Has("apiVersion")) item.Set("apiVersion", f.info.resource.ApiVersion());
          if (!item.Has("kind")) item.Set("kind", f.info.resource.kind);
          items.push_back(std::move(item));
        }
      }
      if (!options_.sort_by.empty()) {
        ASSIGN_OR_RETURN(items, SortObjects(std::move(items), options_.sort_by));
      }
      output.Set("apiVersion", "v1");
      output.Set("items", Value(Array(std::make_move_iterator(items.begin()),
                                      std::make_move_iterator(items.end()))));
      output.Set("kind", "List");
      output["metadata"].Set("resourceVersion", "");
    }
    RETURN_IF_ERROR(printer->Print(output, factory_.io.out));
    printer->Finish(factory_.io.out);
    return Aggregate(errors);
  }

  TableOptions TableFor(const ApiResource& resource, bool with_kind) const {
    TableOptions table;
    table.no_headers = options_.no_headers;
    table.wide = options_.print.output == "wide";
    table.with_namespace = options_.all_namespaces && resource.namespaced;
    table.show_labels = options_.show_labels;
    table.label_columns = options_.label_columns;
    if (with_kind || options_.show_kind) {
      table.kind_prefix = absl::AsciiStrToLower(resource.kind);
      if (!resource.group.empty()) absl::StrAppend(&table.kind_prefix, ".", resource.group);
    }
    return table;
  }

  static Value AsTable(const Value& answer) {
    if (answer.GetString("kind") == "Table") return answer;
    const Value* items = answer.Find("items");
    std::vector<Value> objects;
    if (items != nullptr && items->is_array())
      objects.assign(items->array().begin(), items->array().end());
    else
      objects.push_back(answer);
    return TableForObjects(objects);
  }

  absl::Status PrintTables(const std::vector<Fetched>& fetched,
                           const std::vector<absl::Status>& errors) {
    std::set<std::string> kinds;
    bool all_namespaced = !options_.all_namespaces;
    for (const Info& info : wanted_) {
      kinds.insert(absl::StrCat(info.resource.ApiVersion(), "/", info.resource.kind));
      all_namespaced = all_namespaced && info.resource.namespaced;
    }
    bool wrote = false;
    std::string last_kind;
    std::unique_ptr<TablePrinter> printer;
    std::unique_ptr<TabWriter> writer;
    for (size_t i = 0; i < fetched.size(); ++i) {
      const ApiResource& resource = fetched[i].info.resource;
      const std::string kind = absl::StrCat(resource.ApiVersion(), "/", resource.kind);
      Value table = AsTable(fetched[i].answer);
      if (!options_.sort_by.empty()) {
        // Rows of one kind are sorted together.
        while (i + 1 < fetched.size() && fetched[i + 1].info.resource.kind == resource.kind &&
               fetched[i + 1].info.resource.group == resource.group) {
          const Value more = AsTable(fetched[++i].answer);
          for (const Value& row : more.GetArray("rows")) table["rows"].Append(row);
        }
        RETURN_IF_ERROR(SortRows(&table, options_.sort_by));
      }
      if (printer == nullptr || kind != last_kind) {
        if (writer != nullptr) writer->Flush();
        printer = std::make_unique<TablePrinter>(TableFor(resource, kinds.size() > 1));
        writer = std::make_unique<TabWriter>(factory_.io.out, TabWriter::Options{6, 3, true});
        last_kind = kind;
        separator_ = wrote && !options_.no_headers;
      }
      if (table.GetArray("rows").empty()) continue;
      if (separator_) factory_.io.Out("\n");
      separator_ = false;
      printer->Print(table, *writer);
      wrote = true;
    }
    if (writer != nullptr) writer->Flush();
    if (!wrote && errors.empty() && !options_.ignore_not_found) {
      ASSIGN_OR_RETURN(const std::string ns, factory_.Namespace());
      factory_.io.Err(all_namespaced ? absl::StrCat("No resources found in ", ns, " namespace.\n")
                                     : "No resources found\n");
    }
    return Aggregate(errors);
  }

  absl::Status Watch() {
    if (wanted_.size() > 1)
      return UsageError("kubectl get",
                        "watch is only supported on individual resources and resource collections");
    Info info = wanted_[0];
    ASSIGN_OR_RETURN(RestClient * client, factory_.Client());
    std::string query = Query();
    if (!info.name.empty()) {
      query = absl::StrCat("fieldSelector=", UrlEscape(absl::StrCat("metadata.name=", info.name)));
    }
    TablePrinter table(WatchTable(info.resource));
    TabWriter writer(factory_.io.out, {6, 3, true});
    std::unique_ptr<ObjectPrinter> printer;
    if (!human_) {
      ASSIGN_OR_RETURN(printer, MakeObjectPrinter(options_.print, true));
    }
    Request request;
    request.accept = Accept();
    request.path = info.Path() + (info.name.empty() && !query.empty() ? "?" + query : "");
    absl::StatusOr<Value> listed = client->Json(request);
    std::string version = "0";
    if (listed.ok()) {
      version = listed->GetString("metadata.resourceVersion", "0");
      if (!options_.watch_only)
        RETURN_IF_ERROR(PrintInitial(*listed, info, printer.get(), table, writer));
    } else if (!options_.watch_only || !ApiNotFound(listed.status())) {
      return listed.status();
    }
    info.name.clear();
    request.path = absl::StrCat(info.Path(), "?", query, query.empty() ? "" : "&",
                                "resourceVersion=", version, "&watch=true");
    absl::Status failure;
    absl::Status status = client->StreamLines(request, [&](absl::string_view line) {
      absl::StatusOr<Value> event = ParseJson(line);
      if (!event.ok()) return true;
      const Value* object = event->Find("object");
      const std::string type = event->GetString("type");
      if (object == nullptr || type == "BOOKMARK") return true;
      if (type == "ERROR") {
        failure = ApiError(*object);
        return false;
      }
      if (human_) {
        table.Print(AsTable(*object), writer, type);
        writer.Flush();
      } else if (options_.watch_events) {
        Value wrapped;
        wrapped.Set("type", type);
        wrapped.Set("object", *object);
        failure = printer->Print(wrapped, factory_.io.out);
      } else {
        failure = printer->Print(*object, factory_.io.out);
        printer->Finish(factory_.io.out);
      }
      factory_.io.out->Flush();
      return failure.ok();
    });
    if (!failure.ok()) return failure;
    return absl::IsUnavailable(status) ? absl::OkStatus() : status;
  }

  TableOptions WatchTable(const ApiResource& resource) const {
    TableOptions table = TableFor(resource, false);
    if (options_.watch_events) table.event_column = "EVENT";
    return table;
  }

  absl::Status PrintInitial(const Value& listed, const Info& info, ObjectPrinter* printer,
                            TablePrinter& table, TabWriter& writer) {
    if (human_) {
      table.Print(AsTable(listed), writer, "ADDED");
      writer.Flush();
      factory_.io.out->Flush();
      return absl::OkStatus();
    }
    std::vector<Value> objects;
    if (const Value* items = listed.Find("items"); items != nullptr && items->is_array()) {
      for (Value item : items->array()) {
        if (!item.Has("kind")) item.Set("kind", info.resource.kind);
        if (!item.Has("apiVersion")) item.Set("apiVersion", info.resource.ApiVersion());
        objects.push_back(std::move(item));
      }
    } else {
      objects.push_back(listed);
    }
    for (Value& object : objects) {
      if (options_.watch_events) {
        Value wrapped;
        wrapped.Set("type", "ADDED");
        wrapped.Set("object", object);
        object = std::move(wrapped);
      }
      RETURN_IF_ERROR(printer->Print(object, factory_.io.out));
    }
    printer->Finish(factory_.io.out);
    factory_.io.out->Flush();
    return absl::OkStatus();
  }

  Factory& factory_;
  Options options_;
  bool human_ = true, single_ = false, separator_ = false;
  std::vector<Info> wanted_;
};

}  // namespace

CommandPtr MakeGet(Factory& factory) {
  auto command =
      NewCommand("get", "Display one or many resources",
                 "[(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|"
                 "templatefile|jsonpath|jsonpath-as-json|"
                 "jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] "
                 "[NAME | -l label] | "
                 "TYPE[.VERSION][.GROUP]/NAME ...) [flags]",
                 "  # The pods of the current namespace\n  kubectl get pods\n\n  # One deployment "
                 "as YAML\n  kubectl get deployment web -o yaml\n\n"
                 "  # Pods with a label, in all namespaces, with their nodes\n  kubectl get pods "
                 "-A -l app=web -o wide\n\n"
                 "  # Just one field\n  kubectl get pod web-0 -o jsonpath='{.status.podIP}'\n\n  # "
                 "Keep watching\n  kubectl get pods -w");
  command->about =
      "Display one or many resources.\n\n Prints a table with what matters most of each object; -o "
      "gives other forms. Without -A or -n, "
      "namespaced objects are those of the current namespace.\n\nUse \"kubectl api-resources\" for "
      "a complete list of supported resources.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->print);
  AddFileFlags(&f, &o->files, "Files, folders or URLs with the objects to get.");
  f.String(&o->raw, "raw", "", "Print what the server answers to this path.");
  f.String(&o->selector, "selector", "l",
           "Label query: key=value, key!=value, key in (a,b), key, !key; comma means and.");
  f.String(&o->field_selector, "field-selector", "", "Field query, such as status.phase=Running.");
  f.String(&o->sort_by, "sort-by", "",
           "Sort by this field, a JSONPath expression such as {.metadata.name}.");
  f.String(&o->subresource, "subresource", "",
           "Get this subresource of the object: status, scale, resize.");
  f.List(&o->label_columns, "label-columns", "L", "Labels to show as columns of their own.");
  f.Bool(&o->all_namespaces, "all-namespaces", "A", "Across all namespaces.");
  f.Bool(&o->ignore_not_found, "ignore-not-found", "", "An object that is not there is no error.");
  f.Bool(&o->no_headers, "no-headers", "", "Leave the line of headings out.");
  f.Bool(&o->watch_events, "output-watch-events", "",
         "With a watch, print the kind of each event too.");
  f.Bool(&o->server_print, "server-print", "", "Let the server choose the columns.");
  f.Bool(&o->show_kind, "show-kind", "", "Put the kind before each name.");
  f.Bool(&o->show_labels, "show-labels", "", "Show all labels in the last column.");
  f.Bool(&o->watch, "watch", "w", "After listing, keep printing changes.");
  f.Bool(&o->watch_only, "watch-only", "", "Print changes only, without a listing first.");
  f.Int(&o->chunk_size, "chunk-size", "",
        "Fetch long lists in pages of this size; 0 for all at once.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Get(factory, *o).Run(parsed.args);
  };
  return command;
}

}  // namespace kubectl
