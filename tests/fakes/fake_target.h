// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "targets/target/target.h"

namespace keyferry::fakes {

// A target in memory. Keeps versions as a token does, says what was called, and fails where it is told to.
class FakeTarget final : public target::Target {
 public:
  struct Object {
    std::string label;
    bool shown = false;  // else retired
  };
  using Objects = std::map<Bytes, Object>;  // by version id

  explicit FakeTarget(std::string name = "hsm") : name_(std::move(name)) {}

  // The next call of that name ("stage", "commit", "undo", "finish") for that label fails with `error`, without effect;
  // `times` in a row.
  void FailNext(const std::string& call, const std::string& label, Error error, int times = 1);
  // What is there, and what was called: "stage one", "commit one", "recover", "invalidate", …
  Objects& objects() { return objects_; }
  std::vector<std::string>& calls() { return calls_; }
  // Ids under the label that an application would find.
  std::vector<Bytes> Shown(const std::string& label) const;

  std::string_view name() const override { return name_; }
  std::string_view kind() const override { return "fake"; }
  std::chrono::milliseconds overlap() const override { return std::chrono::milliseconds(1500); }
  Result<std::unique_ptr<target::StagedItem>> Stage(const Item& item, const target::Holding& holding) override;
  Status Recover(std::span<const Item> items) override;
  void Invalidate() override { calls_.push_back("invalidate"); }

 private:
  friend class FakeStaged;
  struct Failure {
    Error error;
    int times;
  };
  Status Called(const std::string& call, const std::string& label);

  std::string name_;
  Objects objects_;
  std::vector<std::string> calls_;
  std::map<std::string, Failure> failures_;
};

}  // namespace keyferry::fakes
