// picture_mailbox.hpp - the newest picture, from whoever makes it to the thread that wants it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/time.hpp>

#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "base/unique_fd.hpp"

namespace lenswire::client {

/// A compressed picture. Its bytes are shared and immutable.
struct Picture {
  std::shared_ptr<const std::vector<std::byte>> jpeg;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  MonotonicTime time{};            ///< captured, or arrived
  bool has_huffman_tables = true;  ///< else it is a webcam's MJPEG
};

/// Holds one picture: a newer one takes its place.
///
/// Threading: put() and peek() thread-safe, and never waiting; take() for one thread.
class PictureMailbox {
 public:
  PictureMailbox();

  void put(Picture picture);
  /// Wakes take() without a picture, so that its caller looks around.
  void wake();

  /// The picture that came since the last take(); waits for one until the deadline or a wake().
  /// Errors: Closed after a stop.
  Result<std::optional<Picture>> take(MonotonicTime deadline, const base::StopToken& stop);

  /// The newest, taken or not.
  [[nodiscard]] std::optional<Picture> peek() const;
  void clear();

 private:
  mutable base::Mutex mutex_;
  std::optional<Picture> newest_ LENSWIRE_GUARDED_BY(mutex_);
  bool fresh_ LENSWIRE_GUARDED_BY(mutex_) = false;
  base::UniqueFd event_;
};

}  // namespace lenswire::client
