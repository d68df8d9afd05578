# Has the body pose model made, once: sets LENSWIRE_POSENET_FOLDER, or LENSWIRE_POSENET_TROUBLE says why not.
# All presets share the result: fetching it takes 145 MB.
cmake_path(GET CMAKE_BINARY_DIR PARENT_PATH above)
set(cache ${CMAKE_BINARY_DIR}/cache/posenet)
if(above STREQUAL "${PROJECT_SOURCE_DIR}/build")
  set(cache ${above}/cache/posenet)
endif()
set(script ${PROJECT_SOURCE_DIR}/tools/posenet_to_onnx.py)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script})
execute_process(COMMAND ${script} --cache ${cache} RESULT_VARIABLE failed ERROR_VARIABLE LENSWIRE_POSENET_TROUBLE
  ERROR_STRIP_TRAILING_WHITESPACE)
if(NOT failed)
  set(LENSWIRE_POSENET_FOLDER ${cache})
endif()
