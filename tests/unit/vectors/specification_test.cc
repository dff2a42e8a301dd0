// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0
//
// protocol/PROTOCOL.md says what the code does, as far as a test can read it.

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <set>
#include <string>

#include "protocol/base/file.h"
#include "protocol/wire/bundle.pb.h"
#include "protocol/wire/limits.h"
#include "protocol/wire/message.pb.h"
#include "protocol/wire/receipt.pb.h"

namespace keyferry {
namespace {

const std::string& Specification() {
  static const std::string text = [] {
    const char* source = std::getenv("KEYFERRY_SOURCE");
    const auto octets = ReadFile(std::string(source == nullptr ? "." : source) + "/protocol/PROTOCOL.md", 1 << 20);
    return octets ? std::string(AsText(*octets)) : std::string();
  }();
  return text;
}

// From the mark to the next chapter or the next table of fields.
std::string TableAfter(const std::string& mark) {
  const std::size_t begin = Specification().find(mark);
  if (begin == std::string::npos) return {};
  const std::size_t table = Specification().find("| field | no. |", begin);
  return Specification().substr(table, Specification().find("\n\n", table) - table);
}

TEST(Specification, HasEveryFieldOfEveryMessage) {
  using namespace wire::proto;
  const std::pair<const google::protobuf::Descriptor*, std::string> messages[] = {
      {Bundle::descriptor(), "`Bundle`, the body"},
      {Item::descriptor(), "\n## Items"},
      {Receipt::descriptor(), "`Receipt`, the body"},
      {Statement::descriptor(), "`Statement`, signed"},
      {ItemOutcome::descriptor(), "`ItemOutcome`:"},
      {Evidence::descriptor(), "`Evidence`, what"},
      {Confirmation::descriptor(), "`Confirmation`"},
      {Ask::descriptor(), "`Ask` requests"},
      {Reply::descriptor(), "`Reply`:"},
  };
  for (const auto& [message, mark] : messages) {
    const std::string table = TableAfter(mark);
    int rows = -2;  // the heading and the line under it
    for (const char c : table) rows += c == '\n' ? 1 : 0;
    EXPECT_EQ(rows + 1, message->field_count()) << message->name();
    for (int at = 0; at < message->field_count(); ++at) {
      const auto* field = message->field(at);
      const std::string row = "| " + field->name() + " | " + std::to_string(field->number()) + " |";
      EXPECT_NE(table.find(row), std::string::npos) << message->name() << ": " << row;
    }
  }
}

TEST(Specification, NamesCodesThatExist) {
  const std::regex code("`((wire|trust|sequence|time|item|hsm)\\.[a-z-]+)`");
  const std::string& text = Specification();
  std::set<std::string> named;
  for (std::sregex_iterator at(text.begin(), text.end(), code), end; at != end; ++at) named.insert((*at)[1]);
  EXPECT_GT(named.size(), 30U);
  for (const std::string& name : named) EXPECT_TRUE(CodeFromName(name)) << name;
}

TEST(Specification, HasEveryLimit) {
  using namespace wire::limits;
  const std::size_t at = Specification().find("\n## Limits");
  ASSERT_NE(at, std::string::npos);
  const std::string chapter = Specification().substr(at, Specification().find("\n## ", at + 1) - at);
  for (const std::size_t limit : {kFrameBytes, kFramePayloadBytes, kFrames, kEnvelopeBytes, kReceiptBytes, kAskBytes,
                                  kItems, std::size_t{kDepth}, kNameBytes, kLabelBytes, kIdBytes, kWrappedKeyBytes,
                                  kPublicKeyBytes, kCertificateBytes, kCheckValueBytes, kTextBytes}) {
    EXPECT_NE(chapter.find("| " + std::to_string(limit) + " "), std::string::npos) << limit;
  }
}

}  // namespace
}  // namespace keyferry
