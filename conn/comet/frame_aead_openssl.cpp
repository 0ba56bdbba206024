#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

#include "conn/comet/frame_aead_libraries.h"

namespace peerage::conn {
namespace {

constexpr int kTagBytes = kFrameSealed - kFramePlain;

void demand(int succeeded, const char* what) {
  if (succeeded != 1) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

// One for each thread and direction: to set the key anew takes less than a connection's own two
// contexts would hold. It is wiped when the thread ends.
EVP_CIPHER_CTX* context_of_thread(int encrypt) {
  static thread_local Context contexts[2];
  Context& context = contexts[encrypt];
  if (context == nullptr) {
    context.reset(EVP_CIPHER_CTX_new());
    if (context == nullptr) throw std::bad_alloc();
    demand(EVP_CipherInit_ex(context.get(), EVP_chacha20_poly1305(), nullptr, nullptr, nullptr,
                             encrypt),
           "no ChaCha20-Poly1305");
  }
  return context.get();
}

class OpenSslAead final : public FrameAead {
 public:
  std::string_view name() const noexcept override { return "OpenSSL"; }

  void seal(Frame frame, const Nonce& nonce, const FrameKey& key) const override {
    EVP_CIPHER_CTX* const context = context_of_thread(1);
    int moved = 0;
    demand(EVP_CipherInit_ex(context, nullptr, nullptr, key.view().data(), nonce.data(), 1),
           "no key");
    demand(EVP_CipherUpdate(context, frame.data(), &moved, frame.data(), kFramePlain),
           "no ciphertext");
    demand(EVP_CipherFinal_ex(context, frame.data() + kFramePlain, &moved), "no end");
    demand(
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, frame.data() + kFramePlain),
        "no tag");
  }

  bool open(Frame frame, const Nonce& nonce, const FrameKey& key) const override {
    EVP_CIPHER_CTX* const context = context_of_thread(0);
    int moved = 0;
    demand(EVP_CipherInit_ex(context, nullptr, nullptr, key.view().data(), nonce.data(), 0),
           "no key");
    demand(
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, frame.data() + kFramePlain),
        "no tag");
    demand(EVP_CipherUpdate(context, frame.data(), &moved, frame.data(), kFramePlain),
           "no plaintext");
    return EVP_CipherFinal_ex(context, frame.data() + moved, &moved) == 1;
  }
};

}  // namespace

const FrameAead* openssl_aead() {
  static const OpenSslAead kAead;
  return &kAead;
}

}  // namespace peerage::conn
