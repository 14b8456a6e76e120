// The C interface of the legacy library: what the assembly calls by P/Invoke.
#pragma once

#include <cstdint>

extern "C" {

// An assessment.
struct LegacyRow {
  char id[64];
  char student[64];
  char type[16];
  std::int32_t score_hundredths;
  std::int64_t taken_at_ms;
};

// The assessments of a student, oldest first. The rows belong to the library. 0, or -1 with `legacy_error`.
int legacy_fetch(const char* student, const char* trouble, const LegacyRow** rows, std::int32_t* count);

// Records an assessment under a key; `row` becomes what is recorded under that key: the first that was. 0, or -1 with `legacy_error`.
int legacy_record(const char* key, const char* trouble, LegacyRow* row);

// What went wrong last.
const char* legacy_error();

}  // extern "C"
