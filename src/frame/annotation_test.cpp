#include <lenswire/annotation.hpp>

#include <gtest/gtest.h>

namespace lenswire {

TEST(AnnotationList, FollowsThePictureIntoACutAndScaledOne) {
  AnnotationList list;
  ASSERT_TRUE(list.add({AnnotationKind::Ball, 119.5, 59.5, 20}));
  // 100 x 100 pixels from (100, 50) on, at half the size: pixel edges map to pixel edges.
  list.transform(100, 50, 0.5, 0.5);
  EXPECT_EQ(*list.find(AnnotationKind::Ball), (Annotation{AnnotationKind::Ball, 9.5, 4.5, 10}));
  // The middle of the first pixel of a 2 x 2 block becomes a quarter pixel left of the new middle.
  AnnotationList corner;
  corner.add({AnnotationKind::Ball, 0, 0, 1});
  corner.transform(0, 0, 0.5, 0.5);
  EXPECT_DOUBLE_EQ(corner.items()[0].x_px, -0.25);
}

TEST(AnnotationList, TakesNoMoreThanItHolds) {
  AnnotationList list;
  EXPECT_EQ(list.find(AnnotationKind::Ball), nullptr);
  for (std::size_t i = 0; i < kMaxAnnotations; ++i) EXPECT_TRUE(list.add({}));
  EXPECT_FALSE(list.add({}));
  EXPECT_EQ(list.items().size(), kMaxAnnotations);
}

}  // namespace lenswire
