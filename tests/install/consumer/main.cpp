// What a user of the library writes: public headers, a symbol from the library, a caught exception.
#include <cstdio>

#include <lenswire/frame.hpp>
#include <lenswire/result.hpp>
#include <lenswire/stream_profile.hpp>

#if __has_include(<lenswire/server.hpp>)
#include <lenswire/server.hpp>
#endif
#if __has_include(<lenswire/client.hpp>)
#include <lenswire/client.hpp>
#endif

int main() {
  if (lenswire::pixel_format_from_string("z16") != lenswire::PixelFormat::Z16) return 1;

  lenswire::StreamProfile profile;
  if (lenswire::calibration_version(profile) != 0) return 2;
  profile.kind = lenswire::StreamKind::Depth;
  profile.depth_unit_m = 0.001;
  profile.intrinsics = lenswire::Intrinsics{.width = 640, .height = 480, .fx = 600, .fy = 600};
  if (lenswire::calibration_version(profile) == 0) return 3;

  try {
    lenswire::unwrap(lenswire::Result<int>(
        lenswire::fail(lenswire::ErrorCode::NotFound, "no camera is plugged in")));
    return 4;
  } catch (const lenswire::Exception& error) {
    std::printf("%.*s: %s\n", static_cast<int>(lenswire::to_string(error.code()).size()),
                lenswire::to_string(error.code()).data(), error.what());
  }
}
