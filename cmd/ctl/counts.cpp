#include "cmd/ctl/counts.h"

#include "cmd/ctl/verbs.h"

namespace peerage::cmd {

// One for each verb, and one for what is none.
CtlCounts::CtlCounts() : counts_(ctl_verbs().size() + 1) {}

void CtlCounts::add(std::string_view verb, const CtlResult& result) noexcept {
  const CtlVerb* const known = find_verb(verb);
  const std::size_t row =
      known == nullptr ? ctl_verbs().size() : static_cast<std::size_t>(known - ctl_verbs().data());
  const std::size_t column = result ? 0 : result.error().code == -2 ? 2 : 1;
  counts_[row][column].add(1);
}

std::vector<CtlFigure> CtlCounts::figures() const {
  std::vector<CtlFigure> figures;
  for (std::size_t row = 0; row < counts_.size(); ++row) {
    const bool is_verb = row < ctl_verbs().size();
    const std::string_view verb = is_verb ? ctl_verbs()[row].name : "other";
    for (std::size_t column = 0; column < kResults.size(); ++column) {
      const std::uint64_t requests = counts_[row][column];
      if (requests > 0 || (is_verb && column == 0))
        figures.push_back({verb, kResults[column], requests});
    }
  }
  return figures;
}

}  // namespace peerage::cmd
