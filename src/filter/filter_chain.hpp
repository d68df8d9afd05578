// filter_chain.hpp - filters for depth, one after the other, as users write them.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/stream_profile.hpp>

#include "filter/holes.hpp"
#include "filter/spatial.hpp"
#include "filter/temporal.hpp"
#include "frame/image.hpp"

namespace lenswire::filter {

inline constexpr std::size_t kMaxFilterSteps = 8;
inline constexpr std::size_t kMaxFilterBytes = 256;

struct DecimateStep {
  std::uint32_t factor = 2;
  bool operator==(const DecimateStep&) const = default;
};
struct ThresholdStep {
  double min_m = 0;
  double max_m = 0;
  bool operator==(const ThresholdStep&) const = default;
};
struct DisparityStep {
  double baseline_m = 0.05;
  bool operator==(const DisparityStep&) const = default;
};
struct DepthStep {
  bool operator==(const DepthStep&) const = default;
};
struct HolesStep {
  HoleFilling filling = HoleFilling::Farthest;
  bool operator==(const HolesStep&) const = default;
};

using FilterStep = std::variant<DecimateStep, ThresholdStep, DisparityStep, DepthStep,
                                SpatialSettings, TemporalSettings, HolesStep>;

/// What is done to each depth picture of a stream, in this order.
using FilterChain = std::vector<FilterStep>;

/// Reads "decimate:2,spatial:0.5:20:2,temporal,holes:nearest": steps between commas, each a name
/// and its arguments between colons; arguments at the end may be left out. docs/filters.md lists
/// them. At most 8 steps and 256 bytes; `disparity` and `depth` come in pairs. The empty text is
/// the empty chain.
/// Errors: InvalidArgument, naming the step that is wrong, and what there is. Safe on hostile
/// input.
Result<FilterChain> parse_filter_chain(std::string_view text);

/// The text that gives this chain, every argument written.
[[nodiscard]] std::string to_string(const FilterChain& chain);

/// What the chain makes of a stream: size and intrinsics follow `decimate`.
/// Errors: Unsupported for a stream that is no z16 depth; InvalidArgument for a picture too small
/// for `decimate`, or a stream whose calibration `disparity` would need.
Result<StreamProfile> filtered_profile(const StreamProfile& stream, const FilterChain& chain);

/// A chain at work on one stream: what its steps remember, and their scratch memory.
///
/// Threading: reentrant.
class ChainRunner {
 public:
  explicit ChainRunner(const FilterChain& chain);
  ~ChainRunner();
  ChainRunner(ChainRunner&&) noexcept;
  ChainRunner& operator=(ChainRunner&&) noexcept;

  /// The filtered picture; valid until the next call. `stream` is the profile of `in`; when
  /// another one comes than before (by address), the steps forget what they remember.
  /// Errors: those of the steps and of filtered_profile().
  Result<frame::ImageView> run(const frame::ImageView& in, const StreamProfilePtr& stream);

 private:
  struct Worker;
  Result<void> apply(const FilterStep& step, Worker& worker, const frame::ImageView& in,
                     frame::Image& out);
  FilterChain chain_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::array<frame::Image, 2> pictures_;
  StreamProfilePtr stream_;
};

}  // namespace lenswire::filter
