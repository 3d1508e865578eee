// Text into tokens, as the CEL grammar has them.
#pragma once
#include <cstdint>
#include <vector>

#include "apimachinery/cel/source.h"

namespace apimachinery::cel {

enum class Token : uint8_t {
  kEnd, kEquals, kNotEquals, kIn, kLess, kLessEquals, kGreaterEquals, kGreater, kAnd, kOr, kLeftBracket, kRightBracket,
  kLeftBrace, kRightBrace, kLeftParen, kRightParen, kDot, kComma, kMinus, kNot, kQuestion, kColon, kPlus, kStar, kSlash,
  kPercent, kTrue, kFalse, kNull, kFloat, kInt, kUint, kString, kBytes, kIdentifier, kEscapedIdentifier,
};

struct Lexeme {
  Token token = Token::kEnd;
  int begin = 0, end = 0;  // offsets in code points
};

// Always ends with kEnd. Characters that start no token are left out and reported.
std::vector<Lexeme> Tokenize(const Source& source, Errors* errors);

// The token in error messages: '==', NUM_INT, <EOF>.
absl::string_view TokenName(Token token);

}  // namespace apimachinery::cel
