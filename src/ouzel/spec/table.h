/// Field tables: a component says once which keys it takes; reading, defaults, bounds, units, lint,
/// the effective file, JSON Schema and docs all come from that.
///
///   TableOf<DecideSpec> table("decide", "When an event is an anomaly.");
///   table.number("threshold", &DecideSpec::threshold,
///                {.help = "Score from which …", .initial = "0.9", .min = "0", .max = "1"});
///
/// A table is an immutable value once built; copies share their nested tables. Defaults and bounds
/// are written as they would stand in the file; a table with a default out of its own bounds stops
/// the program when it is built.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ouzel {

enum class FieldKind : std::uint8_t {
  boolean,
  number,
  integer,
  duration,
  size,
  text,
  texts,  ///< A list of texts; one alone may stand without brackets.
  word,   ///< One of a set.
  words,  ///< A list of words of a set; one alone may stand without brackets.
  table,  ///< A nested table.
  list,   ///< A list of tables.
  map,    ///< Names the user chooses, each with a table.
  /// Names of another program's settings to texts; maps in maps join their names with dots, a list
  /// of texts stands for them with commas between.
  settings,
  absent,  ///< A component that other builds or versions have: refused by name.
};

/// A word of a set, with what it means.
struct Word {
  std::string name;
  std::string help;
};

/// Numbers of words in the field's set.
using WordNumbers = std::vector<std::size_t>;
/// Names and values, in the order of the file.
using Settings = std::vector<std::pair<std::string, std::string>>;
using Value = std::variant<bool, double, std::uint64_t, std::chrono::nanoseconds, std::string,
                           std::vector<std::string>, WordNumbers, Settings>;

/// What every field says about itself. Empty: not there.
struct FieldText {
  std::string help;
  std::string initial;    ///< Default, as it would stand in the file.
  bool required = false;  ///< Has no default and must stand there.
  std::string min, max;   ///< Bounds of a quantity, inclusive; of a list: of how many.
  std::string example;
  bool secret = false;  ///< Never printed.
  /// Says what is wrong with a text (each text of a list, each name of a map); empty: nothing.
  std::function<std::string(std::string_view)> check;
  bool operational = false;  ///< No state and no outcome depends on it.
  bool stateless = false;    ///< Outcomes depend on it, but no state: another value goes on.
};

/// What is wrong with one setting; the message reads on after its name.
struct SettingFault {
  std::string name;  ///< As it was given.
  std::string rule;
  std::string message;
  std::string hint;
};

/// What another program says about its settings.
struct SettingRules {
  std::function<std::vector<SettingFault>(const Settings&)> check;
  std::function<bool(std::string_view name)> secret;  ///< Never printed.
};

struct Table;

struct TableField {
  std::string name;
  FieldKind kind = FieldKind::text;
  FieldText text;
  std::vector<Word> words;
  SettingRules rules;  ///< Of settings.
  std::shared_ptr<const Table> table;
  /// Puts a value of the field's kind into the component's struct.
  std::function<void(void* target, const Value& value)> store;
  /// table: address of the nested struct; list, map: of a new element (of this name).
  std::function<void*(void* target, const std::string& name)> open;
};

struct Table {
  std::string name;
  std::string help;
  std::vector<TableField> fields;
  /// A scalar stands for a map: with `shorthand` = F, `x` is `{F: x}`; with "*", `x` is `{x: {}}`.
  std::string shorthand;
  /// Of each of these groups just one key stands.
  std::vector<std::vector<std::string>> one_of;
  /// YAML of one such component; a test lints them all.
  std::vector<std::string> examples;
  /// A struct of the kind that this table fills, for those who only check.
  std::function<std::shared_ptr<void>()> make;

  const TableField* find(std::string_view field) const;
  std::vector<std::string> names() const;  ///< Without those that are absent.
};

/// Stops the program if the field contradicts itself.
void check_field(const Table& table, const TableField& field);

