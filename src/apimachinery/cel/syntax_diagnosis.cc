// Walks the grammar as a parser that ANTLR generates would, with ANTLR's ways of going on after an error: what it
// reports are upstream's messages.
#include "apimachinery/cel/syntax_diagnosis.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "apimachinery/cel/syntax_grammar.h"

namespace apimachinery::cel {
namespace {

using grammar::Bit;
using grammar::Edge;
using grammar::Grammar;
using grammar::Has;
using grammar::kEpsilon;
using grammar::Piece;
using grammar::Rule;
using grammar::State;
using grammar::StateKind;
using grammar::TokenSet;

constexpr int kMaxRecoveries = 30, kMaxLookahead = 128, kMaxDepth = 250, kMaxConfigurations = 5000;
constexpr size_t kMaxErrors = 100;

class Diagnosis {
 public:
  Diagnosis(const Source& source, const std::vector<Lexeme>& tokens, Errors* errors)
      : grammar_(grammar::Cel()), source_(source), tokens_(tokens), errors_(*errors) {}

  void Run() { Walk(grammar::kStart, 0, -1); }

 private:
  // Nothing of the rule is walked any more: it reports and skips to where it can go on.
  struct Failure {
    enum Kind { kMismatch, kNoWay } kind = kMismatch;
    size_t begin = 0, at = 0;  // kNoWay: tokens where the decision began and where it ended
  };
  struct Frame {
    Rule rule;
    int precedence;
    int invoking;  // state of the call, -1 for the first
  };

  Token La(size_t ahead = 1) const { return tokens_[std::min(at_ + ahead - 1, tokens_.size() - 1)].token; }

  std::string Shown(std::string text) const {
    return absl::StrCat("'", absl::StrReplaceAll(text, {{"\n", "\\n"}, {"\r", "\\r"}, {"\t", "\\t"}}), "'");
  }
  std::string Shown(const Lexeme& lexeme) const {
    return Shown(lexeme.token == Token::kEnd ? "<EOF>" : source_.Text(lexeme.begin, lexeme.end));
  }
  static std::string Names(TokenSet set) {
    std::string out;
    int count = 0;
    for (int i = 0; i < 63; ++i) {
      if (!(set >> i & 1)) continue;
      absl::StrAppend(&out, count++ == 0 ? "" : ", ", TokenName(static_cast<Token>(i)));
    }
    return count == 1 ? out : absl::StrCat("{", out, "}");
  }

  void Report(const std::string& message) {
    if (recovering_) return;
    recovering_ = true;
    if (errors_.size() > kMaxErrors) {
      stopped_ = true;
      return;
    }
    errors_.Add(tokens_[at_].begin, absl::StrCat("Syntax error: ", message));
  }

  TokenSet Expected() const {
    TokenSet following = grammar_.Next(state_), expected = following;
    for (auto frame = stack_.rbegin(); frame != stack_.rend() && frame->invoking >= 0 && (following & kEpsilon); ++frame) {
      following = grammar_.Next(grammar_.states[frame->invoking].edges[0].to);
      expected |= following;
    }
    expected &= ~kEpsilon;
    return following & kEpsilon ? expected | Bit(Token::kEnd) : expected;
  }

  void Consume() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  void ConsumeUntil(TokenSet set) {
    while (La() != Token::kEnd && !Has(set, La())) Consume();
  }

  bool DeleteOne() {
    if (!Has(Expected(), La(2))) return false;
    Report(absl::StrCat("extraneous input ", Shown(tokens_[at_]), " expecting ", Names(Expected())));
    Consume();
    recovering_ = false;
    return true;
  }

  // Before a decision: is what comes possible at all?
  std::optional<Failure> Sync(int state) {
    state_ = state;
    if (recovering_) return {};
    const TokenSet next = grammar_.Next(state);
    if ((next & kEpsilon) || Has(next, La())) return {};
    switch (grammar_.states[state].kind) {
      case StateKind::kBlockStart: case StateKind::kLoopEntry:
        if (DeleteOne()) return {};
        return Failure{};
      case StateKind::kLoopBack: {
        Report(absl::StrCat("extraneous input ", Shown(tokens_[at_]), " expecting ", Names(Expected())));
        ConsumeUntil(Expected() | RecoverySet());
        return {};
      }
      case StateKind::kPlain: return {};
    }
    return {};
  }

  std::optional<Failure> Match(const Piece& piece) {
    state_ = piece.state;
    if (Has(piece.tokens, La())) {
      recovering_ = false;
      Consume();
      return {};
    }
    CountRecovery();
    if (stopped_) return Failure{};
    if (DeleteOne()) {
      Consume();
      return {};
    }
    // Would it go on if the token were there?
    const int after = grammar_.states[piece.state].edges[0].to;
    const int here = state_;
    state_ = after;
    const TokenSet behind = Expected();
    state_ = here;
    if (Has(behind, La())) {
      Report(absl::StrCat("missing ", Names(Expected()), " at ", Shown(tokens_[at_])));
      return {};
    }
    return Failure{};
  }

