# An optional piece in a shared object of its own (docs/decisions/0010-modules.md):
#   lenswire_module(webrtc SOURCES a.cpp ... TESTS a_test.cpp ... USES net base LINK PkgConfig::NICE ...)
# makes lenswire-webrtc.so (target lenswire_module_webrtc) in the build's lib/lenswire/modules, and installs it as
# the component `module-webrtc`. Its code is a static library of its own too, so that unit tests can link it.
# NO_INSTALL: for tests only.
set(LENSWIRE_MODULE_OUTPUT ${CMAKE_BINARY_DIR}/lib/lenswire/modules)
add_custom_target(lenswire_modules)  # all that there are

function(lenswire_module name)
  cmake_parse_arguments(ARG "NO_INSTALL;THREADED" "" "SOURCES;TESTS;USES;LINK;TEST_LINK" ${ARGN})
  list(TRANSFORM ARG_USES PREPEND lenswire_)
  set(target lenswire_module_${name})
  add_library(${target}_code OBJECT ${ARG_SOURCES})
  target_include_directories(${target}_code PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target}_code PUBLIC ${ARG_USES} ${ARG_LINK} PRIVATE lenswire_flags)
  add_library(${target} MODULE)
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME lenswire-${name}
    LIBRARY_OUTPUT_DIRECTORY ${LENSWIRE_MODULE_OUTPUT} LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/module.map)
  target_link_libraries(${target} PRIVATE ${target}_code lenswire_flags)
  # Only the entry leaves it: its copy of our layers and a program's never meet.
  target_link_options(${target} PRIVATE LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/module.map)
  if(NOT LENSWIRE_SANITIZE)
    target_link_options(${target} PRIVATE LINKER:--no-undefined)
  endif()
  add_dependencies(lenswire_modules ${target})
  if(BUILD_TESTING AND ARG_TESTS)
    set(threaded "")
    if(ARG_THREADED)
      set(threaded THREADED)
    endif()
    lenswire_unit_test(module_${name}_test ${threaded} SOURCES ${ARG_TESTS} LINK ${target}_code ${ARG_TEST_LINK})
    add_dependencies(module_${name}_test ${target})
  endif()
  if(NOT ARG_NO_INSTALL AND NOT LENSWIRE_SANITIZE AND NOT LENSWIRE_FUZZ)
    install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/lenswire/modules COMPONENT module-${name})
  endif()
endfunction()
