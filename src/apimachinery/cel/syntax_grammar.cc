#include "apimachinery/cel/syntax_grammar.h"

namespace apimachinery::cel::grammar {
namespace {

using P = Piece;

P Tok(TokenSet tokens) { return {.kind = P::kToken, .tokens = tokens}; }
P Tok(Token token) { return Tok(Bit(token)); }
P Call(Rule rule, int precedence = 0) { return {.kind = P::kCall, .rule = rule, .precedence = precedence}; }
P Seq(std::vector<P> parts, int precedence = 0) {
  return {.kind = P::kSequence, .precedence = precedence, .parts = std::move(parts)};
}
P Choice(std::vector<P> parts) { return {.kind = P::kChoice, .parts = std::move(parts)}; }
P Opt(P body) { return {.kind = P::kOptional, .parts = {std::move(body)}}; }
P Star(P body) { return {.kind = P::kStar, .parts = {std::move(body)}}; }
P Plus(P body) { return {.kind = P::kPlus, .parts = {std::move(body)}}; }

constexpr TokenSet kRelations = Bit(Token::kEquals) | Bit(Token::kNotEquals) | Bit(Token::kIn) | Bit(Token::kLess) |
                                Bit(Token::kLessEquals) | Bit(Token::kGreaterEquals) | Bit(Token::kGreater);
constexpr TokenSet kProducts = Bit(Token::kStar) | Bit(Token::kSlash) | Bit(Token::kPercent);
constexpr TokenSet kSums = Bit(Token::kPlus) | Bit(Token::kMinus);

// Left-recursive rules stand as ANTLR rewrites them: an operand and a loop over operators by precedence.
P Body(Rule rule) {
  const P comma = Tok(Token::kComma);
  switch (rule) {
    case kStart: return Seq({Call(kExpr), Tok(Token::kEnd)});
    case kExpr: return Seq({Call(kOr), Opt(Seq({Tok(Token::kQuestion), Call(kOr), Tok(Token::kColon), Call(kExpr)}))});
    case kOr: return Seq({Call(kAnd), Star(Seq({Tok(Token::kOr), Call(kAnd)}))});
    case kAnd: return Seq({Call(kRelation), Star(Seq({Tok(Token::kAnd), Call(kRelation)}))});
    case kRelation: return Seq({Call(kCalc), Star(Choice({Seq({Tok(kRelations), Call(kRelation, 2)}, 1)}))});
    case kCalc:
      return Seq({Call(kUnary), Star(Choice({Seq({Tok(kProducts), Call(kCalc, 3)}, 2), Seq({Tok(kSums), Call(kCalc, 2)}, 1)}))});
    case kUnary:
      return Choice({Call(kMember), Seq({Plus(Tok(Token::kNot)), Call(kMember)}), Seq({Plus(Tok(Token::kMinus)), Call(kMember)})});
    case kMember:
      return Seq({Call(kPrimary),
                  Star(Choice({Seq({Tok(Token::kDot), Opt(Tok(Token::kQuestion)), Call(kEscapeIdent)}, 3),
                               Seq({Tok(Token::kDot), Tok(Token::kIdentifier), Tok(Token::kLeftParen), Opt(Call(kExprList)),
                                    Tok(Token::kRightParen)}, 2),
                               Seq({Tok(Token::kLeftBracket), Opt(Tok(Token::kQuestion)), Call(kExpr), Tok(Token::kRightBracket)}, 1)}))});
    case kPrimary:
      return Choice({Seq({Opt(Tok(Token::kDot)), Tok(Token::kIdentifier)}),
                     Seq({Opt(Tok(Token::kDot)), Tok(Token::kIdentifier), Tok(Token::kLeftParen), Opt(Call(kExprList)),
                          Tok(Token::kRightParen)}),
                     Seq({Tok(Token::kLeftParen), Call(kExpr), Tok(Token::kRightParen)}),
                     Seq({Tok(Token::kLeftBracket), Opt(Call(kListInit)), Opt(comma), Tok(Token::kRightBracket)}),
                     Seq({Tok(Token::kLeftBrace), Opt(Call(kMapInit)), Opt(comma), Tok(Token::kRightBrace)}),
                     Seq({Opt(Tok(Token::kDot)), Tok(Token::kIdentifier), Star(Seq({Tok(Token::kDot), Tok(Token::kIdentifier)})),
                          Tok(Token::kLeftBrace), Opt(Call(kFieldInit)), Opt(comma), Tok(Token::kRightBrace)}),
                     Call(kLiteral)});
    case kExprList: return Seq({Call(kExpr), Star(Seq({comma, Call(kExpr)}))});
    case kListInit: return Seq({Call(kOptExpr), Star(Seq({comma, Call(kOptExpr)}))});
    case kFieldInit:
      return Seq({Call(kOptField), Tok(Token::kColon), Call(kExpr),
                  Star(Seq({comma, Call(kOptField), Tok(Token::kColon), Call(kExpr)}))});
    case kOptField: return Seq({Opt(Tok(Token::kQuestion)), Call(kEscapeIdent)});
    case kMapInit:
      return Seq({Call(kOptExpr), Tok(Token::kColon), Call(kExpr),
                  Star(Seq({comma, Call(kOptExpr), Tok(Token::kColon), Call(kExpr)}))});
    case kEscapeIdent: return Choice({Tok(Token::kIdentifier), Tok(Token::kEscapedIdentifier)});
    case kOptExpr: return Seq({Opt(Tok(Token::kQuestion)), Call(kExpr)});
    case kLiteral:
      return Choice({Seq({Opt(Tok(Token::kMinus)), Tok(Token::kInt)}), Tok(Token::kUint),
                     Seq({Opt(Tok(Token::kMinus)), Tok(Token::kFloat)}), Tok(Token::kString), Tok(Token::kBytes),
                     Tok(Token::kTrue), Tok(Token::kFalse), Tok(Token::kNull)});
    case kRules: break;
  }
  return {};
}

class Builder {
 public:
  Grammar Build() {
    for (int rule = 0; rule < kRules; ++rule) {
      rule_ = static_cast<Rule>(rule);
      grammar_.rules[rule] = Body(rule_);
      grammar_.first[rule] = New();
      const int end = Link(grammar_.rules[rule], grammar_.first[rule]);
      grammar_.last[rule] = New();
      Skip(end, grammar_.last[rule]);
    }
    for (const State& state : grammar_.states) {
      for (const Edge& edge : state.edges) {
        if (edge.kind == Edge::kCall) grammar_.follows[edge.rule].push_back(edge.to);
      }
    }
    return std::move(grammar_);
  }

