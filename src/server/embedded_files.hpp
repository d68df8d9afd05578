// embedded_files.hpp - the files of web/, inside the program.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace lenswire::server {

/// One file of the page. Everything lives as long as the program.
struct EmbeddedFile {
  std::string_view path;          ///< as in a request target: "/app.js"; the page itself is "/"
  std::string_view content_type;  ///< "text/javascript; charset=utf-8"
  std::string_view etag;          ///< quoted, from the content
  std::span<const std::byte> bytes;
};

/// The Content-Security-Policy under which the page works; sent with every file of it.
inline constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Every file, sorted by path. Written by cmake/EmbedFiles.cmake at build time.
///
/// Threading: reentrant.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files() noexcept;

}  // namespace lenswire::server
