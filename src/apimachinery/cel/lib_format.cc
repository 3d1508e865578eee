// format.dns1123Label().validate("x"): Kubernetes' formats by name.
#include "absl/strings/match.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/conversions.h"
#include "apimachinery/cel/function.h"
#include "apimachinery/cel/go_url.h"
#include "apimachinery/cel/named_format.h"
#include "apimachinery/cel/opaque.h"
#include "apimachinery/cel/regex.h"
#include "apimachinery/names.h"

namespace apimachinery::cel {
namespace {

constexpr char kUuid[] = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
constexpr char kDateTime[] =
    "^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$";
constexpr char kBase64[] = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$";

constexpr NamedFormat kFormats[] = {
    {"dns1123Label", "DNS1123Label", 30},
    {"dns1123Subdomain", "DNS1123Subdomain", 60},
    {"dns1035Label", "DNS1035Label", 30},
    {"qualifiedName", "QualifiedName", 60},
    {"dns1123LabelPrefix", "DNS1123LabelPrefix", 30},
    {"dns1123SubdomainPrefix", "DNS1123SubdomainPrefix", 60},
    {"dns1035LabelPrefix", "DNS1035LabelPrefix", 30},
    {"labelValue", "LabelValue", 40},
    {"uri", "URI", 1103},
    {"uuid", "uuid", sizeof kUuid - 1},
    {"byte", "byte", 84},
    {"date", "date", sizeof kDateTime - 1},
    {"datetime", "datetime", sizeof kDateTime - 1},
};

bool Match(const char* pattern, absl::string_view text) {
  std::string error;
  const auto regex = CompileRegex(pattern, &error);
  return regex != nullptr && regex->Matches(text);
}

bool IsDate(absl::string_view text) {
  return text.size() == 10 && !ToTimestamp(Val::String(absl::StrCat(text, "T00:00:00Z"))).is_error();
}

// strfmt's date-time: a date, a T or a blank, and a time whose parts are in range.
bool IsDateTime(absl::string_view text) {
  if (text.size() < 4) return false;
  const std::string lower = absl::AsciiStrToLower(text);
  const size_t t = lower.find('t');
  if (t == std::string::npos || !IsDate(lower.substr(0, t))) return false;
  const std::string time = lower.substr(t + 1);
  if (!Match(kDateTime, time)) return false;
  return time.substr(0, 2) <= "23" && time.substr(3, 2) <= "59" && time.substr(6, 2) <= "59";
}

// A name before a suffix is put behind it: a dash at its end is fine.
std::string Masked(absl::string_view text) {
  if (text.size() > 1 && absl::EndsWith(text, "-")) return absl::StrCat(text.substr(0, text.size() - 2), "a");
  return std::string(text);
}

Problems Check(absl::string_view format, absl::string_view text) {
  if (format == "dns1123Label") return IsDns1123Label(text);
  if (format == "dns1123LabelPrefix") return IsDns1123Label(Masked(text));
  if (format == "dns1123Subdomain") return IsDns1123Subdomain(text);
  if (format == "dns1123SubdomainPrefix") return IsDns1123Subdomain(Masked(text));
  if (format == "dns1035Label") return IsDns1035Label(text);
  if (format == "dns1035LabelPrefix") return IsDns1035Label(Masked(text));
  if (format == "qualifiedName") return IsQualifiedName(text);
  if (format == "labelValue") return IsValidLabelValue(text);
  const auto unless = [](bool ok, absl::string_view problem) { return ok ? Problems{} : Problems{std::string(problem)}; };
  if (format == "uuid") return unless(Match(kUuid, text), "does not match the UUID format");
  if (format == "byte") return unless(Match(kBase64, text), "invalid base64");
  if (format == "date") return unless(IsDate(text), "invalid date");
  if (format == "datetime") return unless(IsDateTime(text), "invalid datetime");
  const std::string problem = CheckRequestUri(text);
  return unless(problem.empty(), problem);
}

struct FormatTraits : BoxDefaults {
  static constexpr bool kHashable = false;
  static const TypePtr& Type() {
    static const TypePtr& type = *new TypePtr(StructType("kubernetes.NamedFormat"));
    return type;
  }
  static bool Equal(const NamedFormat* a, const NamedFormat* b) { return a == b; }
  static int64_t Size(const NamedFormat*) { return 1; }
  static absl::string_view GoType(const NamedFormat*) { return "cel.Format"; }
};
using FormatBox = Boxed<const NamedFormat*, FormatTraits>;

template <size_t kIndex>
Val Constant(Args) { return FormatBox::Box(&kFormats[kIndex]); }

Val Named(Args args) {
  const NamedFormat* format = FindNamedFormat(args[0].text());
  return format == nullptr ? Val::None() : Val::Some(FormatBox::Box(format));
}

Val Validate(Args args) {
  const Problems problems = Check(FormatOf(args[0]).name, args[1].text());
  if (problems.empty()) return Val::None();
  std::vector<Val> list;
  for (const std::string& problem : problems) list.push_back(Val::String(problem));
  return Val::Some(Val::ListOf(std::move(list)));
}

}  // namespace

const NamedFormat* FindNamedFormat(absl::string_view name) {
  for (const NamedFormat& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

const NamedFormat& FormatOf(const Val& v) { return *FormatBox::Unbox(v); }

absl::Span<const OverloadRow> FormatFunctions() {
#define F "kubernetes.NamedFormat"
#define SKIFF_CEL_FORMAT(INDEX, NAME) {"format." NAME, "format." NAME, "() -> " F, Constant<INDEX>}
  static constexpr OverloadRow kRows[] = {
      SKIFF_CEL_FORMAT(0, "dns1123Label"),       SKIFF_CEL_FORMAT(1, "dns1123Subdomain"),
      SKIFF_CEL_FORMAT(2, "dns1035Label"),       SKIFF_CEL_FORMAT(3, "qualifiedName"),
      SKIFF_CEL_FORMAT(4, "dns1123LabelPrefix"), SKIFF_CEL_FORMAT(5, "dns1123SubdomainPrefix"),
      SKIFF_CEL_FORMAT(6, "dns1035LabelPrefix"), SKIFF_CEL_FORMAT(7, "labelValue"),
      SKIFF_CEL_FORMAT(8, "uri"),                SKIFF_CEL_FORMAT(9, "uuid"),
      SKIFF_CEL_FORMAT(10, "byte"),              SKIFF_CEL_FORMAT(11, "date"),
      SKIFF_CEL_FORMAT(12, "datetime"),
      {"format.named", "format-named", "(string) -> optional(" F ")", Named},
      {"validate", "format-validate", F ".(string) -> optional(list(string))", Validate},
  };
#undef SKIFF_CEL_FORMAT
#undef F
  return kRows;
}

}  // namespace apimachinery::cel
