# lenswire_bench_depth: run_depth() of depth.hpp. Rivals that are not installed are left out.
find_package(PNG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LENSWIRE_ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LENSWIRE_LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(LENSWIRE_CHARLS IMPORTED_TARGET charls)
pkg_check_modules(LENSWIRE_AVCODEC IMPORTED_TARGET libavcodec libavutil)

add_library(lenswire_bench_depth STATIC
  depth.cpp depth_chart.cpp depth_image.cpp depth_report.cpp rivals/depth_rivals.cpp
  rivals/ffv1_rival.cpp rivals/jpegls_rival.cpp rivals/png_rival.cpp)
target_include_directories(lenswire_bench_depth
  PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(lenswire_bench_depth
  PUBLIC lenswire_codec
  PRIVATE lenswire_flags PNG::PNG PkgConfig::LENSWIRE_ZSTD PkgConfig::LENSWIRE_LZ4)
if(LENSWIRE_CHARLS_FOUND)
  target_link_libraries(lenswire_bench_depth PRIVATE PkgConfig::LENSWIRE_CHARLS)
  target_compile_definitions(lenswire_bench_depth PRIVATE LENSWIRE_BENCH_CHARLS=1)
endif()
if(LENSWIRE_AVCODEC_FOUND)
  target_link_libraries(lenswire_bench_depth PRIVATE PkgConfig::LENSWIRE_AVCODEC)
  target_compile_definitions(lenswire_bench_depth PRIVATE LENSWIRE_BENCH_AVCODEC=1)
endif()
