# Warnings are errors for our own code, on both compilers. Our own: every target of ours links this
# PRIVATE, so that nobody who links us gets them; and in another project's build, whose compiler may
# know warnings that ours do not, there are none.
add_library(peerage_options INTERFACE)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(peerage_options INTERFACE -Wall -Wextra -Werror -Wshadow -Wconversion
    -Wno-sign-conversion
    # g++ 12 sees uninitialised strings in every tl::expected that it inlines.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(PEERAGE_SANITIZE)
  add_compile_options(-fsanitize=${PEERAGE_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer
    # For line numbers in reports; more takes longer to compile.
    -g1)
  add_link_options(-fsanitize=${PEERAGE_SANITIZE})
endif()

# Linked PRIVATE by what only starts things and prints what they say: under sanitizers it is not
# optimised, which takes two fifths of the time to compile.
add_library(peerage_not_hot INTERFACE)
if(PEERAGE_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo)
  target_compile_options(peerage_not_hot INTERFACE -O0)
endif()
