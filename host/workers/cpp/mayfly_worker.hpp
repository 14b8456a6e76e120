// A worker of Mayfly in C++17: methods of legacy code, called over one socket. One header, no dependencies, POSIX.
//
//     #include <mayfly_worker.hpp>
//
//     int main() {
//       mayfly::Worker worker("legacy", "1.0");
//       worker.method("Add", [](const mayfly::Json& arguments, mayfly::Call&) -> mayfly::Json {
//         return arguments["a"].integer() + arguments["b"].integer();
//       });
//       return worker.serve();
//     }
//
// The protocol is in docs/worker-protocol.md. Frames come and go on standard input, which is a socket; standard output and standard
// error are lines of the host's log. Everything runs on the thread that called `serve`: libraries that fork or keep data by thread see
// one. An exception of a method is an error of that call, and the worker goes on.
//
// Numbers keep their digits, as text, until somebody asks for a type. What is read is bounded in bytes, depth and values while it is
// read; text that is no UTF-8 is written with U+FFFD in place of what cannot be.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace mayfly {

// What a method throws to fail a call with a code of its own.
class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

// A value of JSON. Objects keep their order.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;
  // Arrays and objects inside one another, and values in a text, at most.
  static constexpr std::size_t max_depth = 128;
  static constexpr std::size_t max_values = 1000000;

  Json() = default;
  Json(std::nullptr_t) {}
  template <typename T, std::enable_if_t<std::is_same_v<T, bool>, int> = 0>
  Json(T value) : value_(value) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(std::string_view text) : value_(std::string(text)) {}
  Json(std::string text) : value_(std::move(text)) {}
  Json(Array items) : value_(std::move(items)) {}
  Json(Object members) : value_(std::move(members)) {}
  template <typename T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
  Json(T number) : value_(Digits{std::to_string(number)}) {}
  Json(double number) : value_(Digits{shortest(number)}) {}

  static Json object(std::initializer_list<std::pair<std::string, Json>> members = {}) { return Json(Object(members)); }
  static Json array(std::initializer_list<Json> items = {}) { return Json(Array(items)); }
  // A number by its digits, such as "12345678901234567890.05".
  static Json number(const std::string& digits) {
    Json read = parse(digits);
    if (!read.is_number()) throw Error("INVALID", "`" + digits + "` is not a number of JSON");
    return read;
  }
  // Reads a text; throws an Error with the place of what is wrong.
  static Json parse(std::string_view text, std::size_t depth = max_depth);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_boolean() const { return std::holds_alternative<bool>(value_); }
  bool is_number() const { return std::holds_alternative<Digits>(value_); }
  bool is_text() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  // What a value is; throw an Error with the code INVALID when it is something else.
  bool boolean() const { return as<bool>("a boolean"); }
  const std::string& text() const { return as<std::string>("text"); }
  const std::string& digits() const { return as<Digits>("a number").text; }
  const Array& items() const { return as<Array>("an array"); }
  Array& items() { return const_cast<Array&>(as<Array>("an array")); }
  const Object& members() const { return as<Object>("an object"); }
  Object& members() { return const_cast<Object&>(as<Object>("an object")); }
  double real() const { return std::strtod(digits().c_str(), nullptr); }
  std::int64_t integer() const {
    const std::string& text = digits();
    char* end = nullptr;
    errno = 0;
    const long long number = std::strtoll(text.c_str(), &end, 10);
    if (errno != 0 || *end != '\0') throw Error("INVALID", "`" + text + "` is not a whole number of 64 bits");
    return number;
  }

  // A member; null when there is none of that name.
  const Json& operator[](std::string_view name) const {
    static const Json none;
    if (!is_object()) return none;
    for (const auto& [key, value] : members()) {
      if (key == name) return value;
    }
    return none;
  }
  // Sets a member, and makes an object of null.
  Json& set(const std::string& name, Json value) {
    if (is_null()) value_ = Object();
    for (auto& [key, there] : members()) {
      if (key == name) {
        there = std::move(value);
        return *this;
      }
    }
    members().emplace_back(name, std::move(value));
    return *this;
  }
  // Adds an item, and makes an array of null.
  Json& push(Json value) {
    if (is_null()) value_ = Array();
    items().push_back(std::move(value));
    return *this;
  }

  std::string dump() const {
    std::string out;
    write(out, 0);
    return out;
  }

 private:
  friend class JsonReader;
  struct Digits {
    std::string text;
  };
  std::variant<std::monostate, bool, Digits, std::string, Array, Object> value_;

  template <typename T>
  const T& as(const char* wanted) const {
    if (const T* value = std::get_if<T>(&value_)) return *value;
    static const char* const names[] = {"null", "a boolean", "a number", "text", "an array", "an object"};
    throw Error("INVALID", std::string("expected ") + wanted + ", found " + names[value_.index()]);
  }
  static std::string shortest(double number) {
    if (!std::isfinite(number)) throw Error("INVALID", "JSON has no infinity and no NaN");
    char text[32];
    for (int digits = 15; digits <= 17; ++digits) {
      std::snprintf(text, sizeof text, "%.*g", digits, number);
      if (std::strtod(text, nullptr) == number) break;
    }
    return text;
  }
  void write(std::string& out, std::size_t depth) const;
  static void quote(std::string& out, std::string_view text);
};

