// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "protocol/base/file.h"
#include "tests/bench/speed/bare_loops.h"
#include "tests/bench/speed/place.h"
#include "tests/bench/speed/product.h"

namespace keyferry::bench {
namespace {

constexpr const char* kPin = "bench-pin-1234";
// The first round fills caches and is not counted.
constexpr std::size_t kWarmUp = 1;

// The numbers up to which a round sends. Tokens that begin empty are emptied again after each round; those with many
// objects keep what comes, all the same number of keys: SoftHSM2 lists the token's directory for every deletion.
struct Round {
  std::uint64_t installed = 0;
  std::uint64_t deleted = 0;  // 0: they stay
};

struct Sealed {
  std::vector<Round> empty;
  std::uint64_t stocked = 0;
  std::vector<Round> full;
};

Result<std::vector<Round>> SealRounds(Product& product, const Plan& plan, bool deletes) {
  std::vector<Round> rounds(plan.rounds + kWarmUp);
  for (Round& round : rounds) {
    KF_TRY(round.installed, product.SealInstalls(plan.bundles));
    if (!deletes) continue;
    KF_TRY(round.deleted, product.SealDeletes());
  }
  return rounds;
}

Result<Sealed> SealAll(Product& product, const Plan& plan) {
  KF_CHECK(product.OpenToken());
  Sealed sealed;
  KF_TRY(sealed.empty, SealRounds(product, plan, true));
  KF_TRY(sealed.stocked, product.SealInstalls(plan.stock));
  KF_TRY(sealed.full, SealRounds(product, plan, false));
  product.CloseToken();
  return sealed;
}

// What was written before must not be waited for by who comes next.
void Settle(const std::string& directory) {
  const UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) syncfs(fd.get());
}

Result<double> Timed(const std::string& directory, const std::function<Status()>& work) {
  Settle(directory);
  const auto start = std::chrono::steady_clock::now();
  KF_CHECK(work());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class Bench {
 public:
  Bench(const std::string& directory, const Plan& plan, Product& product)
      : directory_(directory), plan_(plan), product_(&product) {}

  Status OpenLoops() {
    for (const Loop kind : {Loop::kNaive, Loop::kBest, Loop::kChecked}) {
      store_.AddToken("bare-" + std::to_string(static_cast<int>(kind)), kPin);
    }
    store_.Use();
    KF_TRY(module_, cryptoki::Module::Load(store_.module()));
    const Secret pin = fakes::TestSecret(kPin);
    for (const Loop kind : {Loop::kNaive, Loop::kBest, Loop::kChecked}) {
      const std::string label = "bare-" + std::to_string(static_cast<int>(kind));
      KF_TRY(auto loop, BareLoop::Open(*module_, label, pin, kind));
      loops_.push_back(std::move(loop));
    }
    return {};
  }

  Status Run(const std::vector<Round>& rounds, Series& series) {
    series.keys = plan_.bundles * Product::kKeysInBundle;
    for (std::size_t i = 0; i < rounds.size(); ++i) {
      std::fprintf(stderr, "%s, %zu objects: round %zu of %zu\n", series.place.c_str(), series.objects, i,
                   rounds.size() - kWarmUp);
      KF_CHECK(One(rounds[i], i < kWarmUp ? nullptr : &series));
    }
    return {};
  }

  Status Stock(std::uint64_t last) {
    KF_CHECK(product_->Drive(last));
    for (auto& loop : loops_) {
      KF_CHECK(loop->Prepare(plan_.stock * Product::kKeysInBundle));
      KF_CHECK(loop->Run());
      KF_CHECK(loop->Keep());
    }
    return {};
  }

 private:
  Status One(const Round& round, Series* series) {
    const std::size_t keys = plan_.bundles * Product::kKeysInBundle;
    std::vector<double> seconds;
    KF_TRY(const double product, Timed(directory_, [&] { return product_->Drive(round.installed); }));
    seconds.push_back(product);
    if (round.deleted != 0) KF_CHECK(product_->Drive(round.deleted));
    for (auto& loop : loops_) {
      KF_CHECK(loop->Prepare(keys));
      KF_TRY(const double bare, Timed(directory_, [&] { return loop->Run(); }));
      seconds.push_back(bare);
      KF_CHECK(round.deleted != 0 ? loop->Clear() : loop->Keep());
    }
    for (std::size_t i = 0; series != nullptr && i < seconds.size(); ++i) series->seconds[i].push_back(seconds[i]);
    return {};
  }

  std::string directory_;
  Plan plan_;
  Product* product_;
  fakes::SoftHsm2Store store_;
  std::unique_ptr<cryptoki::Module> module_;
  std::vector<std::unique_ptr<BareLoop>> loops_;
};

}  // namespace

Result<std::vector<Series>> RunPlace(const std::string& place, const std::string& directory, const Plan& plan,
                                     std::optional<DaemonFigures>* daemon) {
  KF_CHECK(MakeDirectories(directory, 0700));
  KF_TRY(const std::string file_system, FileSystemOf(directory));
  setenv("TMPDIR", directory.c_str(), 1);
  world::World world;
  world.Bootstrap();
  world.StartAgent();
  KF_TRY(const auto product, Product::Open(world));
  std::fprintf(stderr, "%s: sealing\n", place.c_str());
  KF_TRY(const Sealed sealed, SealAll(*product, plan));
  std::vector<Series> all(2);
  for (Series& series : all) {
    series.place = place;
    series.file_system = file_system;
  }
  all[1].objects = plan.stock * Product::kKeysInBundle;
  all[1].objects_at_end = all[1].objects + (plan.rounds + kWarmUp) * plan.bundles * Product::kKeysInBundle;
  {
    Bench bench(directory, plan, *product);
    KF_CHECK(bench.OpenLoops());
    KF_CHECK(bench.Run(sealed.empty, all[0]));
    KF_CHECK(bench.Stock(sealed.stocked));
    KF_CHECK(bench.Run(sealed.full, all[1]));
  }
  if (daemon != nullptr) {
    KF_TRY(*daemon, MeasureDaemon(world, product->delivered()));
  } else {
    world.StopAgent();
  }
  return all;
}

}  // namespace keyferry::bench
