#include "base/module.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/mutex.hpp"

namespace lenswire::base {
namespace {

constexpr std::array kKinds = {
    ModuleKind{"webrtc", "WebRTC data channels, the ball door", "libnice10 libusrsctp2 libssl3"},
    ModuleKind{"vision", "finds the ball for ball-client and bench-loop", "libopencv-imgproc406"},
    ModuleKind{"pose", "the skeleton stream", "libopencv-dnn406"},
    ModuleKind{"openni2", "Kinect, PrimeSense and Orbbec through OpenNI2", "libopenni2-0"},
    ModuleKind{"freenect", "Kinect v1 through libfreenect", "libfreenect0.5"},
    ModuleKind{"realsense", "RealSense cameras through librealsense2", ""},
    ModuleKind{"freenect2", "Kinect v2 through libfreenect2", ""},
};

const ModuleKind* kind_of(std::string_view name) noexcept {
  for (const auto& kind : kKinds)
    if (kind.name == name) return &kind;
  return nullptr;
}

std::string remedy(std::string_view name) {
  const auto* kind = kind_of(name);
  return kind == nullptr || kind->packages.empty() ? std::string("see docs/sources.md")
                                                   : fmt::format("install {}", kind->packages);
}

// Never unloaded: foreign libraries leave threads and exit handlers behind.
Result<void*> open_module(std::string_view name) {
  const auto file = find_module(name);
  if (!file) return fail(file.error());
  void* handle = ::dlopen(file->c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle != nullptr) return handle;
  return fail(ErrorCode::NotFound, fmt::format("module {} ({}) does not load: {}; {}", name, *file,
                                               ::dlerror(), remedy(name)));
}

Result<const ModuleEntry*> entry_of_module(std::string_view name) {
  const auto handle = open_module(name);
  if (!handle) return fail(handle.error());
  const auto entry_of =
      reinterpret_cast<const ModuleEntry* (*)()>(::dlsym(*handle, "lenswire_module"));
  if (entry_of == nullptr)
    return fail(
        ErrorCode::VersionMismatch,
        fmt::format("module {} has no entry lenswire_module: it is something else of that name; "
                    "install the one that belongs to this lenswire",
                    name));
  const auto* entry = entry_of();
  if (std::string_view(entry->build) == kModuleBuild) return entry;
  return fail(ErrorCode::VersionMismatch,
              fmt::format("module {} is of another build ({}); this lenswire is {}: install both "
                          "from the same build",
                          name, entry->build, kModuleBuild));
}

Result<void*> make_instance(std::string_view name, std::string_view interface) {
  const auto found = entry_of_module(name);
  if (!found) return fail(found.error());
  const auto* entry = *found;
  if (entry->interface != interface)
    return fail(
        ErrorCode::VersionMismatch,
        fmt::format("module {} offers {}, and {} is needed: install both from the same build", name,
                    entry->interface, interface));
  std::string error;
  void* instance = entry->instance(ModuleHost{log_line}, error);
  if (instance == nullptr)
    return fail(ErrorCode::Unsupported, fmt::format("module {}: {}", name, error));
  return instance;
}

void add_list(std::vector<std::string>& out, std::string_view list) {
  while (!list.empty()) {
    const auto colon = list.find(':');
    if (const auto folder = list.substr(0, colon); !folder.empty()) out.emplace_back(folder);
    list.remove_prefix(colon == std::string_view::npos ? list.size() : colon + 1);
  }
}

}  // namespace

std::span<const ModuleKind> module_kinds() noexcept { return kKinds; }

std::vector<std::string> module_folders() {
  std::vector<std::string> out;
  if (const char* list = std::getenv("LENSWIRE_MODULE_PATH");
      list != nullptr && ::getauxval(AT_SECURE) == 0)
    add_list(out, list);
  // The program in bin/ or the library in lib/, of a build folder or of an installation.
  Dl_info self{};
  if (::dladdr(reinterpret_cast<const void*>(&module_kinds), &self) != 0 &&
      self.dli_fname != nullptr) {
    std::error_code error;
    auto file = std::filesystem::canonical(self.dli_fname, error);
    // A program that was found through PATH knows itself by its bare name.
    if (error) file = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
      const auto folder = file.parent_path();
      out.push_back((folder / "lenswire" / "modules").string());
      out.push_back((folder.parent_path() / "lib" / "lenswire" / "modules").string());
    }
  }
  out.emplace_back(LENSWIRE_MODULE_DIR);
  return out;
}

Result<std::string> find_module(std::string_view name) {
  const auto folders = module_folders();
  for (const auto& folder : folders) {
    auto file = fmt::format("{}/lenswire-{}.so", folder, name);
    if (::access(file.c_str(), R_OK) == 0) return file;
  }
  return fail(
      ErrorCode::NotFound,
      fmt::format(
          "module {} is not installed (no lenswire-{}.so in {}); install it, or build lenswire "
          "where its libraries are there: {}",
          name, name, fmt::join(folders, ", "), remedy(name)));
}

Result<void*> load_module_instance(std::string_view name, std::string_view interface) {
  static Mutex mutex;
  // Like what it points to, it lives as long as the process.
  static auto& loaded = *new std::map<std::string, Result<void*>, std::less<>>();
  MutexLock lock(mutex);
  const auto known = loaded.find(name);
  if (known != loaded.end()) return known->second;
  return loaded.emplace(std::string(name), make_instance(name, interface)).first->second;
}

Result<std::string> check_module(std::string_view name) {
  if (const auto entry = entry_of_module(name); !entry) return fail(entry.error());
  return find_module(name);
}

}  // namespace lenswire::base
