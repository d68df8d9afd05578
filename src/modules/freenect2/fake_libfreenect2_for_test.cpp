// A libfreenect2 for tests. FAKE_FREENECT2 lists the serial numbers of what is plugged in.
#include <libfreenect2/logger.h>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <libfreenect2/libfreenect2.hpp>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

namespace libfreenect2 {
namespace {

std::vector<std::string> plugged() {
  const char* list = std::getenv("FAKE_FREENECT2");
  std::istringstream in(list != nullptr ? list : "");
  return {std::istream_iterator<std::string>(in), {}};
}

// Pixel i of frame n: depth i / 100 + n mm, with the corners of what floats can be in front.
void fill(Frame& frame, std::uint32_t number) {
  const auto pixels = frame.width * frame.height;
  for (std::size_t i = 0; i < pixels; ++i) {
    float value = static_cast<float>(i) / 100 + static_cast<float>(number);
    if (i == 0) value = std::numeric_limits<float>::quiet_NaN();
    if (i == 1) value = -1;
    if (i == 2) value = std::numeric_limits<float>::infinity();
    if (i == 3) value = 65535;
    std::memcpy(frame.data + i * 4, &value, 4);
  }
}

class FakeDevice final : public Freenect2Device {
 public:
  explicit FakeDevice(std::string serial) : serial_(std::move(serial)) {}
  ~FakeDevice() override { stop(); }

  std::string getSerialNumber() override { return serial_; }
  std::string getFirmwareVersion() override { return "4.0"; }
  ColorCameraParams getColorCameraParams() override {
    // As on the real camera: nothing before it runs.
    if (!thread_.joinable()) return {};
    return {1081.5F, 1081.5F, 959.5F, 539.5F};
  }
  IrCameraParams getIrCameraParams() override {
    if (!thread_.joinable()) return {};
    return {365.5F, 365.25F, 256.5F, 207.25F, 0.0625F, -0.25F, 0.125F, 0.5F, 0.75F};
  }
  void setColorFrameListener(FrameListener* listener) override { color_ = listener; }
  void setIrAndDepthFrameListener(FrameListener* listener) override { depth_ = listener; }
  bool startStreams(bool rgb, bool depth) override {
    stop_ = false;
    thread_ = std::thread([this, rgb, depth] { play(rgb, depth); });
    return true;
  }
  bool stop() override {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return true;
  }
  bool close() override { return true; }

 private:
  void play(bool rgb, bool depth) {
    for (std::uint32_t number = 0; !stop_; ++number) {
      // Of eight, number 5 is lost and 7 is damaged: a slow reader meets one sooner or later.
      if (number % 8 == 5) continue;
      for (const auto type : {Frame::Depth, Frame::Ir}) {
        Frame frame(512, 424, 4);
        frame.format = Frame::Float;
        frame.sequence = number;
        frame.timestamp = 0xFFFFFFF0U + number * 333;
        frame.status = number % 8 == 7 ? 1 : 0;
        fill(frame, number);
        if (depth) depth_->onNewFrame(type, &frame);
      }
      Frame frame(1920, 1080, 4);
      frame.format = number % 2 == 0 ? Frame::BGRX : Frame::RGBX;
      frame.sequence = number;
      frame.exposure = 16.5F;
      const unsigned char blue_first[4] = {10, 20, 30, 255};
      const unsigned char red_first[4] = {30, 20, 10, 255};
      for (std::size_t i = 0; i < 1920 * 1080; ++i)
        std::memcpy(frame.data + i * 4, number % 2 == 0 ? blue_first : red_first, 4);
      if (rgb) color_->onNewFrame(Frame::Color, &frame);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  const std::string serial_;
  FrameListener* color_ = nullptr;
  FrameListener* depth_ = nullptr;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

Frame::Frame(std::size_t frame_width, std::size_t frame_height, std::size_t pixel_bytes,
             unsigned char* pixels)
    : width(frame_width),
      height(frame_height),
      bytes_per_pixel(pixel_bytes),
      data(pixels),
      timestamp(0),
      sequence(0),
      exposure(0),
      gain(0),
      gamma(0),
      status(0),
      format(Invalid),
      owned_(pixels == nullptr ? new unsigned char[width * height * bytes_per_pixel] : nullptr) {
  if (owned_ != nullptr) data = owned_;
}
Frame::~Frame() { delete[] owned_; }
FrameListener::~FrameListener() = default;
Freenect2Device::~Freenect2Device() = default;
Freenect2::Freenect2(void*) {}
Freenect2::~Freenect2() = default;
int Freenect2::enumerateDevices() { return static_cast<int>(plugged().size()); }
std::string Freenect2::getDeviceSerialNumber(int index) {
  return plugged().at(static_cast<std::size_t>(index));
}
Freenect2Device* Freenect2::openDevice(const std::string& serial) {
  return serial == "busy" ? nullptr : new FakeDevice(serial);
}
void setGlobalLogger(Logger*) {}

}  // namespace libfreenect2
