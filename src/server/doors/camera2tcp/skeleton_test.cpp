#include "server/doors/camera2tcp/skeleton.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include <nlohmann/json.hpp>

namespace lenswire::server::camera2tcp {
namespace {

constexpr float kUnseen = std::numeric_limits<float>::quiet_NaN();

frame::Image bodies(std::uint32_t joints, std::vector<float> coordinates) {
  frame::Image picture;
  picture.reshape(PixelFormat::XYZ32F, joints,
                  static_cast<std::uint32_t>(coordinates.size()) / 3 / joints);
  std::memcpy(picture.data.data(), coordinates.data(), coordinates.size() * sizeof(float));
  return picture;
}

}  // namespace

TEST(Camera2TcpSkeleton, HasTheOriginalsWords) {
  EXPECT_EQ(status_word({}), "no bodies");
  EXPECT_EQ(status_word(bodies(1, {kUnseen, kUnseen, kUnseen}).view()), "no tracked bodies");
  EXPECT_EQ(status_word(bodies(1, {kUnseen, 1, 2, 1, 2, 3}).view()), "on track");
  frame::Image color;
  color.reshape(PixelFormat::BGR8, 4, 4);
  EXPECT_EQ(status_word(color.view()), "no bodies");
}

TEST(Camera2TcpSkeleton, TellsTheJointsAsJson) {
  const auto picture = bodies(2, {0.5F, -1, 2, kUnseen, 0, 0, 1, 2, 3, 4, 5, 6});
  const auto text = bodies_json(picture.view());
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(nlohmann::json::parse(text), nlohmann::json::parse(R"({"bodies":[
      {"joints":[[0.5,-1,2],null]},{"joints":[[1,2,3],[4,5,6]]}]})"));
  EXPECT_EQ(bodies_json({}), "no bodies");
}

}  // namespace lenswire::server::camera2tcp
