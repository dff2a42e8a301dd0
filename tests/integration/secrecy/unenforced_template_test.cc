// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// A token that does not enforce CKA_UNWRAP_TEMPLATE (NSS softokn): refused, unless its operators accept it; then the
// record, the status and every receipt say so.

#include <gtest/gtest.h>

#include <regex>

#include "tests/integration/world/world.h"

namespace keyferry::secrecy {
namespace {

using world::World;

class UnenforcedTemplate : public testing::Test {
 protected:
  UnenforcedTemplate() : nss_(world_.pin()) {}

  // The agent's token is the NSS database; the KMS's stays a SoftHSM2 token.
  void UseNss(bool accept) {
    std::string settings = world::Slurp(world_.Path("worker.toml"));
    settings = std::regex_replace(settings, std::regex("module = \"[^\"]*\"\nuri = \"[^\"]*\""),
                                  "module = \"" + nss_.module() + "\"\nmodule_config = \"" + nss_.init_string() +
                                      "\"\nuri = \"" + fakes::NssDatabase::Uri() + "\"\n" +
                                      (accept ? "accept_unenforced_template = true" : ""));
    ASSERT_NE(settings.find(nss_.module()), std::string::npos);
    world::Spit(world_.Path("worker.toml"), settings);
  }
  fakes::Finished Request() const {
    return world_.Agent(
        {"bootstrap", "request", "--domain", "payments", "--out", world_.Path("request.kfq"), "--pin-fd", "3"},
        {{3, world_.pin() + "\n"}});
  }

  World world_;
  fakes::NssDatabase nss_;
};

TEST_F(UnenforcedTemplate, IsRefusedByTheBootstrap) {
  UseNss(false);
  const fakes::Finished request = Request();
  EXPECT_NE(request.exit_code, 0);
  EXPECT_NE(request.err.find("hsm.template-unenforced"), std::string::npos) << request.out << request.err;
  EXPECT_NE(request.err.find("accept_unenforced_template"), std::string::npos) << "no next step: " << request.err;
  EXPECT_EQ(world::Slurp(world_.Path("request.kfq")), "");
}

TEST_F(UnenforcedTemplate, IsSaidByStatusAndReceiptsWhereAccepted) {
  UseNss(true);
  world_.Bootstrap();
  world_.StartAgent();
  const Json status = world_.Status();
  const auto& domains = status.Find("domains")->Elements();
  ASSERT_EQ(domains.size(), 1U);
  EXPECT_EQ(domains[0].Boolean("template_enforced").value_or(true), false) << status.Dump(true);
  const fakes::Finished shown = world_.Agent({"status"});
  EXPECT_NE(shown.out.find("NOT enforced"), std::string::npos) << shown.out;

  const std::string uri = world_.Generate("aes", 256, "card-key");
  const auto receipts = Json::Parse(world_.MustKms({"push", "payments", uri, "--json"}));
  ASSERT_TRUE(receipts);
  const Json& receipt = receipts->Find("deliveries")->Elements().at(0);
  EXPECT_EQ(receipt.Find("statement")->Boolean("template_enforced").value_or(true), false) << receipt.Dump(true);
  // Where the setting is taken back, the worker does not serve such a token any more.
  world_.StopAgent();
  std::string settings = world::Slurp(world_.Path("worker.toml"));
  settings = std::regex_replace(settings, std::regex("accept_unenforced_template = true"), "");
  world::Spit(world_.Path("worker.toml"), settings);
  world_.LaunchAgent();
  EXPECT_TRUE(fakes::Eventually([&] {
    return world_.Agent({"status", "--json"}).out.find("hsm.template-unenforced") != std::string::npos;
  })) << world_.Agent({"status"}).out;
}

// The other way round: a token that enforces it says so.
TEST(EnforcedTemplate, IsSaidByStatusAndReceipts) {
  World world;
  world.Bootstrap();
  world.StartAgent();
  const Json status = world.Status();
  EXPECT_EQ(status.Find("domains")->Elements()[0].Boolean("template_enforced").value_or(false), true);
  const auto receipts =
      Json::Parse(world.MustKms({"push", "payments", world.Generate("aes", 256, "card-key"), "--json"}));
  ASSERT_TRUE(receipts);
  const Json& receipt = receipts->Find("deliveries")->Elements().at(0);
  EXPECT_EQ(receipt.Find("statement")->Boolean("template_enforced").value_or(false), true);
}

}  // namespace
}  // namespace keyferry::secrecy
