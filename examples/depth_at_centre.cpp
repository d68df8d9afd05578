// depth_at_centre.cpp - serves the built-in scene and reads exact depth from it.
//
// Give the URL of a camera of yours, lenswire://HOST/CAMERA, to read that one instead.
#include <cstdio>
#include <cstring>
#include <string>

#include <lenswire/client.hpp>
#include <lenswire/server.hpp>

int main(int argc, char** argv) try {
  using namespace lenswire;

  std::unique_ptr<Server> server;
  std::string url = argc > 1 ? argv[1] : "";
  std::string camera = url.substr(url.rfind('/') + 1);
  if (url.empty()) {
    ServerSettings settings;
    settings.cameras = {{"room", "synthetic:room", false}};
    settings.listen = {"127.0.0.1:0"};
    server = unwrap(Server::start(settings));
    url = "lenswire://" + server->addresses().front();
    camera = "room";
  }

  const auto client = unwrap(Client::connect(url));
  SubscribeSettings wish;
  wish.camera = camera;
  wish.stream = "depth";
  const auto depth = unwrap(client->subscribe(wish));
  const double metres = depth.profile->depth_unit_m;

  for (int i = 0; i < 10; ++i) {
    const auto received = unwrap(client->next(std::chrono::seconds(5)));
    const Frame& frame = *received.frame;
    std::uint16_t code = 0;
    const auto centre =
        std::size_t{frame.height() / 2} * frame.stride_bytes + frame.width() / 2 * 2;
    std::memcpy(&code, frame.data.data() + centre, sizeof code);
    std::printf(
        "frame %llu: %.3f m, %lld us old\n", static_cast<unsigned long long>(frame.sequence),
        code * metres,
        static_cast<long long>((received.received_time - frame.capture_time).count() / 1000));
  }
  return 0;
} catch (const lenswire::Exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
