// What users of the C++ API write: open, set and compare, and count the pictures that come.
#include <iostream>
#include <thread>

#include <opencv2/core/utility.hpp>
#include <rpiasgige/client_api.hpp>

namespace {

constexpr int kWidth = 3;
constexpr int kHeight = 4;
constexpr int kRate = 5;
constexpr int kFourcc = 6;
constexpr int kAutofocus = 39;

bool set_and_check(rpiasgige::client::Device& camera, int property, double value) {
  if (!camera.set(property, value, true)) {
    std::cerr << "property " << property << ": refused\n";
    return false;
  }
  const double now = camera.get(property, true);
  if (now == value) return true;
  std::cerr << "property " << property << ": " << now << " instead of " << value << "\n";
  return false;
}

int run(const cv::CommandLineParser& options) {
  rpiasgige::client::Device camera(options.get<std::string>("address"), options.get<int>("port"));
  camera.set_read_timeout(5);
  if (!camera.ping()) return 2;
  for (int i = 0; i < 10; ++i)
    if (!camera.ping(true)) return 2;
  if (!camera.isOpened() && !camera.open()) return 3;

  const int width = options.get<int>("frame-width");
  const int height = options.get<int>("frame-height");
  const double mjpg = 'M' | 'J' << 8 | 'P' << 16 | 'G' << 24;
  if (!set_and_check(camera, kWidth, width) || !set_and_check(camera, kHeight, height) ||
      !set_and_check(camera, kFourcc, mjpg) ||
      !set_and_check(camera, kRate, options.get<double>("fps")))
    return 4;
  const auto auto_focus = options.get<std::string>("auto-focus");
  if (auto_focus != "default") camera.set(kAutofocus, auto_focus == "on" ? 1 : 0, true);

  rpiasgige::client::Performance_Counter counter(options.get<int>("cycles"));
  cv::Mat picture;
  for (int i = 0; i < options.get<int>("max-iterations"); ++i) {
    if (!camera.retrieve(picture, true)) return 5;
    if (picture.cols != width || picture.rows != height || picture.type() != CV_8UC3) return 6;
    const auto bytes = static_cast<double>(picture.total() * picture.elemSize());
    if (counter.loop(bytes))
      std::cout << counter.get_fps() << " fps, " << counter.get_mean_data_size() << " bytes\n";
  }
  return camera.release() ? 0 : 7;
}

}  // namespace

int main(int argc, char** argv) {
  const cv::CommandLineParser options(
      argc, argv,
      "{address|192.168.2.2|}{port|4001|}{frame-width|640|}{frame-height|480|}{fps|30|}"
      "{cycles|120|}{max-iterations|1000|}{auto-focus|default|}{show-images|true|}");
  try {
    return run(options);
  } catch (const rpiasgige::client::TimeoutException& error) {
    std::cerr << error.what() << " in " << error.origin << "\n";
    return 8;
  } catch (const rpiasgige::client::RemoteException& error) {
    std::cerr << error.what() << "\n";
    return 9;
  }
}
