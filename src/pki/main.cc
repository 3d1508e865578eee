// skiff-pki DIR <ORDERS: see orders.h.
#include <sys/stat.h>

#include <cstdio>
#include <iostream>
#include <iterator>

#include "pki/orders.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: skiff-pki DIR <ORDERS\n");
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
