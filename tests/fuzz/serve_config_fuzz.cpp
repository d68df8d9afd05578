// The configuration file of `lenswire serve`.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/serve_config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lenswire::ServerSettings settings;
  const auto read = lenswire::cli::parse_serve_config({reinterpret_cast<const char*>(data), size},
                                                      "serve.toml", settings);
  if (!read && !read.error().message.starts_with("serve.toml")) std::abort();
  return 0;
}
