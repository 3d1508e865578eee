#include "base/metrics/certificate_series.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace base {

CertificateSeries::CertificateSeries(absl::string_view prefix)
    : no_name_(absl::StrCat(prefix, "_x509_missing_san_total"), "Calls to servers whose certificate has no subjectAltName.", {}),
      sha1_(absl::StrCat(prefix, "_x509_insecure_sha1_total"), "Calls to servers whose certificate is signed with SHA-1.", {}) {}

void CertificateSeries::Failed(absl::string_view problem) {
  if (absl::StrContains(problem, "x509: certificate relies on legacy Common Name field")) no_name_.With({}).Add();
  if (absl::StrContains(problem, "insecure algorithm SHA1")) sha1_.With({}).Add();
}

}  // namespace base
