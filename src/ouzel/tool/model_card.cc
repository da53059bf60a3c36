#include "ouzel/tool/model_card.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "ouzel/decode/csv.h"

namespace ouzel {
namespace {

/// Where each feature's column is.
Result<std::vector<std::size_t>> find_columns(std::span<const std::string_view> header,
                                              const std::vector<std::string>& features) {
  std::vector<std::size_t> out;
  for (const std::string& name : features) {
    const auto at = std::find(header.begin(), header.end(), name);
    if (at == header.end()) {
      std::string names;
      for (const std::string_view one : header)
        names += (names.empty() ? "" : ", ") + std::string(one);
      return fail(ErrorCode::config,
                  "the reference has no column '" + name + "'; it has [" + names + "]");
    }
    out.push_back(static_cast<std::size_t>(at - header.begin()));
  }
  return out;
}

/// False: no number.
bool read_number(std::string_view cell, double& out) {
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), out);
  return error == std::errc() && end == cell.data() + cell.size();
}

Result<CardReference> describe_column(const std::string& name, std::vector<double> numbers,
                                      std::size_t rows) {
  if (numbers.empty()) {
    return fail(ErrorCode::config, "the reference has no number in column '" + name + "'");
  }
  std::sort(numbers.begin(), numbers.end());
  const auto count = static_cast<double>(numbers.size());
  CardReference out{.feature = name, .min = numbers.front(), .max = numbers.back()};
  for (const double number : numbers) out.mean += number / count;
  double squares = 0;
  for (const double number : numbers) squares += (number - out.mean) * (number - out.mean) / count;
  out.std = std::sqrt(squares);
  out.missing = 1 - count / static_cast<double>(rows);
  for (const double share : kCardQuantiles) {
    out.quantiles.push_back(numbers[static_cast<std::size_t>(share * (count - 1) + 0.5)]);
  }
  return out;
}

}  // namespace

Result<std::vector<CardReference>> reference_of(std::string_view csv,
                                                const std::vector<std::string>& features) {
  if (csv.starts_with("\xef\xbb\xbf")) csv.remove_prefix(3);  // A byte order mark.
  CsvReader reader({.delimiter = sniff_delimiter(csv.substr(0, csv.find('\n')))});
  std::uint64_t line = 1;
  const auto wrong = [&](const std::string& why) {
    return fail(ErrorCode::config, "the reference, line " + std::to_string(line) + ": " + why);
  };
  if (reader.next(csv, true) != CsvReader::Found::record) return wrong("a header expected");
  OUZEL_TRY(const auto columns, find_columns(reader.cells(), features));
  std::vector<std::vector<double>> numbers(features.size());
  std::size_t rows = 0;
  for (;; ++rows) {
    line += reader.lines();
    const CsvReader::Found found = reader.next(csv, true);
    if (found == CsvReader::Found::more) break;
    if (found == CsvReader::Found::bad) return wrong(std::string(reader.wrong()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] >= reader.cells().size()) return wrong("too few cells");
      const std::string_view cell = reader.cells()[columns[i]];
      double number = 0;
      if (cell.empty()) continue;
      if (!read_number(cell, number)) {
        return wrong(features[i] + ": a number expected, got '" + std::string(cell.substr(0, 64)) +
                     "'");
      }
      if (std::isfinite(number)) numbers[i].push_back(number);
    }
  }
  std::vector<CardReference> out;
  for (std::size_t i = 0; i < features.size(); ++i) {
    OUZEL_TRY(CardReference one, describe_column(features[i], std::move(numbers[i]), rows));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace ouzel
