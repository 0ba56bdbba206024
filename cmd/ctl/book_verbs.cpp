#include "cmd/ctl/book_verbs.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "addrbook/record/book_reason.h"
#include "cmd/addrbook/addrbook.h"
#include "cmd/base/report_text.h"
#include "cmd/ctl/answers.h"
#include "conn/base/bytes.h"
#include "conn/base/file.h"

namespace peerage::cmd {
namespace {

using addrbook::Contents;
using conn::NodeId;
using conn::Result;
using Json = nlohmann::ordered_json;
template <typename T>
using Checked = tl::expected<T, CtlError>;

constexpr std::size_t kDefaultLimit = 1000;

std::size_t limit_of(const CtlCall& call) {
  const auto found = call.params.find("limit");
  if (found == call.params.end()) return kDefaultLimit;
  return static_cast<std::size_t>(std::get<std::int64_t>(found->second));
}

// Objects that are text already.
template <typename Rows, typename Text>
std::string array_of(const Rows& rows, const Text& text) {
  std::string array = "[";
  for (const auto& each : rows) array.append(array.size() > 1 ? "," : "").append(text(each));
  return array + "]";
}

std::string rows_text(const std::vector<Listed>& rows) {
  return array_of(rows, [](const Listed& each) { return to_json(each); });
}

// --- looking: what is asked of a book ---

// Unreadable rows are left out; `book check` counts them.
Checked<Contents> read(const BookHome& home, Time now) {
  addrbook::Report report;
  auto contents = addrbook::BookFile::read(home.file, now, report);
  if (!contents) return refuse(contents.error());
  return std::move(*contents);
}

CtlResult list(const BookHome& home, const CtlCall& call, Time now) {
  ListFilter filter;
  filter.network = text_of(call, "network");
  if (const std::string kind = text_of(call, "kind"); !kind.empty()) {
    filter.kind = kind == "old" ? addrbook::Kind::tried : addrbook::Kind::new_;
  }
  if (const auto within = duration_of(call, "verified-since")) {
    filter.verified_since = std::chrono::floor<addrbook::Seconds>(*within);
  }
  if (const std::string reason = text_of(call, "last-failure"); !reason.empty()) {
    filter.last_failure = conn::reason_named(reason);
    if (!filter.last_failure) {
      return misused("last-failure: there is no reason \"" + conn::printable(reason, 64) + "\"",
                     "`peerage ctl book stats` names those in the book");
    }
  }
  const auto contents = read(home, now);
  if (!contents) return tl::unexpected(contents.error());
  auto rows = select(*contents, filter, now);
  const std::size_t total = rows.size();
  if (const std::size_t limit = limit_of(call); limit > 0) rows.resize(std::min(total, limit));
  return "{\"total\":" + std::to_string(total) + ",\"addresses\":" + rows_text(rows) + "}";
}

CtlResult show(const BookHome& home, const CtlCall& call, Time now) {
  const std::string id = text_of(call, "id");
  const auto contents = read(home, now);
  if (!contents) return tl::unexpected(contents.error());
  const auto rows = select_id(*contents, id, text_of(call, "network"));
  if (!rows.empty()) return "{\"addresses\":" + rows_text(rows) + "}";
  return refuse("not_found", "the book has no ID that begins with " + conn::printable(id, 40) +
                                 " (" + std::to_string(kMinIdPrefix) + " digits are the least)");
}

CtlResult sources(const BookHome& home, const CtlCall& call, Time now) {
  const auto id = NodeId::parse(text_of(call, "id"));
  if (!id) return misused(id.error().detail);
  using Who = addrbook::ProvenanceQuery::Who;
  const std::size_t limit = limit_of(call);
  addrbook::Report report;
  const auto found = addrbook::BookFile::read_provenance(
      home.file,
      {.id = *id,
       .who = flag_of(call, "by") ? Who::it_told_of : Who::told_of_it,
       .network = text_of(call, "network"),
       .endpoint = {},
       .limit = limit > 0 ? limit : addrbook::kMaxProvenanceRows},
      now, report);
  if (!found) return refuse(found.error());
  return "{\"total\":" + std::to_string(found->total) +
         ",\"nodes\":" + std::to_string(found->nodes) +
         ",\"sources\":" + array_of(found->rows, [](const auto& each) { return to_json(each); }) +
         "}";
}

CtlResult stats(const BookHome& home, const CtlCall&, Time now) {
  const auto contents = read(home, now);
  if (!contents) return tl::unexpected(contents.error());
  BookStats found = stats_of(*contents, home.rules().strict, now);
  if (const auto added = add_file_stats(home.file, found); !added) return refuse(added.error());
  return to_json(found);
}

CtlResult check(const BookHome& home, const CtlCall&, Time now) {
  const auto checked = check_book(home, now);
  if (!checked) return refuse(checked.error());
  return to_json(*checked);
}

CtlResult export_to(const BookHome& home, const CtlCall& call, Time now) {
  const auto contents = read(home, now);
  if (!contents) return tl::unexpected(contents.error());
  const auto exported = export_json(home, *contents, text_of(call, "network"), now);
  if (!exported) return refuse(exported.error());
  const std::string file = text_of(call, "file");
  const auto had = conn::read_file(file, addrbook::kMaxJsonFile);
  const bool changed = !had || *had != exported->text;
  if (changed) {
    const auto saved = addrbook::save_json_book(file, exported->text);
    if (!saved) return refuse(saved.error());
  }
  return answer({{"network", conn::printable(exported->network)},
                 {"file", file},
                 {"written", exported->written},
                 {"left_out", exported->left_out},
                 {"changed", changed}});
}

// --- the verbs ---

// An import that is under way: on the control shard.
struct Import {
  std::vector<addrbook::JsonEntry> entries;
  std::size_t next = 0;
  ImportReport report;
  CtlDone done;
};

class BookVerbs : public std::enable_shared_from_this<BookVerbs> {
 public:
  BookVerbs(pex::Node& node, std::shared_ptr<LiveSettings> settings)
      : node_(node), settings_(std::move(settings)), work_(node.runtime().make_executor()) {}

