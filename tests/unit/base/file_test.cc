// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/unit/base/temporary_directory.h"

namespace keyferry {
namespace {

mode_t ModeOf(const std::string& path) {
  struct stat facts = {};
  EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
  return facts.st_mode & 07777;
}

std::size_t Count(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

std::string Content(const std::string& path) {
  const auto data = ReadFile(path, 1 << 20);
  return data ? std::string(AsText(*data)) : data.error().OneLine();
}

template <typename T>
Code CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result) << "an error was expected";
  return result ? Code::kInternal : result.error().code();
}

class FileTest : public testing::Test {
 protected:
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.Path("file");
};

TEST_F(FileTest, WritesReplacesAndLeavesNothingElse) {
  ASSERT_TRUE(WriteDurably(path_, AsBytes("one"), 0640));
  EXPECT_EQ(Content(path_), "one");
  EXPECT_EQ(ModeOf(path_), 0640U);
  ASSERT_TRUE(WriteDurably(path_, AsBytes("two"), 0600));
  EXPECT_EQ(Content(path_), "two");
  EXPECT_EQ(ModeOf(path_), 0600U);
  EXPECT_EQ(Count(directory_.path()), 1U);
}

TEST_F(FileTest, ModeIsNotCutByTheUmask) {
  const mode_t before = umask(077);
  EXPECT_TRUE(WriteDurably(path_, AsBytes("x"), 0644));
  EXPECT_TRUE(MakeDirectories(directory_.Path("a/b"), 0755));
  umask(before);
  EXPECT_EQ(ModeOf(path_), 0644U);
  EXPECT_EQ(ModeOf(directory_.Path("a")), 0755U);
  EXPECT_EQ(ModeOf(directory_.Path("a/b")), 0755U);
}

// Whoever holds the old file open keeps reading the old content: it was replaced, not written over.
TEST_F(FileTest, ReplacesRatherThanOverwrites) {
  ASSERT_TRUE(WriteDurably(path_, AsBytes("old"), 0600));
  const UniqueFd held(open(path_.c_str(), O_RDONLY));
  ASSERT_TRUE(WriteDurably(path_, AsBytes("new"), 0600));
  char text[3] = {};
  ASSERT_EQ(read(held.get(), text, 3), 3);
  EXPECT_EQ(std::string(text, 3), "old");
}

TEST_F(FileTest, AFailedWriteLeavesNothing) {
  EXPECT_EQ(CodeOf(WriteDurably(directory_.Path("absent/file"), AsBytes("x"), 0600)), Code::kFileUnwritable);
  ASSERT_TRUE(MakeDirectories(path_, 0700));  // a directory cannot be replaced by a file
  EXPECT_EQ(CodeOf(WriteDurably(path_, AsBytes("x"), 0600)), Code::kFileUnwritable);
  EXPECT_EQ(Count(directory_.path()), 1U);
}

TEST_F(FileTest, CreateRefusesWhatIsThere) {
  ASSERT_TRUE(CreateDurably(path_, AsBytes("one"), 0600));
  EXPECT_EQ(CodeOf(CreateDurably(path_, AsBytes("two"), 0600)), Code::kFileExists);
  EXPECT_EQ(Content(path_), "one");
  EXPECT_EQ(Count(directory_.path()), 1U);
}

TEST_F(FileTest, Removes) {
  ASSERT_TRUE(CreateDurably(path_, AsBytes("one"), 0600));
  EXPECT_TRUE(Exists(path_));
  EXPECT_TRUE(RemoveDurably(path_));
  EXPECT_FALSE(Exists(path_));
  EXPECT_EQ(CodeOf(RemoveDurably(path_)), Code::kFileMissing);
}

TEST_F(FileTest, MakesDirectoriesOnceAndNotOverAFile) {
  EXPECT_TRUE(MakeDirectories(directory_.Path("a/b/c"), 0700));
  EXPECT_TRUE(MakeDirectories(directory_.Path("a/b/c"), 0700));
  ASSERT_TRUE(CreateDurably(path_, AsBytes("x"), 0600));
  EXPECT_EQ(CodeOf(MakeDirectories(path_, 0700)), Code::kFileUnwritable);
}

TEST_F(FileTest, ReadsOnlyWhatIsExpected) {
  ASSERT_TRUE(WriteDurably(path_, AsBytes("1234"), 0600));
  EXPECT_TRUE(ReadFile(path_, 4));
  EXPECT_EQ(CodeOf(ReadFile(path_, 3)), Code::kFileTooLarge);
  EXPECT_EQ(CodeOf(ReadFile(directory_.Path("absent"), 4)), Code::kFileMissing);
  EXPECT_EQ(CodeOf(ReadFile(path_ + "/below", 4)), Code::kFileMissing);
  EXPECT_EQ(CodeOf(ReadFile(directory_.path(), 4)), Code::kFileUnreadable);
  EXPECT_EQ(CodeOf(ReadFile("/dev/zero", 4)), Code::kFileUnreadable);
  ASSERT_EQ(mkfifo(directory_.Path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(CodeOf(ReadFile(directory_.Path("fifo"), 4)), Code::kFileUnreadable) << "and must not wait for a writer";
}

TEST_F(FileTest, ReadsASecret) {
  ASSERT_TRUE(WriteDurably(path_, AsBytes("1234\n\n"), 0600));
  const auto text = ReadSecretFile(path_, 16, true);
  ASSERT_TRUE(text);
  EXPECT_TRUE(Equal(text->Expose(), AsBytes("1234\n"))) << "one newline is dropped";
  const auto octets = ReadSecretFile(path_, 16, false);
  ASSERT_TRUE(octets);
  EXPECT_TRUE(Equal(octets->Expose(), AsBytes("1234\n\n")));
  EXPECT_EQ(CodeOf(ReadSecretFile(path_, 5, true)), Code::kFileTooLarge);
}

TEST_F(FileTest, RefusesASecretThatOthersMayRead) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0610U}) {
    ASSERT_TRUE(WriteDurably(path_, AsBytes("1234"), mode));
    EXPECT_EQ(CodeOf(ReadSecretFile(path_, 16, true)), Code::kFileModeUnsafe) << std::oct << mode;
  }
  ASSERT_TRUE(WriteDurably(path_, AsBytes("1234"), 0400));
  EXPECT_TRUE(ReadSecretFile(path_, 16, true));
}

