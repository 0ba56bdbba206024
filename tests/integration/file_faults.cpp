// Preloaded (LD_PRELOAD) into a program: its calls to files fail as told, or it is killed at one.
//
// FILE_FAULTS is a list of CALL:PART:ERRNO, separated by ';': CALL (open, link, rename, flock,
// fcntl, mmap, write, sync, mkdir, unlink) fails with this errno for a path that has PART in it.
// `open` means to open for writing or to make a file; `link` also linkat; `rename` rename alone,
// `renameat2` that call; `fcntl` a call that locks.
//
// FILE_KILL is FOLDER:N: at the N-th call that changes something below this folder, counted from 1,
// the process is killed before it does. FILE_KILL_SEEN, if set, is a file that is made when it is.
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

struct Path {
  char text[4096] = {};
  explicit Path(const char* path) { std::snprintf(text, sizeof text, "%s", path); }
  explicit Path(int descriptor) {
    char link[64];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t size = ::readlink(link, text, sizeof text - 1);
    text[size < 0 ? 0 : size] = '\0';
  }
};

// The errno that this call is to fail with, or 0.
int fault(const char* call, const char* path) {
  const char* at = std::getenv("FILE_FAULTS");
  const std::size_t length = std::strlen(call);
  while (at != nullptr && *at != '\0') {
    const char* const end = std::strchr(at, ';');
    char part[256];
    int error = 0;
    if (std::strncmp(at, call, length) == 0 && at[length] == ':') {
      const char* const from = at + length + 1;
      const char* const colon = std::strchr(from, ':');
      if (colon != nullptr && colon - from < static_cast<long>(sizeof part)) {
        std::memcpy(part, from, static_cast<std::size_t>(colon - from));
        part[colon - from] = '\0';
        error = std::atoi(colon + 1);
        if (std::strstr(path, part) != nullptr) return error;
      }
    }
    at = end == nullptr ? nullptr : end + 1;
  }
  return 0;
}

bool fails(const char* call, const char* path) {
  const int error = fault(call, path);
  if (error != 0) errno = error;
  return error != 0;
}

int changes = 0;

void may_be_killed(const char* path) {
  const char* const plan = std::getenv("FILE_KILL");
  const char* const colon = plan == nullptr ? nullptr : std::strrchr(plan, ':');
  if (colon == nullptr || std::strncmp(path, plan, static_cast<std::size_t>(colon - plan)) != 0) {
    return;
  }
  if (__atomic_add_fetch(&changes, 1, __ATOMIC_SEQ_CST) != std::atoi(colon + 1)) return;
  if (const char* const seen = std::getenv("FILE_KILL_SEEN")) {
    ::syscall(SYS_openat, AT_FDCWD, seen, O_CREAT | O_WRONLY, 0600);
  }
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

int open_with(const char* name, const char* path, int flags, mode_t mode) {
  if ((flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0) {
    if (fails("open", path)) return -1;
    if ((flags & O_CREAT) != 0) may_be_killed(path);
  }
  return next<int(const char*, int, mode_t)>(name)(path, flags, mode);
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

int control_with(const char* name, int descriptor, int command, void* argument) {
  const bool locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK;
  if (locks && fails("fcntl", Path(descriptor).text)) return -1;
  return next<int(int, int, void*)>(name)(descriptor, command, argument);
}

void* map_with(const char* name, void* at, std::size_t size, int protection, int flags,
               int descriptor, off_t offset) {
  if (descriptor >= 0 && fails("mmap", Path(descriptor).text)) return MAP_FAILED;
  return next<void*(void*, std::size_t, int, int, int, off_t)>(name)(at, size, protection, flags,
                                                                     descriptor, offset);
}

ssize_t write_at(const char* name, int descriptor, const void* from, std::size_t size,
                 off_t offset) {
  if (fails("write", Path(descriptor).text)) return -1;
  may_be_killed(Path(descriptor).text);
  return next<ssize_t(int, const void*, std::size_t, off_t)>(name)(descriptor, from, size, offset);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_with("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_with("open64", path, flags, mode);
}
int mkdir(const char* path, mode_t mode) noexcept {
  if (fails("mkdir", path)) return -1;
  may_be_killed(path);
  return next<int(const char*, mode_t)>("mkdir")(path, mode);
}
int rename(const char* from, const char* to) noexcept {
  if (fails("rename", to)) return -1;
  may_be_killed(to);
  return next<int(const char*, const char*)>("rename")(from, to);
}
int renameat2(int from_in, const char* from, int to_in, const char* to, unsigned flags) noexcept {
  if (fails("renameat2", to)) return -1;
  may_be_killed(to);
  return next<int(int, const char*, int, const char*, unsigned)>("renameat2")(from_in, from, to_in,
                                                                              to, flags);
}
int link(const char* from, const char* to) noexcept {
  if (fails("link", to)) return -1;
  may_be_killed(to);
  return next<int(const char*, const char*)>("link")(from, to);
}
int linkat(int from_in, const char* from, int to_in, const char* to, int flags) noexcept {
  if (fails("link", to)) return -1;
  may_be_killed(to);
  return next<int(int, const char*, int, const char*, int)>("linkat")(from_in, from, to_in, to,
                                                                      flags);
}
int unlink(const char* path) noexcept {
  if (fails("unlink", path)) return -1;
  may_be_killed(path);
  return next<int(const char*)>("unlink")(path);
}
int flock(int descriptor, int operation) noexcept {
  if (fails("flock", Path(descriptor).text)) return -1;
  return next<int(int, int)>("flock")(descriptor, operation);
}
int fcntl(int descriptor, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  return control_with("fcntl", descriptor, command, argument);
}
int fcntl64(int descriptor, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  return control_with("fcntl64", descriptor, command, argument);
}
void* mmap(void* at, size_t size, int protection, int flags, int descriptor,
           off_t offset) noexcept {
  return map_with("mmap", at, size, protection, flags, descriptor, offset);
}
void* mmap64(void* at, size_t size, int protection, int flags, int descriptor,
             off64_t offset) noexcept {
  return map_with("mmap64", at, size, protection, flags, descriptor, offset);
}
int fsync(int descriptor) {
  if (fails("sync", Path(descriptor).text)) return -1;
  may_be_killed(Path(descriptor).text);
  return next<int(int)>("fsync")(descriptor);
}
int fdatasync(int descriptor) {
  if (fails("sync", Path(descriptor).text)) return -1;
  may_be_killed(Path(descriptor).text);
  return next<int(int)>("fdatasync")(descriptor);
}
ssize_t pwrite(int descriptor, const void* from, size_t size, off_t offset) {
  return write_at("pwrite", descriptor, from, size, offset);
}
ssize_t pwrite64(int descriptor, const void* from, size_t size, off64_t offset) {
  return write_at("pwrite64", descriptor, from, size, offset);
}
ssize_t write(int descriptor, const void* from, size_t size) {
  if (descriptor > 2) {
    if (fails("write", Path(descriptor).text)) return -1;
    may_be_killed(Path(descriptor).text);
  }
  return next<ssize_t(int, const void*, size_t)>("write")(descriptor, from, size);
}

}  // extern "C"
