// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// A request that is answered by a stranger, or twice: OAEP proves no sender, so what operators compare must stop it.
#include "tests/integration/trust/kms.h"

namespace keyferry::world {
namespace {

void ExpectRefused(const fakes::Finished& finished, Code code) {
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCodeOf(code))) << finished.out << finished.err;
  EXPECT_NE(finished.err.find("[" + std::string(Name(code)) + "]"), std::string::npos) << finished.err;
  EXPECT_NE(finished.err.find(NextStepOf(code)), std::string::npos) << finished.err;
}

TEST(Ceremony, ARequestAnsweredByAStrangerIsNotImported) {
  World world;
  const World stranger;
  world.InitKms();
  stranger.InitKms();
  const auto request = world.Request();
  ASSERT_EQ(request.exit_code, 0) << request.err;
  const std::string asked = FingerprintIn(request.out);
  const std::string file = world.Path("request.kfq");

  // Whoever read the request can answer it: the answer is well formed, and signed by him.
  const auto forged = stranger.Answer(file, asked, world.Path("forged.kfr"));
  ASSERT_EQ(forged.exit_code, 0) << forged.err;
  const auto genuine = world.Answer(file, asked, world.Path("response.kfr"));
  ASSERT_EQ(genuine.exit_code, 0) << genuine.err;
  const std::string before = TokenObjects(world);

  // The operators typed what the genuine KMS's operators read to them.
  ExpectRefused(world.Import(world.Path("forged.kfr"), FingerprintIn(genuine.out)), Code::kFingerprintMismatch);
  EXPECT_EQ(TokenObjects(world), before) << "nothing is unwrapped before the fingerprint is compared";
  // Nor does the request's own fingerprint do, nor a part of the right one.
  ExpectRefused(world.Import(world.Path("response.kfr"), asked), Code::kFingerprintMismatch);
  ExpectRefused(world.Import(world.Path("response.kfr"), FingerprintIn(genuine.out).substr(0, 19)),
                Code::kFingerprintMismatch);
  EXPECT_EQ(TokenObjects(world), before);

  const auto imported = world.Import(world.Path("response.kfr"), FingerprintIn(genuine.out));
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  world.Confirm();
  // What was bootstrapped is not bootstrapped again by a forged response, whatever is typed.
  const std::string done = TokenObjects(world);
  EXPECT_NE(world.Import(world.Path("forged.kfr"), FingerprintIn(forged.out)).exit_code, 0);
  EXPECT_EQ(TokenObjects(world), done);
}

TEST(Ceremony, ARequestIsAnsweredOnce) {
  World world;
  world.InitKms();
  const auto request = world.Request();
  const std::string asked = FingerprintIn(request.out);
  ASSERT_EQ(world.Answer(world.Path("request.kfq"), asked, world.Path("response.kfr")).exit_code, 0);
  const std::string answered = Slurp(world.Path("response.kfr"));
  const auto again = world.Answer(world.Path("request.kfq"), asked, world.Path("again.kfr"));
  if (again.exit_code == 0) {
    EXPECT_EQ(Slurp(world.Path("again.kfr")), answered) << "the one that was given, or none";
  } else {
    EXPECT_NE(again.err.find("[bootstrap.request-answered]"), std::string::npos) << again.err;
    EXPECT_FALSE(Exists(world.Path("again.kfr")));
  }
}

TEST(Ceremony, AChangedRequestIsNotAnswered) {
  World world;
  world.InitKms();
  const auto request = world.Request();
  std::string changed = Slurp(world.Path("request.kfq"));
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'a' ? 'b' : 'a';
  Spit(world.Path("changed.kfq"), changed);
  const auto answer = world.Answer(world.Path("changed.kfq"), FingerprintIn(request.out), world.Path("response.kfr"));
  ExpectRefused(answer, Code::kFingerprintMismatch);
  EXPECT_FALSE(Exists(world.Path("response.kfr")));
}

// A response to one agent's request is of no use to another agent.
TEST(Ceremony, AResponseToAnotherRequestIsNotImported) {
  World world;
  const World other;
  world.InitKms();
  const auto mine = world.Request();
  const auto theirs = other.Request();
  ASSERT_EQ(mine.exit_code + theirs.exit_code, 0) << mine.err << theirs.err;
  const auto response = world.Answer(other.Path("request.kfq"), FingerprintIn(theirs.out), world.Path("theirs.kfr"));
  ASSERT_EQ(response.exit_code, 0) << response.err;
  const std::string before = TokenObjects(world);
  ExpectRefused(world.Import(world.Path("theirs.kfr"), FingerprintIn(response.out)), Code::kResponseForAnother);
  EXPECT_EQ(TokenObjects(world), before);
}

}  // namespace
}  // namespace keyferry::world
