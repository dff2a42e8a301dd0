// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/explain.h"

#include <vector>

#include "agent/cli/render.h"
#include "protocol/base/json.h"
#include "protocol/settings/nearest.h"

namespace keyferry::cli {
namespace {

constexpr Code kCodes[] = {
#define KF_CODE(name, slug, retry, exit_code, next_step) Code::name,
#include "protocol/base/codes.def"
#undef KF_CODE
};

std::string_view Meaning(Retry retry) {
  switch (retry) {
    case Retry::kPermanent:
      return "asking again gives the same answer";
    case Retry::kLater:
      return "nothing was done; the same call may succeed later";
    case Retry::kUncertain:
      return "it may or may not have been done; look before asking again";
  }
  return "";
}

Json ToJson(Code code) {
  Json json = Json::EmptyObject();
  json.Set("code", keyferry::Name(code)).Set("next", NextStepOf(code)).Set("retry", Name(RetryOf(code)));
  json.Set("exit_code", static_cast<int>(ExitCodeOf(code)));
  return json;
}

std::string Text(Code code) {
  return std::string(keyferry::Name(code)) + "\n  next step  " + std::string(NextStepOf(code)) + "\n  retry      " +
         std::string(Name(RetryOf(code))) + ": " + std::string(Meaning(RetryOf(code))) + "\n  exit code  " +
         std::to_string(static_cast<int>(ExitCodeOf(code))) + "\n";
}

void ExplainAll(bool json) {
  Json list = Json::EmptyArray();
  Table table({"code", "retry", "exit", "next step"});
  for (const Code code : kCodes) {
    list.Add(ToJson(code));
    table.Add({std::string(keyferry::Name(code)), std::string(Name(RetryOf(code))),
               std::to_string(static_cast<int>(ExitCodeOf(code))), std::string(NextStepOf(code))});
  }
  Json all = Json::EmptyObject();
  all.Set("format", "keyferry-codes/1").Set("codes", std::move(list));
  Say(json ? all.Dump(true) : table.Text());
}

Error Unknown(const std::string& name) {
  std::vector<std::string_view> known;
  for (const Code code : kCodes) known.push_back(keyferry::Name(code));
  const auto nearest = settings::Nearest(name, known);
  Error error = Error::Make(Code::kUsage, "there is no code '" + Printable(name, 60) + "'");
  if (nearest.empty()) return std::move(error).NextStep("list them all: keyferry explain");
  return std::move(error).NextStep("did you mean: keyferry explain " + std::string(nearest));
}

}  // namespace

Result<ExitCode> Explain(const std::string& name, bool json) {
  if (name.empty()) {
    ExplainAll(json);
    return ExitCode::kOk;
  }
  const auto code = CodeFromName(name);
  if (!code) return std::unexpected(Unknown(name));
  Json one = Json::EmptyObject();
  one.Set("format", "keyferry-code/1");
  const Json explained = ToJson(*code);
  for (const auto& [member, value] : explained.Members()) one.Set(member, value);
  Say(json ? one.Dump() : Text(*code));
  return ExitCode::kOk;
}

}  // namespace keyferry::cli
