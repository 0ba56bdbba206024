#include "pex/metrics/collector.h"

#include <utility>
#include <variant>

#include "conn/runtime/shard_owned.h"
#include "pex/seed/crawler.h"

namespace peerage::pex {
namespace {

bool is_one_host(const conn::Cidr& network) {
  return network.bits() == (network.base().is_v4() ? 32U : 128U);
}

std::uint64_t& count_of(BookFigures& figures, const addrbook::KnownAddress& known,
                        addrbook::Time now) {
  const auto age = static_cast<std::size_t>(verified_within(known.last_verified, now));
  if (known.bad_until > now) return figures.resting[age];
  return (known.kind == addrbook::Kind::tried ? figures.in_tried : figures.in_new)[age];
}

bool is_due(const addrbook::KnownAddress& known, addrbook::Time now) {
  if (known.bad_until > now) return false;
  return known.last_attempt == addrbook::kNever ||
         now - known.last_attempt >= Crawler::pause_after(known);
}

void walk(const addrbook::AddressBook& book, addrbook::Time now, BookFigures& into) {
  into.in_new = into.in_tried = into.resting = {};
  into.due = 0;
  book.for_each([&](const addrbook::KnownAddress& known) {
    ++count_of(into, known, now);
    if (is_due(known, now)) ++into.due;
  });
}

}  // namespace

FigureCollector::FigureCollector(Sources sources)
    : sources_(std::move(sources)),
      control_(sources_.runtime.shard(0)),
      figures_(std::make_shared<const ControlFigures>()) {
  for (std::size_t i = 0; i < sources_.runtime.shard_count(); ++i) {
    lags_.push_back(std::make_shared<Lag>());
  }
  if (!sources_.books) return;
  walked_.resize(sources_.books->size());
  auto first = std::make_shared<ControlFigures>();
  first->books.resize(sources_.books->size());
  figures_.publish(std::move(first));
}

std::shared_ptr<const ControlFigures> FigureCollector::read() {
  asked_ = control_.now();
  if (!running_.exchange(true)) {
    control_.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->begin();
    });
  }
  return figures_.read();
}

conn::HistogramCounts FigureCollector::loop_lag(std::size_t shard) const {
  return lags_[shard]->seconds.read();
}

void FigureCollector::stop() {
  stopped_ = true;
  timer_.reset();
}

void FigureCollector::begin() {
  if (stopped_) return;
  if (!timer_) {
    timer_ = conn::shard_owned(control_, control_.make_timer([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_time();
    }));
  }
  on_time();
}

void FigureCollector::on_time() {
  const conn::TimePoint now = control_.now();
  if (now - asked_.load() > kInterest) {
    running_ = false;
    return;
  }
  collect();
  if (bans_asked_ == conn::TimePoint{} || now - bans_asked_ >= kWalkPause) {
    bans_asked_ = now;
    ask_for_bans();
  }
  probe_shards();
  timer_->arm(now + kPause);
}

void FigureCollector::collect() {
  if (stopped_) return;
  const conn::TimePoint now = control_.now();
  auto figures = std::make_shared<ControlFigures>(*figures_.read());
  if (sources_.books) {
    NetworkBooks& books = *sources_.books;
    for (std::size_t i = 0; i < books.size(); ++i) {
      const addrbook::AddressBook& book = books.at(i);
      BookFigures& of_book = figures->books[i];
      of_book.new_buckets = book.buckets_used(addrbook::Kind::new_);
      of_book.tried_buckets = book.buckets_used(addrbook::Kind::tried);
      for (std::size_t outcome = 0; outcome < addrbook::kAddedCount; ++outcome) {
        of_book.added[outcome] = book.count(static_cast<addrbook::Added>(outcome));
      }
      for (std::size_t each = 0; each < addrbook::kTransitionCount; ++each) {
        of_book.transitions[each] = book.count(static_cast<addrbook::Transition>(each));
      }
    }
    walk_some(*figures, now);
    figures->exchange = sources_.exchange();
    figures->bans_of_file = books.bans_of_file();
    if (const addrbook::Store* store = books.store()) {
      figures->store = {store->state(), store->batch_rows(), store->flush_times(),
                        books.rows_waiting()};
    }
  }
  if (sources_.discovery) figures->discovery = sources_.discovery();
  figures->banned_ids = banned_ids_;
  figures->banned_ips = banned_ips_;
  figures->banned_networks = banned_networks_;
  figures_.publish(std::move(figures));
}

void FigureCollector::walk_some(ControlFigures& into, conn::TimePoint now) {
  NetworkBooks& books = *sources_.books;
  std::size_t walked = 0;
  for (std::size_t i = 0; i < books.size() && walked < kWalk; ++i) {
    conn::TimePoint& last = walked_[turn_];
    if (last != conn::TimePoint{} && now - last < kWalkPause) return;  // so were those after it
    last = now;
    const addrbook::AddressBook& book = books.at(turn_);
    walk(book, books.now(), into.books[turn_]);
    walked += book.size() + book.resting() + 1;
    turn_ = (turn_ + 1) % books.size();
  }
}

// The answer comes in a task of its own, so it is in the figures of the next time.
void FigureCollector::ask_for_bans() {
  sources_.connections.list_bans([weak = weak_from_this()](const std::vector<p2p::Ban>& bans) {
    const auto self = weak.lock();
    if (!self) return;
    self->banned_ids_ = self->banned_ips_ = self->banned_networks_ = 0;
    for (const p2p::Ban& ban : bans) {
      const auto* network = std::get_if<conn::Cidr>(&ban.target);
      ++(network == nullptr      ? self->banned_ids_
         : is_one_host(*network) ? self->banned_ips_
                                 : self->banned_networks_);
    }
  });
}

void FigureCollector::probe_shards() {
  for (std::size_t i = 0; i < lags_.size(); ++i) {
    const std::shared_ptr<Lag>& lag = lags_[i];
    if (lag->under_way.exchange(true)) continue;
    conn::Shard& shard = sources_.runtime.shard(i);
    shard.post([lag, &shard, posted = shard.now()] {
      lag->seconds.observe(shard.now() - posted);
      lag->under_way = false;
    });
  }
}

}  // namespace peerage::pex
