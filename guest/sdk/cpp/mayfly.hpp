// Write Mayfly resolvers in C++: plain functions from JSON text to JSON text.
//
//     #include <mayfly.hpp>
//
//     mayfly::Result greeting(const mayfly::Field& field) {
//       return mayfly::json::quote("Hello, " + mayfly::json::text(field.argument("name")) + "!");
//     }
//     MAYFLY_RESOLVER(Query, greeting, greeting)
//
// `mayfly build` compiles a directory of .cpp files with this header, the bindings it generates from wit/ (`resolver.h`, which has
// everything this header leaves out), clang and wasi-libc, without exceptions. A fresh instance serves every invocation: what a
// resolver leaks or breaks ends with it. Standard output and standard error are lines of the host's log.
#pragma once

#include "resolver.h"

#include <charconv>
#include <cstdlib>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mayfly {

// Why a call failed, or a field has no value; the codes are in wit/types.wit.
struct Error {
  std::string code;
  std::string message;
  bool retryable = false;
};

// JSON text, or an error.
using Result = std::expected<std::string, Error>;

// An error to return: `return mayfly::fail("NOT_FOUND", "no such student");`.
inline std::unexpected<Error> fail(std::string code, std::string message) {
  return std::unexpected(Error{std::move(code), std::move(message)});
}

// As much JSON as small resolvers need. What reads it expects JSON, which is what the host gives.
namespace json {

// The end of the value that begins at `at`, or of the text when it is cut off.
inline std::size_t end_of_value(std::string_view json, std::size_t at) {
  int depth = 0;
  for (bool quoted = false; at < json.size(); ++at) {
    const char c = json[at];
    if (quoted) {
      if (c == '\\') ++at;
      else if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      --depth;
    } else if (c == ',' && depth == 0) {
      return at;
    }
  }
  return json.size();
}

inline std::string_view trimmed(std::string_view json) {
  const auto first = json.find_first_not_of(" \t\r\n");
  if (first == json.npos) return {};
  return json.substr(first, json.find_last_not_of(" \t\r\n") - first + 1);
}

// The value of a property as JSON text; empty when the object does not have it. Names with escapes are not found.
inline std::string_view get(std::string_view object, std::string_view name) {
  object = trimmed(object);
  for (std::size_t at = object.empty() ? 0 : 1; at < object.size();) {
    const auto end = end_of_value(object, at);
    const auto property = trimmed(object.substr(at, end - at));
    const auto colon = property.find(':', property.size() > name.size() + 2 ? name.size() + 2 : property.size());
    if (colon != property.npos && trimmed(property.substr(0, colon)) == '"' + std::string(name) + '"') {
      return trimmed(property.substr(colon + 1));
    }
    at = end + 1;
  }
  return {};
}

// The text of a JSON string, in UTF-8; empty for any other value.
inline std::string text(std::string_view json) {
  std::string text;
  if (json.size() < 2 || json.front() != '"') return text;
  const auto digits = [&](std::size_t at) {
    unsigned unit = 0;
    if (at + 4 <= json.size()) std::from_chars(json.data() + at, json.data() + at + 4, unit, 16);
    return unit;
  };
  for (std::size_t at = 1; at + 1 < json.size(); ++at) {
    if (json[at] != '\\') {
      text += json[at];
      continue;
    }
    switch (const char c = json[++at]) {
      case 'b': text += '\b'; break;
      case 'f': text += '\f'; break;
      case 'n': text += '\n'; break;
      case 'r': text += '\r'; break;
      case 't': text += '\t'; break;
      case 'u': {
        unsigned point = digits(at + 1);
        at += 4;
        if (point >= 0xd800 && point < 0xdc00 && at + 6 < json.size()) {
          point = 0x10000 + ((point - 0xd800) << 10) + (digits(at + 3) - 0xdc00);
          at += 6;
        }
        if (point < 0x80) {
          text += static_cast<char>(point);
        } else {
          if (point < 0x800) {
            text += static_cast<char>(0xc0 | point >> 6);
          } else {
            if (point < 0x10000) {
              text += static_cast<char>(0xe0 | point >> 12);
            } else {
              text += static_cast<char>(0xf0 | point >> 18);
              text += static_cast<char>(0x80 | (point >> 12 & 0x3f));
            }
            text += static_cast<char>(0x80 | (point >> 6 & 0x3f));
          }
          text += static_cast<char>(0x80 | (point & 0x3f));
        }
        break;
      }
      default: text += c;
    }
  }
  return text;
}

// A whole number; 0 for any other value.
inline long long integer(std::string_view json) {
  long long number = 0;
  std::from_chars(json.data(), json.data() + json.size(), number);
  return number;
}

// A text, which has to be UTF-8, as a JSON string.
inline std::string quote(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += "\\u00";
      json += hex[c >> 4];
      json += hex[c & 15];
    } else {
      json += c;
    }
  }
  return json += '"';
}

}  // namespace json

