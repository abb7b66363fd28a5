# ganserve_library(NAME sources...) and ganserve_executable(NAME sources...): a target with the project's include root and
# warnings. Third-party headers are SYSTEM, so the warnings reach only our own code.
function(ganserve_target_defaults target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion -Werror)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    target_compile_options(${target} PRIVATE -Wthread-safety)
  endif()
endfunction()

function(ganserve_library target)
  add_library(${target} STATIC ${ARGN})
  ganserve_target_defaults(${target})
endfunction()

function(ganserve_executable target)
  add_executable(${target} ${ARGN})
  ganserve_target_defaults(${target})
endfunction()
