set(configure ${CMAKE_COMMAND} -G Ninja -S ${SOURCE} -D CMAKE_PREFIX_PATH=${PREFIX} -D CMAKE_CXX_COMPILER=${COMPILER}
  -D CMAKE_CXX_COMPILER_LAUNCHER=)

file(REMOVE_RECURSE ${BUILD})
execute_process(COMMAND ${configure} -B ${BUILD} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${BUILD}/consumer COMMAND_ERROR_IS_FATAL ANY)

# A version that is not there must be refused.
execute_process(COMMAND ${configure} -B ${BUILD}/later -D WANTED_VERSION=99.0
  RESULT_VARIABLE later OUTPUT_QUIET ERROR_VARIABLE why)
if(later EQUAL 0 OR NOT why MATCHES "${VERSION}")
  message(FATAL_ERROR "find_package(lenswire 99.0) should fail and name version ${VERSION}:\n${why}")
endif()
