// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/record/agent_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "protocol/base/file.h"

namespace keyferry::record {
namespace {

class AgentKeysTest : public testing::Test {
 protected:
  AgentKeysTest() {
    InitCrypto();
    std::string form = (std::filesystem::temp_directory_path() / "keyferry-keys-XXXXXX").string();
    directory_ = mkdtemp(form.data());
  }
  ~AgentKeysTest() override { std::filesystem::remove_all(directory_); }
  Result<AgentKeys> Load() { return LoadOrMakeAgentKeys(identity(), channel()); }
  std::string identity() const { return directory_ + "/agent/identity.key"; }
  std::string channel() const { return directory_ + "/agent/channel.key"; }

  std::string directory_;
};

TEST_F(AgentKeysTest, AreMadeOnceForTheirOwnerAlone) {
  const auto made = Load();
  ASSERT_TRUE(made) << made.error().OneLine();
  const auto again = Load();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->agent, made->agent);
  EXPECT_EQ(again->agent, IdOfKey(made->identity.public_key()));
  EXPECT_EQ(again->channel_public, made->channel_public);
  EXPECT_EQ(made->channel_public.size(), 32U);
  EXPECT_TRUE(again->channel_secret.Equals(made->channel_secret));
  for (const std::string& path : {identity(), channel()}) {
    struct stat file{};
    ASSERT_EQ(stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U) << path;
  }
}

// The vectors of RFC 8032 section 7.1 (test 1) and of zmq_curve_keypair(3).
TEST_F(AgentKeysTest, AreReadInTheirUsualForms) {
  ASSERT_TRUE(MakeDirectories(directory_ + "/agent", 0700));
  ASSERT_TRUE(
      WriteDurably(identity(), AsBytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n"), 0600));
  ASSERT_TRUE(WriteDurably(channel(), AsBytes("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"), 0600));
  const auto keys = Load();
  ASSERT_TRUE(keys) << keys.error().OneLine();
  EXPECT_EQ(HexEncode(keys->identity.public_key()), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(HexEncode(keys->channel_public), "54fcba24e93249969316fb617c872bb0c1d1ff14800427c594cbfacf1bc2d652");
}

TEST_F(AgentKeysTest, AreRefusedWhenDamagedOrOpenToOthers) {
  ASSERT_TRUE(Load());
  const auto octets = ReadFile(identity(), 100);
  ASSERT_TRUE(WriteDurably(identity(), *octets, 0644));
  EXPECT_EQ(Load().error().code(), Code::kFileModeUnsafe);
  ASSERT_TRUE(WriteDurably(identity(), AsBytes("d75a"), 0600));
  EXPECT_EQ(Load().error().code(), Code::kEncodingInvalid);
  ASSERT_TRUE(WriteDurably(identity(), AsBytes(std::string(63, 'a') + "x"), 0600));
  EXPECT_EQ(Load().error().code(), Code::kEncodingInvalid);
  ASSERT_TRUE(WriteDurably(identity(), *octets, 0600));
  ASSERT_TRUE(WriteDurably(channel(), AsBytes("short"), 0600));
  EXPECT_EQ(Load().error().code(), Code::kEncodingInvalid);
  ASSERT_TRUE(WriteDurably(channel(), AsBytes("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"), 0640));
  EXPECT_EQ(Load().error().code(), Code::kFileModeUnsafe);
}

}  // namespace
}  // namespace keyferry::record
