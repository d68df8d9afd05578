#include "filter/filter_chain.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "filter/decimate.hpp"
#include "filter/depth_range.hpp"
#include "filter/disparity.hpp"

namespace lenswire::filter {
namespace {

constexpr std::string_view kKnown =
    "decimate:FACTOR, threshold:MIN_M:MAX_M, disparity:BASELINE_M ... depth, "
    "spatial:ALPHA:DELTA:PASSES, temporal:ALPHA:DELTA:PERSISTENCE, holes:left|farthest|nearest";
constexpr double kMaxThresholdM = 1000;

std::string_view take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

// One step's arguments; remembers the first that is wrong.
class Arguments {
 public:
  explicit Arguments(std::string_view step) : step_(step), rest_(step) {
    name_ = take_until(rest_, ':');
    more_ = name_.size() < step.size();
  }
  [[nodiscard]] std::string_view name() const { return name_; }

  double number(std::string_view what, double fallback, double low, double high) {
    const auto text = next();
    if (!text) return fallback;
    double value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error == std::errc{} && end == text->data() + text->size() && value >= low && value <= high)
      return value;
    complain(fmt::format("{} must be a number from {} to {}", what, low, high));
    return fallback;
  }
  std::uint32_t whole(std::string_view what, std::uint32_t fallback, std::uint32_t low,
                      std::uint32_t high) {
    const auto text = next();
    if (!text) return fallback;
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error == std::errc{} && end == text->data() + text->size() && value >= low && value <= high)
      return value;
    complain(fmt::format("{} must be a whole number from {} to {}", what, low, high));
    return fallback;
  }
  std::optional<std::string_view> next() {
    if (!more_) return std::nullopt;
    const auto before = rest_.size();
    const auto part = take_until(rest_, ':');
    more_ = part.size() < before;
    return part;
  }
  void complain(std::string_view what) {
    if (error_.empty()) error_ = fmt::format("filter '{}': {}", step_, what);
  }
  [[nodiscard]] Result<void> finish() {
    if (more_) complain("too many arguments");
    if (error_.empty()) return {};
    return fail(ErrorCode::InvalidArgument, error_);
  }

 private:
  std::string_view step_, name_, rest_;
  bool more_ = false;
  std::string error_;
};

Result<FilterStep> parse_step(std::string_view text) {
  Arguments arguments(text);
  FilterStep step;
  const auto name = arguments.name();
  if (name == "decimate") {
    step = DecimateStep{arguments.whole("the factor", 2, 2, kMaxDecimation)};
  } else if (name == "threshold") {
    ThresholdStep range;
    range.min_m = arguments.number("the nearest distance", 0, 0, kMaxThresholdM);
    range.max_m = arguments.number("the farthest distance", kMaxThresholdM, 0, kMaxThresholdM);
    if (range.min_m > range.max_m)
      arguments.complain("the nearest distance comes first, in metres");
    step = range;
  } else if (name == "disparity") {
    step = DisparityStep{arguments.number("the baseline in metres", 0.05, 0.001, 10)};
  } else if (name == "depth") {
    step = DepthStep{};
  } else if (name == "spatial") {
    SpatialSettings settings;
    settings.alpha = arguments.number("alpha", settings.alpha, 0.01, 1);
    settings.delta_codes = arguments.whole("delta", settings.delta_codes, 1, 4000);
    settings.passes = arguments.whole("the number of passes", settings.passes, 1, 5);
    step = settings;
  } else if (name == "temporal") {
    TemporalSettings settings;
    settings.alpha = arguments.number("alpha", settings.alpha, 0.01, 1);
    settings.delta_codes = arguments.whole("delta", settings.delta_codes, 1, 4000);
    settings.persistence = arguments.whole("the persistence", settings.persistence, 0, 8);
    step = settings;
  } else if (name == "holes") {
    const auto mode = arguments.next().value_or("farthest");
    if (mode != "left" && mode != "farthest" && mode != "nearest")
      arguments.complain("expected left, farthest or nearest");
    step = HolesStep{mode == "left"       ? HoleFilling::Left
                     : mode == "farthest" ? HoleFilling::Farthest
                                          : HoleFilling::Nearest};
  } else {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("no filter '{}'; there is: {}", name, kKnown));
  }
  if (auto done = arguments.finish(); !done) return fail(std::move(done).error());
  return step;
}

// A disparity is no depth: what is measured in metres must not meet it, nor may a client.
Result<void> check_domains(const FilterChain& chain) {
  bool disparity = false;
  for (const auto& step : chain) {
    if (std::holds_alternative<DisparityStep>(step)) {
      if (std::exchange(disparity, true))
        return fail(ErrorCode::InvalidArgument, "filter 'disparity': comes twice without 'depth'");
    } else if (std::holds_alternative<DepthStep>(step)) {
      if (!std::exchange(disparity, false))
        return fail(ErrorCode::InvalidArgument,
                    "filter 'depth': turns disparity back, and none comes before it");
    } else if (disparity && std::holds_alternative<ThresholdStep>(step)) {
      return fail(ErrorCode::InvalidArgument,
                  "filter 'threshold': is in metres; put it before 'disparity' or after 'depth'");
    }
  }
  if (disparity)
    return fail(ErrorCode::InvalidArgument,
                "filter 'disparity': needs 'depth' after it, to turn disparity back");
  return {};
}

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // clang 14 does not deduce it

std::string_view name_of(HoleFilling filling) {
  return filling == HoleFilling::Left       ? "left"
         : filling == HoleFilling::Farthest ? "farthest"
                                            : "nearest";
}

}  // namespace

