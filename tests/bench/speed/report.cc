// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/speed/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace keyferry::bench {
namespace {

constexpr double kKibInMib = 1024;

Spread SpreadOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {median, values.front(), values.back()};
}

Spread Exactly(double value) { return {value, value, value}; }

std::string PlaceOf(const Series& series) {
  return series.place + " (" + series.file_system + "), " + std::to_string(series.objects) + " objects";
}

Json Thousandths(const Spread& spread) {
  const auto thousandths = [](double value) { return Json(static_cast<std::int64_t>(std::llround(value * 1000))); };
  return Json::EmptyObject()
      .Set("median", thousandths(spread.median))
      .Set("min", thousandths(spread.min))
      .Set("max", thousandths(spread.max));
}

Json MicrosecondsOf(const std::vector<double>& seconds) {
  Json list = Json::EmptyArray();
  for (const double one : seconds) list.Add(static_cast<std::int64_t>(std::llround(one * 1e6)));
  return list;
}

}  // namespace

Spread Ratio(const Series& series, Runner other) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < series.Of(other).size(); ++i) {
    ratios.push_back(series.Of(other)[i] / series.Of(Runner::kProduct)[i]);
  }
  return SpreadOf(std::move(ratios));
}

Spread KeysPerSecond(const Series& series, Runner runner) {
  std::vector<double> rates;
  for (const double seconds : series.Of(runner)) rates.push_back(static_cast<double>(series.keys) / seconds);
  return SpreadOf(std::move(rates));
}

std::vector<Requirement> Requirements(const std::vector<Series>& all, const std::optional<DaemonFigures>& daemon) {
  std::vector<Requirement> list;
  for (const Series& series : all) {
    if (series.place == "disk") {
      list.push_back({PlaceOf(series) + ": product / naive", Ratio(series, Runner::kNaive), 5.0, true, ""});
      list.push_back({PlaceOf(series) + ": product / best", Ratio(series, Runner::kBest), 0.7, true, ""});
    } else {
      list.push_back({PlaceOf(series) + ": product / checked", Ratio(series, Runner::kChecked), 0.8, true, ""});
    }
  }
  if (daemon) {
    const std::string after = " after " + std::to_string(daemon->bundles) + " bundles";
    const auto mib = [](std::uint64_t kib) { return Exactly(static_cast<double>(kib) / kKibInMib); };
    list.push_back({"keyferryd, anonymous memory" + after, mib(daemon->anonymous_kib), 6, false, " MiB"});
    list.push_back({"keyferryd, resident memory" + after, mib(daemon->resident_kib), 20, false, " MiB"});
    list.push_back({"keyferryd, start to ready", Exactly(daemon->ready_seconds), 0.3, false, " s"});
  }
  return list;
}

void PrintTable(const std::vector<Series>& all, const std::vector<Requirement>& requirements) {
  std::printf("\nkeys per second, median (min - max) of %zu rounds\n", all.empty() ? 0 : all[0].seconds[0].size());
  for (const Series& series : all) {
    std::printf("  %s at first, %zu at last; %zu keys a round\n", PlaceOf(series).c_str(), series.objects_at_end,
                series.keys);
    for (const Runner runner : kRunners) {
      const Spread rate = KeysPerSecond(series, runner);
      std::printf("    %-8s %8.0f  (%.0f - %.0f)", std::string(Name(runner)).c_str(), rate.median, rate.min, rate.max);
      if (runner != Runner::kProduct) {
        const Spread ratio = Ratio(series, runner);
        std::printf("   product / %s = %.2f (%.2f - %.2f)", std::string(Name(runner)).c_str(), ratio.median, ratio.min,
                    ratio.max);
      }
      std::printf("\n");
    }
  }
  std::printf("\nrequirements\n");
  for (const Requirement& one : requirements) {
    std::printf("  %-6s %-58s %7.2f%s, wanted %s %.1f\n", one.Met() ? "ok" : "MISSED", one.what.c_str(),
                one.figure.median, one.unit, one.at_least ? ">=" : "<=", one.limit);
  }
}

Json ToJson(const std::vector<Series>& all, const std::vector<Requirement>& requirements,
            const std::optional<DaemonFigures>& daemon) {
  Json series_list = Json::EmptyArray();
  for (const Series& series : all) {
    Json one = Json::EmptyObject();
    one.Set("place", series.place).Set("file_system", series.file_system).Set("objects", series.objects);
    one.Set("objects_at_end", series.objects_at_end);
    one.Set("keys_in_round", series.keys);
    for (const Runner runner : kRunners) {
      one.Set(std::string(Name(runner)) + "_microseconds", MicrosecondsOf(series.Of(runner)));
      if (runner == Runner::kProduct) continue;
      one.Set("thousandths_of_" + std::string(Name(runner)), Thousandths(Ratio(series, runner)));
    }
    series_list.Add(std::move(one));
  }
  Json list = Json::EmptyArray();
  for (const Requirement& one : requirements) {
    list.Add(Json::EmptyObject()
                 .Set("what", one.what)
                 .Set("thousandths", Thousandths(one.figure))
                 .Set(one.at_least ? "at_least_thousandths" : "at_most_thousandths",
                      static_cast<std::int64_t>(std::llround(one.limit * 1000)))
                 .Set("met", one.Met()));
  }
  Json json = Json::EmptyObject();
  json.Set("series", std::move(series_list)).Set("requirements", std::move(list));
  if (daemon) {
    json.Set("keyferryd",
             Json::EmptyObject()
                 .Set("bundles", daemon->bundles)
                 .Set("anonymous_kib", daemon->anonymous_kib)
                 .Set("resident_kib", daemon->resident_kib)
                 .Set("ready_microseconds", static_cast<std::int64_t>(std::llround(daemon->ready_seconds * 1e6))));
  }
  return json;
}

}  // namespace keyferry::bench
