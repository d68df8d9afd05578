#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/camera2tcp/decode.hpp"
#include "wire/camera2tcp/encode.hpp"

namespace lenswire::wire::camera2tcp {
namespace {

using Kind = Request::Kind;
using Open = RequestParser::Open;

Request picture(Service service) { return {Kind::Picture, service}; }
Request geometry(Service service) { return {Kind::Geometry, service}; }

std::vector<Request> drain(RequestParser& parser) {
  std::vector<Request> requests;
  while (const auto request = parser.next()) requests.push_back(*request);
  return requests;
}

std::vector<Request> feed(RequestParser& parser, std::string_view text) {
  EXPECT_EQ(parser.feed(std::as_bytes(std::span(text))), text.size());
  return drain(parser);
}

using Requests = std::vector<Request>;

}  // namespace

TEST(Camera2TcpRequest, EveryWordOfEveryVersion) {
  const std::vector<std::pair<std::string_view, Request>> words = {
      {"RGBWebcam", picture(Service::RgbWebcam)},
      {"SimpleImage", picture(Service::SimpleImage)},
      {"KinectWebcam", picture(Service::KinectWebcam)},
      {"RGBHD", picture(Service::KinectWebcam)},
      {"KinectDepth", picture(Service::KinectDepth)},
      {"Depth", picture(Service::KinectDepth)},
      {"KinectSkeleton", picture(Service::KinectSkeleton)},
      {"Skeleton", picture(Service::KinectSkeleton)},
      {"Connecting2RGBWebcam", geometry(Service::RgbWebcam)},
      {"Connecting2SimpleImage", geometry(Service::SimpleImage)},
      {"Connecting2KinectWebcam", geometry(Service::KinectWebcam)},
      {"Connecting2KinectDepth", geometry(Service::KinectDepth)},
      {"Connecting2KinectSkeleton", geometry(Service::KinectSkeleton)},
  };
  for (const auto& [word, request] : words) {
    RequestParser parser;
    EXPECT_EQ(feed(parser, word), Requests{request}) << word;
    EXPECT_EQ(parser.open(), Open::Nothing) << word;
  }
}

TEST(Camera2TcpRequest, TakesTheLongestOfGluedWords) {
  RequestParser parser;
  EXPECT_EQ(feed(parser, "RGBWebcamRGBWebcamConnecting2KinectDepthRGBHDRGBRGBDepth"),
            (Requests{picture(Service::RgbWebcam), picture(Service::RgbWebcam),
                      geometry(Service::KinectDepth), picture(Service::KinectWebcam),
                      picture(Service::RgbWebcam), picture(Service::RgbWebcam),
                      picture(Service::KinectDepth)}));
  EXPECT_EQ(parser.kept_bytes(), 0U);
}

TEST(Camera2TcpRequest, AWordThatMayGrowWaits) {
  RequestParser parser;
  EXPECT_EQ(feed(parser, "RGB"), Requests{});
  EXPECT_EQ(parser.open(), Open::Word);
  EXPECT_EQ(feed(parser, "Web"), Requests{});
  EXPECT_EQ(feed(parser, "cam"), Requests{picture(Service::RgbWebcam)});
  EXPECT_EQ(feed(parser, "RGB"), Requests{});
  EXPECT_EQ(parser.settle(), picture(Service::RgbWebcam));
  EXPECT_EQ(parser.open(), Open::Nothing);
  // What follows decides at once.
  EXPECT_EQ(feed(parser, "RGB\n"), Requests{picture(Service::RgbWebcam)});
}

TEST(Camera2TcpRequest, WhatFollowsAnOpenWordIsKept) {
  RequestParser parser;
  EXPECT_EQ(feed(parser, "RGBWeb"), Requests{});
  EXPECT_EQ(parser.settle(), picture(Service::RgbWebcam));
  EXPECT_EQ(feed(parser, "Depth"), (Requests{Request{}, picture(Service::KinectDepth)}));
}

TEST(Camera2TcpRequest, TheBeginningOfAWordWaitsAndIsGivenUp) {
  RequestParser parser;
  EXPECT_EQ(feed(parser, "Kinect"), Requests{});
  EXPECT_EQ(parser.open(), Open::Beginning);
  EXPECT_EQ(feed(parser, "Depth"), Requests{picture(Service::KinectDepth)});
  EXPECT_EQ(feed(parser, "Kin"), Requests{});
  EXPECT_EQ(parser.settle(), Request{});
  EXPECT_EQ(parser.kept_bytes(), 0U);
  EXPECT_EQ(parser.settle(), std::nullopt);
}

TEST(Camera2TcpRequest, NetcatsLineEndsAreNoRequests) {
  RequestParser parser;
  EXPECT_EQ(feed(parser, "RGBWebcam\r\n"), Requests{picture(Service::RgbWebcam)});
  EXPECT_EQ(feed(parser, std::string_view("\0\n\r\n", 4)), Requests{});
  EXPECT_EQ(parser.open(), Open::Nothing);
}

TEST(Camera2TcpRequest, UnknownBytesAreOneRequestUpToTheNextWord) {
  RequestParser parser;
  EXPECT_EQ(feed(parser, "hello\nworld RGBWebcam"),
            (Requests{Request{}, picture(Service::RgbWebcam)}));
  // The tail may begin a word, but belongs to what was told already.
  EXPECT_EQ(feed(parser, "GET / HTTP/1.0 R"), Requests{Request{}});
  EXPECT_EQ(parser.open(), Open::Beginning);
  EXPECT_EQ(parser.settle(), std::nullopt);
  EXPECT_EQ(feed(parser, "again?"), Requests{Request{}});
}

TEST(Camera2TcpRequest, KeepsNoMoreThanOneReadOfTheOriginal) {
  RequestParser parser;
  const std::string flood(kMaxRequestBytes + 500, 'x');
  EXPECT_EQ(parser.feed(std::as_bytes(std::span(flood))), kMaxRequestBytes);
  EXPECT_EQ(drain(parser), Requests{Request{}});
  EXPECT_EQ(parser.kept_bytes(), 0U);
}

TEST(Camera2TcpGeometry, DepthHasItsWidthFirst) {
  EXPECT_EQ(geometry_answer(Service::RgbWebcam, {480, 640, 3}), "480,640,3");
  EXPECT_EQ(geometry_answer(Service::KinectWebcam, kKinectWebcam), "1080,1920,3");
  EXPECT_EQ(geometry_answer(Service::KinectDepth, kKinectDepth), "512,424,1");
  EXPECT_EQ(geometry_answer(Service::KinectSkeleton, {}), "6");
  EXPECT_EQ(picture_bytes(Service::KinectDepth, kKinectDepth), 434176U);
  EXPECT_EQ(picture_bytes(Service::KinectWebcam, kKinectWebcam), 6220800U);
}

TEST(Camera2TcpGeometry, IsReadBack) {
  EXPECT_EQ(parse_geometry(Service::RgbWebcam, "480,640,3").value(), (Geometry{480, 640, 3}));
  EXPECT_EQ(parse_geometry(Service::SimpleImage, "48,64,3\n").value(), (Geometry{48, 64, 3}));
  EXPECT_EQ(parse_geometry(Service::KinectDepth, "512,424,1").value(), kKinectDepth);
}

TEST(Camera2TcpGeometry, SaysWhatIsWrong) {
  const auto code = [](std::string_view text) {
    const auto parsed = parse_geometry(Service::RgbWebcam, text);
    EXPECT_FALSE(parsed) << text;
    return parsed.error().code;
  };
  EXPECT_EQ(code("no service available"), ErrorCode::NotFound);
  EXPECT_EQ(code("Invalid Request"), ErrorCode::Unsupported);
  EXPECT_EQ(code("Invalid request"), ErrorCode::Unsupported);
  for (const auto* text : {"", "480", "480,", "480,640", "480,640,"})
    EXPECT_EQ(code(text), ErrorCode::Truncated) << text;
  for (const auto* text : {"x", "480,640,3,1", "0,640,3", "480, 640,3", "480,640,5", "-1,2,3",
                           "65536,1,1", "60000,60000,3", "99999999999,1,1", "480;640;3"})
    EXPECT_EQ(code(text), ErrorCode::InvalidArgument) << text;
}

TEST(Camera2TcpWords, NameTheServices) {
  EXPECT_EQ(to_string(Service::KinectSkeleton), "KinectSkeleton");
  EXPECT_EQ(geometry_request(Service::SimpleImage), "Connecting2SimpleImage");
  EXPECT_EQ(service_from_word("Depth"), Service::KinectDepth);
  EXPECT_EQ(service_from_word("Connecting2RGBWebcam"), std::nullopt);
  EXPECT_EQ(service_from_word("rgb"), std::nullopt);
}

}  // namespace lenswire::wire::camera2tcp
