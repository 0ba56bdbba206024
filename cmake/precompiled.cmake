# Third-party headers that nearly every file includes, compiled once for each kind of target.
#
# A precompiled header serves files that are compiled with its flags: a kind is a set of flags. It
# only saves time: each file includes what it uses. A build with us as a subproject does without, and
# so does the packaging test.
option(PEERAGE_PCH "Precompile the headers of the standard library and of GoogleTest"
  ${PROJECT_IS_TOP_LEVEL})

set(peerage_common_headers
  <algorithm> <array> <atomic> <chrono> <cstddef> <cstdint> <deque> <filesystem> <functional>
  <map> <memory> <mutex> <optional> <set> <span> <sstream> <string> <string_view> <unordered_map>
  <utility> <variant> <vector> <tl/expected.hpp>)

# peerage_precompile_kind(NAME headers LIBRARIES targets that give the flags)
function(peerage_precompile_kind kind)
  if(NOT PEERAGE_PCH)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBRARIES;HEADERS")
  set(empty ${PROJECT_BINARY_DIR}/precompiled_${kind}.cpp)
  if(NOT EXISTS ${empty})
    file(WRITE ${empty} "")
  endif()
  add_library(peerage_precompiled_${kind} OBJECT ${empty})
  target_compile_features(peerage_precompiled_${kind} PUBLIC cxx_std_20)
  target_link_libraries(peerage_precompiled_${kind} PRIVATE tl::expected ${arg_LIBRARIES})
  target_precompile_headers(peerage_precompiled_${kind} PRIVATE ${peerage_common_headers} ${arg_HEADERS})
endfunction()

# peerage_precompile(KIND targets...)
function(peerage_precompile kind)
  if(NOT PEERAGE_PCH)
    return()
  endif()
  foreach(target ${ARGN})
    target_precompile_headers(${target} REUSE_FROM peerage_precompiled_${kind})
  endforeach()
endfunction()

peerage_precompile_kind(library LIBRARIES peerage_options)
peerage_precompile_kind(not_hot LIBRARIES peerage_options peerage_not_hot)