Result<FilterChain> parse_filter_chain(std::string_view text) {
  FilterChain chain;
  if (text.empty()) return chain;
  if (text.size() > kMaxFilterBytes)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("filter: at most {} characters", kMaxFilterBytes));
  for (bool more = true; more;) {
    const auto before = text.size();
    const auto part = take_until(text, ',');
    more = part.size() < before;
    if (chain.size() == kMaxFilterSteps)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("filter: at most {} filters one after the other", kMaxFilterSteps));
    auto step = parse_step(part);
    if (!step) return fail(std::move(step).error());
    chain.push_back(*step);
  }
  if (auto ok = check_domains(chain); !ok) return fail(std::move(ok).error());
  return chain;
}

std::string to_string(const FilterChain& chain) {
  std::string out;
  for (const auto& step : chain) {
    if (!out.empty()) out += ',';
    out += std::visit(
        Overloaded{
            [](const DecimateStep& s) { return fmt::format("decimate:{}", s.factor); },
            [](const ThresholdStep& s) { return fmt::format("threshold:{}:{}", s.min_m, s.max_m); },
            [](const DisparityStep& s) { return fmt::format("disparity:{}", s.baseline_m); },
            [](const DepthStep&) { return std::string("depth"); },
            [](const SpatialSettings& s) {
              return fmt::format("spatial:{}:{}:{}", s.alpha, s.delta_codes, s.passes);
            },
            [](const TemporalSettings& s) {
              return fmt::format("temporal:{}:{}:{}", s.alpha, s.delta_codes, s.persistence);
            },
            [](const HolesStep& s) { return fmt::format("holes:{}", name_of(s.filling)); }},
        step);
  }
  return out;
}

Result<StreamProfile> filtered_profile(const StreamProfile& stream, const FilterChain& chain) {
  StreamProfile out = stream;
  if (chain.empty()) return out;
  if (stream.format != PixelFormat::Z16 || stream.kind != StreamKind::Depth)
    return fail(ErrorCode::Unsupported, fmt::format("filter: works on depth, and stream '{}' is {}",
                                                    stream.stream, to_string(stream.format)));
  for (const auto& step : chain) {
    if (const auto* decimation = std::get_if<DecimateStep>(&step)) {
      const auto factor = decimation->factor;
      if (out.width < factor || out.height < factor)
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("filter 'decimate:{}': a picture of {}x{} is too small for it",
                                factor, out.width, out.height));
      if (out.intrinsics) out.intrinsics = decimated(*out.intrinsics, factor);
      out.width /= factor;
      out.height /= factor;
    } else if (const auto* disparity = std::get_if<DisparityStep>(&step)) {
      const auto product = disparity_product(stream.intrinsics ? stream.intrinsics->fx : 0,
                                             disparity->baseline_m, stream.depth_unit_m);
      if (!product) return fail(product.error());
    } else if (std::holds_alternative<ThresholdStep>(step) && !(stream.depth_unit_m > 0)) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("filter 'threshold': stream '{}' does not tell its depth unit",
                              stream.stream));
    }
  }
  return out;
}

// What one step remembers. Few need it; a vector of these is simpler than of variants.
struct ChainRunner::Worker {
  SpatialFilter spatial;
  TemporalFilter temporal;
};

ChainRunner::ChainRunner(const FilterChain& chain) : chain_(chain) {
  for (std::size_t i = 0; i < chain_.size(); ++i) workers_.push_back(std::make_unique<Worker>());
}
ChainRunner::~ChainRunner() = default;
ChainRunner::ChainRunner(ChainRunner&&) noexcept = default;
ChainRunner& ChainRunner::operator=(ChainRunner&&) noexcept = default;

Result<void> ChainRunner::apply(const FilterStep& step, Worker& worker, const frame::ImageView& in,
                                frame::Image& out) {
  const auto unit = stream_->depth_unit_m;
  const auto fx = stream_->intrinsics ? stream_->intrinsics->fx : 0;
  return std::visit(
      Overloaded{
          [&](const DecimateStep& s) { return decimate(in, s.factor, out); },
          [&](const ThresholdStep& s) { return depth_range(in, unit, s.min_m, s.max_m, out); },
          [&](const DisparityStep& s) -> Result<void> {
            const auto product = disparity_product(fx, s.baseline_m, unit);
            if (!product) return fail(product.error());
            return depth_to_disparity(in, *product, out);
          },
          [&](const DepthStep&) -> Result<void> {
            // The same product as on the way there: that of the last disparity before.
            double baseline = 0;
            for (const auto& other : chain_) {
              if (&other == &step) break;
              if (const auto* s = std::get_if<DisparityStep>(&other)) baseline = s->baseline_m;
            }
            const auto product = disparity_product(fx, baseline, unit);
            if (!product) return fail(product.error());
            return depth_to_disparity(in, *product, out);
          },
          [&](const SpatialSettings& s) { return worker.spatial.run(in, s, out); },
          [&](const TemporalSettings& s) { return worker.temporal.run(in, s, out); },
          [&](const HolesStep& s) { return fill_holes(in, s.filling, out); }},
      step);
}

Result<frame::ImageView> ChainRunner::run(const frame::ImageView& in,
                                          const StreamProfilePtr& stream) {
  if (stream != stream_) {
    stream_ = stream;
    for (const auto& worker : workers_) worker->temporal.reset();
  }
  auto view = in;
  for (std::size_t i = 0; i < chain_.size(); ++i) {
    auto& out = pictures_.at(i % 2);
    if (auto done = apply(chain_[i], *workers_[i], view, out); !done)
      return fail(std::move(done).error());
    view = out.view();
  }
  return view;
}

}  // namespace lenswire::filter
