#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "conn/runtime/asio_runtime_txt.h"
#include "conn/runtime/runtime.h"

namespace peerage::conn {
namespace {

using asio_runtime::read_txt_answer;

constexpr std::uint16_t kTxt = 16, kCname = 5, kInternet = 1, kChaos = 3;

// What a name server answers about list.example, as RFC 1035, 4.1 has it.
class Answer {
 public:
  Answer() {
    for (const int each : {0x1234, 0x8180, 1, 0, 0, 0}) number(static_cast<std::uint16_t>(each));
    text("list");
    text("example");
    bytes_.push_back(0);
    number(kTxt);
    number(kInternet);
  }
  Answer& record(const Bytes& data, std::uint16_t type = kTxt, std::uint16_t of = kInternet) {
    set_count(++count_);
    number(0xc00c);  // the name of the question
    number(type);
    number(of);
    number(0);
    number(60);
    number(static_cast<std::uint16_t>(data.size()));
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    return *this;
  }
  Answer& strings(const std::vector<std::string>& strings) {
    Bytes data;
    for (const std::string& each : strings) {
      data.push_back(static_cast<std::uint8_t>(each.size()));
      data.insert(data.end(), each.begin(), each.end());
    }
    return record(data);
  }
  void set_count(std::uint16_t count) {
    bytes_[6] = static_cast<std::uint8_t>(count >> 8);
    bytes_[7] = static_cast<std::uint8_t>(count);
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  void number(std::uint16_t value) {
    bytes_.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }
  void text(std::string_view label) {
    bytes_.push_back(static_cast<std::uint8_t>(label.size()));
    bytes_.insert(bytes_.end(), label.begin(), label.end());
  }
  Bytes bytes_;
  std::uint16_t count_ = 0;
};

Result<std::vector<std::string>> read(const Answer& answer) {
  return read_txt_answer(answer.bytes(), "list.example");
}

void expect_malformed(ByteView answer) {
  const auto records = read_txt_answer(answer, "list.example");
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().stage, Stage::resolve);
  EXPECT_EQ(records.error().reason, Reason::name_lookup_failed);
}

TEST(TxtAnswerTest, TheStringsOfARecordAreOneText) {
  const auto records = read(Answer()
                                .strings({"enrtree-root:v1 ", "e=A l=B ", "seq=1 sig=C"})
                                .strings({"v=spf1 -all"})
                                .strings({"", "x", ""}));
  ASSERT_TRUE(records);
  EXPECT_EQ(*records,
            (std::vector<std::string>{"enrtree-root:v1 e=A l=B seq=1 sig=C", "v=spf1 -all", "x"}));
}

TEST(TxtAnswerTest, OtherKindsOfRecordsArePassedOver) {
  const auto records = read(Answer()
                                .record({0xc0, 0x0c}, kCname)
                                .record({3, 'c', 'h', 'a'}, kTxt, kChaos)
                                .strings({"ours"}));
  ASSERT_TRUE(records);
  EXPECT_EQ(*records, std::vector<std::string>{"ours"});
}

TEST(TxtAnswerTest, AnAnswerWithoutARecordOfTextIsNone) {
  for (const Answer& answer : {Answer(), Answer().record({0xc0, 0x0c}, kCname)}) {
    const auto records = read(answer);
    ASSERT_FALSE(records);
    EXPECT_EQ(records.error().reason, Reason::name_not_found);
  }
}

TEST(TxtAnswerTest, RecordsThatAreTooLongAndThoseBeyondTheLastAreLeftOut) {
  Answer answer;
  const std::string most(255, 'x');
  answer.strings({most, most, most, most, "12345"});  // 1025 bytes
  answer.strings({most, most, most, most, "1234"});
  for (int i = 0; i < 50; ++i) answer.strings({std::to_string(i)});
  const auto records = read(answer);
  ASSERT_TRUE(records);
  EXPECT_EQ(records->size(), kMaxTxtRecords);
  EXPECT_EQ(records->front().size(), kMaxTxtBytes);
  EXPECT_EQ(records->at(1), "0");
}

TEST(TxtAnswerTest, AnAnswerThatIsCutAnywhereIsNone) {
  const Bytes whole = Answer().strings({"one", "two"}).strings({"three"}).bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    expect_malformed(ByteView(whole).first(size));
  }
}

TEST(TxtAnswerTest, AStringThatIsLongerThanItsRecordSpoilsTheAnswer) {
  for (const Bytes& data : {Bytes{5, 'f', 'o', 'u', 'r'}, Bytes{255}, Bytes{1, 'x', 1}}) {
    expect_malformed(Answer().strings({"good"}).record(data).bytes());
  }
}

TEST(TxtAnswerTest, ACountThatIsWrongAndANameThatLeadsToItselfSpoilTheAnswer) {
  Answer more = Answer().strings({"one"});
  more.set_count(2);
  expect_malformed(more.bytes());
  Answer many = Answer().strings({"one"});
  many.set_count(0xffff);
  expect_malformed(many.bytes());
  Bytes loop = Answer().strings({"one"}).bytes();
  const std::uint8_t name = 12 + 14 + 4;  // header, question
  ASSERT_EQ(loop[name], 0xc0);
  loop[name + 1] = name;
  expect_malformed(loop);
}

}  // namespace
}  // namespace peerage::conn
