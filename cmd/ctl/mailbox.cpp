#include "cmd/ctl/mailbox.h"

#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace peerage::cmd {

CtlMailbox::CtlMailbox() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void CtlMailbox::wake() noexcept {
  const std::uint64_t one = 1;
  // It fails when it is as full as it can be: then it is awake.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof(one));
}

void CtlMailbox::put_answer(Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    mail_.answers.push_back(std::move(answer));
  }
  wake();
}

void CtlMailbox::put_event(Connection connection, const std::string& event) {
  {
    const std::lock_guard lock(mutex_);
    if (mail_.lost.contains(connection) || mail_.events.size() >= kMostEvents) {
      ++mail_.lost[connection];
    } else {
      mail_.events.push_back({connection, event});
    }
  }
  wake();
}

CtlMailbox::Mail CtlMailbox::take() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof(count));
  const std::lock_guard lock(mutex_);
  return std::exchange(mail_, Mail());
}

}  // namespace peerage::cmd
