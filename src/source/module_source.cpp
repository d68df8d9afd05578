#include "source/module_source.hpp"

#include <fmt/format.h>

#include "base/module.hpp"
#include "source/source_module.hpp"

namespace lenswire::source {
namespace {

Result<const SourceKind*> kind_in_module(std::string_view scheme) {
  const auto module = base::load_module<SourceModule>(scheme);
  if (!module) return fail(module.error());
  for (const auto& kind : (*module)->kinds())
    if (kind.scheme == scheme) return &kind;
  return fail(ErrorCode::Unsupported, fmt::format("module {} has no sources of that name", scheme));
}

}  // namespace

Result<std::unique_ptr<Source>> make_module_source(base::SourceUri uri,
                                                   const SourceContext& context) {
  const auto kind = kind_in_module(uri.scheme);
  if (!kind) return fail(kind.error().code, fmt::format("{}: {}", uri.text, kind.error().message));
  return (*kind)->make(std::move(uri), context);
}

std::vector<FoundSource> find_module_sources(std::string_view scheme) {
  const auto kind = kind_in_module(scheme);
  if (!kind || (*kind)->find == nullptr) return {};
  return (*kind)->find();
}

}  // namespace lenswire::source
