/// EnrichStage: adds the columns of the lookup tables to each row. Keeps no state, so that a table
/// with another content can go on with the state of the lane.
///
/// A Stage (stage/stage.h): one thread at a time. Errors of `make`: config. Cost: a lookup of about
/// 30 ns a row and table, when the table lies in the cache.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/enrich/enrich_spec.h"
#include "ouzel/enrich/lookup_table.h"
#include "ouzel/stage/stage.h"

namespace ouzel {

using LookupTables = std::vector<std::shared_ptr<const LookupTable>>;

/// Where the key of a lookup is found in a row.
struct LookupKey {
  enum class Kind : std::uint8_t { key, source, id, text, number };
  Kind kind = Kind::key;
  std::size_t column = 0;  ///< Of Batch::strings or Batch::values.
};
/// Error config: no such field, or one that a lookup cannot have.
Result<LookupKey> lookup_key(const Schema& schema, const std::string& key);

/// The schema and behind its fields what the tables add. `tables` as `specs`. Error config: a name
/// is there already, or a default is not of its column's type.
Result<Schema> enriched_schema(const Schema& schema, const std::vector<EnrichSpec>& specs,
                               const LookupTables& tables);

class EnrichStage final : public Stage {
 public:
  static Result<std::unique_ptr<EnrichStage>> make(const Schema& schema,
                                                   const std::vector<EnrichSpec>& specs,
                                                   const LookupTables& tables);
  std::string_view name() const override { return "enrich"; }
  Wiring wiring() const override;
  StateNeed state_need() const override { return {}; }
  void run(Batch& batch, const StateView& state) override;

 private:
  /// One table: where its key is, where its columns go, what stands in for an unknown key.
  struct Lookup {
    std::shared_ptr<const LookupTable> table;
    LookupKey key;
    std::string name;      ///< Of its file, for messages.
    std::string key_name;  ///< As the pipeline says it.
    std::string reads;
    bool timed = false;
    UnknownKey unknown = UnknownKey::fill;
    std::size_t first_number = 0, first_text = 0;
    std::vector<double> numbers;     ///< Defaults.
    std::vector<std::string> texts;  ///< Defaults.
  };
  static constexpr std::size_t kNone = ~std::size_t{0};

  void find_rows(const Lookup& lookup, const Batch& batch);
  void judge_unknown(const Lookup& lookup, Batch& batch);
  void add_numbers(const Lookup& lookup, Batch& batch) const;
  void add_texts(const Lookup& lookup, Batch& batch) const;

  std::vector<Lookup> lookups_;
  std::vector<std::string> adds_;
  std::size_t values_ = 0;          ///< Width of Batch::values when all is added.
  std::vector<std::size_t> found_;  ///< Of each row of the batch being run.
};

}  // namespace ouzel
