#include "apimachinery/cel/parser.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/lexer.h"
#include "apimachinery/cel/macros.h"
#include "apimachinery/cel/syntax_diagnosis.h"
#include "apimachinery/cel/unquote.h"

namespace apimachinery::cel {
namespace {

constexpr int kMaxDepth = 250;
constexpr size_t kMaxCodePoints = 100'000;

constexpr absl::string_view kReserved[] = {"as", "break", "const", "continue", "else", "false", "for", "function", "if",
                                           "import", "in", "let", "loop", "package", "namespace", "null", "return",
                                           "true", "var", "void", "while"};

absl::string_view RelationOperator(Token token) {
  switch (token) {
    case Token::kLess: return op::kLess;
    case Token::kLessEquals: return op::kLessEquals;
    case Token::kGreater: return op::kGreater;
    case Token::kGreaterEquals: return op::kGreaterEquals;
    case Token::kEquals: return op::kEquals;
    case Token::kNotEquals: return op::kNotEquals;
    case Token::kIn: return op::kIn;
    default: return "";
  }
}

struct Arithmetic {
  absl::string_view function;
  int precedence;  // 0: no operator
};

Arithmetic ArithmeticOperator(Token token) {
  switch (token) {
    case Token::kStar: return {op::kMultiply, 2};
    case Token::kSlash: return {op::kDivide, 2};
    case Token::kPercent: return {op::kModulo, 2};
    case Token::kPlus: return {op::kAdd, 1};
    case Token::kMinus: return {op::kSubtract, 1};
    default: return {"", 0};
  }
}

// A node and how deep upstream's visitor would go into what was written.
struct Parsed {
  Expr* expr = nullptr;
  int depth = 0;
};

class Parser {
 public:
  Parser(Ast* ast, Errors* errors, std::vector<Lexeme> tokens)
      : ast_(ast), errors_(errors), tokens_(std::move(tokens)) {}

  enum class End { kParsed, kSyntax, kTooDeep };

  End Run() {
    const Parsed parsed = Expression();
    if (!failed_ && !At(Token::kEnd)) failed_ = true;
    if (too_deep_) return End::kTooDeep;
    if (failed_) return End::kSyntax;
    if (parsed.depth > kMaxDepth) errors_->Add(kNowhere, "max recursion depth exceeded");
    ast_->root = parsed.expr;
    return End::kParsed;
  }

