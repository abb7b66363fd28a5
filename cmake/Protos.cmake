# ganserve_proto_library(NAME IMPORT_DIR dir [GRPC | STUBS_FOR library] protos...): generated code and, with GRPC, service
# stubs; with STUBS_FOR the stubs alone, for messages that `library` has. Generated code is compiled without our warnings.
# Protos are named relative to IMPORT_DIR, as they import one another.
set(GANSERVE_GOOGLEAPIS_DIR ${CMAKE_SOURCE_DIR}/.deps)
get_target_property(GRPC_CPP_PLUGIN gRPC::grpc_cpp_plugin LOCATION)

# The code alone, for tools that read sources (clang-tidy).
add_custom_target(generated_protos)

function(ganserve_proto_library target)
  cmake_parse_arguments(ARG "GRPC" "IMPORT_DIR;STUBS_FOR" "" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${out})
  foreach(proto ${ARG_UNPARSED_ARGUMENTS})
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(files)
    set(outputs)
    if(NOT ARG_STUBS_FOR)
      list(APPEND files ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
      list(APPEND outputs --cpp_out=${out})
    endif()
    if(ARG_GRPC OR ARG_STUBS_FOR)
      list(APPEND files ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      list(APPEND outputs --grpc_out=${out} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN})
    endif()
    add_custom_command(
      OUTPUT ${files}
      COMMAND protobuf::protoc ${outputs} -I ${ARG_IMPORT_DIR} -I ${GANSERVE_GOOGLEAPIS_DIR} ${proto}
      DEPENDS ${ARG_IMPORT_DIR}/${proto}
      VERBATIM)
    list(APPEND sources ${files})
  endforeach()
  # Only what something links gets compiled: a ThreadSanitizer build has no use for most of it.
  add_library(${target} STATIC EXCLUDE_FROM_ALL ${sources})
  add_custom_target(${target}_code DEPENDS ${sources})
  add_dependencies(generated_protos ${target}_code)
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf ${ARG_STUBS_FOR})
  if(ARG_GRPC OR ARG_STUBS_FOR)
    target_link_libraries(${target} PUBLIC gRPC::grpc++)
  endif()
endfunction()
