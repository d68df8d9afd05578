// Skeletons as bytes (an even first byte) and as JSON: what is taken comes back the same, both
// ways.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <lenswire/skeleton.hpp>

#include "codec/json/skeleton_json.hpp"

using lenswire::Skeleton;

namespace {

std::vector<std::byte> bytes_of(const Skeleton& skeleton) {
  std::vector<std::byte> bytes;
  lenswire::encode_skeleton(skeleton, bytes);
  return bytes;
}

void must(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto input = std::as_bytes(std::span(data + 1, size - 1));
  Skeleton skeleton;
  if (data[0] % 2 == 0 ? !lenswire::decode_skeleton(input, skeleton)
                       : !lenswire::codec::skeleton_from_json(input, skeleton))
    return 0;
  must(skeleton.persons.size() <= lenswire::kMaxPersons);
  const auto bytes = bytes_of(skeleton);
  Skeleton again;
  must(lenswire::decode_skeleton(bytes, again).has_value());
  must(bytes_of(again) == bytes);
  std::vector<std::byte> text;
  lenswire::codec::skeleton_to_json(skeleton, text);
  must(lenswire::codec::skeleton_from_json(text, again).has_value());
  // A position whose NaNs had other bits comes back as the usual NaN.
  std::vector<std::byte> second;
  lenswire::codec::skeleton_to_json(again, second);
  must(text == second);
  for (const auto& person : skeleton.persons) (void)lenswire::kinect_joints(person);
  return 0;
}