// How many bytes the character at a place has, 0 when it is no UTF-8.
inline std::size_t utf8_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if ((first & 0xf0) == 0xe0) {
    const bool fits = (first != 0xe0 || second >= 0xa0) && (first != 0xed || second < 0xa0);
    return fits && follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool fits = (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second < 0x90);
    return fits && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

inline void Json::quote(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    const std::size_t length = utf8_at(text, at);
    if (c == '"' || c == '\\') {
      (out += '\\') += text[at];
    } else if (c < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    } else if (length == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(at, length);
    }
    at += length == 0 ? 1 : length;
  }
  out += '"';
}

inline void Json::write(std::string& out, std::size_t depth) const {
  if (depth > max_depth || (depth == max_depth && (is_array() || is_object()))) throw Error("INVALID", "an answer is nested more than 128 levels deep");
  if (is_null()) {
    out += "null";
  } else if (is_boolean()) {
    out += boolean() ? "true" : "false";
  } else if (is_number()) {
    out += digits();
  } else if (is_text()) {
    quote(out, text());
  } else if (is_array()) {
    const char* before = "[";
    for (const Json& item : items()) {
      out += before;
      item.write(out, depth + 1);
      before = ",";
    }
    out += items().empty() ? "[]" : "]";
  } else {
    const char* before = "{";
    for (const auto& [name, value] : members()) {
      out += before;
      quote(out, name);
      out += ':';
      value.write(out, depth + 1);
      before = ",";
    }
    out += members().empty() ? "{}" : "}";
  }
}

