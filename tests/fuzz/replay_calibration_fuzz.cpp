// replay_calibration_fuzz.cpp - calibration.json of a replayed folder.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "source/replay/replay_calibration.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed =
      lenswire::source::replay::parse_calibration({reinterpret_cast<const char*>(data), size});
  if (!parsed) {
    if (parsed.error().message.empty()) std::abort();
    return 0;
  }
  // What is accepted can be used: finite, and a camera one can divide by.
  for (const auto* stream : {&parsed->depth, &parsed->color}) {
    if (stream->unit_mm && !(*stream->unit_mm > 0 && *stream->unit_mm <= 1000)) std::abort();
    if (const auto& camera = stream->intrinsics) {
      if (camera->width == 0 || camera->height == 0) std::abort();
      if (!(camera->fx > 0) || !(camera->fy > 0) || !std::isfinite(camera->cx)) std::abort();
      for (const auto value : camera->distortion)
        if (!std::isfinite(value)) std::abort();
    }
    if (const auto& pose = stream->reference_from_stream)
      for (const auto value : pose->translation_m)
        if (!std::isfinite(value)) std::abort();
  }
  return 0;
}
