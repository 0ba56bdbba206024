#include "cmd/demo/demo.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/base/process.h"
#include "cmd/cli/commands.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {

using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

constexpr conn::Duration kStartLimit = 15s;
constexpr conn::Duration kConnectLimit = 40s;
constexpr conn::Duration kNoticeLimit = 15s;
constexpr conn::Duration kCrawlLimit = 30s;
constexpr conn::Duration kStopLimit = 6s;
// Longer than the nodes' summary interval: a momentary state does not count.
constexpr conn::Duration kLasting = 600ms;

conn::TimePoint now() {
  return conn::TimePoint(std::chrono::steady_clock::now().time_since_epoch());
}

std::string count(std::size_t number) {
  return std::to_string(number);
}

// As it was called: to be pasted.
std::string program() {
  return program_invocation_name;
}

}  // namespace

Demo::Demo(const DemoOptions& options, std::vector<DemoHome> homes, int signals)
    : options_(options), signals_(signals), screen_(options.view), began_(now()) {
  for (DemoHome& home : homes) {
    Member member;
    member.view.name = home.name;
    member.view.address = home.address.endpoint.to_string();
    member.view.id = home.address.id.to_string();
    names_[member.view.id] = home.name;
    member.home = std::move(home);
    members_.push_back(std::move(member));
  }
}

Demo::~Demo() {
  stop();
}

// --- the steps ---

Demo::Verdict Demo::run() {
  static constexpr Step kSteps[] = {&Demo::start_all, &Demo::connect_all, &Demo::kill_one,
                                    &Demo::start_it_again, &Demo::crawl};
  for (const Step step : kSteps) {
    if (const Verdict verdict = (this->*step)(); verdict != Verdict::well) return verdict;
  }
  screen_.settle();
  screen_.say("");
  for (const std::string& line : verdict_) screen_.say(line);
  return Verdict::well;
}

Demo::Verdict Demo::start_all() {
  screen_.say("A seed and " + count(options_.nodes) +
              " nodes start; each node knows the seed alone.");
  Member& seed = members_.front();
  if (!start(seed)) return Verdict::failed;
  const Verdict verdict =
      follow([&seed] { return seed.view.started; }, kStartLimit, "the seed did not start");
  if (verdict == Verdict::well) say_where_to_look();
  return verdict;
}

void Demo::say_where_to_look() {
  const DemoHome& seed = members_.front().home;
  screen_.say("While it runs: what the seed serves, its metrics, and what it is doing");
  screen_.say("  http://" + lists_endpoint(seed).to_string() + "/peers");
  screen_.say("  http://" + metrics_endpoint(seed).to_string() + "/metrics");
  screen_.say("  " + program() + " ctl status --home " + seed.home.string());
}

Demo::Verdict Demo::connect_all() {
  const conn::TimePoint begin = now();
  for (std::size_t i = 1; i < members_.size(); ++i) {
    if (!start(members_[i])) return Verdict::failed;
  }
  std::optional<conn::TimePoint> since;
  const auto verdict = follow(
      [&] {
        if (!each_has_each()) since.reset();
        if (each_has_each() && !since) since = now();
        return since && now() - *since >= kLasting;
      },
      kConnectLimit, "the nodes did not find each other");
  if (verdict != Verdict::well) return verdict;
  measured("connected after " + seconds_text(*since - begin) + ": each of the " +
           count(options_.nodes) + " nodes has the " + count(options_.nodes - 1) +
           " others as peers");
  return Verdict::well;
}

Demo::Verdict Demo::kill_one() {
  Member& victim = members_[1 + options_.nodes / 2];
  const conn::TimePoint begin = now();
  screen_.say(victim.home.name + " is killed (SIGKILL).");
  victim.may_end = true;
  victim.process->signal(SIGKILL);
  victim.process->wait(kStopLimit);
  victim.view.end_life("killed");
  screen_.event(since_start(), victim.home.name, "killed");
  const auto noticed = [&] {
    return std::all_of(members_.begin() + 1, members_.end(), [&](const Member& each) {
      return &each == &victim || each.view.in + each.view.out <= options_.nodes - 2;
    });
  };
  const auto verdict =
      follow(noticed, kNoticeLimit, "the others did not notice that it was killed");
  if (verdict != Verdict::well) return verdict;
  measured(victim.home.name + " killed: the others had noticed after " +
           seconds_text(now() - begin));
  return Verdict::well;
}