namespace detail {

inline std::string_view view(const resolver_string_t& text) { return {reinterpret_cast<const char*>(text.ptr), text.len}; }

// A text the host only looks at during the call.
inline resolver_string_t lend(std::string_view text) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())), text.size()};
}

inline std::string take(resolver_string_t& text) {
  std::string taken(view(text));
  resolver_string_free(&text);
  return taken;
}

inline void give(resolver_string_t& to, std::string_view text) {
  resolver_string_dup_n(&to, text.data(), text.size());
}

}  // namespace detail

// A call that was sent. Taking its answer waits for it; a call that is dropped is cancelled. Calls overlap when several are made
// before the first is taken.
class Call {
 public:
  explicit Call(mayfly_resolver_pending_own_pending_t pending) : pending_(pending) {}
  Call(Call&& other) noexcept : pending_(std::exchange(other.pending_, {-1})) {}
  Call& operator=(Call&& other) noexcept {
    std::swap(pending_, other.pending_);
    return *this;
  }
  ~Call() {
    if (pending_.__handle != -1) mayfly_resolver_pending_pending_drop_own(pending_);
  }

  // Whether `take` would return at once.
  bool ready() const { return mayfly_resolver_pending_method_pending_ready(mayfly_resolver_pending_borrow_pending(pending_)); }

  // Waits for the answer.
  Result take() const {
    mayfly_resolver_pending_json_t json;
    mayfly_resolver_pending_error_t error;
    if (mayfly_resolver_pending_method_pending_take(mayfly_resolver_pending_borrow_pending(pending_), &json, &error)) {
      return detail::take(json);
    }
    return std::unexpected(Error{detail::take(error.code), detail::take(error.message), error.retryable});
  }

 private:
  mayfly_resolver_pending_own_pending_t pending_;
};

// DynamoDB; wit/dynamodb.wit says how items read as JSON.
namespace dynamodb {

// One item by its key, a JSON object; the answer is the item, or `null`.
inline Call get(std::string_view table, std::string_view key) {
  resolver_string_t table_text = detail::lend(table), key_text = detail::lend(key);
  mayfly_resolver_dynamodb_read_options_t options = {false, {nullptr, 0}};
  return Call(mayfly_resolver_dynamodb_get(&table_text, &key_text, &options));
}

}  // namespace dynamodb

// SQL Server, by the names of the operator's statements; parameters are a JSON object.
namespace sql {

// Reads; the answer is an array of rows.
inline Call query(std::string_view statement, std::string_view parameters = "") {
  resolver_string_t name = detail::lend(statement), values = detail::lend(parameters);
  return Call(mayfly_resolver_sql_query(&name, &values));
}

// Writes; the answer is `{"rowsAffected": n}`, null where the server does not count.
inline Call execute(std::string_view statement, std::string_view parameters = "") {
  resolver_string_t name = detail::lend(statement), values = detail::lend(parameters);
  return Call(mayfly_resolver_sql_execute(&name, &values));
}

}  // namespace sql

// Services over HTTP, by their names in the configuration and the routes that the operator granted.
namespace http {

// Names and their values: of the route's parameters, the query, headers.
using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

// What is asked of a service.
struct Request {
  std::string_view method = "GET";
  // The route as it was granted, with the names of its parameters: `/students/{id}`.
  std::string_view path;
  // The values of the route's parameters; the host encodes each as one segment.
  Pairs values = {};
  Pairs query = {};
  Pairs headers = {};
  // None for `GET` and `HEAD`.
  std::optional<std::string_view> body = std::nullopt;
};

namespace detail {

inline std::vector<mayfly_resolver_http_pair_t> lend(const Pairs& pairs) {
  std::vector<mayfly_resolver_http_pair_t> lent;
  for (const auto& [name, value] : pairs) lent.push_back({mayfly::detail::lend(name), mayfly::detail::lend(value)});
  return lent;
}

}  // namespace detail

// Sends a request; the answer is `{"status": 200, "headers": {..}, "text": ".."}`, whatever its status.
inline Call send(std::string_view service, const Request& request) {
  auto values = detail::lend(request.values), query = detail::lend(request.query), headers = detail::lend(request.headers);
  const auto body = request.body.value_or(std::string_view());
  resolver_string_t name = mayfly::detail::lend(service);
  mayfly_resolver_http_request_t sent = {
      mayfly::detail::lend(request.method),
      mayfly::detail::lend(request.path),
      {values.data(), values.size()},
      {query.data(), query.size()},
      {headers.data(), headers.size()},
      {request.body.has_value(), {reinterpret_cast<std::uint8_t*>(const_cast<char*>(body.data())), body.size()}},
  };
  return Call(mayfly_resolver_http_send(&name, &sent));
}

// Reads.
inline Call get(std::string_view service, std::string_view path, Pairs values = {}) {
  return send(service, {.path = path, .values = std::move(values)});
}

}  // namespace http