  using Look = CtlResult (*)(const BookHome& home, const CtlCall& call, Time now);
  NamedVerb looking(std::string_view name, Look look) {
    return {name, [self = shared_from_this(), look](const CtlCall& call, const CtlDone& done) {
              self->flush_and_look(look, call, done);
            }};
  }
  using Change = void (BookVerbs::*)(const CtlCall&, const CtlDone&);
  NamedVerb changing(std::string_view name, Change change) {
    return {name, [self = shared_from_this(), change](const CtlCall& call, const CtlDone& done) {
              if (self->node_.books() == nullptr) return done(no_book());
              (self.get()->*change)(call, done);
            }};
  }

  void import_from(const CtlCall& call, const CtlDone& done) {
    apart(done, [this, call](const CtlDone& then) { begin_import(call, then); });
  }

  void forget(const CtlCall& call, const CtlDone& done) {
    const auto id = NodeId::parse(text_of(call, "id"));
    if (!id) return done(misused(id.error().detail));
    const std::string network = text_of(call, "network");
    pex::NetworkBooks& books = *node_.books();
    if (!network.empty() && books.find(network) == nullptr) return done(not_served(network));
    std::size_t forgotten = 0;
    for (std::size_t i = 0; i < books.size(); ++i) {
      addrbook::AddressBook& book = books.at(i);
      if (network.empty() || book.network() == network) forgotten += book.forget(*id);
    }
    books.changed();
    answer_when_written(books, done,
                        answer({{"forgotten", forgotten}, {"changed", forgotten > 0}}));
  }

 private:
  static CtlResult no_book() {
    return refuse("no_book", "this node keeps no address book", "pex = false leaves none");
  }
  static CtlResult not_served(const std::string& network) {
    return refuse("not_found", conn::printable(network, 64) + " is not served");
  }
  static CtlResult unsaved(const conn::Failure& why) {
    return refuse("book_unwritable", "the address book cannot be saved: " + why.text(),
                  "`peerage addrbook` shows what its file has");
  }

  static void answer_when_written(pex::NetworkBooks& books, const CtlDone& done,
                                  CtlResult outcome) {
    books.flush([done, outcome = std::move(outcome)](const Result<void>& saved) {
      done(saved ? outcome : unsaved(saved.error()));
    });
  }

