// Texts of users and request targets of clients: source URIs, queries, lenswire:// URLs.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/uri.hpp"

namespace {

using namespace lenswire;

void require(bool holds) {
  if (!holds) std::abort();
}

void read_options(base::QueryOptions& options) {
  const auto rate = options.number("fps", 30, 1, 240);
  if (rate) require(*rate >= 1 && *rate <= 240);
  const auto quality = options.integer("quality", 80, 1, 100);
  if (quality) require(*quality >= 1 && *quality <= 100);
  const auto size = options.size("size", {640, 480}, 4096);
  if (size) {
    require(size->width >= 1 && size->width <= 4096 && size->height >= 1 && size->height <= 4096);
  }
  (void)options.boolean("loop", true);
  (void)options.finish("fps, quality, size, loop");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto uri = base::SourceUri::parse(text)) {
    require(uri->text == text && !uri->scheme.empty());
    read_options(uri->options);
  }
  if (auto options = base::QueryOptions::parse(text)) read_options(*options);
  if (const auto url = base::LenswireUrl::parse(text)) {
    require(!url->host.empty());
    require(url->camera.empty() || base::is_valid_name(url->camera));
    require(url->stream.empty() || base::is_valid_name(url->stream));
  }
  if (const auto decoded = base::percent_decode(text)) {
    require(decoded->size() <= text.size());
    // Only a NUL that was written as one stays.
    require(text.find('\0') != text.npos || decoded->find('\0') == decoded->npos);
  }
  return 0;
}
