// visitor_book.hpp - what the door remembers of each client between its conversations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <lenswire/time.hpp>

#include "base/mutex.hpp"

namespace lenswire::server::rpiasgige {

/// The properties that one client may set and have remembered.
inline constexpr std::size_t kMaxRemembered = 64;

/// What a client sees as "its" camera.
struct VisitorState {
  bool open = false;
  std::map<std::int32_t, double> remembered;  ///< accepted SETs, by OpenCV's number
  MonotonicTime last_picture{};               ///< capture time of the last one it got
};

/// By default the clients make one connection per call, so a conversation begins with what the last
/// one from the same address left. Conversations that go on at the same time keep their own state.
///
/// Threading: thread-safe.
class VisitorBook {
 public:
  static constexpr std::size_t kMaxVisitors = 1024;

  [[nodiscard]] VisitorState look_up(const std::string& host);
  /// When the book is full, whoever was here longest ago is forgotten.
  void write_down(const std::string& host, VisitorState state);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    VisitorState state;
    std::uint64_t turn = 0;
  };
  mutable base::Mutex mutex_;
  std::map<std::string, Entry> entries_ LENSWIRE_GUARDED_BY(mutex_);
  std::uint64_t turns_ LENSWIRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace lenswire::server::rpiasgige
