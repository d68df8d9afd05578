# Files as bytes in a C++ source. Used in two ways:
#
#   include(EmbedFiles)
#   lenswire_embed_files(OUT generated.cpp FOLDER web FILES index.html app.js ... [MADE_FILES /build/x.wasm ...])
#       adds the build step; `generated.cpp` defines lenswire::server::embedded_files(). MADE_FILES are
#       files that other build steps make, with their full paths; they are served by their names.
#   cmake -D OUT=... -D FOLDER=... -D FILES=a,b -P EmbedFiles.cmake
#       is that step.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(LENSWIRE_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(lenswire_embed_files)
    cmake_parse_arguments(ARG "" "OUT;FOLDER" "FILES;MADE_FILES" ${ARGN})
    list(TRANSFORM ARG_FILES PREPEND ${ARG_FOLDER}/ OUTPUT_VARIABLE inputs)
    list(APPEND inputs ${ARG_MADE_FILES})
    list(APPEND ARG_FILES ${ARG_MADE_FILES})
    list(JOIN ARG_FILES "," names)
    add_custom_command(OUTPUT ${ARG_OUT}
      COMMAND ${CMAKE_COMMAND} -D OUT=${ARG_OUT} -D FOLDER=${ARG_FOLDER} -D FILES=${names} -P ${LENSWIRE_EMBED_SCRIPT}
      DEPENDS ${inputs} ${LENSWIRE_EMBED_SCRIPT} COMMENT "Embedding ${ARG_FOLDER}" VERBATIM)
  endfunction()
  return()
endif()

cmake_minimum_required(VERSION 3.25)
set(type_html "text/html; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_wasm "application/wasm")

string(REPLACE "," ";" FILES "${FILES}")
list(SORT FILES COMPARE FILE_BASENAME)
if("index.html" IN_LIST FILES)  # it becomes "/", which sorts first
  list(REMOVE_ITEM FILES index.html)
  list(PREPEND FILES index.html)
endif()
set(arrays "")
set(entries "")
set(number 0)
foreach(input ${FILES})
  get_filename_component(input ${input} ABSOLUTE BASE_DIR ${FOLDER})
  get_filename_component(file ${input} NAME)
  file(READ ${input} hex HEX)
  if(hex STREQUAL "")
    message(FATAL_ERROR "${input} is empty")
  endif()
  file(SHA256 ${input} hash)
  string(SUBSTRING ${hash} 0 16 etag)
  string(REGEX MATCH "[^.]+$" extension ${file})
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "${file}: no content type is known for .${extension}; add it to EmbedFiles.cmake")
  endif()
  set(path "/${file}")
  if(file STREQUAL "index.html")
    set(path "/")
  endif()
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n    " bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char kFile${number}[] = {\n    ${bytes}};\n")
  string(APPEND entries
    "    {\"${path}\", \"${type_${extension}}\", \"\\\"${etag}\\\"\", std::as_bytes(std::span(kFile${number}))},\n")
  math(EXPR number "${number} + 1")
endforeach()

set(content "// Made by cmake/EmbedFiles.cmake; do not edit.
#include \"server/embedded_files.hpp\"

namespace lenswire::server {
namespace {

${arrays}
const EmbeddedFile kFiles[] = {
${entries}};

}  // namespace

std::span<const EmbeddedFile> embedded_files() noexcept { return kFiles; }

}  // namespace lenswire::server
")
# Only when it changed, so that an untouched page costs no compile.
file(CONFIGURE OUTPUT ${OUT} CONTENT "${content}" @ONLY)
