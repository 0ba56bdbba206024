#include "conn/base/file.h"

#include <atomic>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conn/base/file_reason.h"
#include "tests/support/files.h"

namespace peerage::conn {
namespace {

using Kind = FileError::Kind;
using Path = std::filesystem::path;

struct File : testing::Test {
  const test::TemporaryDirectory directory;
  const Path path = directory / "file";

  static std::string text_of(const Path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static unsigned mode_of(const Path& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
  void put(std::string_view text) const { std::ofstream(path, std::ios::binary) << text; }
};

TEST_F(File, IsReadAsItWasWritten) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += static_cast<char>(i * 7);
  ASSERT_TRUE(write_file(path, text, Readers::all, IfExists::fail));
  EXPECT_EQ(text_of(path), text);
  EXPECT_EQ(read_file(path, text.size()), text);
  EXPECT_EQ(directory.entries(), 1u);
}

TEST_F(File, MayBeEmpty) {
  put("");
  EXPECT_EQ(read_file(path, 0), "");
  EXPECT_EQ(read_file(path, 100), "");
}

TEST_F(File, IsReadUpToTheLimit) {
  put("12345678");
  EXPECT_EQ(read_file(path, 8), "12345678");
  const auto text = read_file(path, 7);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, Kind::too_long);
  EXPECT_EQ(text.error().what, "longer than 7 bytes");
}

TEST_F(File, OfAllSizesNearThoseThatAreReadAtOnceIsReadWhole) {
  for (const std::size_t size : {1u, 4095u, 4096u, 65'535u, 65'536u, 65'537u, 200'000u}) {
    put(std::string(size, 'x'));
    EXPECT_EQ(read_file(path, 1'000'000).value_or("").size(), size);
    EXPECT_EQ(read_file(path, size).value_or("").size(), size);
    EXPECT_FALSE(read_file(path, size - 1));
  }
}

TEST_F(File, ThatDoesNotTellItsSizeIsReadWhole) {
  // Files of /proc have the size 0.
  const auto text = read_file("/proc/self/limits", 1'000'000);
  ASSERT_TRUE(text) << text.error().what;
  EXPECT_GT(text->size(), 100u);
  EXPECT_EQ(read_file("/proc/self/limits", 10).error().kind, Kind::too_long);
}

TEST_F(File, ThatIsMissingIsAKindOfItsOwn) {
  const auto text = read_file(path, 10);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, Kind::missing);
  EXPECT_EQ(text.error().what, "No such file or directory");
}

TEST_F(File, ThatIsNoRegularOneIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  for (const Path& each : {path, directory.path(), Path("/dev/zero")}) {
    const auto text = read_file(each, 10);
    ASSERT_FALSE(text) << each;
    EXPECT_EQ(text.error().kind, Kind::other);
    EXPECT_EQ(text.error().what, "not a regular file");
  }
}

TEST_F(File, ThatExistsIsKeptOrReplacedAsIsAsked) {
  put("former");
  const auto kept = write_file(path, "new", Readers::all, IfExists::fail);
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().kind, Kind::exists);
  EXPECT_EQ(text_of(path), "former");
  ASSERT_TRUE(write_file(path, "new", Readers::all, IfExists::replace));
  EXPECT_EQ(text_of(path), "new");
  EXPECT_EQ(directory.entries(), 1u) << "no temporary file stays behind";
}

TEST_F(File, ThatCannotBeWrittenLeavesNothingBehind) {
  EXPECT_EQ(
      write_file(directory / "none" / "file", "text", Readers::all, IfExists::fail).error().kind,
      Kind::missing);
  std::filesystem::create_directory(path);
  EXPECT_FALSE(write_file(path, "text", Readers::all, IfExists::replace));
  EXPECT_EQ(directory.entries(), 1u);
}

TEST_F(File, IsForItsOwnerOnlyWhateverTheUmaskOrForAllThatItAllows) {
  for (const mode_t mask : {0000, 0022, 0077, 0177, 0777}) {
    const test::Umask umask(mask);
    ASSERT_TRUE(write_file(path, "text", Readers::owner, IfExists::replace));
    EXPECT_EQ(mode_of(path), 0600u);
    ASSERT_TRUE(write_file(path, "text", Readers::all, IfExists::replace));
    EXPECT_EQ(mode_of(path), 0644u & ~mask);
  }
}

TEST_F(File, ThatAKilledWriterHasLeftGoesAtTheNextWriteAndNoOtherDoes) {
  const Path left = directory / ".file.0123456789abcdef";
  const Path alive = directory / ".file.fedcba9876543210";
  const std::vector<Path> others = {directory / ".file.0123456789ABCDEF",
                                    directory / ".file.0123456789abcde", directory / ".file.",
                                    directory / ".file2.0123456789abcdef",
                                    directory / "file.0123456789abcdef"};
  for (const Path& each : others) std::ofstream(each) << "text";
  for (const Path& each : {left, alive}) std::ofstream(each) << "text";
  const Descriptor writer(::open(alive.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(writer.get(), LOCK_EX), 0);
  ASSERT_TRUE(write_file(path, "new", Readers::all, IfExists::replace));
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(alive)) << "its writer lives";
  for (const Path& each : others) EXPECT_TRUE(std::filesystem::exists(each)) << each;
  ASSERT_EQ(::flock(writer.get(), LOCK_UN), 0);
  remove_leftovers(path);
  EXPECT_FALSE(std::filesystem::exists(alive));
  EXPECT_EQ(text_of(path), "new");
  remove_leftovers(directory / "none" / "file");
}

