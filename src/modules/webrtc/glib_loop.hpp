// glib_loop.hpp - a thread that runs a GLib main context, because libnice needs one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/mutex.hpp"

namespace lenswire::webrtc {

/// Threading: post() and is_current() thread-safe; all else thread-bound to the loop.
class GlibLoop {
 public:
  explicit GlibLoop(const std::string& name);
  ~GlibLoop();  // runs what was posted, joins

  void post(std::function<void()> task);
  [[nodiscard]] bool is_current() const noexcept;

  /// Called ten times a second while it is registered.
  class Ticker {
   public:
    virtual ~Ticker() = default;
    virtual void tick() = 0;
  };
  void add(Ticker& ticker);
  void remove(Ticker& ticker);

  /// The GMainContext.
  [[nodiscard]] void* context() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lenswire::webrtc
