#include "tests/support/faulty_vfs.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace peerage::test {
namespace {

std::atomic<Fault> fault_of_plan = Fault::io_error;
std::atomic<std::uint64_t> first_of_plan = 0;  // 0: none
std::atomic<std::uint64_t> count_of_plan = 0;
std::atomic<std::uint64_t> calls_made = 0;
std::atomic<std::uint64_t> hits_made = 0;

// What kind of call it is; in it, the error of its own.
struct Call {
  int io_error;
  bool writes = false;
  bool locks = false;
  bool maps = false;
};

// The folders that are spoilt.
std::mutex spoilt_mutex;
std::map<std::string, Fault> spoilt_folders;
std::atomic<std::size_t> spoilt_count = 0;
std::array<std::atomic<std::uint64_t>, 6> spoilt_hits = {};
std::atomic<bool> skips_syncing = false;

// Of a poor file system, and not of a disk that fails: one kind of call has it.
bool meets(Fault fault, const Call& call) {
  if (fault == Fault::no_shared_memory) return call.maps;
  return fault != Fault::no_locks || call.locks;
}

std::optional<Fault> fault_of_folder(const char* path, const Call& call) {
  if (spoilt_count == 0 || path == nullptr) return std::nullopt;
  const std::string_view name = path;
  const std::lock_guard lock(spoilt_mutex);
  const auto found =
      spoilt_folders.find(std::string(name.substr(0, std::min(name.rfind('/'), name.size()))));
  if (found == spoilt_folders.end() || !meets(found->second, call)) return std::nullopt;
  ++spoilt_hits[static_cast<std::size_t>(found->second)];
  return found->second;
}

int error_of(Fault fault, const Call& call) {
  switch (fault) {
    case Fault::full:
    case Fault::short_write:
      return call.writes ? SQLITE_FULL : call.io_error;
    case Fault::busy:
      return call.locks ? SQLITE_BUSY : call.io_error;
    case Fault::no_locks:
      errno = ENOLCK;  // which SQLite takes for another's lock
      return SQLITE_BUSY;
    case Fault::io_error:
    case Fault::no_shared_memory:
      break;
  }
  return call.io_error;
}

// The fault that this call is to end with.
std::optional<Fault> planned(const char* path, const Call& call) {
  if (const auto fault = fault_of_folder(path, call)) return fault;
  if (!meets(fault_of_plan, call)) return std::nullopt;
  const std::uint64_t number = ++calls_made;
  const std::uint64_t first = first_of_plan;
  if (first == 0 || number < first || number >= first + count_of_plan) return std::nullopt;
  ++hits_made;
  return fault_of_plan;
}

// SQLite allocates one of these, and the default system's file behind it.
struct File {
  sqlite3_file base;
  const char* path;  // SQLite keeps it for as long as the file is open; null for a temporary one
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }
};

// The error that this call is to end with; SQLITE_OK: it is to do what it does.
int planned(sqlite3_file* file, const Call& call) {
  const auto fault = planned(reinterpret_cast<File*>(file)->path, call);
  return fault ? error_of(*fault, call) : SQLITE_OK;
}

#define REAL(file, method, ...) \
  File::real(file)->pMethods->method(File::real(file) __VA_OPT__(, ) __VA_ARGS__)

