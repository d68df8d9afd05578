// cameras.json of the state folder: what is read is written and read again as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/camera_names.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using lenswire::cli::CameraNames;
  auto names = CameraNames::parse({reinterpret_cast<const char*>(data), size});
  if (!names) return 0;
  const auto again = CameraNames::parse(names->to_text());
  if (!again || *again != *names) std::abort();
  const lenswire::source::FoundSource found[] = {
      {"v4l2:/dev/video0", "", lenswire::source::KnownBy::Device, "v4l2 C920 A, node 0", "usb-1"},
      {"v4l2:/dev/video2", "", lenswire::source::KnownBy::Device, "v4l2 C270, node 0", ""}};
  const auto cameras = names->assign(found);
  if (cameras.size() != 2 || cameras[0].name == cameras[1].name) std::abort();
  if (!CameraNames::parse(names->to_text())) std::abort();
  return 0;
}
