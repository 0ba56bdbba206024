# shellcheck shell=bash disable=SC2034 # ./dev uses them
# The Debian packages that building and checking need, and how ./dev installs them.

BUILD_PACKAGES=(g++ cmake ninja-build ccache lld pkgconf libasio-dev libsodium-dev libssl-dev protobuf-compiler
  libsecp256k1-dev libcrypto++-dev
  libprotobuf-dev libboost-dev zlib1g-dev libsqlite3-dev libtomlplusplus-dev libcli11-dev nlohmann-json3-dev
  libexpected-dev libspdlog-dev
  libgtest-dev libgmock-dev python3 openssl jq)
# Faster frames, where it exists (conn/comet/frame_aead.h).
[ "$(uname -m)" != x86_64 ] || BUILD_PACKAGES+=(libipsec-mb-dev)
CLANG_PACKAGES=(clang-14 libclang-rt-14-dev llvm-14)
# The -dev packages are for a plugin that makes clang-tidy three times as fast (tests/tidy_scope.cpp).
LINT_PACKAGES=(clang-format-14 clang-tidy-14 libclang-14-dev llvm-14-dev)
BENCH_PACKAGES=(libbenchmark-dev)
# For ./dev live. Where node and npm came another way, these would be in conflict with them.
NODE_PACKAGES=(nodejs npm)
APT_LOG=build/apt.log

is_debian() {
  [ -r /etc/os-release ] && grep -qE '^ID(_LIKE)?=.*debian' /etc/os-release && command -v apt-get >/dev/null
}

# Another system may have everything under other names: say what is needed, once, and go on.
not_debian() {
  [ -z "${said_not_debian:-}" ] || return 0
  said_not_debian=1
  cat >&2 <<'LIST'
./dev: this is not Debian, so nothing is installed for you. Peerage needs:
  g++ 12 or clang 14, CMake 3.25, Ninja, ccache, pkg-config
  Asio 1.22 (standalone), libsodium 1.0.18, OpenSSL 3.0, on x86-64 Intel IPsec-MB 1.3 (optional: it is quicker),
  libsecp256k1 0.2.0 (with its modules recovery and ecdh), Crypto++ 8.7,
  SQLite 3.40, Protocol Buffers 3.21 with protoc, toml++ 3.3, CLI11 2.1, nlohmann-json 3.11, tl-expected 1.0,
  spdlog 1.10, GoogleTest and GoogleMock 1.12
  for the checks: clang-14 with its runtime libraries, clang-format-14, clang-tidy-14, llvm-14; Node.js 18 with npm
LIST
}

# need PACKAGE...: installs those that are not there.
need() {
  is_debian || { not_debian; return 0; }
  local package found missing=()
  found=$(dpkg-query -W -f ' ${Package}=${db:Status-Status} ' "$@" 2>/dev/null || true)
  for package in "$@"; do
    [[ $found == *" $package=installed "* ]] || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] || install_packages "${missing[@]}"
}

need_node() {
  { command -v node && command -v npm; } >/dev/null || need "${NODE_PACKAGES[@]}"
}

install_packages() {
  local how="" as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "packages are missing; as root, run: apt-get install $*"
    how=" with sudo"
    as_root=(sudo -p "./dev installs $# packages; the password of %p: ")
  fi
  # In English, because the output is parsed below.
  as_root+=(env LC_ALL=C DEBIAN_FRONTEND=noninteractive)
  claim_build
  status "fetching the package lists$how"
  if ! "${as_root[@]}" apt-get -q -o APT::Update::Error-Mode=any update </dev/null >"$APT_LOG" 2>&1; then
    # Where some lists came, there is a network, and what is missing may be on these.
    grep -qE '^(Hit|Get):' "$APT_LOG" || apt_failed "the package lists could not be fetched" "$@"
  fi
  if [ -t 2 ]; then status "installing $# packages$how"; else say "installing $# packages$how: $*"; fi
  # The pipe gets apt-get's progress alone. sudo passes no other descriptor on, so a shell does it inside.
  if ! "${as_root[@]}" sh -c 'exec apt-get "$@" 3>&1 >&2' apt-get -y -q --no-install-recommends \
    -o APT::Status-Fd=3 -o DPkg::Lock::Timeout=300 install "$@" </dev/null 2>>"$APT_LOG" |
    show_apt_progress "installing $# packages$how"; then
    apt_failed "the packages could not be installed" "$@"
  fi
  status
  say "installed $# packages$how"
}

# First dlstatus:<n>:<percent>:Retrieving file 3 of 14, and then pmstatus:<package>:<percent>:<what happens>.
show_apt_progress() { # what is done
  trap '' INT # apt-get may be in the middle of something: wait for its end
  local kind percent text
  while IFS=: read -r kind _ percent text; do
    case "$kind" in
      dlstatus)
        [[ $text =~ file\ ([0-9]+)\ of\ ([0-9]+) ]] || continue
        status "$1: downloading ${BASH_REMATCH[1]}/${BASH_REMATCH[2]}"
        ;;
      pmstatus) status "$1: ${percent%.*} %, $text" ;;
    esac
  done
}

apt_failed() { # what failed, packages...
  local what=$1
  shift
  status
  ! grep -q '^sudo: ' "$APT_LOG" || die "sudo could not be used; as root, run: apt-get install $*"
  ! grep -qE 'Could not (resolve|connect)|Temporary failure|Unable to connect|unreachable|timed out' "$APT_LOG" ||
    die "$what (no network?); missing: $*"
  tail -n 6 "$APT_LOG" >&2
  die "$what, as said above and in $APT_LOG; missing: $*"
}
