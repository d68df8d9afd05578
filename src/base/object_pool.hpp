// object_pool.hpp - objects that are shared, dropped and used again without allocating.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "base/mutex.hpp"

namespace lenswire::base {

/// Hands out `shared_ptr<T>`; when the last holder lets go, the object (with whatever memory its
/// members hold) waits for the next acquire(). Objects may outlive the pool.
///
/// A T with recycle() lets go there of what it must not hold while it waits. At most `max_idle`
/// unused objects are kept. Whoever acquires one sets all its fields.
/// Threading: thread-safe.
template <typename T>
class ObjectPool {
 public:
  explicit ObjectPool(std::size_t max_idle = 16) : core_(std::make_shared<Core>(max_idle)) {}

  [[nodiscard]] std::shared_ptr<T> acquire() {
    std::unique_ptr<T> object;
    {
      MutexLock lock(core_->mutex);
      if (!core_->idle.empty()) {
        object = std::move(core_->idle.back());
        core_->idle.pop_back();
      }
    }
    if (!object) object = std::make_unique<T>();
    return std::shared_ptr<T>(object.release(), Return{core_}, ControlBlocks<T>{core_});
  }

 private:
  struct Core {
    explicit Core(std::size_t limit) : max_idle(limit) {
      idle.reserve(limit);
      blocks.reserve(limit);
    }
    ~Core() {
      for (void* block : blocks) ::operator delete(block);
    }
    const std::size_t max_idle;
    Mutex mutex;
    std::vector<std::unique_ptr<T>> idle LENSWIRE_GUARDED_BY(mutex);
    std::vector<void*> blocks LENSWIRE_GUARDED_BY(mutex);  // all of one size
  };

  struct Return {
    std::shared_ptr<Core> core;
    void operator()(T* object) const noexcept {
      std::unique_ptr<T> owned(object);
      if constexpr (requires { object->recycle(); }) object->recycle();
      MutexLock lock(core->mutex);
      if (core->idle.size() < core->max_idle) core->idle.push_back(std::move(owned));
    }
  };

  // shared_ptr's control blocks: one type, so one size, so a free list does.
  template <typename U>
  struct ControlBlocks {
    using value_type = U;
    std::shared_ptr<Core> core;

    explicit ControlBlocks(std::shared_ptr<Core> c) noexcept : core(std::move(c)) {}
    template <typename V>
    ControlBlocks(const ControlBlocks<V>& other) noexcept : core(other.core) {}

    U* allocate(std::size_t) {
      {
        MutexLock lock(core->mutex);
        if (!core->blocks.empty()) {
          void* block = core->blocks.back();
          core->blocks.pop_back();
          return static_cast<U*>(block);
        }
      }
      return static_cast<U*>(::operator new(sizeof(U)));
    }
    void deallocate(U* block, std::size_t) noexcept {
      {
        MutexLock lock(core->mutex);
        if (core->blocks.size() < core->max_idle) {
          core->blocks.push_back(block);
          return;
        }
      }
      ::operator delete(block);
    }
    template <typename V>
    bool operator==(const ControlBlocks<V>& other) const noexcept {
      return core == other.core;
    }
  };

  std::shared_ptr<Core> core_;
};

}  // namespace lenswire::base
