# liblenswire.so, headers, find_package(lenswire) and pkg-config. One shared library holds every layer below the
# command line, so that a user needs tl::expected and nothing else (docs/decisions/0002-one-shared-library.md).
# Components: bin (the programs), lib (the library), dev (headers and the files for build systems).
include(CMakePackageConfigHelpers)
find_package(tl-expected REQUIRED)

if(TARGET lenswire)
  install(TARGETS lenswire RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT bin)
endif()

# Drop-in clients for rpiasgige servers: they need nothing of lenswire.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/rpiasgige DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT rpiasgige FILES_MATCHING PATTERN "*.hpp")
set(LENSWIRE_PYTHON_DIR lib/python3/dist-packages CACHE STRING "Where Python packages go, below the prefix")
mark_as_advanced(LENSWIRE_PYTHON_DIR)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/python/rpiasgige DESTINATION ${LENSWIRE_PYTHON_DIR}
  COMPONENT rpiasgige FILES_MATCHING PATTERN "*.py")

# A sanitized library would need a sanitized user; those builds are for our own tests.
if(LENSWIRE_SANITIZE OR LENSWIRE_FUZZ)
  return()
endif()

get_property(layers GLOBAL PROPERTY LENSWIRE_LAYERS)
list(REMOVE_ITEM layers lenswire_cli)
if(TARGET lenswire_strata)  # usable alone, so it is no layer of its own
  list(APPEND layers lenswire_strata)
endif()

file(WRITE ${CMAKE_BINARY_DIR}/generated/empty.cpp "")
add_library(lenswire_shared SHARED ${CMAKE_BINARY_DIR}/generated/empty.cpp)
add_library(lenswire::lenswire ALIAS lenswire_shared)
set_target_properties(lenswire_shared PROPERTIES
  OUTPUT_NAME lenswire EXPORT_NAME lenswire VERSION ${PROJECT_VERSION}
  # Before 1.0 every minor release may change the binary interface.
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/liblenswire.map)
target_link_libraries(lenswire_shared PRIVATE lenswire_flags ${layers})
# Not $<LINK_LIBRARY:WHOLE_ARCHIVE,...>: the layers also name each other, and would then come twice.
list(TRANSFORM layers REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE archives)
target_link_options(lenswire_shared PRIVATE LINKER:--whole-archive ${archives} LINKER:--no-whole-archive)
target_link_options(lenswire_shared PRIVATE
  LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/liblenswire.map LINKER:--no-undefined)
target_compile_features(lenswire_shared INTERFACE cxx_std_20)
target_include_directories(lenswire_shared INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(lenswire_shared INTERFACE tl::expected)

install(TARGETS lenswire_shared EXPORT lenswire-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT lib NAMELINK_COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/lenswire DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")

set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lenswire)
install(EXPORT lenswire-targets NAMESPACE lenswire:: DESTINATION ${cmake_dir} COMPONENT dev)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/lenswire-config.cmake.in
  ${CMAKE_BINARY_DIR}/generated/lenswire-config.cmake INSTALL_DESTINATION ${cmake_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/lenswire-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/lenswire-config.cmake
  ${CMAKE_BINARY_DIR}/generated/lenswire-config-version.cmake DESTINATION ${cmake_dir} COMPONENT dev)

configure_file(${PROJECT_SOURCE_DIR}/cmake/lenswire.pc.in ${CMAKE_BINARY_DIR}/generated/lenswire.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/generated/lenswire.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
