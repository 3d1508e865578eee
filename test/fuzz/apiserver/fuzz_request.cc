// Paths, queries and Accept headers: reading them never crashes, and a refusal says why.
#include <cstdint>
#include <cstdlib>

#include "apiserver/http/negotiate.h"
#include "apiserver/pipeline/request_info.h"
#include "base/http/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  // One input is "METHOD PATH?QUERY\nACCEPT".
  const size_t line = text.find('\n');
  const absl::string_view head = text.substr(0, line);
  const absl::string_view accept = line == absl::string_view::npos ? "" : text.substr(line + 1);
  const size_t space = head.find(' ');
  const absl::string_view target = space == absl::string_view::npos ? head : head.substr(space + 1);
  const size_t question = target.find('?');
  const std::string path = base::http::PercentDecode(target.substr(0, question));
  const base::http::QueryParams query =
      base::http::ParseQuery(question == absl::string_view::npos ? "" : target.substr(question + 1));
  const auto info = apiserver::pipeline::ParseRequestInfo(space == absl::string_view::npos ? "GET" : head.substr(0, space), path, query);
  const auto options = apiserver::pipeline::ParseOptions(info, query);
  if (!options.ok() && options.status().message().empty()) abort();
  for (const auto endpoint : {apiserver::http::Endpoint::kObjects, apiserver::http::Endpoint::kPlain}) {
    const auto negotiated = apiserver::http::Negotiate(accept, endpoint, /*pretty=*/false);
    if (negotiated.has_value() && negotiated->ContentType().empty()) abort();
  }
  (void)apiserver::http::NegotiateAggregated(accept, /*pretty=*/false);
  (void)apiserver::http::BodyFormatOf(accept);
  if (base::http::PercentDecode(base::http::PercentEncode(text)) != text) abort();
  return 0;
}
