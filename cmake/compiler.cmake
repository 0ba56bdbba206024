# How everything is compiled, and what each kind of target asks for.

# Without a build type nothing would be optimised, which no one wants to run or measure.
get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT multi_config)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
  message(STATUS "No build type was given: RelWithDebInfo")
endif()

# Warnings for our own code, on both compilers; they are errors with CMAKE_COMPILE_WARNING_AS_ERROR,
# which ./dev and CI set. Our own: every target of ours links peerage_options PRIVATE, and a test
# peerage_warnings, so that what links us does not get them; and in another project's build, where
# the compiler may know warnings that ours do not, there are none.
add_library(peerage_warnings INTERFACE)
add_library(peerage_options INTERFACE)
target_link_libraries(peerage_options INTERFACE peerage_warnings peerage_checked_functions)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(peerage_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion
    -Wno-sign-conversion
    # g++ 12 sees uninitialised strings in every tl::expected that it inlines, and, as it inlines
    # more or less, strings that overlap, overflow or end too early inside std::string itself (GCC
    # bugs 105562, 105651, 105329, 105523).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-array-bounds>)
endif()

if(PEERAGE_SANITIZE)
  add_compile_options(-fsanitize=${PEERAGE_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer
    # For line numbers in reports; more takes longer to compile.
    -g1)
  add_link_options(-fsanitize=${PEERAGE_SANITIZE})
endif()
if(PEERAGE_BUILD_FUZZERS)
  # Coverage for the fuzzers to learn from: in the libraries, and not in what is never fuzzed, which
  # compiles in a fifth less time without it.
  add_compile_options(-fsanitize=fuzzer-no-link)
  set(peerage_not_fuzzed -fno-sanitize=fuzzer-no-link)
endif()

# Linked PRIVATE by code that need not be fast: at these levels it compiles in two thirds of the
# time, and under sanitizers in half of it.
add_library(peerage_not_hot INTERFACE)
target_compile_options(peerage_not_hot INTERFACE ${peerage_not_fuzzed})
if(CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo)
  if(PEERAGE_SANITIZE)
    target_compile_options(peerage_not_hot INTERFACE -O0)
  else()
    target_compile_options(peerage_not_hot INTERFACE -O1 -g1)
  endif()
endif()

# A faster linker, where there is one. Programs with all their symbols are linked dozens of times.
if(PROJECT_IS_TOP_LEVEL)
  find_program(PEERAGE_LLD NAMES ld.lld-14 ld.lld)
  mark_as_advanced(PEERAGE_LLD)
  if(PEERAGE_LLD MATCHES "ld\\.lld$")
    add_link_options(-fuse-ld=lld)
  endif()
endif()