  // ---- prediction: which alternative of a decision fits what comes

  struct Configuration {
    int state;
    int alternative;
    std::vector<int> returns;  // states, innermost last
    bool outside;              // has left the rule of the decision
    friend bool operator<(const Configuration& a, const Configuration& b) {
      return std::tie(a.state, a.alternative, a.returns, a.outside) < std::tie(b.state, b.alternative, b.returns, b.outside);
    }
  };
  using Configurations = std::set<Configuration>;

  void Close(Configuration from, bool first, int precedence, Configurations* out) const {
    std::vector<Configuration> work{std::move(from)};
    while (!work.empty() && out->size() < kMaxConfigurations) {
      Configuration now = std::move(work.back());
      work.pop_back();
      if (!out->insert(now).second) continue;
      const State& state = grammar_.states[now.state];
      if (state.edges.empty()) {
        if (!now.returns.empty()) {
          Configuration up = now;
          up.state = up.returns.back();
          up.returns.pop_back();
          work.push_back(std::move(up));
        } else {
          for (const int follow : grammar_.follows[state.rule]) work.push_back({follow, now.alternative, {}, true});
        }
        continue;
      }
      for (const Edge& edge : state.edges) {
        if (edge.kind == Edge::kTokens) continue;
        if (edge.kind == Edge::kPrecedence && first && now.returns.empty() && !now.outside && edge.precedence < precedence) continue;
        Configuration next = now;
        next.state = edge.to;
        if (edge.kind == Edge::kCall) {
          next.returns.push_back(edge.to);
          next.state = grammar_.first[edge.rule];
          if (next.returns.size() > 64) continue;
        }
        work.push_back(std::move(next));
      }
    }
  }

  // 1-based; 0 with `failure` set when nothing fits. `starts`: a state for each alternative.
  int Predict(const std::vector<std::pair<int, int>>& starts, std::optional<Failure>* failure) const {
    Configurations now;
    for (const auto& [state, alternative] : starts) Close({state, alternative, {}, false}, true, stack_.back().precedence, &now);
    for (size_t ahead = 0;; ++ahead) {
      int only = 0;
      bool several = false;
      for (const Configuration& c : now) {
        several = several || (only != 0 && only != c.alternative);
        only = only == 0 ? c.alternative : std::min(only, c.alternative);
      }
      if (!several || ahead >= kMaxLookahead || at_ + ahead >= tokens_.size()) return only;
      Configurations next;
      const Token token = tokens_[at_ + ahead].token;
      for (const Configuration& c : now) {
        for (const Edge& edge : grammar_.states[c.state].edges) {
          if (edge.kind != Edge::kTokens || !Has(edge.tokens, token)) continue;
          Close({edge.to, c.alternative, c.returns, c.outside}, false, 0, &next);
        }
      }
      if (next.empty()) {
        int finished = 0;
        for (const Configuration& c : now) {
          if (c.outside) finished = finished == 0 ? c.alternative : std::min(finished, c.alternative);
        }
        if (finished == 0) *failure = Failure{Failure::kNoWay, at_, at_ + ahead};
        return finished;
      }
      now = std::move(next);
    }
  }

  // ---- the walk

  std::optional<Failure> Step(const Piece& piece) {
    if (stopped_) return Failure{};
    switch (piece.kind) {
      case Piece::kToken: return Match(piece);
      case Piece::kCall:
        state_ = piece.state;
        Walk(piece.rule, piece.precedence, piece.state);
        return stopped_ ? std::optional<Failure>(Failure{}) : std::nullopt;
      case Piece::kSequence:
        for (const Piece& part : piece.parts) {
          if (auto failure = Step(part)) return failure;
        }
        return {};
      case Piece::kChoice: return Choose(piece);
      case Piece::kOptional: {
        if (auto failure = Sync(piece.state)) return failure;
        std::optional<Failure> failure;
        const int taken = Predict(Enter(piece.state), &failure);
        if (failure) return failure;
        return taken == 1 ? Step(piece.parts[0]) : std::nullopt;
      }
      case Piece::kStar: {
        if (auto failure = Sync(piece.state)) return failure;
        std::optional<Failure> failure;
        while (!stopped_ && Continues(piece, &failure)) {
          if ((failure = Step(piece.parts[0]))) return failure;
          if ((failure = Sync(piece.back))) return failure;
        }
        return failure;
      }
      case Piece::kPlus: {
        if (auto failure = Sync(piece.state)) return failure;
        std::optional<Failure> failure;
        do {
          if ((failure = Step(piece.parts[0]))) return failure;
          if ((failure = Sync(piece.back))) return failure;
        } while (!stopped_ && Predict(Enter(piece.back), &failure) == 1);
        return failure;
      }
    }
    return {};
  }

  // Operators bind as soon as their precedence allows; other loops look ahead.
  bool Continues(const Piece& loop, std::optional<Failure>* failure) const {
    const Piece& body = loop.parts[0];
    if (body.kind != Piece::kChoice) return Predict(Enter(loop.state), failure) == 1;
    for (const Edge& edge : grammar_.states[body.state].edges) {
      if (edge.precedence >= stack_.back().precedence && Has(grammar_.Next(edge.to), La())) return true;
    }
    return false;
  }