// systemd's credentials carry an ACL, and then the group's bits are its mask.
TEST_F(FileTest, TakesACredentialOfSystemd) {
  ASSERT_TRUE(WriteDurably(path_, AsBytes("1234"), 0440));
  setenv("CREDENTIALS_DIRECTORY", directory_.path().c_str(), 1);
  EXPECT_TRUE(ReadSecretFile(path_, 16, true));
  ASSERT_TRUE(WriteDurably(path_, AsBytes("1234"), 0444));
  EXPECT_EQ(CodeOf(ReadSecretFile(path_, 16, true)), Code::kFileModeUnsafe);
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(FileTest, WritesASecret) {
  Bytes octets = {1, 2, 3};
  const auto secret = Secret::TakeFrom(octets);
  ASSERT_TRUE(WriteSecretDurably(path_, *secret, 0600));
  EXPECT_EQ(Content(path_), std::string("\1\2\3"));
  EXPECT_EQ(ModeOf(path_), 0600U);
}

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    read_end = UniqueFd(ends[0]);
    write_end = UniqueFd(ends[1]);
  }
  UniqueFd read_end, write_end;
};

TEST(ReadSecretLine, StopsAtTheNewline) {
  Pipe pipe;
  ASSERT_EQ(write(pipe.write_end.get(), "1234\nrest", 9), 9);
  const auto secret = ReadSecretLine(pipe.read_end.get(), 16);
  ASSERT_TRUE(secret);
  EXPECT_TRUE(Equal(secret->Expose(), AsBytes("1234")));
  char next = 0;
  ASSERT_EQ(read(pipe.read_end.get(), &next, 1), 1);
  EXPECT_EQ(next, 'r') << "nothing beyond the line may be taken";
}

TEST(ReadSecretLine, StopsAtTheEnd) {
  Pipe pipe;
  ASSERT_EQ(write(pipe.write_end.get(), "1234", 4), 4);
  pipe.write_end.Reset();
  EXPECT_EQ(ReadSecretLine(pipe.read_end.get(), 4).value().size(), 4U);
  EXPECT_EQ(ReadSecretLine(pipe.read_end.get(), 4).value().size(), 0U);
}

TEST(ReadSecretLine, RefusesWhatIsLong) {
  Pipe pipe;
  ASSERT_EQ(write(pipe.write_end.get(), "12345\n", 6), 6);
  EXPECT_EQ(CodeOf(ReadSecretLine(pipe.read_end.get(), 4)), Code::kFileTooLarge);
}

TEST_F(FileTest, ALockHeldByAnotherProcessNamesIt) {
  Pipe locked;
  Pipe release;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = LockFile::Acquire(path_);
    release.write_end.Reset();
    if (!lock || write(locked.write_end.get(), "x", 1) != 1) _exit(1);
    char wait = 0;
    _exit(read(release.read_end.get(), &wait, 1) == 0 ? 0 : 1);
  }
  char ready = 0;
  locked.write_end.Reset();
  ASSERT_EQ(read(locked.read_end.get(), &ready, 1), 1);
  const auto refused = LockFile::Acquire(path_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLocked);
  EXPECT_NE(refused.error().what().find("process " + std::to_string(child)), std::string::npos)
      << refused.error().what();
  release.write_end.Reset();
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(LockFile::Acquire(path_)) << "the lock ends with its holder";
}

TEST_F(FileTest, ALockEndsWithItsObject) {
  {
    const auto lock = LockFile::Acquire(path_);
    ASSERT_TRUE(lock);
    EXPECT_EQ(CodeOf(LockFile::Acquire(path_)), Code::kLocked);
    EXPECT_EQ(Content(path_), std::to_string(getpid()) + "\n");
  }
  EXPECT_TRUE(LockFile::Acquire(path_));
}

TEST(UniqueFd, OwnsItsDescriptor) {
  Pipe pipe;
  const int fd = pipe.read_end.get();
  UniqueFd moved = std::move(pipe.read_end);
  EXPECT_FALSE(pipe.read_end.valid());  // NOLINT(bugprone-use-after-move): that is what is asked here
  EXPECT_EQ(moved.get(), fd);
  moved.Reset();
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

}  // namespace
}  // namespace keyferry
