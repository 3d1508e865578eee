#include "apiserver/component_health.h"

#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/http/client.h"

namespace apiserver {
namespace {

using registry::ComponentHealth;

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr char kHost[] = "127.0.0.1";

ComponentHealth AskDaemon(const char* name, int port) {
  ComponentHealth health{name, "False", "", ""};
  const auto client = base::http::Client::Create({});  // whoever answers: its certificate is its own
  if (!client.ok()) {
    health.message = std::string(client.status().message());
    return health;
  }
  base::http::ClientRequest request;
  request.host = kHost;
  request.port = port;
  request.target = "/healthz";
  const auto answer = (*client)->Fetch(std::move(request), kPatience);
  if (!answer.ok()) {
    const bool refused = absl::StrContains(answer.status().message(), "refused");
    health.message = absl::StrCat("Get \"https://", kHost, ":", port, "/healthz\": ",
                                  refused ? absl::StrCat("dial tcp ", kHost, ":", port, ": connect: connection refused")
                                          : std::string(answer.status().message()));
  } else if (answer->status < 200 || answer->status >= 400) {
    health.message = absl::StrCat("HTTP probe failed with statuscode: ", answer->status);
  } else {
    health.status = "True";
    health.message = answer->body;
  }
  return health;
}

ComponentHealth AskStore(std::string name, store::StoreOptions options) {
  ComponentHealth health{std::move(name), "False", "", ""};
  const auto store = store::ConnectEtcd(options);
  const absl::Status status = store.ok() ? (*store)->Get("/registry/health").status() : store.status();
  if (status.ok()) {
    health.status = "True";
    health.message = "ok";
  } else {
    health.error = std::string(status.message());
  }
  return health;
}

}  // namespace

std::vector<ComponentHealth> AskComponents(const store::StoreOptions& store) {
  std::vector<ComponentHealth> all(2 + store.endpoints.size());
  std::vector<std::thread> threads;
  threads.emplace_back([&all] { all[0] = AskDaemon("scheduler", 10259); });
  threads.emplace_back([&all] { all[1] = AskDaemon("controller-manager", 10257); });
  for (size_t i = 0; i < store.endpoints.size(); ++i) {
    store::StoreOptions one = store;
    one.endpoints = {store.endpoints[i]};
    threads.emplace_back([&all, i, one = std::move(one)] { all[2 + i] = AskStore(absl::StrCat("etcd-", i), one); });
  }
  for (std::thread& thread : threads) thread.join();
  return all;
}

}  // namespace apiserver