// Reads one text of JSON.
class JsonReader {
 public:
  JsonReader(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {}
  Json whole() {
    Json value = any(0);
    if (next() != '\0' || at_ < text_.size()) fail("expected the end");
    return value;
  }

 private:
  std::string_view text_;
  std::size_t max_depth_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;

  [[noreturn]] void fail(const char* problem) const {
    throw Error("INVALID", std::string("not JSON at byte ") + std::to_string(at_) + ": " + problem);
  }
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  // The next character that is not a space; 0 at the end.
  char next() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_]) != nullptr && text_[at_] != '\0') ++at_;
    return here();
  }
  bool take(char wanted) {
    if (next() != wanted) return false;
    ++at_;
    return true;
  }
  Json word(std::string_view wanted, Json value) {
    if (text_.substr(at_, wanted.size()) != wanted) fail("expected a value");
    at_ += wanted.size();
    return value;
  }
  Json any(std::size_t depth) {
    if (++values_ > Json::max_values) fail("more than 1000000 values");
    const char first = next();
    if ((first == '[' || first == '{') && depth >= max_depth_) fail("nested too deep");
    switch (first) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return Json(string());
      case 't': return word("true", Json(true));
      case 'f': return word("false", Json(false));
      case 'n': return word("null", Json());
      default: return number();
    }
  }
  Json array(std::size_t depth) {
    Json::Array items;
    ++at_;
    if (take(']')) return Json(std::move(items));
    do {
      items.push_back(any(depth + 1));
    } while (take(','));
    if (!take(']')) fail("expected `,` or `]`");
    return Json(std::move(items));
  }
  Json object(std::size_t depth) {
    Json::Object members;
    ++at_;
    if (take('}')) return Json(std::move(members));
    do {
      if (next() != '"') fail("expected a key");
      std::string key = string();
      if (!take(':')) fail("expected `:`");
      members.emplace_back(std::move(key), any(depth + 1));
    } while (take(','));
    if (!take('}')) fail("expected `,` or `}`");
    return Json(std::move(members));
  }
  bool digits() {
    const std::size_t from = at_;
    while (here() >= '0' && here() <= '9') ++at_;
    return at_ > from;
  }
  Json number() {
    const std::size_t from = at_;
    if (here() == '-') ++at_;
    if (here() == '0') ++at_;
    else if (!digits()) fail("expected a value");
    if (here() == '.') {
      ++at_;
      if (!digits()) fail("expected a digit");
    }
    if (here() == 'e' || here() == 'E') {
      ++at_;
      if (here() == '+' || here() == '-') ++at_;
      if (!digits()) fail("expected a digit");
    }
    Json value;
    value.value_ = Json::Digits{std::string(text_.substr(from, at_ - from))};
    return value;
  }
  unsigned unit() {
    unsigned unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = here();
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) fail("expected four hexadecimal digits");
      unit = unit * 16 + static_cast<unsigned>(digit);
    }
    return unit;
  }
  void escape(std::string& out) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char c = here();
    ++at_;
    if (c != 'u') {
      const char* found = c == '\0' ? nullptr : std::strchr(names, c);
      if (found == nullptr) fail("unknown escape");
      out += values[found - names];
      return;
    }
    unsigned point = unit();
    if (point >= 0xd800 && point < 0xe000) {
      if (point >= 0xdc00 || text_.substr(at_, 2) != "\\u") fail("half a surrogate pair");
      at_ += 2;
      const unsigned low = unit();
      if (low < 0xdc00 || low >= 0xe000) fail("half a surrogate pair");
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (point < 0x80) return put(point);
    if (point < 0x800) {
      put(0xc0 | point >> 6);
    } else {
      if (point < 0x10000) {
        put(0xe0 | point >> 12);
      } else {
        put(0xf0 | point >> 18);
        put(0x80 | (point >> 12 & 0x3f));
      }
      put(0x80 | (point >> 6 & 0x3f));
    }
    put(0x80 | (point & 0x3f));
  }
  std::string string() {
    std::string out;
    for (++at_; at_ < text_.size();) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return out;
      }
      if (c < 0x20) fail("a control character in text");
      if (c == '\\') {
        ++at_;
        escape(out);
        continue;
      }
      const std::size_t length = utf8_at(text_, at_);
      if (length == 0) fail("text that is not UTF-8");
      out += text_.substr(at_, length);
      at_ += length;
    }
    fail("text without an end");
  }
};

inline Json Json::parse(std::string_view text, std::size_t depth) { return JsonReader(text, depth).whole(); }

// Frames on a socket: a length of four bytes, the greatest first, and as many bytes.
class Frames {
 public:
  explicit Frames(int socket) : socket_(socket) {}
  std::size_t max_bytes = std::size_t{64} << 20;

