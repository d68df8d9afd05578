# strata.wasm: the decoder for browsers, made by plain clang from the same sources.
find_program(LENSWIRE_WASM_CLANG NAMES clang++ clang++-19 clang++-16 clang++-14)
find_program(LENSWIRE_WASM_LD NAMES wasm-ld wasm-ld-19 wasm-ld-16 wasm-ld-14)
find_program(LENSWIRE_NODE NAMES node nodejs)
if(NOT LENSWIRE_WASM_CLANG OR NOT LENSWIRE_WASM_LD)
  message(STATUS "strata: strata.wasm needs clang and lld; it is not built")
  return()
endif()

set(wasm_file ${CMAKE_BINARY_DIR}/wasm/strata.wasm)
set(wasm_objects)
file(GLOB wasm_headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp)
foreach(name wasm_decoder decode_core decode_kernels_scalar huffman_decode)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.wasm.o)
  add_custom_command(OUTPUT ${object}
    COMMAND ${LENSWIRE_WASM_CLANG} --target=wasm32 -std=c++20 -O2 -fno-unroll-loops -msimd128
      -mbulk-memory -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics
      -Wall -Wextra -Wconversion -Wshadow -Werror
      -I${CMAKE_CURRENT_SOURCE_DIR}/../../../include
      -c ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cpp -o ${object}
    DEPENDS ${name}.cpp ${wasm_headers} VERBATIM)
  list(APPEND wasm_objects ${object})
endforeach()
add_custom_command(OUTPUT ${wasm_file}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/wasm
  COMMAND ${LENSWIRE_WASM_LD} --no-entry --strip-all --gc-sections -z stack-size=65536
    ${wasm_objects} -o ${wasm_file}
  DEPENDS ${wasm_objects} VERBATIM)
add_custom_target(lenswire_strata_wasm ALL DEPENDS ${wasm_file})
set_target_properties(lenswire_strata_wasm PROPERTIES LENSWIRE_WASM_FILE ${wasm_file})

if(BUILD_TESTING AND LENSWIRE_NODE)
  add_test(NAME strata_wasm
    COMMAND ${LENSWIRE_NODE} ${CMAKE_CURRENT_SOURCE_DIR}/strata_wasm_test.mjs ${wasm_file}
      ${PROJECT_SOURCE_DIR}/tests/data/strata)
  set_tests_properties(strata_wasm PROPERTIES TIMEOUT 60 LABELS unit)
endif()
