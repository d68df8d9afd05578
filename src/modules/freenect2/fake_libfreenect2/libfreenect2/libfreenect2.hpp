// See frame_listener.hpp.
#pragma once

#include <string>

#include <libfreenect2/frame_listener.hpp>

namespace libfreenect2 {

class Freenect2Device {
 public:
  struct ColorCameraParams {
    float fx, fy, cx, cy;
  };
  struct IrCameraParams {
    float fx, fy, cx, cy, k1, k2, k3, p1, p2;
  };

  virtual ~Freenect2Device();
  virtual std::string getSerialNumber() = 0;
  virtual std::string getFirmwareVersion() = 0;
  virtual ColorCameraParams getColorCameraParams() = 0;
  virtual IrCameraParams getIrCameraParams() = 0;
  virtual void setColorFrameListener(FrameListener* listener) = 0;
  virtual void setIrAndDepthFrameListener(FrameListener* listener) = 0;
  virtual bool startStreams(bool rgb, bool depth) = 0;
  virtual bool stop() = 0;
  virtual bool close() = 0;
};

class Freenect2 {
 public:
  explicit Freenect2(void* usb_context = nullptr);
  virtual ~Freenect2();
  int enumerateDevices();
  std::string getDeviceSerialNumber(int index);
  // Null where it does not open.
  Freenect2Device* openDevice(const std::string& serial);
};

}  // namespace libfreenect2
