// frameset.hpp - frames of several streams that were taken at the same moment.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <lenswire/frame.hpp>

namespace lenswire {

struct Frameset {
  /// One for each stream, in the order given to the assembler; null where the stream missed it.
  std::vector<FramePtr> frames;
  MonotonicTime capture_time{};  ///< of the earliest
  Nanoseconds skew{};            ///< between the earliest and the latest

  [[nodiscard]] bool complete() const noexcept {
    for (const auto& frame : frames)
      if (!frame) return false;
    return true;
  }
};

struct FramesetCounters {
  std::uint64_t complete = 0;
  std::uint64_t incomplete = 0;  ///< moments of which some stream had no frame
  std::uint64_t left_out = 0;    ///< frames that came into no set that was given out
  Nanoseconds worst_skew{};      ///< over all complete sets
};

/// Which framesets are given out.
enum class FramesetPolicy : std::uint8_t {
  Complete,  ///< those with a frame of every stream
  All,       ///< also those that lack one
};

/// Groups the frames of one device's streams by time: by the device's own clock where all frames
/// carry it and it runs with the host's, else by capture time.
///
/// Frames belong together when they lie within half of the shortest frame interval. A stream has
/// missed a moment once it gave a later frame, or any stream gave one that is later by two of the
/// longest intervals; the set then is incomplete. A clock that jumps back begins anew.
///
/// Threading: reentrant.
class FramesetAssembler {
 public:
  /// The streams, by their profiles: id and rate count (30 Hz where it is unknown).
  explicit FramesetAssembler(std::vector<StreamProfilePtr> streams,
                             FramesetPolicy policy = FramesetPolicy::Complete);
  ~FramesetAssembler();
  FramesetAssembler(FramesetAssembler&&) noexcept;
  FramesetAssembler& operator=(FramesetAssembler&&) noexcept;

  /// Frames of each stream come in order; one of a stream that was not named is left alone.
  void push(FramePtr frame);

  /// The oldest set that is ready. Call it until it has none.
  std::optional<Frameset> next();

  [[nodiscard]] const FramesetCounters& counters() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lenswire
