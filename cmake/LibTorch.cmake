# LibTorch from the PyPI wheel in .deps/, as imported targets. The wheel's own package (find_package(Torch)) demands a CUDA
# toolkit even for CPU use; the libraries do not. CUDA's part is not linked: server/device/device.cc loads it where it is.
set(GANSERVE_TORCH_ROOT ${CMAKE_SOURCE_DIR}/.deps/torch CACHE PATH "LibTorch: the folder with include/ and lib/")
if(NOT EXISTS ${GANSERVE_TORCH_ROOT}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "LibTorch is not in ${GANSERVE_TORCH_ROOT}: run scripts/setup first")
endif()

function(torch_imported_library name file)
  add_library(${name} SHARED IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES
    IMPORTED_LOCATION ${GANSERVE_TORCH_ROOT}/lib/${file}
    INTERFACE_INCLUDE_DIRECTORIES "${GANSERVE_TORCH_ROOT}/include;${GANSERVE_TORCH_ROOT}/include/torch/csrc/api/include")
endfunction()

torch_imported_library(torch::c10 libc10.so)
torch_imported_library(torch::cpu libtorch_cpu.so)
set_property(TARGET torch::cpu PROPERTY INTERFACE_LINK_LIBRARIES torch::c10)

# OpenMP, for files whose own loops run on torch's threads: at::parallel_for is a template, and sequential where a file is
# compiled without -fopenmp. Its runtime is the one that torch brings along, so that a process has one set of threads.
torch_imported_library(torch::gomp libgomp.so.1)
add_library(torch_openmp INTERFACE)
add_library(torch::openmp ALIAS torch_openmp)
target_compile_options(torch_openmp INTERFACE -fopenmp)
target_link_libraries(torch_openmp INTERFACE torch::gomp)

add_library(torch_all INTERFACE)
add_library(torch::torch ALIAS torch_all)
target_link_libraries(torch_all INTERFACE torch::cpu)
if(GANSERVE_SANITIZE MATCHES undefined)
  # The vptr check wants type information that LibTorch keeps to itself.
  target_compile_options(torch_all INTERFACE -fno-sanitize=vptr)
endif()