  // Whether something can be read now, the end included.
  bool waiting() const {
    pollfd asked = {socket_, POLLIN, 0};
    return ::poll(&asked, 1, 0) > 0;
  }
  // The next frame; false at the end.
  bool read(std::string& frame) {
    unsigned char head[4];
    if (!fill(reinterpret_cast<char*>(head), 4)) return false;
    const std::size_t length = std::size_t{head[0]} << 24 | std::size_t{head[1]} << 16 | std::size_t{head[2]} << 8 | head[3];
    if (length == 0 || length > max_bytes) {
      throw std::runtime_error("a frame of " + std::to_string(length) + " bytes; 1 to " + std::to_string(max_bytes) + " are allowed");
    }
    // Memory is taken as bytes come, not as they are announced.
    frame.clear();
    while (frame.size() < length) {
      const std::size_t from = frame.size();
      frame.resize(std::min(length, from + (std::size_t{1} << 20)));
      if (!fill(&frame[from], frame.size() - from)) throw std::runtime_error("the socket ended inside a frame");
    }
    return true;
  }
  void write(const std::string& body) {
    const auto length = static_cast<std::uint32_t>(body.size());
    std::string frame;
    frame.reserve(body.size() + 4);
    for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(length >> shift & 0xff);
    frame += body;
    for (std::size_t sent = 0; sent < frame.size();) {
      const ssize_t n = ::send(socket_, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw std::runtime_error(std::string("cannot answer: ") + std::strerror(errno));
      sent += static_cast<std::size_t>(n);
    }
  }

 private:
  int socket_;

  bool fill(char* to, std::size_t length) {
    for (std::size_t got = 0; got < length;) {
      const ssize_t n = ::recv(socket_, to + got, length - got, 0);
      if (n < 0 && errno == EINTR) continue;
      if (n == 0 && got == 0) return false;
      if (n <= 0) throw std::runtime_error(n == 0 ? "the socket ended inside a frame" : std::strerror(errno));
      got += static_cast<std::size_t>(n);
    }
    return true;
  }
};

class Worker;

// The call that runs.
class Call {
 public:
  const std::string& method() const { return method_; }
  const std::string& trace_id() const { return trace_id_; }
  // What is left of the time that the caller has; negative when it is over.
  std::chrono::milliseconds time_left() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
  }
  // Whether nobody waits for the answer any more. Long loops ask now and then, and throw.
  bool cancelled();

 private:
  friend class Worker;
  Call(Worker& worker, const Json& message)
      : worker_(worker), id_(message["id"].digits()), method_(message["method"].text()),
        trace_id_(message["trace_id"].is_text() ? message["trace_id"].text() : ""),
        deadline_(std::chrono::steady_clock::now() + std::chrono::milliseconds(message["deadline_ms"].is_number() ? message["deadline_ms"].integer() : 0)) {}
  Worker& worker_;
  std::string id_;
  std::string method_;
  std::string trace_id_;
  std::chrono::steady_clock::time_point deadline_;
  bool cancelled_ = false;
};

// A worker: methods by name, and the loop that answers calls.
class Worker {
 public:
  using Method = std::function<Json(const Json& arguments, Call& call)>;

  explicit Worker(std::string name = "", std::string version = "") : name_(std::move(name)), version_(std::move(version)) {}

  Worker& method(const std::string& name, Method run) {
    methods_[name] = std::move(run);
    return *this;
  }

  // The longest frame that is read or written.
  Worker& max_frame(std::size_t bytes) {
    frames_.max_bytes = bytes;
    return *this;
  }

