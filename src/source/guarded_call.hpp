// guarded_call.hpp - keeps exceptions of a Source away from the threads of the runner.
#pragma once

#include <fmt/format.h>

#include <exception>

#include <lenswire/result.hpp>

namespace lenswire::source {

/// Calls what a Source implements; an exception that escapes it becomes an error.
template <typename Call>
auto guarded(Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& error) {
    return fail(ErrorCode::Busy, fmt::format("the source threw an exception: {}", error.what()));
  } catch (...) {
    return fail(ErrorCode::Busy, "the source threw an unknown exception");
  }
}

}  // namespace lenswire::source
