#include "conn/comet/frame_aead.h"

#include "conn/comet/frame_aead_libraries.h"

namespace peerage::conn {

const std::vector<const FrameAead*>& frame_aeads() {
  static const std::vector<const FrameAead*> kAll = [] {
    std::vector<const FrameAead*> all;
    for (const FrameAead* each : {ipsec_mb_aead(), openssl_aead()}) {
      if (each != nullptr) all.push_back(each);
    }
    return all;
  }();
  return kAll;
}

const FrameAead& frame_aead() {
  static const FrameAead* const kBest = frame_aeads().front();
  return *kBest;
}

}  // namespace peerage::conn
