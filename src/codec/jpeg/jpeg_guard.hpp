// jpeg_guard.hpp - the one place where libjpeg's longjmp lands.
#pragma once

#include <cstddef>
#include <cstdio>
// jpeglib.h needs the two above and does not say so.
#include <jerror.h>
#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <cstdint>

namespace lenswire::codec {

/// libjpeg's error manager: leaves by longjmp, keeps the message, counts the warnings.
struct JpegTrouble {
  jpeg_error_mgr base{};  // first, so that libjpeg's pointer is ours
  std::jmp_buf landing{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  std::uint64_t warnings = 0;
  bool data_missing = false;  ///< a warning said that part of the picture is not there

  jpeg_error_mgr* install() {
    jpeg_std_error(&base);
    base.error_exit = raise;
    base.emit_message = note;
    base.output_message = [](j_common_ptr) {};
    return &base;
  }

 private:
  static void raise(j_common_ptr jpeg) {
    auto* self = reinterpret_cast<JpegTrouble*>(jpeg->err);
    self->base.format_message(jpeg, self->message.data());
    std::longjmp(self->landing, 1);
  }

  static void note(j_common_ptr jpeg, int level) {
    if (level >= 0) return;
    auto* self = reinterpret_cast<JpegTrouble*>(jpeg->err);
    ++self->warnings;
    switch (self->base.msg_code) {
      case JWRN_HIT_MARKER:
      case JWRN_JPEG_EOF:
      case JWRN_HUFF_BAD_CODE:
      case JWRN_MUST_RESYNC:
        self->data_missing = true;
        break;
      default:
        break;
    }
  }
};

/// Runs step(context) and tells whether libjpeg let it finish. libjpeg leaves by longjmp, so
/// neither `step` nor anything it calls may hold an object with a destructor while libjpeg runs.
template <typename Context>
[[nodiscard]] bool jpeg_finished(JpegTrouble& trouble, void (*step)(Context&), Context& context) {
  if (setjmp(trouble.landing) != 0) return false;
  step(context);
  return true;
}

}  // namespace lenswire::codec