Demo::Verdict Demo::start_it_again() {
  Member& victim = members_[1 + options_.nodes / 2];
  screen_.say(victim.home.name + " is started again.");
  const conn::TimePoint begin = now();
  if (!start(victim)) return Verdict::failed;
  const auto verdict = follow([this] { return each_has_each(); }, kConnectLimit,
                              victim.home.name + " did not reconnect to the others");
  if (verdict != Verdict::well) return verdict;
  const std::size_t book = victim.view.book_at_start.value_or(0);
  if (book == 0) return fail(victim.home.name + " came back without its book");
  measured(victim.home.name + " back after " + seconds_text(now() - begin) +
           ", with all its peers and its book of " + count(book) + " addresses");
  return Verdict::well;
}

Demo::Verdict Demo::crawl() {
  screen_.say("A crawler goes through the network, from the seed.");
  const DemoHome& seed = members_.front().home;
  auto crawler = ChildProcess::start(
      {"crawl", "--seeds", seed.address.to_string(), "--network", std::string(kDemoNetwork),
       "--private", "--json", "--for", "20s", "--idle", "3s"},
      seed.home.parent_path() / "crawl.log");
  if (!crawler) return fail(crawler.error().text());
  crawler_ = std::move(*crawler);
  const conn::TimePoint begin = now();
  const auto verdict = follow([this] { return crawler_->ended().has_value(); }, kCrawlLimit,
                              "the crawl did not end");
  if (verdict != Verdict::well) return verdict;
  const auto lines = crawler_->read_lines();
  const int code = *crawler_->ended();
  crawler_.reset();
  if (lines.empty()) return fail("the crawl ended with exit code " + count(code));
  return judge_crawl(lines.front(), now() - begin);
}

Demo::Verdict Demo::judge_crawl(const std::string& report, conn::Duration took) {
  const Json json = Json::parse(report, nullptr, false);
  if (!json.is_object() || !json.contains("nodes")) return fail("the crawl's report is no JSON");
  if (const Json why = json.value("failure", Json()); why.is_object()) {
    return fail("the crawl: " + why.value("detail", "") + ": " + why.value("text", ""));
  }
  std::set<std::string> found;
  for (const Json& node : json["nodes"]) {
    const std::string id = node.value("id", "");
    if (node.value("outcome", "") == "reachable" && names_.contains(id)) found.insert(id);
  }
  found.erase(members_.front().view.id);
  const std::string line = "the crawler found " + count(found.size()) + " of " +
                           count(options_.nodes) + " nodes reachable, in " + seconds_text(took);
  if (found.size() != options_.nodes) return fail(line);
  measured(line + " (" + count(json.value("heard", std::size_t{0})) + " addresses heard of, " +
           count(json.value("visited", std::size_t{0})) + " visited)");
  return Verdict::well;
}

void Demo::stay() {
  screen_.say("");
  screen_.say("The network stays up until Ctrl-C. From another terminal, look at a node:");
  const DemoHome& node = members_.at(1).home;
  screen_.say("  " + program() + " ctl peers --home " + node.home.string());
  screen_.say("  " + program() + " addrbook list --home " + node.home.string());
  screen_.say("  " + program() + " probe " + node.address.to_string() + " --network " +
              std::string(kDemoNetwork));
  screen_.say("  tail -f " + node.home.string() + "/log");
  follow([] { return false; }, std::chrono::hours(24 * 365), "");
}

