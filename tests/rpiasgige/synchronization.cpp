// Two cameras at once, each on a thread of its own, with the buffers given.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

#include <rpiasgige/client_api.hpp>

using rpiasgige::client::Device;

namespace {

bool prepare(Device& camera) {
  return camera.open(true) && camera.set(3, 320, true) && camera.set(4, 240, true) &&
         camera.set(6, 'M' | 'J' << 8 | 'P' << 16 | 'G' << 24, true) && camera.set(5, 60, true);
}

}  // namespace

int main(int argc, char** argv) {
  const int pictures = 30;
  std::vector<std::unique_ptr<Device>> cameras;
  for (int i = 1; i < argc; ++i)
    cameras.emplace_back(new Device("127.0.0.1", std::atoi(argv[i]), 12 + 9 + 320 * 240 * 3));
  std::atomic<int> taken{0};
  std::vector<cv::Mat> kept(cameras.size());
  try {
    for (auto& camera : cameras)
      if (!prepare(*camera)) return 2;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < cameras.size(); ++i)
      threads.emplace_back([&, i] {
        cv::Mat picture;
        for (int n = 0; n < pictures; ++n)
          if (cameras[i]->retrieve(picture, true)) ++taken;
        kept[i] = picture.clone();
      });
    for (auto& thread : threads) thread.join();
    for (auto& camera : cameras)
      if (!camera->release()) return 3;
  } catch (const std::runtime_error& error) {
    std::cerr << error.what() << "\n";
    return 4;
  }
  for (const auto& picture : kept)
    if (picture.cols != 320 || picture.rows != 240) return 5;
  std::cout << taken << " pictures\n";
  return taken == pictures * static_cast<int>(cameras.size()) ? 0 : 6;
}