TEST_F(File, OfAWriterThatLivesIsLeftAloneByOthers) {
  std::atomic<bool> over = false;
  std::thread cleaner([&] {
    while (!over) remove_leftovers(path);
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(write_file(path, std::to_string(i), Readers::all, IfExists::replace)) << i;
  }
  over = true;
  cleaner.join();
  EXPECT_EQ(text_of(path), "199");
  EXPECT_EQ(directory.entries(), 1u);
}

TEST_F(File, AnErrorHasItsErrnoAndTheReasonThatItIsOf) {
  const auto missing = write_file(directory / "no/file", "", Readers::all, IfExists::replace);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().number, ENOENT);
  const std::vector<std::pair<int, Reason>> reasons = {{ENOSPC, FileReason::disk_full},
                                                       {EDQUOT, FileReason::disk_full},
                                                       {EROFS, FileReason::read_only},
                                                       {EACCES, FileReason::not_permitted},
                                                       {EPERM, FileReason::not_permitted},
                                                       {ENOTDIR, FileReason::path_invalid},
                                                       {EBUSY, FileReason::path_invalid},
                                                       {ENOENT, FileReason::missing},
                                                       {EMFILE, Reason::out_of_descriptors},
                                                       {EIO, Reason::io_error},
                                                       {0, Reason::io_error}};
  for (const auto& [error, reason] : reasons) {
    EXPECT_EQ(file_reason(error, Reason::io_error), reason) << error;
  }
  for (const int error : {ENOLCK, EOPNOTSUPP, ENOSYS}) EXPECT_TRUE(no_locks_by(error));
  for (const int error : {EWOULDBLOCK, EINTR, EACCES}) EXPECT_FALSE(no_locks_by(error));
}

TEST_F(File, HasNeverHalfATextUnderItsName) {
  const std::string one(300'000, '1'), other(200'000, '2');
  ASSERT_TRUE(write_file(path, one, Readers::all, IfExists::replace));
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(write_file(path, i % 2 == 0 ? other : one, Readers::all, IfExists::replace));
    }
  });
  for (int i = 0; i < 200; ++i) {
    const auto text = read_file(path, 1'000'000);
    EXPECT_TRUE(text == one || text == other);
  }
  writer.join();
}

TEST_F(File, IsWrittenByExactlyOneOfSeveralWritersThatMayNotReplaceIt) {
  std::vector<std::thread> writers;
  std::atomic<int> won = 0;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&, i] {
      won += write_file(path, std::to_string(i), Readers::all, IfExists::fail) ? 1 : 0;
    });
  }
  for (std::thread& each : writers) each.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(directory.entries(), 1u);
}

TEST_F(File, ThatIsFullIsReportedByErrno) {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  if (!full.is_open()) GTEST_SKIP() << "there is no /dev/full here";
  EXPECT_FALSE(write_all(full.get(), "text"));
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_TRUE(write_all(full.get(), ""));
}

TEST_F(File, IsWrittenWholeThroughAPipeThatTakesLittleAtATime) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor from(ends[0]);
  std::optional<Descriptor> to(std::in_place, ends[1]);
  const std::string text(1'000'000, 'x');
  std::thread writer([&] {
    EXPECT_TRUE(write_all(to->get(), text));
    to.reset();
  });
  std::size_t size = 0;
  char buffer[5000];
  for (ssize_t count; (count = ::read(from.get(), buffer, sizeof buffer)) > 0;) {
    size += static_cast<std::size_t>(count);
  }
  writer.join();
  EXPECT_EQ(size, text.size());
}

TEST_F(File, ADescriptorIsClosedOnceAndLeavesErrnoAlone) {
  put("text");
  const auto is_open = [](int number) { return ::fcntl(number, F_GETFD) != -1; };
  Descriptor one(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int number = one.get();
  {
    Descriptor other(std::move(one));
    EXPECT_FALSE(one.is_open());
    EXPECT_TRUE(is_open(number));
    Descriptor third;
    third = std::move(other);
    EXPECT_EQ(third.get(), number);
    errno = EXDEV;
  }
  EXPECT_EQ(errno, EXDEV);
  EXPECT_FALSE(is_open(number));
}

TEST_F(File, SyncingADirectoryThatIsNotThereDoesNothing) {
  sync_directory_of(directory / "none" / "file");
  sync_directory_of("file");
}

}  // namespace
}  // namespace peerage::conn