void Demo::stop() {
  crawler_.reset();
  for (Member& each : members_) {
    each.may_end = true;
    if (each.process && !each.process->ended()) each.process->signal(SIGTERM);
  }
  const conn::TimePoint end = now() + kStopLimit;
  for (Member& each : members_) {
    if (each.process) each.process->wait(std::max<conn::Duration>(end - now(), 0s));
    each.process.reset();  // kills what is left
  }
}

// --- following ---

bool Demo::start(Member& member) {
  auto process =
      ChildProcess::start({"start", "--home", member.home.home.string()}, member.home.home / "log");
  if (!process) {
    fail(member.home.name + ": " + process.error().text());
    return false;
  }
  member.process = std::move(*process);
  member.may_end = false;
  member.view.begin_life();
  return true;
}

Demo::Verdict Demo::follow(const std::function<bool()>& done, conn::Duration limit,
                           const std::string& what) {
  const conn::TimePoint end = now() + limit;
  while (!done()) {
    if (wait_for_news()) return Verdict::interrupted;
    read_logs();
    for (Member& each : members_) {
      if (!each.process || each.may_end || !each.process->ended()) continue;
      each.view.end_life("ended");
      return fail(each.home.name + " ended by itself, with exit code " +
                  count(static_cast<std::size_t>(*each.process->ended())) +
                  (each.view.error.empty() ? "" : ": " + each.view.error));
    }
    if (now() >= end) return fail(what + " within " + seconds_text(limit));
  }
  return Verdict::well;
}

bool Demo::wait_for_news() {
  std::vector<pollfd> polled = {{signals_, POLLIN, 0}};
  for (const Member& each : members_) {
    if (each.process && each.process->output() >= 0) {
      polled.push_back({each.process->output(), POLLIN, 0});
    }
  }
  ::poll(polled.data(), polled.size(), 50);
  return (polled.front().revents & POLLIN) != 0;
}

void Demo::read_logs() {
  std::vector<NodeView> views;
  for (Member& each : members_) {
    if (each.process) {
      for (const std::string& line : each.process->read_lines()) {
        const auto event = take_log_line(each.view, line, names_);
        if (event) screen_.event(since_start(), each.home.name, *event);
      }
    }
    views.push_back(each.view);
  }
  screen_.show(views);
}

bool Demo::each_has_each() const {
  return std::all_of(members_.begin() + 1, members_.end(), [this](const Member& each) {
    return each.view.in + each.view.out >= options_.nodes - 1;
  });
}

Demo::Verdict Demo::fail(const std::string& why) {
  screen_.settle();
  screen_.say("FAILED: " + conn::printable(why, 500));
  return Verdict::failed;
}

void Demo::measured(std::string line) {
  screen_.say("  " + line);
  verdict_.push_back(std::move(line));
}

conn::Duration Demo::since_start() const {
  return now() - began_;
}

// --- all of it ---

int run_demo(const DemoOptions& options) {
  const Signals stop_signals{SIGINT, SIGTERM, SIGHUP};
  std::signal(SIGPIPE, SIG_IGN);  // the reader of our output may end first
  const int signals = ::signalfd(-1, &stop_signals.set(), SFD_CLOEXEC | SFD_NONBLOCK);

  auto directory = DemoDirectory::make(options.directory);
  if (!directory) return report(directory.error());
  auto homes = make_demo_homes(directory->path(), options.nodes);
  if (!homes) return report(homes.error());
  Demo demo(options, std::move(*homes), signals);
  const Demo::Verdict verdict = demo.run();
  const bool stays = options.after == DemoOptions::After::stay;
  if (verdict == Demo::Verdict::well && stays) demo.stay();
  demo.stop();
  ::close(signals);
  if (verdict == Demo::Verdict::failed || stays) directory->keep();
  if (directory->kept()) {
    std::cout << "Homes and logs are in " << directory->path().string() << '\n';
  }
  if (verdict == Demo::Verdict::interrupted) std::cout << "interrupted\n";
  return verdict == Demo::Verdict::well ? 0 : 1;
}

}  // namespace peerage::cmd
