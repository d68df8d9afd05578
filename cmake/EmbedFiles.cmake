# Files as bytes in a C++ source. Used in two ways:
#
#   include(EmbedFiles)
#   lenswire_embed_files(OUT generated.cpp FOLDER web FILES index.html app.js ...)
#       adds the build step; `generated.cpp` defines lenswire::server::embedded_files().
#   cmake -D OUT=... -D FOLDER=... -D FILES=a,b -P EmbedFiles.cmake
#       is that step.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(LENSWIRE_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(lenswire_embed_files)
    cmake_parse_arguments(ARG "" "OUT;FOLDER" "FILES" ${ARGN})
    list(TRANSFORM ARG_FILES PREPEND ${ARG_FOLDER}/ OUTPUT_VARIABLE inputs)
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

string(REPLACE "," ";" FILES "${FILES}")
list(SORT FILES)
if("index.html" IN_LIST FILES)  # it becomes "/", which sorts first
  list(REMOVE_ITEM FILES index.html)
  list(PREPEND FILES index.html)
endif()
set(arrays "")
set(entries "")
set(number 0)
foreach(file ${FILES})
  file(READ ${FOLDER}/${file} hex HEX)
  if(hex STREQUAL "")
    message(FATAL_ERROR "${FOLDER}/${file} is empty")
  endif()
  file(SHA256 ${FOLDER}/${file} hash)
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