int close_file(sqlite3_file* file) {
  return REAL(file, xClose);
}
int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  if (const int error = planned(file, {SQLITE_IOERR_READ})) return error;
  return REAL(file, xRead, into, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const Call call = {SQLITE_IOERR_WRITE, true};
  if (const auto fault = planned(reinterpret_cast<File*>(file)->path, call)) {
    if (*fault == Fault::short_write) (void)REAL(file, xWrite, from, size / 2, at);
    return error_of(*fault, call);
  }
  return REAL(file, xWrite, from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (const int error = planned(file, {SQLITE_IOERR_TRUNCATE, true})) return error;
  return REAL(file, xTruncate, size);
}
int sync_file(sqlite3_file* file, int flags) {
  if (const int error = planned(file, {SQLITE_IOERR_FSYNC, true})) return error;
  return skips_syncing ? SQLITE_OK : REAL(file, xSync, flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return REAL(file, xFileSize, size);
}
int lock_file(sqlite3_file* file, int level) {
  if (const int error = planned(file, {SQLITE_IOERR_LOCK, false, true})) return error;
  return REAL(file, xLock, level);
}
int unlock_file(sqlite3_file* file, int level) {
  return REAL(file, xUnlock, level);
}
int check_lock(sqlite3_file* file, int* held) {
  return REAL(file, xCheckReservedLock, held);
}
int control_file(sqlite3_file* file, int operation, void* argument) {
  return REAL(file, xFileControl, operation, argument);
}
int sector_size(sqlite3_file* file) {
  return REAL(file, xSectorSize);
}
int characteristics(sqlite3_file* file) {
  return REAL(file, xDeviceCharacteristics);
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  if (const int error = planned(file, {SQLITE_IOERR_SHMMAP, false, false, true})) {
    *at = nullptr;
    return error;
  }
  return REAL(file, xShmMap, page, size, extend, at);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  if ((flags & SQLITE_SHM_LOCK) != 0) {
    if (const int error = planned(file, {SQLITE_IOERR_SHMLOCK, false, true})) return error;
  }
  return REAL(file, xShmLock, offset, count, flags);
}
void barrier_shared(sqlite3_file* file) {
  REAL(file, xShmBarrier);
}
int unmap_shared(sqlite3_file* file, int remove) {
  return REAL(file, xShmUnmap, remove);
}
#undef REAL

// Version 2: nothing is mapped into memory.
const sqlite3_io_methods kMethods = {2,
                                     close_file,
                                     read_file,
                                     write_file,
                                     truncate_file,
                                     sync_file,
                                     file_size,
                                     lock_file,
                                     unlock_file,
                                     check_lock,
                                     control_file,
                                     sector_size,
                                     characteristics,
                                     map_shared,
                                     lock_shared,
                                     barrier_shared,
                                     unmap_shared,
                                     nullptr,
                                     nullptr};

sqlite3_vfs* real_system(sqlite3_vfs* system) {
  return static_cast<sqlite3_vfs*>(system->pAppData);
}
int open_file(sqlite3_vfs* system, sqlite3_filename path, sqlite3_file* file, int flags,
              int* opened_as) {
  file->pMethods = nullptr;
  reinterpret_cast<File*>(file)->path = path;
  if (const int error = planned(file, {SQLITE_CANTOPEN})) return error;
  sqlite3_vfs* const real = real_system(system);
  const int code = real->xOpen(real, path, File::real(file), flags, opened_as);
  if (code == SQLITE_OK) file->pMethods = &kMethods;
  return code;
}
int delete_file(sqlite3_vfs* system, const char* path, int sync) {
  const Call call = {SQLITE_IOERR_DELETE, true};
  if (const auto fault = planned(path, call)) return error_of(*fault, call);
  return real_system(system)->xDelete(real_system(system), path, sync);
}

// SQLite waits for locks; in a test in virtual time, none is released meanwhile.
int sleep_not(sqlite3_vfs*, int microseconds) {
  return microseconds;
}

sqlite3_vfs& faulty_system() {
  static sqlite3_vfs system = [] {
    sqlite3_vfs* const real = sqlite3_vfs_find(nullptr);
    sqlite3_vfs made = *real;  // what is not replaced does not look at what it is given
    made.szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
    made.pNext = nullptr;
    made.zName = "faulty";
    made.pAppData = real;
    made.xOpen = open_file;
    made.xDelete = delete_file;
    made.xSleep = sleep_not;
    return made;
  }();
  return system;
}

}  // namespace

const char* FaultyVfs::name() {
  static const int kRegistered = sqlite3_vfs_register(&faulty_system(), 0);
  return kRegistered == SQLITE_OK ? faulty_system().zName : "not registered";
}

void FaultyVfs::make_default(Syncing syncing) {
  skips_syncing = syncing == Syncing::skipped;
  (void)name();  // which registers it, too, and not as the default
  sqlite3_vfs_register(&faulty_system(), 1);
}

void FaultyVfs::spoil(const std::filesystem::path& folder, Fault fault) {
  const std::lock_guard lock(spoilt_mutex);
  spoilt_folders.insert_or_assign(folder.string(), fault);
  spoilt_count = spoilt_folders.size();
}
void FaultyVfs::mend(const std::filesystem::path& folder) {
  const std::lock_guard lock(spoilt_mutex);
  spoilt_folders.erase(folder.string());
  spoilt_count = spoilt_folders.size();
}
std::uint64_t FaultyVfs::spoilt_calls(Fault fault) {
  return spoilt_hits[static_cast<std::size_t>(fault)];
}

void FaultyVfs::arm(Fault fault, std::uint64_t first, std::uint64_t count) {
  disarm();
  calls_made = 0;
  hits_made = 0;
  fault_of_plan = fault;
  count_of_plan = count;
  first_of_plan = first;
}
void FaultyVfs::disarm() {
  first_of_plan = 0;
}
std::uint64_t FaultyVfs::calls() {
  return calls_made;
}
std::uint64_t FaultyVfs::hits() {
  return hits_made;
}

}  // namespace peerage::test
