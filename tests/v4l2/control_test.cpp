// Controls of a real kernel: every type vivid has, groups, events.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "vivid_machine.hpp"

namespace lenswire::source::v4l2 {
namespace {

using testing::HasSubstr;

using ByName = std::map<std::string, Control>;

ByName by_name(const std::vector<Control>& controls) {
  ByName named;
  for (const auto& control : controls) named[control.name] = control;
  return named;
}

std::int64_t number(const Control& control) { return std::get<std::int64_t>(control.value); }

TEST_F(VividTest, ControlsOfEveryTypeAreListed) {
  const auto listed = make(kFirstCamera)->controls();
  ASSERT_TRUE(listed) << listed.error().message;
  auto controls = by_name(*listed);
  EXPECT_EQ(controls.size(), listed->size()) << "names are unique";
  std::printf("%zu controls\n", controls.size());

  const auto& hue = controls.at("hue");
  EXPECT_EQ(hue.type, ControlType::Integer);
  EXPECT_EQ(hue.minimum, -128);
  EXPECT_EQ(hue.maximum, 128);
  EXPECT_EQ(hue.label, "Hue");
  const auto& gain = controls.at("gain");
  EXPECT_TRUE(gain.inactive) << "ruled by gain_automatic";
  EXPECT_TRUE(gain.volatile_value);
  EXPECT_EQ(controls.at("gain_automatic").type, ControlType::Boolean);
  EXPECT_EQ(controls.at("gain_automatic").value, ControlValue(true));
  EXPECT_EQ(controls.at("button").type, ControlType::Button);
  EXPECT_TRUE(controls.at("read_only_integer_32_bits").read_only);
  EXPECT_EQ(controls.at("bitmask").maximum, 0x80402010);
  EXPECT_EQ(number(controls.at("bitmask")), 0x80002000);
  EXPECT_EQ(controls.at("string").type, ControlType::Text);
  EXPECT_EQ(controls.at("integer_64_bits").minimum, -9223372036854775808.0);

  const auto& menu = controls.at("menu");
  ASSERT_EQ(menu.menu.size(), 3U);
  EXPECT_EQ(menu.menu[1].index, 3);
  EXPECT_EQ(menu.menu[1].name, "Menu Item 3");
  const auto& integer_menu = controls.at("integer_menu");
  EXPECT_EQ(integer_menu.type, ControlType::Menu);
  EXPECT_EQ(integer_menu.menu.back().name, "42");
  EXPECT_FALSE(controls.contains("u8_pixel_array")) << "arrays are left out";
}

TEST_F(VividTest, AGroupOfEveryTypeIsSetAndReadBack) {
  const auto source = make(kFirstCamera);
  const ControlSettings settings = {{"contrast", std::int64_t{77}},
                                    {"gain_automatic", false},
                                    {"gain", std::int64_t{200}},
                                    {"menu", std::int64_t{4}},
                                    {"integer_menu", std::string("21")},
                                    {"integer_64_bits", std::int64_t{1} << 60},
                                    {"bitmask", std::int64_t{0x00402010}},
                                    {"string", std::string("abc")},
                                    {"button", std::int64_t{1}}};
  const auto answer = source->set_controls(settings);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->size(), settings.size());
  auto named = by_name(*answer);
  EXPECT_EQ(number(named.at("contrast")), 77);
  EXPECT_EQ(number(named.at("gain")), 200);
  EXPECT_FALSE(named.at("gain").inactive) << "the automatic lets go of it";
  EXPECT_EQ(number(named.at("menu")), 4);
  EXPECT_EQ(number(named.at("integer_menu")), 7);
  EXPECT_EQ(number(named.at("integer_64_bits")), std::int64_t{1} << 60);
  EXPECT_EQ(number(named.at("bitmask")), 0x00402010);
  EXPECT_EQ(named.at("string").value, ControlValue(std::string("abc")));
  // Read by nobody but the kernel, through a descriptor of its own.
  EXPECT_EQ(number(by_name(*make(kFirstCamera)->controls()).at("contrast")), 77);
  EXPECT_EQ(number(by_name(*make(kSecondCamera)->controls()).at("contrast")), 128);
}

TEST_F(VividTest, ControlsAreRefusedWithReasons) {
  const auto source = make(kFirstCamera);
  const auto refused = [&](const ControlSettings& settings) {
    const auto answer = source->set_controls(settings);
    EXPECT_FALSE(answer);
    return answer ? Error{} : answer.error();
  };
  EXPECT_THAT(refused({{"contrast", std::int64_t{256}}}).message, HasSubstr("from 0 to 255"));
  EXPECT_THAT(refused({{"menu", std::int64_t{2}}}).message, HasSubstr("3 (Menu Item 3)"));
  EXPECT_EQ(refused({{"read_only_integer_32_bits", std::int64_t{1}}}).code,
            ErrorCode::PermissionDenied);
  EXPECT_EQ(refused({{"no_such_control", std::int64_t{1}}}).code, ErrorCode::NotFound);
  // Not one member of a group that holds a mistake is applied.
  const auto mixed = refused({{"contrast", std::int64_t{1}}, {"hue", std::int64_t{1000}}});
  EXPECT_EQ(mixed.code, ErrorCode::InvalidArgument);
  EXPECT_EQ(number(by_name(*source->controls()).at("contrast")), 128);
}

TEST_F(VividTest, ChangesOfOtherProgramsAreTold) {
  const auto source = make(kFirstCamera);
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, 1);
  const auto told = [&](const std::string& name, const ControlValue& value) {
    return sink.wait_for([&] {
      return std::any_of(sink.changes.begin(), sink.changes.end(), [&](const auto& changed) {
        return std::any_of(changed.begin(), changed.end(), [&](const Control& control) {
          return control.name == name && control.value == value;
        });
      });
    });
  };
  const auto started = std::chrono::steady_clock::now();
  set({{"contrast", std::int64_t{33}}});
  EXPECT_TRUE(told("contrast", std::int64_t{33}));
  std::printf("a change of another program was told after %.1f ms\n", ms_since(started));

  // Our own settings are news to everybody else, and so is what they do to other controls.
  ASSERT_TRUE(source->set_controls({{"gain_automatic", false}}));
  EXPECT_TRUE(told("gain_automatic", false));
  EXPECT_TRUE(sink.wait_for([&] {
    return std::any_of(sink.changes.begin(), sink.changes.end(), [](const auto& changed) {
      return std::any_of(changed.begin(), changed.end(), [](const Control& control) {
        return control.name == "gain" && !control.inactive;
      });
    });
  }));
  EXPECT_TRUE(run.finish());
}

}  // namespace
}  // namespace lenswire::source::v4l2