 private:
  int New(StateKind kind = StateKind::kPlain) {
    grammar_.states.push_back({rule_, kind, {}});
    return static_cast<int>(grammar_.states.size()) - 1;
  }
  void Skip(int from, int to) { grammar_.states[from].edges.push_back({.to = to}); }
  int Enter(int from, StateKind kind) {
    const int state = New(kind);
    Skip(from, state);
    return state;
  }

  // Makes the states of a piece that begins after `from`; answers the state behind it.
  int Link(Piece& piece, int from) {
    switch (piece.kind) {
      case P::kToken: case P::kCall: {
        piece.state = Enter(from, StateKind::kPlain);
        const int to = New();
        const bool token = piece.kind == P::kToken;
        grammar_.states[piece.state].edges.push_back({.kind = token ? Edge::kTokens : Edge::kCall, .tokens = piece.tokens,
                                                      .rule = piece.rule, .precedence = piece.precedence, .to = to});
        return to;
      }
      case P::kSequence:
        for (Piece& part : piece.parts) from = Link(part, from);
        return from;
      case P::kChoice: {
        piece.state = Enter(from, StateKind::kBlockStart);
        const int end = New();
        for (Piece& part : piece.parts) {
          const int begin = New();
          const bool guarded = part.kind == P::kSequence && part.precedence > 0;
          grammar_.states[piece.state].edges.push_back({.kind = guarded ? Edge::kPrecedence : Edge::kSkip,
                                                        .precedence = part.precedence, .to = begin});
          Skip(Link(part, begin), end);
        }
        return end;
      }
      case P::kOptional: {
        piece.state = Enter(from, StateKind::kBlockStart);
        const int end = New();
        const int begin = Enter(piece.state, StateKind::kPlain);
        Skip(Link(piece.parts[0], begin), end);
        Skip(piece.state, end);
        return end;
      }
      case P::kStar: {
        piece.state = Enter(from, StateKind::kLoopEntry);
        piece.back = New(StateKind::kLoopBack);
        const int begin = Enter(piece.state, StateKind::kPlain);
        Skip(Link(piece.parts[0], begin), piece.back);
        const int end = New();
        Skip(piece.state, end);
        Skip(piece.back, piece.state);
        return end;
      }
      case P::kPlus: {
        piece.state = Enter(from, StateKind::kBlockStart);
        piece.back = New(StateKind::kLoopBack);
        Skip(Link(piece.parts[0], piece.state), piece.back);
        const int end = New();
        Skip(piece.back, piece.state);
        Skip(piece.back, end);
        return end;
      }
    }
    return from;
  }

  Grammar grammar_;
  Rule rule_ = kStart;
};

// Depth is bounded by the nesting of rules: a rule is entered once on each way.
void Collect(const Grammar& grammar, int state, std::vector<bool>& seen, std::vector<bool>& open, TokenSet* out) {
  if (seen[state]) return;
  seen[state] = true;
  const State& here = grammar.states[state];
  if (here.edges.empty()) {
    *out |= kEpsilon;
    return;
  }
  for (const Edge& edge : here.edges) {
    switch (edge.kind) {
      case Edge::kTokens: *out |= edge.tokens; break;
      case Edge::kSkip: case Edge::kPrecedence: Collect(grammar, edge.to, seen, open, out); break;
      case Edge::kCall: {
        if (open[edge.rule]) break;
        open[edge.rule] = true;
        TokenSet inside = 0;
        std::vector<bool> fresh(grammar.states.size(), false);
        Collect(grammar, grammar.first[edge.rule], fresh, open, &inside);
        open[edge.rule] = false;
        *out |= inside & ~kEpsilon;
        if (inside & kEpsilon) Collect(grammar, edge.to, seen, open, out);
        break;
      }
    }
  }
}

}  // namespace

TokenSet Grammar::Next(int state) const {
  TokenSet out = 0;
  std::vector<bool> seen(states.size(), false), open(kRules, false);
  Collect(*this, state, seen, open, &out);
  return out;
}

const Grammar& Cel() {
  static const Grammar& grammar = *new Grammar(Builder().Build());
  return grammar;
}

}  // namespace apimachinery::cel::grammar
