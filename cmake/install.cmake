# What an embedder gets: static libraries with their public headers, found by find_package or by
# pkg-config, and the program.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Headers include one another as "conn/base/bytes.h", so they lie in a folder of our own, which goes
# on the include path.
set(headers ${CMAKE_INSTALL_INCLUDEDIR}/peerage)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/peerage)

include(${CMAKE_CURRENT_LIST_DIR}/public_headers.cmake)
set(archives conn addrbook p2p spdlog pex proto)
if(TARGET peerage_sim)
  list(APPEND archives sim)
  list(APPEND PEERAGE_PUBLIC_HEADERS ${PEERAGE_SIM_HEADERS})
endif()
foreach(header ${PEERAGE_PUBLIC_HEADERS})
  cmake_path(GET header PARENT_PATH room)
  install(FILES ${PROJECT_SOURCE_DIR}/${header} DESTINATION ${headers}/${room})
endforeach()
# `proto` is an archive that the others need at link time; no embedder includes its headers.
foreach(library ${archives})
  set_target_properties(peerage_${library} PROPERTIES EXPORT_NAME ${library})
  install(TARGETS peerage_${library} EXPORT peerageTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
target_include_directories(peerage_conn INTERFACE $<INSTALL_INTERFACE:${headers}>)
if(PEERAGE_BUILD_PROGRAM)
  install(TARGETS peerage RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # Not ${CMAKE_INSTALL_LIBDIR}: systemd looks here on every architecture. Its commands are named by
  # the path that the program gets, for systemd finds others in few places alone.
  foreach(unit peerage.service peerage@.service)
    install(CODE "
      file(READ \"${PROJECT_SOURCE_DIR}/packaging/${unit}\" text)
      string(REGEX REPLACE \"(Exec[A-Za-z]+=-?)peerage \" \"\\\\1\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/peerage \" text \"\${text}\")
      file(WRITE \"${PROJECT_BINARY_DIR}/units/${unit}\" \"\${text}\")")
    install(FILES ${PROJECT_BINARY_DIR}/units/${unit} DESTINATION lib/systemd/system)
  endforeach()
endif()

# Without debug information, which is thirty times the size of the rest. The program's is in a
# component of its own, `debug`: `cmake --install build --component debug`.
option(PEERAGE_INSTALL_STRIPPED "Install without debug information" ON)
if(PEERAGE_INSTALL_STRIPPED AND CMAKE_OBJCOPY)
  set(stripped_archives "")
  foreach(library ${archives})
    string(APPEND stripped_archives " libpeerage_${library}.a")
  endforeach()
  set(debug_file ${PROJECT_BINARY_DIR}/peerage.debug)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/install_stripped.cmake.in
    ${PROJECT_BINARY_DIR}/install_stripped.cmake @ONLY)
  if(PEERAGE_BUILD_PROGRAM)
    install(CODE "execute_process(COMMAND \"${CMAKE_OBJCOPY}\" --only-keep-debug \"$<TARGET_FILE:peerage>\" \"${debug_file}\" COMMAND_ERROR_IS_FATAL ANY)"
      ALL_COMPONENTS)
    # Where gdb looks: the folder .debug beside the program.
    install(FILES ${debug_file} DESTINATION ${CMAKE_INSTALL_BINDIR}/.debug
      COMPONENT debug EXCLUDE_FROM_ALL)
  endif()
  install(SCRIPT ${PROJECT_BINARY_DIR}/install_stripped.cmake)
endif()

install(EXPORT peerageTargets NAMESPACE peerage:: DESTINATION ${package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/peerageConfig.cmake.in
  ${PROJECT_BINARY_DIR}/peerageConfig.cmake INSTALL_DESTINATION ${package}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break what the one before it promised.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/peerageConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/peerageConfig.cmake ${PROJECT_BINARY_DIR}/peerageConfigVersion.cmake
  DESTINATION ${package})

# The prefix follows from where the file lies: `cmake --install --prefix` may put it anywhere.
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_prefix ${pc_prefix})
set(pc_libdir "\${prefix}")
cmake_path(APPEND pc_libdir ${CMAKE_INSTALL_LIBDIR})
set(pc_includedir "\${prefix}")
cmake_path(APPEND pc_includedir ${CMAKE_INSTALL_INCLUDEDIR})
set(modules peerage peerage-spdlog)
if(TARGET peerage_sim)
  list(APPEND modules peerage-sim)
endif()
foreach(module ${modules})
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${module}.pc.in ${PROJECT_BINARY_DIR}/${module}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${module}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
