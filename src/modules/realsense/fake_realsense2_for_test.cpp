// A librealsense2 for tests: exports the C functions that the module uses, with cameras that do
// what files in the folder FAKE_REALSENSE_DIR say, so that a test can steer it from anywhere:
//
//   cameras       one line per camera that is plugged in: its serial number
//   depth.z16     640x480 pictures that the depth stream plays in turn; else a pattern
//   api_version   the number that rs2_get_api_version() gives, instead of 25605
//   fail_open     opening a sensor fails with this exception type and text: "2 bandwidth"
//   clock         the domain of the stamps: 0, 1 or 2 (default)
//   stalled       while it exists, no frames come
//   stuck         while it exists, rs2_stop() does not return
//
// Every object it gave is counted until it is given back: fake_rs2_live_objects().
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "modules/realsense/rs2_api.hpp"

#define FAKE_API extern "C" __attribute__((visibility("default")))

using lenswire::realsense::Rs2Extrinsics;
using lenswire::realsense::Rs2Intrinsics;
namespace rs = lenswire::realsense;

namespace {

std::atomic<int> live_objects{0};

struct Counted {
  Counted() { ++live_objects; }
  Counted(const Counted&) { ++live_objects; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --live_objects; }
};

std::filesystem::path folder() {
  const char* name = std::getenv("FAKE_REALSENSE_DIR");
  return name == nullptr ? "/nonexistent" : name;
}
bool flag(const char* name) {
  std::error_code error;
  return std::filesystem::exists(folder() / name, error);
}
std::string text_of(const char* name) {
  std::ifstream in(folder() / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::vector<std::string> plugged() {
  std::istringstream in(text_of("cameras"));
  return {std::istream_iterator<std::string>(in), {}};
}

constexpr auto kTick = std::chrono::milliseconds(2);
constexpr int kWidth = 640;
constexpr int kPlaybackFrames = 5;

struct Failure : std::runtime_error {
  Failure(int kind, const std::string& what) : std::runtime_error(what), type(kind) {}
  int type;
};

}  // namespace

struct rs2_error : Counted {
  std::string message;
  std::string function;
  int type = 0;
};

struct rs2_stream_profile {
  int stream = 0, format = 0, index = 0, unique_id = 0, rate = 0, width = 0, height = 0;
  int stride = 0, bytes_per_pixel = 0;
};

namespace {

rs2_stream_profile video(int stream, int format, int index, int w, int h, int rate, int bytes) {
  // Rows of infrared are padded, as some backends have them.
  const int stride = w * bytes + (stream == 3 ? 32 : 0);
  return {stream, format, index, stream * 10 + index, rate, w, h, stride, bytes};
}
rs2_stream_profile motion(int stream, int rate) {
  return {stream, 16, 0, stream * 10, rate, 1, 1, 12, 12};
}

const std::vector<std::vector<rs2_stream_profile>>& sensors_of_a_camera() {
  static const std::vector<std::vector<rs2_stream_profile>> all = {
      {video(1, 1, 0, 1280, 720, 30, 2), video(1, 1, 0, 640, 480, 90, 2),
       video(1, 1, 0, 640, 480, 30, 2), video(3, 9, 1, 640, 480, 30, 1),
       video(3, 9, 2, 640, 480, 30, 1), video(3, 16, 1, 640, 480, 30, 1)},
      {video(2, 4, 0, 640, 480, 30, 2), video(2, 5, 0, 640, 480, 30, 3),
       video(2, 5, 0, 1920, 1080, 30, 3), video(2, 23, 0, 640, 480, 30, 1)},
      {motion(5, 200), motion(5, 400), motion(6, 100), motion(6, 200)}};
  return all;
}

struct FakeOption {
  const char* name;
  float low, high, step, standard;
  bool read_only;
  std::vector<const char*> items;
};

const std::vector<std::map<int, FakeOption>>& options_of_a_camera() {
  static const std::vector<std::map<int, FakeOption>> all = {
      {{3, {"Exposure", 1, 165000, 1, 8500, false, {}}},
       {10, {"Enable Auto Exposure", 0, 1, 1, 1, false, {}}},
       {13, {"Laser Power", 0, 360, 30, 150, false, {}}},
       {12, {"Visual Preset", 0, 2, 1, 0, false, {"Custom", "Default", "High Accuracy"}}},
       {26, {"ASIC Temperature", -40, 125, 0, 0, true, {}}},
       {28, {"Depth Units", 0.0001F, 0.01F, 0.000001F, 0.001F, false, {}}}},
      {{3, {"Exposure", 1, 10000, 1, 156, false, {}}}, {2, {"Contrast", 0, 100, 1, 50, false, {}}}},
      {}};
  return all;
}

// What a camera keeps while it is plugged in, however often it is opened.
struct State {
  std::mutex mutex;
  std::map<std::pair<std::string, std::size_t>, std::map<int, float>> options;
};
State& state() {
  static State one;
  return one;
}
float& option_value(const std::string& serial, std::size_t sensor, int option) {
  auto& values = state().options[{serial, sensor}];
  const auto known = values.find(option);
  if (known != values.end()) return known->second;
  return values[option] = options_of_a_camera()[sensor].at(option).standard;
}

}  // namespace

struct rs2_frame : Counted {
  rs2_stream_profile profile;
  std::vector<std::byte> data;
  unsigned long long number = 0;
  double time_ms = 0;
  int domain = 2;
  std::map<int, long long> metadata;
};

struct rs2_frame_queue : Counted {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::unique_ptr<rs2_frame>> frames;
  std::size_t capacity = 1;
};

struct rs2_device : Counted {
  std::string serial;
  bool playback = false;
  std::shared_ptr<std::atomic<int>> playing = std::make_shared<std::atomic<int>>(0);
};
struct rs2_device_list : Counted {
  std::vector<std::string> serials;
};
struct rs2_sensor_list : Counted {
  const rs2_device* device = nullptr;
};
struct rs2_stream_profile_list : Counted {
  std::vector<rs2_stream_profile> profiles;
};
struct rs2_options_list : Counted {
  std::vector<int> options;
};

struct rs2_sensor : Counted {
  std::string serial;
  std::size_t index = 0;
  bool playback = false;
  std::shared_ptr<std::atomic<int>> playing;
  std::vector<rs2_stream_profile> opened;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;

  void produce(rs2_stream_profile profile, rs2_frame_queue* queue);
  std::unique_ptr<rs2_frame> make_frame(const rs2_stream_profile& profile,
                                        unsigned long long number);
};

struct rs2_context : Counted {
  std::mutex mutex;
  rs::DevicesChanged callback = nullptr;
  void* user = nullptr;
  std::vector<std::string> seen;
  std::atomic<bool> stop{false};
  std::thread watcher;

  void watch() {
    while (!stop) {
      const auto now = plugged();
      if (now != seen) {
        auto removed = std::make_unique<rs2_device_list>();
        auto added = std::make_unique<rs2_device_list>();
        for (const auto& s : seen)
          if (std::find(now.begin(), now.end(), s) == now.end()) removed->serials.push_back(s);
        for (const auto& s : now)
          if (std::find(seen.begin(), seen.end(), s) == seen.end()) added->serials.push_back(s);
        seen = now;
        callback(removed.release(), added.release(), user);
      }
      std::this_thread::sleep_for(kTick);
    }
  }
};

namespace {

std::vector<std::byte> depth_picture(const rs2_stream_profile& profile, unsigned long long number) {
  const auto pixels =
      static_cast<std::size_t>(profile.width) * static_cast<std::size_t>(profile.height);
  std::vector<std::byte> out(pixels * 2);
  const auto recorded = profile.width == kWidth ? text_of("depth.z16") : std::string();
  const auto pictures = recorded.size() / out.size();
  if (pictures > 0) {
    std::memcpy(out.data(), recorded.data() + number % pictures * out.size(), out.size());
    return out;
  }
  for (std::size_t i = 0; i < pixels; ++i) {
    const auto value = static_cast<std::uint16_t>(i * 7 + number);
    std::memcpy(out.data() + i * 2, &value, 2);
  }
  return out;
}

}  // namespace

std::unique_ptr<rs2_frame> rs2_sensor::make_frame(const rs2_stream_profile& profile,
                                                  unsigned long long number) {
  auto frame = std::make_unique<rs2_frame>();
  frame->profile = profile;
  frame->number = number;
  if (profile.stream == 1) {
    frame->data = depth_picture(profile, number);
  } else if (profile.format == 16) {
    const float xyz[3] = {0.5F, -9.81F, static_cast<float>(number)};
    frame->data.resize(sizeof xyz);
    std::memcpy(frame->data.data(), xyz, sizeof xyz);
  } else {
    const auto size =
        static_cast<std::size_t>(profile.stride) * static_cast<std::size_t>(profile.height);
    frame->data.resize(size);
    for (std::size_t i = 0; i < size; ++i)
      frame->data[i] = static_cast<std::byte>((i + number) & 0xFF);
  }
  const auto clock = text_of("clock");
  frame->domain = clock.empty() ? 2 : std::atoi(clock.c_str());
  const auto utc_us = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  // The camera's clock began when it was plugged in.
  const auto device_us = utc_us - 1'700'000'000'000'000;
  frame->time_ms = static_cast<double>(frame->domain == 0 ? device_us : utc_us) / 1000;
  if (profile.format != 16) {
    frame->metadata = {{1, device_us}, {2, device_us - 6000}, {3, 8500}, {4, 16}};
    if (profile.stream == 1) frame->metadata.insert({{11, 150}, {29, 1}});
  }
  return frame;
}

void rs2_sensor::produce(rs2_stream_profile profile, rs2_frame_queue* queue) {
  const auto gone = [&] {
    const auto there = plugged();
    return !playback && std::find(there.begin(), there.end(), serial) == there.end();
  };
  auto next = std::chrono::steady_clock::now();
  unsigned long long number = 0;
  while (!stop) {
    if (!flag("stalled") && !gone() && std::chrono::steady_clock::now() >= next) {
      next = std::chrono::steady_clock::now() + std::chrono::microseconds(1'000'000 / profile.rate);
      auto frame = make_frame(profile, number++);
      std::lock_guard lock(queue->mutex);
      queue->frames.push_back(std::move(frame));
      if (queue->frames.size() > queue->capacity) queue->frames.pop_front();
      queue->changed.notify_all();
    }
    if (playback && number == kPlaybackFrames) break;
    std::this_thread::sleep_for(kTick);
  }
  if (playback) --*playing;
}

namespace {

// Runs the body of a function; what it throws becomes the error.
template <typename Body>
auto guard(const char* function, rs2_error** error, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Failure& failure) {
    auto* out = new rs2_error;
    out->message = failure.what();
    out->type = failure.type;
    out->function = function;
    *error = out;
  } catch (const std::exception& exception) {
    auto* out = new rs2_error;
    out->message = exception.what();
    out->function = function;
    *error = out;
  }
  return decltype(body())();
}

const rs2_sensor& sensor_of(const rs2_options* options) {
  return *reinterpret_cast<const rs2_sensor*>(options);
}
const FakeOption& option_of(const rs2_options* options, int option) {
  const auto& all = options_of_a_camera()[sensor_of(options).index];
  const auto found = all.find(option);
  if (found == all.end()) throw Failure(3, "object doesn't support that option");
  return found->second;
}
void require_plugged(const std::string& serial) {
  const auto there = plugged();
  if (std::find(there.begin(), there.end(), serial) == there.end())
    throw Failure(1, "device " + serial + " is disconnected");
}

}  // namespace

FAKE_API int fake_rs2_live_objects() { return live_objects; }

FAKE_API const char* rs2_get_error_message(const rs2_error* e) { return e->message.c_str(); }
FAKE_API const char* rs2_get_failed_function(const rs2_error* e) { return e->function.c_str(); }
FAKE_API int rs2_get_librealsense_exception_type(const rs2_error* e) { return e->type; }
FAKE_API void rs2_free_error(rs2_error* e) { delete e; }

FAKE_API int rs2_get_api_version(rs2_error**) {
  const auto text = text_of("api_version");
  return text.empty() ? 25605 : std::atoi(text.c_str());
}
FAKE_API rs2_context* rs2_create_context(int version, rs2_error** error) {
  return guard("rs2_create_context", error, [&]() -> rs2_context* {
    const int own = rs2_get_api_version(nullptr);
    if (version / 100 != own / 100)
      throw Failure(3, "API version mismatch: library " + std::to_string(own) + ", program " +
                           std::to_string(version));
    return new rs2_context;
  });
}
FAKE_API void rs2_delete_context(rs2_context* c) {
  c->stop = true;
  if (c->watcher.joinable()) c->watcher.join();
  delete c;
}
FAKE_API void rs2_set_devices_changed_callback(const rs2_context* context, rs::DevicesChanged f,
                                               void* user, rs2_error**) {
  auto* c = const_cast<rs2_context*>(context);
  c->callback = f;
  c->user = user;
  c->seen = plugged();
  c->watcher = std::thread([c] { c->watch(); });
}
FAKE_API rs2_device* rs2_context_add_device(rs2_context*, const char* file, rs2_error** error) {
  return guard("rs2_context_add_device", error, [&]() -> rs2_device* {
    std::ifstream in(file, std::ios::binary);
    std::string magic(7, ' ');
    if (!in.read(magic.data(), 7) || magic != "#ROSBAG")
      throw Failure(0, std::string("Failed to open ") + file + ": not a bag");
    auto* device = new rs2_device;
    device->serial = "recorded";
    device->playback = true;
    return device;
  });
}
FAKE_API void rs2_context_remove_device(rs2_context*, const char*, rs2_error**) {}

FAKE_API rs2_device_list* rs2_query_devices(const rs2_context*, rs2_error**) {
  auto* list = new rs2_device_list;
  list->serials = plugged();
  return list;
}
FAKE_API int rs2_get_device_count(const rs2_device_list* list, rs2_error**) {
  return static_cast<int>(list->serials.size());
}
FAKE_API rs2_device* rs2_create_device(const rs2_device_list* list, int index, rs2_error** error) {
  return guard("rs2_create_device", error, [&]() -> rs2_device* {
    const auto& serial = list->serials.at(static_cast<std::size_t>(index));
    require_plugged(serial);
    auto* device = new rs2_device;
    device->serial = serial;
    return device;
  });
}
FAKE_API int rs2_device_list_contains(const rs2_device_list* list, const rs2_device* device,
                                      rs2_error**) {
  return std::find(list->serials.begin(), list->serials.end(), device->serial) !=
                 list->serials.end()
             ? 1
             : 0;
}
FAKE_API void rs2_delete_device_list(rs2_device_list* list) { delete list; }
FAKE_API void rs2_delete_device(rs2_device* device) { delete device; }
FAKE_API int rs2_supports_device_info(const rs2_device*, int info, rs2_error**) {
  return info <= 4 || info == 9 ? 1 : 0;
}
FAKE_API const char* rs2_get_device_info(const rs2_device* device, int info, rs2_error** error) {
  return guard("rs2_get_device_info", error, [&]() -> const char* {
    switch (info) {
      case 0:
        return "Intel RealSense D435I";
      case 1:
        return device->serial.c_str();
      case 2:
        return "5.15.1";
      case 4:
        return "/sys/devices/fake/2-1";
      case 9:
        return "3.2";
      default:
        throw Failure(3, "info not supported");
    }
  });
}
FAKE_API int rs2_playback_device_get_current_status(const rs2_device* device, rs2_error**) {
  return *device->playing > 0 ? 1 : 3;
}

FAKE_API rs2_sensor_list* rs2_query_sensors(const rs2_device* device, rs2_error**) {
  auto* list = new rs2_sensor_list;
  list->device = device;
  return list;
}
FAKE_API int rs2_get_sensors_count(const rs2_sensor_list* list, rs2_error**) {
  return list->device->playback ? 1 : static_cast<int>(sensors_of_a_camera().size());
}
FAKE_API rs2_sensor* rs2_create_sensor(const rs2_sensor_list* list, int index, rs2_error**) {
  auto* sensor = new rs2_sensor;
  sensor->serial = list->device->serial;
  sensor->playback = list->device->playback;
  sensor->playing = list->device->playing;
  sensor->index = static_cast<std::size_t>(index);
  return sensor;
}
FAKE_API void rs2_delete_sensor_list(rs2_sensor_list* list) { delete list; }
FAKE_API void rs2_delete_sensor(rs2_sensor* sensor) { delete sensor; }
FAKE_API float rs2_get_depth_scale(rs2_sensor* sensor, rs2_error** error) {
  return guard("rs2_get_depth_scale", error, [&] {
    if (sensor->index != 0) throw Failure(3, "object does not support depth");
    std::lock_guard lock(state().mutex);
    return option_value(sensor->serial, 0, 28);
  });
}

FAKE_API rs2_stream_profile_list* rs2_get_stream_profiles(rs2_sensor* sensor, rs2_error**) {
  auto* list = new rs2_stream_profile_list;
  list->profiles = sensors_of_a_camera()[sensor->index];
  return list;
}
FAKE_API int rs2_get_stream_profiles_count(const rs2_stream_profile_list* list, rs2_error**) {
  return static_cast<int>(list->profiles.size());
}
FAKE_API const rs2_stream_profile* rs2_get_stream_profile(const rs2_stream_profile_list* list,
                                                          int index, rs2_error**) {
  return &list->profiles.at(static_cast<std::size_t>(index));
}
FAKE_API void rs2_delete_stream_profiles_list(rs2_stream_profile_list* list) { delete list; }
FAKE_API void rs2_get_stream_profile_data(const rs2_stream_profile* p, int* stream, int* format,
                                          int* index, int* unique_id, int* rate, rs2_error**) {
  *stream = p->stream;
  *format = p->format;
  *index = p->index;
  *unique_id = p->unique_id;
  *rate = p->rate;
}
FAKE_API void rs2_get_video_stream_resolution(const rs2_stream_profile* p, int* w, int* h,
                                              rs2_error** error) {
  guard("rs2_get_video_stream_resolution", error, [&] {
    if (p->format == 16) throw Failure(3, "not a video profile");
    *w = p->width;
    *h = p->height;
  });
}
FAKE_API void rs2_get_video_stream_intrinsics(const rs2_stream_profile* p, Rs2Intrinsics* out,
                                              rs2_error**) {
  *out = {p->width, p->height, 319.5F, 240.25F, 385.5F, 385.25F, 4, {0, 0, 0, 0, 0}};
  if (p->stream == 2) {
    out->model = 2;
    const float k[5] = {-0.05F, 0.06F, 0.001F, -0.002F, -0.02F};
    std::copy(std::begin(k), std::end(k), out->coefficients);
  }
}
FAKE_API void rs2_get_extrinsics(const rs2_stream_profile* from, const rs2_stream_profile* to,
                                 Rs2Extrinsics* out, rs2_error**) {
  *out = {{1, 0, 0, 0, 1, 0, 0, 0, 1}, {0, 0, 0}};
  if (from->stream == to->stream) return;
  // A quarter turn about z: column-major.
  *out = {{0, 1, 0, -1, 0, 0, 0, 0, 1}, {0.015F, 0.25F, -0.5F}};
}

FAKE_API void rs2_open_multiple(rs2_sensor* sensor, const rs2_stream_profile** profiles, int count,
                                rs2_error** error) {
  guard("rs2_open_multiple", error, [&] {
    if (!sensor->playback) require_plugged(sensor->serial);
    if (const auto text = text_of("fail_open"); !text.empty())
      throw Failure(std::atoi(text.c_str()), text.substr(2));
    if (!sensor->opened.empty())
      throw Failure(4, "open(...) failed. UVC device is already opened!");
    for (int i = 0; i < count; ++i) sensor->opened.push_back(*profiles[i]);
  });
}
FAKE_API void rs2_close(const rs2_sensor* sensor, rs2_error** error) {
  guard("rs2_close", error, [&] {
    auto* s = const_cast<rs2_sensor*>(sensor);
    if (!s->threads.empty()) throw Failure(4, "tried to close sensor while streaming!");
    if (s->opened.empty()) throw Failure(4, "tried to close sensor which is not open!");
    s->opened.clear();
  });
}
FAKE_API void rs2_start_queue(const rs2_sensor* sensor, rs2_frame_queue* queue, rs2_error** error) {
  guard("rs2_start_queue", error, [&] {
    auto* s = const_cast<rs2_sensor*>(sensor);
    if (s->opened.empty()) throw Failure(4, "tried to start a sensor that is not open");
    s->stop = false;
    for (const auto& profile : s->opened) {
      if (s->playback) ++*s->playing;
      s->threads.emplace_back([s, profile, queue] { s->produce(profile, queue); });
    }
  });
}
FAKE_API void rs2_stop(const rs2_sensor* sensor, rs2_error** error) {
  guard("rs2_stop", error, [&] {
    auto* s = const_cast<rs2_sensor*>(sensor);
    while (flag("stuck")) std::this_thread::sleep_for(kTick);
    if (s->threads.empty()) throw Failure(4, "stop() called on a sensor that is not streaming");
    s->stop = true;
    for (auto& thread : s->threads) thread.join();
    s->threads.clear();
  });
}

FAKE_API rs2_frame_queue* rs2_create_frame_queue(int capacity, rs2_error**) {
  auto* queue = new rs2_frame_queue;
  queue->capacity = static_cast<std::size_t>(capacity);
  return queue;
}
FAKE_API void rs2_delete_frame_queue(rs2_frame_queue* queue) { delete queue; }
FAKE_API int rs2_try_wait_for_frame(rs2_frame_queue* queue, unsigned timeout_ms, rs2_frame** out,
                                    rs2_error**) {
  std::unique_lock lock(queue->mutex);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (queue->frames.empty())
    if (queue->changed.wait_until(lock, end) == std::cv_status::timeout) break;
  if (queue->frames.empty()) return 0;
  *out = queue->frames.front().release();
  queue->frames.pop_front();
  return 1;
}
FAKE_API void rs2_release_frame(rs2_frame* frame) { delete frame; }

FAKE_API const rs2_stream_profile* rs2_get_frame_stream_profile(const rs2_frame* f, rs2_error**) {
  return &f->profile;
}
FAKE_API const void* rs2_get_frame_data(const rs2_frame* f, rs2_error**) { return f->data.data(); }
FAKE_API int rs2_get_frame_data_size(const rs2_frame* f, rs2_error**) {
  return static_cast<int>(f->data.size());
}
FAKE_API int rs2_get_frame_width(const rs2_frame* f, rs2_error**) { return f->profile.width; }
FAKE_API int rs2_get_frame_height(const rs2_frame* f, rs2_error**) { return f->profile.height; }
FAKE_API int rs2_get_frame_stride_in_bytes(const rs2_frame* f, rs2_error**) {
  return f->profile.stride;
}
FAKE_API unsigned long long rs2_get_frame_number(const rs2_frame* f, rs2_error**) {
  return f->number;
}
FAKE_API double rs2_get_frame_timestamp(const rs2_frame* f, rs2_error**) { return f->time_ms; }
FAKE_API int rs2_get_frame_timestamp_domain(const rs2_frame* f, rs2_error**) { return f->domain; }
FAKE_API int rs2_supports_frame_metadata(const rs2_frame* f, int key, rs2_error**) {
  return f->metadata.contains(key) ? 1 : 0;
}
FAKE_API long long rs2_get_frame_metadata(const rs2_frame* f, int key, rs2_error** error) {
  return guard("rs2_get_frame_metadata", error, [&] { return f->metadata.at(key); });
}

FAKE_API rs2_options_list* rs2_get_options_list(const rs2_options* options, rs2_error**) {
  auto* list = new rs2_options_list;
  for (const auto& [number, option] : options_of_a_camera()[sensor_of(options).index])
    list->options.push_back(number);
  return list;
}
FAKE_API int rs2_get_options_list_size(const rs2_options_list* list, rs2_error**) {
  return static_cast<int>(list->options.size());
}
FAKE_API int rs2_get_option_from_list(const rs2_options_list* list, int index, rs2_error**) {
  return list->options.at(static_cast<std::size_t>(index));
}
FAKE_API void rs2_delete_options_list(rs2_options_list* list) { delete list; }
FAKE_API int rs2_supports_option(const rs2_options* options, int option, rs2_error**) {
  return options_of_a_camera()[sensor_of(options).index].contains(option) ? 1 : 0;
}
FAKE_API int rs2_is_option_read_only(const rs2_options* options, int option, rs2_error** error) {
  return guard("rs2_is_option_read_only", error,
               [&] { return option_of(options, option).read_only ? 1 : 0; });
}
FAKE_API float rs2_get_option(const rs2_options* options, int option, rs2_error** error) {
  return guard("rs2_get_option", error, [&] {
    const auto& sensor = sensor_of(options);
    if (!sensor.playback) require_plugged(sensor.serial);
    option_of(options, option);
    std::lock_guard lock(state().mutex);
    return option_value(sensor.serial, sensor.index, option);
  });
}
FAKE_API void rs2_set_option(const rs2_options* options, int option, float value,
                             rs2_error** error) {
  guard("rs2_set_option", error, [&] {
    const auto& sensor = sensor_of(options);
    require_plugged(sensor.serial);
    const auto& known = option_of(options, option);
    if (known.read_only || value < known.low || value > known.high)
      throw Failure(3, "out of range value for argument \"value\"");
    std::lock_guard lock(state().mutex);
    option_value(sensor.serial, sensor.index, option) = value;
    // High Accuracy turns the laser up.
    if (option == 12 && value == 2) option_value(sensor.serial, sensor.index, 13) = 360;
  });
}
FAKE_API void rs2_get_option_range(const rs2_options* options, int option, float* low, float* high,
                                   float* step, float* standard, rs2_error** error) {
  guard("rs2_get_option_range", error, [&] {
    const auto& known = option_of(options, option);
    *low = known.low;
    *high = known.high;
    *step = known.step;
    *standard = known.standard;
  });
}
FAKE_API const char* rs2_get_option_name(const rs2_options* options, int option,
                                         rs2_error** error) {
  return guard("rs2_get_option_name", error,
               [&]() -> const char* { return option_of(options, option).name; });
}
FAKE_API const char* rs2_get_option_value_description(const rs2_options* options, int option,
                                                      float value, rs2_error** error) {
  return guard("rs2_get_option_value_description", error, [&]() -> const char* {
    const auto& items = option_of(options, option).items;
    const auto index = static_cast<std::size_t>(value);
    return index < items.size() ? items[index] : nullptr;
  });
}
