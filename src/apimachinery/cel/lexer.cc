#include "apimachinery/cel/lexer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace apimachinery::cel {
namespace {

constexpr absl::string_view kNames[] = {
    "<EOF>", "'=='", "'!='", "'in'", "'<'", "'<='", "'>='", "'>'", "'&&'", "'||'", "'['", "']'",
    "'{'", "'}'", "'('", "')'", "'.'", "','", "'-'", "'!'", "'?'", "':'", "'+'", "'*'", "'/'",
    "'%'", "'true'", "'false'", "'null'", "NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING", "BYTES", "IDENTIFIER", "ESC_IDENTIFIER",
};

class Lexer {
 public:
  Lexer(const Source& source, Errors* errors)
      : source_(source), text_(source.runes()), size_(static_cast<int>(text_.size())), errors_(errors) {}

  std::vector<Lexeme> Run() {
    while (at_ < size_) {
      if (Blank()) continue;
      const int end = Match();
      if (end > at_) {
        tokens_.push_back({token_, at_, end});
        at_ = end;
        continue;
      }
      // As ANTLR: what was read until nothing could match any more, or a single character.
      const int bad = std::max(furthest_, at_ + 1);
      errors_->Add(at_, absl::StrCat("Syntax error: token recognition error at: '", source_.Text(at_, bad), "'"));
      at_ = bad;
    }
    tokens_.push_back({Token::kEnd, size_, size_});
    return std::move(tokens_);
  }

 private:
  char32_t Peek(int i) const { return i < size_ ? text_[i] : 0; }
  static bool Digit(char32_t c) { return c >= '0' && c <= '9'; }
  static bool Hex(char32_t c) { return Digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
  static bool Letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
  static bool Octal(char32_t c) { return c >= '0' && c <= '7'; }

  bool Blank() {
    const char32_t c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++at_;
      return true;
    }
    if (c == '/' && Peek(at_ + 1) == '/') {
      while (at_ < size_ && text_[at_] != '\n') ++at_;
      return true;
    }
    return false;
  }

  int Operator() {
    const char32_t c = text_[at_], d = Peek(at_ + 1);
    const auto two = [&](char32_t second, Token token) {
      if (d != second) {
        furthest_ = std::min(at_ + 2, size_);
        return 0;
      }
      token_ = token;
      return at_ + 2;
    };
    const auto one = [&](Token token) {
      token_ = token;
      return at_ + 1;
    };
    switch (c) {
      case '=': return two('=', Token::kEquals);
      case '!': return d == '=' ? two('=', Token::kNotEquals) : one(Token::kNot);
      case '<': return d == '=' ? two('=', Token::kLessEquals) : one(Token::kLess);
      case '>': return d == '=' ? two('=', Token::kGreaterEquals) : one(Token::kGreater);
      case '&': return two('&', Token::kAnd);
      case '|': return two('|', Token::kOr);
      case '[': return one(Token::kLeftBracket);
      case ']': return one(Token::kRightBracket);
      case '{': return one(Token::kLeftBrace);
      case '}': return one(Token::kRightBrace);
      case '(': return one(Token::kLeftParen);
      case ')': return one(Token::kRightParen);
      case '.': return one(Token::kDot);
      case ',': return one(Token::kComma);
      case '-': return one(Token::kMinus);
      case '?': return one(Token::kQuestion);
      case ':': return one(Token::kColon);
      case '+': return one(Token::kPlus);
      case '*': return one(Token::kStar);
      case '/': return one(Token::kSlash);
      case '%': return one(Token::kPercent);
      default: return 0;
    }
  }

  // Past the token that starts here; 0: none does.
  int Match() {
    furthest_ = 0;
    const char32_t c = text_[at_];
    if (Digit(c) || (c == '.' && Digit(Peek(at_ + 1)))) return Number();
    if (c == '"' || c == '\'') return Quoted(at_, false, Token::kString);
    if (c == '`') return Escaped();
    if (Letter(c)) {
      if (const int end = Prefixed()) return end;
      int end = at_;
      while (end < size_ && (Letter(text_[end]) || Digit(text_[end]))) ++end;
      furthest_ = 0;
      token_ = Keyword(source_.Text(at_, end));
      return end;
    }
    return Operator();
  }

  static Token Keyword(const std::string& word) {
    if (word == "in") return Token::kIn;
    if (word == "true") return Token::kTrue;
    if (word == "false") return Token::kFalse;
    if (word == "null") return Token::kNull;
    return Token::kIdentifier;
  }

