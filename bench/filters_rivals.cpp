#include "filters_rivals.hpp"

#ifdef LENSWIRE_HAVE_OPENCV
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#ifdef LENSWIRE_HAVE_OPENCV_RGBD
#include <opencv2/rgbd.hpp>
#endif
#endif

namespace lenswire::bench {

#ifdef LENSWIRE_HAVE_OPENCV
namespace {

cv::Mat mat_of(const frame::Image& image) {
  const int type = image.format == PixelFormat::Z16 ? CV_16UC1 : CV_8UC3;
  return {static_cast<int>(image.height), static_cast<int>(image.width), type,
          const_cast<std::byte*>(image.data.data()), image.stride_bytes};
}

#ifdef LENSWIRE_HAVE_OPENCV_RGBD
cv::Mat matrix_of(const Intrinsics& camera) {
  return (cv::Mat_<double>(3, 3) << camera.fx, 0, camera.cx, 0, camera.fy, camera.cy, 0, 0, 1);
}
#endif

}  // namespace

FilterRival filter_rival(const std::string& filter, const frame::Image& depth_image,
                         const frame::Image& color_image, const Intrinsics& depth_camera,
                         const Intrinsics& color_camera, const Extrinsics& color_from_depth) {
  cv::setNumThreads(1);
  const auto depth = mat_of(depth_image);
  const auto color = mat_of(color_image);
  const auto out = std::make_shared<cv::Mat>();
  const auto more = std::make_shared<cv::Mat>();
  if (filter.starts_with("decimate:")) {
    const double factor = 1.0 / (filter.back() - '0');
    return {"resize, INTER_AREA (averages holes in)",
            [=] { cv::resize(depth, *out, {}, factor, factor, cv::INTER_AREA); }};
  }
  if (filter.starts_with("threshold"))
    return {"inRange and copyTo", [=] {
              cv::inRange(depth, cv::Scalar(300), cv::Scalar(4000), *more);
              out->create(depth.size(), depth.type());
              out->setTo(0);
              depth.copyTo(*out, *more);
            }};
  if (filter.starts_with("spatial"))
    return {"bilateralFilter, 5 px, 32-bit float", [=] {
              depth.convertTo(*more, CV_32F);
              cv::bilateralFilter(*more, *out, 5, 20, 2);
            }};
  if (filter.starts_with("temporal"))
    return {"accumulateWeighted with a mask", [=] {
              if (out->empty()) depth.convertTo(*out, CV_32F);
              cv::compare(depth, 0, *more, cv::CMP_NE);
              cv::accumulateWeighted(depth, *out, 0.4, *more);
            }};
  if (filter.starts_with("holes"))
    return {"dilate 3x3 and copyTo (fills one pixel)", [=] {
              cv::dilate(depth, *out, {});
              cv::compare(depth, 0, *more, cv::CMP_NE);
              depth.copyTo(*out, *more);
            }};
  if (filter == "disparity")
    return {"divide", [=] {
              depth.convertTo(*more, CV_32F);
              cv::divide(8192000.0, *more, *out);
              out->convertTo(*more, CV_16U);
            }};
  if (filter.starts_with("colorize"))
    return {"convertScaleAbs and applyColorMap", [=] {
              cv::convertScaleAbs(depth, *more, 255.0 / 4000);
              cv::applyColorMap(*more, *out, cv::COLORMAP_TURBO);
            }};
  if (filter == "gray8")
    return {"convertScaleAbs", [=] { cv::convertScaleAbs(depth, *out, 255.0 / 10000); }};
  if (filter == "align color to depth")
    return {"remap, nearest, with a ready map (right for one depth only)", [=] {
              if (more->empty()) {
                more->create(depth.size(), CV_32FC2);
                for (int y = 0; y < more->rows; ++y)
                  for (int x = 0; x < more->cols; ++x)
                    more->at<cv::Vec2f>(y, x) = {static_cast<float>(x), static_cast<float>(y)};
              }
              cv::remap(color, *out, *more, {}, cv::INTER_NEAREST);
            }};
#ifdef LENSWIRE_HAVE_OPENCV_RGBD
  if (filter.starts_with("align depth to color")) {
    cv::Mat pose = cv::Mat::eye(4, 4, CV_64F);
    for (int row = 0; row < 3; ++row) {
      for (int column = 0; column < 3; ++column)
        pose.at<double>(row, column) =
            color_from_depth.rotation.at(static_cast<std::size_t>(3 * row + column));
      pose.at<double>(row, 3) = color_from_depth.translation_m.at(static_cast<std::size_t>(row));
    }
    const auto from = matrix_of(depth_camera), to = matrix_of(color_camera);
    const cv::Size size(static_cast<int>(color_camera.width),
                        static_cast<int>(color_camera.height));
    return {"rgbd::registerDepth with dilation",
            [=] { cv::rgbd::registerDepth(from, to, {}, pose, depth, size, *out, true); }};
  }
  if (filter == "points") {
    const auto from = matrix_of(depth_camera);
    return {"rgbd::depthTo3d", [=] { cv::rgbd::depthTo3d(depth, from, *out); }};
  }
#else
  (void)depth_camera;
  (void)color_camera;
  (void)color_from_depth;
#endif
  return {};
}
#else
FilterRival filter_rival(const std::string&, const frame::Image&, const frame::Image&,
                         const Intrinsics&, const Intrinsics&, const Extrinsics&) {
  return {};
}
#endif

}  // namespace lenswire::bench
