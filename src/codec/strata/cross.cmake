# strata_aarch64: builds Strata alone for 64-bit ARM and runs its unit tests under qemu-user.
set(strata_root ${CMAKE_CURRENT_SOURCE_DIR}/../../..)

if(LENSWIRE_STRATA_TESTS_ALONE)
  # GoogleTest's library exists for this machine only, but libgtest-dev brings its source.
  find_path(LENSWIRE_GTEST_SOURCE src/gtest-all.cc PATHS /usr/src/googletest/googletest REQUIRED)
  add_library(strata_gtest STATIC
    ${LENSWIRE_GTEST_SOURCE}/src/gtest-all.cc ${LENSWIRE_GTEST_SOURCE}/src/gtest_main.cc)
  target_include_directories(strata_gtest SYSTEM
    PUBLIC ${LENSWIRE_GTEST_SOURCE}/include PRIVATE ${LENSWIRE_GTEST_SOURCE})
  add_executable(strata_test strata_test.cpp strata_golden_test.cpp)
  target_link_libraries(strata_test PRIVATE lenswire_strata strata_gtest)
  target_compile_definitions(strata_test PRIVATE
    LENSWIRE_STRATA_GOLDEN="${strata_root}/tests/data/strata"
    LENSWIRE_STRATA_WANTS_SIMD=$<BOOL:${LENSWIRE_HIGHWAY}>)
  target_compile_options(strata_test PRIVATE -Wall -Wextra -Wconversion -Wshadow -Werror)
  target_compile_options(lenswire_strata PRIVATE -Wall -Wextra -Wconversion -Wshadow -Werror)
  enable_testing()
  add_test(NAME strata_test COMMAND strata_test)
endif()

# Once is enough: a sanitizer of this machine says nothing about another.
if(NOT COMMAND lenswire_unit_test OR NOT BUILD_TESTING OR LENSWIRE_SANITIZE)
  return()
endif()
find_program(LENSWIRE_AARCH64_CXX aarch64-linux-gnu-g++)
find_program(LENSWIRE_AARCH64_QEMU qemu-aarch64)
if(LENSWIRE_AARCH64_CXX AND LENSWIRE_AARCH64_QEMU)
  # A list, such as "env;ccache", has to arrive as one argument.
  string(REPLACE ";" "\\;" launcher "${CMAKE_CXX_COMPILER_LAUNCHER}")
  add_test(NAME strata_aarch64 COMMAND ${CMAKE_CTEST_COMMAND}
    --build-and-test ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/aarch64
    --build-generator ${CMAKE_GENERATOR} --build-noclean
    --build-options
      -DCMAKE_TOOLCHAIN_FILE=${strata_root}/cmake/toolchains/aarch64-linux-gnu.cmake
      -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER_LAUNCHER=${launcher}
      -DLENSWIRE_HIGHWAY=${LENSWIRE_HIGHWAY} -DLENSWIRE_STRATA_TESTS_ALONE=ON
    --test-command ${CMAKE_CTEST_COMMAND} --output-on-failure)
else()
  add_test(NAME strata_aarch64 COMMAND ${CMAKE_COMMAND} -E echo
    "skipped: g++-aarch64-linux-gnu or qemu-user is not installed")
endif()
set_tests_properties(strata_aarch64 PROPERTIES LABELS cross TIMEOUT 600
  SKIP_REGULAR_EXPRESSION "^skipped:")
