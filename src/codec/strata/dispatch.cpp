#include "dispatch.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <vector>

#if LENSWIRE_STRATA_HIGHWAY
#include "kernels_highway.hpp"
#endif

namespace lenswire::strata {
namespace {

const std::vector<Target>& targets() {
  static const std::vector<Target> all = [] {
    std::vector<Target> found;
#if LENSWIRE_STRATA_HIGHWAY
    append_highway_targets(found);
#endif
    found.push_back({"scalar", &kScalarDecodeKernels, &kScalarEncodeKernels});
    return found;
  }();
  return all;
}

const Target* find(const char* name) noexcept {
  for (const Target& target : targets())
    if (std::strcmp(target.name, name) == 0) return &target;
  return nullptr;
}

std::atomic<const Target*>& chosen() noexcept {
  static std::atomic<const Target*> target = [] {
    const char* name = std::getenv("LENSWIRE_STRATA_TARGET");
    const Target* wanted = name == nullptr ? nullptr : find(name);
    return wanted == nullptr ? &targets().front() : wanted;
  }();
  return target;
}

}  // namespace

std::span<const Target> available_targets() noexcept { return targets(); }

const Target& current_target() noexcept { return *chosen().load(std::memory_order_relaxed); }

bool force_target(const char* name) noexcept {
  const Target* target = find(name);
  if (target == nullptr) return false;
  chosen().store(target, std::memory_order_relaxed);
  return true;
}

}  // namespace lenswire::strata
