// stream_list.hpp - the option `streams` of sources that have several.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::source {

/// "depth,color" as a list of some of `known`, each once, in the order of the text.
/// Errors: InvalidArgument for an empty list, an unknown name or one that comes twice; the message
/// lists the known ones.
Result<std::vector<std::string>> parse_stream_list(std::string_view text,
                                                   std::span<const std::string_view> known);

}  // namespace lenswire::source
