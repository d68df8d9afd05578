#include "modules/webrtc/glib_loop.hpp"

#include <glib.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/thread.hpp"

namespace lenswire::webrtc {
namespace {

constexpr guint kTickMilliseconds = 100;

}  // namespace

class GlibLoop::Impl {
 public:
  explicit Impl(const std::string& name) : context(g_main_context_new()) {
    thread = std::thread([this, name] {
      base::set_thread_name(name);
      run();
    });
  }
  ~Impl() {
    {
      base::MutexLock lock(mutex);
      stopping = true;
    }
    g_main_context_wakeup(context);
    thread.join();
    g_main_context_unref(context);
  }

  void run() {
    g_main_context_push_thread_default(context);
    while (drain()) g_main_context_iteration(context, TRUE);
    // What libraries still had to do after the last peer's end.
    while (g_main_context_iteration(context, FALSE)) {
    }
    g_main_context_pop_thread_default(context);
  }

  bool drain() {
    std::vector<std::function<void()>> now;
    while (true) {
      bool stop = false;
      {
        base::MutexLock lock(mutex);
        now.swap(posted);
        stop = stopping;
      }
      if (now.empty()) return !stop;
      for (auto& task : now) task();
      now.clear();
    }
  }

  void start_ticking() {
    source = g_timeout_source_new(kTickMilliseconds);
    g_source_set_callback(
        source,
        [](gpointer self) -> gboolean {
          static_cast<Impl*>(self)->tick();
          return G_SOURCE_CONTINUE;
        },
        this, nullptr);
    g_source_attach(source, context);
  }
  void stop_ticking() {
    g_source_destroy(source);
    g_source_unref(source);
    source = nullptr;
  }
  void tick() {
    // A ticker may leave, or take others along.
    for (auto* ticker : std::vector(tickers))
      if (std::find(tickers.begin(), tickers.end(), ticker) != tickers.end()) ticker->tick();
  }

  GMainContext* context;
  GSource* source = nullptr;
  std::vector<Ticker*> tickers;
  base::Mutex mutex;
  std::vector<std::function<void()>> posted LENSWIRE_GUARDED_BY(mutex);
  bool stopping LENSWIRE_GUARDED_BY(mutex) = false;
  std::thread thread;
};

GlibLoop::GlibLoop(const std::string& name) : impl_(std::make_unique<Impl>(name)) {}
GlibLoop::~GlibLoop() = default;

void GlibLoop::post(std::function<void()> task) {
  {
    base::MutexLock lock(impl_->mutex);
    impl_->posted.push_back(std::move(task));
  }
  g_main_context_wakeup(impl_->context);
}

bool GlibLoop::is_current() const noexcept {
  return impl_->thread.get_id() == std::this_thread::get_id();
}

void GlibLoop::add(Ticker& ticker) {
  impl_->tickers.push_back(&ticker);
  if (impl_->tickers.size() == 1) impl_->start_ticking();
}

void GlibLoop::remove(Ticker& ticker) {
  if (std::erase(impl_->tickers, &ticker) > 0 && impl_->tickers.empty()) impl_->stop_ticking();
}

void* GlibLoop::context() const noexcept { return impl_->context; }

}  // namespace lenswire::webrtc