  // Answers calls until the host has no more. The status to exit with.
  int serve() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
      take_socket();
      say_hello();
      while (!(draining_ || ended_)) {
        step(nullptr);
      }
      return 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "mayfly worker: %s\n", error.what());
      return 1;
    }
  }

 private:
  friend class Call;
  std::string name_;
  std::string version_;
  std::map<std::string, Method> methods_;
  Frames frames_{-1};
  bool draining_ = false;
  bool ended_ = false;
  // What the host did against the protocol while a call ran.
  std::string broken_;

  // Frames get a descriptor of their own, which programs that the library starts do not inherit; standard input becomes empty, so that
  // a library that reads it takes no frames away.
  void take_socket() {
    struct stat what;
    if (::fstat(0, &what) != 0 || !S_ISSOCK(what.st_mode)) {
      throw std::runtime_error("standard input is not a socket: the host starts workers; to try one by hand, use `mayfly worker check -- COMMAND`");
    }
    const int own = ::fcntl(0, F_DUPFD_CLOEXEC, 3);
    if (own < 0) throw std::runtime_error(std::string("cannot keep the socket: ") + std::strerror(errno));
    const std::size_t max_bytes = frames_.max_bytes;
    frames_ = Frames(own);
    frames_.max_bytes = max_bytes;
    const int empty = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (empty >= 0) {
      ::dup2(empty, 0);
      ::close(empty);
    }
  }
  void say_hello() {
    Json methods = Json::array();
    for (const auto& [name, run] : methods_) methods.push(name);
    Json hello = Json::object({{"type", "hello"}, {"protocol", 1}, {"methods", std::move(methods)}});
    if (!name_.empty()) hello.set("name", name_);
    if (!version_.empty()) hello.set("version", version_);
    frames_.write(hello.dump());
  }
  // Takes one message; `running` is the call that runs.
  void step(Call* running) {
    std::string frame;
    if (!frames_.read(frame)) {
      ended_ = true;
      return;
    }
    // A message is an object around arguments, which may be as deep as anything.
    const Json message = Json::parse(frame, Json::max_depth + 1);
    const std::string type = message["type"].is_text() ? message["type"].text() : "";
    if (type == "cancel") {
      if (running != nullptr && message["id"].digits() == running->id_) running->cancelled_ = true;
    } else if (type == "drain") {
      draining_ = true;
    } else if (running != nullptr) {
      throw std::runtime_error("`" + type + "` while a call runs");
    } else if (type == "ping") {
      frames_.write("{\"type\":\"pong\",\"id\":" + message["id"].digits() + "}");
    } else if (type == "call") {
      answer(message);
    } else {
      throw std::runtime_error("unknown message `" + type + "`");
    }
  }
  void answer(const Json& message) {
    Call call(*this, message);
    std::string answer;
    try {
      const auto found = methods_.find(call.method_);
      if (found == methods_.end()) throw Error("UNKNOWN_METHOD", "the worker has no method `" + call.method_ + "`");
      answer = "{\"type\":\"result\",\"id\":" + call.id_ + ",\"value\":" + found->second(message["arguments"], call).dump() + "}";
      if (answer.size() > frames_.max_bytes) throw Error("ANSWER_TOO_LARGE", "the answer has " + std::to_string(answer.size()) + " bytes");
    } catch (const Error& error) {
      answer = failure(call, error.code(), error.what());
    } catch (const std::exception& error) {
      answer = failure(call, "FAILED", error.what());
    } catch (...) {
      answer = failure(call, "FAILED", "the method threw something that is not a std::exception");
    }
    std::fflush(stdout);
    if (!broken_.empty()) throw std::runtime_error(broken_);
    if (!ended_) frames_.write(answer);
  }
  static std::string failure(const Call& call, const std::string& code, const std::string& message) {
    Json error = Json::object({{"type", "error"}, {"id", Json::number(call.id_)}, {"code", code}, {"message", message}});
    return error.dump();
  }
};

inline bool Call::cancelled() {
  try {
    while (!cancelled_ && !worker_.ended_ && worker_.frames_.waiting()) worker_.step(this);
  } catch (const std::exception& error) {
    worker_.broken_ = error.what();
    worker_.ended_ = true;
  }
  return cancelled_ || worker_.ended_;
}

}  // namespace mayfly
