# One library target per layer: lenswire_layer(base SOURCES a.cpp ... TESTS a_test.cpp ... USES frame ... LINK fmt::fmt ...)
# USES names layers of ours; tools/check_layers.py holds the include lines against the same rule.
find_package(GTest REQUIRED)
include(GoogleTest)

function(lenswire_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;TESTS;USES;LINK;TEST_LINK" ${ARGN})
  add_library(lenswire_${name} STATIC ${ARG_SOURCES})
  add_library(lenswire::${name} ALIAS lenswire_${name})
  target_include_directories(lenswire_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  list(TRANSFORM ARG_USES PREPEND lenswire_)
  target_link_libraries(lenswire_${name} PUBLIC ${ARG_USES} ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:lenswire_flags>)
  if(BUILD_TESTING AND ARG_TESTS)
    lenswire_unit_test(${name}_test SOURCES ${ARG_TESTS} LINK lenswire_${name} ${ARG_TEST_LINK})
  endif()
endfunction()

# A GoogleTest program; every TEST becomes a ctest of its own.
function(lenswire_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} lenswire_flags GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120 LABELS unit)
endfunction()
