#include "source/replay/replay_reader.hpp"

#include <algorithm>
#include <exception>

#include "base/thread.hpp"
#include "source/picture_file.hpp"

namespace lenswire::source::replay {
namespace {

Result<frame::Image> load_guarded(const std::filesystem::path& path) {
  try {
    return load_picture(path);
  } catch (const std::exception& error) {  // out of memory
    return fail(ErrorCode::Busy, path.string() + ": " + error.what());
  }
}

}  // namespace

ReplayReader::ReplayReader(std::filesystem::path folder, std::vector<Entry> entries, bool keep_all)
    : folder_(std::move(folder)),
      entries_(std::move(entries)),
      keep_all_(keep_all),
      loaded_(entries_.size()),
      thread_([this] { load_ahead(); }) {}

ReplayReader::~ReplayReader() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

bool ReplayReader::is_ahead(std::size_t index) const {
  return (index + entries_.size() - position_) % entries_.size() < kAhead;
}

std::optional<std::size_t> ReplayReader::next_missing() const {
  const auto span = keep_all_ ? entries_.size() : std::min(kAhead, entries_.size());
  for (std::size_t i = 0; i < span; ++i) {
    const auto index = (position_ + i) % entries_.size();
    if (!loaded_[index]) return index;
  }
  return std::nullopt;
}

std::shared_ptr<const Pictures> ReplayReader::at(std::size_t index) {
  base::MutexLock lock(mutex_);
  position_ = index;
  if (!keep_all_)
    for (std::size_t i = 0; i < loaded_.size(); ++i)
      if (loaded_[i] && !is_ahead(i)) loaded_[i].reset();
  changed_.notify_all();
  while (!loaded_[index]) changed_.wait(mutex_);
  return loaded_[index];
}

void ReplayReader::load_ahead() {
  base::set_thread_name("replay files");
  for (;;) {
    std::size_t index = 0;
    {
      base::MutexLock lock(mutex_);
      std::optional<std::size_t> missing;
      while (!stopping_ && !(missing = next_missing())) changed_.wait(mutex_);
      if (stopping_) return;
      index = *missing;
    }
    auto pictures = std::make_shared<const Pictures>(load(entries_[index]));
    base::MutexLock lock(mutex_);
    if (keep_all_ || is_ahead(index)) loaded_[index] = std::move(pictures);
    changed_.notify_all();
  }
}

Pictures ReplayReader::load(const Entry& entry) const {
  Pictures pictures;
  if (!entry.depth.empty()) pictures.depth = load_guarded(folder_ / entry.depth);
  if (!entry.color.empty()) pictures.color = load_guarded(folder_ / entry.color);
  return pictures;
}

}  // namespace lenswire::source::replay
