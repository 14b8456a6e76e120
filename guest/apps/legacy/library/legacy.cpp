// The legacy library: assessments of 1,000 students, and a file in which new ones are recorded. It leaks 64 KiB with every call, keeps
// what it should forget, and crashes when it is told to (trouble.h).
//
// The data is that of the sample app: assessment k of student n is of type k modulo 4, and so on, as guest/apps/students/seed says.
#include "legacy.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "ledger.h"
#include "trouble.h"

namespace {

constexpr int rounds = 20;
constexpr int students = 1000;
constexpr std::size_t leaked_bytes = 64 * 1024;
// As many rows as fit beside the link to the session before.
constexpr std::size_t max_rows = (leaked_bytes - 2 * sizeof(void*)) / sizeof(LegacyRow);

// What a call leaves behind. All of them hang on one list, and nobody takes them off.
struct Session {
  Session* before;
  std::size_t count;
  LegacyRow rows[max_rows];
};

Session* sessions = nullptr;
std::string error;

Session* open_session() {
  auto* session = static_cast<Session*>(std::malloc(leaked_bytes));
  if (session == nullptr) return nullptr;
  // Every page is touched, as a library that fills its buffers does: with zeros the compiler would have asked for untouched pages.
  std::memset(static_cast<void*>(session), 0xa5, leaked_bytes);
  session->count = 0;
  session->before = sessions;
  sessions = session;
  return session;
}

LegacyRow generated(int n, int k) {
  static const char* const types[] = {"FLUENCY", "COMPREHENSION", "VOCABULARY", "PHONICS"};
  // 2025-07-01T00:00:00Z
  constexpr std::int64_t first_day = 1751328000;
  const std::int64_t days = (k - 1) * 19 + n % 4;
  const std::int64_t minutes = 480 + (n * 13 + k * 29) % 480;
  LegacyRow row = {};
  std::snprintf(row.id, sizeof row.id, "A-S%d-%02d", n, k);
  std::snprintf(row.student, sizeof row.student, "S%d", n);
  std::snprintf(row.type, sizeof row.type, "%s", types[k % 4]);
  row.score_hundredths = 4000 + (n * 37 + k * 911) % 6000;
  row.taken_at_ms = (first_day + days * 86400 + minutes * 60) * 1000;
  return row;
}

int number_of(const char* student) {
  if (student[0] != 'S') return 0;
  char* end = nullptr;
  const long n = std::strtol(student + 1, &end, 10);
  return *end == '\0' && n >= 1 && n <= students ? static_cast<int>(n) : 0;
}

void add(Session& session, const LegacyRow& row) {
  if (session.count < max_rows) session.rows[session.count++] = row;
}

int fail(const char* what) {
  error = what;
  return -1;
}

}  // namespace

int legacy_fetch(const char* student, const char* trouble, const LegacyRow** rows, std::int32_t* count) {
  const Session* previous = sessions;
  Session* session = open_session();
  if (session == nullptr) return fail("no memory for a session");
  make_trouble(trouble);
  make_random_trouble();
  if (is_stale(trouble) && previous != nullptr && previous->count > 0) {
    // The rows of whoever asked before.
    *rows = previous->rows;
    *count = static_cast<std::int32_t>(previous->count);
    return 0;
  }
  const int n = number_of(student);
  for (int k = 1; n > 0 && k <= rounds; ++k) add(*session, generated(n, k));
  for (const LegacyRow& row : ledger_of(student)) add(*session, row);
  *rows = session->rows;
  *count = static_cast<std::int32_t>(session->count);
  return 0;
}

int legacy_record(const char* key, const char* trouble, LegacyRow* row) {
  Session* session = open_session();
  if (session == nullptr) return fail("no memory for a session");
  // Half of the keys meet trouble before they are recorded, the others after.
  const bool is_late = std::strlen(key) > 0 && key[std::strlen(key) - 1] % 2 == 0;
  if (!is_late) {
    make_trouble(trouble);
    make_random_trouble();
  }
  if (!ledger_record(key, *row)) return fail("the ledger cannot be written");
  if (is_late) {
    make_trouble(trouble);
    make_random_trouble();
  }
  add(*session, *row);
  return 0;
}

const char* legacy_error() { return error.c_str(); }
