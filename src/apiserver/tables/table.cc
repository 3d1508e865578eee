#include "apiserver/tables/table.h"

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "apiserver/tables/columns.h"
#include "apiserver/tables/custom_printer.h"
#include "apiserver/tables/printers.h"

namespace apiserver::tables {
namespace {

using PrinterMap = absl::flat_hash_map<absl::string_view, Printer>;

const PrinterMap& Printers() {
  static const PrinterMap* const printers = new PrinterMap{
      {"v1/Pod", PrintPod},
      {"v1/PodTemplate", PrintPodTemplate},
      {"v1/ReplicationController", PrintReplicationController},
      {"v1/Service", PrintService},
      {"v1/Endpoints", PrintEndpoints},
      {"v1/Node", PrintNode},
      {"v1/Namespace", PrintNamespace},
      {"v1/ConfigMap", PrintConfigMap},
      {"v1/Secret", PrintSecret},
      {"v1/ServiceAccount", PrintNameAndAge},
      {"v1/PersistentVolume", PrintPersistentVolume},
      {"v1/PersistentVolumeClaim", PrintPersistentVolumeClaim},
      {"v1/ResourceQuota", PrintResourceQuota},
      {"v1/Event", PrintEvent},
      {"v1/ComponentStatus", PrintComponentStatus},
      {"events.k8s.io/v1/Event", PrintEvent},
      {"apps/v1/Deployment", PrintDeployment},
      {"apps/v1/ReplicaSet", PrintReplicaSet},
      {"apps/v1/StatefulSet", PrintStatefulSet},
      {"apps/v1/DaemonSet", PrintDaemonSet},
      {"apps/v1/ControllerRevision", PrintControllerRevision},
      {"batch/v1/Job", PrintJob},
      {"batch/v1/CronJob", PrintCronJob},
      {"autoscaling/v1/HorizontalPodAutoscaler", PrintHorizontalPodAutoscaler},
      {"autoscaling/v2/HorizontalPodAutoscaler", PrintHorizontalPodAutoscaler},
      {"autoscaling/v1/Scale", PrintScale},
      {"policy/v1/PodDisruptionBudget", PrintPodDisruptionBudget},
      {"networking.k8s.io/v1/Ingress", PrintIngress},
      {"networking.k8s.io/v1/IngressClass", PrintIngressClass},
      {"networking.k8s.io/v1/NetworkPolicy", PrintNetworkPolicy},
      {"networking.k8s.io/v1/ServiceCIDR", PrintServiceCidr},
      {"networking.k8s.io/v1/IPAddress", PrintIpAddress},
      {"discovery.k8s.io/v1/EndpointSlice", PrintEndpointSlice},
      {"coordination.k8s.io/v1/Lease", PrintLease},
      {"rbac.authorization.k8s.io/v1/RoleBinding", PrintRoleBinding},
      {"rbac.authorization.k8s.io/v1/ClusterRoleBinding", PrintRoleBinding},
      {"storage.k8s.io/v1/StorageClass", PrintStorageClass},
      {"storage.k8s.io/v1/VolumeAttachment", PrintVolumeAttachment},
      {"storage.k8s.io/v1/CSINode", PrintCsiNode},
      {"storage.k8s.io/v1/CSIDriver", PrintCsiDriver},
      {"storage.k8s.io/v1/VolumeAttributesClass", PrintVolumeAttributesClass},
      {"scheduling.k8s.io/v1/PriorityClass", PrintPriorityClass},
      {"node.k8s.io/v1/RuntimeClass", PrintRuntimeClass},
      {"certificates.k8s.io/v1/CertificateSigningRequest", PrintCertificateSigningRequest},
      {"admissionregistration.k8s.io/v1/MutatingWebhookConfiguration", PrintWebhookConfiguration},
      {"admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration", PrintWebhookConfiguration},
      {"admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy", PrintValidatingAdmissionPolicy},
      {"admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding", PrintValidatingAdmissionPolicyBinding},
      {"apiregistration.k8s.io/v1/APIService", PrintApiService},
      {"flowcontrol.apiserver.k8s.io/v1/FlowSchema", PrintFlowSchema},
      {"flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration", PrintPriorityLevelConfiguration},
      {"resource.k8s.io/v1/DeviceClass", PrintNameAndAge},
      {"resource.k8s.io/v1/ResourceClaim", PrintResourceClaim},
      {"resource.k8s.io/v1/ResourceClaimTemplate", PrintNameAndAge},
      {"resource.k8s.io/v1/ResourceSlice", PrintResourceSlice},
  };
  return *printers;
}

}  // namespace

absl::Span<const Column> TableColumns(absl::string_view api_version, absl::string_view kind) {
  const std::vector<Column>* columns = FindColumns(absl::StrCat(api_version, "/", kind));
  if (columns == nullptr) columns = FindColumns("apiextensions.k8s.io/v1/CustomResourceDefinition");  // the plain two
  return *columns;
}

Value TableRow(absl::string_view api_version, absl::string_view kind, const Value& object, absl::Time now) {
  const auto printer = Printers().find(absl::StrCat(api_version, "/", kind));
  Array cells;
  (printer == Printers().end() ? PrintNameAndCreation : printer->second)(object, now, &cells);
  return Value(std::move(cells));
}

Value ColumnDefinitions(absl::Span<const Column> columns) {
  Value definitions = Value::MakeArray();
  for (const Column& column : columns) {
    Value definition;
    definition["name"] = column.name;
    definition["type"] = column.type;
    definition["format"] = column.format;
    definition["description"] = column.description;
    definition["priority"] = column.priority;
    definitions.Append(std::move(definition));
  }
  return definitions;
}

Value PartialMetadata(const Value& object) {
  Value partial;
  partial["kind"] = "PartialObjectMetadata";
  partial["apiVersion"] = "meta.k8s.io/v1";
  const Value* metadata = object.Find("metadata");
  partial["metadata"] = metadata == nullptr ? Value::MakeObject() : *metadata;
  return partial;
}

namespace {

Value MakeRow(Value cells, const Value& object, IncludeObject include) {
  Value row;
  row["cells"] = std::move(cells);
  switch (include) {
    case IncludeObject::kNone: row["object"] = Value(); break;
    case IncludeObject::kMetadata: row["object"] = PartialMetadata(object); break;
    case IncludeObject::kObject: row["object"] = object; break;
  }
  return row;
}

// `row` makes the row of an object.
Value AssembleTable(absl::Span<const Column> columns, absl::Span<const Value* const> objects, Value list_metadata,
                    bool with_columns, absl::FunctionRef<Value(const Value&)> row) {
  Value table;
  table["kind"] = "Table";
  table["apiVersion"] = "meta.k8s.io/v1";
  table["metadata"] = list_metadata.is_null() ? Value::MakeObject() : std::move(list_metadata);
  table["columnDefinitions"] = with_columns ? ColumnDefinitions(columns) : Value();
  Value& rows = table["rows"] = Value::MakeArray();
  for (const Value* object : objects) rows.Append(row(*object));
  return table;
}

}  // namespace

Value Row(absl::string_view api_version, absl::string_view kind, const Value& object, IncludeObject include,
          absl::Time now) {
  Value row;
  row["cells"] = TableRow(api_version, kind, object, now);
  if (kind == "Pod" && api_version == "v1") {
    if (Value conditions = PodRowConditions(object); !conditions.is_null()) row["conditions"] = std::move(conditions);
  }
  Value rest = MakeRow(Value(), object, include);
  row["object"] = std::move(rest["object"]);
  return row;
}

Value MakeTable(absl::string_view api_version, absl::string_view kind, absl::Span<const Value* const> objects,
                Value list_metadata, IncludeObject include, bool with_columns, absl::Time now) {
  return AssembleTable(TableColumns(api_version, kind), objects, std::move(list_metadata), with_columns,
                       [&](const Value& object) { return Row(api_version, kind, object, include, now); });
}

bool HasDefaultColumns(const apimachinery::Kind& kind) {
  const std::vector<Column> columns = ColumnsOf(kind);
  return columns.size() == 2 && columns[1].name == "Created At";
}

std::vector<Column> ColumnsOf(const apimachinery::Kind& kind) {
  if (kind.custom != nullptr) return CustomColumns(*kind.custom);
  const absl::Span<const Column> columns = TableColumns(kind.api_version, kind.kind);
  return {columns.begin(), columns.end()};
}

Value RowOf(const apimachinery::Kind& kind, const Value& object, IncludeObject include, absl::Time now) {
  if (kind.custom == nullptr) return Row(kind.api_version, kind.kind, object, include, now);
  return MakeRow(CustomCells(*kind.custom, object, now), object, include);
}

Value TableOf(const apimachinery::Kind& kind, absl::Span<const Value* const> objects, Value list_metadata,
              IncludeObject include, bool with_columns, absl::Time now) {
  return AssembleTable(ColumnsOf(kind), objects, std::move(list_metadata), with_columns,
                       [&](const Value& object) { return RowOf(kind, object, include, now); });
}

}  // namespace apiserver::tables