 private:
  bool At(Token token) const { return tokens_[at_].token == token; }
  Token Next(size_t ahead = 1) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)].token; }
  const Lexeme& Take() {
    const Lexeme& taken = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return taken;
  }
  bool Accept(Token token) {
    if (!At(token)) return false;
    Take();
    return true;
  }
  int Here() const { return tokens_[at_].begin; }
  std::string TextOf(const Lexeme& lexeme) const { return ast_->source.Text(lexeme.begin, lexeme.end); }
  // Marks the end of sense: callers unwind at once.
  Parsed Fail() {
    failed_ = true;
    return {ast_->New(ExprKind::kUnspecified, Here()), 0};
  }
  bool Expect(Token token) {
    if (!failed_ && Accept(token)) return true;
    failed_ = true;
    return false;
  }

  // Counts levels of one rule as long as it lives.
  class Level {
   public:
    Level(Parser* parser, int* depth) : depth_(depth) {
      if (++*depth_ > kMaxDepth) {
        parser->too_deep_ = true;
        parser->failed_ = true;
      }
    }
    ~Level() { --*depth_; }

   private:
    int* depth_;
  };

  Expr* Call(absl::string_view function, int offset, std::vector<Expr*> args, Expr* target = nullptr) {
    Expr* call = ast_->New(ExprKind::kCall, offset);
    call->name = std::string(function);
    call->args = std::move(args);
    call->target = target;
    return call;
  }

  Expr* Error(int offset, std::string message) {
    errors_->Add(offset, std::move(message));
    return ast_->New(ExprKind::kUnspecified, offset);
  }

  Parsed Expression() {
    const Level level(this, &expression_depth_);
    if (failed_) return Fail();
    Parsed condition = Logic(Token::kOr);
    if (failed_ || !At(Token::kQuestion)) return condition;
    const int offset = Take().begin;
    const Parsed yes = Logic(Token::kOr);
    if (!Expect(Token::kColon)) return Fail();
    const Parsed no = Expression();
    return {Call(op::kConditional, offset, {condition.expr, yes.expr, no.expr}),
            1 + std::max({condition.depth, yes.depth, no.depth})};
  }

  // Chains of || and && become balanced trees.
  Parsed Logic(Token token) {
    const auto term = [&] { return token == Token::kOr ? Logic(Token::kAnd) : Relation(); };
    Parsed first = term();
    if (failed_ || !At(token)) return first;
    std::vector<Expr*> terms{first.expr};
    std::vector<int> offsets;
    while (!failed_ && At(token)) {
      offsets.push_back(Take().begin);
      const Parsed next = term();
      terms.push_back(next.expr);
      first.depth = std::max(first.depth, next.depth);
    }
    if (failed_) return Fail();
    first.expr = Balanced(token == Token::kOr ? op::kOr : op::kAnd, terms, offsets, 0, static_cast<int>(offsets.size()) - 1);
    return first;
  }

  Expr* Balanced(absl::string_view function, const std::vector<Expr*>& terms, const std::vector<int>& offsets, int low,
                 int high) {
    const int middle = (low + high + 1) / 2;
    Expr* left = middle == low ? terms[middle] : Balanced(function, terms, offsets, low, middle - 1);
    Expr* right = middle == high ? terms[middle + 1] : Balanced(function, terms, offsets, middle + 1, high);
    return Call(function, offsets[middle], {left, right});
  }

  Parsed Relation() {
    const Level level(this, &relation_depth_);
    Parsed left = Calculation(1);
    for (absl::string_view function = RelationOperator(tokens_[at_].token); !failed_ && !function.empty();
         function = RelationOperator(tokens_[at_].token)) {
      const int offset = Take().begin;
      const Level right_level(this, &relation_depth_);
      const Parsed right = Calculation(1);
      left = {Call(function, offset, {left.expr, right.expr}), 1 + std::max(left.depth, right.depth)};
    }
    return left;
  }

  Parsed Calculation(int least) {
    const Level level(this, &calculation_depth_);
    if (failed_) return Fail();
    Parsed left = Unary();
    while (!failed_) {
      const Arithmetic arithmetic = ArithmeticOperator(tokens_[at_].token);
      if (arithmetic.precedence < least || arithmetic.precedence == 0) break;
      const int offset = Take().begin;
      const Parsed right = Calculation(arithmetic.precedence + 1);
      left = {Call(arithmetic.function, offset, {left.expr, right.expr}), 1 + std::max(left.depth, right.depth)};
    }
    return left;
  }

  Parsed Unary() {
    const bool number_follows = Next() == Token::kInt || Next() == Token::kFloat;
    const Token token = tokens_[at_].token;
    if (token != Token::kNot && (token != Token::kMinus || number_follows)) return Member();
    const int offset = Here();
    int count = 0;
    while (Accept(token)) ++count;
    Parsed operand = Member();
    if (failed_ || count % 2 == 0) return operand;
    operand.expr = Call(token == Token::kNot ? op::kNot : op::kNegate, offset, {operand.expr});
    return operand;
  }

  Parsed Member() {
    Parsed left = Primary();
    while (!failed_) {
      if (At(Token::kDot)) {
        left = Dotted(left);
      } else if (At(Token::kLeftBracket)) {
        const int offset = Take().begin;
        const bool optional = Accept(Token::kQuestion);
        const Parsed index = Expression();
        if (!Expect(Token::kRightBracket)) return Fail();
        left = {Call(optional ? op::kOptIndex : op::kIndex, offset, {left.expr, index.expr}),
                1 + std::max(left.depth, index.depth)};
      } else {
        break;
      }
    }
    return left;
  }

  Parsed Dotted(Parsed left) {
    const int dot = Take().begin;
    const bool optional = Accept(Token::kQuestion);
    if (!At(Token::kIdentifier) && !At(Token::kEscapedIdentifier)) return Fail();
    const Lexeme& name = Take();
    std::string text = TextOf(name);
    if (name.token == Token::kEscapedIdentifier) {
      errors_->Add(name.begin, "unsupported syntax: '`'");
    } else if (!optional && At(Token::kLeftParen)) {
      const int open = Take().begin;
      int depth = left.depth;
      std::vector<Expr*> args = Arguments(&depth);
      if (failed_) return Fail();
      Expr* expanded = ExpandMacro(ast_, errors_, text, left.expr, args, open);
      return {expanded != nullptr ? expanded : Call(text, open, std::move(args), left.expr), depth + 1};
    }
    if (optional) {
      Expr* field = Text(name.begin, std::move(text));
      return {Call(op::kOptSelect, dot, {left.expr, field}), left.depth + 1};
    }
    Expr* select = ast_->New(ExprKind::kSelect, dot);
    select->target = left.expr;
    select->name = std::move(text);
    return {select, left.depth + 1};
  }

  // Up to and with the closing parenthesis.
  std::vector<Expr*> Arguments(int* depth) {
    std::vector<Expr*> args;
    if (Accept(Token::kRightParen)) return args;
    do {
      const Parsed arg = Expression();
      *depth = std::max(*depth, arg.depth);
      args.push_back(arg.expr);
    } while (!failed_ && Accept(Token::kComma));
    Expect(Token::kRightParen);
    return args;
  }

  Expr* Text(int offset, std::string text) {
    Expr* literal = ast_->New(ExprKind::kLiteral, offset);
    literal->literal = Val::String(std::move(text));
    return literal;
  }

  Expr* Literal(int offset, Val value) {
    Expr* literal = ast_->New(ExprKind::kLiteral, offset);
    literal->literal = std::move(value);
    return literal;
  }

  Parsed Primary() {
    switch (tokens_[at_].token) {
      case Token::kDot:
        if (Next() != Token::kIdentifier) return Fail();
        return Name();
      case Token::kIdentifier: return Name();
      case Token::kLeftParen: {
        Take();
        const Parsed inner = Expression();
        return Expect(Token::kRightParen) ? inner : Fail();
      }
      case Token::kLeftBracket: return List();
      case Token::kLeftBrace: return Map();
      case Token::kMinus:
        if (Next() != Token::kInt && Next() != Token::kFloat) return Fail();
        return {Number(), 0};
      case Token::kInt: case Token::kUint: case Token::kFloat: return {Number(), 0};
      case Token::kString: case Token::kBytes: return {Quoted(), 0};
      case Token::kTrue: case Token::kFalse: {
        const bool value = At(Token::kTrue);
        return {Literal(Take().begin, Val::Bool(value)), 0};
      }
      case Token::kNull: return {Literal(Take().begin, Val::Null()), 0};
      default: return Fail();
    }
  }

  // Does a type name with an opening brace start at token `at`?
  bool IsStruct(size_t at) const {
    while (at + 2 < tokens_.size() && tokens_[at + 1].token == Token::kDot && tokens_[at + 2].token == Token::kIdentifier) {
      at += 2;
    }
    return at + 1 < tokens_.size() && tokens_[at + 1].token == Token::kLeftBrace;
  }

  Parsed Name() {
    const int start = Here();
    std::string name = Accept(Token::kDot) ? "." : "";
    if (IsStruct(at_)) {
      absl::StrAppend(&name, TextOf(Take()));
      while (Accept(Token::kDot)) absl::StrAppend(&name, ".", TextOf(Take()));
      return Struct(std::move(name));
    }
    const Lexeme& identifier = Take();
    const std::string text = TextOf(identifier);
    const bool reserved = std::find(std::begin(kReserved), std::end(kReserved), text) != std::end(kReserved);
    name += text;
    if (At(Token::kLeftParen)) {
      const int open = Take().begin;
      int depth = 0;
      std::vector<Expr*> args = Arguments(&depth);
      if (failed_) return Fail();
      if (reserved) return {Error(start, absl::StrCat("reserved identifier: ", text)), 0};
      Expr* expanded = ExpandMacro(ast_, errors_, name, nullptr, args, open);
      return {expanded != nullptr ? expanded : Call(name, open, std::move(args)), depth};
    }
    if (reserved) return {Error(start, absl::StrCat("reserved identifier: ", text)), 0};
    Expr* ident = ast_->New(ExprKind::kIdent, identifier.begin);
    ident->name = std::move(name);
    return {ident, 0};
  }

  Parsed List() {
    Expr* list = ast_->New(ExprKind::kList, Take().begin);
    int depth = 0;
    if (!At(Token::kComma) && !At(Token::kRightBracket)) {
      do {
        if (At(Token::kRightBracket)) break;  // after a last comma
        const bool optional = Accept(Token::kQuestion);
        if (optional || !list->optional.empty()) {
          list->optional.resize(list->args.size(), false);
          list->optional.push_back(optional);
        }
        const Parsed element = Expression();
        depth = std::max(depth, element.depth);
        list->args.push_back(element.expr);
      } while (!failed_ && Accept(Token::kComma));
    } else {
      Accept(Token::kComma);
    }
    if (!Expect(Token::kRightBracket)) return Fail();
    return {list, depth};
  }

  // Entries of a map or struct, up to and with the closing brace. `key` reads what stands before the colon.
  template <typename Key>
  Parsed Entries(Expr* into, Key key) {
    int depth = 0;
    if (!At(Token::kComma) && !At(Token::kRightBrace)) {
      do {
        if (At(Token::kRightBrace)) break;
        const bool optional = Accept(Token::kQuestion);
        const size_t count = into->entry_ids.size();
        if (optional || !into->optional.empty()) {
          into->optional.resize(count, false);
          into->optional.push_back(optional);
        }
        const int key_depth = key();
        if (failed_ || !At(Token::kColon)) return Fail();
        into->entry_ids.push_back(ast_->NewId(Take().begin));
        const Parsed value = Expression();
        depth = std::max({depth, key_depth, value.depth});
        into->args.push_back(value.expr);
      } while (!failed_ && Accept(Token::kComma));
    } else {
      Accept(Token::kComma);
    }
    if (!Expect(Token::kRightBrace)) return Fail();
    return {into, depth};
  }

  Parsed Map() {
    Expr* map = ast_->New(ExprKind::kMap, Take().begin);
    return Entries(map, [&] {
      const Parsed key = Expression();
      map->args.push_back(key.expr);
      return key.depth;
    });
  }

  Parsed Struct(std::string name) {
    Expr* object = ast_->New(ExprKind::kStruct, Take().begin);
    object->name = std::move(name);
    return Entries(object, [&] {
      if (At(Token::kEscapedIdentifier)) errors_->Add(Here(), "unsupported syntax: '`'");
      if (!At(Token::kIdentifier) && !At(Token::kEscapedIdentifier)) {
        failed_ = true;
        return 0;
      }
      object->fields.push_back(TextOf(Take()));
      return 0;
    });
  }

  Expr* Number() {
    const int start = Here();
    const bool negative = Accept(Token::kMinus);
    const Lexeme& lexeme = Take();
    std::string text = TextOf(lexeme);
    if (lexeme.token == Token::kFloat) {
      const double value = std::strtod((negative ? "-" + text : text).c_str(), nullptr);
      if (value > std::numeric_limits<double>::max() || value < std::numeric_limits<double>::lowest()) {
        return Error(start, "invalid double literal");
      }
      return Literal(start, Val::Double(value));
    }
    const bool is_unsigned = lexeme.token == Token::kUint;
    if (is_unsigned) text.pop_back();
    uint64_t magnitude = 0;
    const bool hex = text.rfind("0x", 0) == 0;
    const bool fits = hex ? text.size() <= 2 + 16 + text.find_first_not_of('0', 2) - 2 && absl::SimpleHexAtoi(text, &magnitude)
                          : absl::SimpleAtoi(text, &magnitude);
    if (is_unsigned) return fits ? Literal(start, Val::Uint(magnitude)) : Error(start, "invalid uint literal");
    constexpr uint64_t kLimit = uint64_t{1} << 63;
    if (!fits || magnitude > (negative ? kLimit : kLimit - 1)) return Error(start, "invalid int literal");
    return Literal(start, Val::Int(negative ? static_cast<int64_t>(0 - magnitude) : static_cast<int64_t>(magnitude)));
  }

  Expr* Quoted() {
    const Lexeme& lexeme = Take();
    const bool bytes = lexeme.token == Token::kBytes;
    std::string text, problem;
    if (!Unquote(TextOf(lexeme), bytes, &text, &problem)) {
      errors_->Add(lexeme.begin, problem);
      text = TextOf(lexeme);
    }
    return Literal(lexeme.begin, bytes ? Val::Bytes(std::move(text)) : Val::String(std::move(text)));
  }

  Ast* ast_;
  Errors* errors_;
  const std::vector<Lexeme> tokens_;
  size_t at_ = 0;
  bool failed_ = false, too_deep_ = false;
  int expression_depth_ = 0, relation_depth_ = 0, calculation_depth_ = 0;
};

}  // namespace

bool Parse(Ast* ast, Errors* errors) {
  const size_t size = ast->source.runes().size();
  if (size > kMaxCodePoints) {
    errors->Add(kNowhere, absl::StrCat("expression code point size exceeds limit: size: ", size, ", limit ", kMaxCodePoints));
    return false;
  }
  std::vector<Lexeme> tokens = Tokenize(ast->source, errors);
  Errors found;
  Parser parser(ast, &found, tokens);
  switch (parser.Run()) {
    case Parser::End::kTooDeep:
      errors->Add(kNowhere, absl::StrCat("expression recursion limit exceeded: ", kMaxDepth));
      return false;
    case Parser::End::kSyntax:
      DiagnoseSyntax(ast->source, tokens, errors);
      return false;
    case Parser::End::kParsed:
      break;
  }
  errors->Append(found);
  return errors->empty();
}

}  // namespace apimachinery::cel
