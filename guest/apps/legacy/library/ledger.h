// The ledger: a text file with a line for each call that recorded something. Processes take turns with a lock on the file.
//
//   recorded KEY ID STUDENT TYPE SCORE TAKEN_AT
//   again KEY
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "legacy.h"

// The ledger's file, which is held until this is dropped.
class Ledger {
 public:
  Ledger() {
    const char* path = std::getenv("LEGACY_LEDGER");
    file_ = ::open(path == nullptr ? "ledger.txt" : path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file_ >= 0) ::flock(file_, LOCK_EX);
  }
  ~Ledger() {
    if (file_ >= 0) ::close(file_);
  }
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  bool is_open() const { return file_ >= 0; }

  std::string text() const {
    std::string text;
    char piece[64 * 1024];
    off_t at = 0;
    for (ssize_t n; (n = ::pread(file_, piece, sizeof piece, at)) > 0; at += n) text.append(piece, static_cast<std::size_t>(n));
    return text;
  }

  bool append(const std::string& line) const {
    return ::write(file_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  }

 private:
  int file_;
};

// Reads a line's row; false when it is about something else.
inline bool read_recorded(const char* line, char (&key)[65], LegacyRow& row) {
  long long taken_at = 0;
  const int read = std::sscanf(line, "recorded %64s %63s %63s %15s %d %lld", key, row.id, row.student, row.type, &row.score_hundredths, &taken_at);
  row.taken_at_ms = taken_at;
  return read == 6;
}

// What was recorded of a student.
inline std::vector<LegacyRow> ledger_of(const char* student) {
  std::vector<LegacyRow> rows;
  const Ledger ledger;
  if (!ledger.is_open()) return rows;
  const std::string text = ledger.text();
  const std::string wanted = std::string(" ") + student + " ";
  for (auto at = text.find(wanted); at != text.npos; at = text.find(wanted, at + 1)) {
    const auto from = text.rfind('\n', at);
    char key[65];
    LegacyRow row = {};
    if (read_recorded(text.c_str() + (from == text.npos ? 0 : from + 1), key, row) && student == std::string(row.student)) rows.push_back(row);
  }
  return rows;
}

// Records a row, or gives what was recorded under the key before.
inline bool ledger_record(const char* key, LegacyRow& row) {
  const Ledger ledger;
  if (!ledger.is_open()) return false;
  const std::string text = "\n" + ledger.text();
  const auto there = text.find("\nrecorded " + std::string(key) + " ");
  if (there != text.npos) {
    char read[65];
    read_recorded(text.c_str() + there + 1, read, row);
    return ledger.append("again " + std::string(key) + "\n");
  }
  char line[300];
  std::snprintf(line, sizeof line, "recorded %s %s %s %s %d %lld\n", key, row.id, row.student, row.type, row.score_hundredths, static_cast<long long>(row.taken_at_ms));
  return ledger.append(line);
}
