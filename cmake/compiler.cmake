# Warnings are errors for our own code, on both compilers.
add_library(peerage_options INTERFACE)
target_compile_options(peerage_options INTERFACE -Wall -Wextra -Werror -Wshadow -Wconversion
  -Wno-sign-conversion
  # g++ 12 sees uninitialised strings in every tl::expected that it inlines.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
target_include_directories(peerage_options INTERFACE ${PROJECT_SOURCE_DIR})
if(PEERAGE_SANITIZE)
  add_compile_options(-fsanitize=${PEERAGE_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PEERAGE_SANITIZE})
endif()
