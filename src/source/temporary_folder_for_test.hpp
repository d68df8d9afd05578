// temporary_folder_for_test.hpp - a folder that is gone after the test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "codec/codec.hpp"
#include "codec/png/png_file.hpp"
#include "frame/image.hpp"

namespace lenswire::source {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "lenswire_test_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, error);
    std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

  std::filesystem::path write(std::string_view name, std::span<const std::byte> bytes) const {
    std::ofstream(path_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return path_ / name;
  }
  std::filesystem::path write(std::string_view name, std::string_view text) const {
    return write(name, std::as_bytes(std::span(text)));
  }
  std::filesystem::path write(std::string_view name, const frame::Image& image) const {
    unwrap(codec::write_png(path_ / name, image.view()));
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// A picture whose pixels differ, and differ between `variant`s.
inline frame::Image test_picture(PixelFormat format, std::uint32_t width, std::uint32_t height,
                                 std::uint32_t variant = 0) {
  frame::Image image;
  image.reshape(format, width, height);
  std::uint32_t state = 12345 + variant;
  for (auto& byte : image.data) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::byte>(state >> 24);
  }
  return image;
}

inline std::vector<std::byte> test_jpeg(std::uint32_t width, std::uint32_t height,
                                        std::uint32_t variant = 0) {
  std::vector<std::byte> out;
  const auto image = test_picture(PixelFormat::RGB8, width, height, variant);
  unwrap(codec::find_codec("jpeg")->make_encoder({90})->encode(image.view(), out));
  return out;
}

}  // namespace lenswire::source
