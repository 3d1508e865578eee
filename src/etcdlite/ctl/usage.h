// Help texts.
#pragma once
#include <string>

namespace etcdlite::ctl {

std::string Usage();
std::string GroupUsage(const std::string& group);

}  // namespace etcdlite::ctl
