#include "base/module.hpp"
#include "modules/vision/hough_finder.hpp"

namespace lenswire::vision {
namespace {

class Vision final : public filter::Vision {
 public:
  std::unique_ptr<filter::BallFinder> make_hough_finder(const filter::BallSearch& search) override {
    return vision::make_hough_finder(search);
  }
};

Result<std::unique_ptr<filter::Vision>> make_vision() { return std::make_unique<Vision>(); }

}  // namespace
}  // namespace lenswire::vision

LENSWIRE_MODULE(lenswire::filter::Vision, lenswire::vision::make_vision)
