#include "source/control_bank.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace lenswire::source {
namespace {

using testing::HasSubstr;

Control control(std::string name, ControlType type, ControlValue value, double minimum,
                double maximum, double step) {
  Control made;
  made.name = std::move(name);
  made.type = type;
  made.value = std::move(value);
  made.minimum = minimum;
  made.maximum = maximum;
  made.step = step;
  return made;
}

ControlBank bank() {
  auto pattern = control("pattern", ControlType::Menu, std::int64_t{0}, 0, 1, 1);
  pattern.menu = {{0, "plain"}, {1, "bars"}};
  auto temperature = control("temperature", ControlType::Real, 31.5, -40, 100, 0);
  temperature.read_only = true;
  return ControlBank({control("gain", ControlType::Integer, std::int64_t{10}, 10, 50, 5),
                      control("speed", ControlType::Real, 1.0, 0, 4, 0),
                      control("moving", ControlType::Boolean, true, 0, 1, 1), pattern,
                      temperature});
}

}  // namespace

TEST(ControlBank, AnswersWhatItStored) {
  auto controls = bank();
  const auto set = controls.set({{"gain", std::int64_t{50}},
                                 {"speed", std::int64_t{2}},
                                 {"moving", std::int64_t{0}},
                                 {"pattern", std::string("bars")}});
  ASSERT_TRUE(set);
  ASSERT_EQ(set->size(), 4U);
  EXPECT_EQ((*set)[0].value, ControlValue(std::int64_t{50}));
  EXPECT_EQ((*set)[1].value, ControlValue(2.0));
  EXPECT_EQ((*set)[2].value, ControlValue(false));
  EXPECT_EQ((*set)[3].value, ControlValue(std::int64_t{1}));
  EXPECT_EQ(controls.at("gain").value, ControlValue(std::int64_t{50}));
}

TEST(ControlBank, SetsAllOrNothing) {
  auto controls = bank();
  const auto set = controls.set({{"gain", std::int64_t{50}}, {"speed", 4.1}});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::InvalidArgument);
  EXPECT_THAT(set.error().message, HasSubstr("'speed' takes a number from 0 to 4"));
  EXPECT_EQ(controls.at("gain").value, ControlValue(std::int64_t{10}));
}

TEST(ControlBank, RefusesWhatAControlDoesNotTake) {
  auto controls = bank();
  const auto code = [&](const char* name, ControlValue value) {
    const auto set = controls.set({{name, std::move(value)}});
    EXPECT_FALSE(set) << name;
    return set ? ErrorCode::Busy : set.error().code;
  };
  EXPECT_EQ(code("gain", std::int64_t{9}), ErrorCode::InvalidArgument);
  EXPECT_EQ(code("gain", std::int64_t{55}), ErrorCode::InvalidArgument);
  EXPECT_EQ(code("gain", std::int64_t{12}), ErrorCode::InvalidArgument);
  EXPECT_EQ(code("gain", 15.0), ErrorCode::InvalidArgument);
  EXPECT_EQ(code("gain", std::string("15")), ErrorCode::InvalidArgument);
  EXPECT_EQ(code("speed", std::numeric_limits<double>::quiet_NaN()), ErrorCode::InvalidArgument);
  EXPECT_EQ(code("moving", std::int64_t{2}), ErrorCode::InvalidArgument);
  EXPECT_EQ(code("pattern", std::int64_t{2}), ErrorCode::InvalidArgument);
  EXPECT_EQ(code("pattern", std::string("stripes")), ErrorCode::InvalidArgument);
  EXPECT_EQ(code("temperature", 20.0), ErrorCode::PermissionDenied);
  EXPECT_EQ(code("zoom", std::int64_t{1}), ErrorCode::NotFound);
}

TEST(ControlBank, NamesTheControlsThereAre) {
  auto controls = bank();
  EXPECT_EQ(controls.set({{"zoom", true}}).error().message,
            "no control 'zoom'; there are: gain, speed, moving, pattern, temperature");
  EXPECT_EQ(controls.set({{"pattern", true}}).error().message,
            "control 'pattern' takes one of 0 (plain), 1 (bars)");
}

}  // namespace lenswire::source
