// The lists of peers that are in force: what the settings say, plus what `peerage ctl` has added,
// minus what it has removed.
//
// There are three layers. The settings (file, environment, command line) come first; then the words
// that were saved in data/control.toml (cmd/config/control_file.h); then those that were said since
// the start and not saved. Where two differ about an entry, the later layer wins.
//
// Here the first two are one, as a start reads them. A word that was not saved lasts until the
// process ends, through every reload, or until the settings say the same: from then on the entry is
// theirs, and goes when they drop it.
//
// Invariant: every word differs from what the settings say. So no word is in force that changes
// nothing, and `since_start` is what a restart would undo.
//
// Threads: one.
#pragma once

#include "cmd/config/control_file.h"

namespace peerage::cmd {

class OperatorLists {
 public:
  explicit OperatorLists(pex::NodeLists settings) : settings_(std::move(settings)) {}

  pex::NodeLists in_force() const { return since_start_.on(settings_); }
  const pex::NodeLists& settings() const noexcept { return settings_; }
  const ControlWords& since_start() const noexcept { return since_start_; }

  // The settings were read again.
  void set_settings(pex::NodeLists settings);
  // Whether something else is in force then.
  bool say(const ControlWords& words);
  // These words are in the control file, which the settings are read with from now on.
  void saved(const ControlWords& words);
  // Of these words, those that have to be saved to be so after a restart: what the settings do not
  // name need not be removed from them.
  ControlWords worth_saving(ControlWords words) const;

 private:
  void drop_needless();

  pex::NodeLists settings_;
  ControlWords since_start_;
};

// The words of `more` after those of `words`. False: they were all there.
bool say_all(ControlWords& words, const ControlWords& more);

}  // namespace peerage::cmd
