// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>

#include "protocol/seal/receipt.h"
#include "protocol/wire/bundle.h"

// The corridor that every bundle walks: wire::Message → seal::OpenedBundle → Admission → Conclusion → Receipt. Each has
// one maker, which takes the one before; a skipped step does not compile.
namespace keyferry::daemon {

// A bundle that the journal holds durably and has not concluded. Made by Journal alone, from an OpenedBundle.
class Admission {
 public:
  std::int64_t row() const { return row_; }  // order of arrival
  const Id16& signer() const { return signer_; }
  const Id16& domain() const { return domain_; }
  std::uint64_t sequence() const { return sequence_; }
  const Digest& digest() const { return digest_; }
  UnixSeconds received_at() const { return received_at_; }
  UnixSeconds install_before() const { return install_before_; }  // 0: none
  bool begun() const { return begun_; }                           // a worker may have seen it
  std::int64_t lost() const { return lost_; }                     // attempts in which the worker went away
  const Bytes& envelope() const { return envelope_; }

 private:
  friend class Journal;
  Admission() = default;

  std::int64_t row_ = 0;
  Id16 signer_{};
  Id16 domain_{};
  std::uint64_t sequence_ = 0;
  Digest digest_{};
  UnixSeconds received_at_ = 0;
  UnixSeconds install_before_ = 0;
  bool begun_ = false;
  std::int64_t lost_ = 0;
  Bytes envelope_;
};

// How an admitted bundle ended.
class Conclusion {
 public:
  // By the worker's statement, once its signature was verified against the record's receipt key and it was seen to
  // speak of this very bundle. Code::kStatementWrong.
  static Result<Conclusion> ByWorker(const Admission& admission, seal::SignedStatement statement, ByteView receipt_key,
                                     const Id16& agent);
  // Where no worker said anything: the agent vouches alone.
  static Conclusion ByAgent(const Admission& admission, wire::Outcome outcome, std::string code, std::string message);

  std::int64_t row() const { return row_; }
  const Id16& domain() const { return body_.domain; }
  wire::Outcome outcome() const { return body_.outcome; }
  // The receipt's body, but for the agent, the audit log's head, separation and the time of conclusion.
  const wire::ReceiptBody& body() const { return body_; }

 private:
  explicit Conclusion(const Admission& admission);

  std::int64_t row_;
  wire::ReceiptBody body_;
};

// A signed receipt that the journal holds durably: made once for a Conclusion, the same octets for ever. Made by
// Journal.
class Receipt {
 public:
  const Bytes& octets() const { return octets_; }

 private:
  friend class Journal;
  explicit Receipt(Bytes octets) : octets_(std::move(octets)) {}
  Bytes octets_;
};

}  // namespace keyferry::daemon
