// skiff-pki DIR <ORDERS: see orders.h.
#include <sys/stat.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string_view>

#include "pki/orders.h"

namespace {

constexpr char kHelp[] =
    "Makes the certificates and kubeconfigs of a cluster, all of them in one run.\n\n"
    "Usage:\n  skiff-pki DIR <ORDERS\n\n"
    "Orders are lines on standard input, their words set apart by one tab each. Names are files below DIR.\n"
    "  authority NAME SUBJECT                 NAME.crt and NAME.key; signs what follows\n"
    "  account NAME                           NAME.key and NAME.pub, for the tokens of service accounts\n"
    "  certificate NAME SUBJECT NAMES USAGE   NAME.crt and NAME.key; NAMES and USAGE are lists by comma\n"
    "  kubeconfig FILE NAME SERVER GRPC       with authority and certificate NAME in it; GRPC may be empty\n\n"
    "A pair of key and certificate that is there is kept, a kubeconfig is written anew. Files have mode 0600.\n\n"
    "Examples:\n"
    "  printf 'authority\\tca\\t/CN=my-ca\\ncertificate\\tapiserver\\t/CN=kube-apiserver\\tDNS:localhost,IP:127.0.0.1\\tserverAuth\\n' |\n"
    "    skiff-pki pki\n";

}  // namespace

int main(int argc, char** argv) {
  const std::string_view word = argc == 2 ? argv[1] : "";
  if (word == "-h" || word == "--help") {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (word.empty() || word[0] == '-') {
    std::fprintf(stderr, "usage: skiff-pki DIR <ORDERS\nSee 'skiff-pki --help'.\n");
    return 2;
  }
  umask(0077);
  const std::string orders((std::istreambuf_iterator<char>(std::cin)), {});
  mkdir(argv[1], 0700);
  if (const absl::Status status = pki::CarryOut(argv[1], orders); !status.ok()) {
    std::fprintf(stderr, "skiff-pki: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
