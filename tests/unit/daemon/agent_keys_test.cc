// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/agent_keys.h"

#include <sys/stat.h>

#include <fstream>

#include "protocol/base/file.h"
#include "tests/unit/daemon/journal_fixture.h"

namespace keyferry::daemon {
namespace {

class AgentKeysTest : public testing::Test {
 protected:
  AgentKeysTest() { InitCrypto(); }
  std::string Identity() const { return directory.path + "/identity.key"; }
  std::string Channel() const { return directory.path + "/channel.key"; }
  void Write(const std::string& path, const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path, std::ios::trunc) << text;
    chmod(path.c_str(), mode);
  }
  Code Failure() const {
    const auto keys = LoadOrMakeAgentKeys(Identity(), Channel());
    return keys ? Code::kInternal : keys.error().code();
  }
  TemporaryDirectory directory;
};

TEST_F(AgentKeysTest, AreMadeOnceForTheirOwnerOnly) {
  const auto made = LoadOrMakeAgentKeys(Identity(), Channel());
  ASSERT_TRUE(made) << made.error().OneLine();
  for (const auto& path : {Identity(), Channel()}) {
    struct stat facts{};
    ASSERT_EQ(stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  }
  const auto again = LoadOrMakeAgentKeys(Identity(), Channel());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->agent, made->agent);
  EXPECT_EQ(again->agent, IdOfKey(made->identity.public_key()));
  EXPECT_EQ(again->channel_public, made->channel_public);
  EXPECT_TRUE(again->channel_secret.Equals(made->channel_secret));
}

TEST_F(AgentKeysTest, AreReadInTheFormsThatTheOtherProgramsWrite) {
  // RFC 8032, section 7.1, test 1; ZeroMQ RFC 26's example pair.
  Write(Identity(), "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n");
  Write(Channel(), "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\n");
  const auto keys = LoadOrMakeAgentKeys(Identity(), Channel());
  ASSERT_TRUE(keys) << keys.error().OneLine();
  EXPECT_EQ(HexEncode(keys->identity.public_key()), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(HexEncode(keys->channel_public), "bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518");
}

TEST_F(AgentKeysTest, OfAnotherFormOrReadableByOthersAreRefused) {
  ASSERT_TRUE(LoadOrMakeAgentKeys(Identity(), Channel()));
  Write(Channel(), "too short");
  EXPECT_EQ(Failure(), Code::kEncodingInvalid);
  Write(Channel(), "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs", 0644);
  EXPECT_EQ(Failure(), Code::kFileModeUnsafe);
  Write(Channel(), "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs");
  Write(Identity(), std::string(63, 'a') + "x");
  EXPECT_EQ(Failure(), Code::kEncodingInvalid);
}

}  // namespace
}  // namespace keyferry::daemon
