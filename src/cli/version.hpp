// version.hpp - what this build is and can do.
#pragma once

#include <string>
#include <vector>

namespace lenswire::cli {

struct BuildInfo {
  std::string version;
  std::string build_type;
  std::string compiler;
  int protocol_version = 0;
  std::vector<std::string> codecs;
  std::vector<std::string> sources;
};

[[nodiscard]] BuildInfo build_info();

}  // namespace lenswire::cli
