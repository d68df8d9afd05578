#include "modules/pose/posenet.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <opencv2/dnn.hpp>

#include "base/module.hpp"
#include "modules/pose/posenet_decoder.hpp"

namespace lenswire::modules::pose {
namespace {

/// The longer side of what the network sees, in its cells: a larger picture finds smaller people
/// and takes longer.
constexpr int kLongSideCells = 20;
constexpr int kFewestCells = 6;
constexpr double kMean = 127.5;

struct InputSize {
  int width;
  int height;
};

// Sides are 16 n + 1, and the picture is stretched a little to fill them.
InputSize input_size(std::uint32_t width, std::uint32_t height) noexcept {
  const double longer = std::max(width, height);
  const auto side = [longer](std::uint32_t pixels) {
    const auto cells = std::lround(kLongSideCells * pixels / longer);
    return static_cast<int>(std::max<long>(cells, kFewestCells)) * kPosenetStride + 1;
  };
  return {side(width), side(height)};
}

std::span<const float> plane_of(const cv::Mat& blob) { return {blob.ptr<float>(), blob.total()}; }

class Posenet final : public filter::PoseEstimator {
 public:
  explicit Posenet(cv::dnn::Net net) : net_(std::move(net)) {}

  Result<void> estimate(const frame::ImageView& picture, std::vector<Person>& out) override {
    if (picture.format != PixelFormat::RGB8)
      return fail(ErrorCode::Unsupported, "people are found in rgb8 pictures only");
    if (!picture.complete())
      return fail(ErrorCode::InvalidArgument, "the picture has less data than its size needs");
    try {
      return run(picture, out);
    } catch (const cv::Exception& error) {
      return fail(ErrorCode::Unsupported,
                  fmt::format("OpenCV does not run the model: {}", error.what()));
    }
  }

 private:
  Result<void> run(const frame::ImageView& picture, std::vector<Person>& out) {
    const auto size = input_size(picture.width, picture.height);
    // OpenCV has no matrix that promises not to write.
    const cv::Mat pixels(static_cast<int>(picture.height), static_cast<int>(picture.width), CV_8UC3,
                         const_cast<std::byte*>(picture.data.data()), picture.stride_bytes);
    cv::dnn::blobFromImage(pixels, input_, 1 / kMean, {size.width, size.height},
                           {kMean, kMean, kMean}, false, false, CV_32F);
    net_.setInput(input_);
    net_.forward(maps_, kOutputs);
    const auto& heat = maps_.at(0);
    PoseMaps maps{static_cast<std::size_t>(heat.size[2]),
                  static_cast<std::size_t>(heat.size[3]),
                  plane_of(heat),
                  plane_of(maps_.at(1)),
                  plane_of(maps_.at(2)),
                  plane_of(maps_.at(3))};
    if (!maps.complete())
      return fail(ErrorCode::Unsupported, "the model gives maps of another kind");
    decode_persons(maps, {}, out);
    // The first and the last pixel's centres of both pictures lie on each other.
    const auto scale_x = static_cast<float>(picture.width) / static_cast<float>(size.width);
    const auto scale_y = static_cast<float>(picture.height) / static_cast<float>(size.height);
    for (auto& person : out)
      for (auto& joint : person.joints) {
        joint.x_px = (joint.x_px + 0.5F) * scale_x - 0.5F;
        joint.y_px = (joint.y_px + 0.5F) * scale_y - 0.5F;
      }
    return {};
  }

  inline static const std::vector<cv::String> kOutputs = {"heatmaps", "offsets", "forward",
                                                          "backward"};
  cv::dnn::Net net_;
  cv::Mat input_;
  std::vector<cv::Mat> maps_;
};

class Module final : public filter::PoseModule {
 public:
  Result<std::unique_ptr<filter::PoseEstimator>> make_estimator() override {
    return make_posenet(model_file());
  }
};

}  // namespace

std::string model_file() {
  Dl_info self{};
  if (::dladdr(reinterpret_cast<const void*>(&model_file), &self) == 0 || !self.dli_fname)
    return "posenet.onnx";
  return (std::filesystem::path(self.dli_fname).parent_path() / "posenet.onnx").string();
}

Result<std::unique_ptr<filter::PoseEstimator>> make_posenet(const std::string& file) {
  if (::access(file.c_str(), R_OK) != 0)
    return fail(ErrorCode::NotFound,
                fmt::format("the body pose model {} is not there; install it with the module "
                            "pose, or build lenswire where npm can fetch it",
                            file));
  try {
    // One thread: skeletons must not take the cores from capture and encoders.
    cv::setNumThreads(1);
    auto net = cv::dnn::readNetFromONNX(file);
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    return std::make_unique<Posenet>(std::move(net));
  } catch (const cv::Exception& error) {
    return fail(ErrorCode::Unsupported,
                fmt::format("OpenCV does not take {}: {}", file, error.what()));
  }
}

Result<std::unique_ptr<filter::PoseModule>> make_module() { return std::make_unique<Module>(); }

}  // namespace lenswire::modules::pose
