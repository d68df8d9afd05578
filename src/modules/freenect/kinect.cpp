#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "modules/freenect/freenect_source.hpp"
#include "source/control_bank.hpp"

// Not in every version of the library, nor in the one that plays recordings.
#pragma weak freenect_list_device_attributes
#pragma weak freenect_free_device_attributes
#pragma weak freenect_set_flag
#pragma weak freenect_get_ir_brightness
#pragma weak freenect_set_ir_brightness

namespace lenswire::freenect {
namespace {

constexpr int kMaxTiltDegrees = 30;
constexpr int kMaxIrBrightness = 50;

struct CloseContext {
  void operator()(freenect_context* context) const noexcept { ::freenect_shutdown(context); }
};
using Context = std::unique_ptr<freenect_context, CloseContext>;

Result<Context> make_context() {
  freenect_context* context = nullptr;
  if (::freenect_init(&context, nullptr) != 0)
    return fail(ErrorCode::Busy, "libfreenect does not start: no access to USB?");
  ::freenect_set_log_level(context, FREENECT_LOG_ERROR);
  ::freenect_select_subdevices(
      context, static_cast<freenect_device_flags>(FREENECT_DEVICE_CAMERA | FREENECT_DEVICE_MOTOR));
  return Context(context);
}

std::vector<std::string> serials(freenect_context* context) {
  std::vector<std::string> out;
  if (::freenect_list_device_attributes != nullptr) {
    freenect_device_attributes* first = nullptr;
    if (::freenect_list_device_attributes(context, &first) >= 0)
      for (const auto* one = first; one != nullptr; one = one->next)
        out.emplace_back(one->camera_serial != nullptr ? one->camera_serial : "");
    if (first != nullptr) ::freenect_free_device_attributes(first);
    return out;
  }
  out.resize(static_cast<std::size_t>(std::max(0, ::freenect_num_devices(context))));
  return out;
}

Control make(const char* name, const char* label, ControlType type, ControlValue value, double low,
             double high) {
  Control control;
  control.name = name;
  control.label = label;
  control.type = type;
  control.value = value;
  control.default_value = value;
  control.minimum = low;
  control.maximum = high;
  control.step = 1;
  return control;
}

}  // namespace

Result<std::vector<std::string>> list_kinects() {
  const auto context = make_context();
  if (!context) return fail(context.error());
  return serials(context->get());
}

Result<std::unique_ptr<Kinect>> Kinect::open(const std::string& serial) {
  auto context = make_context();
  if (!context) return fail(context.error());
  const auto present = serials(context->get());
  if (present.empty())
    return fail(ErrorCode::NotFound,
                "libfreenect sees no Kinect; plug one in, with its own power supply, and see that "
                "its udev rules are installed");
  freenect_device* device = nullptr;
  const int status = serial.empty() ? ::freenect_open_device(context->get(), &device, 0)
                                    : ::freenect_open_device_by_camera_serial(
                                          context->get(), &device, serial.c_str());
  if (status < 0) {
    if (!serial.empty() && std::find(present.begin(), present.end(), serial) == present.end())
      return fail(ErrorCode::NotFound,
                  fmt::format("no Kinect has the serial number {}; there is: {}", serial,
                              fmt::join(present, ", ")));
    return fail(ErrorCode::Busy,
                fmt::format("the Kinect does not open (libfreenect says {}); does another program "
                            "or the kernel's gspca_kinect have it?",
                            status));
  }
  std::unique_ptr<Kinect> kinect(new Kinect);
  kinect->context_ = context->release();
  kinect->device_ = device;
  return kinect;
}

Kinect::~Kinect() {
  if (device_ != nullptr) ::freenect_close_device(device_);
  if (context_ != nullptr) ::freenect_shutdown(context_);
}

std::vector<Control> Kinect::controls() {
  std::vector<Control> out;
  ::freenect_update_tilt_state(device_);
  if (auto* state = ::freenect_get_tilt_state(device_); state != nullptr) {
    const double degrees = ::freenect_get_tilt_degs(state);
    out.push_back(make("tilt_angle", "Tilt in degrees", ControlType::Integer,
                       static_cast<std::int64_t>(std::lround(
                           std::clamp(degrees, -double{kMaxTiltDegrees}, double{kMaxTiltDegrees}))),
                       -kMaxTiltDegrees, kMaxTiltDegrees));
    out.back().default_value = std::int64_t{0};
    auto status = make("tilt_status", "What the motor does", ControlType::Menu,
                       static_cast<std::int64_t>(::freenect_get_tilt_status(state)), 0, 4);
    status.menu = {{TILT_STATUS_STOPPED, "stopped"},
                   {TILT_STATUS_LIMIT, "at its limit"},
                   {TILT_STATUS_MOVING, "moving"}};
    status.read_only = status.volatile_value = true;
    out.push_back(std::move(status));
  }
  auto led = make("led", "LED", ControlType::Menu, led_, 0, LED_BLINK_RED_YELLOW);
  led.default_value = std::int64_t{LED_GREEN};
  led.menu = {{LED_OFF, "off"},
              {LED_GREEN, "green"},
              {LED_RED, "red"},
              {LED_YELLOW, "yellow"},
              {LED_BLINK_GREEN, "blinking green"},
              {LED_BLINK_RED_YELLOW, "blinking red and yellow"}};
  out.push_back(std::move(led));
  if (::freenect_set_flag != nullptr) {
    out.push_back(
        make("auto_exposure", "Auto Exposure", ControlType::Boolean, auto_exposure_, 0, 1));
    out.push_back(make("auto_white_balance", "Auto White Balance", ControlType::Boolean,
                       auto_white_balance_, 0, 1));
  }
  if (::freenect_get_ir_brightness != nullptr && ::freenect_set_ir_brightness != nullptr)
    if (const int brightness = ::freenect_get_ir_brightness(device_); brightness > 0)
      out.push_back(make("infrared_brightness", "Infrared Brightness", ControlType::Integer,
                         std::int64_t{brightness}, 1, kMaxIrBrightness));
  return out;
}

Result<void> Kinect::apply(const Control& control) {
  const auto* whole = std::get_if<std::int64_t>(&control.value);
  const auto* truth = std::get_if<bool>(&control.value);
  const int value = static_cast<int>(whole != nullptr ? *whole : truth != nullptr && *truth);
  const auto on = value != 0 ? FREENECT_ON : FREENECT_OFF;
  int status = -1;
  if (control.name == "tilt_angle") {
    status = ::freenect_set_tilt_degs(device_, value);
  } else if (control.name == "led") {
    status = ::freenect_set_led(device_, static_cast<freenect_led_options>(value));
    if (status >= 0) led_ = value;
  } else if (control.name == "auto_exposure") {
    status = ::freenect_set_flag(device_, FREENECT_AUTO_EXPOSURE, on);
    if (status >= 0) auto_exposure_ = value != 0;
  } else if (control.name == "auto_white_balance") {
    status = ::freenect_set_flag(device_, FREENECT_AUTO_WHITE_BALANCE, on);
    if (status >= 0) auto_white_balance_ = value != 0;
  } else if (control.name == "infrared_brightness") {
    status = ::freenect_set_ir_brightness(device_, static_cast<std::uint16_t>(value));
  }
  if (status >= 0) return {};
  return fail(ErrorCode::Busy,
              fmt::format("the Kinect refuses {} (libfreenect says {})", control.name, status));
}

Result<std::vector<Control>> Kinect::set(const ControlSettings& settings) {
  source::ControlBank bank(controls());
  const auto accepted = bank.set(settings);
  if (!accepted) return fail(accepted.error());
  for (const auto& control : *accepted)
    if (const auto applied = apply(control); !applied) return fail(applied.error());
  // The motor takes a while: its angle is read back as it is now.
  std::vector<Control> out;
  for (auto& now : controls())
    if (std::any_of(accepted->begin(), accepted->end(),
                    [&](const auto& control) { return control.name == now.name; }))
      out.push_back(std::move(now));
  return out;
}

}  // namespace lenswire::freenect
