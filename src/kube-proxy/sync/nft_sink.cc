#include <nftables/libnftables.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "kube-proxy/sync/rule_sink.h"

namespace kube_proxy::sync {
namespace {

class NftSink final : public RuleSink {
 public:
  explicit NftSink(nft_ctx* context) : context_(context) {
    nft_ctx_buffer_error(context_);
    nft_ctx_buffer_output(context_);
  }
  ~NftSink() override { nft_ctx_free(context_); }

  absl::Status Run(const std::string& script) override {
    if (script.empty() || nft_run_cmd_from_buffer(context_, script.c_str()) == 0) return absl::OkStatus();
    const char* error = nft_ctx_get_error_buffer(context_);
    return absl::InternalError(absl::StrCat("nftables: ", absl::StripSuffix(error == nullptr ? "" : error, "\n")));
  }

 private:
  nft_ctx* const context_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RuleSink>> OpenNftSink() {
  nft_ctx* context = nft_ctx_new(NFT_CTX_DEFAULT);
  if (context == nullptr) return absl::UnavailableError("nftables cannot be used here; kube-proxy needs root");
  return std::make_unique<NftSink>(context);
}

}  // namespace kube_proxy::sync
