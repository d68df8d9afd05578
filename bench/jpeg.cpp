// jpeg.cpp - how fast does one core turn YUYV 1280x720 into JPEG q80 4:2:0?
//
// Rivals in the same run, alternated window by window: OpenCV (cvtColor to BGR, imencode), and the
// least code that uses libjpeg-turbo well (a plain loop into planes, tjCompressFromYUVPlanes).
// Times are the process's CPU time, so that other work on the machine disturbs little.
#include "jpeg.hpp"

#include <turbojpeg.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#ifdef LENSWIRE_HAVE_OPENCV
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#endif

#include "codec/codec.hpp"
#include "jpeg_picture.hpp"

namespace lenswire::bench {
namespace {

constexpr std::uint32_t kWidth = 1280;
constexpr std::uint32_t kHeight = 720;
constexpr int kQuality = 80;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Contender {
 public:
  virtual ~Contender() = default;
  /// Encodes one frame; the size of the JPEG, 0 on failure.
  virtual std::size_t encode(const frame::Image& image) = 0;
};

class Ours : public Contender {
 public:
  std::size_t encode(const frame::Image& image) override {
    return encoder_->encode(image.view(), out_) ? out_.size() : 0;
  }

 private:
  std::unique_ptr<codec::Encoder> encoder_ =
      codec::find_codec(CodecId::Jpeg)->make_encoder({kQuality});
  std::vector<std::byte> out_;
};

class Direct : public Contender {
 public:
  Direct() : handle_(tjInitCompress()) {
    out_.resize(tjBufSize(kWidth, kHeight, TJSAMP_420));
    y_.resize(kWidth * kHeight);
    u_.resize(y_.size() / 4);
    v_.resize(y_.size() / 4);
  }
  ~Direct() override { tjDestroy(handle_); }

  std::size_t encode(const frame::Image& image) override {
    const auto* source = reinterpret_cast<const unsigned char*>(image.data.data());
    for (std::size_t row = 0; row < kHeight; row += 2) {
      const auto* top = source + row * image.stride_bytes;
      const auto* bottom = top + image.stride_bytes;
      auto* y_top = y_.data() + row * kWidth;
      auto* y_bottom = y_top + kWidth;
      auto* u = u_.data() + row / 2 * (kWidth / 2);
      auto* v = v_.data() + row / 2 * (kWidth / 2);
      for (std::size_t i = 0; i < kWidth; ++i) {
        y_top[i] = top[2 * i];
        y_bottom[i] = bottom[2 * i];
      }
      for (std::size_t i = 0; i < kWidth / 2; ++i) {
        u[i] = static_cast<unsigned char>((top[4 * i + 1] + bottom[4 * i + 1] + 1) >> 1);
        v[i] = static_cast<unsigned char>((top[4 * i + 3] + bottom[4 * i + 3] + 1) >> 1);
      }
    }
    const unsigned char* planes[3] = {y_.data(), u_.data(), v_.data()};
    unsigned char* out = out_.data();
    unsigned long size = out_.size();
    const int failed = tjCompressFromYUVPlanes(handle_, planes, kWidth, nullptr, kHeight,
                                               TJSAMP_420, &out, &size, kQuality, TJFLAG_NOREALLOC);
    return failed ? 0 : size;
  }

 private:
  tjhandle handle_;
  std::vector<unsigned char> out_, y_, u_, v_;
};

#ifdef LENSWIRE_HAVE_OPENCV
class OpenCv : public Contender {
 public:
  OpenCv() { cv::setNumThreads(1); }

  std::size_t encode(const frame::Image& image) override {
    const cv::Mat yuyv(kHeight, kWidth, CV_8UC2, const_cast<std::byte*>(image.data.data()),
                       image.stride_bytes);
    cv::cvtColor(yuyv, bgr_, cv::COLOR_YUV2BGR_YUYV);
    return cv::imencode(".jpg", bgr_, out_, {cv::IMWRITE_JPEG_QUALITY, kQuality}) ? out_.size() : 0;
  }

 private:
  cv::Mat bgr_;
  std::vector<unsigned char> out_;
};
#endif

struct Lane {
  std::string_view name;
  std::unique_ptr<Contender> contender;
  std::vector<double> fps;  // of each window
  std::size_t bytes = 0;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Alternation makes the windows of one round comparable, so the median is of the rounds' ratios.
double median_ratio(const Lane& ours, const Lane& rival) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.fps.size(); ++i) ratios.push_back(ours.fps[i] / rival.fps[i]);
  return median(ratios);
}

bool run_window(Lane& lane, const std::vector<frame::Image>& frames, double seconds) {
  const double start = cpu_seconds();
  double elapsed = 0;
  std::size_t count = 0;
  while (elapsed < seconds) {
    for (const auto& image : frames) {
      lane.bytes = lane.contender->encode(image);
      if (lane.bytes == 0) return false;
    }
    count += frames.size();
    elapsed = cpu_seconds() - start;
  }
  lane.fps.push_back(static_cast<double>(count) / elapsed);
  return true;
}

}  // namespace

int run_jpeg(int argc, char** argv) {
  CLI::App app("YUYV 1280x720 to JPEG q80 4:2:0 on one core, against OpenCV and libjpeg-turbo");
  std::size_t windows = 9;
  double seconds = 0.3;
  bool json = false;
  app.add_option("--windows", windows, "how often each one runs")->check(CLI::Range(5, 1000));
  app.add_option("--seconds", seconds, "CPU seconds of a window")->check(CLI::Range(0.01, 60.0));
  app.add_flag("--json", json, "JSON only");
  CLI11_PARSE(app, argc, argv);

  std::vector<frame::Image> frames;
  for (std::uint32_t seed = 0; seed < 4; ++seed)
    frames.push_back(natural_yuyv(kWidth, kHeight, seed));

  std::vector<Lane> lanes;
  lanes.push_back({"lenswire", std::make_unique<Ours>(), {}, 0});
  lanes.push_back({"direct", std::make_unique<Direct>(), {}, 0});
#ifdef LENSWIRE_HAVE_OPENCV
  lanes.push_back({"opencv", std::make_unique<OpenCv>(), {}, 0});
#endif
  for (std::size_t window = 0; window <= windows; ++window) {
    for (auto& lane : lanes) {
      if (!run_window(lane, frames, seconds)) {
        std::fprintf(stderr, "jpeg: %s failed to encode\n", std::string(lane.name).c_str());
        return 1;
      }
      if (window == 0) lane.fps.clear();  // warm-up
    }
  }

  nlohmann::ordered_json result{{"fps", median(lanes[0].fps)}};
  for (const auto& lane : lanes) {
    if (&lane != &lanes[0]) {
      result["ratio_" + std::string(lane.name)] = median_ratio(lanes[0], lane);
      result[std::string(lane.name) + "_fps"] = median(lane.fps);
    }
    if (!json)
      std::fprintf(stderr, "%-9.*s %7.1f fps  %zu bytes\n", static_cast<int>(lane.name.size()),
                   lane.name.data(), median(lane.fps), lane.bytes);
  }
  std::printf("%s\n", nlohmann::ordered_json{{"jpeg", result}}.dump().c_str());
  return 0;
}

}  // namespace lenswire::bench
