// ls_local.cpp - lenswire ls --local.
#include "cli/ls_local.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "cli/text.hpp"
#include "source/source_table.hpp"
#include "source/v4l2/v4l2_listing.hpp"
#include "wire/maps.hpp"

namespace lenswire::cli {
namespace {

using nlohmann::json;
using source::v4l2::CameraListing;
using source::v4l2::FormatOffer;
using source::v4l2::fourcc_text;
using source::v4l2::SizeOffer;

bool is_one_size(const SizeOffer& size) {
  return size.min_width == size.max_width && size.min_height == size.max_height;
}

std::string rates_text(const SizeOffer& size) {
  std::vector<std::string> rates;
  for (const auto& offer : size.intervals)
    rates.push_back(
        offer.fastest == offer.slowest
            ? fmt::format("{:.4g}", offer.fastest.rate_hz())
            : fmt::format("{:.4g} to {:.4g}", offer.slowest.rate_hz(), offer.fastest.rate_hz()));
  return rates.empty() ? std::string("any rate") : fmt::format("{} Hz", fmt::join(rates, ", "));
}

std::string size_text(const SizeOffer& size) {
  auto text = fmt::format("{}x{}", size.min_width, size.min_height);
  if (!is_one_size(size))
    text += fmt::format(" to {}x{} in steps of {}x{}", size.max_width, size.max_height,
                        size.width_step, size.height_step);
  return text;
}

void print_format(const FormatOffer& offer) {
  fmt::print("  {:8} {:7} {}\n", printable(fourcc_text(offer.code)),
             offer.format ? to_string(*offer.format) : "-", printable(offer.description));
  for (const auto& size : offer.sizes)
    fmt::print("    {:10} {}\n", size_text(size), rates_text(size));
}

void print_camera(const CameraListing& camera) {
  fmt::print("{:36} {}\n", printable(camera.uris.front()),
             printable(camera.problem.empty() ? camera.capability.card : camera.problem));
  for (std::size_t i = 1; i < camera.uris.size(); ++i)
    fmt::print("  {}\n", printable(camera.uris[i]));
  if (!camera.problem.empty()) return;
  fmt::print("  driver {}{}{}\n", printable(camera.capability.driver),
             camera.serial.empty() ? "" : ", serial number ", printable(camera.serial));
  fmt::print("  formats (a - is one that lenswire does not read):\n");
  for (const auto& offer : camera.formats) print_format(offer);
  if (!camera.controls.empty()) fmt::print("  controls:\n");
  for (const auto& control : camera.controls) print_control(control, "  ");
}

json rates_of(const SizeOffer& size) {
  auto rates = json::array();
  for (const auto& offer : size.intervals) {
    if (offer.fastest == offer.slowest)
      rates.push_back(offer.fastest.rate_hz());
    else
      rates.push_back({{"minimum", offer.slowest.rate_hz()}, {"maximum", offer.fastest.rate_hz()}});
  }
  return rates;
}

json map_of(const FormatOffer& offer) {
  json map = {{"fourcc", fourcc_text(offer.code)},
              {"format", offer.format ? json(to_string(*offer.format)) : json()},
              {"description", offer.description}};
  auto& sizes = map["sizes"] = json::array();
  for (const auto& size : offer.sizes) {
    json entry = {{"rates_hz", rates_of(size)}};
    if (is_one_size(size)) {
      entry["width"] = size.min_width;
      entry["height"] = size.min_height;
    } else {
      entry["minimum"] = {size.min_width, size.min_height};
      entry["maximum"] = {size.max_width, size.max_height};
      entry["step"] = {size.width_step, size.height_step};
    }
    sizes.push_back(std::move(entry));
  }
  return map;
}

json map_of(const CameraListing& camera) {
  const auto& node = camera.capability;
  json map = {{"uri", camera.uris.front()}, {"uris", camera.uris}, {"model", node.card},
              {"driver", node.driver},      {"bus", node.bus},     {"serial", camera.serial},
              {"problem", camera.problem}};
  map["description"] = camera.problem.empty() ? fmt::format("{} at {}: {}", node.card, node.bus,
                                                            summary_of(camera.formats))
                                              : camera.problem;
  auto& formats = map["formats"] = json::array();
  for (const auto& offer : camera.formats) formats.push_back(map_of(offer));
  map["controls"] = wire::to_map(camera.controls);
  return map;
}

}  // namespace

void print_control(const Control& control, std::string_view indent) {
  fmt::print("{}{:32} {:8} {}", indent, printable(control.name), to_string(control.type),
             control_value_text(control.value));
  if (control.type == ControlType::Menu) {
    for (const auto& item : control.menu) fmt::print("  {}={}", item.index, printable(item.name));
  } else if (control.maximum > control.minimum) {
    fmt::print("  [{:.12g} .. {:.12g}]", control.minimum, control.maximum);
    if (control.step > 1) fmt::print(" in steps of {:.12g}", control.step);
  }
  fmt::print("{}{}{}\n", control.read_only ? "  read-only" : "",
             control.volatile_value ? "  volatile" : "", control.inactive ? "  inactive" : "");
}

Result<void> list_local(bool as_json) {
  auto found = json::array();
  const source::SourceTable table;
  for (const auto& kind : table.kinds()) {
    if (kind.scheme == "v4l2") {
      for (const auto& camera : source::v4l2::list_cameras(source::v4l2::kernel())) {
        if (!as_json) print_camera(camera);
        found.push_back(map_of(camera));
      }
    } else if (kind.find) {
      for (const auto& source : kind.find()) {
        if (!as_json)
          fmt::print("{:36} {}\n", printable(source.uri), printable(source.description));
        found.push_back({{"uri", source.uri}, {"description", source.description}});
      }
    }
  }
  if (as_json)
    fmt::print("{}\n", json_line({{"sources", std::move(found)}}));
  else if (found.empty())
    fmt::print(
        "no camera found on this machine; `lenswire serve --camera demo=synthetic:room` "
        "needs none\n");
  return {};
}

}  // namespace lenswire::cli
