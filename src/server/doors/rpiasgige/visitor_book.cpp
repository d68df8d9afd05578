#include "server/doors/rpiasgige/visitor_book.hpp"

#include <algorithm>

namespace lenswire::server::rpiasgige {

VisitorState VisitorBook::look_up(const std::string& host) {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(host);
  if (found == entries_.end()) return {};
  found->second.turn = ++turns_;
  return found->second.state;
}

void VisitorBook::write_down(const std::string& host, VisitorState state) {
  base::MutexLock lock(mutex_);
  if (entries_.size() >= kMaxVisitors && !entries_.contains(host))
    entries_.erase(std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.turn < b.second.turn; }));
  entries_[host] = {std::move(state), ++turns_};
}

std::size_t VisitorBook::size() const {
  base::MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace lenswire::server::rpiasgige
