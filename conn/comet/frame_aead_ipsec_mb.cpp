#include "conn/comet/frame_aead_libraries.h"

#ifndef PEERAGE_HAS_IPSEC_MB

namespace peerage::conn {

const FrameAead* ipsec_mb_aead() {
  return nullptr;
}

}  // namespace peerage::conn

#else

#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>

#include <intel-ipsec-mb.h>

namespace peerage::conn {
namespace {

constexpr std::size_t kTagBytes = kFrameSealed - kFramePlain;

struct Free {
  void operator()(IMB_MGR* manager) const noexcept { free_mb_mgr(manager); }
};
using Manager = std::unique_ptr<IMB_MGR, Free>;

Manager make_manager() {
  Manager manager(alloc_mb_mgr(0));
  if (manager == nullptr) throw std::bad_alloc();
  init_mb_mgr_auto(manager.get(), nullptr);
  return manager;
}

// A manager is for one thread (200 kB).
IMB_MGR& manager_of_thread() {
  static thread_local const Manager kManager = make_manager();
  return *kManager;
}

// In constant time: two words, and one branch on both of them.
bool equal(const std::uint8_t* a, const std::uint8_t* b) noexcept {
  std::uint64_t of_a[2];
  std::uint64_t of_b[2];
  static_assert(sizeof of_a == kTagBytes);
  std::memcpy(of_a, a, kTagBytes);
  std::memcpy(of_b, b, kTagBytes);
  return ((of_a[0] ^ of_b[0]) | (of_a[1] ^ of_b[1])) == 0;
}

bool has(const IMB_MGR& manager, std::uint64_t features) {
  return (manager.features & features) == features;
}

class IpsecMbAead final : public FrameAead {
 public:
  explicit IpsecMbAead(std::string_view name) : name_(name) {}
  std::string_view name() const noexcept override { return name_; }

  void seal(Frame frame, const Nonce& nonce, const FrameKey& key) const override {
    run(IMB_DIR_ENCRYPT, frame, nonce, key, frame.data() + kFramePlain);
  }

  // The library computes the tag and leaves it to us to compare.
  bool open(Frame frame, const Nonce& nonce, const FrameKey& key) const override {
    ByteArray<kTagBytes> tag;
    run(IMB_DIR_DECRYPT, frame, nonce, key, tag.data());
    return equal(tag.data(), frame.data() + kFramePlain);
  }

 private:
  // A job of this kind is done when submitting it returns.
  static void run(IMB_CIPHER_DIRECTION direction, Frame frame, const Nonce& nonce,
                  const FrameKey& key, std::uint8_t* tag) {
    IMB_MGR& manager = manager_of_thread();
    IMB_JOB* job = IMB_GET_NEXT_JOB(&manager);
    job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    job->cipher_direction = direction;
    job->chain_order = direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    job->enc_keys = key.view().data();
    job->dec_keys = key.view().data();
    job->key_len_in_bytes = key.view().size();
    job->iv = nonce.data();
    job->iv_len_in_bytes = nonce.size();
    job->src = frame.data();
    job->dst = frame.data();
    job->cipher_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = kFramePlain;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_hash_in_bytes = kFramePlain;
    job->auth_tag_output = tag;
    job->auth_tag_output_len_in_bytes = kTagBytes;
    job->u.CHACHA20_POLY1305.aad = nullptr;
    job->u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
    job = IMB_SUBMIT_JOB_NOCHECK(&manager);
    // Anything else would mean that plaintext leaves us, or that a stranger's is believed.
    if (job == nullptr || job->status != IMB_STATUS_COMPLETED) {
      throw std::runtime_error("IPsec-MB has left a job undone");
    }
  }

  std::string_view name_;
};

}  // namespace

// Without AVX2 it is no quicker than the others.
const FrameAead* ipsec_mb_aead() {
  static const IpsecMbAead kAvx512("IPsec-MB (AVX-512)");
  static const IpsecMbAead kAvx2("IPsec-MB (AVX2)");
  const IMB_MGR& manager = manager_of_thread();
  if (has(manager, IMB_FEATURE_SELF_TEST) && !has(manager, IMB_FEATURE_SELF_TEST_PASS)) {
    return nullptr;
  }
  if (has(manager, IMB_FEATURE_AVX512_SKX)) return &kAvx512;
  if (has(manager, IMB_FEATURE_AVX2)) return &kAvx2;
  return nullptr;
}

}  // namespace peerage::conn

#endif
