#include "apiserver/admission/webhook_client.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apimachinery/codec.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"

namespace apiserver::admission {
namespace {

using apimachinery::GoQuote;
using apimachinery::Value;

// "address:port" of the service, as the cluster reaches it; or why there is none.
std::string Endpoint(const WebhookClient& client, const pipeline::ObjectReader& reader, std::string* problem) {
  const pipeline::ObjectPtr service = reader.Get({"", "services"}, client.service_namespace, client.service_name);
  if (service == nullptr) {
    *problem = absl::StrCat("service ", GoQuote(client.service_name), " not found");
    return "";
  }
  if (service->GetString("spec.type") == "ExternalName") {
    return absl::StrCat(service->GetString("spec.externalName"), ":", client.service_port);
  }
  const apimachinery::Array& ports = service->GetArray("spec.ports");
  const bool served = std::any_of(ports.begin(), ports.end(),
                                  [&](const Value& port) { return port.GetInt("port") == client.service_port; });
  const std::string address = service->GetString("spec.clusterIP");
  if (!served) {
    *problem = absl::StrCat("no service port ", client.service_port, " found for service ", GoQuote(client.service_name));
    return "";
  }
  return absl::StrCat(address.find(':') == std::string::npos ? address : absl::StrCat("[", address, "]"), ":",
                      client.service_port);
}

}  // namespace

WebhookClient ReadWebhookClient(const Value& config) {
  WebhookClient client;
  client.url = config.GetString("url");
  client.service_name = config.GetString("service.name");
  client.service_namespace = config.GetString("service.namespace");
  client.service_path = config.GetString("service.path");
  client.service_port = config.GetInt("service.port", 443);
  (void)apimachinery::Base64Decode(config.GetString("caBundle"), &client.ca_bundle);
  if (absl::StripAsciiWhitespace(client.ca_bundle).empty()) client.ca_bundle.clear();
  return client;
}

absl::StatusOr<Value> PostReview(const WebhookClient& client, absl::Duration timeout, std::string body,
                                 const pipeline::ObjectReader& services, WebhookCaller& caller) {
  WebhookCall call;
  call.timeout = timeout;
  call.ca_bundle = client.ca_bundle;
  call.body = std::move(body);
  std::string problem;
  if (client.url.empty()) {
    const bool slash = !client.service_path.empty() && client.service_path[0] == '/';
    call.url = absl::StrCat("https://", client.service_name, ".", client.service_namespace, ".svc:", client.service_port,
                            slash ? "" : "/", client.service_path);
    call.connect_to = Endpoint(client, services, &problem);
  } else {
    const size_t host = client.url.find("//");
    const bool bare = host != std::string::npos && client.url.find('/', host + 2) == std::string::npos;
    call.url = bare ? absl::StrCat(client.url, "/") : client.url;
  }
  if (!problem.empty()) {
    return absl::UnavailableError(
        absl::StrCat("Post ", GoQuote(absl::StrCat(call.url, "?timeout=", absl::ToInt64Seconds(timeout), "s")), ": ", problem));
  }
  const absl::StatusOr<WebhookAnswer> answer = caller.Call(call);
  if (!answer.ok()) return answer.status();
  if (answer->code < 200 || answer->code > 206) {
    const apimachinery::ApiStatus status =
        apimachinery::GenericStatus(answer->code, "POST", "", "", "", answer->text ? answer->body : "unknown");
    return absl::UnavailableError(status.message);
  }
  absl::StatusOr<Value> review = apimachinery::ParseJson(answer->body, {.max_depth = 1000});
  if (!review.ok() || !review->is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat("couldn't get version/kind; json parse error: ",
                     review.ok() ? "json: cannot unmarshal into Go value" : review.status().message()));
  }
  return review;
}

}  // namespace apiserver::admission