  int Number() {
    int end = at_;
    if (text_[at_] == '0' && Peek(at_ + 1) == 'x' && Hex(Peek(at_ + 2))) {
      end += 2;
      while (Hex(Peek(end))) ++end;
      token_ = Token::kInt;
    } else {
      while (Digit(Peek(end))) ++end;
      token_ = Token::kInt;
      if (Peek(end) == '.' && Digit(Peek(end + 1))) {
        ++end;
        while (Digit(Peek(end))) ++end;
        token_ = Token::kFloat;
      }
      int exponent = end;
      if (Peek(exponent) == 'e' || Peek(exponent) == 'E') {
        ++exponent;
        if (Peek(exponent) == '+' || Peek(exponent) == '-') ++exponent;
        if (Digit(Peek(exponent))) {
          while (Digit(Peek(exponent))) ++exponent;
          end = exponent;
          token_ = Token::kFloat;
        }
      }
    }
    if (token_ == Token::kInt && (Peek(end) == 'u' || Peek(end) == 'U')) {
      ++end;
      token_ = Token::kUint;
    }
    return end;
  }

  // r"...", b'...', bR"""...""": strings with prefixes.
  int Prefixed() {
    int at = at_;
    Token token = Token::kString;
    bool raw = false;
    if (text_[at] == 'b' || text_[at] == 'B') {
      token = Token::kBytes;
      ++at;
    }
    if (Peek(at) == 'r' || Peek(at) == 'R') {
      raw = true;
      ++at;
    }
    if (at == at_ || (Peek(at) != '"' && Peek(at) != '\'')) return 0;
    return Quoted(at, raw, token);
  }

  // The string whose opening quote is at `open`. The longest of the single- and the triple-quoted form wins.
  int Quoted(int open, bool raw, Token token) {
    const char32_t quote = text_[open];
    const int single = Short(open, quote, raw), triple = Long(open, quote, raw);
    const int end = std::max(single, triple);
    if (end > 0) token_ = token;
    return end;
  }

  int Short(int open, char32_t quote, bool raw) {
    int at = open + 1;
    while (at < size_ && text_[at] != '\n' && text_[at] != '\r') {
      if (text_[at] == quote) return at + 1;
      if (!raw && text_[at] == '\\') {
        const int end = Escape(at);
        if (end == 0) {
          return 0;
        }
        at = end;
      } else {
        ++at;
      }
    }
    furthest_ = std::max(furthest_, std::min(at, size_));
    if (at < size_) furthest_ = std::max(furthest_, at + 1);
    return 0;
  }

  int Long(int open, char32_t quote, bool raw) {
    if (Peek(open + 1) != quote || Peek(open + 2) != quote) return 0;
    int at = open + 3;
    while (at < size_) {
      if (text_[at] == quote && Peek(at + 1) == quote && Peek(at + 2) == quote) return at + 3;
      if (!raw && text_[at] == '\\') {
        const int end = Escape(at);
        if (end == 0) return 0;
        at = end;
      } else {
        ++at;
      }
    }
    return 0;
  }

  // Past the escape sequence at `at`; 0 when it is none.
  int Escape(int at) {
    const char32_t c = Peek(at + 1);
    int end = at + 2;
    const auto digits = [&](int count, bool (*ok)(char32_t)) {
      for (int i = 0; i < count; ++i, ++end) {
        if (!ok(Peek(end))) {
          furthest_ = std::max(furthest_, std::min(end + 1, size_));
          return 0;
        }
      }
      return end;
    };
    switch (c) {
      case 'a': case 'b': case 'f': case 'n': case 'r': case 't': case 'v': case '"': case '\'': case '\\': case '?': case '`':
        return end;
      case 'x': case 'X': return digits(2, Hex);
      case 'u': return digits(4, Hex);
      case 'U': return digits(8, Hex);
      case '0': case '1': case '2': case '3': return digits(2, Octal);
      default:
        furthest_ = std::max(furthest_, std::min(at + 2, size_));
        return 0;
    }
  }

  int Escaped() {
    int end = at_ + 1;
    while (end < size_ && (Letter(text_[end]) || Digit(text_[end]) || text_[end] == '.' || text_[end] == '-' ||
                           text_[end] == '/' || text_[end] == ' ')) {
      ++end;
    }
    if (Peek(end) != '`' || end == at_ + 1) {
      furthest_ = std::min(end + 1, size_);
      return 0;
    }
    token_ = Token::kEscapedIdentifier;
    return end + 1;
  }

  const Source& source_;
  const std::vector<char32_t>& text_;
  const int size_;
  Errors* errors_;
  int at_ = 0;
  int furthest_ = 0;  // how far a failed match has read
  Token token_ = Token::kEnd;
  std::vector<Lexeme> tokens_;
};

}  // namespace

std::vector<Lexeme> Tokenize(const Source& source, Errors* errors) { return Lexer(source, errors).Run(); }

absl::string_view TokenName(Token token) { return kNames[static_cast<size_t>(token)]; }

}  // namespace apimachinery::cel
