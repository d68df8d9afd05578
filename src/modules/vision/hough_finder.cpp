#include "modules/vision/hough_finder.hpp"

#include <fmt/format.h>

#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace lenswire::vision {
namespace {

constexpr double kAccumulatorRatio = 3.5;
constexpr double kMinDistancePx = 30;
constexpr double kEdgeThreshold = 50;
constexpr double kVotes = 20;

class HoughFinder final : public filter::BallFinder {
 public:
  explicit HoughFinder(const filter::BallSearch& search) noexcept
      : min_radius_(static_cast<int>(std::floor(search.min_radius_px))),
        max_radius_(static_cast<int>(std::ceil(search.max_radius_px))) {
    // Frames come one by one: more threads would take time from the camera and win nothing.
    cv::setNumThreads(1);
  }

  Result<std::optional<filter::FoundBall>> find(const frame::ImageView& picture) override {
    if (!picture.complete()) return fail(ErrorCode::InvalidArgument, "a picture without its end");
    // OpenCV's matrices want writable memory; nothing here writes into it.
    auto* pixels = const_cast<std::byte*>(picture.data.data());
    const auto height = static_cast<int>(picture.height);
    const auto width = static_cast<int>(picture.width);
    try {
      switch (picture.format) {
        case PixelFormat::Y8:
          gray_ = cv::Mat(height, width, CV_8UC1, pixels, picture.stride_bytes);
          break;
        case PixelFormat::RGB8:
        case PixelFormat::BGR8:
          cv::cvtColor(
              cv::Mat(height, width, CV_8UC3, pixels, picture.stride_bytes), gray_,
              picture.format == PixelFormat::RGB8 ? cv::COLOR_RGB2GRAY : cv::COLOR_BGR2GRAY);
          break;
        default:
          return fail(ErrorCode::Unsupported,
                      fmt::format("a ball is not looked for in {}", to_string(picture.format)));
      }
      cv::HoughCircles(gray_, circles_, cv::HOUGH_GRADIENT, kAccumulatorRatio, kMinDistancePx,
                       kEdgeThreshold, kVotes, min_radius_, max_radius_);
    } catch (const cv::Exception& error) {
      return fail(ErrorCode::Unsupported, fmt::format("OpenCV: {}", error.what()));
    }
    if (circles_.empty()) return std::optional<filter::FoundBall>();
    const auto& first = circles_.front();
    return std::optional(filter::FoundBall{double{first[0]}, double{first[1]}, double{first[2]}});
  }

 private:
  const int min_radius_;
  const int max_radius_;
  cv::Mat gray_;
  std::vector<cv::Vec3f> circles_;
};

}  // namespace

std::unique_ptr<filter::BallFinder> make_hough_finder(const filter::BallSearch& search) {
  return std::make_unique<HoughFinder>(search);
}

}  // namespace lenswire::vision