/// A Table that fills a T.
template <class T>
class TableOf {
 public:
  TableOf(std::string name, std::string help) {
    table_.name = std::move(name);
    table_.help = std::move(help);
    table_.make = [] { return std::static_pointer_cast<void>(std::make_shared<T>()); };
  }
  const Table& table() const { return table_; }

  TableOf& boolean(std::string name, bool T::*member, FieldText text) {
    return scalar<bool>(std::move(name), FieldKind::boolean, member, std::move(text));
  }
  TableOf& number(std::string name, double T::*member, FieldText text) {
    return scalar<double>(std::move(name), FieldKind::number, member, std::move(text));
  }
  template <std::unsigned_integral N>
  TableOf& integer(std::string name, N T::*member, FieldText text) {
    if (sizeof(N) < 8 && text.max.empty()) text.max = std::to_string(std::numeric_limits<N>::max());
    return scalar<std::uint64_t>(std::move(name), FieldKind::integer, member, std::move(text));
  }
  template <std::unsigned_integral N>
  TableOf& size(std::string name, N T::*member, FieldText text) {
    return scalar<std::uint64_t>(std::move(name), FieldKind::size, member, std::move(text));
  }
  TableOf& duration(std::string name, std::chrono::nanoseconds T::*member, FieldText text) {
    return scalar<std::chrono::nanoseconds>(std::move(name), FieldKind::duration, member,
                                            std::move(text));
  }
  TableOf& text(std::string name, std::string T::*member, FieldText text) {
    return scalar<std::string>(std::move(name), FieldKind::text, member, std::move(text));
  }
  TableOf& texts(std::string name, std::vector<std::string> T::*member, FieldText text) {
    return scalar<std::vector<std::string>>(std::move(name), FieldKind::texts, member,
                                            std::move(text));
  }
  /// A text with a meaning of its own: `parsed(target, text)` takes it over after `text.check`.
  TableOf& text(std::string name, std::function<void(T&, const std::string&)> parsed,
                FieldText text) {
    TableField field = start(std::move(name), FieldKind::text, std::move(text));
    field.store = [parsed = std::move(parsed)](void* target, const Value& value) {
      parsed(*static_cast<T*>(target), std::get<std::string>(value));
    };
    return add(std::move(field));
  }
  template <class E>
  TableOf& word(std::string name, E T::*member, std::vector<std::pair<E, Word>> words,
                FieldText text) {
    TableField field = start(std::move(name), FieldKind::word, std::move(text));
    std::vector<E> meanings = split(field, std::move(words));
    field.store = [member, meanings = std::move(meanings)](void* target, const Value& value) {
      static_cast<T*>(target)->*member = meanings[std::get<WordNumbers>(value).front()];
    };
    return add(std::move(field));
  }
  template <class E>
  TableOf& words(std::string name, std::vector<E> T::*member, std::vector<std::pair<E, Word>> words,
                 FieldText text) {
    TableField field = start(std::move(name), FieldKind::words, std::move(text));
    std::vector<E> meanings = split(field, std::move(words));
    field.store = [member, meanings = std::move(meanings)](void* target, const Value& value) {
      std::vector<E>& out = static_cast<T*>(target)->*member;
      out.clear();
      for (const std::size_t number : std::get<WordNumbers>(value)) out.push_back(meanings[number]);
    };
    return add(std::move(field));
  }
  template <class U>
  TableOf& section(std::string name, U T::*member, const TableOf<U>& nested, FieldText text = {}) {
    TableField field = nest(std::move(name), FieldKind::table, nested.table(), std::move(text));
    field.open = [member](void* target, const std::string&) {
      return static_cast<void*>(&(static_cast<T*>(target)->*member));
    };
    return add(std::move(field));
  }
  /// A nested table that fills the same T.
  TableOf& section(std::string name, const TableOf<T>& nested, FieldText text = {}) {
    TableField field = nest(std::move(name), FieldKind::table, nested.table(), std::move(text));
    field.open = [](void* target, const std::string&) { return target; };
    return add(std::move(field));
  }
  template <class U>
  TableOf& list(std::string name, std::vector<U> T::*member, const TableOf<U>& nested,
                FieldText text) {
    TableField field = nest(std::move(name), FieldKind::list, nested.table(), std::move(text));
    field.open = [member](void* target, const std::string&) {
      return static_cast<void*>(&(static_cast<T*>(target)->*member).emplace_back());
    };
    return add(std::move(field));
  }
  template <class U>
  TableOf& map(std::string name, std::vector<U> T::*member, std::string U::*key,
               const TableOf<U>& nested, FieldText text) {
    TableField field = nest(std::move(name), FieldKind::map, nested.table(), std::move(text));
    field.open = [member, key](void* target, const std::string& chosen) {
      U& element = (static_cast<T*>(target)->*member).emplace_back();
      element.*key = chosen;
      return static_cast<void*>(&element);
    };
    return add(std::move(field));
  }
  TableOf& settings(std::string name, Settings T::*member, SettingRules rules, FieldText text) {
    TableField field = start(std::move(name), FieldKind::settings, std::move(text));
    field.rules = std::move(rules);
    field.store = [member](void* target, const Value& value) {
      static_cast<T*>(target)->*member = std::get<Settings>(value);
    };
    return add(std::move(field));
  }
  /// Takes over the fields of another table as this one's own; they fill a member.
  template <class U>
  TableOf& include(U T::*member, const TableOf<U>& other) {
    for (TableField field : other.table().fields) {
      if (field.store) {
        field.store = [member, store = field.store](void* target, const Value& value) {
          store(&(static_cast<T*>(target)->*member), value);
        };
      }
      if (field.open) {
        field.open = [member, open = field.open](void* target, const std::string& chosen) {
          return open(&(static_cast<T*>(target)->*member), chosen);
        };
      }
      add(std::move(field));
    }
    return *this;
  }
  /// `help` says what it is: "a Kafka topic as the source".
  TableOf& absent(std::string name, std::string help) {
    return add(start(std::move(name), FieldKind::absent, {.help = std::move(help)}));
  }
  TableOf& shorthand(std::string field) {
    table_.shorthand = std::move(field);
    return *this;
  }
  TableOf& one_of(std::vector<std::string> names) {
    table_.one_of.push_back(std::move(names));
    return *this;
  }
  TableOf& example(std::string yaml) {
    table_.examples.push_back(std::move(yaml));
    return *this;
  }

 private:
  TableField start(std::string name, FieldKind kind, FieldText text) {
    TableField field;
    field.name = std::move(name);
    field.kind = kind;
    field.text = std::move(text);
    return field;
  }
  TableField nest(std::string name, FieldKind kind, const Table& nested, FieldText text) {
    TableField field = start(std::move(name), kind, std::move(text));
    field.table = std::make_shared<const Table>(nested);
    return field;
  }
  template <class V, class M>
  TableOf& scalar(std::string name, FieldKind kind, M T::*member, FieldText text) {
    TableField field = start(std::move(name), kind, std::move(text));
    field.store = [member](void* target, const Value& value) {
      static_cast<T*>(target)->*member = static_cast<M>(std::get<V>(value));
    };
    return add(std::move(field));
  }
  template <class E>
  std::vector<E> split(TableField& field, std::vector<std::pair<E, Word>> words) {
    std::vector<E> meanings;
    for (auto& [meaning, word] : words) {
      meanings.push_back(meaning);
      field.words.push_back(std::move(word));
    }
    return meanings;
  }
  TableOf& add(TableField field) {
    check_field(table_, field);
    table_.fields.push_back(std::move(field));
    return *this;
  }
  Table table_;
};

}  // namespace ouzel
