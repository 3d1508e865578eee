// The CEL grammar as a network of states, for the one purpose of explaining what does not parse.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "apimachinery/cel/lexer.h"

namespace apimachinery::cel::grammar {

using TokenSet = uint64_t;  // a bit for each Token; bit 63: the end of the rule can be reached
constexpr TokenSet kEpsilon = uint64_t{1} << 63;
constexpr TokenSet Bit(Token token) { return uint64_t{1} << static_cast<int>(token); }
inline bool Has(TokenSet set, Token token) { return (set & Bit(token)) != 0; }

enum Rule {
  kStart, kExpr, kOr, kAnd, kRelation, kCalc, kUnary, kMember, kPrimary, kExprList, kListInit, kFieldInit, kOptField,
  kMapInit, kEscapeIdent, kOptExpr, kLiteral, kRules,
};

// What ANTLR's error strategy distinguishes of decision states.
enum class StateKind : uint8_t { kPlain, kBlockStart, kLoopEntry, kLoopBack };

struct Edge {
  enum Kind : uint8_t { kSkip, kTokens, kCall, kPrecedence } kind = kSkip;
  TokenSet tokens = 0;
  Rule rule = kStart;   // kCall
  int precedence = 0;   // of the call; of kPrecedence: taken while the rule runs at this precedence or below
  int to = 0;           // state; of a call: where it goes on
};

struct State {
  Rule rule = kStart;
  StateKind kind = StateKind::kPlain;
  std::vector<Edge> edges;
};

// A piece of a rule as it is walked through.
struct Piece {
  enum Kind : uint8_t { kToken, kCall, kSequence, kChoice, kOptional, kStar, kPlus } kind = kSequence;
  TokenSet tokens = 0;
  Rule rule = kStart;
  int precedence = 0;       // of the call; of an alternative: the most at which it may be taken
  int state = 0;            // where it begins; for choices and loops the state that decides
  int back = 0;             // of loops: the state between two rounds
  std::vector<Piece> parts; // of a loop or option: one, the body
};

struct Grammar {
  std::vector<State> states;
  Piece rules[kRules];
  int first[kRules];  // states
  int last[kRules];   // the end of each rule: no edges
  std::vector<int> follows[kRules];  // where each call of the rule goes on

  // What may come at a state; kEpsilon when the rule may end.
  TokenSet Next(int state) const;
};

const Grammar& Cel();

}  // namespace apimachinery::cel::grammar
