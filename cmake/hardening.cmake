# What the compiler and the linker can do against a fault in memory that a stranger has found.
#
# It costs a few percent (spec/performance.md). All of it is for the targets of this build: nothing is
# in the interface of a library, so what links us, in the same build or as an installed package, is
# compiled and linked as its own project says.
#
# Not under sanitizers, which see more, and whose run-time takes the place of the checked functions.
option(PEERAGE_HARDENING "Stack protector, checked functions, position-independent, read-only after the start"
  ${PROJECT_IS_TOP_LEVEL})

# Where it is optimised, as the checked functions of the C library have to be: linked by
# peerage_options.
add_library(peerage_checked_functions INTERFACE)

if(PEERAGE_HARDENING AND NOT PEERAGE_SANITIZE)
  add_compile_options(-fstack-protector-strong)
  include(CheckCXXCompilerFlag)
  # Processors of x86 alone.
  check_cxx_compiler_flag(-fcf-protection PEERAGE_HAS_CF_PROTECTION)
  if(PEERAGE_HAS_CF_PROTECTION)
    add_compile_options(-fcf-protection)
  endif()
  # Not CMAKE_POSITION_INDEPENDENT_CODE, which compiles programs and libraries with different flags:
  # they share precompiled headers. Where it is set, it stands.
  add_compile_options($<$<NOT:$<BOOL:$<TARGET_PROPERTY:POSITION_INDEPENDENT_CODE>>>:-fPIE>)
  add_link_options(-Wl,-z,relro,-z,now
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
  # Some distributions define it for every compilation.
  target_compile_options(peerage_checked_functions INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
endif()
