// Expressions that select devices. Source of the rules: dynamic-resource-allocation 1.35, cel.
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/cel.h"
#include "apiserver/validation/devices.h"

namespace apiserver::validation::devices {
namespace {

namespace cel = apimachinery::cel;
using cel::DeclType;
using cel::DeclTypePtr;

constexpr uint64_t kMaxCost = 1'000'000;
constexpr int64_t kMaxDomain = 63, kMaxId = 32, kMaxDriverName = 63, kMaxAttributeText = 64, kMaxAttributes = 32;

DeclTypePtr Scalar(cel::TypePtr type, int64_t max_elements) {
  auto out = std::make_shared<DeclType>();
  out->type = std::move(type);
  out->max_elements = max_elements;
  return out;
}

DeclTypePtr Map(DeclTypePtr key, DeclTypePtr element) {
  auto out = std::make_shared<DeclType>();
  out->shape = DeclType::Shape::kMap;
  out->type = cel::MapType(key->type, element->type);
  out->max_elements = kMaxAttributes;
  out->min_serialized = 2;
  out->key = std::move(key);
  out->element = std::move(element);
  return out;
}

// device.driver, device.attributes["domain"].id, device.capacity["domain"].id
DeclTypePtr MakeDeviceType() {
  const DeclTypePtr domain = Scalar(cel::StringType(), kMaxDomain), id = Scalar(cel::StringType(), kMaxId);
  auto out = std::make_shared<DeclType>();
  out->shape = DeclType::Shape::kObject;
  out->type = cel::StructType("kubernetes.DRADevice");
  out->fields["driver"] = Scalar(cel::StringType(), kMaxDriverName);
  out->fields["attributes"] = Map(domain, Map(id, Scalar(cel::AnyType(), kMaxAttributeText)));
  out->fields["capacity"] = Map(domain, Map(id, Scalar(cel::StructType("kubernetes.Quantity"), 0)));
  out->properties = out->fields;
  return out;
}

const DeclTypePtr& DeviceType() {
  static const DeclTypePtr& type = *new DeclTypePtr(MakeDeviceType());
  return type;
}

const cel::Env& DeviceEnv() {
  static const cel::Env& env = *[] {
    auto* out = new cel::Env();
    out->Declare(DeviceType());
    out->Variable("device", DeviceType()->type);
    out->EnableBindings();
    return out;
  }();
  return env;
}

// As upstream prints types here: by their names at run time.
std::string TypeText(const cel::Type& type) {
  std::string out = type.name();
  for (size_t i = 0; i < type.parameters().size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "(" : ", ", TypeText(*type.parameter(i)));
  }
  return type.parameters().empty() ? out : out + ")";
}

}  // namespace

void SelectorExpression(FieldErrors& e, const Path& p, absl::string_view expression) {
  const absl::StatusOr<cel::Program> program = cel::Compile(expression, DeviceEnv());
  if (absl::IsInvalidArgument(program.status())) {
    return e.Invalid(p, Value(expression), absl::StrCat("compilation failed: ", program.status().message()));
  }
  if (!program.ok()) return e.Internal(p, absl::StrCat("program instantiation failed: ", program.status().message()));
  const cel::Type& type = *program->output_type();
  if (!type.Is(cel::TypeKind::kBool) && !type.Is(cel::TypeKind::kAny)) {
    return e.Invalid(p, Value(expression),
                     absl::StrCat("must evaluate to bool or the unknown type, not ", TypeText(type)));
  }
  if (program->EstimateCost(DeviceType().get()).max > kMaxCost) e.Forbidden(p, "too complex, exceeds cost limit");
}

}  // namespace apiserver::validation::devices
