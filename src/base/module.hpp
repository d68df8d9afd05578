// module.hpp - optional pieces of lenswire, each in a shared object that is loaded when it is
// needed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

#include "base/log.hpp"

// What differs between builds that must not be mixed: the compiler, its library's checks,
// sanitizers.
#ifndef LENSWIRE_MODULE_BUILD
#define LENSWIRE_MODULE_BUILD ""
#endif

namespace lenswire::base {

/// The build that a module must come from: interfaces are C++ and have no stable layout.
inline constexpr const char* kModuleBuild = LENSWIRE_MODULE_BUILD "; " __VERSION__;

/// What the program lends to a module.
struct ModuleHost {
  /// Where the module's log lines go: a module has its own copy of the base layer.
  LogRedirect log = nullptr;
};

/// What the C function `lenswire_module` of a shared object returns; lives as long as the process.
struct ModuleEntry {
  const char* build;      ///< kModuleBuild of the module
  const char* interface;  ///< what instance() is: kModuleInterface of the class
  /// Makes the module's one object, at the first call. Null after a failure, which `error` then
  /// tells. It is never destroyed: threads of foreign libraries may outlive main().
  void* (*instance)(const ModuleHost& host, std::string& error);
};

/// A module that there may be.
struct ModuleKind {
  std::string_view name;      ///< "webrtc": the file is lenswire-webrtc.so
  std::string_view purpose;   ///< for `lenswire doctor`
  std::string_view packages;  ///< Debian's, that it needs at run time
};

/// All of them, whether present or not.
[[nodiscard]] std::span<const ModuleKind> module_kinds() noexcept;

/// The folders that are searched, in order: those of LENSWIRE_MODULE_PATH (a list with colons;
/// ignored in set-user-id programs), the one beside this program or library, the installed one.
[[nodiscard]] std::vector<std::string> module_folders();

/// The module's file, which is looked for and not opened.
/// Errors: NotFound, with the folders that were searched and the remedy.
Result<std::string> find_module(std::string_view name);

/// Loads a module at the first call and keeps the outcome: a later call returns the same.
///
/// Errors: NotFound (no such file, or a library that it needs is missing), VersionMismatch (of
/// another build), Unsupported (it gave up by itself). Each names the file and the remedy.
///
/// Threading: thread-safe; may block on the disk, so not for I/O threads once they run.
Result<void*> load_module_instance(std::string_view name, std::string_view interface);

/// The module's object. `Interface` is an abstract class with
/// `static constexpr const char* kModuleInterface = "net.RtcStack.1"`, whose number rises when the
/// class changes.
template <typename Interface>
Result<Interface*> load_module(std::string_view name) {
  auto loaded = load_module_instance(name, Interface::kModuleInterface);
  if (!loaded) return fail(std::move(loaded.error()));
  return static_cast<Interface*>(*loaded);
}

/// Whether a module could be used, by opening it and making nothing: the file's path.
/// Errors: as load_module().
Result<std::string> check_module(std::string_view name);

}  // namespace lenswire::base

/// Once in a module: `LENSWIRE_MODULE(net::RtcStack, make_stack)`, where make_stack() is
/// `Result<std::unique_ptr<net::RtcStack>>()`. Use it outside of namespaces, with full names.
#define LENSWIRE_MODULE(Interface, make)                                               \
  extern "C" __attribute__((visibility("default"))) const lenswire::base::ModuleEntry* \
  lenswire_module() {                                                                  \
    static constexpr lenswire::base::ModuleEntry entry{                                \
        lenswire::base::kModuleBuild, Interface::kModuleInterface,                     \
        [](const lenswire::base::ModuleHost& host, std::string& error) -> void* {      \
          lenswire::base::redirect_log(host.log);                                      \
          lenswire::Result<std::unique_ptr<Interface>> made = make();                  \
          if (!made) {                                                                 \
            error = made.error().message;                                              \
            return nullptr;                                                            \
          }                                                                            \
          return static_cast<Interface*>(made->release());                             \
        }};                                                                            \
    return &entry;                                                                     \
  }
