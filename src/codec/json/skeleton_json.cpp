#include "codec/json/skeleton_json.hpp"

#include <fmt/format.h>

#include <iterator>
#include <limits>

#include <nlohmann/json.hpp>

namespace lenswire::codec {
namespace {

using nlohmann::json;

class TextWriter {
 public:
  explicit TextWriter(std::vector<std::byte>& out) noexcept : out_(out) {}

  void text(std::string_view run) {
    const auto bytes = std::as_bytes(std::span(run));
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  void key(std::string_view name) {
    text("\"");
    text(name);
    text("\":");
  }
  template <typename Number>
  void number(Number value) {
    fmt::memory_buffer digits;  // on the stack
    fmt::format_to(std::back_inserter(digits), "{}", value);
    text({digits.data(), digits.size()});
  }
  void number(float value) {
    // "-0" would be read as a whole number, which has no sign at zero.
    if (value == 0 && std::signbit(value)) return text("-0.0");
    number<float>(value);
  }
  void member(std::string_view name, float value) {
    key(name);
    number(value);
  }
  void position(const JointPosition& at) {
    if (!at.known()) return text("null");
    text("[");
    number(at.x_m);
    text(",");
    number(at.y_m);
    text(",");
    number(at.z_m);
    text("]");
  }

 private:
  std::vector<std::byte>& out_;
};

void write_joint(TextWriter& writer, const Joint& joint, std::string_view name) {
  writer.text("{\"name\":\"");
  writer.text(name);
  writer.text("\",");
  writer.member("x_px", joint.x_px);
  writer.text(",");
  writer.member("y_px", joint.y_px);
  writer.text(",");
  writer.key("position_m");
  writer.position(joint.position);
  writer.text(",");
  writer.member("confidence", joint.confidence);
  writer.text("}");
}

void write_person(TextWriter& writer, const Person& person) {
  writer.text("{\"id\":");
  writer.number(person.id);
  writer.text(",");
  writer.member("confidence", person.confidence);
  writer.text(",\"joints\":[");
  for (std::size_t i = 0; i < kJointCount; ++i) {
    if (i > 0) writer.text(",");
    write_joint(writer, person.joints[i], to_string(static_cast<JointId>(i)));
  }
  writer.text("],\"kinect25\":[");
  const auto kinect = kinect_joints(person);
  static constexpr std::string_view kTracking[] = {"not_tracked", "inferred", "tracked"};
  for (std::size_t i = 0; i < kinect.size(); ++i) {
    if (i > 0) writer.text(",");
    writer.text("{\"name\":\"");
    writer.text(to_string(static_cast<KinectJointId>(i)));
    writer.text("\",\"tracking\":\"");
    writer.text(kTracking[static_cast<std::size_t>(kinect[i].tracking)]);
    writer.text("\",");
    writer.key("position_m");
    writer.position(kinect[i].joint.position);
    writer.text("}");
  }
  writer.text("]}");
}

auto broken(const char* what) { return fail(ErrorCode::InvalidArgument, what); }

// A member of an object, or null.
const json& member_of(const json& map, const char* key) {
  static const json none;
  if (!map.is_object()) return none;
  const auto found = map.find(key);
  return found == map.end() ? none : *found;
}

bool read_number(const json& value, float& out) {
  if (!value.is_number()) return false;
  out = value.get<float>();
  return std::isfinite(out);
}

bool read_count(const json& value, std::uint32_t& out) {
  if (!value.is_number_unsigned()) return false;
  const auto number = value.get<std::uint64_t>();
  out = static_cast<std::uint32_t>(number);
  return number <= std::numeric_limits<std::uint32_t>::max();
}

bool read_confidence(const json& value, float& out) {
  return read_number(value, out) && out >= 0 && out <= 1;
}

bool read_joint(const json& map, std::string_view name, Joint& out) {
  const auto& named = member_of(map, "name");
  if (!named.is_string() || named.get_ref<const std::string&>() != name) return false;
  if (!read_number(member_of(map, "x_px"), out.x_px) ||
      !read_number(member_of(map, "y_px"), out.y_px) ||
      !read_confidence(member_of(map, "confidence"), out.confidence))
    return false;
  out.position = {};
  const auto& at = member_of(map, "position_m");
  if (at.is_null()) return true;
  return at.is_array() && at.size() == 3 && read_number(at[0], out.position.x_m) &&
         read_number(at[1], out.position.y_m) && read_number(at[2], out.position.z_m);
}

bool read_person(const json& map, Person& out) {
  const auto& joints = member_of(map, "joints");
  if (!read_count(member_of(map, "id"), out.id) ||
      !read_confidence(member_of(map, "confidence"), out.confidence) || !joints.is_array() ||
      joints.size() != kJointCount)
    return false;
  for (std::size_t i = 0; i < kJointCount; ++i)
    if (!read_joint(joints[i], to_string(static_cast<JointId>(i)), out.joints[i])) return false;
  return true;
}

}  // namespace

void skeleton_to_json(const Skeleton& skeleton, std::vector<std::byte>& out) {
  out.clear();
  TextWriter writer(out);
  writer.text("{\"space\":\"");
  writer.text(to_string(skeleton.space));
  writer.text("\",\"width\":");
  writer.number(skeleton.width);
  writer.text(",\"height\":");
  writer.number(skeleton.height);
  writer.text(",\"persons\":[");
  for (std::size_t i = 0; i < skeleton.persons.size(); ++i) {
    if (i > 0) writer.text(",");
    write_person(writer, skeleton.persons[i]);
  }
  writer.text("]}\n");
}

Result<void> skeleton_from_json(std::span<const std::byte> text, Skeleton& out) {
  out = {};
  if (text.size() > kMaxSkeletonJsonBytes) return broken("skeleton: the text is too long");
  const auto* begin = reinterpret_cast<const char*>(text.data());
  const auto map = json::parse(begin, begin + text.size(), nullptr, false);
  const auto& persons = member_of(map, "persons");
  const auto& space = member_of(map, "space");
  if (!persons.is_array() || persons.size() > kMaxPersons || !space.is_string() ||
      !read_count(member_of(map, "width"), out.width) ||
      !read_count(member_of(map, "height"), out.height))
    return broken("skeleton: not the JSON of a skeleton");
  bool known = false;
  for (const auto candidate : {SkeletonSpace::None, SkeletonSpace::Depth, SkeletonSpace::Color}) {
    if (space.get_ref<const std::string&>() != to_string(candidate)) continue;
    out.space = candidate;
    known = true;
  }
  if (!known) return broken("skeleton: an unknown space");
  out.persons.resize(persons.size());
  for (std::size_t i = 0; i < persons.size(); ++i)
    if (!read_person(persons[i], out.persons[i])) return broken("skeleton: a person is damaged");
  return {};
}

}  // namespace lenswire::codec
