#include "source/stream_list.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lenswire::source {

Result<std::vector<std::string>> parse_stream_list(std::string_view text,
                                                   std::span<const std::string_view> known) {
  std::vector<std::string> out;
  auto rest = text;
  while (true) {
    const auto comma = rest.find(',');
    const auto name = rest.substr(0, comma);
    if (std::find(known.begin(), known.end(), name) == known.end() ||
        std::find(out.begin(), out.end(), name) != out.end())
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("option streams={}: expected some of {}, each once, with commas "
                              "between",
                              text, fmt::join(known, ", ")));
    out.emplace_back(name);
    if (comma == std::string_view::npos) return out;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace lenswire::source
