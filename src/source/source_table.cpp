#include "source/source_table.hpp"

#include <fmt/format.h>

namespace lenswire::source {

SourceTable::SourceTable() : kinds_(builtin_sources().begin(), builtin_sources().end()) {}

Result<std::unique_ptr<Source>> SourceTable::make(std::string_view uri,
                                                  const SourceContext& context) const {
  auto parsed = base::SourceUri::parse(uri);
  if (!parsed) return fail(std::move(parsed.error()));
  for (const auto& kind : kinds_)
    if (kind.scheme == parsed->scheme) return kind.make(std::move(*parsed), context);
  std::string known;
  for (const auto& kind : kinds_) {
    if (!known.empty()) known += ", ";
    known += kind.example;
  }
  return fail(ErrorCode::Unsupported,
              fmt::format("'{}': this build has no source kind '{}'; it has: {}", uri,
                          parsed->scheme, known));
}

}  // namespace lenswire::source
