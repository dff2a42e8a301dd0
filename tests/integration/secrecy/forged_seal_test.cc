// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// A bundle whose seal was not made by the holder of seal-in's twin, though a pinned signer signed it rightly: the
// worker itself refuses it, whoever hands it over, and nothing is touched.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "protocol/channel/channel.h"
#include "protocol/seal/signed_octets.h"
#include "protocol/sender/home.h"
#include "protocol/wire/codec.h"
#include "tests/integration/secrecy/token_desk.h"
#include "tests/integration/world/world.h"

namespace keyferry::secrecy {
namespace {

using channel::Disposition;
using channel::WorkerClient;
using world::World;

constexpr std::chrono::seconds kPatience(60);

// Every file below a directory, with its octets.
std::map<std::string, std::string> Snapshot(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) files[entry.path()] = world::Slurp(entry.path());
  }
  return files;
}

class ForgedSeal : public testing::Test {
 protected:
  ForgedSeal() {
    world_.Bootstrap();
    world_.StartAgent();
    delivered_ = Sealed("delivered", false);
    pending_ = Sealed("pending", true);
  }

  // A bundle as the KMS sealed it; sent where not `keep`.
  Bytes Sealed(const std::string& label, bool keep) {
    const std::string file = world_.Path(label + ".bundle");
    std::vector<std::string> push = {"push", "payments", world_.Generate("aes", 256, label), "--save-bundle", file};
    if (keep) push.push_back("--no-wait");
    world_.MustKms(push);
    const std::string octets = world::Slurp(file);
    return {octets.begin(), octets.end()};
  }
  // The pending bundle with another seal, signed anew with the KMS's own signer key, which the attacker stole.
  Bytes Forged(ByteView seal) const {
    const auto view = wire::Split(pending_, wire::Kind::kBundle);
    return Signed(view->header, seal, view->body);
  }
  Bytes Signed(ByteView header, ByteView seal, ByteView body) const {
    const auto signer = sender::Home(world_.kms_home()).Signer();
    const auto signature = signer->Sign({seal::SignatureLabel(wire::Kind::kBundle), header, seal, body});
    wire::Header fixed;
    std::ranges::copy(header, fixed.begin());
    return wire::Join(fixed, seal, signature, body);
  }
  void ExpectRefused(const std::string& name, const Bytes& envelope);

  World world_;
  Bytes delivered_;
  Bytes pending_;
};

void ForgedSeal::ExpectRefused(const std::string& name, const Bytes& envelope) {
  SCOPED_TRACE(name);
  WorkerClient worker(world_.Path("run/payments.sock"));
  const auto before = worker.State(kPatience);
  ASSERT_TRUE(before) << before.error().OneLine();
  const auto token = Snapshot(world_.Path("payments-hsm"));
  const auto answer = worker.Execute(envelope, kPatience);
  ASSERT_TRUE(answer) << answer.error().OneLine();
  ASSERT_EQ(answer->disposition, Disposition::kConcluded) << answer->code;
  const auto statement = wire::DecodeStatement(answer->statement);
  ASSERT_TRUE(statement) << statement.error().OneLine();
  EXPECT_EQ(statement->outcome, wire::Outcome::kRefused);
  EXPECT_EQ(statement->code, "trust.seal-wrong");
  EXPECT_TRUE(statement->items.empty());
  const auto after = worker.State(kPatience);
  ASSERT_TRUE(after) << after.error().OneLine();
  EXPECT_EQ(after->last_sequence, before->last_sequence) << "the number was used up";
  EXPECT_EQ(after->objects, before->objects);
  EXPECT_TRUE(Snapshot(world_.Path("payments-hsm")) == token) << "the token was written to";
}

TEST_F(ForgedSeal, IsRefusedByTheWorker) {
  const auto view = wire::Split(pending_, wire::Kind::kBundle);
  Bytes flipped(view->seal.begin(), view->seal.end());
  flipped.back() ^= 1;
  const auto other = wire::Split(delivered_, wire::Kind::kBundle);
  ExpectRefused("one bit of the seal", Forged(flipped));
  ExpectRefused("a seal of zeros", Forged(Bytes(wire::kSealBytes)));
  ExpectRefused("a random seal", Forged(RandomBytes(wire::kSealBytes)));
  ExpectRefused("the seal of another bundle", Forged(other->seal));
  // The right seal, and another body under it.
  auto body = wire::DecodeBundle(view->body);
  ASSERT_TRUE(body);
  body->items.front().label = "elsewhere";
  const Bytes moved = wire::Encode(*body);
  const wire::Header header =
      wire::MakeHeader(wire::Kind::kBundle, view->signer, static_cast<std::uint32_t>(moved.size()));
  ExpectRefused("another label under the right seal", Signed(header, view->seal, moved));
  // The untouched bundle is taken, so that it was the seal that was refused.
  WorkerClient worker(world_.Path("run/payments.sock"));
  const auto answer = worker.Execute(Forged(view->seal), kPatience);
  ASSERT_TRUE(answer) << answer.error().OneLine();
  const auto statement = wire::DecodeStatement(answer->statement);
  ASSERT_TRUE(statement) << statement.error().OneLine();
  EXPECT_EQ(statement->outcome, wire::Outcome::kOk) << statement->message;
}

TEST_F(ForgedSeal, IsRefusedThroughTheAgentWithAReceipt) {
  world::Spit(world_.Path("forged.bundle"), std::string(AsText(Forged(RandomBytes(wire::kSealBytes)))));
  const auto token = Snapshot(world_.Path("payments-hsm"));
  const auto sent = world_.Kms({"send", "payments", world_.Path("forged.bundle"), "--json"}, false);
  EXPECT_NE(sent.exit_code, 0);
  EXPECT_NE((sent.out + sent.err).find("trust.seal-wrong"), std::string::npos) << sent.out << sent.err;
  EXPECT_TRUE(Snapshot(world_.Path("payments-hsm")) == token);
}

}  // namespace
}  // namespace keyferry::secrecy
