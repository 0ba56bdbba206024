# Everything comes from Debian packages; `./dev deps` installs them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
find_package(Protobuf REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)

find_path(PEERAGE_ASIO_INCLUDE asio.hpp REQUIRED)
add_library(peerage_asio INTERFACE)
target_include_directories(peerage_asio SYSTEM INTERFACE ${PEERAGE_ASIO_INCLUDE})
target_compile_definitions(peerage_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED)
target_link_libraries(peerage_asio INTERFACE Threads::Threads)
