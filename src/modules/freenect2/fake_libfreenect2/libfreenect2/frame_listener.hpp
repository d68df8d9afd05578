// The part of libfreenect2's interface that the module uses, declared anew for the tests' own
// libfreenect2. Where the real headers are installed, the module is built against those.
#pragma once

#include <cstddef>
#include <cstdint>

namespace libfreenect2 {

class Frame {
 public:
  enum Type { Color = 1, Ir = 2, Depth = 4 };
  enum Format { Invalid = 0, Raw = 1, Float = 2, BGRX = 4, RGBX = 5, Gray = 6 };

  Frame(std::size_t frame_width, std::size_t frame_height, std::size_t pixel_bytes,
        unsigned char* pixels = nullptr);
  virtual ~Frame();

  std::size_t width;
  std::size_t height;
  std::size_t bytes_per_pixel;
  unsigned char* data;
  std::uint32_t timestamp;  // about 0.1 ms
  std::uint32_t sequence;
  float exposure;
  float gain;
  float gamma;
  std::uint32_t status;  // 0: good
  Format format;

 private:
  unsigned char* owned_;
};

class FrameListener {
 public:
  virtual ~FrameListener();
  // True where the listener keeps the frame and will delete it.
  virtual bool onNewFrame(Frame::Type type, Frame* frame) = 0;
};

}  // namespace libfreenect2
