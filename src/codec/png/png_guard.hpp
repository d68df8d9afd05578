// png_guard.hpp - the one place where libpng's longjmp lands.
#pragma once

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstdio>

namespace lenswire::codec {

/// What libpng said when it gave up.
struct PngTrouble {
  std::array<char, 120> message{};

  static void raise(png_structp png, png_const_charp text) {
    auto* trouble = static_cast<PngTrouble*>(png_get_error_ptr(png));
    std::snprintf(trouble->message.data(), trouble->message.size(), "%s", text);
    png_longjmp(png, 1);
  }
  static void ignore(png_structp /*png*/, png_const_charp /*text*/) {}
};

/// Runs step(context) and tells whether libpng let it finish. libpng leaves by longjmp, so neither
/// `step` nor anything it calls may hold an object with a destructor while libpng runs.
template <typename Context>
[[nodiscard]] bool png_finished(png_structp png, void (*step)(Context&), Context& context) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  step(context);
  return true;
}

}  // namespace lenswire::codec
