# One library target per layer: lenswire_layer(base SOURCES a.cpp ... TESTS a_test.cpp ... USES frame ... LINK fmt::fmt ...)
# USES names layers of ours; tools/check_layers.py holds the include lines against the same rule.
# THREADED says that its tests run more than one thread: they are labelled so, and run under the thread sanitizer too.
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# Everything that the tests labelled `threaded` need: all that the tsan job builds.
add_custom_target(lenswire_threaded_tests)

function(lenswire_layer name)
  cmake_parse_arguments(ARG "THREADED" "" "SOURCES;TESTS;USES;LINK;TEST_LINK" ${ARGN})
  add_library(lenswire_${name} STATIC ${ARG_SOURCES})
  add_library(lenswire::${name} ALIAS lenswire_${name})
  set_property(GLOBAL APPEND PROPERTY LENSWIRE_LAYERS lenswire_${name})
  target_include_directories(lenswire_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  list(TRANSFORM ARG_USES PREPEND lenswire_)
  target_link_libraries(lenswire_${name} PUBLIC ${ARG_USES} ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:lenswire_flags>)
  if(BUILD_TESTING AND ARG_TESTS)
    set(threaded "")
    if(ARG_THREADED)
      set(threaded THREADED)
    endif()
    lenswire_unit_test(${name}_test ${threaded} SOURCES ${ARG_TESTS} LINK lenswire_${name} ${ARG_TEST_LINK})
  endif()
endfunction()

# A GoogleTest program; every TEST becomes a ctest of its own.
function(lenswire_unit_test name)
  cmake_parse_arguments(ARG "THREADED" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} lenswire_flags GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  # One label each: gtest_discover_tests() cannot pass a list.
  set(label unit)
  if(ARG_THREADED)
    set(label threaded)
    add_dependencies(lenswire_threaded_tests ${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120 LABELS ${label})
endfunction()
