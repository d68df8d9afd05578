// hough_finder.hpp - finds a circle as the original ball client does.
#pragma once

#include <memory>

#include "filter/ball_finder.hpp"

namespace lenswire::vision {

/// OpenCV's Hough transform for circles, with the original's numbers: accumulator 3.5 times coarser
/// than the picture, edges from 50, 20 votes. The first circle is the ball.
[[nodiscard]] std::unique_ptr<filter::BallFinder> make_hough_finder(
    const filter::BallSearch& search);

}  // namespace lenswire::vision
