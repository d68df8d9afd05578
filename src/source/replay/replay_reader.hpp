// replay_reader.hpp - pictures of a folder, loaded before they are due.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <lenswire/result.hpp>

#include "base/mutex.hpp"
#include "frame/image.hpp"
#include "source/replay/replay_folder.hpp"

namespace lenswire::source::replay {

/// The pictures of one entry: nothing where there is no file, an error where it is unusable.
struct Pictures {
  std::optional<Result<frame::Image>> depth;
  std::optional<Result<frame::Image>> color;
};

/// Loads entries on a thread of its own, a few ahead of the player, round and round. With
/// `keep_all` each file is read once.
///
/// Threading: at() from one thread.
class ReplayReader {
 public:
  static constexpr std::size_t kAhead = 8;

  ReplayReader(std::filesystem::path folder, std::vector<Entry> entries, bool keep_all);
  ~ReplayReader();
  ReplayReader(const ReplayReader&) = delete;
  ReplayReader& operator=(const ReplayReader&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  /// The pictures of entry `index`; waits for the disk where they are not loaded yet.
  [[nodiscard]] std::shared_ptr<const Pictures> at(std::size_t index) LENSWIRE_EXCLUDES(mutex_);

 private:
  void load_ahead() LENSWIRE_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<std::size_t> next_missing() const LENSWIRE_REQUIRES(mutex_);
  [[nodiscard]] bool is_ahead(std::size_t index) const LENSWIRE_REQUIRES(mutex_);
  [[nodiscard]] Pictures load(const Entry& entry) const;

  const std::filesystem::path folder_;
  const std::vector<Entry> entries_;
  const bool keep_all_;

  mutable base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::vector<std::shared_ptr<const Pictures>> loaded_ LENSWIRE_GUARDED_BY(mutex_);
  std::size_t position_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  bool stopping_ LENSWIRE_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace lenswire::source::replay
