/// SchemaValidator: whether a JSON value is valid against a SchemaProgram, and if not, why. It
/// stops at the first fault. Work and nesting are bounded (schema_program.h), whatever schema and
/// value are. One thread; `program` and `names` must outlive it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/decode/json_tree.h"
#include "ouzel/decode/schema_program.h"

namespace ouzel {

class SchemaValidator {
 public:
  /// Adds the program's names to `names`, which the values' trees are to be made with.
  SchemaValidator(const SchemaProgram& program, NameTable& names);

  /// `detail` says why not: `<JSON Pointer of the value>: expected …, got … (#<keyword's place in
  /// the schema>)`. A value with an object that has a name twice is never valid: what it means is
  /// left open by RFC 8259, and forbidden by RFC 7493.
  bool valid(const JsonNode& root, std::string& detail);

 private:
  /// Which members or elements of one value were evaluated; a slice of marks_. Nobody asks: none.
  struct Marks {
    std::size_t begin = 0;
    std::size_t count = 0;
    bool asked = false;
  };

  bool check(SubschemaId id, const JsonNode& at, Marks marks);
  bool check_entered(const Subschema& schema, const JsonNode& at, Marks marks);
  bool check_by_kind(const Subschema& schema, const JsonNode& at, Marks marks);
  bool check_values(const Subschema& schema, const JsonNode& at);
  bool check_number(const Subschema& schema, const JsonNode& at);
  bool check_string(const Subschema& schema, const JsonNode& at);
  bool check_array(const Subschema& schema, const JsonNode& at, Marks marks);
  bool check_contains(const Subschema& schema, const JsonNode& at, Marks marks);
  bool check_unique(const Subschema& schema, const JsonNode& at);
  bool check_object(const Subschema& schema, const JsonNode& at, Marks marks);
  bool check_presence(const Subschema& schema, const JsonNode& at, Marks marks);
  bool check_members(const Subschema& schema, const JsonNode& at, Marks marks);
  bool check_member(const ObjectRules& rules, SubschemaId property, const JsonNode& member,
                    bool& evaluated);
  bool check_name(const Subschema& schema, const JsonNode& member);
  bool check_in_place(const Subschema& schema, const JsonNode& at, Marks marks);
  bool check_any_of(const Subschema& schema, const JsonNode& at, Marks marks);
  bool check_one_of(const Subschema& schema, const JsonNode& at, Marks marks);
  bool check_condition(const InPlaceRules& rules, const JsonNode& at, Marks marks);
  bool check_unevaluated(const Subschema& schema, const JsonNode& at, Marks marks);

  /// As `check`, but no fault is noted, and only if it passes its marks count.
  bool try_out(SubschemaId id, const JsonNode& at, Marks marks);
  SubschemaId dynamic_target(const InPlaceRules& rules) const;
  bool spend(std::size_t steps);
  NameId name_id(const JsonNode& member) const {
    return member.name_slot < id_of_slot_.size() ? id_of_slot_[member.name_slot] : kNoId;
  }
  Marks new_marks(const JsonNode& at);
  void mark(Marks marks, std::size_t index) {
    if (marks.asked) marks_[marks.begin + index] = 1;
  }

  bool wrong(const Subschema& schema, const JsonNode& at, std::string_view keyword,
             std::string_view expected);
  bool missing(const Subschema& schema, const JsonNode& at, std::string_view keyword, NameId name);
  bool twice(const JsonNode& member);
  void end_with(const Subschema& schema, std::string_view keyword);

  const SchemaProgram& program_;
  std::vector<NameId> id_of_slot_;
  std::vector<std::uint64_t> seen_in_;  ///< By name: the last object that had it.
  std::uint64_t object_ = 0;

  const JsonNode* root_ = nullptr;
  std::string* detail_ = nullptr;
  std::size_t quiet_ = 0;  ///< Faults are expected while it is not 0.
  std::size_t steps_left_ = 0;
  std::size_t nesting_ = 0;
  std::string_view exhausted_;  ///< Of what there was too much; empty: nothing.
  std::vector<std::uint8_t> marks_;
  std::vector<std::uint32_t> scope_;  ///< Resources entered and not left.
  std::vector<Hash128> hashes_;
};

}  // namespace ouzel