// Legacy code in processes of its own, by the names of the worker and the method in the configuration.
namespace worker {

// Calls a method with JSON; the answer is the JSON that the worker gave. An error of the worker's own has the code `backend` and its
// message; a write whose process died fails with `outcome-unknown`.
inline Call call(std::string_view worker, std::string_view method, std::string_view arguments = "null") {
  resolver_string_t name = detail::lend(worker), of = detail::lend(method), values = detail::lend(arguments);
  return Call(mayfly_resolver_worker_call(&name, &of, &values));
}

}  // namespace worker

// Writes a line to the host's log.
inline void log(std::string_view message, mayfly_resolver_log_level_t level = MAYFLY_RESOLVER_LOG_LEVEL_INFO) {
  resolver_string_t text = detail::lend(message), fields = detail::lend("");
  mayfly_resolver_log_write(level, &text, &fields);
}

// What a resolver is asked for: a field of one object.
struct Field {
  std::string_view type;
  std::string_view name;
  // A JSON object.
  std::string_view arguments;
  // The object the field is of, a JSON object with what the schema's `needs` names; empty for a field of a root type.
  std::string_view parent;

  // An argument as JSON text; empty when the field has none of that name.
  std::string_view argument(std::string_view argument) const { return json::get(arguments, argument); }
  // A property of the object the field is of, as JSON text.
  std::string_view of_parent(std::string_view property) const { return json::get(parent, property); }
};

namespace detail {

// A function for a field, in a list that is made before the first invocation.
struct Resolver {
  const char* type;
  const char* name;
  Result (*function)(const Field&);
  Resolver* next;

  static inline Resolver* first = nullptr;

  Resolver(const char* type, const char* name, Result (*function)(const Field&))
      : type(type), name(name), function(function), next(std::exchange(first, this)) {}
};

inline Result resolve(const Field& field) {
  for (const Resolver* resolver = Resolver::first; resolver != nullptr; resolver = resolver->next) {
    if (field.type == resolver->type && field.name == resolver->name) return resolver->function(field);
  }
  return fail("NOT_FOUND", "this module does not answer " + std::string(field.type) + "." + std::string(field.name));
}

}  // namespace detail
}  // namespace mayfly

// What the host calls: one answer for each parent, or one for a field of a root type.
extern "C" [[gnu::used]] inline void exports_mayfly_resolver_handler_resolve(
    exports_mayfly_resolver_handler_invocation_t* invocation, exports_mayfly_resolver_handler_list_result_json_error_t* answers) {
  using namespace mayfly;
  const auto parents = invocation->parents.len;
  answers->len = parents == 0 ? 1 : parents;
  answers->ptr = static_cast<exports_mayfly_resolver_handler_result_json_error_t*>(std::calloc(answers->len, sizeof(*answers->ptr)));
  if (answers->ptr == nullptr) std::abort();
  Field field = {detail::view(invocation->type_name), detail::view(invocation->field_name), detail::view(invocation->arguments), {}};
  for (std::size_t index = 0; index < answers->len; ++index) {
    if (parents != 0) field.parent = detail::view(invocation->parents.ptr[index]);
    auto& answer = answers->ptr[index];
    if (const Result result = detail::resolve(field)) {
      detail::give(answer.val.ok, *result);
    } else {
      answer.is_err = true;
      detail::give(answer.val.err.code, result.error().code);
      detail::give(answer.val.err.message, result.error().message);
      answer.val.err.retryable = result.error().retryable;
    }
  }
  exports_mayfly_resolver_handler_invocation_free(invocation);
}

// Says which function answers a field, and writes the field into the list that the host compares with the schema.
#define MAYFLY_RESOLVER(type, field, function)                                                         \
  __asm__(".section \".custom_section.mayfly:fields\",\"\",@\n.ascii \"" #type "." #field "\\n\"\n.text\n"); \
  static mayfly::detail::Resolver mayfly_resolver_##type##_##field{#type, #field, function};
