// rs2_library.hpp - librealsense2 as it is found at run time: its functions, errors and owners.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <lenswire/result.hpp>

#include "modules/realsense/rs2_api.hpp"

namespace lenswire::realsense {

/// Deletes what the library gave.
template <typename T>
struct Release {
  void (*function)(T*) = nullptr;
  void operator()(T* object) const noexcept { function(object); }
};
template <typename T>
using Owned = std::unique_ptr<T, Release<T>>;

/// The names that the library goes by, best first.
[[nodiscard]] std::vector<std::string> library_names();

/// The loaded library. It stays loaded until the process ends.
///
/// Threading: thread-safe, as the library says of itself.
class Library {
 public:
  /// Opens the first of `names` that there is.
  /// Errors: NotFound (none of them, with the remedy), VersionMismatch (not 2.50 or newer),
  /// Unsupported (a function is missing).
  static Result<Library> load(const std::vector<std::string>& names = library_names());

  [[nodiscard]] int version() const noexcept { return version_; }
  [[nodiscard]] std::string version_text() const;

  /// Calls one of the functions and turns its rs2_error into an Error.
  /// Errors: Disconnected (the camera is gone), Busy (the system refused), Unsupported.
  template <typename R, typename... Parameters, typename... Arguments>
  Result<R> call(R (*Api::*function)(Parameters...), Arguments... arguments) const {
    rs2_error* error = nullptr;
    if constexpr (std::is_void_v<R>) {
      (api_.*function)(arguments..., &error);
      if (error != nullptr) return fail(take(error));
      return {};
    } else {
      R answer = (api_.*function)(arguments..., &error);
      if (error != nullptr) return fail(take(error));
      return answer;
    }
  }

  /// The same for functions that give something to be deleted by `release`.
  template <typename T, typename... Parameters, typename... Arguments>
  Result<Owned<T>> make(T* (*Api::*function)(Parameters...), void (*Api::*release)(T*),
                        Arguments... arguments) const {
    auto made = call(function, arguments...);
    if (!made) return fail(std::move(made.error()));
    if (*made == nullptr) return fail(ErrorCode::Unsupported, "librealsense gave nothing");
    return own(*made, release);
  }
  template <typename T>
  Owned<T> own(T* object, void (*Api::*release)(T*)) const {
    return Owned<T>(object, Release<T>{api_.*release});
  }

 private:
  Library() = default;
  [[nodiscard]] Error take(rs2_error* error) const;

  Api api_{};
  int version_ = 0;
};

}  // namespace lenswire::realsense