  // Within the bound. `task` hands its answer over.
  void apart(const CtlDone& done, std::function<void(const CtlDone&)> task) {
    if (reads_->fetch_add(1) >= kMostBookReads) {
      --*reads_;
      return done(refuse("busy", "too many questions about the book are waiting",
                         "ask again when one is answered"));
    }
    // Counted until it has run, or has been dropped.
    const std::shared_ptr<void> place(nullptr, [reads = reads_](void*) { --*reads; });
    work_->post([task = std::move(task), done, place] { task(done); });
  }

  void flush_and_look(Look look, const CtlCall& call, const CtlDone& done) {
    pex::NetworkBooks* const books = node_.books();
    if (books == nullptr || books->store() == nullptr) return done(no_book());
    books->flush([weak = weak_from_this(), look, call, done](const Result<void>& saved) {
      const auto self = weak.lock();
      if (!self) return;
      if (!saved) return done(unsaved(saved.error()));
      self->apart(done, [verbs = self.get(), look, call](const CtlDone& then) {
        then(look(verbs->home(), call, verbs->now()));
      });
    });
  }

  Time now() const { return std::chrono::floor<addrbook::Seconds>(node_.runtime().wall_now()); }
  BookHome home() const {
    Settings settings = settings_->settings();
    set_lists(settings.config, settings_->lists());
    return {settings.home,
            std::move(settings.config),
            std::move(settings.networks),
            settings.book_file,
            node_.id(),
            {}};  // it is the running node itself
  }

  // Apart: reads the file, then goes on to the control shard.
  void begin_import(const CtlCall& call, const CtlDone& done) {
    const BookHome home = this->home();
    const auto network = home.network(text_of(call, "network"));
    if (!network) return done(refuse(network.error()));
    std::filesystem::path from = text_of(call, "file");
    if (from.empty()) from = home.home / home.config.addr_book_file;
    auto json = addrbook::load_json_book(from, now());
    if (!json) return done(refuse(json.error()));
    addrbook::best_first(json->entries);
    const auto import = std::make_shared<Import>();
    import->report.network = *network;
    import->report.entries = json->entries.size() + json->bad_count;
    import->report.bad_count = json->bad_count;
    import->report.bad = std::move(json->bad);
    import->entries = std::move(json->entries);
    import->done = done;
    go_on(import);
  }

  void go_on(const std::shared_ptr<Import>& import) {
    node_.look([weak = weak_from_this(), import](pex::NetworkBooks& books) {
      if (const auto self = weak.lock()) self->take_slice(import, books);
    });
  }

  void take_slice(const std::shared_ptr<Import>& import, pex::NetworkBooks& books) {
    ImportReport& report = import->report;
    addrbook::AddressBook* const book = books.find(report.network);
    if (book == nullptr) return import->done(not_served(report.network));
    const std::size_t end = std::min(import->next + kImportSlice, import->entries.size());
    for (; import->next < end; ++import->next) {
      const addrbook::JsonEntry& entry = import->entries[import->next];
      const auto outcome = book->add(
          entry.address, {entry.source.endpoint.ip, entry.source.id, addrbook::Origin::import},
          books.now());
      ++report.outcomes[static_cast<std::size_t>(outcome)];
    }
    books.changed();
    if (import->next < import->entries.size()) return go_on(import);
    // They are freed apart: of a large file that takes longer than a slice.
    auto spent = std::make_shared<std::vector<addrbook::JsonEntry>>(std::move(import->entries));
    work_->post([spent = std::move(spent)] {});
    Json result = Json::parse(to_json(report));
    result["changed"] = report.outcomes[static_cast<std::size_t>(addrbook::Added::added)] > 0;
    answer_when_written(books, import->done, answer(result));
  }

  pex::Node& node_;
  const std::shared_ptr<LiveSettings> settings_;
  const std::shared_ptr<std::atomic<std::size_t>> reads_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  const std::unique_ptr<conn::Executor> work_;  // destroyed first: it waits for what has begun
};

}  // namespace

std::vector<NamedVerb> book_verbs(pex::Node& node, std::shared_ptr<LiveSettings> settings) {
  const auto verbs = std::make_shared<BookVerbs>(node, std::move(settings));
  return {verbs->looking("book list", list),
          verbs->looking("book show", show),
          verbs->looking("book sources", sources),
          verbs->looking("book stats", stats),
          verbs->looking("book check", check),
          verbs->looking("book export", export_to),
          verbs->changing("book import", &BookVerbs::import_from),
          verbs->changing("book forget", &BookVerbs::forget)};
}

}  // namespace peerage::cmd