  // In or on: the two ways from a deciding state.
  std::vector<std::pair<int, int>> Enter(int state) const {
    const std::vector<Edge>& edges = grammar_.states[state].edges;
    return {{edges[0].to, 1}, {edges[1].to, 2}};
  }

  std::optional<Failure> Choose(const Piece& piece) {
    if (auto failure = Sync(piece.state)) return failure;
    std::vector<std::pair<int, int>> starts;
    const std::vector<Edge>& edges = grammar_.states[piece.state].edges;
    for (size_t i = 0; i < edges.size(); ++i) {
      const bool barred = edges[i].kind == Edge::kPrecedence && edges[i].precedence < stack_.back().precedence;
      if (!barred) starts.emplace_back(edges[i].to, static_cast<int>(i) + 1);
    }
    std::optional<Failure> failure;
    const int taken = Predict(starts, &failure);
    if (failure) return failure;
    return taken == 0 ? Failure{Failure::kNoWay, at_, at_} : Step(piece.parts[static_cast<size_t>(taken) - 1]);
  }

  TokenSet RecoverySet() const {
    TokenSet set = 0;
    for (const Frame& frame : stack_) {
      if (frame.invoking >= 0) set |= grammar_.Next(grammar_.states[frame.invoking].edges[0].to);
    }
    return set & ~kEpsilon;
  }

  void CountRecovery() {
    if (++recoveries_ <= kMaxRecoveries) return;
    if (!stopped_) errors_.Add(tokens_[at_].begin, absl::StrCat("Syntax error: error recovery attempt limit exceeded: ", kMaxRecoveries));
    stopped_ = true;
  }

  void Walk(Rule rule, int precedence, int invoking) {
    if (stack_.size() > kMaxDepth * 8) {
      stopped_ = true;
      return;
    }
    stack_.push_back({rule, precedence, invoking});
    if (const std::optional<Failure> failure = Step(grammar_.rules[rule]); failure && !stopped_) {
      if (failure->kind == Failure::kMismatch) {
        Report(absl::StrCat("mismatched input ", Shown(tokens_[at_]), " expecting ", Names(Expected())));
      } else {
        ReportNoWay(*failure);
      }
      CountRecovery();
      if (!stopped_) {
        if (last_error_at_ == static_cast<int>(at_) && last_error_states_.count(state_) != 0) Consume();
        if (last_error_at_ != static_cast<int>(at_)) last_error_states_.clear();
        last_error_at_ = static_cast<int>(at_);
        last_error_states_.insert(state_);
        ConsumeUntil(RecoverySet());
      }
    }
    stack_.pop_back();
    if (invoking >= 0) state_ = invoking;
  }

  void ReportNoWay(const Failure& failure) {
    const Lexeme& begin = tokens_[failure.begin];
    std::string text = begin.token == Token::kEnd ? "<EOF>" : Between(failure.begin, std::min(failure.at, tokens_.size() - 1));
    for (const char* word : {"true", "false", "null"}) {
      // A dot or the like before a word that is a literal.
      if (text.size() == std::string(word).size() + 1 && text.substr(1) == word) {
        return ReportAt(failure.at, absl::StrCat("mismatched input '", word, "' expecting IDENTIFIER"));
      }
    }
    ReportAt(failure.at, absl::StrCat("no viable alternative at input ", Shown(std::move(text))));
  }

  // The text of some tokens with the blanks between them, but without what is no token at all.
  std::string Between(size_t first, size_t last) const {
    std::string text;
    for (size_t i = first; i <= last && tokens_[i].token != Token::kEnd; ++i) {
      if (i > first) {
        for (const char c : source_.Text(tokens_[i - 1].end, tokens_[i].begin)) {
          if (absl::ascii_isspace(static_cast<unsigned char>(c))) text.push_back(c);
        }
      }
      absl::StrAppend(&text, source_.Text(tokens_[i].begin, tokens_[i].end));
    }
    return text;
  }

  void ReportAt(size_t token, const std::string& message) {
    const size_t here = at_;
    at_ = std::min(token, tokens_.size() - 1);
    Report(message);
    at_ = here;
  }

  const Grammar& grammar_;
  const Source& source_;
  const std::vector<Lexeme>& tokens_;
  Errors& errors_;
  std::vector<Frame> stack_;
  size_t at_ = 0;
  int state_ = 0;
  bool recovering_ = false, stopped_ = false;
  int recoveries_ = 0;
  int last_error_at_ = -1;
  std::set<int> last_error_states_;
};

}  // namespace

void DiagnoseSyntax(const Source& source, const std::vector<Lexeme>& tokens, Errors* errors) {
  const size_t before = errors->size();
  Diagnosis(source, tokens, errors).Run();
  if (errors->size() == before) errors->Add(tokens.back().begin, "Syntax error: unexpected end of input");
}

}  // namespace apimachinery::cel
