// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace keyferry::daemon {
namespace {

constexpr std::int64_t kCompared = 1000;

std::unexpected<Error> Differs(const std::string& path, const std::string& how) {
  return std::unexpected(Error::Make(Code::kStoreUnreadable, "audit log " + path + " " + how)
                             .NextStep("find out who changed it; put back the journal and the audit log that belong "
                                       "together"));
}

Result<std::int64_t> SizeOf(int fd, const std::string& path) {
  struct stat facts{};
  if (fstat(fd, &facts) != 0) return std::unexpected(Error::FromErrno(Code::kFileUnreadable, "audit log " + path));
  return facts.st_size;
}

// Appends all of it; true where that was done.
bool WriteAll(int fd, std::string_view text, std::size_t& done) {
  done = 0;
  while (done < text.size()) {
    const ssize_t written = write(fd, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

// The first of the last kCompared lines, or an earlier one that the file does not hold to its end.
Result<std::int64_t> FirstToCompare(Database& database, std::int64_t size) {
  KF_TRY(Statement rows, database.Prepare("SELECT n, ends FROM audit ORDER BY n DESC"));
  std::int64_t first = 1;
  for (std::int64_t seen = 0;; ++seen) {
    KF_TRY(const bool there, rows.Step());
    if (!there || (seen >= kCompared && rows.Integer(1) <= size)) return first;
    first = rows.Integer(0);
  }
}

Digest HashOf(const Digest& previous, std::string_view line) { return Sha256({ByteView(previous), AsBytes(line)}); }

}  // namespace

Result<AuditLog> AuditLog::Open(Database& database, const std::string& path) {
  UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!file.valid()) return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "audit log " + path));
  KF_TRY(Statement insert, database.Prepare("INSERT INTO audit (n, time, line, hash, ends) VALUES (?, ?, ?, ?, ?)"));
  KF_TRY(Statement last, database.Prepare("SELECT n, hash, ends FROM audit ORDER BY n DESC LIMIT 1"));
  AuditLog log(std::move(insert), std::move(last), std::move(file));
  KF_TRY(log.head_, log.ReadHead());
  KF_CHECK(log.Recover(database, path));
  return log;
}

Result<AuditLog::Head> AuditLog::ReadHead() {
  KF_TRY(const bool there, last_.Step());
  Head head;
  if (!there) return head;
  head.count = static_cast<std::uint64_t>(last_.Integer(0));
  const Bytes hash = last_.Blob(1);
  head.ends = last_.Integer(2);
  last_.Reset();
  if (hash.size() != head.hash.size()) {
    return std::unexpected(Error::Make(Code::kStoreUnreadable, "the journal's last audit row has no hash"));
  }
  std::ranges::copy(hash, head.hash.begin());
  return head;
}

Status AuditLog::Recover(Database& database, const std::string& path) {
  KF_TRY(const std::int64_t size, SizeOf(file_.get(), path));
  if (size > head_.ends) return Differs(path, "has lines that the journal does not know");
  KF_TRY(const std::int64_t first, FirstToCompare(database, size));
  KF_TRY(Statement rows, database.Prepare("SELECT n, line, hash, ends FROM audit WHERE n >= ? ORDER BY n"));
  rows.Bind(1, first);
  std::optional<Digest> previous;
  while (true) {
    KF_TRY(const bool there, rows.Step());
    if (!there) return {};
    const std::string line = rows.Text(1);
    if (previous && !Equal(HashOf(*previous, line), rows.Blob(2))) {
      return Differs(path, "has a broken chain at line " + std::to_string(rows.Integer(0)));
    }
    if (!previous) previous.emplace();
    const Bytes hash = rows.Blob(2);
    std::copy_n(hash.begin(), std::min(hash.size(), previous->size()), previous->begin());
    const std::int64_t start = rows.Integer(3) - static_cast<std::int64_t>(line.size()) - 1;
    KF_CHECK(CheckLine(line + "\n", start, size, path));
  }
}

Status AuditLog::CheckLine(const std::string& line, std::int64_t start, std::int64_t size, const std::string& path) {
  const std::int64_t there = std::clamp<std::int64_t>(size - start, 0, static_cast<std::int64_t>(line.size()));
  const auto known = static_cast<std::size_t>(there);
  std::string read(known, '\0');
  if (known > 0 && pread(file_.get(), read.data(), known, start) != static_cast<ssize_t>(known)) {
    return std::unexpected(Error::FromErrno(Code::kFileUnreadable, "audit log " + path));
  }
  if (read != line.substr(0, known)) return Differs(path, "has other lines than the journal");
  if (known == line.size()) return {};
  std::size_t done = 0;
  if (!WriteAll(file_.get(), std::string_view(line).substr(known), done)) {
    return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "audit log " + path));
  }
  ++restored_;
  return {};
}

Status AuditLog::Append(UnixSeconds time, const Json& event) {
  Json line = Json::EmptyObject();
  line.Set("n", head_.count + 1).Set("time", FormatTime(time));
  for (const auto& [name, value] : event.Members()) line.Set(name, value);
  line.Set("prev", HexEncode(head_.hash));
  const std::string text = line.Dump();
  const Head next{.count = head_.count + 1,
                  .hash = HashOf(head_.hash, text),
                  .ends = head_.ends + static_cast<std::int64_t>(text.size()) + 1};
  insert_.Bind(1, static_cast<std::int64_t>(next.count)).Bind(2, time).Bind(3, text);
  insert_.Bind(4, ByteView(next.hash)).Bind(5, next.ends);
  KF_CHECK(insert_.Run());
  head_ = next;
  unwritten_ += text + "\n";
  return {};
}

Status AuditLog::Flush() {
  std::size_t done = 0;
  const bool all = WriteAll(file_.get(), unwritten_, done);
  const int failure = errno;
  unwritten_.erase(0, done);
  committed_ = unwritten_.size();
  if (all) return {};
  errno = failure;
  return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "the audit log"));
}

Status AuditLog::Forget() {
  unwritten_.resize(committed_);
  KF_TRY(head_, ReadHead());
  return {};
}

Status AuditLog::Sync() {
  if (fdatasync(file_.get()) == 0) return {};
  return std::unexpected(Error::FromErrno(Code::kFileUnwritable, "the audit log"));
}

}  // namespace keyferry::daemon
