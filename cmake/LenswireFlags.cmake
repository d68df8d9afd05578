# lenswire_flags: what every target of ours is compiled with.
add_library(lenswire_flags INTERFACE)
target_compile_options(lenswire_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(lenswire_flags INTERFACE -Wthread-safety)
elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Warns of "a" + std::to_string(i) in g++ 12, wrongly (GCC bug 105651).
  target_compile_options(lenswire_flags INTERFACE -Wno-restrict)
endif()

if(LENSWIRE_SANITIZE STREQUAL "address")
  target_compile_options(lenswire_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(lenswire_flags INTERFACE -fsanitize=address,undefined)
elseif(LENSWIRE_SANITIZE STREQUAL "thread")
  target_compile_options(lenswire_flags INTERFACE -fsanitize=thread)
  target_link_options(lenswire_flags INTERFACE -fsanitize=thread)
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
  target_compile_options(lenswire_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
    -fstack-protector-strong -D_GLIBCXX_ASSERTIONS)
  target_link_options(lenswire_flags INTERFACE -Wl,-z,relro,-z,now)
  include(CheckPIESupported)
  check_pie_supported()
endif()
if(LENSWIRE_FUZZ)
  target_compile_options(lenswire_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
