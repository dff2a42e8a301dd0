// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "protocol/base/file.h"
#include "tests/integration/daemon/world.h"

namespace keyferry::daemon {
namespace {

using wire::ReplyKind;

// A file system of its own over a directory, as long as it lives.
class SmallDisk {
 public:
  explicit SmallDisk(std::string path) : path_(std::move(path)) {
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=1m,mode=0700") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  bool Grow() { return mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT, "size=64m") == 0; }

 private:
  std::string path_;
  bool mounted_ = false;
};

TEST_F(World, AFullDiskIsAnsweredBusyAndLosesNothing) {
  const std::string state = directory + "/agent";
  const auto identity = ReadFile(state + "/identity.key", 1000);
  const auto channel = ReadFile(state + "/channel.key", 1000);
  SmallDisk disk(state);
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small file system needs root: " << std::strerror(errno);
  ASSERT_TRUE(WriteDurably(state + "/identity.key", *identity, 0600));
  ASSERT_TRUE(WriteDurably(state + "/channel.key", *channel, 0600));
  WriteRecord();
  StartDaemon();
  const auto dealer = Connect();
  std::uint64_t sequence = 1;
  const auto push = [&] {
    return PushAndGetReply(*dealer, {.sequence = sequence, .label = std::string(100, 'x'), .items = 256});
  };
  wire::Reply reply = push();
  while (reply.kind == ReplyKind::kAccepted && sequence < 60) {
    ++sequence;
    reply = push();
  }
  EXPECT_EQ(reply.kind, ReplyKind::kBusy);
  EXPECT_EQ(reply.code, "store.full");
  EXPECT_GT(reply.retry_after_ms, 0U);
  ASSERT_GT(sequence, 1U) << "nothing was accepted before the disk was full";
  EXPECT_EQ(push().code, "store.full");

  ASSERT_TRUE(disk.Grow());
  EXPECT_EQ(push().kind, ReplyKind::kAccepted);
  StartWorker();
  std::vector<std::uint64_t> all;
  for (std::uint64_t number = 1; number <= sequence; ++number) {
    EXPECT_EQ(Verified(AskForReceipt(number)).body.outcome, wire::Outcome::kOk);
    all.push_back(number);
  }
  EXPECT_EQ(worker->Executed(), all);
  daemon.reset();
}

}  // namespace
}  // namespace keyferry::daemon
